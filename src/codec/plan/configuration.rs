//! The part of a plan that tells what the configuration's expressions refer to.
//!
//! Measured with Terraform 1.11.4 (`show -json`, section `configuration`): an expression lists its
//! references and every prefix of each down to the block, as in `data.a.b["q"].outputs.l`,
//! `data.a.b["q"].outputs`, `data.a.b["q"]`, `data.a.b`. An index that is an expression ends a
//! reference. A local is named and its own references are not; a module as a whole is named alone.
//! A `dynamic` block is absent. Anything that cannot be read is taken for hidden: nothing here
//! refuses.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::super::json;
use crate::model::address::InstanceKey;
use crate::model::references::{
    Call, Reference, ReferenceSubject, ReferencedBlock, ReferencedModule,
};
use crate::model::value::{Path, Step, Value};

type Expressions = BTreeMap<String, serde_json::Value>;

/// The section `configuration`.
#[derive(Deserialize, Default)]
pub(super) struct ConfigurationFile {
    #[serde(default)]
    root_module: PlanModuleFile,
}

#[derive(Deserialize, Default)]
struct PlanModuleFile {
    #[serde(default)]
    resources: Vec<BlockFile>,
    #[serde(default)]
    module_calls: BTreeMap<String, CallFile>,
    #[serde(default)]
    outputs: BTreeMap<String, PlanOutputFile>,
}

#[derive(Deserialize)]
struct BlockFile {
    address: String,
    #[serde(default)]
    expressions: Expressions,
    #[serde(default)]
    count_expression: serde_json::Value,
    #[serde(default)]
    for_each_expression: serde_json::Value,
}

#[derive(Deserialize)]
struct CallFile {
    #[serde(default)]
    expressions: Expressions,
    #[serde(default)]
    count_expression: serde_json::Value,
    #[serde(default)]
    for_each_expression: serde_json::Value,
    #[serde(default)]
    module: PlanModuleFile,
}

#[derive(Deserialize)]
struct PlanOutputFile {
    #[serde(default)]
    expression: serde_json::Value,
}

impl ConfigurationFile {
    /// The root module.
    pub(super) fn into_root(self) -> ReferencedModule {
        module(self.root_module)
    }
}

fn module(file: PlanModuleFile) -> ReferencedModule {
    ReferencedModule {
        blocks: file.resources.into_iter().map(block).collect(),
        outputs: file
            .outputs
            .into_iter()
            .map(|(name, output)| (name, references(output.expression, &[])))
            .collect(),
        calls: file.module_calls.into_iter().map(|(name, file)| (name, call(file))).collect(),
    }
}

fn block(file: BlockFile) -> (String, ReferencedBlock) {
    let instances = instances(file.count_expression, file.for_each_expression);
    let mut found = FoundExpressions::default();
    for (name, expression) in &file.expressions {
        leaves(&mut vec![name.clone()], expression, &mut found);
    }
    let attributes = attributes(file.expressions, &instances);
    let FoundExpressions { written, functions } = found;
    (file.address, ReferencedBlock { attributes, written, functions, instances })
}

/// Expressions by the names that lead to them.
#[derive(Default)]
struct FoundExpressions {
    written: BTreeSet<Vec<String>>,
    functions: BTreeSet<Vec<String>>,
}

/// The expressions inside an attribute or a block, by name. An expression is an object with
/// `constant_value` or `references`, or an empty one; anything else is a block, or a list of them.
fn leaves(names: &mut Vec<String>, expression: &serde_json::Value, found: &mut FoundExpressions) {
    match expression {
        serde_json::Value::Array(blocks) => {
            for block in blocks {
                leaves(names, block, found);
            }
        }
        serde_json::Value::Object(members) => {
            let constant = members.get("constant_value");
            let refers = members.get("references").is_some_and(serde_json::Value::is_array);
            if constant.is_some_and(serde_json::Value::is_null) && !refers {
                return;
            }
            if constant.is_some() || refers || members.is_empty() {
                found.written.insert(names.clone());
                if members.is_empty() {
                    found.functions.insert(names.clone());
                }
                return;
            }
            for (name, member) in members {
                names.push(name.clone());
                leaves(names, member, found);
                names.pop();
            }
        }
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => {}
    }
}

fn call(file: CallFile) -> Call {
    let instances = instances(file.count_expression, file.for_each_expression);
    let inputs = attributes(file.expressions, &instances);
    Call { inputs, instances, module: module(file.module) }
}

fn instances(count: serde_json::Value, for_each: serde_json::Value) -> Vec<Reference> {
    let mut found = references(count, &[]);
    found.extend(references(for_each, &[]));
    found
}

fn attributes(
    expressions: Expressions,
    instances: &[Reference],
) -> BTreeMap<String, Vec<Reference>> {
    expressions
        .into_iter()
        .map(|(name, expression)| (name, references(expression, instances)))
        .collect()
}

/// The references of an expression, blocks inside it included. `each` and `count` stand for
/// `instances`.
fn references(expression: serde_json::Value, instances: &[Reference]) -> Vec<Reference> {
    let mut texts = Vec::new();
    collect(&json::convert(expression), &mut texts);
    let is_prefix = |text: &String| {
        texts.iter().any(|longer| {
            longer.strip_prefix(text.as_str()).is_some_and(|rest| rest.starts_with(['.', '[']))
        })
    };
    let mut found = Vec::new();
    for text in texts.iter().filter(|text| !is_prefix(text)) {
        if text.starts_with("each.") || text.starts_with("count.") {
            found.extend_from_slice(instances);
        } else {
            found.extend(reference(text));
        }
    }
    found
}

/// The texts of every list `references` in an expression. A constant has none, whatever it says.
fn collect(expression: &Value, found: &mut Vec<String>) {
    match expression {
        Value::List(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Map(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("constant_value", _) => {}
                    ("references", Value::List(texts)) => {
                        found.extend(texts.iter().filter_map(Value::as_text).map(str::to_owned));
                    }
                    _ => collect(member, found),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
    }
}

/// One piece of a reference.
#[derive(Debug, Clone)]
enum ExpressionPart {
    Name(String),
    Key(InstanceKey),
}

/// One reference; none for what is the same every day.
fn reference(text: &str) -> Option<Reference> {
    let parts = parts(text);
    let name = |at: usize| match parts.get(at) {
        Some(ExpressionPart::Name(name)) => Some(name.clone()),
        Some(ExpressionPart::Key(_)) | None => None,
    };
    let (subject, length) = match (name(0)?.as_str(), name(1), name(2)) {
        ("path" | "terraform" | "self", _, _) => return None,
        ("var", Some(input), _) => (ReferenceSubject::Input(input), 2),
        ("data", Some(kind), Some(block)) => {
            (ReferenceSubject::Data(format!("data.{kind}.{block}")), 3)
        }
        ("module", Some(call), _) => return Some(output(call, parts.get(2..).unwrap_or_default())),
        ("var" | "data" | "module" | "local", _, _) | (_, None, _) => (ReferenceSubject::Hidden, 1),
        (kind, Some(block), _) => (ReferenceSubject::Resource(format!("{kind}.{block}")), 2),
    };
    let inside = if subject == ReferenceSubject::Hidden { None } else { parts.get(length..) };
    let (key, rest) = keyed(inside.unwrap_or_default());
    Some(Reference { subject, key, path: path(rest) })
}

fn output(call: String, parts: &[ExpressionPart]) -> Reference {
    let (key, rest) = keyed(parts);
    match rest.split_first() {
        Some((ExpressionPart::Name(name), rest)) => Reference {
            subject: ReferenceSubject::Output { call, name: name.clone() },
            key,
            path: path(rest),
        },
        // The whole module, or some of its instances.
        Some((ExpressionPart::Key(_), _)) | None => {
            Reference { subject: ReferenceSubject::Hidden, key: None, path: Path::default() }
        }
    }
}

/// The key of an instance, where one stands first, and what comes after it.
fn keyed(parts: &[ExpressionPart]) -> (Option<InstanceKey>, &[ExpressionPart]) {
    match parts.split_first() {
        Some((ExpressionPart::Key(key), rest)) => (Some(key.clone()), rest),
        Some((ExpressionPart::Name(_), _)) | None => (None, parts),
    }
}

fn path(parts: &[ExpressionPart]) -> Path {
    let step = |part: &ExpressionPart| match part {
        ExpressionPart::Name(name) | ExpressionPart::Key(InstanceKey::Name(name)) => {
            Step::Name(name.clone())
        }
        ExpressionPart::Key(InstanceKey::Index(index)) => {
            Step::Index(usize::try_from(*index).unwrap_or(usize::MAX))
        }
    };
    Path(parts.iter().map(step).collect())
}

/// The pieces of a reference up to the first that is not plain: what is shorter refers to more.
fn parts(text: &str) -> Vec<ExpressionPart> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let Some((key, after)) = key(inside) else { break };
            parts.push(ExpressionPart::Key(key));
            rest = after;
        } else {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            if name.is_empty() {
                break;
            }
            parts.push(ExpressionPart::Name(name.to_owned()));
            rest = after;
        }
    }
    parts
}

/// A key after its bracket, and what follows it. One that is escaped is not read.
fn key(text: &str) -> Option<(InstanceKey, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (name, rest) = quoted.split_once("\"]")?;
        let is_plain = !name.contains(['"', '\\', '$', '%']);
        return is_plain.then(|| (InstanceKey::Name(name.to_owned()), rest));
    }
    let (index, rest) = text.split_once(']')?;
    Some((InstanceKey::Index(index.parse().ok()?), rest))
}

#[cfg(test)]
mod tests;
