//! The payload line of format `unapply/1`.
//!
//! Optional values are written as `null`, never left out, so that a column exists in every row when
//! a log is queried. A body is written under the names that its type has in `model`, but for those
//! in `shaped`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::{Error, FORMAT, Header, Nonce, StoreId, shaped};
use crate::model::digest::Digest;
use crate::model::entry::{Actor, Body, NewEntry, Revision};
use crate::model::stack::StackName;

/// All that can be relied on in another major version.
#[derive(Deserialize)]
struct RecordVersion {
    format: String,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    format: String,
    store: StoreId,
    stack: StackName,
    seq: Revision,
    prev: Option<Digest>,
    nonce: Nonce,
    kind: String,
    #[serde(with = "crate::model::text")]
    time: Timestamp,
    actor: Actor,
    tool: String,
    reason: Option<String>,
    ticket: Option<String>,
    body: Box<RawValue>,
}

pub(super) fn encode(header: &Header, draft: &NewEntry) -> Result<Vec<u8>, Error> {
    let Header { store, stack, revision, previous, nonce } = header.clone();
    let NewEntry { time, actor, tool, reason, ticket, body } = draft;
    let payload = Payload {
        format: FORMAT.to_owned(),
        store,
        stack,
        seq: revision,
        prev: previous,
        nonce,
        kind: stored_kind(body).to_owned(),
        time: *time,
        actor: actor.clone(),
        tool: tool.clone(),
        reason: reason.clone(),
        ticket: ticket.clone(),
        body: encode_body(body).map_err(malformed)?,
    };
    check_place(&payload)?;
    serde_json::to_vec(&payload).map_err(malformed)
}

pub(super) fn decode(line: &[u8]) -> Result<(Header, NewEntry), Error> {
    let read = serde_json::from_slice::<Payload>(line).map_err(|error| unknown_or(line, error));
    let payload = read?;
    if payload.format != FORMAT {
        return Err(Error::UnknownFormat { format: payload.format });
    }
    check_place(&payload)?;
    let body = decode_body(&payload.kind, payload.body.get())?;
    let Payload { store, stack, seq, prev, nonce, time, actor, tool, reason, ticket, .. } = payload;
    let header = Header { store, stack, revision: seq, previous: prev, nonce };
    Ok((header, NewEntry { time, actor, tool, reason, ticket, body }))
}

/// Names another format rather than the first field in which it differs.
fn unknown_or(line: &[u8], source: serde_json::Error) -> Error {
    match serde_json::from_slice::<RecordVersion>(line) {
        Ok(RecordVersion { format }) if format != FORMAT => Error::UnknownFormat { format },
        Ok(_) | Err(_) => malformed(source),
    }
}

fn malformed(source: serde_json::Error) -> Error {
    Error::Malformed { source }
}

fn check_place(payload: &Payload) -> Result<(), Error> {
    let what = match (payload.seq.0, &payload.prev) {
        (1, None) | (2.., Some(_)) => return Ok(()),
        (0, _) => "the first revision is 1",
        (1, Some(_)) => "the first entry has a predecessor",
        (2.., None) => "a later entry has no predecessor",
    };
    Err(Error::Inconsistent { what })
}

/// The kind of an entry as it is stored: some have another name today.
pub(super) fn stored_kind(body: &Body) -> &'static str {
    if matches!(body, Body::Resolution(_)) { "settlement" } else { body.kind() }
}

fn encode_body(body: &Body) -> serde_json::Result<Box<RawValue>> {
    match body {
        Body::Snapshot(body) => to_raw_value(body),
        Body::Evidence(body) => to_raw_value(body),
        Body::Mark(body) => to_raw_value(&shaped::ShapedMark::from(body)),
        Body::RevertIntent(body) => to_raw_value(body),
        Body::RevertOutcome(body) => to_raw_value(body),
        Body::Verification(body) => to_raw_value(body),
        Body::Drift(body) => to_raw_value(body),
        Body::Fix(body) => to_raw_value(body),
        Body::RunIntent(body) => to_raw_value(body),
        Body::RunOutcome(body) => to_raw_value(body),
        Body::Hold(body) => to_raw_value(&shaped::ShapedHold::from(body)),
        Body::Release(body) => to_raw_value(body),
        Body::Resolution(body) => to_raw_value(body),
        Body::Diagnosis(body) => to_raw_value(body),
    }
}

fn decode_body(kind: &str, text: &str) -> Result<Body, Error> {
    let body = match kind {
        "snapshot" => Body::Snapshot(read(text)?),
        "evidence" => Body::Evidence(read(text)?),
        "mark" => Body::Mark(read::<shaped::ShapedMark>(text)?.try_into()?),
        "revert-intent" => Body::RevertIntent(read(text)?),
        "revert-outcome" => Body::RevertOutcome(read(text)?),
        "verification" => Body::Verification(read(text)?),
        "drift" => Body::Drift(read(text)?),
        "fix" => Body::Fix(read(text)?),
        "run-intent" => Body::RunIntent(read(text)?),
        "run-outcome" => Body::RunOutcome(read(text)?),
        "hold" => Body::Hold(read::<shaped::ShapedHold>(text)?.into()),
        "release" => Body::Release(read(text)?),
        "settlement" => Body::Resolution(read(text)?),
        "diagnosis" => Body::Diagnosis(read(text)?),
        unknown => {
            return Err(Error::UnknownKind { kind: unknown.chars().take(80).collect() });
        }
    };
    if let Body::Drift(observation) = &body
        && observation.items.is_empty() == observation.values.is_some()
    {
        let what = "drift items and their values are not both there";
        return Err(Error::Inconsistent { what });
    }
    Ok(body)
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(malformed)
}
