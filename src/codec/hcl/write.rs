//! Writing the little of Terraform's language that unapply adds to a private copy.
//!
//! A string is always written as a literal: nothing in it can become a reference, a template or
//! another argument. Start from [`backend_override`].

use std::collections::BTreeMap;

use hcl_edit::parser::parse_body;

use crate::model::address::{Address, InstanceKey, ModuleStep, ProviderSource};
use crate::model::placement::{Movable, MovedBlock};
use crate::model::value::{Value, is_identifier};

/// A backend's setting whose name cannot stand in configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a backend's argument: `{0}`")]
pub struct NotAnArgument(String);

/// The content of an override file that puts the state into a backend with these settings.
pub fn backend_override(
    kind: &str,
    settings: &BTreeMap<String, Value>,
) -> Result<String, NotAnArgument> {
    let mut content = String::from("terraform {\n  backend ");
    quoted(&mut content, kind);
    content.push_str(" {\n");
    for (name, value) in settings {
        if !is_identifier(name) {
            return Err(NotAnArgument(name.chars().take(80).collect()));
        }
        content.push_str("    ");
        content.push_str(name);
        content.push_str(" = ");
        written(&mut content, value);
        content.push('\n');
    }
    content.push_str("  }\n}\n");
    Ok(content)
}

/// The content of an override file that requires these providers, under names of our own.
pub fn required_providers(sources: &[&ProviderSource]) -> String {
    let mut content = String::from("terraform {\n  required_providers {\n");
    for (at, source) in sources.iter().enumerate() {
        content.push_str(&format!("    unapply-{at} = {{\n      source = "));
        quoted(&mut content, &source.to_string());
        content.push_str("\n    }\n");
    }
    content.push_str("  }\n}\n");
    content
}

/// `value` as an expression that Terraform reads back as the same value.
pub fn expression(value: &Value) -> String {
    let mut text = String::new();
    written(&mut text, value);
    text
}

/// An override by which the `lifecycle` of a resource, `type.name`, says this.
pub fn with_lifecycle(resource: &str, says: &str) -> Option<String> {
    let (kind, name) = resource.split_once('.')?;
    let is_plain = is_identifier(kind) && is_identifier(name);
    is_plain.then(|| {
        format!("resource \"{kind}\" \"{name}\" {{\n  lifecycle {{\n    {says}\n  }}\n}}\n")
    })
}

/// An override by which these attributes of a resource, `type.name`, are not to be changed.
///
/// Measured with Terraform 1.11.4: an override's `lifecycle` is merged argument by argument, and its
/// `ignore_changes` takes the place of the block's own, which has to be among `attributes` then.
pub fn ignoring(resource: &str, attributes: &[String]) -> Option<String> {
    let (kind, name) = resource.split_once('.')?;
    let is_plain = is_identifier(kind) && is_identifier(name);
    let listed = attributes.join(", ");
    is_plain.then(|| {
        format!(
            "resource \"{kind}\" \"{name}\" {{\n  lifecycle {{\n    ignore_changes = [{listed}]\n  \
             }}\n}}\n"
        )
    })
}

/// `name = text` as a line of a `.tfvars` file; `None` when `text` is not one expression alone.
///
/// Terraform takes line breaks and comments in the text of `-var`, so it is put in parentheses.
pub fn assignment(name: &str, text: &str) -> Option<String> {
    let line = format!("{name} = (\n{text}\n)\n");
    let body = parse_body(&line).ok()?;
    // `1)\nother = (2` must not set another variable.
    (is_identifier(name) && body.len() == 1 && body.has_attribute(name)).then_some(line)
}

/// The content of a file with these `moved` blocks.
pub fn moved(blocks: &[MovedBlock]) -> String {
    let mut content = String::new();
    for block in blocks {
        content.push_str("moved {\n");
        for (name, end) in [("from", &block.from), ("to  ", &block.to)] {
            content.push_str("  ");
            content.push_str(name);
            content.push_str(" = ");
            movable(&mut content, end);
            content.push('\n');
        }
        content.push_str("}\n");
    }
    content
}

fn movable(out: &mut String, movable: &Movable) {
    match movable {
        Movable::Module(steps) => modules(out, steps),
        Movable::Resource(Address { module, kind, name, key, .. }) => {
            modules(out, module);
            if !module.is_empty() {
                out.push('.');
            }
            out.push_str(kind);
            out.push('.');
            out.push_str(name);
            index(out, key.as_ref());
        }
    }
}

fn modules(out: &mut String, steps: &[ModuleStep]) {
    for (position, step) in steps.iter().enumerate() {
        out.push_str(if position == 0 { "module." } else { ".module." });
        out.push_str(&step.name);
        index(out, step.key.as_ref());
    }
}

fn index(out: &mut String, key: Option<&InstanceKey>) {
    match key {
        None => {}
        Some(InstanceKey::Index(number)) => {
            out.push('[');
            out.push_str(&number.to_string());
            out.push(']');
        }
        Some(InstanceKey::Name(name)) => {
            out.push('[');
            quoted(out, name);
            out.push(']');
        }
    }
}

fn written(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => out.push_str(number.as_str()),
        Value::Text(text) => quoted(out, text),
        Value::List(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                out.push_str(if position == 0 { "" } else { ", " });
                written(out, item);
            }
            out.push(']');
        }
        Value::Map(members) => {
            out.push('{');
            for (position, (name, value)) in members.iter().enumerate() {
                out.push_str(if position == 0 { " " } else { ", " });
                quoted(out, name);
                out.push_str(" = ");
                written(out, value);
            }
            out.push_str(if members.is_empty() { "}" } else { " }" });
        }
    }
}

fn quoted(out: &mut String, text: &str) {
    out.push('"');
    let mut characters = text.chars().peekable();
    let mut before = None;
    while let Some(character) = characters.next() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // `$${` is the escape of `${`; after another `$` it would be read otherwise, so there
            // the sign is written by its number.
            '$' | '%' if characters.peek() == Some(&'{') && before == Some(character) => {
                out.push_str(if character == '$' { "\\u0024" } else { "\\u0025" });
            }
            '$' | '%' if characters.peek() == Some(&'{') => {
                out.push(character);
                out.push(character);
            }
            _ if character.is_control() => {
                let escape = format!("\\u{:04x}", u32::from(character));
                out.push_str(&escape);
            }
            _ => out.push(character),
        }
        before = Some(character);
    }
    out.push('"');
}
