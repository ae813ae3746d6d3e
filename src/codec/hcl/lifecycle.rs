//! The words of a resource's `lifecycle` on its end.
//!
//! OpenTofu takes an expression for `prevent_destroy`. Nothing is evaluated here, so that an
//! expression counts as the stricter of the two values.

use std::collections::BTreeSet;

use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;

use super::ModuleFacts;
use super::scan::attribute;

/// A word of `lifecycle` with the value that counts.
#[derive(Clone, Copy)]
struct LifecycleWord {
    word: &'static str,
    value: bool,
}

const PREVENTED: LifecycleWord = LifecycleWord { word: "prevent_destroy", value: true };
const KEPT: LifecycleWord = LifecycleWord { word: "destroy", value: false };

/// Takes note of what a resource, `type.name`, says. An override file may say otherwise later.
pub(super) fn take(facts: &mut ModuleFacts, body: &Body, address: &str) {
    note(&mut facts.prevent_destroy, body, address, PREVENTED);
    note(&mut facts.destroy_false, body, address, KEPT);
}

fn note(said: &mut BTreeSet<String>, body: &Body, address: &str, wanted: LifecycleWord) {
    for lifecycle in body.get_blocks("lifecycle") {
        let Some(value) = attribute(&lifecycle.body, wanted.word) else { continue };
        let is_said = match literal(value) {
            Some(literal) => literal == wanted.value,
            None => !value.is_null(),
        };
        if is_said {
            said.insert(address.to_owned());
        } else {
            said.remove(address);
        }
    }
}

/// In JSON, and in quotes, a text can be the value.
fn literal(value: &Expression) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::codec::hcl::scan;

    #[test]
    fn an_expression_counts_and_a_literal_says_what_it_says() {
        let said = |file: &str, lifecycle: &str| {
            let text = match file {
                "main.tf" => {
                    format!("resource \"t\" \"a\" {{\n  lifecycle {{\n    {lifecycle}\n  }}\n}}\n")
                }
                _ => format!(r#"{{"resource":{{"t":{{"a":{{"lifecycle":{{{lifecycle}}}}}}}}}}}"#),
            };
            let facts = scan(&BTreeMap::from([(file.to_owned(), text.into_bytes())]));
            (facts.prevent_destroy.contains("t.a"), facts.destroy_false.contains("t.a"))
        };
        for (text, expected) in [
            ("prevent_destroy = true", (true, false)),
            ("prevent_destroy = false", (false, false)),
            ("prevent_destroy = var.is_prod", (true, false)),
            ("prevent_destroy = null", (false, false)),
            ("destroy = false", (false, true)),
            ("destroy = true", (false, false)),
            ("destroy = !local.keep", (false, true)),
            ("create_before_destroy = true", (false, false)),
        ] {
            assert_eq!(said("main.tf", text), expected, "{text}");
        }
        for (text, expected) in [
            (r#""prevent_destroy":"${var.is_prod}""#, (true, false)),
            (r#""prevent_destroy":"false""#, (false, false)),
            (r#""destroy":false"#, (false, true)),
        ] {
            assert_eq!(said("main.tf.json", text), expected, "{text}");
        }
    }
}
