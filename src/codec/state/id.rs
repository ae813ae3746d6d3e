//! The real id of an object, without reading the rest of its attributes.
//!
//! It looks for the attribute `id` at the top and stops there. Whether two objects are one is the
//! engine's.

use serde_json::value::RawValue;

use super::file::Text;
use crate::codec::json;
use crate::model::value::RawJson;

/// The attribute `id`, when it is a text with something in it.
///
/// Reading stops there: attributes are sorted, so that about half of them is passed over.
pub(super) fn id(attributes: RawJson<'_>) -> Option<String> {
    let mut found = None;
    let mut deserializer = serde_json::Deserializer::from_str(attributes.0);
    deserializer.disable_recursion_limit();
    // Stopping in the middle is an error to the reader, and not to us.
    let _stopped =
        serde::de::DeserializeSeed::deserialize(FindId(&mut found), &mut deserializer).is_err();
    let raw: &str = found?.get();
    if raw.starts_with('"') {
        json::deserialize::<String>(raw).ok().filter(|id| !id.is_empty())
    } else {
        None
    }
}

/// Looks for the member `id` and no further.
struct FindId<'f, 'de>(&'f mut Option<&'de RawValue>);

impl<'de> serde::de::DeserializeSeed<'de> for FindId<'_, 'de> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> serde::de::Visitor<'de> for FindId<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Text<'de>>()? {
            if name.0 == "id" {
                *self.0 = Some(map.next_value()?);
                return Ok(());
            }
            map.next_value::<serde::de::IgnoredAny>()?;
        }
        Ok(())
    }
}
