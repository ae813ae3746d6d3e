//! The items of a resource's `ignore_changes`, so that an override can list them too.
//!
//! Every item is written anew from the syntax tree; one that is more than names and literal keys is
//! said to be unknown. Terraform alone knows what the items do.

use hcl_edit::expr::{Expression, Traversal, TraversalOperator};
use hcl_edit::structure::Body;

use super::{Ignored, expression};
use crate::model::value::Value;

/// The last `ignore_changes` in the `lifecycle` blocks of a resource.
pub(super) fn of(body: &Body) -> Option<Ignored> {
    let blocks = body.get_blocks("lifecycle");
    let said = blocks.filter_map(|block| block.body.get_attribute("ignore_changes")).last()?;
    if let Some(items) = said.value.as_array() {
        let items: Option<Vec<String>> = items.iter().map(item).collect();
        return Some(items.map_or(Ignored::Unknown, Ignored::These));
    }
    let is_all = item(&said.value).as_deref() == Some("all");
    Some(if is_all { Ignored::All } else { Ignored::Unknown })
}

/// An attribute as Terraform writes it; in JSON, and in the old way of writing, it is a text.
fn item(written: &Expression) -> Option<String> {
    if let Some(text) = written.as_str() {
        return text
            .parse::<Expression>()
            .ok()
            .filter(|inner| inner.as_str().is_none())
            .and_then(|inner| item(&inner));
    }
    if let Some(name) = written.as_variable() {
        return Some(name.as_str().to_owned());
    }
    written.as_traversal().and_then(traversal)
}

fn traversal(traversal: &Traversal) -> Option<String> {
    let mut text = traversal.expr.as_variable()?.as_str().to_owned();
    for operator in &traversal.operators {
        match operator.value() {
            TraversalOperator::GetAttr(name) => {
                text.push('.');
                text.push_str(name.as_str());
            }
            TraversalOperator::Index(key) => {
                let number = key.as_number().and_then(hcl_edit::Number::as_u64);
                let key = match (key.as_str(), number) {
                    (Some(name), _) => expression(&Value::Text(name.to_owned())),
                    (None, Some(number)) => number.to_string(),
                    (None, None) => return None,
                };
                text.push_str(&format!("[{key}]"));
            }
            TraversalOperator::LegacyIndex(_)
            | TraversalOperator::AttrSplat(_)
            | TraversalOperator::FullSplat(_) => return None,
        }
    }
    Some(text)
}
