//! Values that are one JSON string: digests, names, times.
//!
//! A value is read only in the form in which it would be written, so that one meaning has one
//! spelling in a log.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::version::Lineage;

/// A value written as what it shows.
#[derive(Debug, Clone)]
pub(super) struct AsText<T>(pub(super) T);

impl<T: fmt::Display> Serialize for AsText<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr + fmt::Display> Deserialize<'de> for AsText<T>
where
    T::Err: fmt::Display,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let value: T = text.parse().map_err(D::Error::custom)?;
        if value.to_string() == text {
            Ok(Self(value))
        } else {
            let seen = Unexpected::Str(&text);
            Err(D::Error::invalid_value(seen, &"its canonical form"))
        }
    }
}

/// A lineage, which must not be empty.
#[derive(Debug, Clone)]
pub(super) struct LineageText(pub(super) Lineage);

impl Serialize for LineageText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for LineageText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Lineage::new(&text)
            .map(Self)
            .ok_or_else(|| D::Error::invalid_value(Unexpected::Str(""), &"a lineage"))
    }
}
