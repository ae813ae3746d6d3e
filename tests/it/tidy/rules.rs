//! The rules themselves.

use std::collections::BTreeMap;

use super::code::Source;

const LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;

/// A layer uses strictly lower ones.
const LAYERS: [&[&str]; 6] = [
    &["model"],
    &["codec", "knowledge"],
    &["engine", "port"],
    &["store", "terraform"],
    &["flow"],
    &["cli", "demo"],
];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

fn may_use(module: &str, used: &str) -> bool {
    module == used || (module, used) == ("cli", "demo") || layer(used) < layer(module)
}

pub(super) fn layers(source: &Source) -> Vec<String> {
    let path = source.module();
    let Some(module) =
        path.first().filter(|_| source.is_product() && source.path.starts_with("src/"))
    else {
        return Vec::new();
    };
    if layer(module).is_none() {
        return vec![source.says(0, &format!("`{module}` belongs to no layer"))];
    }
    let root = "super::".repeat(path.len());
    let starts = source.words("crate::").map(|at| (at, "crate::".len()));
    let climbs = source.words(&root).map(|at| (at, root.len()));
    starts
        .chain(climbs)
        .flat_map(|(at, length)| {
            names_after(&source.code[at + length..]).into_iter().map(move |name| (at, name))
        })
        .filter_map(|(at, used)| match layer(used) {
            None => Some(source.says(at, &format!("`{used}` belongs to no layer"))),
            Some(_) if may_use(module, used) => None,
            Some(_) => Some(source.says(at, &format!("`{module}` may not use `{used}`"))),
        })
        .collect()
}

/// The modules that a path names: one, or those of a group in braces.
fn names_after(path: &str) -> Vec<&str> {
    let name = |text: &'_ str| {
        text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len())
    };
    let Some(group) = path.strip_prefix('{') else {
        return vec![&path[..name(path)]].into_iter().filter(|name| !name.is_empty()).collect();
    };
    let mut depth = 1;
    let mut is_start = true;
    let mut names = Vec::new();
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => is_start = true,
            _ if character.is_whitespace() => {}
            _ if depth == 1 && is_start => {
                names.push(&group[at..at + name(&group[at..])]);
                is_start = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

pub(super) fn outside(source: &Source) -> Vec<String> {
    if !source.is_product() {
        return Vec::new();
    }
    let starts = source.words("Command::new").filter(|at| {
        source.path != "src/terraform/process.rs" && !source.code[..*at].ends_with("clap::")
    });
    let starts = starts.map(|at| source.says(at, "only src/terraform/process.rs starts a process"));
    let speaks = ["aws_config", "aws_sdk_", "aws_smithy_", "aws_credential_", "aws_types"]
        .into_iter()
        .flat_map(|name| source.code.match_indices(name))
        .filter(|_| !source.path.starts_with("src/store/s3"))
        .map(|(at, _)| source.says(at, "only store::s3 names the AWS SDK"));
    starts.chain(speaks).collect()
}

pub(super) fn file_length(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let is_ours = source.path.starts_with("src/") || source.path.starts_with("tests/");
    if is_ours && lines > LINES_MAX {
        vec![format!("{}:{LINES_MAX}: {lines} lines", source.path)]
    } else {
        Vec::new()
    }
}

pub(super) fn module_docs(source: &Source) -> Vec<String> {
    let says = source.text.starts_with("//!") || source.text.starts_with("#![doc = include_str!(");
    if source.is_rust() && source.path.starts_with("src/") && !says {
        vec![source.says(0, "does not begin with `//!`")]
    } else {
        Vec::new()
    }
}

/// Words that a doc sentence does not begin with: it names its subject.
const RIDDLES: [&str; 9] =
    ["What", "Whatever", "Who", "Whoever", "Whose", "Where", "Wherever", "Nobody", "Somebody"];

/// Finds doc sentences that begin with a riddle.
pub(super) fn doc_sentences(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    // Whether a sentence begins at the start of the next doc line.
    let mut is_start = true;
    for (number, line) in source.text.lines().enumerate().filter(|_| source.is_rust()) {
        let line = line.trim_start();
        let Some(doc) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            is_start = true;
            continue;
        };
        let doc = doc.trim_start().trim_start_matches(['-', '*', '|', ' ']);
        let first = is_start.then_some(doc).filter(|doc| !doc.is_empty());
        let later = [". ", "! ", "? "].iter().flat_map(|end| doc.split(end).skip(1));
        let words = first.into_iter().chain(later).filter_map(|sentence| {
            let word = sentence.split(|c: char| !c.is_alphanumeric()).next();
            RIDDLES.into_iter().find(|riddle| word == Some(riddle))
        });
        found.extend(words.map(|word| {
            format!("{}:{}: a doc sentence begins with \"{word}\"", source.path, number + 1)
        }));
        is_start = doc.is_empty() || doc.ends_with(['.', '!', '?', ':']);
    }
    found
}

/// The offsets of `fn` where functions start.
fn functions(source: &Source) -> impl Iterator<Item = usize> + '_ {
    let is_name = |rest: &str| rest.starts_with(|c: char| c.is_alphabetic() || c == '_');
    source.words("fn ").filter(move |at| is_name(&source.code[at + 3..]))
}

pub(super) fn function_length(source: &Source) -> Vec<String> {
    if !source.is_rust() {
        return Vec::new();
    }
    functions(source)
        .filter_map(|at| {
            let lines = source.code[at..at + body_end(&source.code[at..])].lines().count();
            (lines > FUNCTION_LINES_MAX)
                .then(|| source.says(at, &format!("{lines} lines of function")))
        })
        .collect()
}

/// The length from `fn` to the brace that closes its body, or to the `;` of one without.
fn body_end(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, character) in code.char_indices() {
        match character {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth = depth.saturating_sub(1),
            ';' if depth == 0 => return at + 1,
            _ => continue,
        }
        if character == '}' && depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

pub(super) fn unfinished(source: &Source) -> Vec<String> {
    if !source.is_rust() {
        return Vec::new();
    }
    let found = ["#[ignore", "todo!", "unimplemented!", "dbg!", "assert!(true"].into_iter();
    found
        .flat_map(|word| source.words(word).map(move |at| (at, word)))
        .map(|(at, word)| source.says(at, &format!("`{word}`")))
        .collect()
}

pub(super) fn names(source: &Source) -> Vec<String> {
    const EMPTY: [&str; 6] = ["util", "utils", "helper", "helpers", "common", "misc"];
    let is_file = source.path.trim_end_matches(".rs").split('/').any(|part| EMPTY.contains(&part));
    let file = is_file.then(|| source.says(0, "a name that says nothing"));
    let modules = source.words("mod ").filter_map(|at| {
        let rest = &source.code[at + 4..];
        let name = rest.split([' ', ';', '{']).next().unwrap_or_default();
        EMPTY.contains(&name).then(|| source.says(at, "a name that says nothing"))
    });
    file.into_iter().chain(modules).collect()
}

pub(super) fn places_and_todos(source: &Source) -> Vec<String> {
    if source.is_test {
        return Vec::new();
    }
    let places = ["/home/", "/Users/", "/root/", "/tmp/", "/var/folders/", "C:\\Users"]
        .into_iter()
        .flat_map(|place| source.text.match_indices(place))
        .map(|(at, place)| source.says(at, &format!("`{place}` is a place of one machine")));
    let has_issue = |line: &str| {
        line.split('#').skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let todos = source.text.match_indices("TODO").filter_map(|(at, _)| {
        let line = source.text[at..].lines().next().unwrap_or_default();
        (!has_issue(line)).then(|| source.says(at, "TODO without the number of an issue"))
    });
    places.chain(todos).collect()
}

pub(super) fn bool_parameters(source: &Source) -> Vec<String> {
    if !source.is_product() {
        return Vec::new();
    }
    functions(source)
        // How a visitor of serde is called is not ours to choose.
        .filter(|at| !source.code[*at..].starts_with("fn visit_bool<E>(self, "))
        .filter(|at| {
            let parameters = parameters(&source.code[*at..]);
            parameters
                .split(": bool")
                .skip(1)
                .any(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
        .map(|at| source.says(at, "takes a bool"))
        .collect()
}

/// Two things as one parameter, only so that there is one less to count.
pub(super) fn tuple_parameters(source: &Source) -> Vec<String> {
    if !source.is_product() {
        return Vec::new();
    }
    functions(source)
        .filter(|at| takes_tuple(parameters(&source.code[*at..])))
        .map(|at| source.says(at, "takes a tuple"))
        .collect()
}

/// Whether a parameter's type is a tuple of several, or a reference to one.
fn takes_tuple(parameters: &str) -> bool {
    let is_tuple = |after: &str| {
        let kind = after.trim_start().trim_start_matches('&');
        let lifetime = kind.strip_prefix('\'').and_then(|kind| kind.split_once(' '));
        let kind = lifetime.map_or(kind, |(_, kind)| kind);
        let kind = kind.strip_prefix("mut ").unwrap_or(kind);
        kind.starts_with('(') && members(kind) > 1
    };
    let mut depth = 0_usize;
    parameters.char_indices().any(|(at, character)| {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ':' && depth == 1 && is_tuple(&parameters[at + 1..])
    })
}

/// How many members the group has that starts here.
fn members(group: &str) -> usize {
    let mut depth = 0_usize;
    let mut members = 1;
    for character in group.chars() {
        match character {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' | '>' => depth = depth.saturating_sub(1),
            ',' if depth == 1 => members += 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    members
}

/// The parameter list of the function that starts here, without its generic parameters.
fn parameters(code: &str) -> &str {
    let mut generics = 0_usize;
    let mut depth = 0_usize;
    let mut start = 0;
    let mut previous = ' ';
    for (at, character) in code.char_indices() {
        match character {
            '<' if depth == 0 => generics += 1,
            '>' if depth == 0 && previous != '-' => generics = generics.saturating_sub(1),
            '(' if generics == 0 => {
                start = if depth == 0 { at } else { start };
                depth += 1;
            }
            ')' if generics == 0 => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return &code[start..at];
                }
            }
            _ => {}
        }
        previous = character;
    }
    ""
}

/// Type names that more than one file declares; `Error` is a module's own.
pub(super) fn type_names(sources: &[Source]) -> Vec<String> {
    let mut first: BTreeMap<&str, &Source> = BTreeMap::new();
    let mut found = Vec::new();
    for source in sources.iter().filter(|s| s.is_product() && s.path.starts_with("src/")) {
        let code = source.code.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        for kind in ["struct ", "enum ", "trait ", "union ", "\ntype ", "\npub type "] {
            for (at, _) in code.match_indices(kind) {
                let is_word =
                    at == 0 || code[..at].ends_with([' ', '\n']) || kind.starts_with('\n');
                let name = code[at + kind.len()..].split(|c: char| !c.is_alphanumeric()).next();
                let Some(name) = name.filter(|name| is_word && !name.is_empty()) else { continue };
                match first.get(name) {
                    Some(other) if name != "Error" && other.path != source.path => {
                        let message = format!("`{name}` is a type of {} too", other.path);
                        found.push(source.says(at, &message));
                    }
                    Some(_) => {}
                    None => _ = first.insert(name, source),
                }
            }
        }
    }
    found
}
