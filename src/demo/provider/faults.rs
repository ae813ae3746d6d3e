//! Failures and delays on demand, so that the configuration need not change to see one.
//!
//! They come from `UNAPPLY_DEMO_FAULTS` (separated by commas) and from the file `.faults` in the
//! root (one a line, read again at every call). NAME is an object's path, its last component, the
//! type's name for objects without a path, or `*`.
//!
//! | fault | effect |
//! |---|---|
//! | `create:NAME` | the object is not made |
//! | `create-after:NAME` | the object is made, then the call fails: tainted |
//! | `create-lost:NAME` | the object is made, the call fails without reporting it |
//! | `crash:NAME` | the object is made, and the provider dies without an answer |
//! | `update:NAME`, `delete:NAME`, `read:NAME` | nothing is done, the call fails |
//! | `invoke:NAME` | the action does nothing, the call fails |
//! | `update-after:NAME` | the object is changed, then the call fails |
//! | `delay-ms:NAME:1500` | creating, updating and deleting take this much longer |
//! | `perpetual:NAME` | `mode` always reads back in another form than it was written in |
//! | `schema-version:N` | the resource types announce this schema version |
//!
//! Only the wishes are read here; `lifecycle` and `rpc` bring the faults about.
//! Start from [`Faults`].

use std::time::Duration;

/// A failure of an operation on an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The object is not made.
    Create,
    /// The object is made and reported, with an error.
    CreateAfter,
    /// The object is made and not reported.
    CreateLost,
    /// The object is made, and the process is gone.
    Crash,
    /// The object is not changed.
    Update,
    /// The object is changed and reported, with an error.
    UpdateAfter,
    /// The object is not deleted.
    Delete,
    /// The object cannot be read.
    Read,
    /// The action does nothing.
    Invoke,
    /// The object reads back in another form than it was written in.
    Perpetual,
}

impl Fault {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "create" => Self::Create,
            "create-after" => Self::CreateAfter,
            "create-lost" => Self::CreateLost,
            "crash" => Self::Crash,
            "update" => Self::Update,
            "update-after" => Self::UpdateAfter,
            "delete" => Self::Delete,
            "read" => Self::Read,
            "invoke" => Self::Invoke,
            "perpetual" => Self::Perpetual,
            _ => return None,
        })
    }
}

/// A fault that does not exist. It is refused, because a typing error would prove nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such fault: `{0}`")]
pub(super) struct UnknownFault(String);

/// All faults that are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Faults {
    wanted: Vec<(Fault, String)>,
    delays: Vec<(Duration, String)>,
    schema_version: i64,
}

impl Faults {
    /// Reads a list separated by commas or line ends; lines that start with `#` are comments.
    pub(super) fn parse(text: &str) -> Result<Self, UnknownFault> {
        let mut faults = Self::default();
        let entries = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        for entry in entries {
            faults.add(entry).ok_or_else(|| UnknownFault(entry.to_owned()))?;
        }
        Ok(faults)
    }

    fn add(&mut self, entry: &str) -> Option<()> {
        let (kind, argument) = entry.split_once(':').filter(|(_, rest)| !rest.is_empty())?;
        match kind {
            "schema-version" => self.schema_version = argument.parse().ok()?,
            "delay-ms" => {
                let (name, milliseconds) = argument.rsplit_once(':')?;
                let delay = Duration::from_millis(milliseconds.parse().ok()?);
                self.delays.push((delay, name.to_owned()));
            }
            _ => self.wanted.push((Fault::from_name(kind)?, argument.to_owned())),
        }
        Some(())
    }

    /// Whether `fault` is asked for the object `name`.
    pub(super) fn want(&self, fault: Fault, name: &str) -> bool {
        self.wanted.iter().any(|(wanted, pattern)| *wanted == fault && means(pattern, name))
    }

    /// How much longer a change of the object `name` takes.
    pub(super) fn delay(&self, name: &str) -> Duration {
        self.delays
            .iter()
            .filter(|(_, pattern)| means(pattern, name))
            .map(|(delay, _)| *delay)
            .sum()
    }

    /// The schema version to announce.
    pub(super) fn schema_version(&self) -> i64 {
        self.schema_version
    }
}

fn means(pattern: &str, name: &str) -> bool {
    let last = name.rsplit_once('/').map_or(name, |(_, last)| last);
    pattern == "*" || pattern == name || pattern == last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_path_its_last_component_or_a_star() {
        let faults = Faults::parse("create:web/a.txt,update:b.txt\nread:*").unwrap();
        assert!(faults.want(Fault::Create, "web/a.txt"));
        assert!(!faults.want(Fault::Create, "a.txt"));
        assert!(!faults.want(Fault::CreateAfter, "web/a.txt"));
        assert!(faults.want(Fault::Update, "web/b.txt"));
        assert!(!faults.want(Fault::Update, "web/bb.txt"));
        assert!(faults.want(Fault::Read, "anything"));
    }

    #[test]
    fn delays_add_up_and_leave_others_alone() {
        let faults = Faults::parse("delay-ms:a.txt:1500, delay-ms:*:20,").unwrap();
        assert_eq!(faults.delay("a.txt"), Duration::from_millis(1520));
        assert_eq!(faults.delay("b.txt"), Duration::from_millis(20));
        assert_eq!(Faults::default().delay("b.txt"), Duration::ZERO);
    }

    #[test]
    fn the_schema_version_is_zero_unless_asked() {
        assert_eq!(Faults::default().schema_version(), 0);
        let faults = Faults::parse("# a newer provider\nschema-version:3\n").unwrap();
        assert_eq!(faults.schema_version(), 3);
    }

    #[test]
    fn a_typing_error_is_an_error() {
        for text in
            ["creat:a", "create", "create:", "delay-ms:a", "delay-ms:a:x", "schema-version:x"]
        {
            assert!(Faults::parse(text).is_err(), "{text}");
        }
    }
}
