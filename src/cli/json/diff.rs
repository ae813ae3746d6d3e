//! `unapply.diff`, and the attributes that other kinds show too.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{OverwrittenOut, ShownValue};
use crate::engine::configuration::{
    ConfigurationChange, ConfigurationDiff, Content, FileChange, ToolChange,
};
use crate::engine::diff::{Diff, ObjectChange, OutputChange};
use crate::engine::readable::{AttributeChange, Form, Hidden, Line};
use crate::model::word::Word as _;

/// `unapply.diff`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiffOut {
    /// The first side.
    pub from: String,
    /// The second side.
    pub to: String,
    /// Managed objects that differ.
    pub changes: Vec<ChangeOut>,
    /// Data sources that differ; only with `--show-hidden`.
    pub data: Vec<ChangeOut>,
    /// Objects in which nothing differs but what is hidden; only with `--show-hidden`.
    pub quiet: Vec<ChangeOut>,
    /// Outputs that differ.
    pub outputs: Vec<OutputOut>,
    /// Hidden differences of outputs; only with `--show-hidden`.
    pub outputs_hidden: Vec<HiddenOut>,
    /// How many of each kind.
    pub summary: BTreeMap<String, u64>,
    /// How many differences are hidden, by the kind of the rule; data sources are `data-source`.
    pub hidden: BTreeMap<String, u64>,
    /// Manual fixes that are not there any more; only when the second side is the live state.
    pub overwritten_fixes: Vec<OverwrittenOut>,
    /// Why overwritten fixes could not be told, if they could not.
    pub fixes_problem: Option<String>,
    /// Differences between the configurations; null where they were not asked for.
    pub configuration: Option<ConfigurationOut>,
    /// Why the configurations could not be compared, if they could not.
    pub configuration_problem: Option<String>,
}

/// The differences between two configurations.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConfigurationOut {
    /// Files, in the order of their paths.
    pub files: Vec<FileOut>,
    /// Variables that no file gives.
    pub variables: Vec<VariableOut>,
    /// The tool that wrote the states, and providers.
    pub tools: Vec<ToolOut>,
}

/// One file that differs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FileOut {
    /// Its path in the configuration.
    pub path: String,
    /// `added`, `removed` or `changed`.
    pub change: String,
    /// Lines that only the second one has.
    pub added: u64,
    /// Lines that only the first one has.
    pub removed: u64,
    /// The pieces that differ, as `diff -u` writes them, without what is secret.
    pub lines: Vec<String>,
    /// Why no line is told, if none is.
    pub withheld: Option<String>,
}

/// One variable that differs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct VariableOut {
    /// Its name.
    pub name: String,
    /// `added`, `removed` or `changed`.
    pub change: String,
}

/// A tool or a provider with another version.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ToolOut {
    /// `terraform`, or the provider's full name.
    pub name: String,
    /// Its version in the first one.
    pub before: Option<String>,
    /// Its version in the second one.
    pub after: Option<String>,
}

impl From<&ConfigurationDiff> for ConfigurationOut {
    fn from(diff: &ConfigurationDiff) -> Self {
        let number = |many: usize| u64::try_from(many).unwrap_or(u64::MAX);
        let file = |file: &FileChange| {
            let (lines, withheld) = match &file.content {
                Content::Lines(lines) => (lines.clone(), None),
                Content::Withheld(why) => (Vec::new(), Some((*why).to_owned())),
            };
            FileOut {
                path: file.path.clone(),
                change: file.change.name().to_owned(),
                added: number(file.added),
                removed: number(file.removed),
                lines,
                withheld,
            }
        };
        let variable = |(name, change): &(String, ConfigurationChange)| VariableOut {
            name: name.clone(),
            change: change.name().to_owned(),
        };
        let tool = |tool: &ToolChange| ToolOut {
            name: tool.name.clone(),
            before: tool.before.clone(),
            after: tool.after.clone(),
        };
        Self {
            files: diff.files.iter().map(file).collect(),
            variables: diff.variables.iter().map(variable).collect(),
            tools: diff.tools.iter().map(tool).collect(),
        }
    }
}

/// One object of a diff.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChangeOut {
    /// Its address.
    pub address: String,
    /// Its former address, when it moved.
    pub previous_address: Option<String>,
    /// The key of a left-over object.
    pub deposed: Option<String>,
    /// `added`, `removed`, `changed`, `replaced`, `moved`, `tainted`, `untainted` or `deposed`.
    pub change: String,
    /// Whether the next plan replaces it.
    pub tainted: bool,
    /// Its real id.
    pub id: Option<String>,
    /// Attributes that differ.
    pub attributes: Vec<AttributeOut>,
    /// Hidden differences; only with `--show-hidden`.
    pub hidden: Vec<HiddenOut>,
}

/// One attribute of a diff.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AttributeOut {
    /// The path for a person: an element of a list has a name where it can be told from the others.
    pub path: String,
    /// The path in the first side, with positions; null where it is not there.
    pub before_path: Option<String>,
    /// The path in the second side.
    pub after_path: Option<String>,
    /// `value`, `order` when only the order of a list differs, or `lines` for a text.
    pub form: String,
    /// The value before.
    pub before: ShownValue,
    /// The value now.
    pub after: ShownValue,
    /// The object whose id `before` is.
    pub before_address: Option<String>,
    /// The object whose id `after` is.
    pub after_address: Option<String>,
    /// For `lines`: lines that begin with `-`, `+` or a space, and `@N` for N equal ones left out.
    pub lines: Vec<String>,
}

/// A difference that is hidden, and why.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HiddenOut {
    /// The kind of the rule that hides it.
    pub rule: String,
    /// Why it says nothing.
    pub why: String,
    /// The attribute that differs.
    pub attribute: AttributeOut,
}

/// One output of a diff.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OutputOut {
    /// Its name.
    pub name: String,
    /// The value before.
    pub before: ShownValue,
    /// The value now.
    pub after: ShownValue,
    /// Differences inside the value, where it has an inside.
    pub attributes: Vec<AttributeOut>,
}

impl From<&AttributeChange> for AttributeOut {
    fn from(change: &AttributeChange) -> Self {
        let (form, lines) = match &change.form {
            Form::Value => ("value", Vec::new()),
            Form::Order => ("order", Vec::new()),
            Form::Lines(lines) => ("lines", lines.iter().map(line).collect()),
        };
        Self {
            path: change.path.to_string(),
            before_path: change.at.0.as_ref().map(ToString::to_string),
            after_path: change.at.1.as_ref().map(ToString::to_string),
            form: form.to_owned(),
            before: (&change.before).into(),
            after: (&change.after).into(),
            before_address: change.means.0.as_ref().map(ToString::to_string),
            after_address: change.means.1.as_ref().map(ToString::to_string),
            lines,
        }
    }
}

fn line(line: &Line) -> String {
    match line {
        Line::Kept(text) => format!(" {text}"),
        Line::Removed(text) => format!("-{text}"),
        Line::Added(text) => format!("+{text}"),
        Line::Skipped(many) => format!("@{many}"),
    }
}

impl From<&Hidden> for HiddenOut {
    fn from(hidden: &Hidden) -> Self {
        Self {
            rule: hidden.by.rule.clone(),
            why: hidden.by.why.clone(),
            attribute: (&hidden.change).into(),
        }
    }
}

impl From<&ObjectChange> for ChangeOut {
    fn from(change: &ObjectChange) -> Self {
        Self {
            address: change.address.to_string(),
            previous_address: change.previous_address.as_ref().map(ToString::to_string),
            deposed: change.deposed.clone(),
            change: change.kind.name().to_owned(),
            tainted: change.tainted,
            id: change.id.clone(),
            attributes: change.attributes.iter().map(Into::into).collect(),
            hidden: change.hidden.iter().map(Into::into).collect(),
        }
    }
}

impl From<&OutputChange> for OutputOut {
    fn from(change: &OutputChange) -> Self {
        Self {
            name: change.name.clone(),
            before: (&change.before).into(),
            after: (&change.after).into(),
            attributes: change.inside.iter().map(Into::into).collect(),
        }
    }
}

impl DiffOut {
    /// A diff between two sides, with everything that is hidden elsewhere.
    pub fn new(from: String, to: String, diff: &Diff) -> Self {
        let number = |many: usize| u64::try_from(many).unwrap_or(u64::MAX);
        let mut summary = BTreeMap::from([("unchanged".to_owned(), diff.unchanged)]);
        for change in &diff.changes {
            *summary.entry(change.kind.name().to_owned()).or_insert(0) += 1;
        }
        let hidden = diff.hidden().into_iter().map(|(rule, many)| (rule.to_owned(), number(many)));
        Self {
            from,
            to,
            changes: diff.changes.iter().map(Into::into).collect(),
            data: diff.data.iter().map(Into::into).collect(),
            quiet: diff.quiet.iter().map(Into::into).collect(),
            outputs: diff.outputs.iter().map(Into::into).collect(),
            outputs_hidden: diff.outputs_hidden.iter().map(Into::into).collect(),
            summary,
            hidden: hidden.collect(),
            overwritten_fixes: Vec::new(),
            fixes_problem: None,
            configuration: None,
            configuration_problem: None,
        }
    }

    /// The same with what is hidden only counted, and so many data sources.
    #[must_use]
    pub fn counted(mut self, data: usize) -> Self {
        if data > 0 {
            let data = u64::try_from(data).unwrap_or(u64::MAX);
            self.hidden.insert("data-source".to_owned(), data);
        }
        self.quiet.clear();
        self.outputs_hidden.clear();
        self.changes.iter_mut().for_each(|change| change.hidden.clear());
        self
    }
}
