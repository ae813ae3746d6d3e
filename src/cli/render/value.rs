//! Values of attributes on one line.

use crate::cli::output::inert;
use crate::codec::json;
use crate::engine::redact::Shown;
use crate::model::value::{Value, is_identifier};

/// Longer values are cut in the middle of a screen.
const WIDTH_MAX: usize = 72;

/// Of two long texts this much is shown before the first character that differs.
const LEAD: usize = 16;

/// Deeper inside, a value is not written out.
const DEPTH_MAX: usize = 12;

/// A value as one inert piece of a line.
pub(in crate::cli) fn shown(value: &Shown) -> String {
    match value {
        Shown::Absent => "null".to_owned(),
        Shown::Sensitive(Some(print)) => format!("(sensitive {print})"),
        Shown::Sensitive(None) => "(sensitive)".to_owned(),
        Shown::Plain(value) => plain(value),
    }
}

/// A value and what became of it; of long texts, where they differ.
pub(in crate::cli) fn pair(before: &Shown, after: &Shown) -> String {
    if let (Shown::Plain(Value::Text(a)), Shown::Plain(Value::Text(b))) = (before, after)
        && a.chars().count().max(b.chars().count()) > WIDTH_MAX
    {
        let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
        let from = same.saturating_sub(LEAD);
        return format!("{} → {}", text_from(a, from), text_from(b, from));
    }
    format!("{} → {}", shown(before), shown(after))
}

fn plain(value: &Value) -> String {
    match value.as_text() {
        Some(text) => text_from(text, 0),
        None => cut(&inert(&written(value, 0))),
    }
}

/// A text in quotes from its n-th character on; what is cut off it is counted in lines.
fn text_from(text: &str, from: usize) -> String {
    let rest: String = text.chars().skip(from).collect();
    let lead = if from > 0 { "…" } else { "" };
    let quoted = inert(&json::to_serde(&Value::Text(rest)).to_string());
    let short = format!("{lead}{}", cut(&quoted));
    match text.lines().count() {
        0 | 1 => short,
        lines if quoted.chars().count() > WIDTH_MAX => format!("{short} ({lines} lines)"),
        _ => short,
    }
}

/// A piece of a line, cut where it gets too long.
fn cut(text: &str) -> String {
    shortened(text, WIDTH_MAX)
}

/// A text of at most so many characters.
pub(in crate::cli) fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let head: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{head}…")
}

/// A value as Terraform's language writes it, without members that are null or empty.
fn written(value: &Value, depth: usize) -> String {
    match value {
        Value::List(_) | Value::Map(_) if depth > DEPTH_MAX => "…".to_owned(),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| written(item, depth + 1)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(members) => {
            let full = members.iter().filter(|(_, member)| !says_nothing(member));
            let members: Vec<String> = full
                .map(|(name, member)| format!("{} = {}", key(name), written(member, depth + 1)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {
            json::to_serde(value).to_string()
        }
    }
}

fn key(name: &str) -> String {
    if is_identifier(name) { name.to_owned() } else { format!("{name:?}") }
}

fn says_nothing(value: &Value) -> bool {
    *value == Value::Null || value.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Shown {
        Shown::Plain(json::value(text).unwrap())
    }

    #[test]
    fn values_read_as_terraform_writes_them() {
        for (text, expected) in [
            ("1.10", "1.10"),
            (r#""a\nb""#, r#""a\nb""#),
            (r#"{"a":[1,"x"],"b":"","c d":{"e":null}}"#, r#"{a = [1, "x"], "c d" = {}}"#),
            ("[]", "[]"),
            ("\"\\u001b[2J\u{202e}\"", r#""\u001b[2J\u{202e}""#),
        ] {
            assert_eq!(shown(&value(text)), expected);
        }
    }

    #[test]
    fn of_long_texts_the_place_is_shown_where_they_differ() {
        let long = |end: &str| Shown::Plain(Value::Text(format!("{}{end}", "x".repeat(100))));
        let text = pair(&long("a"), &long("b"));
        assert_eq!(text, r#"…"xxxxxxxxxxxxxxxxa" → …"xxxxxxxxxxxxxxxxb""#);
        assert_eq!(pair(&value("1"), &value("2")), "1 → 2");
        let lines = Shown::Plain(Value::Text("one line\n".repeat(20)));
        assert!(shown(&lines).ends_with("… (20 lines)"), "{}", shown(&lines));
    }
}
