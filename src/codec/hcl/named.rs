//! Files and directories that a configuration names, with the place in the text that names each.
//!
//! Functions that read, arguments that take a file, and words of commands are told apart from
//! arguments that say where something is put: that may be the object's own file. Whether anything is
//! there is not asked here. A variable's value is put in by [`NamedFile::place`].

use std::collections::BTreeMap;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, FuncCall, ObjectKey};
use hcl_edit::structure::{Block, BlockLabel, Body};
use hcl_edit::visit::{Visit, visit_func_call};

use super::ReadPlace;
use super::fold::{Locals, PathPart, parts, with_values};
use super::scan::{is_at_destroy, reads_a_path};

/// Arguments that take a file or a directory to read.
const INPUTS: [&str; 17] = [
    "chart",
    "config_file",
    "config_path",
    "config_paths",
    "context",
    "dockerfile",
    "filename",
    "script",
    "scripts",
    "source",
    "source_archive",
    "source_code_path",
    "source_dir",
    "source_file",
    "source_path",
    "sources",
    "template_file",
];

/// Arguments that often say where something is put.
const PUT_AT: [&str; 8] =
    ["dest", "destination", "file", "file_path", "local_path", "path", "target", "target_path"];

/// Arguments of these types that say where something is put, though their names do not.
const PUT_AT_BY_TYPE: [(&str, &str); 2] =
    [("local_file", "filename"), ("local_sensitive_file", "filename")];

/// Programs whose first argument is the program that really runs.
const INTERPRETERS: [&str; 11] =
    ["bash", "dash", "env", "exec", "node", "perl", "pwsh", "python", "python3", "ruby", "sh"];

/// Ends of names that only files have.
const ARCHIVES: [&str; 7] = ["gz", "jar", "tar", "tgz", "war", "whl", "zip"];

/// Characters for which a shell puts something else in the place of a word.
const EXPANDED: [char; 12] = ['$', '*', '?', '[', ']', '{', '}', '~', '\\', '!', '#', '%'];

/// A path longer than this is none.
const PATH_MAX: usize = 1_024;

/// A file or a directory that a configuration names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedFile {
    /// The file, of the same module, in which the name stands.
    pub file: String,
    /// The line there, from 1, where the syntax tells it.
    pub line: Option<usize>,
    /// The function or the argument.
    pub by: String,
    /// The resource, as `type.name`, whose block names it.
    pub block: Option<String>,
    /// How it is named.
    pub naming: FileNaming,
    /// When it is needed.
    pub needed: Needed,
    path: Vec<PathPart>,
}

/// How a file is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileNaming {
    /// As the path of a function that reads it.
    Read,
    /// In an argument that takes a file or a directory.
    Input,
    /// As the program of a command.
    Program,
    /// As another word of a command: it may be no path at all.
    Word,
    /// As the directory in which a command runs.
    WorkingDirectory,
    /// In an argument that says where something is put: it may be the object's own file.
    Own,
}

/// When a file is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needed {
    /// When it is planned: without it there is no plan.
    Planned,
    /// When the object is created or changed.
    Written,
    /// When the object is created.
    Created,
    /// When the object is destroyed.
    Destroyed,
}

impl NamedFile {
    /// The place that is named, if the text and the `values` of variables tell it.
    pub fn place(&self, values: &BTreeMap<String, String>) -> Option<ReadPlace> {
        let is_word = matches!(self.naming, FileNaming::Program | FileNaming::Word);
        let is_parted = |part: &PathPart| {
            let PathPart::Variable(name) = part else { return false };
            let value = values.get(name);
            value.is_some_and(|value| {
                value.contains(char::is_whitespace) || value.contains(EXPANDED)
            })
        };
        // A shell makes something else of it.
        if is_word && self.path.iter().any(is_parted) {
            return None;
        }
        with_values(&self.path, values).into_place()
    }

    /// Whether it is a path for sure, and not a text that only could be one.
    pub fn is_certain(&self) -> bool {
        match self.naming {
            FileNaming::Read | FileNaming::Program => true,
            FileNaming::Word | FileNaming::WorkingDirectory | FileNaming::Own => false,
            FileNaming::Input => {
                if self.path.iter().any(is_expanded) {
                    return false;
                }
                let is_local = matches!(self.by.as_str(), "source_dir" | "source_file");
                is_local
                    || self.block.is_none()
                    || matches!(self.path.first(), Some(PathPart::Base(_)))
                    || self.path.iter().any(is_path)
            }
        }
    }
}

/// Whether a text is more than a name: `./x`, `conf/x.json`, `fn.zip`; not `10.0.0.0/8`, `a/b`, a URL.
fn is_path(part: &PathPart) -> bool {
    let PathPart::Text(text) = part else { return false };
    let name = text.rsplit('/').next().unwrap_or(text);
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    let has_end = text.contains('/') && end.contains(char::is_alphabetic);
    let is_relative = text.starts_with("./") || text.starts_with("../");
    !text.contains([':', '@', ' ', '\n']) && (is_relative || has_end || ARCHIVES.contains(&end))
}

/// The lines of a file, by offset.
pub(super) struct LineNumbers<'a> {
    file: &'a str,
    ends: Vec<usize>,
}

impl<'a> LineNumbers<'a> {
    pub(super) fn of(file: &'a str, content: &[u8]) -> Self {
        let ends = content.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        Self { file, ends: ends.map(|(offset, _)| offset).collect() }
    }

    fn at(&self, offset: usize) -> usize {
        self.ends.partition_point(|end| *end < offset) + 1
    }
}

/// The files that a block names.
pub(super) fn of_block(block: &Block, locals: &Locals, lines: &LineNumbers<'_>) -> Vec<NamedFile> {
    let labels: Vec<&str> = block.labels.iter().map(BlockLabel::as_str).collect();
    let place = match (block.ident.as_str(), labels.as_slice()) {
        ("resource", [kind, name]) => {
            Surroundings { managed: Some((kind, name)), needed: Needed::Written, runs: None }
        }
        ("terraform" | "variable" | "moved" | "removed" | "import", _) => return Vec::new(),
        _ => Surroundings { managed: None, needed: Needed::Planned, runs: None },
    };
    let mut finder = NamedFinder { locals, lines, found: Vec::new() };
    // The source of a module is followed as a module.
    let is_meta = |name: &str| block.ident.as_str() == "module" && matches!(name, "source");
    for attribute in block.body.attributes().filter(|found| !is_meta(found.key.as_str())) {
        let line = attribute.span().map(|span| lines.at(span.start));
        finder.attribute(attribute.key.as_str(), &attribute.value, line, &place);
    }
    for inner in block.body.blocks() {
        finder.block(inner, &place);
    }
    finder.found
}

/// The surroundings of an argument.
#[derive(Clone, Copy)]
struct Surroundings<'a> {
    /// The managed resource, by type and name.
    managed: Option<(&'a str, &'a str)>,
    /// When what it names is needed.
    needed: Needed,
    /// The body of the `local-exec`.
    runs: Option<&'a Body>,
}

struct NamedFinder<'a> {
    locals: &'a Locals,
    lines: &'a LineNumbers<'a>,
    found: Vec<NamedFile>,
}

impl NamedFinder<'_> {
    fn block(&mut self, block: &Block, place: &Surroundings<'_>) {
        let label = block.labels.first().map(BlockLabel::as_str);
        let provisioned = Surroundings {
            needed: if is_at_destroy(block) { Needed::Destroyed } else { Needed::Created },
            runs: (label == Some("local-exec")).then_some(&block.body),
            ..*place
        };
        let place = if block.ident.as_str() == "provisioner" { &provisioned } else { place };
        for attribute in block.body.attributes() {
            let line = attribute.span().map(|span| self.lines.at(span.start));
            self.attribute(attribute.key.as_str(), &attribute.value, line, place);
        }
        for inner in block.body.blocks() {
            self.block(inner, place);
        }
    }

    fn attribute(
        &mut self,
        name: &str,
        value: &Expression,
        line: Option<usize>,
        place: &Surroundings<'_>,
    ) {
        let mut calls = Calls { locals: self.locals, found: Vec::new() };
        calls.visit_expr(value);
        // In a provisioner even a function is called when it runs.
        let needed = match place.needed {
            Needed::Written => Needed::Planned,
            Needed::Planned | Needed::Created | Needed::Destroyed => place.needed,
        };
        for (function, path) in calls.found {
            self.add(function, FileNaming::Read, path, line, &Surroundings { needed, ..*place });
        }
        self.argument(name, value, line, place);
    }

    fn argument(
        &mut self,
        name: &str,
        value: &Expression,
        line: Option<usize>,
        place: &Surroundings<'_>,
    ) {
        let naming = naming(name, place);
        match value {
            Expression::Array(items) => {
                for item in items {
                    self.argument(name, item, line, place);
                }
            }
            Expression::Object(members) if naming != Some(FileNaming::Word) => {
                for (key, member) in members {
                    let key = match key {
                        ObjectKey::Ident(name) => Some(name.as_str()),
                        ObjectKey::Expression(name) => name.as_str(),
                    };
                    self.argument(key.unwrap_or(name), member.expr(), line, place);
                }
            }
            Expression::Object(members) => {
                for (_, member) in members {
                    self.argument(name, member.expr(), line, place);
                }
            }
            Expression::Parenthesis(inner) => self.argument(name, inner.inner(), line, place),
            Expression::String(_)
            | Expression::StringTemplate(_)
            | Expression::HeredocTemplate(_)
            | Expression::Traversal(_) => {
                let path = |finder: &Self| parts(value, finder.locals);
                match naming {
                    Some(FileNaming::Word) => self.command(name, &path(self), line, place),
                    Some(naming) => self.add(name.to_owned(), naming, path(self), line, place),
                    None => {}
                }
            }
            Expression::Null(_)
            | Expression::Bool(_)
            | Expression::Number(_)
            | Expression::Variable(_)
            | Expression::Conditional(_)
            | Expression::FuncCall(_)
            | Expression::UnaryOp(_)
            | Expression::BinaryOp(_)
            | Expression::ForExpr(_) => {}
        }
    }

    /// The words of a command that may be files.
    fn command(
        &mut self,
        name: &str,
        text: &[PathPart],
        line: Option<usize>,
        place: &Surroundings<'_>,
    ) {
        let directory = place.runs.and_then(|body| body.get_attribute("working_dir"));
        let directory = directory.map(|found| parts(&found.value, self.locals));
        let mut is_program = place.runs.is_some() && name == "command";
        for CommandWord { parts: word, is_plain } in words(text) {
            if !is_possible(&word, FileNaming::Word) {
                is_program &= is_interpreter(&word);
                continue;
            }
            let (is_named, is_rooted) = match word.first() {
                // A program's name with a slash in it is a path, not a name on PATH.
                Some(PathPart::Text(text)) => {
                    let is_rooted = text.starts_with('/');
                    (!is_rooted && (text.starts_with('.') || text.contains('/')), is_rooted)
                }
                Some(PathPart::Base(_)) => (word.len() > 1, true),
                Some(PathPart::Variable(_) | PathPart::Unknown) | None => (false, true),
            };
            let runs_elsewhere = directory.is_some() && is_rooted;
            let naming = if is_program && is_plain && is_named && !runs_elsewhere {
                FileNaming::Program
            } else {
                FileNaming::Word
            };
            is_program &= is_interpreter(&word);
            let path = match &directory {
                Some(directory) if !is_rooted => {
                    let slash = [PathPart::Text("/".to_owned())];
                    directory.iter().chain(&slash).chain(&word).cloned().collect()
                }
                Some(_) | None => word,
            };
            self.add(name.to_owned(), naming, path, line, place);
        }
    }

    fn add(
        &mut self,
        by: String,
        naming: FileNaming,
        path: Vec<PathPart>,
        line: Option<usize>,
        place: &Surroundings<'_>,
    ) {
        if is_possible(&path, naming) {
            self.found.push(NamedFile {
                file: self.lines.file.to_owned(),
                line,
                by,
                block: place.managed.map(|(kind, name)| format!("{kind}.{name}")),
                naming,
                needed: place.needed,
                path,
            });
        }
    }
}

/// Whether a word of a command is a program that runs the next one.
fn is_interpreter(word: &[PathPart]) -> bool {
    matches!(word, [PathPart::Text(text)]
        if INTERPRETERS.contains(&text.rsplit('/').next().unwrap_or(text)))
}

/// Whether an argument of this name often says where something is put.
pub fn says_where_put(name: &str) -> bool {
    PUT_AT.contains(&name) || name.starts_with("output")
}

/// How an argument of this name names a file, if it does.
fn naming(name: &str, place: &Surroundings<'_>) -> Option<FileNaming> {
    let is_put = place
        .managed
        .is_some_and(|(kind, _)| PUT_AT.contains(&name) || PUT_AT_BY_TYPE.contains(&(kind, name)));
    let takes_file = name.ends_with("_file") || name.ends_with("_files");
    match name {
        "working_dir" => Some(FileNaming::WorkingDirectory),
        _ if place.runs.is_some() => Some(FileNaming::Word),
        "program" | "command" | "entrypoint" | "interpreter" => Some(FileNaming::Word),
        _ if name.ends_with("_command") => Some(FileNaming::Word),
        _ if is_put || name.starts_with("output") => Some(FileNaming::Own),
        _ => (INPUTS.contains(&name) || takes_file).then_some(FileNaming::Input),
    }
}

/// Whether a path can be made of these pieces: most texts of a configuration are none.
fn is_possible(path: &[PathPart], naming: FileNaming) -> bool {
    let mut length = 0;
    let (mut is_shaped, mut is_text) = (false, false);
    for part in path {
        match part {
            PathPart::Text(text) => {
                length += text.len();
                is_text |= text.contains([' ', '\t', '\n', '\r', '\0', ':']);
                is_shaped |= text.contains(['/', '.']);
            }
            PathPart::Base(_) => is_shaped = true,
            PathPart::Variable(_) => {}
            PathPart::Unknown => return false,
        }
    }
    let is_certain = match naming {
        FileNaming::Read | FileNaming::Input | FileNaming::WorkingDirectory => true,
        FileNaming::Program | FileNaming::Word | FileNaming::Own => is_shaped && !is_text,
    };
    length <= PATH_MAX && is_certain
}

/// A word of a command.
struct CommandWord {
    parts: Vec<PathPart>,
    /// Whether a shell hands it on as it stands here.
    is_plain: bool,
}

/// The words of a command: what a shell would part at blanks, quotes, operators and assignments.
fn words(text: &[PathPart]) -> Vec<CommandWord> {
    let is_end = |c: char| c.is_whitespace() || ";|&<>()\"'`=".contains(c);
    // Each word with all that stands between it and the one before; both ends count as blanks.
    let mut all = vec![(" ".to_owned(), Vec::new())];
    let mut take = |c: Option<char>, part: Option<&PathPart>| match (c, part, all.last_mut()) {
        (Some(c), _, Some((before, word))) if is_end(c) && word.is_empty() => before.push(c),
        (Some(c), _, _) if is_end(c) => all.push((c.to_string(), Vec::new())),
        (Some(c), _, Some((_, word))) => match word.last_mut() {
            Some(PathPart::Text(text)) => text.push(c),
            _ => word.push(PathPart::Text(c.to_string())),
        },
        (None, Some(part), Some((_, word))) => word.push(part.clone()),
        (_, _, None) | (None, None, _) => {}
    };
    for part in text {
        match part {
            PathPart::Text(text) => {
                for c in text.chars() {
                    take(Some(c), None);
                }
            }
            PathPart::Base(_) | PathPart::Variable(_) | PathPart::Unknown => take(None, Some(part)),
        }
    }
    take(Some(' '), None);
    let afters: Vec<String> = all.iter().skip(1).map(|(before, _)| before.clone()).collect();
    let afters = afters.into_iter().map(|after| after + " ");
    let words = all.into_iter().zip(afters.chain([" ".to_owned()]));
    let words = words.filter(|((_, parts), _)| !parts.is_empty());
    let word = |((before, parts), after): ((String, Vec<PathPart>), String)| CommandWord {
        is_plain: is_apart(&before, &after) && !parts.iter().any(is_expanded),
        parts,
    };
    words.map(word).collect()
}

/// Whether a shell puts another text in the place of this one.
fn is_expanded(part: &PathPart) -> bool {
    match part {
        PathPart::Text(text) => text.contains(EXPANDED),
        PathPart::Unknown => true,
        PathPart::Base(_) | PathPart::Variable(_) => false,
    }
}

/// Whether a word between these is one by itself, in one pair of quotes or in none, and not the
/// place of a redirection.
fn is_apart(before: &str, after: &str) -> bool {
    let quoted = |quote: char| Some((before.strip_suffix(quote)?, after.strip_prefix(quote)?));
    let (before, after) = ['"', '\''].into_iter().find_map(quoted).unwrap_or((before, after));
    let is_redirection = before.contains(['<', '>']) && !before.ends_with('(');
    let begins = before.ends_with(|c: char| c.is_whitespace() || ";|&(".contains(c));
    let ends = after.starts_with(|c: char| c.is_whitespace() || ";|&)<>".contains(c));
    begins && ends && !is_redirection
}

/// Collects calls of file-reading functions with their paths.
struct Calls<'a> {
    locals: &'a Locals,
    found: Vec<(String, Vec<PathPart>)>,
}

impl Visit for Calls<'_> {
    fn visit_func_call(&mut self, call: &FuncCall) {
        let name = call.name.name.as_str();
        // What a pattern means is told by `FileRead`, and a question is no need.
        let is_plain = !matches!(name, "fileset" | "fileexists");
        if let Some(first) = call.args.get(0)
            && reads_a_path(call)
            && is_plain
        {
            self.found.push((name.to_owned(), parts(first, self.locals)));
        }
        visit_func_call(self, call);
    }
}

#[cfg(test)]
mod tests;
