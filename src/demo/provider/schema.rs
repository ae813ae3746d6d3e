//! The resource types and their attributes, as tables.
//!
//! The tables name the source of each attribute and the effect of its change; `plan` follows them.
//! Values are deliberately not checked here, see `layout`. Start from
//! [`ResourceType`].

use super::messages::{AttributeMessage, BlockMessage, SchemaMessage};
use super::msgpack::CtyValue;

/// A resource type of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResourceType {
    /// A text file: an object like most.
    File,
    /// A file to which others add data, which a replacement loses.
    Volume,
    /// A file that names another object, which cannot be deleted as long as it does.
    Link,
    /// A random value that exists only in the state.
    Token,
    /// A file whose content is sent and never read back.
    Secret,
}

impl ResourceType {
    /// Every type.
    pub(super) const ALL: [Self; 5] =
        [Self::File, Self::Volume, Self::Link, Self::Token, Self::Secret];

    /// The type of this name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name in a configuration.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::File => "demo_file",
            Self::Volume => "demo_volume",
            Self::Link => "demo_link",
            Self::Token => "demo_token",
            Self::Secret => "demo_secret",
        }
    }

    /// The beginning of the ids of its objects.
    pub(super) const fn id_prefix(self) -> &'static str {
        match self {
            Self::File => "f-",
            Self::Volume => "v-",
            Self::Link => "l-",
            Self::Token => "t-",
            Self::Secret => "s-",
        }
    }

    /// Its attributes.
    pub(super) const fn attributes(self) -> &'static [Attribute] {
        match self {
            Self::File => &FILE,
            Self::Volume => &VOLUME,
            Self::Link => &LINK,
            Self::Token => &TOKEN,
            Self::Secret => &SECRET,
        }
    }

    /// The name of the object in this state or configuration, for people: its path if it has one.
    pub(super) fn title(self, object: &CtyValue) -> &str {
        object.get("path").as_text().unwrap_or(self.name())
    }

    /// The schema as it is announced.
    pub(super) fn schema(self, version: i64) -> SchemaMessage {
        schema(version, self.attributes())
    }
}

/// The argument of the provider block: the directory of all objects. Without it, `DEMO_ROOT` of the
/// environment is, as a real provider takes its address from there. A root that has a file `.token`
/// is for a provider whose `DEMO_TOKEN` is that text.
pub(super) const PROVIDER: [Attribute; 1] =
    [Attribute::new("root", Type::Text, AttributeSource::Optional)];

const FILE: [Attribute; 7] = [
    Attribute::new("id", Type::Text, AttributeSource::Computed),
    Attribute::new("path", Type::Text, AttributeSource::Required)
        .replaces(Replacement::WhenChanged),
    Attribute::new("content", Type::Text, AttributeSource::Default(Constant::Text(""))),
    Attribute::new("secret", Type::Text, AttributeSource::Optional).sensitive(),
    Attribute::new("mode", Type::Text, AttributeSource::Default(Constant::Text("0644"))),
    Attribute::new("labels", Type::TextMap, AttributeSource::Optional),
    Attribute::new("lines", Type::TextList, AttributeSource::Optional),
];

const VOLUME: [Attribute; 3] = [
    Attribute::new("id", Type::Text, AttributeSource::Computed),
    Attribute::new("path", Type::Text, AttributeSource::Required)
        .replaces(Replacement::WhenChanged),
    Attribute::new("size", Type::Number, AttributeSource::Required).replaces(Replacement::WhenLess),
];

const LINK: [Attribute; 3] = [
    Attribute::new("id", Type::Text, AttributeSource::Computed),
    Attribute::new("path", Type::Text, AttributeSource::Required)
        .replaces(Replacement::WhenChanged),
    Attribute::new("target", Type::Text, AttributeSource::Required),
];

const TOKEN: [Attribute; 4] = [
    Attribute::new("id", Type::Text, AttributeSource::Computed),
    Attribute::new("length", Type::Number, AttributeSource::Default(Constant::Integer(16)))
        .replaces(Replacement::WhenChanged),
    Attribute::new("keepers", Type::TextMap, AttributeSource::Optional)
        .replaces(Replacement::WhenChanged),
    Attribute::new("value", Type::Text, AttributeSource::Computed),
];

const SECRET: [Attribute; 4] = [
    Attribute::new("id", Type::Text, AttributeSource::Computed),
    Attribute::new("path", Type::Text, AttributeSource::Required)
        .replaces(Replacement::WhenChanged),
    Attribute::new("value_wo", Type::Text, AttributeSource::Optional).write_only(),
    Attribute::new("value_wo_version", Type::Number, AttributeSource::Optional),
];

/// An attribute of a resource type.
#[derive(Debug)]
pub(super) struct Attribute {
    /// Its name.
    pub(super) name: &'static str,
    /// The source of its value.
    pub(super) source: AttributeSource,
    /// Whether its change makes another object.
    pub(super) replacement: Replacement,
    kind: Type,
    sensitive: bool,
    /// Whether it is sent with a change and kept in no state.
    pub(super) write_only: bool,
}

/// The source of the value of an attribute.
#[derive(Debug, Clone, Copy)]
pub(super) enum AttributeSource {
    /// The configuration has to set it.
    Required,
    /// The configuration may set it.
    Optional,
    /// The configuration may set it; otherwise it is this.
    Default(Constant),
    /// The provider sets it when the object is made.
    Computed,
}

/// A value that a table can hold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Constant {
    /// A text.
    Text(&'static str),
    /// A whole number.
    Integer(i64),
}

impl Constant {
    /// The value.
    pub(super) fn value(self) -> CtyValue {
        match self {
            Self::Text(text) => CtyValue::text(text),
            Self::Integer(number) => CtyValue::Integer(number),
        }
    }
}

/// Whether the change of an attribute makes another object.
#[derive(Debug, Clone, Copy)]
pub(super) enum Replacement {
    /// It is changed in place.
    Never,
    /// Any change does.
    WhenChanged,
    /// A smaller number does.
    WhenLess,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Type {
    Text,
    Number,
    TextMap,
    TextList,
}

impl Attribute {
    pub(super) const fn new(name: &'static str, kind: Type, source: AttributeSource) -> Self {
        Self {
            name,
            source,
            replacement: Replacement::Never,
            kind,
            sensitive: false,
            write_only: false,
        }
    }

    const fn replaces(mut self, replacement: Replacement) -> Self {
        self.replacement = replacement;
        self
    }

    const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    const fn write_only(mut self) -> Self {
        self.write_only = true;
        self
    }

    fn announce(&self) -> AttributeMessage {
        let kind = match self.kind {
            Type::Text => r#""string""#,
            Type::Number => r#""number""#,
            Type::TextMap => r#"["map","string"]"#,
            Type::TextList => r#"["list","string"]"#,
        };
        AttributeMessage {
            name: self.name.to_owned(),
            kind: kind.to_owned(),
            required: matches!(self.source, AttributeSource::Required),
            optional: matches!(
                self.source,
                AttributeSource::Optional | AttributeSource::Default(_)
            ),
            computed: matches!(
                self.source,
                AttributeSource::Computed | AttributeSource::Default(_)
            ),
            sensitive: self.sensitive,
            write_only: self.write_only,
        }
    }
}

/// The schema of these attributes as it is announced.
pub(super) fn schema(version: i64, attributes: &[Attribute]) -> SchemaMessage {
    let block = BlockMessage(attributes.iter().map(Attribute::announce).collect());
    SchemaMessage { version, block }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_found_by_its_name_and_has_an_id() {
        for kind in ResourceType::ALL {
            assert_eq!(ResourceType::from_name(kind.name()), Some(kind));
            let mut names = kind.attributes().iter().map(|attribute| attribute.name);
            assert!(names.any(|name| name == "id"));
        }
        assert_eq!(ResourceType::from_name("demo_other"), None);
    }

    #[test]
    fn a_secret_is_announced_as_sensitive_and_optional() {
        let secret = FILE.iter().find(|attribute| attribute.name == "secret").unwrap();
        let expected = AttributeMessage {
            name: "secret".to_owned(),
            kind: "\"string\"".to_owned(),
            optional: true,
            sensitive: true,
            ..AttributeMessage::default()
        };
        assert_eq!(secret.announce(), expected);
    }
}
