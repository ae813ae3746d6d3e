//! Puts on record that drift was made on purpose.
//!
//! A fix says who, why and until when of an item that the last look saw. It changes nothing real,
//! and it is said once: what became of it is told from the log and the state.

use jiff::Timestamp;

use super::Error;
use super::error::drift::DriftError;
use super::ports::Job;
use crate::engine::drift::{select, tracked};
use crate::model::drift::Fix;
use crate::model::entry::{Body, Entry};
use crate::store::{self, After};

/// How often others may write to the log while a fix is being recorded.
const MOVED_MAX: usize = 8;

/// The drift item that is declared a fix.
#[derive(Debug, Clone)]
pub struct FixRequest {
    /// The item: `d-…`, the beginning of that, or an address.
    pub item: String,
    /// Until when it is meant to stay.
    pub until: Option<Timestamp>,
}

/// Records a fix. The author says why.
pub fn record(job: &Job<'_>, request: &FixRequest) -> Result<Entry, Error> {
    let author = &job.safe_author();
    let job = &job.by(author);
    let mut moved = 0;
    loop {
        let log = job.log()?;
        let items = tracked(&log);
        let item = select(&items, &request.item).map_err(DriftError::Item)?;
        let fingerprint = item.item.fingerprint;
        if let Some((entry, _)) = item.fix {
            let by = entry.recorded.actor.name.clone();
            let fix = entry.revision;
            return Err(DriftError::FixedAlready { item: fingerprint, fix, by }.into());
        }
        if !item.life.is_open() {
            let resolved = item.resolved.map(|entry| entry.revision);
            return Err(DriftError::NotOpen { item: fingerprint, resolved }.into());
        }
        let seen = item.last_seen.revision;
        let body = Body::Fix(Fix { item: fingerprint, seen, until: request.until });
        let newest = log.last().map(|entry| entry.revision);
        match job.record(After::Exactly(newest), body) {
            // Somebody else may have recorded the very same, or looked again.
            Err(Error::Store(store::Error::Moved { .. })) if moved < MOVED_MAX => moved += 1,
            said => return said,
        }
    }
}
