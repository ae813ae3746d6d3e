//! The dependency lock file, `.terraform.lock.hcl`.
//!
//! Only which provider is selected in which version is read; checksums are for `terraform init`.
//! Entries can be taken over from another lock file, as they stand there. Start from [`providers`].

use std::collections::BTreeSet;

use hcl_edit::expr::Expression;
use hcl_edit::parser::parse_body;
use hcl_edit::structure::{Block, BlockLabel, Body};

use crate::model::address::{NotAProvider, ProviderSource};
use crate::model::configuration::LockedProvider;
use crate::model::entry::EngineKind;

/// The file's name, beside the root module.
pub const FILE_NAME: &str = ".terraform.lock.hcl";

/// Why a lock file tells nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is not a lock file.
    #[error("lock file does not parse at line {line}")]
    Syntax {
        /// The line where reading stopped, from 1.
        line: usize,
    },
    /// It is not text.
    #[error("lock file is not UTF-8")]
    NotUtf8,
    /// It names something that is no provider.
    #[error("lock file names a malformed provider")]
    Provider(#[source] NotAProvider),
    /// A provider has no version selected.
    #[error("lock file selects no version: `{provider}`")]
    NoVersion {
        /// The provider.
        provider: String,
    },
}

/// The providers that the lock file selects, sorted.
pub fn providers(content: &[u8]) -> Result<Vec<LockedProvider>, Error> {
    let body = body(content)?;
    let mut providers = Vec::new();
    for block in body.get_blocks("provider") {
        let name = name(block);
        providers.push(LockedProvider {
            source: name.parse().map_err(Error::Provider)?,
            version: version(block)
                .map(str::to_owned)
                .ok_or_else(|| Error::NoVersion { provider: name.to_owned() })?,
        });
    }
    providers.sort();
    Ok(providers)
}

fn body(content: &[u8]) -> Result<Body, Error> {
    let text = std::str::from_utf8(content).map_err(|_| Error::NotUtf8)?;
    parse_body(text).map_err(|error| Error::Syntax { line: error.location().line() })
}

fn name(block: &Block) -> &str {
    block.labels.first().map_or("", |label| label.as_str())
}

fn version(block: &Block) -> Option<&str> {
    let found = block.body.get_attribute("version");
    found.and_then(|attribute| Expression::as_str(&attribute.value))
}

/// A lock file in which the entries of these providers are those of a newer one, checksums included.
/// Everything else stays as it is; what the newer one does not select stays too.
pub fn with_entries_of(
    content: &[u8],
    newer: &[u8],
    wanted: &[ProviderSource],
) -> Result<Vec<u8>, Error> {
    let mut edited = body(content)?;
    let newer = body(newer)?;
    for block in edited.get_blocks_mut("provider") {
        let source: ProviderSource = name(block).parse().map_err(Error::Provider)?;
        let is_same = |other: &&Block| {
            let other: Result<ProviderSource, _> = name(other).parse();
            other.is_ok_and(|other| other.canonical() == source.canonical())
        };
        let is_wanted = wanted.iter().any(|wanted| wanted.canonical() == source.canonical());
        if let Some(entry) = newer.get_blocks("provider").find(is_same).filter(|_| is_wanted) {
            block.body = entry.body.clone();
        }
    }
    Ok(edited.to_string().into_bytes())
}

/// An entry that was translated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranslatedEntry {
    /// The provider, as the engine at hand calls it.
    pub provider: LockedProvider,
    /// Whether a lock file of that engine has checksums of this version.
    pub has_checksums: bool,
}

/// A lock file of the other engine, for this one: the versions stay, and each provider that came
/// from the other one's public registry comes from this one's, as both engines take a source
/// without a host. `hosted` are the providers whose host is written out; `kept` those that a state
/// names, whose entries stay beside the new ones. Checksums are another registry's and are not
/// taken along: they come from `todays`, where that has the version.
pub fn translated(
    content: &[u8],
    todays: &[u8],
    engine: EngineKind,
    hosted: &BTreeSet<ProviderSource>,
    kept: &BTreeSet<ProviderSource>,
) -> Result<(Vec<u8>, Vec<TranslatedEntry>), Error> {
    let known = providers(content)?;
    let todays = body(todays).unwrap_or_default();
    let mut edited = body(content)?;
    let (mut translated, mut stay) = (Vec::new(), Vec::new());
    for block in edited.get_blocks_mut("provider") {
        let source: ProviderSource = name(block).parse().map_err(Error::Provider)?;
        let is_foreign = EngineKind::of_registry(&source.host).is_some_and(|kind| kind != engine);
        let ours = ProviderSource { host: engine.registry().to_owned(), ..source.clone() };
        let is_there = |selected: &LockedProvider| selected.source == ours;
        if !is_foreign || hosted.contains(&source) || known.iter().any(is_there) {
            continue;
        }
        if kept.contains(&source) {
            stay.push(block.clone());
        }
        let named = ours.to_string();
        let version = version(block).unwrap_or_default().to_owned();
        let is_same =
            |entry: &&Block| name(entry) == named && self::version(entry) == Some(version.as_str());
        let entry = todays.get_blocks("provider").find(is_same);
        match entry {
            Some(entry) => block.body = entry.body.clone(),
            None => drop(block.body.remove_attribute("hashes")),
        }
        block.labels = vec![BlockLabel::from(named)];
        let provider = LockedProvider { source: ours, version };
        translated.push(TranslatedEntry { provider, has_checksums: entry.is_some() });
    }
    for block in stay {
        edited.push(block);
    }
    Ok((edited.to_string().into_bytes(), translated))
}

/// A lock file with an entry for each provider that `init` will look for and no other one, since it
/// refuses to change one that is read-only. Those of `present` are named by the state; an entry that
/// is missing is taken over from `todays`. Nothing, where all is well.
pub fn fitted(
    content: &[u8],
    todays: &[u8],
    present: &BTreeSet<ProviderSource>,
    may_be_named: &dyn Fn(&ProviderSource) -> bool,
) -> Result<Option<Vec<u8>>, Error> {
    let known: BTreeSet<ProviderSource> =
        providers(content)?.into_iter().map(|locked| locked.source).collect();
    let is_needed = |source: &ProviderSource| present.contains(source) || may_be_named(source);
    let stale: BTreeSet<String> =
        known.iter().filter(|source| !is_needed(source)).map(ToString::to_string).collect();
    let missing: BTreeSet<String> = present.difference(&known).map(ToString::to_string).collect();
    let todays = body(todays).unwrap_or_default();
    let missing: Vec<&Block> =
        todays.get_blocks("provider").filter(|block| missing.contains(name(block))).collect();
    if stale.is_empty() && missing.is_empty() {
        return Ok(None);
    }
    let mut edited = body(content)?;
    let blocks = edited.remove_blocks("provider");
    for block in blocks.iter().filter(|block| !stale.contains(name(block))).chain(missing) {
        edited.push(block.clone());
    }
    Ok(Some(edited.to_string().into_bytes()))
}

/// Whether a file of a configuration may mean this provider, by its text. One of the engine's own
/// registry is written without a host, and HashiCorp's without anything but a resource of theirs.
pub fn may_be_named(content: &[u8], source: &ProviderSource, engine: EngineKind) -> bool {
    let text = String::from_utf8_lossy(content).to_lowercase();
    let ProviderSource { host, namespace, name } = source;
    let is_ours = host == engine.registry();
    text.contains(&source.to_string())
        || (is_ours && text.contains(&format!("\"{namespace}/{name}\"")))
        || (is_ours && namespace == "hashicorp" && text.contains(name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &[u8] = b"# made by init\nprovider \"registry.terraform.io/n/x\" {\n  version = \"1.0.0\"\n  hashes = [\n    \"h1:old\",\n  ]\n}\n\nprovider \"registry.terraform.io/n/y\" {\n  version = \"3.0.0\"\n}\n";
    const NEW: &[u8] = b"provider \"registry.terraform.io/n/x\" {\n  version     = \"1.1.0\"\n  constraints = \">= 1.0\"\n  hashes = [\n    \"h1:new\",\n  ]\n}\nprovider \"registry.terraform.io/n/y\" {\n  version = \"4.0.0\"\n}\n";

    #[test]
    fn entries_of_the_other_registry_are_this_ones_with_the_same_version() {
        let tofu = |text: &str| text.replace("registry.terraform.io", "registry.opentofu.org");
        let none = BTreeSet::new();
        let run = |content: &[u8], todays: &[u8], hosted: &[&str], kept: &[&str]| {
            let set = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
            let kind = EngineKind::OpenTofu;
            let (text, found) =
                translated(content, todays, kind, &set(hosted), &set(kept)).unwrap();
            let text = String::from_utf8(text).unwrap();
            let found = found.into_iter().map(|entry| {
                format!(
                    "{} {} {}",
                    entry.provider.source, entry.provider.version, entry.has_checksums
                )
            });
            (text, found.collect::<Vec<_>>())
        };
        let todays = "provider \"registry.opentofu.org/n/x\" {\n  version = \"1.0.0\"\n  hashes = [\n    \"h1:ours\",\n  ]\n}\n";
        let (text, found) = run(OLD, todays.as_bytes(), &[], &[]);
        let expected =
            ["registry.opentofu.org/n/x 1.0.0 true", "registry.opentofu.org/n/y 3.0.0 false"];
        assert_eq!(found, expected);
        assert!(text.contains("h1:ours") && !text.contains("h1:old"), "{text}");
        assert!(!text.contains("registry.terraform.io"), "{text}");
        // Another version's checksums are not this one's.
        let (text, found) = run(OLD, tofu(&String::from_utf8_lossy(NEW)).as_bytes(), &[], &[]);
        assert!(found[0].ends_with("1.0.0 false") && !text.contains("h1:"), "{text}");
        // A source with its host is that one in both engines; a state may still need the other.
        let (text, found) = run(OLD, b"", &["registry.terraform.io/n/x"], &[]);
        assert_eq!(found.len(), 1);
        assert!(
            text.contains("\"registry.terraform.io/n/x\"") && text.contains("h1:old"),
            "{text}"
        );
        let (text, _) = run(OLD, b"", &[], &["registry.terraform.io/n/y"]);
        assert!(text.contains("\"registry.terraform.io/n/y\""), "{text}");
        let (text, _) = translated(OLD, b"", EngineKind::Terraform, &none, &none).unwrap();
        assert_eq!(text, OLD);
    }

    #[test]
    fn a_lock_file_has_what_init_looks_for_and_nothing_else() {
        let run = |configuration: &[u8], present: &[&str], todays: &[u8]| {
            let present = present.iter().map(|name| name.parse().unwrap()).collect();
            let named = |source: &ProviderSource| {
                may_be_named(configuration, source, EngineKind::Terraform)
            };
            let text = fitted(OLD, todays, &present, &named).unwrap()?;
            let names = providers(&text).unwrap().into_iter();
            Some(names.map(|found| found.source.to_string()).collect::<Vec<_>>().join(" "))
        };
        let both = b"x = \"n/x\" y = \"registry.terraform.io/n/y\"";
        assert_eq!(run(both, &[], b""), None);
        assert_eq!(run(b"\"n/x\"", &["registry.terraform.io/n/y"], b""), None, "the state's");
        // The last one that was there needs its entry no more.
        assert_eq!(run(b"\"n/x\"", &[], b"").unwrap(), "registry.terraform.io/n/x");
        let elsewhere = b"\"n/x\" \"registry.example.org/n/y\"";
        assert_eq!(run(elsewhere, &[], b"").unwrap(), "registry.terraform.io/n/x");
        // What came since is in the state.
        let other = b"provider \"registry.example.org/n/z\" {\n  version = \"1.0.0\"\n}\n";
        assert_eq!(
            run(both, &["registry.example.org/n/z"], other).unwrap(),
            "registry.example.org/n/z registry.terraform.io/n/x registry.terraform.io/n/y"
        );
        assert_eq!(run(both, &["registry.example.org/n/z"], b""), None, "nothing is made up");
    }

    #[test]
    fn an_entry_is_taken_over_whole_and_the_others_stay() {
        let wanted = ["registry.terraform.io/n/x".parse().unwrap()];
        let edited = with_entries_of(OLD, NEW, &wanted).unwrap();
        let text = String::from_utf8(edited.clone()).unwrap();
        assert!(text.starts_with("# made by init\n") && text.contains("h1:new"), "{text}");
        assert!(!text.contains("h1:old"), "{text}");
        let versions: Vec<String> =
            providers(&edited).unwrap().into_iter().map(|found| found.version).collect();
        assert_eq!(versions, ["1.1.0", "3.0.0"]);
        assert_eq!(with_entries_of(OLD, NEW, &[]).unwrap(), OLD);
        assert_eq!(with_entries_of(OLD, b"", &wanted).unwrap(), OLD);
    }
}
