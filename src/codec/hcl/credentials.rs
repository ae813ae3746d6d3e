//! Variables that feed the configuration of providers, or OpenTofu's encryption, and nothing else:
//! credentials, as a rule. And those whose values are needed before anything is planned.
//!
//! References are followed through locals, and only their names are read. A validation that looks at
//! its own variable does not count as a use. Beside a file that cannot be read nothing is told.

use std::collections::{BTreeMap, BTreeSet};

use hcl_edit::expr::{Expression, Traversal, TraversalOperator};
use hcl_edit::structure::{Block, Body};
use hcl_edit::visit::{Visit, visit_traversal};
use hcl_edit::{Decorated, Ident};

/// Names that are referred to, as `var.NAME` and `local.NAME`.
#[derive(Default)]
pub(super) struct References(pub(super) BTreeSet<String>);

impl References {
    /// Takes the name that a traversal begins with, and none of those in its indices.
    pub(super) fn visit_root(&mut self, traversal: &Traversal) {
        let root = traversal.expr.as_variable().map(Ident::as_str);
        let name = traversal.operators.first().map(Decorated::value);
        if let (Some(root @ ("var" | "local")), Some(TraversalOperator::GetAttr(name))) =
            (root, name)
        {
            self.0.insert(format!("{root}.{}", name.as_str()));
        }
    }
}

impl Visit for References {
    fn visit_traversal(&mut self, traversal: &Traversal) {
        self.visit_root(traversal);
        visit_traversal(self, traversal);
    }
}

/// Local values, each with the names that it is made of.
type Locals = BTreeMap<String, BTreeSet<String>>;

/// The variables of a module, given all of its files.
pub(super) fn of<'b>(bodies: impl Iterator<Item = &'b Body> + Clone) -> BTreeSet<String> {
    let locals = locals(bodies.clone());
    let (mut by_providers, mut elsewhere) = (BTreeSet::new(), BTreeSet::new());
    for block in bodies.flat_map(Body::blocks) {
        match block.ident.as_str() {
            "locals" => {}
            "provider" => by_providers.extend(in_block(block)),
            "terraform" => {
                for inner in block.body.blocks() {
                    let is_encryption = inner.ident.as_str() == "encryption";
                    let used = if is_encryption { &mut by_providers } else { &mut elsewhere };
                    used.extend(in_block(inner));
                }
            }
            "variable" => {
                let own = block.labels.first().map(|name| format!("var.{}", name.as_str()));
                let used = in_block(block).into_iter();
                elsewhere.extend(used.filter(|name| Some(name) != own.as_ref()));
            }
            _ => elsewhere.extend(in_block(block)),
        }
    }
    let elsewhere = variables(&reached(elsewhere, &locals));
    variables(&reached(by_providers, &locals)).difference(&elsewhere).cloned().collect()
}

/// The variables that are declared and that nothing refers to but their own validations.
pub(super) fn unused<'b>(bodies: impl Iterator<Item = &'b Body> + Clone) -> BTreeSet<String> {
    let (mut declared, mut used) = (BTreeSet::new(), BTreeSet::new());
    for block in bodies.flat_map(Body::blocks) {
        let own = block.labels.first().filter(|_| block.ident.as_str() == "variable");
        let own = own.map(|name| format!("var.{}", name.as_str()));
        used.extend(in_block(block).into_iter().filter(|name| Some(name) != own.as_ref()));
        declared.extend(own);
    }
    variables(&declared.difference(&used).cloned().collect())
}

/// The variables whose values are needed before anything is planned.
pub(super) fn early<'b>(bodies: impl Iterator<Item = &'b Body> + Clone) -> BTreeSet<String> {
    let locals = locals(bodies.clone());
    let mut used = BTreeSet::new();
    for block in bodies.flat_map(Body::blocks) {
        match block.ident.as_str() {
            "terraform" => used.extend(in_block(block)),
            "module" => {
                let source = block.body.attributes();
                let source = source.filter(|a| matches!(a.key.as_str(), "source" | "version"));
                used.extend(source.flat_map(|attribute| in_expression(&attribute.value)));
            }
            _ => {}
        }
    }
    variables(&reached(used, &locals))
}

fn locals<'b>(bodies: impl Iterator<Item = &'b Body>) -> Locals {
    let mut locals = Locals::new();
    for block in bodies.flat_map(|body| body.get_blocks("locals")) {
        for attribute in block.body.attributes() {
            let used = locals.entry(format!("local.{}", attribute.key.as_str()));
            used.or_default().extend(in_expression(&attribute.value));
        }
    }
    locals
}

fn in_block(block: &Block) -> BTreeSet<String> {
    let mut found = References::default();
    found.visit_body(&block.body);
    found.0
}

fn in_expression(expression: &Expression) -> BTreeSet<String> {
    let mut found = References::default();
    found.visit_expr(expression);
    found.0
}

fn reached(names: BTreeSet<String>, locals: &Locals) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut left: Vec<String> = names.into_iter().collect();
    while let Some(name) = left.pop() {
        if seen.insert(name.clone()) {
            left.extend(locals.get(&name).into_iter().flatten().cloned());
        }
    }
    seen
}

fn variables(names: &BTreeSet<String>) -> BTreeSet<String> {
    names.iter().filter_map(|name| name.strip_prefix("var.")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use crate::codec::hcl::scan;

    #[test]
    fn only_what_feeds_providers_and_nothing_else_is_a_credential() {
        let check = |name: &str, text: &str, expected: &[&str]| {
            let files = [(name.to_owned(), text.as_bytes().to_vec())].into();
            let found = scan(&files).credentials;
            assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{text}");
        };
        let native = |text: &str, expected: &[&str]| check("main.tf", text, expected);
        let provider = "provider \"p\" {\n  token = var.t\n}\n";
        native(provider, &["t"]);
        let own = "variable \"t\" {\n  validation {\n    condition = length(var.t) > 3\n  }\n}\n";
        native(&format!("{provider}{own}"), &["t"]);
        for other in [
            "output \"o\" {\n  value = \"x${var.t}\"\n}\n",
            "resource \"a\" \"b\" {\n  c {\n    d = [for x in var.t : x]\n  }\n}\n",
            "module \"m\" {\n  t = var.t\n}\n",
            "data \"a\" \"b\" {\n  count = var.t == \"\" ? 0 : 1\n}\n",
            "locals {\n  l = var.t\n}\noutput \"o\" {\n  value = local.l\n}\n",
            "variable \"u\" {\n  validation {\n    condition = var.u != var.t\n  }\n}\n",
        ] {
            native(&format!("{provider}{other}"), &[]);
        }
        native(
            "locals {\n  l = \"${local.m}/\"\n  m = [var.t]\n}\nprovider \"p\" {\n  a { b = local.l[0] }\n}\n",
            &["t"],
        );
        native("locals {\n  l = var.t\n}\n", &[]);
        let block = "terraform {\n  encryption {\n    key_provider \"p\" \"k\" {\n      passphrase = var.t\n    }\n  }\n}\n";
        native(block, &["t"]);
        native(&format!("{block}output \"o\" {{\n  value = var.t\n}}\n"), &[]);
        native("terraform {\n  backend \"b\" {\n    path = var.t\n  }\n}\n", &[]);
        native("locals {\n  l = local.l\n}\nprovider \"p\" {\n  a = local.l\n}\n", &[]);
        check("main.tf.json", r#"{"provider":{"p":{"token":"${var.t}"}}}"#, &["t"]);
        let both = r#"{"provider":{"p":{"token":"${var.t}"}},"output":{"o":{"value":"${var.t}"}}}"#;
        check("main.tf.json", both, &[]);
    }

    #[test]
    fn a_key_is_kept_nowhere_unless_something_else_than_credentials_uses_it() {
        let block = "terraform {\n  encryption {\n    key_provider \"p\" \"k\" {\n      passphrase = local.l\n    }\n  }\n}\nlocals {\n  l = var.t\n}\nvariable \"t\" {}\nvariable \"u\" {}\nvariable \"e\" {\n  ephemeral = true\n}\nprovider \"q\" {\n  a = var.u\n}\n";
        let kept_nowhere = |text: &str| {
            let facts = scan(&[("main.tf".to_owned(), text.as_bytes().to_vec())].into());
            ["t", "u", "e"].map(|name| facts.is_kept_nowhere(name))
        };
        assert_eq!(kept_nowhere(block), [true, false, true]);
        let provider = "provider \"p\" {\n  a = var.t\n}\n";
        assert_eq!(kept_nowhere(&format!("{block}{provider}")), [true, false, true]);
        let output = "output \"o\" {\n  value = var.t\n}\n";
        assert_eq!(kept_nowhere(&format!("{block}{output}")), [false, false, true]);
    }

    #[test]
    fn of_a_module_with_a_file_that_cannot_be_read_nothing_is_told() {
        let file = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
        let provider = file("main.tf", "provider \"p\" {\n  token = var.t\n}\n");
        let found = scan(&[provider, file("broken.tf", "output \"o\" {")].into());
        assert!(found.credentials.is_empty());
    }
}
