//! A state that OpenTofu has encrypted and left outside of its backend.
//!
//! OpenTofu itself decrypts it: a private directory has it as a local state, with the stack's
//! encryption and its values. The encrypted bytes are never changed, and what comes back is written
//! nowhere but to a push.

use super::Error;
use super::ports::{Ports, Stack};
use super::private_copy::encryption::put_over;
use super::redaction::{keys_of_today, safe_error, secrets_of_environment};
use crate::codec::hcl::EncryptionTargets;
use crate::engine::redact::Redactor;
use crate::model::state::StateBytes;
use crate::port::terraform::Workplace;
use crate::terraform::workdir::PrivateDirectory;

/// The state in the clear; nothing when the file holds none.
pub(super) fn decrypted(
    ports: &Ports<'_>,
    stack: &Stack,
    bytes: &StateBytes,
) -> Result<Option<StateBytes>, Error> {
    let directory = PrivateDirectory::create(&stack.temporary)?;
    let environment = put_over(ports, stack, EncryptionTargets::default(), &directory)?;
    directory.write_beside("terraform.tfstate", bytes.as_slice())?;
    let place = Workplace {
        root: directory.root(),
        data_directory: Some(directory.data_dir()),
        workspace: "default".to_owned(),
        lock_timeout_seconds: stack.lock_timeout_seconds,
        environment,
        values_at_apply: Vec::new(),
        values_of_modules: Vec::new(),
    };
    let redactor = Redactor::default()
        .with_values(&secrets_of_environment(ports))
        .with_values(&keys_of_today(ports, stack));
    let pulled = ports.terraform.pull(&place);
    let pulled = pulled.map_err(|error| Error::Terraform(safe_error(error, &redactor)))?;
    Ok(pulled.map(StateBytes::new))
}
