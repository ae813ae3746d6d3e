//! Today's encryption, put over that of the configuration in a private copy.
//!
//! The present state can be read with today's keys alone, and is written back with them. Today's
//! values stand under names of their own, since the configuration may give others to the same names.

use crate::codec::hcl::EncryptionTargets;
use crate::codec::hcl::encryption::{TF_ENCRYPTION, clear_override};
use crate::flow::Error;
use crate::flow::ports::{Ports, Stack};
use crate::flow::variables::todays;
use crate::model::entry::EngineKind;
use crate::model::secret::Secret;
use crate::terraform::directory::signs::{encryption, facts_for_opentofu};
use crate::terraform::workdir::PrivateDirectory;

/// The beginning of the names of the override files.
const PREFIX: &str = "zz_unapply_encryption";

/// The override file by which nothing is encrypted.
const CLEAR: &str = "zz_unapply_encryption_zz_override.tf";

/// The file with today's variables and local values.
const DECLARATIONS: &str = "zz_unapply_encryption.tf";

/// Writes today's encryption over `good` in a private directory, and gives the variables of the
/// environment that it needs.
pub(in crate::flow) fn put_over(
    ports: &Ports<'_>,
    stack: &Stack,
    good: EncryptionTargets,
    directory: &PrivateDirectory,
) -> Result<Vec<(String, Secret<String>)>, Error> {
    if ports.engine(stack) != Some(EngineKind::OpenTofu) {
        return Ok(Vec::new());
    }
    let today = encryption(&stack.root, ports.environment, PREFIX);
    for (name, text) in &today.overrides {
        directory.write_override(name, text)?;
    }
    if !today.declarations.is_empty() {
        directory.write_beside(DECLARATIONS, today.declarations.as_bytes())?;
    }
    let now = facts_for_opentofu(&stack.root, ports.environment).encrypts;
    let ended = |was: Option<bool>, is: Option<bool>| {
        (was == Some(true) && is != Some(true)).then_some(false)
    };
    let clear =
        EncryptionTargets { state: ended(good.state, now.state), plan: ended(good.plan, now.plan) };
    if clear != EncryptionTargets::default() {
        directory.write_override(CLEAR, &clear_override(clear))?;
    }
    let values = todays(stack, &today.variables.keys().cloned().collect());
    let named = |(name, value)| Some((format!("TF_VAR_{}", today.variables.get(&name)?), value));
    let mut environment: Vec<_> = values.into_iter().filter_map(named).collect();
    environment.extend(today.variable.map(|text| (TF_ENCRYPTION.to_owned(), text)));
    Ok(environment)
}
