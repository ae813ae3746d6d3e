//! The values that a file of values gives its variables.
//!
//! [`literals`] serve to recognise secrets in other texts, and nothing else: an expression that is no
//! literal, which such a file cannot have, is passed over, and so is a file that cannot be read.
//! [`given`] are handed to Terraform, so that each is exact or refused by name.

use std::collections::BTreeMap;

use hcl_edit::expr::Expression;
use hcl_edit::structure::Attribute;

use super::{parse_body, text_of};
use crate::codec::json;
use crate::model::value::{Number, Value};

/// A file whose values cannot be given.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGiven {
    /// It is no file of values.
    #[error("is no file of values")]
    File,
    /// One of its values cannot be told without Terraform.
    #[error("has a value of `{0}` that cannot be told from here; give it as --var")]
    Value(String),
}

/// Every variable of the file with the text that `-var` would give it.
pub fn given(file: &str, content: &[u8]) -> Result<Vec<(String, String)>, NotGiven> {
    let text = text_of(file, content).map_err(|_| NotGiven::File)?;
    let told = |name: String, text: Option<String>| match text {
        Some(text) => Ok((name, text)),
        None => Err(NotGiven::Value(name)),
    };
    if is_json(file) {
        let Ok(Value::Map(members)) = json::value(text) else { return Err(NotGiven::File) };
        let text = |value: &Value| match value {
            Value::Null => None,
            Value::Text(text) => Some(text.clone()),
            Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => {
                Some(json::to_serde(value).to_string())
            }
        };
        return members.into_iter().map(|(name, value)| told(name, text(&value))).collect();
    }
    let body = parse_body(text).map_err(|_| NotGiven::File)?;
    if body.blocks().next().is_some() {
        return Err(NotGiven::File);
    }
    let told = |given: &Attribute| told(given.key.to_string(), written(&given.value));
    body.attributes().map(told).collect()
}

/// A value as `-var` takes it: a text as it is, anything else as it is written. Templates have escapes,
/// and null is no value that can be given.
fn written(expression: &Expression) -> Option<String> {
    match expression {
        Expression::String(text) => Some(text.value().clone()),
        Expression::Bool(_)
        | Expression::Number(_)
        | Expression::Array(_)
        | Expression::Object(_)
        | Expression::UnaryOp(_) => Some(expression.to_string().trim().to_owned()),
        Expression::Null(_)
        | Expression::StringTemplate(_)
        | Expression::HeredocTemplate(_)
        | Expression::Parenthesis(_)
        | Expression::Variable(_)
        | Expression::Conditional(_)
        | Expression::FuncCall(_)
        | Expression::Traversal(_)
        | Expression::BinaryOp(_)
        | Expression::ForExpr(_) => None,
    }
}

fn is_json(file: &str) -> bool {
    std::path::Path::new(file).extension().is_some_and(|end| end == "json")
}

/// Every variable of the file with its value, as far as it is made of literals.
pub fn literals(file: &str, content: &[u8]) -> Vec<(String, Value)> {
    let Ok(text) = text_of(file, content) else { return Vec::new() };
    if is_json(file) {
        return match json::value(text) {
            Ok(Value::Map(members)) => members.into_iter().collect(),
            Ok(_) | Err(_) => Vec::new(),
        };
    }
    let Ok(body) = parse_body(text) else { return Vec::new() };
    body.attributes().map(|given| (given.key.to_string(), value(&given.value))).collect()
}

fn value(expression: &Expression) -> Value {
    match expression {
        Expression::Bool(truth) => Value::Bool(*truth.value()),
        Expression::Number(number) => Value::Number(Number::from_json_text(number.to_string())),
        Expression::String(text) => Value::Text(text.value().clone()),
        Expression::StringTemplate(template) => Value::Text(template.to_string()),
        Expression::HeredocTemplate(heredoc) => Value::Text(heredoc.template.to_string()),
        Expression::Array(items) => Value::List(items.iter().map(value).collect()),
        Expression::Object(members) => {
            let named: BTreeMap<String, Value> = members
                .iter()
                .enumerate()
                .map(|(position, (_, member))| (position.to_string(), value(member.expr())))
                .collect();
            Value::Map(named)
        }
        Expression::Parenthesis(inside) => value(inside.inner()),
        Expression::Null(_)
        | Expression::Variable(_)
        | Expression::Conditional(_)
        | Expression::FuncCall(_)
        | Expression::Traversal(_)
        | Expression::UnaryOp(_)
        | Expression::BinaryOp(_)
        | Expression::ForExpr(_) => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_is_exact_or_refused_by_name() {
        let found = |file: &str, text: &str| {
            let given = given(file, text.as_bytes())?;
            Ok(given.into_iter().map(|(name, text)| format!("{name}={text}")).collect::<Vec<_>>())
        };
        let hcl = "/* none */\na = \"one\\n\\\"x\\\"\" # why\nb = [\"two\", { k = \"three\" }]\nc = -1.50\nd = true\n";
        let expected = ["a=one\n\"x\"", "b=[\"two\", { k = \"three\" }]", "c=-1.50", "d=true"];
        assert_eq!(found("x.tfvars", hcl).unwrap(), expected);
        let json = r#"{"a":"${x}","b":{"k":["v",1]},"c":2}"#;
        assert_eq!(found("x.tfvars.json", json).unwrap(), ["a=${x}", r#"b={"k":["v",1]}"#, "c=2"]);
        assert_eq!(found("x.tfvars", "a = \"$${b}\"").unwrap(), ["a=${b}"]);
        for (file, empty) in [("x.tfvars", ""), ("x.tfvars", "// none"), ("x.tfvars.json", "{}")] {
            assert_eq!(found(file, empty).unwrap(), [""; 0]);
        }
        for (file, broken) in [("x.tfvars", "a = "), ("x.tfvars", "b {}"), ("x.tfvars.json", "[]")]
        {
            assert_eq!(found(file, broken), Err(NotGiven::File), "{broken}");
        }
        for value in ["null", "\"${b}\"", "<<EOT\nx\nEOT", "var.b", "f(1)"] {
            let text = format!("a = {value}\n");
            assert_eq!(found("x.tfvars", &text), Err(NotGiven::Value("a".to_owned())), "{text}");
        }
        assert_eq!(found("x.tfvars.json", "{\"a\":null}"), Err(NotGiven::Value("a".to_owned())));
    }

    #[test]
    fn literals_are_found_in_either_syntax_and_nothing_in_what_is_broken() {
        let hcl = "a = \"one\"\nb = [\"two\", { k = \"three\" }]\nc = 123456\nd = <<EOT\nfour\nfive\nEOT\n";
        let found = format!("{:?}", literals("x.tfvars", hcl.as_bytes()));
        for literal in ["one", "two", "three", "123456", "four\\nfive"] {
            assert!(found.contains(literal), "{literal}: {found}");
        }
        let json = literals("x.tfvars.json", br#"{"a":{"b":"one"}}"#);
        assert_eq!(json.first().map(|(name, _)| name.as_str()), Some("a"));
        for broken in ["a = ", "{"] {
            assert!(literals("x.tfvars", broken.as_bytes()).is_empty());
            assert!(literals("x.tfvars.json", broken.as_bytes()).is_empty());
        }
    }
}
