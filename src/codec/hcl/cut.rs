//! Configuration without the blocks that move, forget or adopt objects.
//!
//! The state that a good configuration left has absorbed them; obeyed a second time they can take
//! over or orphan unrelated objects. Native syntax is cut by span, so that everything else keeps
//! its bytes; in JSON every other member keeps its text. Start from [`without_state_blocks`].

use hcl_edit::parser::parse_body;
use serde_json::value::RawValue;

use super::json::{JsonMembers, objects};
use super::{Syntax, UnreadableFile, text_of};

const STATE_BLOCKS: [&str; 3] = ["moved", "removed", "import"];

/// The file without its top-level `moved`, `removed` and `import` blocks; `None` when it has none.
///
/// A file that does not parse is an error only when a line of it begins like such a block:
/// anything else that is wrong with it is for Terraform to say.
pub fn without_state_blocks(file: &str, content: &[u8]) -> Result<Option<Vec<u8>>, UnreadableFile> {
    let text = match text_of(file, content) {
        Ok(text) => text,
        Err(_) if !looks_like_state_block(&String::from_utf8_lossy(content)) => return Ok(None),
        Err(unreadable) => return Err(unreadable),
    };
    let cut = match Syntax::of(file) {
        Some(Syntax::Json) => cut_json(text).map_err(|error| error.line()),
        Some(Syntax::Native) | None => cut_native(text),
    };
    match cut {
        Ok(cut) => Ok(cut.map(String::into_bytes)),
        Err(_) if !looks_like_state_block(text) => Ok(None),
        Err(line) => Err(UnreadableFile::Syntax { file: file.to_owned(), line }),
    }
}

fn looks_like_state_block(text: &str) -> bool {
    // Old Macs' lone CR does not end a line for Terraform, but it costs nothing to be stricter.
    text.split(['\n', '\r', ';', '/', '{', ',']).any(|line| {
        let line = line.trim_start_matches(|c: char| c.is_whitespace() || c == '"');
        STATE_BLOCKS.iter().any(|name| line.starts_with(name))
    })
}

fn cut_native(text: &str) -> Result<Option<String>, usize> {
    let body = parse_body(text).map_err(|error| error.location().line())?;
    let spans: Vec<_> = body
        .blocks()
        .filter(|block| STATE_BLOCKS.contains(&block.ident.as_str()))
        .filter_map(hcl_edit::Span::span)
        .collect();
    if spans.is_empty() {
        return Ok(None);
    }
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for span in spans {
        kept.push_str(text.get(from..span.start).unwrap_or_default());
        from = span.end;
    }
    kept.push_str(text.get(from..).unwrap_or_default());
    Ok(Some(kept))
}

fn cut_json(text: &str) -> Result<Option<String>, serde_json::Error> {
    let objects = objects(text)?;
    let is_cut = |name: &str| STATE_BLOCKS.contains(&name);
    let found =
        objects.iter().any(|JsonMembers(members)| members.iter().any(|(name, _)| is_cut(name)));
    if !found {
        return Ok(None);
    }
    let mut kept: Vec<String> = Vec::new();
    for JsonMembers(members) in &objects {
        let lines: Result<Vec<String>, serde_json::Error> = members
            .iter()
            .filter(|(name, _)| !is_cut(name))
            .map(|(name, value)| member(name, value))
            .collect();
        kept.push(format!("{{\n{}\n}}", lines?.join(",\n")));
    }
    Ok(Some(match kept.as_slice() {
        [only] => format!("{only}\n"),
        several => format!("[{}]\n", several.join(",\n")),
    }))
}

fn member(name: &str, value: &RawValue) -> Result<String, serde_json::Error> {
    Ok(format!("{}: {}", serde_json::to_string(name)?, value.get()))
}
