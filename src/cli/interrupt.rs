//! Signals as a flag that use cases look at.
//!
//! SIGINT and SIGTERM set it; SIGHUP is taken and not acted on, because a terminal that goes away
//! is no reason to leave an apply alone. Nothing is done inside a handler.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::port::interrupt::Interrupt;

/// The signal that asked us to stop, if one has.
#[derive(Debug, Clone)]
pub(super) struct Signals(Arc<AtomicUsize>);

impl Signals {
    /// Listens from now on.
    pub(super) fn listen() -> std::io::Result<Self> {
        let seen = Arc::new(AtomicUsize::new(0));
        for signal in [SIGINT, SIGTERM] {
            let number = usize::try_from(signal).unwrap_or(0);
            signal_hook::flag::register_usize(signal, Arc::clone(&seen), number)?;
        }
        let ignored = Arc::new(AtomicUsize::new(0));
        signal_hook::flag::register_usize(SIGHUP, ignored, 1)?;
        Ok(Self(seen))
    }
}

impl Interrupt for Signals {
    fn requested(&self) -> Option<i32> {
        i32::try_from(self.0.load(Ordering::SeqCst)).ok().filter(|signal| *signal != 0)
    }

    fn acknowledge(&self) {
        self.0.store(0, Ordering::SeqCst);
    }
}
