//! Word that unapply is asked to stop.
//!
//! A use case looks before each step that changes something; a running child is told once and
//! waited for. Nothing is ever torn down by a signal itself.

/// A source of the wish to stop.
pub trait Interrupt {
    /// The signal that asked, such as 2 for SIGINT, if one has.
    fn requested(&self) -> Option<i32>;

    /// The wish has been granted, and what follows (recording what was left behind) is not what it
    /// was about. A new signal is a new wish.
    fn acknowledge(&self);
}

/// An interrupt that never comes: for tests and for commands that are over in a moment.
#[derive(Debug, Clone, Copy)]
pub struct Never;

impl Interrupt for Never {
    fn requested(&self) -> Option<i32> {
        None
    }

    fn acknowledge(&self) {}
}
