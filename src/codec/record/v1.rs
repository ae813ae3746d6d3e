//! The payload line of format `unapply/1`.
//!
//! Optional values are written as `null`, never left out, so that a column exists in every row for
//! whoever queries a log. Bodies are in `snapshot`, `act`, `drift` and `run`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::text::AsText;
use super::{Error, FORMAT, Header, Nonce, StoreId, act, drift, run, snapshot};
use crate::model::digest::Digest;
use crate::model::entry as model;
use crate::model::stack::StackName;

/// All that can be relied on in another major version.
#[derive(Deserialize)]
struct Version {
    format: String,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    format: String,
    store: AsText<StoreId>,
    stack: AsText<StackName>,
    seq: u64,
    prev: Option<AsText<Digest>>,
    nonce: AsText<Nonce>,
    kind: String,
    time: AsText<Timestamp>,
    actor: Actor,
    tool: String,
    reason: Option<String>,
    ticket: Option<String>,
    body: Box<RawValue>,
}

#[derive(Serialize, Deserialize)]
struct Actor {
    name: String,
    host: String,
    process: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    started: Option<Started>,
}

#[derive(Serialize, Deserialize)]
struct Started {
    boot: String,
    ticks: u64,
}

pub(super) fn encode(header: &Header, draft: &model::NewEntry) -> Result<Vec<u8>, Error> {
    let payload = Payload {
        format: FORMAT.to_owned(),
        store: AsText(header.store),
        stack: AsText(header.stack.clone()),
        seq: header.revision.0,
        prev: header.previous.map(AsText),
        nonce: AsText(header.nonce),
        kind: draft.body.kind().to_owned(),
        time: AsText(draft.time),
        actor: Actor {
            name: draft.actor.name.clone(),
            host: draft.actor.host.clone(),
            process: draft.actor.process,
            started: draft
                .actor
                .started
                .as_ref()
                .map(|start| Started { boot: start.boot.clone(), ticks: start.ticks }),
        },
        tool: draft.tool.clone(),
        reason: draft.reason.clone(),
        ticket: draft.ticket.clone(),
        body: encode_body(&draft.body).map_err(malformed)?,
    };
    check_place(&payload)?;
    serde_json::to_vec(&payload).map_err(malformed)
}

pub(super) fn decode(line: &[u8]) -> Result<(Header, model::NewEntry), Error> {
    let read = serde_json::from_slice::<Payload>(line).map_err(|error| unknown_or(line, error));
    let payload = read?;
    if payload.format != FORMAT {
        return Err(Error::UnknownFormat { format: payload.format });
    }
    check_place(&payload)?;
    let body = decode_body(&payload.kind, payload.body.get())?;
    let header = Header {
        store: payload.store.0,
        stack: payload.stack.0,
        revision: model::Revision(payload.seq),
        previous: payload.prev.map(|digest| digest.0),
        nonce: payload.nonce.0,
    };
    let draft = model::NewEntry {
        time: payload.time.0,
        actor: model::Actor {
            name: payload.actor.name,
            host: payload.actor.host,
            process: payload.actor.process,
            started: payload
                .actor
                .started
                .map(|Started { boot, ticks }| model::ProcessStart { boot, ticks }),
        },
        tool: payload.tool,
        reason: payload.reason,
        ticket: payload.ticket,
        body,
    };
    Ok((header, draft))
}

/// Names another format rather than the first field in which it differs.
fn unknown_or(line: &[u8], source: serde_json::Error) -> Error {
    match serde_json::from_slice::<Version>(line) {
        Ok(Version { format }) if format != FORMAT => Error::UnknownFormat { format },
        Ok(_) | Err(_) => malformed(source),
    }
}

fn malformed(source: serde_json::Error) -> Error {
    Error::Malformed { source }
}

fn check_place(payload: &Payload) -> Result<(), Error> {
    let what = match (payload.seq, &payload.prev) {
        (1, None) | (2.., Some(_)) => return Ok(()),
        (0, _) => "the first revision is 1",
        (1, Some(_)) => "the first entry has a predecessor",
        (2.., None) => "a later entry has no predecessor",
    };
    Err(Error::Inconsistent { what })
}

fn encode_body(body: &model::Body) -> serde_json::Result<Box<RawValue>> {
    match body {
        model::Body::Snapshot(body) => to_raw_value(&snapshot::Snapshot::from(&**body)),
        model::Body::Evidence(body) => to_raw_value(&act::Evidence::from(body)),
        model::Body::Mark(body) => to_raw_value(&act::Mark::from(body)),
        model::Body::RevertIntent(body) => to_raw_value(&act::RevertIntent::from(&**body)),
        model::Body::RevertOutcome(body) => to_raw_value(&act::RevertOutcome::from(body)),
        model::Body::Verification(body) => to_raw_value(&act::Verification::from(body)),
        model::Body::Drift(body) => to_raw_value(&drift::Look::from(&**body)),
        model::Body::Fix(body) => to_raw_value(&drift::Fix::from(body)),
        model::Body::RunIntent(body) => to_raw_value(&run::RunIntent::from(&**body)),
        model::Body::RunOutcome(body) => to_raw_value(&run::RunOutcome::from(&**body)),
        model::Body::Hold(body) => to_raw_value(&run::Hold::from(body)),
        model::Body::Release(body) => to_raw_value(&run::Release::from(body)),
        model::Body::Settlement(body) => to_raw_value(&run::Settlement::from(body)),
        model::Body::Diagnosis(body) => to_raw_value(&run::Diagnosis::from(body)),
    }
}

fn decode_body(kind: &str, text: &str) -> Result<model::Body, Error> {
    Ok(match kind {
        "snapshot" => {
            let body: snapshot::Snapshot = read(text)?;
            model::Body::Snapshot(Box::new(body.into()))
        }
        "evidence" => model::Body::Evidence(read::<act::Evidence>(text)?.into()),
        "mark" => model::Body::Mark(read::<act::Mark>(text)?.try_into()?),
        "revert-intent" => {
            let body: act::RevertIntent = read(text)?;
            model::Body::RevertIntent(Box::new(body.into()))
        }
        "revert-outcome" => model::Body::RevertOutcome(read::<act::RevertOutcome>(text)?.into()),
        "verification" => model::Body::Verification(read::<act::Verification>(text)?.into()),
        "drift" => {
            let body: drift::Look = read(text)?;
            model::Body::Drift(Box::new(body.try_into()?))
        }
        "fix" => model::Body::Fix(read::<drift::Fix>(text)?.into()),
        "run-intent" => {
            let body: run::RunIntent = read(text)?;
            model::Body::RunIntent(Box::new(body.into()))
        }
        "run-outcome" => {
            let body: run::RunOutcome = read(text)?;
            model::Body::RunOutcome(Box::new(body.into()))
        }
        "hold" => model::Body::Hold(read::<run::Hold>(text)?.into()),
        "release" => model::Body::Release(read::<run::Release>(text)?.into()),
        "settlement" => model::Body::Settlement(read::<run::Settlement>(text)?.into()),
        "diagnosis" => model::Body::Diagnosis(read::<run::Diagnosis>(text)?.into()),
        unknown => {
            return Err(Error::UnknownKind { kind: unknown.chars().take(80).collect() });
        }
    })
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(malformed)
}
