//! Finds files of one module that use each other in a circle.
//!
//! A file uses another one when a path in its code names it: in a `use`, or written out from
//! `crate`, `self` or `super`. A path counts for the deepest file that it names, so a re-export is
//! the file that re-exports. A module and those above and below it belong together, so paths
//! between them do not count. Names that another crate or an inline module gives are not followed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::code::Source;

/// A module is the parts of its path.
type Module<'a> = Vec<&'a str>;

/// Which module uses which, and at which place of the code that is said first.
type Uses<'a> = BTreeMap<Module<'a>, BTreeMap<Module<'a>, usize>>;

/// Says each circle between files of one of the modules `tops`.
pub(super) fn circles(sources: &[Source], tops: &[&str]) -> Vec<String> {
    let is_meant = |source: &&Source| {
        source.is_product()
            && source.path.starts_with("src/")
            && source.module().first().is_some_and(|top| tops.contains(top))
    };
    let files: BTreeMap<Module<'_>, &Source> =
        sources.iter().filter(is_meant).map(|source| (source.module(), source)).collect();
    let uses: Uses<'_> = files
        .iter()
        .map(|(module, source)| (module.clone(), used(module, source, &files)))
        .collect();
    let mut told: BTreeSet<BTreeSet<&Module<'_>>> = BTreeSet::new();
    let mut found = Vec::new();
    for (module, source) in &files {
        let Some(circle) = circle(module, &uses) else { continue };
        let at = uses[module][circle[1]];
        let names: Vec<String> = circle.iter().map(|part| part.join("::")).collect();
        if told.insert(circle.into_iter().collect()) {
            found.push(source.says(at, &format!("a circle: {}", names.join(" -> "))));
        }
    }
    found
}

/// The shortest way from a module back to itself.
fn circle<'u, 'a>(start: &'u Module<'a>, uses: &'u Uses<'a>) -> Option<Vec<&'u Module<'a>>> {
    let mut seen = BTreeSet::new();
    let mut ways = VecDeque::from([vec![start]]);
    while let Some(way) = ways.pop_front() {
        let last = way[way.len() - 1];
        for next in uses[last].keys() {
            let way: Vec<_> = way.iter().copied().chain([next]).collect();
            if next == start {
                return Some(way);
            }
            if seen.insert(next) {
                ways.push_back(way);
            }
        }
    }
    None
}

/// The files that a file's code names, but those above and below it.
fn used<'a>(
    module: &Module<'a>,
    source: &'a Source,
    files: &BTreeMap<Module<'a>, &Source>,
) -> BTreeMap<Module<'a>, usize> {
    let mut used = BTreeMap::new();
    for (at, path) in ["crate", "self", "super"].iter().flat_map(|start| paths(source, start)) {
        let Some(mut named) = absolute(module, &path) else { continue };
        while !named.is_empty() && !files.contains_key(&named) {
            named.pop();
        }
        let belongs = named.starts_with(module) || module.starts_with(&named);
        if !named.is_empty() && !belongs {
            used.entry(named).and_modify(|first: &mut usize| *first = at.min(*first)).or_insert(at);
        }
    }
    used
}

/// The path from the crate's root.
fn absolute<'a>(module: &Module<'a>, path: &[&'a str]) -> Option<Module<'a>> {
    let mut named = module.clone();
    let mut parts = path.iter();
    if path.first() == Some(&"crate") {
        named.clear();
        parts.next();
    }
    for part in parts {
        match *part {
            "super" => {
                named.pop()?;
            }
            "self" => {}
            name => named.push(name),
        }
    }
    Some(named)
}

/// Every path that begins with `start`, with its place; a group in braces is one for each member.
fn paths<'a>(source: &'a Source, start: &'a str) -> Vec<(usize, Vec<&'a str>)> {
    let begins = |at: &usize| !source.code[..*at].ends_with("::");
    let mut found = Vec::new();
    for at in source.words(start).filter(begins) {
        let mut rest = &source.code[at..];
        let mut tree = Vec::new();
        spread(&mut rest, &[], &mut tree);
        found.extend(tree.into_iter().map(|path| (at, path)));
    }
    found
}

/// Reads a path with its groups from the front of `rest`.
fn spread<'a>(rest: &mut &'a str, before: &[&'a str], found: &mut Vec<Vec<&'a str>>) {
    let mut path = before.to_vec();
    loop {
        *rest = rest.trim_start();
        if let Some(group) = rest.strip_prefix('{') {
            *rest = group;
            while !rest.trim_start().starts_with('}') && !rest.is_empty() {
                spread(rest, &path, found);
                let after = rest.find([',', '}']).unwrap_or(rest.len());
                *rest = rest[after..].trim_start_matches(',');
            }
            *rest = rest.trim_start().strip_prefix('}').unwrap_or_default();
            return;
        }
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let (name, after) = rest.split_at(rest.find(|c| !is_part(c)).unwrap_or(rest.len()));
        *rest = after;
        if !name.is_empty() {
            path.push(name);
        }
        match after.strip_prefix("::") {
            Some(after) if !name.is_empty() => *rest = after,
            _ => break,
        }
    }
    found.push(path);
}
