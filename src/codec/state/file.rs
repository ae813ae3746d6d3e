//! The shapes of a state file of version 4, read from text without copying what is large.
//!
//! Go reads a member under any spelling of its name that folds to it, the last one if there are
//! several. A member that we would read otherwise than Go is kept as a [`FieldProblem`]: serde's
//! own errors quote content. `object` and `fields` know what the values mean.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A string that borrows where it can: most have no escapes.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// A member that Terraform reads otherwise than it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldProblem {
    /// A member occurs twice: Terraform takes the last one.
    Twice,
    /// A member is spelled almost like a known one: Terraform takes it for that.
    AlmostKnown,
}

impl FieldProblem {
    /// The problem, in words that follow the name of the member's owner.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Twice => "has a field that occurs twice",
            Self::AlmostKnown => "has a field that differs from a known one only by case",
        }
    }
}

/// Whether Go takes a member of this name for `known` though it is another: letters of either case
/// are one, and so are the long s and s, and the Kelvin sign and k.
pub(super) fn is_almost(name: &str, known: &str) -> bool {
    let fold = |letter: char| match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    name != known && name.chars().map(fold).eq(known.chars())
}

/// An object that is read member by member.
trait KnownMembers<'de>: Default {
    /// The members that Terraform or OpenTofu knows, at most 32.
    const KNOWN: &'static [&'static str];

    /// Reads a known member.
    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;

    /// Notes what is wrong; the first problem stays.
    fn note(&mut self, problem: FieldProblem);
}

struct FieldReader<T>(PhantomData<T>);

impl<'de, T: KnownMembers<'de>> Visitor<'de> for FieldReader<T> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut members = T::default();
        let mut seen = 0_u32;
        while let Some(Text(name)) = map.next_key::<Text<'de>>()? {
            let known = T::KNOWN.iter().enumerate().find(|(_, known)| **known == name);
            if let Some((place, known)) = known {
                if seen & (1 << place) != 0 {
                    members.note(FieldProblem::Twice);
                }
                seen |= 1 << place;
                members.take(known, &mut map)?;
                continue;
            }
            if T::KNOWN.iter().any(|known| is_almost(&name, known)) {
                members.note(FieldProblem::AlmostKnown);
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(members)
    }
}

fn read<'de, T: KnownMembers<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_map(FieldReader(PhantomData))
}

/// An element of `resources`.
#[derive(Default)]
pub(super) struct ResourceFile<'a> {
    pub(super) module: Option<Text<'a>>,
    pub(super) mode: Option<Text<'a>>,
    pub(super) kind: Option<Text<'a>>,
    pub(super) name: Option<Text<'a>>,
    pub(super) provider: Option<Text<'a>>,
    pub(super) instances: Option<Vec<InstanceFile<'a>>>,
    pub(super) problem: Option<FieldProblem>,
}

impl<'de> KnownMembers<'de> for ResourceFile<'de> {
    const KNOWN: &'static [&'static str] =
        &["module", "mode", "type", "name", "each", "provider", "instances"];

    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "module" => self.module = map.next_value()?,
            "mode" => self.mode = map.next_value()?,
            "type" => self.kind = map.next_value()?,
            "name" => self.name = map.next_value()?,
            "provider" => self.provider = map.next_value()?,
            "instances" => self.instances = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }

    fn note(&mut self, problem: FieldProblem) {
        self.problem.get_or_insert(problem);
    }
}

impl<'de> Deserialize<'de> for ResourceFile<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer)
    }
}

/// An element of a resource's `instances`.
#[derive(Default)]
pub(super) struct InstanceFile<'a> {
    pub(super) index_key: Option<&'a RawValue>,
    pub(super) status: Option<Text<'a>>,
    pub(super) deposed: Option<Text<'a>>,
    pub(super) provider: Option<Text<'a>>,
    pub(super) schema_version: Option<u64>,
    pub(super) attributes: Option<&'a RawValue>,
    pub(super) attributes_flat: Option<&'a RawValue>,
    pub(super) identity: Option<&'a RawValue>,
    pub(super) sensitive_attributes: Option<&'a RawValue>,
    pub(super) dependencies: Option<Vec<Text<'a>>>,
    pub(super) depends_on: Option<Vec<Text<'a>>>,
    pub(super) create_before_destroy: Option<bool>,
    pub(super) skip_destroy: Option<bool>,
    pub(super) problem: Option<FieldProblem>,
}

impl<'de> KnownMembers<'de> for InstanceFile<'de> {
    const KNOWN: &'static [&'static str] = &[
        "index_key",
        "schema_version",
        "attributes",
        "sensitive_attributes",
        "private",
        "dependencies",
        "status",
        "deposed",
        "create_before_destroy",
        "attributes_flat",
        "identity",
        "identity_schema_version",
        "depends_on",
        "provider",
        "skip_destroy",
    ];

    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "index_key" => self.index_key = map.next_value()?,
            "status" => self.status = map.next_value()?,
            "deposed" => self.deposed = map.next_value()?,
            "provider" => self.provider = map.next_value()?,
            "schema_version" => self.schema_version = map.next_value()?,
            "attributes" => self.attributes = map.next_value()?,
            "attributes_flat" => self.attributes_flat = map.next_value()?,
            "identity" => self.identity = map.next_value()?,
            "sensitive_attributes" => self.sensitive_attributes = map.next_value()?,
            "dependencies" => self.dependencies = map.next_value()?,
            "depends_on" => self.depends_on = map.next_value()?,
            "create_before_destroy" => self.create_before_destroy = map.next_value()?,
            "skip_destroy" => self.skip_destroy = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }

    fn note(&mut self, problem: FieldProblem) {
        self.problem.get_or_insert(problem);
    }
}

impl<'de> Deserialize<'de> for InstanceFile<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer)
    }
}

/// A value of `outputs`.
#[derive(Default)]
pub(super) struct OutputFile<'a> {
    pub(super) value: Option<&'a RawValue>,
    pub(super) kind: Option<&'a RawValue>,
    pub(super) sensitive: Option<bool>,
    pub(super) problem: Option<FieldProblem>,
}

impl<'de> KnownMembers<'de> for OutputFile<'de> {
    const KNOWN: &'static [&'static str] = &["value", "type", "sensitive", "deprecated"];

    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            // An `Option` would read the value `null` as none.
            "value" => self.value = Some(map.next_value()?),
            "type" => self.kind = map.next_value()?,
            "sensitive" => self.sensitive = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }

    fn note(&mut self, problem: FieldProblem) {
        self.problem.get_or_insert(problem);
    }
}

impl<'de> Deserialize<'de> for OutputFile<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer)
    }
}
