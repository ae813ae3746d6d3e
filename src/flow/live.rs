//! The state as it is now, with its exact bytes.
//!
//! The local backend's file is read itself; any other backend is asked through `state pull`. No
//! state yet is no error; an empty file is no state.

use super::Error;
use super::home::at_home;
use super::ports::{Ports, Stack};
use super::redaction::{keys_of_today, safe_error, secrets_of_environment};
use crate::codec::backend::Backend;
use crate::codec::state::{ReadState, Unreadable, is_encrypted};
use crate::engine::redact::Redactor;
use crate::model::entry::StateSource;
use crate::model::state::StateBytes;
use crate::terraform::directory;

/// The present state and where it came from.
#[derive(Debug)]
pub struct Live {
    /// The exact bytes; none when there is no state yet.
    pub bytes: Option<StateBytes>,
    /// How they were got.
    pub source: StateSource,
    /// The backend, with what is not recorded of it.
    pub backend: Backend,
    /// The file or backend in which they were found, for a person.
    pub found: String,
}

impl Live {
    /// Reads the bytes as a state; none when there is none yet.
    pub fn state(&self) -> Result<Option<ReadState>, Error> {
        let unreadable = |unreadable: Unreadable| Error::Unreadable {
            problem: unreadable.error,
            found: self.found.clone(),
            evidence: None,
            last: None,
        };
        self.bytes.clone().map(ReadState::read).transpose().map_err(unreadable)
    }
}

/// The backend of a stack, as the engine at hand reads its files.
pub fn backend(ports: &Ports<'_>, stack: &Stack) -> Result<Backend, Error> {
    Ok(directory::backend(&stack.root, &|| ports.engine(stack))?)
}

/// Reads the present state of a stack. It does not judge the bytes.
///
/// A file that OpenTofu has encrypted is asked for from OpenTofu. If that cannot decrypt it, its
/// bytes are all there is, and the reason stands beside the place.
pub fn read(ports: &Ports<'_>, stack: &Stack) -> Result<Live, Error> {
    let backend = backend(ports, stack)?;
    let file = directory::local_state_file(&stack.root, &backend.identity, &stack.workspace);
    let Some(file) = file else {
        let bytes = pull(ports, stack, &backend)?.map(StateBytes::new);
        let found = backend.identity.to_string();
        return Ok(Live { bytes, source: StateSource::Pull, backend, found });
    };
    let bytes = directory::local_state(&file)?;
    let mut live = Live {
        source: StateSource::File,
        found: file.display().to_string(),
        bytes: bytes.map(StateBytes::new),
        backend,
    };
    if live.bytes.as_ref().is_some_and(|bytes| is_encrypted(bytes.as_slice())) {
        match pull(ports, stack, &live.backend) {
            Ok(bytes) => {
                live.bytes = bytes.map(StateBytes::new);
                live.source = StateSource::Pull;
            }
            Err(error) => {
                let said = error.said().map_or_else(String::new, |said| format!(": {said}"));
                live.found.push_str(&format!("; {error}{said}"));
            }
        }
    }
    Ok(live)
}

/// The state as the engine prints it.
fn pull(ports: &Ports<'_>, stack: &Stack, backend: &Backend) -> Result<Option<Vec<u8>>, Error> {
    // What it says may repeat what it was told, such as a password.
    let redactor = Redactor::default()
        .with_values(&backend.secrets())
        .with_values(&secrets_of_environment(ports))
        .with_values(&keys_of_today(ports, stack));
    let pulled = at_home(ports, stack, |place| ports.terraform.pull(place))?;
    pulled.map_err(|error| Error::Terraform(safe_error(error, &redactor)))
}
