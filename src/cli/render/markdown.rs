//! Markdown that stays what it is, whatever names and values are in it.
//!
//! Text from outside stands in code and nowhere else: in a span, in a fenced block, or in `<code>`
//! inside of HTML. There nothing is emphasis, a link, an image, a mention or a tag. Everything
//! given here is inert already: one line, no control characters. A comment that is too long is cut
//! item by item, so that the rest is whole.

use crate::cli::output::inert;

/// A comment on GitHub is no longer than this; characters outside of the basic plane count twice.
pub(in crate::cli) const LENGTH_MAX: usize = 65_536;

/// A piece of text as code in Markdown.
pub(in crate::cli) fn span(text: &str) -> String {
    let text = if text.is_empty() { "\"\"" } else { text };
    let ticks = "`".repeat(longest_run(text) + 1);
    let is_at_edge = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    let space = if is_at_edge { " " } else { "" };
    format!("{ticks}{space}{text}{space}{ticks}")
}

/// Lines as a block of code.
pub(in crate::cli) fn block(language: &str, lines: &[String]) -> String {
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let mut text = format!("{fence}{language}\n");
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    text.push_str(&fence);
    text.push('\n');
    text
}

/// A piece of text as code in HTML.
pub(in crate::cli) fn html_code(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            plain => escaped.push(plain),
        }
    }
    format!("<code>{escaped}</code>")
}

/// The longest row of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// How long a comment with this text is.
pub(in crate::cli) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// A part of a comment.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct Section {
    /// The title, which says what the items are.
    pub title: &'static str,
    /// Its items.
    pub items: Vec<MarkdownItem>,
}

/// One item, in two lengths.
#[derive(Debug, Clone)]
pub(in crate::cli) struct MarkdownItem {
    /// In one line.
    pub brief: String,
    /// With everything.
    pub full: String,
}

/// The part of some sections that fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::cli) struct Fitted {
    /// The text.
    pub text: String,
    /// How many items have only one line.
    pub folded: usize,
    /// How many items of which section are not there at all.
    pub left_out: Vec<(&'static str, usize)>,
}

/// Fits sections into so many characters: first a line of each item, in the order given, then
/// everything of as many as there is room for.
pub(in crate::cli) fn fit(sections: &[Section], room: usize) -> Fitted {
    let mut left = room;
    let mut is_full = false;
    let mut kept: Vec<usize> = Vec::new();
    for section in sections {
        let title = length(&heading(section.title));
        let mut many = 0;
        for item in &section.items {
            let cost = length(&item.brief) + if many == 0 { title } else { 0 };
            is_full = is_full || cost > left;
            if !is_full {
                left -= cost;
                many += 1;
            }
        }
        kept.push(many);
    }
    let mut fitted = Fitted::default();
    for (section, many) in sections.iter().zip(kept) {
        if many > 0 {
            fitted.text.push_str(&heading(section.title));
        }
        for item in section.items.iter().take(many) {
            let more = length(&item.full).saturating_sub(length(&item.brief));
            if more <= left {
                left -= more;
                fitted.text.push_str(&item.full);
            } else {
                fitted.folded += 1;
                fitted.text.push_str(&item.brief);
            }
        }
        let missing = section.items.len() - many;
        if missing > 0 {
            fitted.left_out.push((section.title, missing));
        }
    }
    fitted
}

fn heading(title: &str) -> String {
    format!("\n### {title}\n")
}

/// Text of our own with something from outside, as code.
pub(in crate::cli) fn outside(text: &str) -> String {
    span(&inert(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and values that want to be something else.
    const HOSTILE: [&str; 10] = [
        "`",
        "``` ` ```",
        "</code></summary><script>alert(1)</script>",
        "![x](http://evil)",
        "@everyone #1",
        "=HYPERLINK(\"x\")",
        "a\u{1b}[2Jb",
        "x\u{202e}y",
        "line\n\n# heading",
        "<!-- ",
    ];

    /// Returns what a reader of Markdown takes for the code of a span; none where something is
    /// outside of it.
    fn unspan(span: &str) -> Option<String> {
        let ticks = span.len() - span.trim_start_matches('`').len();
        let fence = "`".repeat(ticks);
        let inner = span.strip_prefix(&fence)?.strip_suffix(&fence)?;
        let is_closed_early = inner.split(|c| c != '`').any(|run| run.len() == ticks);
        let is_padded = inner.starts_with(' ') && inner.ends_with(' ') && !inner.trim().is_empty();
        let inner = if is_padded { &inner[1..inner.len() - 1] } else { inner };
        (!is_closed_early).then(|| inner.to_owned())
    }

    #[test]
    fn a_span_holds_exactly_its_text() {
        for text in HOSTILE.map(inert).iter().map(String::as_str).chain(["a", " a ", "`a", "a``"]) {
            assert_eq!(unspan(&span(text)).as_deref(), Some(text), "{}", span(text));
        }
        assert_eq!(span(""), "`\"\"`");
    }

    #[test]
    fn no_line_of_a_block_ends_it() {
        let lines: Vec<String> =
            HOSTILE.iter().chain(&["```", "````", "~~~"]).map(|line| inert(line)).collect();
        let text = block("diff", &lines);
        let fence = text.lines().next().unwrap().trim_end_matches("diff");
        let closing = text.lines().filter(|line| line.trim().starts_with(fence)).count();
        assert_eq!((closing, text.lines().count()), (2, lines.len() + 2));
    }

    #[test]
    fn html_has_no_tag_but_ours() {
        for text in HOSTILE {
            let html = html_code(&inert(text));
            let inner = html.strip_prefix("<code>").unwrap().strip_suffix("</code>").unwrap();
            assert!(!inner.contains(['<', '>', '"', '\'', '\n']), "{inner}");
        }
    }

    #[test]
    fn everybody_is_named_before_anybody_is_described() {
        let item = |name: &str| MarkdownItem {
            brief: format!("{name}\n"),
            full: format!("{name}{}\n", "x".repeat(50)),
        };
        let sections = [
            Section { title: "Removed", items: vec![item("a"), item("b")] },
            Section { title: "Added", items: vec![item("c"), item("d")] },
        ];
        let all = fit(&sections, 1_000);
        assert_eq!((all.folded, all.left_out.len()), (0, 0));
        let some = fit(&sections, 90);
        assert!(["a", "b", "c", "d"].iter().all(|name| some.text.contains(name)), "{}", some.text);
        assert_eq!((some.folded, some.left_out.len()), (3, 0));
        let few = fit(&sections, 19);
        assert_eq!(few.left_out, [("Added", 2)]);
        for room in 0..300 {
            assert!(length(&fit(&sections, room).text) <= room, "{room}");
        }
    }
}
