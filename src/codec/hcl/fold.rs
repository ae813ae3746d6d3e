//! Folding an expression to a path, as far as its text alone tells.
//!
//! Literals, templates over `path.module`, `path.root` and `path.cwd`, parentheses, `abspath` and
//! locals made of those are followed; nothing else is evaluated. When only the beginning is known,
//! the directory that it names stands for anything that may be read below it.

use std::collections::BTreeMap;

use hcl_edit::Ident;
use hcl_edit::expr::{Expression, Traversal, TraversalOperator};
use hcl_edit::template::{Element, Template};

use super::{Base, ReadPlace, ReadTarget};

/// Expressions of `locals`, by name.
pub(super) type Locals = BTreeMap<String, Expression>;

/// How many locals are followed one after the other; it also ends a cycle.
const LOCALS_DEEP: u8 = 8;

/// The known beginning of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folded {
    base: Option<Base>,
    text: String,
    whole: bool,
}

impl Folded {
    /// Nothing is known.
    pub(super) fn unknown() -> Self {
        Self { base: None, text: String::new(), whole: false }
    }

    fn text(text: &str) -> Self {
        Self { base: None, text: text.to_owned(), whole: true }
    }

    fn base(base: Base) -> Self {
        Self { base: Some(base), ..Self::text("") }
    }

    fn append(&mut self, next: &Self) {
        let begins = self.base.is_none() && self.text.is_empty();
        if !self.whole || (next.base.is_some() && !begins) {
            self.whole = false;
            return;
        }
        self.base = self.base.or(next.base);
        self.text.push_str(&next.text);
        self.whole = next.whole;
    }

    /// The target that a function reads if it takes this path.
    pub(super) fn into_target(self) -> ReadTarget {
        let Self { base, text, whole } = self;
        if whole && !text.is_empty() {
            return place(base, &text).map_or(ReadTarget::Unknown, ReadTarget::File);
        }
        let directory = text.rsplit_once('/').map(|(directory, _)| directory);
        match (base, directory) {
            // Nothing at all, or an absolute path whose first part is unknown.
            (None, None | Some("")) => ReadTarget::Unknown,
            (base, directory) => place(base, directory.unwrap_or_default())
                .map_or(ReadTarget::Unknown, ReadTarget::Within),
        }
    }

    /// The target that `fileset` reads with this pattern below `directory`.
    pub(super) fn into_set(self, mut directory: Self) -> ReadTarget {
        if !directory.whole {
            return directory.into_target();
        }
        let literal = self.text.split(['*', '?', '[', '{', '\\']).next();
        let parent = literal.and_then(|text| text.rsplit_once('/'));
        if let Some((parent, _)) = parent {
            directory.text.push('/');
            directory.text.push_str(parent);
        }
        place(directory.base, &directory.text).map_or(ReadTarget::Unknown, ReadTarget::Within)
    }
}

/// Folds `expression`.
pub(super) fn fold(expression: &Expression, locals: &Locals) -> Folded {
    folded(expression, locals, LOCALS_DEEP)
}

fn folded(expression: &Expression, locals: &Locals, left: u8) -> Folded {
    if let Some(text) = expression.as_str() {
        return Folded::text(text);
    }
    if let Some(template) = expression.as_string_template() {
        return template_of(template.iter(), locals, left);
    }
    if let Some(heredoc) = expression.as_heredoc_template() {
        let template: &Template = &heredoc.template;
        return template_of(template.iter(), locals, left);
    }
    if let Some(parenthesis) = expression.as_parenthesis() {
        return folded(parenthesis.inner(), locals, left);
    }
    if let Some(call) = expression.as_func_call() {
        let only = call.args.get(0).filter(|_| call.args.len() == 1);
        return match (call.name.name.as_str(), only) {
            ("abspath", Some(inner)) => folded(inner, locals, left),
            _ => Folded::unknown(),
        };
    }
    match expression.as_traversal().map(|found| (root_of(found), found)) {
        Some((Some("path"), found)) => match attribute_of(found) {
            Some("module") => Folded::base(Base::Module),
            // Terraform runs in the root module's directory.
            Some("root" | "cwd") => Folded::base(Base::Root),
            _ => Folded::unknown(),
        },
        Some((Some("local"), found)) => match attribute_of(found).and_then(|name| locals.get(name))
        {
            Some(local) if left > 0 => folded(local, locals, left - 1),
            _ => Folded::unknown(),
        },
        _ => Folded::unknown(),
    }
}

fn template_of<'a>(
    elements: impl Iterator<Item = &'a Element>,
    locals: &Locals,
    left: u8,
) -> Folded {
    let mut path = Folded::text("");
    for element in elements {
        path.append(&match element {
            Element::Literal(text) => Folded::text(text),
            Element::Interpolation(inner) => folded(&inner.expr, locals, left),
            Element::Directive(_) => Folded::unknown(),
        });
    }
    path
}

fn root_of(traversal: &Traversal) -> Option<&str> {
    traversal.expr.as_variable().map(Ident::as_str)
}

/// The name in `x.name`, when nothing follows it.
fn attribute_of(traversal: &Traversal) -> Option<&str> {
    match traversal.operators.as_slice() {
        [operator] => match operator.value() {
            TraversalOperator::GetAttr(name) => Some(name.as_str()),
            TraversalOperator::AttrSplat(_)
            | TraversalOperator::FullSplat(_)
            | TraversalOperator::Index(_)
            | TraversalOperator::LegacyIndex(_) => None,
        },
        _ => None,
    }
}

/// The normalised place, or nothing for `${path.module}x` and for what climbs above `/`.
fn place(base: Option<Base>, text: &str) -> Option<ReadPlace> {
    let base = match base {
        Some(_) if !text.is_empty() && !text.starts_with('/') => return None,
        Some(base) => base,
        None if text.starts_with('/') => Base::Absolute,
        // Relative paths are relative to where Terraform runs.
        None => Base::Root,
    };
    if text.starts_with('~') || text.contains('\0') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match (part, parts.last()) {
            ("..", None) if base == Base::Absolute => return None,
            ("..", Some(last)) if *last != ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    let path = match base {
        Base::Absolute => format!("/{joined}"),
        Base::Module | Base::Root if joined.is_empty() => ".".to_owned(),
        Base::Module | Base::Root => joined,
    };
    Some(ReadPlace { base, path })
}
