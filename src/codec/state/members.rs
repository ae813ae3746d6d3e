//! Some members of an object that is kept raw, without reading the rest of it.
//!
//! Only members at the top that are texts are taken, and reading stops when every name was seen.
//! The engine knows what the texts mean.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::file::Text;
use crate::codec::json;
use crate::model::value::RawJson;

/// The members with these names that are texts with something in them.
///
/// Attributes are sorted, so that what comes behind the last name is passed over.
pub fn texts<'n>(object: RawJson<'_>, names: &[&'n str]) -> BTreeMap<&'n str, String> {
    let mut search = Search { names, seen: 0, found: Vec::new() };
    let mut deserializer = serde_json::Deserializer::from_str(object.0);
    deserializer.disable_recursion_limit();
    if names.is_empty() {
        return BTreeMap::new();
    }
    // Stopping in the middle is an error to the reader, and not to us.
    let _stopped = serde::de::DeserializeSeed::deserialize(&mut search, &mut deserializer).is_err();
    let text = |raw: &RawValue| json::deserialize::<String>(raw.get()).ok();
    let texts = search.found.into_iter().filter(|(_, raw)| raw.get().starts_with('"'));
    texts
        .filter_map(|(name, raw)| Some((name, text(raw).filter(|text| !text.is_empty())?)))
        .collect()
}

/// Every member, each of them raw; none where it is no object.
pub fn all<'a>(object: RawJson<'a>) -> Vec<(Cow<'a, str>, RawJson<'a>)> {
    json::deserialize::<All<'a>>(object.0).map_or_else(|_| Vec::new(), |All(members)| members)
}

struct All<'a>(Vec<(Cow<'a, str>, RawJson<'a>)>);

impl<'de> serde::Deserialize<'de> for All<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(All(Vec::new()))
    }
}

impl<'de> serde::de::Visitor<'de> for All<'de> {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some((Text(name), raw)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
            self.0.push((name, json::raw(raw)));
        }
        Ok(self)
    }
}

struct Search<'s, 'n, 'de> {
    names: &'s [&'n str],
    seen: usize,
    found: Vec<(&'n str, &'de RawValue)>,
}

impl<'de> serde::de::DeserializeSeed<'de> for &mut Search<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> serde::de::Visitor<'de> for &mut Search<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Text<'de>>()? {
            let Some(wanted) = self.names.iter().find(|wanted| **wanted == name.0) else {
                map.next_value::<serde::de::IgnoredAny>()?;
                continue;
            };
            self.found.push((*wanted, map.next_value()?));
            self.seen += 1;
            if self.seen == self.names.len() {
                return Ok(());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_at_the_top_are_found_and_nothing_else() {
        let object = RawJson(
            r#"{"arn":"arn:a","deep":{"region":"x"},"empty":"","n":5,"owner\u005fid":"o\n","z":"#,
        );
        let found = texts(object, &["arn", "region", "empty", "n", "owner_id"]);
        let expected = [("arn", "arn:a".to_owned()), ("owner_id", "o\n".to_owned())];
        assert_eq!(found, BTreeMap::from(expected), "what is cut off behind them is not reached");
        assert!(texts(RawJson("null"), &["arn"]).is_empty());
        assert!(texts(RawJson("[1]"), &["arn"]).is_empty());
        assert!(texts(object, &[]).is_empty());
    }
}
