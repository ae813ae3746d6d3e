//! Rust source as far as the house rules read it: code without the inside of strings and comments.

use std::collections::BTreeSet;

/// One file.
pub(super) struct Source {
    /// Its path in the repository.
    pub(super) path: String,
    /// Its text.
    pub(super) text: String,
    /// Its text with strings, comments and test modules blanked, line by line the same.
    pub(super) code: String,
    /// Whether it is compiled for tests only.
    pub(super) is_test: bool,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let is_test = path.starts_with("tests/") || path.starts_with("benches/");
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code: without_test_modules(&blanked(text)),
            is_test,
        }
    }

    pub(super) fn is_rust(&self) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, end)| end == "rs")
    }

    /// Code that ends up in the program.
    pub(super) fn is_product(&self) -> bool {
        self.is_rust() && !self.is_test
    }

    /// The parts of its module path: `src/flow/revert/check.rs` is `[flow, revert, check]`.
    pub(super) fn module(&self) -> Vec<&str> {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let stem = inside.strip_suffix(".rs").unwrap_or(inside);
        let stem = stem.strip_suffix("/mod").unwrap_or(stem);
        stem.split('/').filter(|part| !matches!(*part, "lib" | "main")).collect()
    }

    /// `path:line: message`, for a place in the code or the text.
    pub(super) fn says(&self, offset: usize, message: &str) -> String {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        format!("{}:{}: {message}", self.path, before.matches('\n').count() + 1)
    }

    /// The offsets of `word` in the code as a word of its own.
    pub(super) fn words<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        self.code.match_indices(word).map(|(at, _)| at).filter(move |at| {
            let (before, after) = (&self.code[..*at], &self.code[at + word.len()..]);
            !(before.ends_with(is_part) && word.starts_with(is_part)
                || after.starts_with(is_part) && word.ends_with(is_part))
        })
    }
}

/// Marks the files that a `#[cfg(test)] mod …;` declares, and what lies below them.
pub(super) fn mark_tests(sources: &mut [Source]) {
    let products = sources.iter().filter(|source| source.is_product());
    let tests: BTreeSet<String> = products.flat_map(declared_tests).collect();
    for source in sources {
        let module = source.module().join("/");
        let is_below = |test: &String| {
            let rest = module.strip_prefix(test.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        source.is_test |= tests.iter().any(is_below);
    }
}

/// The modules that a file declares for tests only and that lie in files of their own.
fn declared_tests(source: &Source) -> BTreeSet<String> {
    let own = source.module().join("/");
    let mut tests = BTreeSet::new();
    for declared in source.text.split("#[cfg(test)]\n").skip(1) {
        let mut lines = declared.lines();
        let mut line = lines.next().unwrap_or_default();
        let file = line.strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix(".rs\"]"));
        if file.is_some() {
            line = lines.next().unwrap_or_default();
        }
        let name = line.split("mod ").nth(1).and_then(|rest| rest.strip_suffix(';'));
        // A file that is named lies beside the one that names it.
        let beside = own.rsplit_once('/').map_or("", |(directory, _)| directory);
        tests.extend(match (file, name) {
            (Some(file), Some(_)) => Some(format!("{beside}/{file}")),
            (None, Some(name)) => Some(format!("{own}/{name}")),
            (_, None) => None,
        });
    }
    tests
}

/// Blanks comments and the inside of text and character literals; offsets and lines stay.
fn blanked(text: &str) -> String {
    let mut out = text.as_bytes().to_vec();
    let mut at = 0;
    while at < text.len() {
        let end = at + literal_or_comment(&text[at..], &text[..at]);
        if end == at {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
            continue;
        }
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    String::from_utf8(out).unwrap()
}

/// How long the comment or literal is that starts here; 0 when none does.
fn literal_or_comment(rest: &str, before: &str) -> usize {
    let until = |end: &str, from: usize| {
        rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len())
    };
    let in_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return until("*/", 2);
    }
    if !in_word && (rest.starts_with('r') || rest.starts_with("br")) {
        let from = rest.find('r').unwrap_or(0) + 1;
        let hashes = rest[from..].chars().take_while(|c| *c == '#').count();
        if rest[from + hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            return until(&end, from + hashes + 1);
        }
    }
    if rest.starts_with('"') {
        return escaped(rest, '"');
    }
    // A character, and not a lifetime: closed after one character, or escaped.
    let mut characters = rest.chars().skip(1);
    let is_character = rest.starts_with('\'')
        && match characters.next() {
            Some('\\') => true,
            Some('\'') | None => false,
            Some(_) => characters.next() == Some('\''),
        };
    if is_character { escaped(rest, '\'') } else { 0 }
}

/// The length of a literal with escapes, both its quotes included.
fn escaped(rest: &str, quote: char) -> usize {
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if character == quote {
            return at + 1;
        }
    }
    rest.len()
}

/// Blanks `#[cfg(test)] mod … { … }`, which rustfmt ends with a brace at the line's start.
fn without_test_modules(code: &str) -> String {
    let mut is_inside = false;
    let mut previous = "";
    let mut lines = Vec::new();
    for line in code.split('\n') {
        is_inside |= previous == "#[cfg(test)]" && line.ends_with('{');
        lines.push(if is_inside { " ".repeat(line.len()) } else { line.to_owned() });
        is_inside &= line != "}";
        previous = line;
    }
    lines.join("\n")
}
