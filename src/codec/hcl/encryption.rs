//! OpenTofu's encryption, as the files of a root module and `TF_ENCRYPTION` say it.
//!
//! Whether the state is encrypted and whether plans are, which texts and variables are keys, and an
//! override by which another configuration encrypts the same way. Nothing is decrypted here.

use std::collections::{BTreeMap, BTreeSet};

use hcl_edit::expr::{
    BinaryOp, Conditional, Expression, FuncCall, ObjectKey, ObjectValue, Traversal,
    TraversalOperator,
};
use hcl_edit::parser::parse_template;
use hcl_edit::structure::{Attribute, Block, BlockLabel, Body};
use hcl_edit::template::Element;
use hcl_edit::visit::{Visit, visit_element, visit_expr};
use hcl_edit::visit_mut::{VisitMut, visit_body_mut, visit_element_mut, visit_traversal_mut};
use hcl_edit::{Decorated, Ident};
use serde_json::json;
use serde_json::value::RawValue;

use super::credentials::References;
use super::json::{JsonMembers, objects};
use super::scan::{attribute, reads_a_path};
use super::{Syntax, body_of, is_override, text_of};
use crate::model::secret::Secret;

/// The file that stands for `TF_ENCRYPTION`: OpenTofu merges it over all others.
const VARIABLE: &str = "zzzz_TF_ENCRYPTION_override.tf";

/// The variable of the environment that says the encryption, too.
pub const TF_ENCRYPTION: &str = "TF_ENCRYPTION";

/// The beginning of names that stand for today's variables and local values in another
/// configuration.
const TODAYS: &str = "unapply_today_";

/// Arguments of key providers that hold a key, or what opens one. Paths to files and commands do not.
const KEYS: [&str; 13] = [
    "access_key",
    "access_token",
    "client_certificate",
    "client_certificate_password",
    "client_secret",
    "credentials",
    "key",
    "oidc_request_token",
    "oidc_token",
    "passphrase",
    "secret_key",
    "token",
    "web_identity_token",
];

/// The characters that a text of a key has at least; no engine takes a shorter key, and short words
/// stand everywhere.
const KEY_CHARACTERS_MIN: usize = 8;

/// Whether states and plans are encrypted; nothing where nothing is said of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EncryptionTargets {
    /// The state.
    pub state: Option<bool>,
    /// Plans.
    pub plan: Option<bool>,
}

impl EncryptionTargets {
    /// Takes over what an `encryption` block says.
    pub(super) fn take(&mut self, block: &Block) {
        for (name, target) in [("state", &mut self.state), ("plan", &mut self.plan)] {
            for said in block.body.get_blocks(name) {
                match attribute(&said.body, "method") {
                    Some(method) => *target = Some(!is_unencrypted(method)),
                    // It is said in another file, or OpenTofu refuses it.
                    None => *target = target.or(Some(true)),
                }
            }
        }
    }
}

fn is_unencrypted(method: &Expression) -> bool {
    let text = method.as_str().map_or_else(|| method.to_string(), str::to_owned);
    let path = text.trim().trim_matches('"').trim_start_matches("${").trim();
    path.split('.').map(str::trim).take(2).eq(["method", "unencrypted"])
}

/// The files of a root module with one more for what `TF_ENCRYPTION` says.
pub fn with_encryption_variable(
    mut files: BTreeMap<String, Vec<u8>>,
    text: &str,
) -> BTreeMap<String, Vec<u8>> {
    let text = text.trim();
    if text.starts_with('{') {
        let content = format!("{{\"terraform\": {{\"encryption\": {text}}}}}");
        files.insert(format!("{VARIABLE}.json"), content.into_bytes());
    } else if !text.is_empty() {
        let content = format!("terraform {{\nencryption {{\n{text}\n}}\n}}\n");
        files.insert(VARIABLE.to_owned(), content.into_bytes());
    }
    files
}

/// The `encryption` blocks of a file.
pub(super) fn blocks(body: &Body) -> impl Iterator<Item = &Block> {
    body.get_blocks("terraform").flat_map(|block| block.body.get_blocks("encryption"))
}

/// Texts that are keys, and the names of what the keys are made of, as `var.NAME` and `local.NAME`.
#[derive(Default)]
pub(super) struct Keys {
    /// The texts that are long enough to be looked for elsewhere.
    pub(super) texts: Vec<Secret<String>>,
    /// The names.
    pub(super) names: BTreeSet<String>,
    /// Whether there is a text or a name at all.
    pub(super) is_any: bool,
}

impl Keys {
    /// Finds the keys in these files, those in local values and defaults of variables too.
    pub(super) fn of<'b>(bodies: &(impl Iterator<Item = &'b Body> + Clone)) -> Self {
        let mut keys = Self::default();
        for block in bodies.clone().flat_map(blocks) {
            for provider in block.body.get_blocks("key_provider") {
                KeyArguments(&mut keys).visit_body(&provider.body);
            }
        }
        let mut seen = BTreeSet::new();
        while let Some(name) = keys.names.difference(&seen).next().cloned() {
            for value in
                bodies.clone().flat_map(Body::blocks).filter_map(|block| value(block, &name))
            {
                keys.visit_expr(value);
            }
            seen.insert(name);
        }
        keys
    }

    fn learn(&mut self, text: &str) {
        self.is_any |= !text.is_empty();
        if text.chars().count() >= KEY_CHARACTERS_MIN {
            self.texts.push(Secret::new(text.to_owned()));
        }
    }
}

/// The expression that a block gives to `var.NAME` or `local.NAME`.
fn value<'b>(block: &'b Block, name: &str) -> Option<&'b Expression> {
    let label = block.labels.first().map(BlockLabel::as_str);
    match (block.ident.as_str(), name.split_once('.')?) {
        ("locals", ("local", name)) => attribute(&block.body, name),
        ("variable", ("var", name)) if label == Some(name) => attribute(&block.body, "default"),
        _ => None,
    }
}

/// Finds the arguments that hold keys, in nested blocks and objects too.
struct KeyArguments<'k>(&'k mut Keys);

impl Visit for KeyArguments<'_> {
    fn visit_attr(&mut self, attribute: &Attribute) {
        if KEYS.contains(&attribute.key.as_str()) {
            self.0.visit_expr(&attribute.value);
        } else {
            self.visit_expr(&attribute.value);
        }
    }

    fn visit_object_item(&mut self, key: &ObjectKey, value: &ObjectValue) {
        let name = match key {
            ObjectKey::Ident(name) => Some(name.as_str()),
            ObjectKey::Expression(name) => Expression::as_str(name),
        };
        if name.is_some_and(|name| KEYS.contains(&name)) {
            self.0.visit_expr(value.expr());
        } else {
            self.visit_expr(value.expr());
        }
    }
}

/// Takes the texts that become part of a value. A text that only chooses one, as a condition, an index
/// or a file's name does, is no key, and may stand in any address.
impl Visit for Keys {
    fn visit_expr(&mut self, expression: &Expression) {
        if let Some(text) = expression.as_str() {
            self.learn(text);
        }
        visit_expr(self, expression);
    }

    fn visit_element(&mut self, element: &Element) {
        if let Element::Literal(text) = element {
            self.learn(text);
        }
        visit_element(self, element);
    }

    fn visit_traversal(&mut self, traversal: &Traversal) {
        let mut names = References::default();
        names.visit_root(traversal);
        self.is_any |= !names.0.is_empty();
        self.names.extend(names.0);
        self.visit_expr(&traversal.expr);
    }

    fn visit_conditional(&mut self, conditional: &Conditional) {
        self.visit_expr(&conditional.true_expr);
        self.visit_expr(&conditional.false_expr);
    }

    fn visit_binary_op(&mut self, _: &BinaryOp) {}

    fn visit_func_call(&mut self, call: &FuncCall) {
        let is_choice = call.name.name.as_str() == "lookup";
        for (at, part) in call.args.iter().enumerate() {
            if !(reads_a_path(call) || is_choice && at == 1) {
                self.visit_expr(part);
            }
        }
    }
}

/// Files by which another configuration encrypts as these files do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EncryptionOverride {
    /// Names and contents of override files, in the order in which they are merged.
    pub overrides: Vec<(String, String)>,
    /// The declarations that they need, under names that no configuration has.
    pub declarations: String,
    /// The variables among those, by their own names, with the names that they have there.
    pub variables: BTreeMap<String, String>,
    /// The text that `TF_ENCRYPTION` has to have with them; nothing where it can stay as it is, since
    /// it names none of them. It goes into no file: a plan keeps the files that it was made from.
    pub variable: Option<Secret<String>>,
}

/// Writes them; `prefix` begins their names. Files that cannot be read give nothing.
pub fn encryption_override(files: &BTreeMap<String, Vec<u8>>, prefix: &str) -> EncryptionOverride {
    let mut written = EncryptionOverride::default();
    let read =
        |(name, content): (&String, &Vec<u8>)| Some((name.clone(), body_of(name, content).ok()?));
    let mut bodies: Vec<(String, Body)> = files.iter().filter_map(read).collect();
    bodies.sort_by_key(|(name, _)| (is_override(name), name.clone()));
    let mut used = BTreeSet::new();
    for (name, body) in &bodies {
        let Some(block) = blocks(body).next() else { continue };
        let mut names = References::default();
        names.visit_body(&block.body);
        let content = files.get(name).map_or(&[][..], Vec::as_slice);
        if name.starts_with(VARIABLE) {
            written.variable =
                renamed_variable(name, content, block).filter(|_| !names.0.is_empty());
        } else {
            written.overrides.extend(renamed(
                name,
                content,
                block,
                prefix,
                written.overrides.len(),
            ));
        }
        used.extend(names.0);
    }
    declare(&mut written, &bodies, used);
    written
}

/// The override file for a block, its name and content, as the one at this place among them.
fn renamed(
    file: &str,
    content: &[u8],
    block: &Block,
    prefix: &str,
    at: usize,
) -> Option<(String, String)> {
    if Syntax::of(file) == Some(Syntax::Json) {
        let text = json!({ "terraform": { "encryption": renamed_json(content)? } }).to_string();
        return Some((format!("{prefix}_{at:02}_override.tf.json"), text));
    }
    let inside = Body::builder().block(renamed_block(block)).build().to_string();
    let text = format!("terraform {{\n{}\n}}\n", inside.trim_end());
    Some((format!("{prefix}_{at:02}_override.tf"), text))
}

/// The text for `TF_ENCRYPTION`, from the file that stands for it.
fn renamed_variable(file: &str, content: &[u8], block: &Block) -> Option<Secret<String>> {
    let text = match Syntax::of(file) {
        Some(Syntax::Json) => renamed_json(content)?.to_string(),
        Some(Syntax::Native) | None => renamed_block(block).body.to_string(),
    };
    Some(Secret::new(text))
}

fn renamed_block(block: &Block) -> Block {
    let mut block = block.clone();
    visit_body_mut(&mut ToTodays, &mut block.body);
    block
}

/// An override by which the targets that are said to be in the clear are, whatever else is said.
pub fn clear_override(targets: EncryptionTargets) -> String {
    let target = |name: &str| {
        format!("    {name} {{\n      method = method.unencrypted.unapply_today\n    }}\n")
    };
    let all = [("state", targets.state), ("plan", targets.plan)].into_iter();
    let clear = all.filter(|(_, said)| *said == Some(false));
    let targets: String = clear.map(|(name, _)| target(name)).collect();
    format!(
        "terraform {{\n  encryption {{\n    method \"unencrypted\" \"unapply_today\" {{}}\n{targets}  \
         }}\n}}\n"
    )
}

/// Declares today's variables and local values under their other names.
fn declare(written: &mut EncryptionOverride, bodies: &[(String, Body)], used: BTreeSet<String>) {
    let mut left: Vec<String> = used.into_iter().collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = left.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        if let Some(variable) = name.strip_prefix("var.") {
            let todays = format!("{TODAYS}{variable}");
            written.declarations.push_str(&declaration(&todays, variable, bodies));
            written.variables.insert(variable.to_owned(), todays);
        } else if let Some(local) = name.strip_prefix("local.")
            && let Some(mut value) = local_value(local, bodies)
        {
            let mut names = References::default();
            names.visit_expr(&value);
            left.extend(names.0);
            ToTodays.visit_expr_mut(&mut value);
            let line = format!("locals {{\n  {TODAYS}{local} = {}\n}}\n", value.to_string().trim());
            written.declarations.push_str(&line);
        }
    }
}

fn local_value(name: &str, bodies: &[(String, Body)]) -> Option<Expression> {
    let locals = bodies.iter().flat_map(|(_, body)| body.get_blocks("locals"));
    locals.filter_map(|block| attribute(&block.body, name).cloned()).last()
}

fn declaration(todays: &str, name: &str, bodies: &[(String, Body)]) -> String {
    let mut arguments = BTreeMap::from([("sensitive", "true".to_owned())]);
    let blocks = bodies.iter().flat_map(|(_, body)| body.get_blocks("variable"));
    let is_it = |block: &&Block| block.labels.first().is_some_and(|label| label.as_str() == name);
    for block in blocks.filter(is_it) {
        for argument in ["type", "default", "nullable"] {
            if let Some(value) = attribute(&block.body, argument) {
                // In JSON a type stands in quotes.
                let unquoted = value.as_str().filter(|_| argument == "type").map(str::to_owned);
                let text = unquoted.unwrap_or_else(|| value.to_string().trim().to_owned());
                arguments.insert(argument, text);
            }
        }
    }
    let arguments = arguments.iter().map(|(name, value)| format!("  {name} = {value}\n"));
    format!("variable \"{todays}\" {{\n{}}}\n", arguments.collect::<String>())
}

/// The `encryption` member of a JSON file, with names as [`ToTodays`] gives them.
fn renamed_json(content: &[u8]) -> Option<serde_json::Value> {
    let text = text_of("", content).ok()?;
    let within = |text: &str, name: &str| -> Option<Box<RawValue>> {
        let members = objects(text).ok()?.into_iter().flat_map(|JsonMembers(members)| members);
        members.filter(|(found, _)| found == name).map(|(_, value)| value).next_back()
    };
    let settings = within(text, "terraform")?;
    let block = within(settings.get(), "encryption")?;
    let mut value: serde_json::Value = serde_json::from_str(block.get()).ok()?;
    rename(&mut value);
    Some(value)
}

fn rename(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => {
            if let Ok(mut template) = parse_template(text.as_str())
                && template.iter().any(|part| !part.is_literal())
            {
                for part in &mut template {
                    visit_element_mut(&mut ToTodays, part);
                }
                *text = template.to_string();
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(rename),
        serde_json::Value::Object(members) => members.values_mut().for_each(rename),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}

/// Gives references to variables and local values their other names.
struct ToTodays;

impl VisitMut for ToTodays {
    fn visit_traversal_mut(&mut self, traversal: &mut Traversal) {
        let root = traversal.expr.as_variable().map(Ident::as_str);
        if matches!(root, Some("var" | "local"))
            && let Some(first) = traversal.operators.first_mut()
            && let TraversalOperator::GetAttr(name) = first.value_mut()
            && let Ok(todays) = Ident::try_new(format!("{TODAYS}{}", name.as_str()))
        {
            *name = Decorated::new(todays);
        }
        visit_traversal_mut(self, traversal);
    }
}

#[cfg(test)]
mod tests;
