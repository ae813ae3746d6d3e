//! Older versions of objects, as a versioned bucket keeps them and lists them.
//!
//! `s3s-fs` has none, so the gate before it keeps a copy of everything that is written and answers
//! the two requests that read them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use http::Response;
use jiff::Timestamp;

use super::bucket::{Answer, error};

/// How many versions a page of a list has: few, so that lists have pages.
const PAGE: usize = 2;

#[derive(Debug, Clone)]
struct Kept {
    id: String,
    written: Timestamp,
    /// None for the mark of a deletion.
    bytes: Option<Vec<u8>>,
}

/// Everything that was ever written, by key, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    kept: BTreeMap<String, Vec<Kept>>,
}

impl Versions {
    /// Keeps what was written, at a time that counts up from a fixed one.
    pub(crate) fn keep(&mut self, key: &str, bytes: Option<Vec<u8>>) {
        let versions = self.kept.entry(key.to_owned()).or_default();
        let number = versions.len();
        let seconds = i64::try_from(number).unwrap() * 3600;
        let written = "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap();
        let written = written + jiff::SignedDuration::from_secs(seconds);
        versions.push(Kept { id: format!("v{number:03}"), written, bytes });
    }

    /// How many versions a key has.
    pub(crate) fn count(&self, key: &str) -> usize {
        self.kept.get(key).map_or(0, Vec::len)
    }

    /// When a version was written.
    pub(crate) fn time(&self, key: &str, number: usize) -> String {
        self.kept[key][number].written.to_string()
    }

    /// Says of a version that it was written at another time.
    pub(crate) fn date(&mut self, key: &str, number: usize, written: &str) {
        self.kept.get_mut(key).unwrap()[number].written = written.parse().unwrap();
    }

    /// Answers a request for versions; nothing when it is another one.
    pub(crate) fn answer(&self, query: &str, key: &str) -> Option<Answer> {
        let pairs: BTreeMap<&str, &str> =
            query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
        if pairs.contains_key("versions") {
            let prefix = pairs.get("prefix").copied().unwrap_or_default().replace("%2F", "/");
            let marker = |name| pairs.get(name).map(|text| text.replace("%2F", "/"));
            let after = marker("key-marker").zip(marker("version-id-marker"));
            return Some(self.list(&prefix, after));
        }
        let wanted = pairs.get("versionId")?;
        let versions = self.kept.get(key).map_or(&[][..], Vec::as_slice);
        let found = versions.iter().find(|version| version.id == **wanted);
        Some(match found.and_then(|version| version.bytes.clone()) {
            Some(bytes) => Response::new(s3s::Body::from(bytes)),
            None => error(404, "NoSuchVersion"),
        })
    }

    /// A page of a list, newest first, as S3 does it.
    fn list(&self, prefix: &str, after: Option<(String, String)>) -> Answer {
        let mut all: Vec<(&str, &Kept, bool)> = Vec::new();
        for (key, versions) in self.kept.iter().filter(|(key, _)| key.starts_with(prefix)) {
            let newest = versions.len() - 1;
            let listed = versions.iter().enumerate().rev();
            all.extend(listed.map(|(index, kept)| (key.as_str(), kept, index == newest)));
        }
        let begin = after.map_or(0, |(after, id)| {
            let is_marker = |(key, kept, _): &(&str, &Kept, bool)| *key == after && kept.id == id;
            all.iter().position(is_marker).map_or(all.len(), |at| at + 1)
        });
        let page = &all[begin..all.len().min(begin + PAGE)];
        let is_truncated = begin + PAGE < all.len();
        let mut xml = format!(
            "<?xml version=\"1.0\"?>\n<ListVersionsResult><Name>b</Name><Prefix>{prefix}</Prefix>\
             <MaxKeys>{PAGE}</MaxKeys><IsTruncated>{is_truncated}</IsTruncated>"
        );
        if let (true, Some((key, kept, _))) = (is_truncated, page.last()) {
            write!(xml, "<NextKeyMarker>{key}</NextKeyMarker>").unwrap();
            write!(xml, "<NextVersionIdMarker>{}</NextVersionIdMarker>", kept.id).unwrap();
        }
        for (key, kept, is_latest) in page {
            let element = if kept.bytes.is_some() { "Version" } else { "DeleteMarker" };
            let size = kept.bytes.as_ref().map_or(0, Vec::len);
            write!(
                xml,
                "<{element}><Key>{key}</Key><VersionId>{}</VersionId><IsLatest>{is_latest}\
                 </IsLatest><LastModified>{:.0}</LastModified><ETag>\"x\"</ETag><Size>{size}</Size>\
                 <StorageClass>STANDARD</StorageClass></{element}>",
                kept.id, kept.written
            )
            .unwrap();
        }
        xml.push_str("</ListVersionsResult>");
        let mut answer = Response::new(s3s::Body::from(xml));
        answer.headers_mut().insert("content-type", "application/xml".parse().unwrap());
        answer
    }
}
