//! The body of a `snapshot` entry.
//!
//! Every conversion from the model takes a value apart field by field: a field added to the model
//! and forgotten here does not compile.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::text::{AsText, LineageText};
use crate::model::address::ProviderSource;
use crate::model::configuration as configuration_model;
use crate::model::configuration::{BlobId, ConfigurationSource, VariableOrigin};
use crate::model::digest::Digest;
use crate::model::entry as model;
use crate::model::entry::{Cause, EngineKind, StateSource};
use crate::model::stack::BackendIdentity;
use crate::model::version::{Serial, StateVersion};

#[derive(Serialize, Deserialize)]
#[serde(remote = "Cause", rename_all = "kebab-case")]
enum CauseWord {
    Manual,
    Init,
    BeforeRevert,
    AfterRevert,
    Imported,
    BeforeRun,
    AfterRun,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "StateSource", rename_all = "kebab-case")]
enum StateSourceWord {
    File,
    Pull,
    Given,
    Version,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "EngineKind", rename_all = "lowercase")]
enum EngineKindWord {
    Terraform,
    OpenTofu,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ConfigurationSource", rename_all = "kebab-case")]
enum ConfigurationSourceWord {
    Directory,
    Plan,
    Inferred,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "VariableOrigin", rename_all = "kebab-case")]
enum VariableOriginWord {
    Environment,
    CommandLine,
    Plan,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Snapshot {
    #[serde(with = "CauseWord")]
    cause: Cause,
    workspace: String,
    backend: Backend,
    state: Option<State>,
    configuration: Option<Configuration>,
    engine: Option<Engine>,
    git: Option<Git>,
    tags: BTreeMap<String, String>,
    change: Option<Change>,
    // Older records have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    past: Option<Past>,
}

#[derive(Serialize, Deserialize)]
struct Past {
    written: AsText<Timestamp>,
    version: String,
}

#[derive(Serialize, Deserialize)]
struct Change {
    against: u64,
    added: u64,
    changed: u64,
    removed: u64,
    tainted: u64,
}

#[derive(Serialize, Deserialize)]
struct Backend {
    kind: String,
    settings: BTreeMap<String, String>,
}

/// A version of a state, as in every body that names one.
#[derive(Serialize, Deserialize)]
pub(super) struct Version {
    lineage: LineageText,
    serial: u64,
    sha256: AsText<Digest>,
}

#[derive(Serialize, Deserialize)]
struct State {
    version: Version,
    blob: AsText<Digest>,
    bytes: u64,
    #[serde(with = "StateSourceWord")]
    source: StateSource,
    writer: String,
    resources: u64,
}

#[derive(Serialize, Deserialize)]
struct Configuration {
    blob: AsText<Digest>,
    sha256: AsText<Digest>,
    #[serde(with = "ConfigurationSourceWord")]
    source: ConfigurationSource,
    files: u64,
    modules: u64,
    variables: Vec<Variable>,
    providers: Vec<Provider>,
    notes: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Variable {
    name: String,
    #[serde(with = "VariableOriginWord")]
    origin: VariableOrigin,
}

#[derive(Serialize, Deserialize)]
struct Provider {
    source: AsText<ProviderSource>,
    version: String,
}

#[derive(Serialize, Deserialize)]
struct Engine {
    #[serde(with = "EngineKindWord")]
    kind: EngineKind,
    version: String,
}

#[derive(Serialize, Deserialize)]
struct Git {
    commit: String,
    dirty: bool,
}

impl From<&model::Snapshot> for Snapshot {
    fn from(snapshot: &model::Snapshot) -> Self {
        let model::Snapshot {
            cause,
            state,
            configuration,
            engine,
            workspace,
            backend: BackendIdentity { kind, settings },
            git,
            tags,
            change,
            past,
        } = snapshot;
        Self {
            cause: *cause,
            workspace: workspace.clone(),
            backend: Backend { kind: kind.clone(), settings: settings.clone() },
            state: state.as_ref().map(State::from),
            configuration: configuration.as_ref().map(Configuration::from),
            engine: engine
                .as_ref()
                .map(|engine| Engine { kind: engine.kind, version: engine.version.clone() }),
            git: git.as_ref().map(|git| Git { commit: git.commit.clone(), dirty: git.dirty }),
            tags: tags.clone(),
            change: change.map(|change| Change {
                against: change.against.0,
                added: change.added,
                changed: change.changed,
                removed: change.removed,
                tainted: change.tainted,
            }),
            past: past
                .as_ref()
                .map(|past| Past { written: AsText(past.written), version: past.version.clone() }),
        }
    }
}

impl From<Snapshot> for model::Snapshot {
    fn from(snapshot: Snapshot) -> Self {
        Self {
            cause: snapshot.cause,
            state: snapshot.state.map(Into::into),
            configuration: snapshot.configuration.map(Into::into),
            engine: snapshot
                .engine
                .map(|engine| model::EngineVersion { kind: engine.kind, version: engine.version }),
            workspace: snapshot.workspace,
            backend: BackendIdentity {
                kind: snapshot.backend.kind,
                settings: snapshot.backend.settings,
            },
            git: snapshot.git.map(|git| model::GitFacts { commit: git.commit, dirty: git.dirty }),
            tags: snapshot.tags,
            change: snapshot.change.map(|change| model::ChangeSince {
                against: model::Revision(change.against),
                added: change.added,
                changed: change.changed,
                removed: change.removed,
                tainted: change.tainted,
            }),
            past: snapshot
                .past
                .map(|past| model::Past { written: past.written.0, version: past.version }),
        }
    }
}

impl From<&StateVersion> for Version {
    fn from(version: &StateVersion) -> Self {
        let StateVersion { lineage, serial, digest } = version;
        Self { lineage: LineageText(lineage.clone()), serial: serial.0, sha256: AsText(*digest) }
    }
}

impl From<Version> for StateVersion {
    fn from(version: Version) -> Self {
        Self {
            lineage: version.lineage.0,
            serial: Serial(version.serial),
            digest: version.sha256.0,
        }
    }
}

impl From<&model::StateRef> for State {
    fn from(state: &model::StateRef) -> Self {
        let model::StateRef { version, blob, bytes, source, writer, resources } = state;
        Self {
            version: version.into(),
            blob: AsText(blob.0),
            bytes: *bytes,
            source: *source,
            writer: writer.clone(),
            resources: *resources,
        }
    }
}

impl From<State> for model::StateRef {
    fn from(state: State) -> Self {
        Self {
            version: state.version.into(),
            blob: BlobId(state.blob.0),
            bytes: state.bytes,
            source: state.source,
            writer: state.writer,
            resources: state.resources,
        }
    }
}

impl From<&configuration_model::ConfigurationRef> for Configuration {
    fn from(configuration: &configuration_model::ConfigurationRef) -> Self {
        let configuration_model::ConfigurationRef {
            blob,
            digest,
            source,
            files,
            modules,
            variables,
            providers,
            notes,
        } = configuration;
        let variable = |(name, origin): &(String, VariableOrigin)| Variable {
            name: name.clone(),
            origin: *origin,
        };
        let provider = |locked: &configuration_model::LockedProvider| Provider {
            source: AsText(locked.source.clone()),
            version: locked.version.clone(),
        };
        Self {
            blob: AsText(blob.0),
            sha256: AsText(*digest),
            source: *source,
            files: *files,
            modules: *modules,
            variables: variables.iter().map(variable).collect(),
            providers: providers.iter().map(provider).collect(),
            notes: notes.clone(),
        }
    }
}

impl From<Configuration> for configuration_model::ConfigurationRef {
    fn from(configuration: Configuration) -> Self {
        let provider = |locked: Provider| configuration_model::LockedProvider {
            source: locked.source.0,
            version: locked.version,
        };
        let variables = configuration.variables.into_iter();
        Self {
            blob: BlobId(configuration.blob.0),
            digest: configuration.sha256.0,
            source: configuration.source,
            files: configuration.files,
            modules: configuration.modules,
            variables: variables.map(|seen| (seen.name, seen.origin)).collect(),
            providers: configuration.providers.into_iter().map(provider).collect(),
            notes: configuration.notes,
        }
    }
}
