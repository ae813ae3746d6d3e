//! The state as it is now, with its exact bytes.
//!
//! The local backend's file is read itself; any other backend is asked through `state pull`. No
//! state yet is no error; an empty file is no state.

use super::Error;
use super::ports::{Ports, Stack};
use super::redaction::{safe_error, secrets_of_environment};
use crate::codec::backend::Backend;
use crate::codec::state::{ReadState, Unreadable};
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
pub fn read(ports: &Ports<'_>, stack: &Stack) -> Result<Live, Error> {
    let backend = backend(ports, stack)?;
    let file = directory::local_state_file(&stack.root, &backend.identity, &stack.workspace);
    let (bytes, source, found) = if let Some(file) = file {
        let bytes = directory::local_state(&file)?;
        (bytes, StateSource::File, file.display().to_string())
    } else {
        // What Terraform says may repeat what it was told, such as a password.
        let redactor = Redactor::default()
            .with_values(&backend.secrets())
            .with_values(&secrets_of_environment(ports));
        let bytes =
            ports.terraform.pull(&stack.place()).map_err(|error| safe_error(error, &redactor))?;
        (bytes, StateSource::Pull, backend.identity.to_string())
    };
    Ok(Live { bytes: bytes.map(StateBytes::new), source, backend, found })
}
