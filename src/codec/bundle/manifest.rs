//! The archive's first member: what the files are, and the values that no file holds.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Error, Form};
use crate::model::configuration::{Bundle, BundlePath, Module, Variable, VariableOrigin};
use crate::model::secret::Secret;

/// The format whose members have no permissions of their own.
const WITHOUT_MODES: u64 = 1;

/// The format whose members have the permissions of their files.
const WITH_MODES: u64 = 2;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: u64,
    root: String,
    modules: Vec<ModuleRecord>,
    var_files: Vec<String>,
    variables: BTreeMap<String, VariableRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    accompanying: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModuleRecord {
    key: String,
    source: String,
    version: Option<String>,
    directory: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VariableRecord {
    value: String,
    #[serde(with = "OriginWord")]
    origin: VariableOrigin,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "VariableOrigin", rename_all = "snake_case")]
enum OriginWord {
    Environment,
    CommandLine,
    Plan,
}

#[derive(Deserialize)]
struct FormatOnly {
    format: u64,
}

/// The manifest of `bundle`, one line.
pub(super) fn write(bundle: &Bundle, form: Form) -> Result<Vec<u8>, Error> {
    let module = |module: &Module| ModuleRecord {
        key: module.key.clone(),
        source: module.source.clone(),
        version: module.version.clone(),
        directory: module.directory.as_str().to_owned(),
    };
    let variable = |(name, variable): (&String, &Variable)| {
        let record = VariableRecord {
            value: variable.value.reveal_for_terraform().clone(),
            origin: variable.origin,
        };
        (name.clone(), record)
    };
    let path = |path: &BundlePath| path.as_str().to_owned();
    let is_whole = form == Form::Whole;
    let has_modes = !bundle.modes.is_empty() || !bundle.accompanying.is_empty();
    let accompanying = bundle.accompanying.iter().filter(|_| is_whole);
    let manifest = Manifest {
        format: if is_whole && has_modes { WITH_MODES } else { WITHOUT_MODES },
        root: path(&bundle.root),
        modules: bundle.modules.iter().map(module).collect(),
        var_files: bundle.var_files.iter().map(path).collect(),
        variables: bundle.variables.iter().map(variable).collect(),
        accompanying: accompanying.map(path).collect(),
    };
    let mut bytes = serde_json::to_vec(&manifest).map_err(|error| malformed(&error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The content of a manifest.
pub(super) struct Described {
    /// The bundle, still without files.
    pub(super) bundle: Bundle,
    /// Whether its members have the permissions of their files.
    pub(super) has_modes: bool,
}

/// The bundle that the manifest describes.
pub(super) fn read(bytes: &[u8]) -> Result<Described, Error> {
    let FormatOnly { format } = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    if ![WITHOUT_MODES, WITH_MODES].contains(&format) {
        return Err(Error::Format { format });
    }
    let manifest: Manifest = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    let path = |text: String| text.parse::<BundlePath>().map_err(Error::Path);
    let modules: Result<Vec<Module>, Error> = manifest
        .modules
        .into_iter()
        .map(|record| {
            Ok(Module {
                key: record.key,
                source: record.source,
                version: record.version,
                directory: path(record.directory)?,
            })
        })
        .collect();
    let variable = |record: VariableRecord| Variable {
        value: Secret::new(record.value),
        origin: record.origin,
    };
    let accompanying: Result<BTreeSet<BundlePath>, Error> =
        manifest.accompanying.into_iter().map(path).collect();
    let bundle = Bundle {
        root: path(manifest.root)?,
        files: BTreeMap::new(),
        modes: BTreeMap::new(),
        accompanying: accompanying?,
        modules: modules?,
        var_files: manifest.var_files.into_iter().map(path).collect::<Result<_, _>>()?,
        variables: manifest
            .variables
            .into_iter()
            .map(|(name, record)| (name, variable(record)))
            .collect(),
    };
    Ok(Described { bundle, has_modes: format == WITH_MODES })
}

/// Says where, never what: serde's own words may quote a value.
fn malformed(error: &serde_json::Error) -> Error {
    Error::Manifest { line: error.line(), column: error.column() }
}
