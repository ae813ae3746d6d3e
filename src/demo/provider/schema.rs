//! What can be declared: the resource types and their attributes, as tables.
//!
//! How Terraform may fill an attribute and what its change entails is said here once; `plan`
//! follows the tables. Values are deliberately not checked here, see `layout`. Start from
//! [`ResourceType`].

use super::msgpack::Value;
use super::wire::Message;

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

    /// What the ids of its objects begin with.
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

    /// What a person calls the object in this state or configuration: its path if it has one.
    pub(super) fn title(self, object: &Value) -> &str {
        object.get("path").as_text().unwrap_or(self.name())
    }

    /// The schema as it is announced.
    pub(super) fn schema(self, version: u64) -> Message {
        schema(version, self.attributes())
    }
}

/// The argument of the provider block: the directory of all objects.
pub(super) const PROVIDER: [Attribute; 1] = [Attribute::new("root", Type::Text, Origin::Optional)];

const FILE: [Attribute; 7] = [
    Attribute::new("id", Type::Text, Origin::Computed),
    Attribute::new("path", Type::Text, Origin::Required).replaces(Replacement::WhenChanged),
    Attribute::new("content", Type::Text, Origin::Default(Constant::Text(""))),
    Attribute::new("secret", Type::Text, Origin::Optional).sensitive(),
    Attribute::new("mode", Type::Text, Origin::Default(Constant::Text("0644"))),
    Attribute::new("labels", Type::TextMap, Origin::Optional),
    Attribute::new("lines", Type::TextList, Origin::Optional),
];

const VOLUME: [Attribute; 3] = [
    Attribute::new("id", Type::Text, Origin::Computed),
    Attribute::new("path", Type::Text, Origin::Required).replaces(Replacement::WhenChanged),
    Attribute::new("size", Type::Number, Origin::Required).replaces(Replacement::WhenLess),
];

const LINK: [Attribute; 3] = [
    Attribute::new("id", Type::Text, Origin::Computed),
    Attribute::new("path", Type::Text, Origin::Required).replaces(Replacement::WhenChanged),
    Attribute::new("target", Type::Text, Origin::Required),
];

const TOKEN: [Attribute; 4] = [
    Attribute::new("id", Type::Text, Origin::Computed),
    Attribute::new("length", Type::Number, Origin::Default(Constant::Integer(16)))
        .replaces(Replacement::WhenChanged),
    Attribute::new("keepers", Type::TextMap, Origin::Optional).replaces(Replacement::WhenChanged),
    Attribute::new("value", Type::Text, Origin::Computed),
];

const SECRET: [Attribute; 4] = [
    Attribute::new("id", Type::Text, Origin::Computed),
    Attribute::new("path", Type::Text, Origin::Required).replaces(Replacement::WhenChanged),
    Attribute::new("value_wo", Type::Text, Origin::Optional).write_only(),
    Attribute::new("value_wo_version", Type::Number, Origin::Optional),
];

/// An attribute of a resource type.
#[derive(Debug)]
pub(super) struct Attribute {
    /// Its name.
    pub(super) name: &'static str,
    /// Where its value comes from.
    pub(super) origin: Origin,
    /// Whether its change makes another object.
    pub(super) replacement: Replacement,
    kind: Type,
    sensitive: bool,
    /// Whether it is sent with a change and kept in no state.
    pub(super) write_only: bool,
}

/// Where the value of an attribute comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Origin {
    /// The configuration has to say.
    Required,
    /// The configuration may say.
    Optional,
    /// The configuration may say, otherwise it is this.
    Default(Constant),
    /// The provider says, once the object is made.
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
    pub(super) fn value(self) -> Value {
        match self {
            Self::Text(text) => Value::text(text),
            Self::Integer(number) => Value::Integer(number),
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
enum Type {
    Text,
    Number,
    TextMap,
    TextList,
}

impl Attribute {
    const fn new(name: &'static str, kind: Type, origin: Origin) -> Self {
        Self {
            name,
            origin,
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

    fn announce(&self) -> Message {
        let kind = match self.kind {
            Type::Text => r#""string""#,
            Type::Number => r#""number""#,
            Type::TextMap => r#"["map","string"]"#,
            Type::TextList => r#"["list","string"]"#,
        };
        let (required, optional, computed) = match self.origin {
            Origin::Required => (1, 0, 0),
            Origin::Optional => (0, 1, 0),
            Origin::Default(_) => (0, 1, 1),
            Origin::Computed => (0, 0, 1),
        };
        Message::default()
            .bytes(1, self.name)
            .bytes(2, kind)
            .number(4, required)
            .number(5, optional)
            .number(6, computed)
            .number(7, u64::from(self.sensitive))
            .number(11, u64::from(self.write_only))
    }
}

/// A schema of these attributes as it is announced.
pub(super) fn schema(version: u64, attributes: &[Attribute]) -> Message {
    let block = attributes
        .iter()
        .fold(Message::default(), |block, attribute| block.message(2, &attribute.announce()));
    Message::default().number(1, version).message(2, &block)
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
        let expected = Message::default()
            .bytes(1, "secret")
            .bytes(2, "\"string\"")
            .number(5, 1)
            .number(7, 1)
            .number(11, 0);
        assert_eq!(secret.announce(), expected);
    }
}
