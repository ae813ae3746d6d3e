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

    /// The place, where all of the path is known.
    pub(super) fn into_place(self) -> Option<ReadPlace> {
        let is_something = self.base.is_some() || !self.text.is_empty();
        if self.whole && is_something { place(self.base, &self.text) } else { None }
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

/// A piece of a path as the text has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PathPart {
    /// These characters.
    Text(String),
    /// `path.module` and the like.
    Base(Base),
    /// `var.NAME`.
    Variable(String),
    /// Anything that the text does not tell.
    Unknown,
}

/// Folds `expression`; nothing is known of any variable.
pub(super) fn fold(expression: &Expression, locals: &Locals) -> Folded {
    with_values(&parts(expression, locals), &BTreeMap::new())
}

/// Puts a path together; `values` are those of variables, by name.
pub(super) fn with_values(parts: &[PathPart], values: &BTreeMap<String, String>) -> Folded {
    let mut path = Folded::text("");
    for part in parts {
        path.append(&match part {
            PathPart::Text(text) => Folded::text(text),
            PathPart::Base(base) => Folded::base(*base),
            PathPart::Variable(name) => {
                values.get(name).map_or_else(Folded::unknown, |value| Folded::text(value))
            }
            PathPart::Unknown => Folded::unknown(),
        });
    }
    path
}

/// The pieces of `expression`.
pub(super) fn parts(expression: &Expression, locals: &Locals) -> Vec<PathPart> {
    let mut found = Vec::new();
    take(expression, locals, LOCALS_DEEP, &mut found);
    found
}

fn take(expression: &Expression, locals: &Locals, left: u8, found: &mut Vec<PathPart>) {
    if let Some(text) = expression.as_str() {
        return found.push(PathPart::Text(text.to_owned()));
    }
    if let Some(template) = expression.as_string_template() {
        return of_template(template.iter(), locals, left, found);
    }
    if let Some(heredoc) = expression.as_heredoc_template() {
        let template: &Template = &heredoc.template;
        return of_template(template.iter(), locals, left, found);
    }
    if let Some(parenthesis) = expression.as_parenthesis() {
        return take(parenthesis.inner(), locals, left, found);
    }
    if let Some(call) = expression.as_func_call() {
        let only = call.args.get(0).filter(|_| call.args.len() == 1);
        return match (call.name.name.as_str(), only) {
            ("abspath", Some(inner)) => take(inner, locals, left, found),
            _ => found.push(PathPart::Unknown),
        };
    }
    let named = expression.as_traversal().and_then(|found| root_of(found).zip(attribute_of(found)));
    match named {
        Some(("path", "module")) => found.push(PathPart::Base(Base::Module)),
        // Terraform runs in the root module's directory.
        Some(("path", "root" | "cwd")) => found.push(PathPart::Base(Base::Root)),
        Some(("var", name)) => found.push(PathPart::Variable(name.to_owned())),
        Some(("local", name)) => match locals.get(name) {
            Some(local) if left > 0 => take(local, locals, left - 1, found),
            _ => found.push(PathPart::Unknown),
        },
        _ => found.push(PathPart::Unknown),
    }
}

fn of_template<'a>(
    elements: impl Iterator<Item = &'a Element>,
    locals: &Locals,
    left: u8,
    found: &mut Vec<PathPart>,
) {
    for element in elements {
        match element {
            Element::Literal(text) => found.push(PathPart::Text(text.to_string())),
            Element::Interpolation(inner) => take(&inner.expr, locals, left, found),
            Element::Directive(_) => found.push(PathPart::Unknown),
        }
    }
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
