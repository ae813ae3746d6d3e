//! How the attributes of an object lie in its file, and which values can lie there.
//!
//! A person reads and edits these files to play the cloud's console, so the content comes first
//! and as it is, and any text at all reads back as something. No file is deliberately opened here.
//! Start from [`check`], [`FileText`] and [`VolumeText`].
//!
//! ```text
//! the content, with as many lines as it has
//! --- lines ---
//! one element a line
//! --- labels ---
//! key=value
//! --- secret ---
//! the secret, to the end of the file
//! ```

use std::collections::BTreeMap;

use super::msgpack::CtyValue;
use super::schema::ResourceType;

const LINES: &str = "--- lines ---";
const LABELS: &str = "--- labels ---";
const SECRET: &str = "--- secret ---";
const MARKS: [&str; 3] = [LINES, LABELS, SECRET];

/// A longer token has no use.
const TOKEN_LENGTH_MAX: i64 = 1024;

/// Refuses a configuration of which no object can be made; a value that is not known yet passes.
pub(super) fn check(kind: ResourceType, config: &CtyValue) -> Result<(), String> {
    if let Some(path) = config.get("path").as_text() {
        check_path(path)?;
    }
    match kind {
        ResourceType::File => {
            if let Some(mode) = config.get("mode").as_text() {
                parse_mode(mode)?;
            }
            FileText::of(config).map(drop)
        }
        ResourceType::Volume => in_range(config, "size", 0..=i64::MAX),
        ResourceType::Token => in_range(config, "length", 1..=TOKEN_LENGTH_MAX),
        ResourceType::Link | ResourceType::Secret => Ok(()),
    }
}

/// Refuses every path that is not plainly below the root.
///
/// Names that begin with a dot are the provider's own.
pub(super) fn check_path(path: &str) -> Result<(), String> {
    let plain = |name: &str| {
        !name.is_empty() && !name.starts_with('.') && !name.contains(['\\', '\n', '\0'])
    };
    if path.split('/').all(plain) {
        Ok(())
    } else {
        Err(format!("not a plain path below the root: `{path}`"))
    }
}

/// Reads permissions as they are always written: four octal digits, of which the first is zero.
pub(super) fn parse_mode(mode: &str) -> Result<u32, String> {
    Some(mode)
        .filter(|mode| mode.len() == 4 && mode.starts_with('0'))
        .and_then(|mode| u32::from_str_radix(mode, 8).ok())
        .ok_or_else(|| format!("not a mode such as `0644`: `{mode}`"))
}

fn in_range(
    config: &CtyValue,
    name: &str,
    range: std::ops::RangeInclusive<i64>,
) -> Result<(), String> {
    let value = config.get(name);
    let fits = |number| range.contains(&number);
    if value.is_open() || value.as_integer().is_some_and(fits) {
        Ok(())
    } else {
        let (least, most) = range.into_inner();
        Err(format!("not a whole number from {least} to {most}: `{name}`"))
    }
}

/// The content of a `demo_file`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FileText {
    content: String,
    lines: Option<Vec<String>>,
    labels: Option<BTreeMap<String, String>>,
    secret: Option<String>,
}

impl FileText {
    /// Takes the attributes of a `demo_file`, or names the one that a file cannot hold.
    pub(super) fn of(object: &CtyValue) -> Result<Self, String> {
        let content = object.get("content").as_text().unwrap_or_default();
        if content.split('\n').any(|line| MARKS.contains(&line)) {
            return Err(format!("`content` has a line that is one of {MARKS:?}"));
        }
        Ok(Self {
            content: content.to_owned(),
            lines: lines(object.get("lines"))?,
            labels: labels(object.get("labels"))?,
            secret: object.get("secret").as_text().map(str::to_owned),
        })
    }

    /// The file.
    pub(super) fn render(&self) -> String {
        let mut rows = vec![self.content.clone()];
        if let Some(lines) = &self.lines {
            rows.push(LINES.to_owned());
            rows.extend(lines.iter().cloned());
        }
        if let Some(labels) = &self.labels {
            rows.push(LABELS.to_owned());
            rows.extend(labels.iter().map(|(key, value)| format!("{key}={value}")));
        }
        if let Some(secret) = &self.secret {
            rows.push(SECRET.to_owned());
            rows.push(secret.clone());
        }
        rows.join("\n")
    }

    /// Reads a file back; a file that another program made is all content.
    pub(super) fn parse(file: &str) -> Self {
        let (public, secret) = match file.split_once(&format!("\n{SECRET}\n")) {
            Some((public, secret)) => (public, Some(secret.to_owned())),
            None => (file, None),
        };
        let mut rows = public.split('\n').peekable();
        // The first row is content even if it looks like a mark: a mark comes after something.
        let mut content: Vec<_> = rows.next().into_iter().collect();
        while let Some(row) = rows.next_if(|row| !MARKS.contains(row)) {
            content.push(row);
        }
        let mut text = Self { content: content.join("\n"), secret, ..Self::default() };
        while let Some(mark) = rows.next() {
            let section = std::iter::from_fn(|| rows.next_if(|row| !MARKS.contains(row)));
            match mark {
                LINES => text.lines = Some(section.map(str::to_owned).collect()),
                LABELS => text.labels = Some(section.map(label).collect()),
                // A secret without an end of line, as only an editor leaves it: there is none.
                _ => drop(section.collect::<Vec<_>>()),
            }
        }
        text
    }

    /// The attributes again.
    pub(super) fn attributes(self) -> [(&'static str, CtyValue); 4] {
        let lines =
            self.lines.map(|lines| CtyValue::List(lines.into_iter().map(CtyValue::Text).collect()));
        let labels = self.labels.map(|labels| {
            let members = labels.into_iter();
            CtyValue::Map(members.map(|(key, value)| (key, CtyValue::Text(value))).collect())
        });
        [
            ("content", CtyValue::Text(self.content)),
            ("lines", lines.unwrap_or_default()),
            ("labels", labels.unwrap_or_default()),
            ("secret", self.secret.map(CtyValue::Text).unwrap_or_default()),
        ]
    }
}

fn label(row: &str) -> (String, String) {
    let (key, value) = row.split_once('=').unwrap_or((row, ""));
    (key.to_owned(), value.to_owned())
}

fn lines(value: &CtyValue) -> Result<Option<Vec<String>>, String> {
    let CtyValue::List(items) = value else {
        return Ok(None);
    };
    items.iter().map(|item| row(item, "lines")).collect::<Result<_, _>>().map(Some)
}

fn labels(value: &CtyValue) -> Result<Option<BTreeMap<String, String>>, String> {
    let CtyValue::Map(members) = value else {
        return Ok(None);
    };
    let mut labels = BTreeMap::new();
    for (key, value) in members {
        if key.contains(['=', '\n']) {
            return Err(format!("a key of `labels` with `=` or a line end: {key:?}"));
        }
        labels.insert(key.clone(), row(value, "labels")?);
    }
    Ok(Some(labels))
}

/// A text that takes exactly one line of its section.
fn row(value: &CtyValue, attribute: &str) -> Result<String, String> {
    if *value == CtyValue::Unknown {
        // Checked again when it is known, before anything is written.
        return Ok(String::new());
    }
    value
        .as_text()
        .filter(|text| !text.contains('\n') && !MARKS.contains(text))
        .map(str::to_owned)
        .ok_or_else(|| {
            format!("an element of `{attribute}` is null, has a line end, or is one of {MARKS:?}")
        })
}

/// The content of a `demo_volume`: a header with its size, then the data that others wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VolumeText {
    /// The size in the header, unless the header is spoilt.
    pub(super) size: Option<i64>,
    data: String,
}

impl VolumeText {
    const HEADER: &str = "demo_volume of size ";

    /// A volume without data.
    pub(super) fn empty() -> Self {
        Self { size: None, data: String::new() }
    }

    /// Reads a volume; one that lost its header is all data.
    pub(super) fn parse(file: &str) -> Self {
        let (header, data) = file.split_once('\n').unwrap_or((file, ""));
        let size = header.strip_prefix(Self::HEADER).and_then(|size| size.parse().ok());
        let data = if size.is_some() { data } else { file };
        Self { size, data: data.to_owned() }
    }

    /// Everything but the header.
    pub(super) fn data(&self) -> &str {
        &self.data
    }

    /// The file of the same data in another size.
    pub(super) fn render(&self, size: i64) -> String {
        format!("{}{size}\n{}", Self::HEADER, self.data)
    }
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
