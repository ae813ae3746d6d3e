//! Facts of a module from the syntax trees of its files.
//!
//! Files are taken in Terraform's order, override files last, so that a later word on the same
//! thing wins. Types and expressions are not evaluated. Start from [`scan`].

use std::collections::BTreeMap;

use hcl_edit::Ident;
use hcl_edit::expr::{Expression, FuncCall, ObjectKey};
use hcl_edit::structure::{Block, BlockLabel, Body};
use hcl_edit::visit::{Visit, visit_func_call};

use super::encryption::Keys;
use super::fold::{Folded, Locals, fold};
use super::named::{self, LineNumbers};
use super::{
    BackendBlock, DeclaredInput, FileRead, ModuleFacts, ReadTarget, Syntax, ValueSyntax,
    VariableMarks, body_of, credentials, ignored, is_override, lifecycle, not_replayable,
};

use crate::model::address::ProviderSource;

/// Functions whose first argument is a path of something read while planning.
const READERS: [&str; 11] = [
    "file",
    "fileexists",
    "fileset",
    "filebase64",
    "filemd5",
    "filesha1",
    "filesha256",
    "filesha512",
    "filebase64sha256",
    "filebase64sha512",
    "templatefile",
];

/// Reads the facts of one module from its files, by file name. Files that Terraform does not load as
/// configuration are passed over.
pub fn scan(files: &BTreeMap<String, Vec<u8>>) -> ModuleFacts {
    let mut facts = ModuleFacts::default();
    let mut bodies = Vec::new();
    let (overrides, primary): (Vec<_>, Vec<_>) = files
        .iter()
        .filter(|(name, _)| Syntax::of(name).is_some())
        .partition(|(name, _)| is_override(name));
    for (name, content) in primary.into_iter().chain(overrides) {
        match body_of(name, content) {
            Ok(body) => bodies.push((LineNumbers::of(name, content), body)),
            Err(unreadable) => facts.unreadable.push(unreadable),
        }
    }
    let locals: Locals = bodies
        .iter()
        .flat_map(|(_, body)| body.get_blocks("locals"))
        .flat_map(|block| block.body.attributes())
        .map(|attribute| (attribute.key.to_string(), attribute.value.clone()))
        .collect();
    let written = locals.iter().map(|(name, value)| (format!("local.{name}"), compact(value)));
    facts.expressions = written.collect();
    if facts.unreadable.is_empty() {
        facts.credentials = credentials::of(bodies.iter().map(|(_, body)| body));
        facts.unused = credentials::unused(bodies.iter().map(|(_, body)| body));
    }
    facts.early = credentials::early(bodies.iter().map(|(_, body)| body));
    let keys = Keys::of(&bodies.iter().map(|(_, body)| body));
    let variables = keys.names.iter().filter_map(|name| name.strip_prefix("var."));
    facts.key_variables = variables.map(str::to_owned).collect();
    (facts.has_keys, facts.key_texts) = (keys.is_any, keys.texts);
    for (lines, body) in &bodies {
        for block in body.blocks() {
            take(&mut facts, block);
            facts.names.extend(named::of_block(block, &locals, lines));
            not_replayable::take(&mut facts, block);
        }
        let mut reads = Reads { locals: &locals, facts: &mut facts };
        reads.visit_body(body);
    }
    facts
}

fn take(facts: &mut ModuleFacts, block: &Block) {
    let labels: Vec<&str> = block.labels.iter().map(BlockLabel::as_str).collect();
    match (block.ident.as_str(), labels.as_slice()) {
        ("variable", [name]) => {
            let before = facts.variables.get(*name).copied();
            let declared = declared(&block.body, before);
            facts.variables.insert((*name).to_owned(), declared);
            facts.defaults.extend(shown_default(name, &block.body, declared.marks));
            if let Some(default) = attribute(&block.body, "default") {
                facts.expressions.insert(format!("var.{name}"), compact(default));
            }
        }
        ("module", [name]) => {
            let source = attribute(&block.body, "source").map(|value| value.as_str());
            let before = facts.modules.remove(*name).flatten();
            // An override that says nothing of the source leaves it as it was.
            let source = source.map_or(before, |text| text.map(str::to_owned));
            facts.modules.insert((*name).to_owned(), source);
        }
        ("resource", [kind, name]) => {
            let address = format!("{kind}.{name}");
            lifecycle::take(facts, &block.body, &address);
            facts.ignored.extend(ignored::of(&block.body).map(|these| (address.clone(), these)));
            if block.body.get_blocks("provisioner").any(is_at_destroy) {
                facts.provisioned_at_destroy.insert(address.clone());
            }
            facts.inside.entry(address.clone()).or_default().take(&block.body);
            facts.resources.insert(address);
        }
        ("provider", [name]) => {
            let alias = attribute(&block.body, "alias").and_then(Expression::as_str);
            let name = alias.map_or((*name).to_owned(), |alias| format!("{name}.{alias}"));
            let mut arguments = facts.providers.remove(&name).unwrap_or_default();
            written(&block.body, &mut arguments);
            facts.providers.insert(name, arguments);
        }
        ("output", [name]) => {
            if let Some(value) = attribute(&block.body, "value") {
                facts.expressions.insert(format!("output.{name}"), compact(value));
            }
        }
        ("import", []) => {
            facts.imports.insert(imported(&block.body));
        }
        ("terraform", []) => settings(facts, &block.body),
        _ => {}
    }
}

/// A body without comments and layout.
fn written(body: &Body, out: &mut String) {
    for attribute in body.attributes() {
        out.push_str(&format!("{} = {}\n", attribute.key, compact(&attribute.value)));
    }
    for block in body.blocks() {
        out.push_str(&format!("{} {{\n", block.ident));
        written(&block.body, out);
        out.push_str("}\n");
    }
}

fn compact(expression: &Expression) -> String {
    let text = expression.to_string();
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

pub(super) fn is_at_destroy(provisioner: &Block) -> bool {
    let when = attribute(&provisioner.body, "when").map(ToString::to_string);
    when.is_some_and(|when| when.trim().trim_matches('"') == "destroy")
}

/// The address that an `import` block fills, without keys: those may be expressions.
fn imported(body: &Body) -> String {
    let unknown = || "*".to_owned();
    let Some(to) = attribute(body, "to") else { return unknown() };
    let text = to.as_str().map_or_else(|| to.to_string(), str::to_owned);
    let mut depth = 0_usize;
    let mut address = String::new();
    for character in text.trim().chars() {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            plain if depth == 0 => address.push(plain),
            _ => {}
        }
    }
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !address.is_empty() && address.chars().all(is_plain) { address } else { unknown() }
}

fn declared(body: &Body, before: Option<DeclaredInput>) -> DeclaredInput {
    let before = before.unwrap_or(DeclaredInput {
        has_default: false,
        value: ValueSyntax::Literal,
        marks: VariableMarks::default(),
    });
    let flag = |name, otherwise| {
        attribute(body, name).map_or(otherwise, |value| value.as_bool().unwrap_or(true))
    };
    DeclaredInput {
        has_default: before.has_default || body.has_attribute("default"),
        value: attribute(body, "type").map_or(before.value, value_syntax),
        marks: VariableMarks {
            sensitive: flag("sensitive", before.marks.sensitive),
            ephemeral: flag("ephemeral", before.marks.ephemeral),
        },
    }
}

/// Terraform takes the text as it is for the primitive types only; `any` is an expression. In JSON,
/// and in the old way of writing, the type stands in quotes.
fn value_syntax(constraint: &Expression) -> ValueSyntax {
    let unquoted = constraint.as_str().and_then(|text| text.parse::<Expression>().ok());
    let name = unquoted.as_ref().unwrap_or(constraint).as_variable();
    match name.map(Ident::as_str) {
        Some("string" | "number" | "bool") => ValueSyntax::Literal,
        Some(_) | None => ValueSyntax::Expression,
    }
}

/// The default of a variable, if it is a text that may be shown.
fn shown_default(name: &str, body: &Body, marks: VariableMarks) -> Option<(String, String)> {
    let text = attribute(body, "default").and_then(Expression::as_str);
    let text = text.filter(|_| !marks.sensitive && !marks.ephemeral)?;
    Some((name.to_owned(), text.to_owned()))
}

fn settings(facts: &mut ModuleFacts, body: &Body) {
    if let Some(version) = attribute(body, "required_version").and_then(Expression::as_str) {
        facts.required_versions.push(version.to_owned());
    }
    for block in body.blocks() {
        match (block.ident.as_str(), block.labels.as_slice()) {
            ("backend", [kind]) => {
                facts.backend = Some(BackendBlock::Kind(kind.as_str().to_owned()));
            }
            ("cloud", []) => facts.backend = Some(BackendBlock::Cloud),
            ("encryption", []) => {
                facts.has_encryption = true;
                facts.encrypts.take(block);
            }
            ("required_providers", []) => facts.hosted.extend(hosted(&block.body)),
            _ => {}
        }
    }
}

/// The sources of `required_providers` that name a host.
fn hosted(body: &Body) -> impl Iterator<Item = ProviderSource> {
    let required = body.attributes().filter_map(|attribute| attribute.value.as_object());
    let members = required.flat_map(|object| object.iter());
    let is_source = |key: &ObjectKey| match key {
        ObjectKey::Ident(name) => name.as_str() == "source",
        ObjectKey::Expression(name) => Expression::as_str(name) == Some("source"),
    };
    let sources = members.filter(move |(key, _)| is_source(key)).map(|(_, value)| value.expr());
    sources.filter_map(|source| source.as_str()?.parse().ok())
}

pub(super) fn attribute<'a>(body: &'a Body, name: &str) -> Option<&'a Expression> {
    body.get_attribute(name).map(|attribute| &attribute.value)
}

/// Whether a call reads what its first argument names.
pub(super) fn reads_a_path(call: &FuncCall) -> bool {
    let namespace: Vec<&str> = call.name.namespace.iter().map(|part| part.as_str()).collect();
    let is_core = matches!(namespace.as_slice(), [] | ["core"]);
    is_core && READERS.contains(&call.name.name.as_str())
}

/// Collects calls of file-reading functions.
struct Reads<'a> {
    locals: &'a Locals,
    facts: &'a mut ModuleFacts,
}

impl Visit for Reads<'_> {
    fn visit_func_call(&mut self, call: &FuncCall) {
        let name = call.name.name.as_str();
        if reads_a_path(call) {
            self.facts
                .reads
                .insert(FileRead { function: name.to_owned(), target: self.target(name, call) });
        }
        visit_func_call(self, call);
    }
}

impl Reads<'_> {
    fn target(&self, name: &str, call: &FuncCall) -> ReadTarget {
        let Some(first) = call.args.get(0) else {
            return ReadTarget::Unknown;
        };
        let path = fold(first, self.locals);
        if name != "fileset" {
            return path.into_target();
        }
        let pattern = call.args.get(1).map(|pattern| fold(pattern, self.locals));
        pattern.unwrap_or_else(Folded::unknown).into_set(path)
    }
}
