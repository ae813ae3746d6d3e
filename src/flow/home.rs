//! The place where Terraform works on the stack itself, with the values that it needs there.
//!
//! OpenTofu may ask variables for the backend, the encryption or the source of a module before it
//! reads a state or shows a plan. Values that words give travel in private files, as for a plan.
//! Terraform takes none there, and none are handed over where nothing asks for one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Error;
use super::ports::{Ports, Stack};
use super::variables::in_words;
use crate::codec::hcl;
use crate::model::configuration::{Variable, VariableOrigin};
use crate::model::entry::EngineKind;
use crate::port::terraform::Workplace;
use crate::terraform::directory::signs::facts_for_opentofu;
use crate::terraform::workdir::{PrivateDirectory, value_files};

/// Does something at the place of a stack. The files with its values are gone afterwards.
pub(super) fn at_home<T>(
    ports: &Ports<'_>,
    stack: &Stack,
    act: impl FnOnce(&Workplace) -> T,
) -> Result<T, Error> {
    let mut place = Workplace {
        root: stack.root.clone(),
        data_directory: None,
        workspace: stack.workspace.clone(),
        lock_timeout_seconds: stack.lock_timeout_seconds,
        environment: Vec::new(),
        values_at_apply: Vec::new(),
        values_of_modules: Vec::new(),
    };
    let stack = &stack.with_command();
    if stack.inputs.words.0.is_empty() || ports.engine(stack) != Some(EngineKind::OpenTofu) {
        return Ok(act(&place));
    }
    let facts = facts_for_opentofu(&stack.root, ports.environment);
    let is_asked_for = |name: &String| facts.early.contains(name);
    let files = stack.inputs.words.files();
    // What a person gives now was read when it was given; a pipe cannot be read again.
    let files = files.filter(|path| !stack.inputs.in_given_files.contains_key(*path));
    let files = files.filter(|path| assigns(&stack.root.join(path), is_asked_for));
    place.values_of_modules = files.map(Path::to_owned).collect::<Vec<PathBuf>>();
    let words = in_words(stack, &BTreeSet::new()).into_iter();
    let origin = VariableOrigin::CommandLine;
    let words = words.filter(|(name, _)| is_asked_for(name));
    let words: BTreeMap<String, Variable> =
        words.map(|(name, value)| (name, Variable { value, origin })).collect();
    if words.is_empty() {
        return Ok(act(&place));
    }
    let directory = PrivateDirectory::create(&stack.temporary)?;
    for (name, content) in value_files(&words, &facts.variables)? {
        let file = directory.write_beside(name, content.reveal_for_terraform())?;
        place.values_of_modules.push(file);
    }
    Ok(act(&place))
}

/// Whether a regular file gives a value to a variable that is asked for. One that is not there yet,
/// or is a pipe that somebody else reads, is left alone.
fn assigns(path: &Path, is_asked_for: impl Fn(&String) -> bool) -> bool {
    let content = path.is_file().then(|| std::fs::read(path).ok()).flatten();
    let name = path.to_string_lossy();
    content.is_some_and(|content| hcl::assigned(&name, &content).iter().any(is_asked_for))
}
