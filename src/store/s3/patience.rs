//! How long a service that does not answer is asked again.
//!
//! The time is measured from the first attempt, the pause between two grows and is never the same
//! for two clients, and a service that says nothing at all is asked a few times only. Nothing here
//! knows what was asked.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::answer::{Detail, RequestFailure};

/// How often a connection may fail or an answer stay away.
const LOST_MAX: u32 = 4;

/// The first pause, before chance.
const FIRST: Duration = Duration::from_millis(100);
/// The longest one.
const LONGEST: Duration = Duration::from_secs(5);

/// The attempts of one operation.
pub(super) struct Pace {
    since: Instant,
    total: Duration,
    tries: u32,
    lost: u32,
    whom: String,
}

impl Pace {
    /// Begins now, with the service at this endpoint, if it is not AWS.
    pub(super) fn new(total: Duration, endpoint: Option<&str>) -> Self {
        let whom = endpoint.map_or(String::new(), |endpoint| format!(" at {endpoint}"));
        Self { since: Instant::now(), total, tries: 0, lost: 0, whom }
    }

    /// Whether to try again; if so, after a pause.
    pub(super) async fn again(&mut self, seen: &RequestFailure) -> bool {
        self.tries = self.tries.saturating_add(1);
        self.lost += u32::from(matches!(seen, RequestFailure::Lost(_)));
        let pause = pause(self.tries, chance());
        let is_over = self.since.elapsed() + pause >= self.total || self.lost >= LOST_MAX;
        if !is_over {
            sleep(pause).await;
        }
        !is_over
    }

    /// Describes the last failure, and how often and how long it was tried.
    pub(super) fn given_up(&self, seen: &RequestFailure) -> Detail {
        let seconds = self.since.elapsed().as_secs_f32();
        let times =
            if self.tries == 1 { "once".to_owned() } else { format!("{} times", self.tries) };
        Detail::new(&format!("{}{} (tried {times} in {seconds:.1}s)", seen.why(), self.whom))
    }
}

/// The pause after this many attempts: doubled each time, half to one and a half of that.
fn pause(tries: u32, chance: u8) -> Duration {
    let doubled = FIRST.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(LONGEST);
    doubled / 2 + doubled * u32::from(chance) / 255
}

/// Chance, or the middle where the system has none.
fn chance() -> u8 {
    getrandom::u32().map_or(127, |number| number.to_le_bytes()[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_differ_by_chance() {
        let milliseconds = |tries, chance| pause(tries, chance).as_millis();
        assert_eq!([1, 2, 3].map(|tries| milliseconds(tries, 0)), [50, 100, 200]);
        assert_eq!([1, 2, 3].map(|tries| milliseconds(tries, 255)), [150, 300, 600]);
        assert_eq!(milliseconds(60, 255), 7500);
        assert_eq!(milliseconds(u32::MAX, 0), 2500);
    }
}
