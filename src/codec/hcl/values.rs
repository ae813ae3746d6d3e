//! The literals that a file of values gives its variables.
//!
//! They serve to recognise secrets in other texts, and nothing else: an expression that is no
//! literal, which such a file cannot have, is passed over, and so is a file that cannot be read.

use std::collections::BTreeMap;

use hcl_edit::expr::Expression;

use super::{parse_body, text_of};
use crate::codec::json;
use crate::model::value::{Number, Value};

/// Every variable of the file with its value, as far as it is made of literals.
pub fn literals(file: &str, content: &[u8]) -> Vec<(String, Value)> {
    let Ok(text) = text_of(file, content) else { return Vec::new() };
    let is_json = std::path::Path::new(file).extension().is_some_and(|end| end == "json");
    if is_json {
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
