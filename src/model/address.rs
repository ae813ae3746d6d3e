//! Addresses of resource instances and of providers, as Terraform writes them.
//!
//! An [`Address`] is absolute: module path, mode, type, name and instance key. Reading what
//! [`Address`] shows gives the same address back. A deposed object is not an address of its own:
//! `model::state` keeps its key beside the address.

use std::fmt;
use std::str::FromStr;

use super::value::is_identifier;

/// The key of one instance under `count` or `for_each`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum InstanceKey {
    /// `[0]`, from `count`.
    Index(u64),
    /// `["a"]`, from `for_each`.
    Name(String),
}

impl fmt::Display for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Name(name) => write!(f, "[{}]", quoted(name)),
        }
    }
}

/// Quotes a key as Terraform does: backslash, quote, line breaks and `${` / `%{` are escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '$' | '%' if rest.peek() == Some(&'{') => {
                quoted.push(character);
                quoted.push(character);
            }
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether Terraform manages the object or only reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// A `resource` block.
    Managed,
    /// A `data` block.
    Data,
}

/// One `module.name[key]` step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModuleStep {
    /// The name of the `module` block.
    pub name: String,
    /// Its instance, under `count` or `for_each`.
    pub key: Option<InstanceKey>,
}

/// The absolute address of one resource instance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// The module path, outermost first; empty in the root.
    pub module: Vec<ModuleStep>,
    /// Managed or data.
    pub mode: Mode,
    /// The resource type, such as `aws_subnet`.
    pub kind: String,
    /// The block's name.
    pub name: String,
    /// Which instance of the block.
    pub key: Option<InstanceKey>,
}

/// A text that is not the address of a resource instance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a resource address: `{0}`")]
pub struct NotAnAddress(String);

impl Address {
    /// The module it is declared in, as text; empty for the root.
    pub fn module_path(&self) -> String {
        let steps: Vec<String> = self.module.iter().map(ToString::to_string).collect();
        steps.join(".")
    }

    /// The address of the block, with no instance keys anywhere: `module.m.aws_subnet.a`.
    pub fn block(&self) -> String {
        let module = self.module.iter().map(|step| ModuleStep { key: None, ..step.clone() });
        Self { module: module.collect(), key: None, ..self.clone() }.to_string()
    }
}

impl fmt::Display for ModuleStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "module.{}", self.name)?;
        match &self.key {
            Some(key) => key.fmt(f),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.module {
            write!(f, "{step}.")?;
        }
        if self.mode == Mode::Data {
            f.write_str("data.")?;
        }
        write!(f, "{}.{}", self.kind, self.name)?;
        match &self.key {
            Some(key) => key.fmt(f),
            None => Ok(()),
        }
    }
}

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || NotAnAddress(text.chars().take(200).collect());
        let mut parts = parts(text).ok_or_else(refused)?.into_iter().peekable();
        let module = take_modules(&mut parts).ok_or_else(refused)?;
        let mode = if parts.next_if(|part| part.is_bare("data")).is_some() {
            Mode::Data
        } else {
            Mode::Managed
        };
        let kind = parts.next().filter(|part| part.key.is_none()).ok_or_else(refused)?;
        let name = parts.next().ok_or_else(refused)?;
        if parts.next().is_some() {
            return Err(refused());
        }
        Ok(Self { module, mode, kind: kind.name, name: name.name, key: name.key })
    }
}

/// Reads a module path such as `module.a["x"].module.b`; the empty text is the root.
pub fn parse_module_path(text: &str) -> Result<Vec<ModuleStep>, NotAnAddress> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let refused = || NotAnAddress(text.chars().take(200).collect());
    let mut parts = parts(text).ok_or_else(refused)?.into_iter().peekable();
    let module = take_modules(&mut parts).ok_or_else(refused)?;
    if parts.next().is_some() { Err(refused()) } else { Ok(module) }
}

/// A dotted part with its optional key.
struct AddressPart {
    name: String,
    key: Option<InstanceKey>,
}

impl AddressPart {
    fn is_bare(&self, name: &str) -> bool {
        self.name == name && self.key.is_none()
    }
}

fn take_modules(
    parts: &mut std::iter::Peekable<std::vec::IntoIter<AddressPart>>,
) -> Option<Vec<ModuleStep>> {
    let mut module = Vec::new();
    while parts.next_if(|part| part.is_bare("module")).is_some() {
        let step = parts.next()?;
        module.push(ModuleStep { name: step.name, key: step.key });
    }
    Some(module)
}

/// Splits at the dots outside of keys.
fn parts(text: &str) -> Option<Vec<AddressPart>> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end)?;
        if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c == '"' || c == ']') {
            return None;
        }
        let (key, after) = match after.strip_prefix('[') {
            Some(inside) => take_key(inside).map(|(key, after)| (Some(key), after))?,
            None => (None, after),
        };
        parts.push(AddressPart { name: name.to_owned(), key });
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(parts),
            None => return None,
        }
    }
}

/// Reads `0]…` or `"a"]…`, and gives back what follows the bracket.
fn take_key(text: &str) -> Option<(InstanceKey, &str)> {
    let Some(inside) = text.strip_prefix('"') else {
        let (digits, after) = text.split_once(']')?;
        return Some((InstanceKey::Index(digits.parse().ok()?), after));
    };
    let mut name = String::new();
    let mut rest = inside.char_indices().peekable();
    while let Some((position, character)) = rest.next() {
        match character {
            '"' => {
                let after = inside.get(position + 1..)?.strip_prefix(']')?;
                return Some((InstanceKey::Name(name), after));
            }
            '\\' => match rest.next()?.1 {
                'n' => name.push('\n'),
                'r' => name.push('\r'),
                't' => name.push('\t'),
                other @ ('"' | '\\') => name.push(other),
                _ => return None,
            },
            '$' | '%' => {
                name.push(character);
                let doubled = rest.peek().is_some_and(|(_, next)| *next == character)
                    && inside.get(position + 2..).is_some_and(|text| text.starts_with('{'));
                if doubled {
                    rest.next();
                }
            }
            plain => name.push(plain),
        }
    }
    None
}

/// The full name of a provider, such as `registry.terraform.io/hashicorp/aws`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProviderSource {
    /// The registry's host.
    pub host: String,
    /// The organisation.
    pub namespace: String,
    /// The provider's own name.
    pub name: String,
}

impl ProviderSource {
    /// The source under one name for both public registries: Terraform's and OpenTofu's serve the
    /// same packages under two hosts, and OpenTofu rewrites one to the other in memory.
    #[must_use]
    pub fn canonical(&self) -> Self {
        let host = match self.host.as_str() {
            "registry.opentofu.org" => "registry.terraform.io",
            host => host,
        };
        Self { host: host.to_owned(), ..self.clone() }
    }
}

impl fmt::Display for ProviderSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.host, self.namespace, self.name)
    }
}

impl FromStr for ProviderSource {
    type Err = NotAProvider;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || NotAProvider(text.chars().take(200).collect());
        let fits = |part: &&str| {
            !part.is_empty()
                && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'))
        };
        let parts: Vec<&str> = text.split('/').filter(fits).collect();
        match (parts.as_slice(), text.matches('/').count()) {
            ([host, namespace, name], 2) => Ok(Self {
                host: (*host).to_owned(),
                namespace: (*namespace).to_owned(),
                name: (*name).to_owned(),
            }),
            _ => Err(refused()),
        }
    }
}

/// A text that does not name a provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a provider: `{0}`")]
pub struct NotAProvider(String);

/// Which provider configuration an object belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProviderAddress {
    /// The provider.
    pub source: ProviderSource,
    /// The module whose provider block it is, as text; empty for the root.
    pub module: String,
    /// The alias of the provider block.
    pub alias: Option<String>,
    /// Which instance of the provider block; OpenTofu's may have `for_each`.
    pub key: Option<InstanceKey>,
}

impl FromStr for ProviderAddress {
    type Err = NotAProvider;

    /// Reads `module.x.provider["host/namespace/name"].alias["key"]`, as a state names providers,
    /// and `module.x.provider.name.alias`, as one did before 0.13.
    ///
    /// A provider block in one instance of a module is refused: Terraform knows none, and drops an
    /// object with such a provider without a word (measured with 1.11.4).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || NotAProvider(text.chars().take(200).collect());
        let (module, source, rest) = match text.split_once("provider[\"") {
            Some((module, inside)) => {
                let (source, rest) = inside.split_once("\"]").ok_or_else(refused)?;
                (module, source.parse()?, rest)
            }
            None => legacy_provider(text).ok_or_else(refused)?,
        };
        let steps = match module.strip_suffix('.') {
            Some(path) if !path.is_empty() => parse_module_path(path).map_err(|_| refused())?,
            None if module.is_empty() => Vec::new(),
            _ => return Err(refused()),
        };
        if steps.iter().any(|step| step.key.is_some()) {
            return Err(refused());
        }
        let (alias, key) = alias(rest).ok_or_else(refused)?;
        let module = module.trim_end_matches('.').to_owned();
        Ok(Self { source, module, alias, key })
    }
}

/// Splits `module.x.provider.name.alias`. Terraform takes the name for one of an unknown namespace,
/// `-`, until the namespace is given (measured with 1.11.4).
fn legacy_provider(text: &str) -> Option<(&str, ProviderSource, &str)> {
    let start = if text.starts_with("provider.") { 0 } else { text.rfind(".provider.")? + 1 };
    let (module, rest) = text.split_at_checked(start)?;
    let rest = rest.strip_prefix("provider.")?;
    let (name, rest) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
    if !is_identifier(name) {
        return None;
    }
    let (host, namespace) = match name {
        "terraform" => ("terraform.io", "builtin"),
        _ => ("registry.terraform.io", "-"),
    };
    let source = ProviderSource {
        host: host.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    Some((module, source, rest))
}

/// Reads nothing, `.alias` or `.alias["key"]`.
fn alias(text: &str) -> Option<(Option<String>, Option<InstanceKey>)> {
    if text.is_empty() {
        return Some((None, None));
    }
    let text = text.strip_prefix('.')?;
    let (alias, key) = text.split_at(text.find('[').unwrap_or(text.len()));
    let key = match key.strip_prefix('[') {
        None => None,
        Some(inside) => Some(take_key(inside).filter(|(_, rest)| rest.is_empty())?.0),
    };
    is_identifier(alias).then(|| (Some(alias.to_owned()), key))
}

impl fmt::Display for ProviderAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.module.is_empty() {
            write!(f, "{}.", self.module)?;
        }
        write!(f, "provider[\"{}\"]", self.source)?;
        if let Some(alias) = &self.alias {
            write!(f, ".{alias}")?;
        }
        match &self.key {
            Some(key) => key.fmt(f),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
