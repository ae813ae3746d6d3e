//! Values that a configuration cannot repeat: the directory it was planned in, and values that
//! nothing keeps.
//!
//! `path.cwd` and `abspath` tell the directory that Terraform runs in, at any place in an
//! expression. As the path of a function that reads a file they do no harm, since the file is the
//! same. Write-only arguments are told by the name that Terraform's documentation asks of
//! providers, `…_wo`, with `…_wo_version` beside it: a schema would say it too, and reading one
//! starts every provider. Whether any of it matters for a plan is not decided here.

use std::collections::BTreeSet;

use hcl_edit::Decorated;
use hcl_edit::expr::{FuncCall, Traversal, TraversalOperator};
use hcl_edit::structure::{Attribute, Block, BlockLabel, Body};
use hcl_edit::visit::{Visit, visit_func_call, visit_traversal};

use super::scan::reads_a_path;
use super::{ModuleFacts, Within, WriteOnly};

/// Adds what `block` says of it.
pub(super) fn take(facts: &mut ModuleFacts, block: &Block) {
    let labels: Vec<&str> = block.labels.iter().map(BlockLabel::as_str).collect();
    let within = match (block.ident.as_str(), labels.as_slice()) {
        ("resource", [kind, name]) => Within::Resource(format!("{kind}.{name}")),
        _ => Within::Elsewhere,
    };
    let mut finder = Finder::default();
    finder.visit_body(&block.body);
    if let Within::Resource(address) = &within
        && !finder.write_only.is_empty()
    {
        facts.write_only.entry(address.clone()).or_default().extend(finder.write_only);
    }
    if finder.tells_directory {
        facts.tells_directory.insert(within);
    }
}

#[derive(Default)]
struct Finder {
    tells_directory: bool,
    write_only: BTreeSet<WriteOnly>,
}

impl Visit for Finder {
    fn visit_body(&mut self, body: &Body) {
        for attribute in body.attributes() {
            self.write_only.extend(write_only(body, attribute));
        }
        for structure in body {
            self.visit_structure(structure);
        }
    }

    fn visit_func_call(&mut self, call: &FuncCall) {
        if reads_a_path(call) {
            call.args.iter().skip(1).for_each(|argument| self.visit_expr(argument));
            return;
        }
        let is_core = call.name.namespace.iter().all(|part| part.as_str() == "core");
        self.tells_directory |= is_core && call.name.name.as_str() == "abspath";
        visit_func_call(self, call);
    }

    fn visit_traversal(&mut self, traversal: &Traversal) {
        let first = traversal.operators.first().map(Decorated::value);
        let is_path = traversal.expr.as_variable().is_some_and(|name| name.as_str() == "path");
        let is_cwd =
            matches!(first, Some(TraversalOperator::GetAttr(name)) if name.as_str() == "cwd");
        self.tells_directory |= is_path && is_cwd;
        visit_traversal(self, traversal);
    }
}

/// A write-only argument; one that is written out, or null, is said again as it was.
fn write_only(body: &Body, attribute: &Attribute) -> Option<WriteOnly> {
    let name = attribute.key.as_str();
    let value = &attribute.value;
    let is_constant = value.is_null() || value.is_bool() || value.is_number() || value.is_str();
    let is_meant = name.ends_with("_wo") && !is_constant;
    is_meant.then(|| WriteOnly {
        name: name.to_owned(),
        has_version: body.has_attribute(&format!("{name}_version")),
    })
}
