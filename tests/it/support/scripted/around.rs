//! The rest of what a use case needs from the world: a clock, a wish to stop, a listener.

use std::cell::Cell;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use unapply::model::event::Event;
use unapply::port::clock::Clock;
use unapply::port::interrupt::Interrupt;
use unapply::port::progress::{Ended, Phase, Progress};

/// A clock that goes on by a second whenever it is looked at.
#[derive(Debug, Clone)]
pub(crate) struct ScriptedClock(Cell<Timestamp>);

impl ScriptedClock {
    /// A clock that stands at this time, well before the machine's own.
    pub(crate) fn new() -> Self {
        Self(Cell::new("2024-03-04T05:06:07Z".parse().unwrap()))
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, time: SignedDuration) {
        self.0.set(self.0.get().checked_add(time).unwrap());
    }
}

impl Clock for ScriptedClock {
    fn now(&self) -> Timestamp {
        self.pass(SignedDuration::from_secs(1));
        self.0.get()
    }

    fn pause(&self, time: Duration) {
        self.pass(time.try_into().unwrap());
    }
}

/// A wish to stop that comes at a look of its own, or when a test says so.
#[derive(Debug, Default)]
pub(crate) struct ScriptedInterrupt {
    looks: Cell<u64>,
    at: Option<u64>,
    wish: Cell<Option<i32>>,
}

impl ScriptedInterrupt {
    /// Comes at this look, counted from 1.
    pub(crate) fn at(look: u64) -> Self {
        Self { at: Some(look), ..Self::default() }
    }

    /// Asks the process to stop, from now on.
    pub(crate) fn wish(&self, signal: i32) {
        self.wish.set(Some(signal));
    }

    /// How often it was looked at.
    pub(crate) fn looks(&self) -> u64 {
        self.looks.get()
    }
}

impl Interrupt for ScriptedInterrupt {
    fn requested(&self) -> Option<i32> {
        self.looks.set(self.looks.get() + 1);
        if self.at == Some(self.looks.get()) {
            self.wish(2);
        }
        self.wish.get()
    }

    fn acknowledge(&self) {
        self.wish.set(None);
    }
}

/// A listener that passes nothing on.
#[derive(Debug)]
pub(crate) struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _: Phase) {}
    fn event(&self, _: &Event) {}
    fn end(&self, _: Ended, _: &str) {}
}
