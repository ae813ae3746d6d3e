//! Values that are written as one text: digests, names, addresses, times.
//!
//! A value is read only in the form in which it would be written, so that one meaning has one
//! spelling in a log.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize as _, Deserializer, Serializer};

/// Writes what the value shows.
pub fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Reads a value, if the text is the one that it shows.
pub fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: Display> + Display,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    let value: T = text.parse().map_err(D::Error::custom)?;
    if value.to_string() == text {
        Ok(value)
    } else {
        Err(D::Error::invalid_value(Unexpected::Str(&text), &"its canonical form"))
    }
}

/// Writes and reads a type of this crate so.
macro_rules! as_text {
    ($($name:ty),+) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                crate::model::text::serialize(self, serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::model::text::deserialize(deserializer)
            }
        }
    )+};
}
pub(crate) use as_text;

as_text!(
    super::address::Address,
    super::address::ProviderSource,
    super::digest::Digest,
    super::drift::ItemFingerprint,
    super::stack::StackName,
    super::version::Lineage
);

/// The same for a value that may not be there: `null`.
pub mod optional {
    use super::{Deserializer, Display, FromStr, Serializer};

    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(bound(serialize = "T: Display", deserialize = "T: FromStr<Err: Display> + Display"))]
    struct AsText<T>(#[serde(with = "super")] T);

    /// Writes what the value shows.
    pub fn serialize<T, S>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Display,
        S: Serializer,
    {
        serde::Serialize::serialize(&value.as_ref().map(AsText), serializer)
    }

    /// Reads a value, if there is one.
    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display> + Display,
        D: Deserializer<'de>,
    {
        let read: Option<AsText<T>> = serde::Deserialize::deserialize(deserializer)?;
        Ok(read.map(|text| text.0))
    }
}
