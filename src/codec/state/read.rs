//! A state that has been read: its exact bytes and what was read of them, in one value.
//!
//! A [`State`] borrows from its bytes, so that the two could not be handed on together. A
//! [`ReadState`] can: it is made once a command, and sharing it costs nothing. It reads nothing
//! that [`parse`] does not read, and it never changes.

use std::fmt;
use std::sync::Arc;

use self_cell::self_cell;

use super::{Error, parse};
use crate::model::state::{State, StateBytes};

self_cell!(
    struct Cell {
        owner: StateBytes,
        #[covariant]
        dependent: State,
    }
);

/// The exact bytes of a state with what was read of them. Both are shared and not copied.
#[derive(Clone)]
pub struct ReadState(Arc<Cell>);

impl ReadState {
    /// Reads the bytes. Those that are no state come back with the reason.
    pub fn read(bytes: StateBytes) -> Result<Self, Unreadable> {
        Cell::try_new_or_recover(bytes, parse)
            .map(|cell| Self(Arc::new(cell)))
            .map_err(|(bytes, error)| Unreadable { bytes, error })
    }

    /// The state that was read.
    pub fn state(&self) -> &State<'_> {
        self.0.borrow_dependent()
    }

    /// The exact bytes, as they were read.
    pub fn bytes(&self) -> &StateBytes {
        self.0.borrow_owner()
    }
}

impl fmt::Debug for ReadState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReadState").field(self.bytes()).finish()
    }
}

/// Bytes that cannot be read as a state, and why. They may be the only copy.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Unreadable {
    /// The exact bytes.
    pub bytes: StateBytes,
    /// Why they are no state.
    pub error: Error,
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"version":4,"terraform_version":"1.11.4","serial":3,"lineage":"l",
        "outputs":{"o":{"value":"hunter2","type":"string"}},"resources":[]}"#;

    #[test]
    fn a_state_travels_with_its_bytes_and_outlives_the_first_holder() {
        let read = ReadState::read(StateBytes::new(TEXT.into())).unwrap();
        let other = read.clone();
        drop(read);
        let told = std::thread::spawn(move || {
            assert!(std::ptr::eq(other.state(), other.clone().state()), "nothing is read again");
            (other.state().version.serial.0, other.bytes().as_slice().to_vec())
        });
        assert_eq!(told.join().unwrap(), (3, TEXT.as_bytes().to_vec()));
    }

    #[test]
    fn bytes_that_are_no_state_are_not_lost() {
        let unreadable = ReadState::read(StateBytes::new(b"{".to_vec())).unwrap_err();
        assert_eq!(unreadable.bytes.as_slice(), b"{");
        assert_eq!(unreadable.to_string(), unreadable.error.to_string());
    }

    #[test]
    fn a_state_that_was_read_shows_no_value_in_a_log() {
        let read = ReadState::read(StateBytes::new(TEXT.into())).unwrap();
        assert!(!format!("{read:?}").contains("hunter2"));
    }
}
