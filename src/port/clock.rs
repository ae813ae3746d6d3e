//! Time, as a use case sees it.
//!
//! Records carry wall-clock time; durations on screens come from the same clock, for people only.
//! No decision depends on how long something took.

use std::time::Duration;

use jiff::Timestamp;

/// A source of the present.
pub trait Clock {
    /// The time now, UTC.
    fn now(&self) -> Timestamp;

    /// Lets this much time pass before anything is tried again.
    fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }
}
