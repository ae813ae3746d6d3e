//! JSON configuration in the shape of native syntax, so that one scan serves both.
//!
//! Only what the scan asks for is brought over: blocks with their labels, attributes, and the
//! templates inside strings. Members may repeat, as Terraform allows, so objects are read as lists.

use hcl_edit::Ident;
use hcl_edit::expr::{Array, Expression, Object, ObjectKey, ObjectValue};
use hcl_edit::parser::parse_template;
use hcl_edit::structure::{Attribute, Block, Body};
use hcl_edit::template::StringTemplate;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// The members of an object in their order, repeated ones included.
pub(super) struct JsonMembers(pub(super) Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for JsonMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = JsonMembers;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonMembers, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(JsonMembers(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// The objects that `text` consists of: itself, or the elements of an array.
pub(super) fn objects(text: &str) -> Result<Vec<JsonMembers>, serde_json::Error> {
    if text.trim_start().starts_with('[') {
        serde_json::from_str(text)
    } else {
        Ok(vec![serde_json::from_str(text)?])
    }
}

/// The blocks of a JSON file.
pub(super) fn body(text: &str) -> Result<Body, serde_json::Error> {
    let mut body = Body::new();
    for JsonMembers(members) in objects(text)? {
        for (name, content) in members {
            let labels = match name.as_str() {
                "terraform" | "locals" | "import" => 0,
                "variable" | "module" | "output" | "provider" | "check" => 1,
                "resource" | "data" | "ephemeral" => 2,
                _ => continue,
            };
            blocks(&mut body, &name, &content, labels, &[])?;
        }
    }
    Ok(body)
}

/// Adds the blocks that `content` holds, which may be one, or several in an array, below
/// `levels` more levels of labels; `known` are those above.
fn blocks(
    body: &mut Body,
    name: &str,
    content: &RawValue,
    levels: usize,
    known: &[String],
) -> Result<(), serde_json::Error> {
    for JsonMembers(members) in objects(content.get())? {
        if levels == 0 {
            let Ok(ident) = Ident::try_new(name) else {
                continue;
            };
            let mut block = Block::builder(ident).labels(known.iter().cloned()).build();
            block.body = inner(name, members)?;
            body.push(block);
            continue;
        }
        for (label, content) in members {
            // `//` is a comment wherever a name is expected.
            if label != "//" {
                let mut labels = known.to_vec();
                labels.push(label);
                blocks(body, name, &content, levels - 1, &labels)?;
            }
        }
    }
    Ok(())
}

fn inner(parent: &str, members: Vec<(String, Box<RawValue>)>) -> Result<Body, serde_json::Error> {
    let mut body = Body::new();
    for (name, content) in members {
        match (parent, name.as_str()) {
            ("terraform", "backend") | ("resource", "provisioner") => {
                blocks(&mut body, &name, &content, 1, &[])?;
            }
            ("encryption", "key_provider" | "method") => {
                blocks(&mut body, &name, &content, 2, &[])?;
            }
            ("terraform", "cloud" | "encryption" | "required_providers")
            | ("encryption", "state" | "plan")
            | ("resource", "lifecycle") => {
                blocks(&mut body, &name, &content, 0, &[])?;
            }
            _ => {
                let value = expression(&serde_json::from_str(content.get())?);
                if let Ok(ident) = Ident::try_new(&name) {
                    // Terraform refuses a repeated argument; the first is enough to read facts from.
                    drop(body.try_push(Attribute::new(ident, value)));
                }
            }
        }
    }
    Ok(body)
}

fn expression(value: &Value) -> Expression {
    match value {
        Value::Null => Expression::null(),
        Value::Number(number) => number.to_string().parse().unwrap_or(Expression::null()),
        Value::Bool(flag) => Expression::from(*flag),
        Value::String(text) => template(text),
        Value::Array(items) => Expression::Array(items.iter().map(expression).collect::<Array>()),
        Value::Object(members) => Expression::Object(
            members
                .iter()
                .map(|(name, value)| {
                    let key = ObjectKey::Expression(template(name));
                    (key, ObjectValue::new(expression(value)))
                })
                .collect::<Object>(),
        ),
    }
}

/// A string of JSON configuration is a template.
fn template(text: &str) -> Expression {
    match parse_template(text) {
        Ok(template) if template.iter().any(|part| !part.is_literal()) => {
            Expression::StringTemplate(template.iter().cloned().collect::<StringTemplate>())
        }
        Ok(_) | Err(_) => Expression::from(text),
    }
}
