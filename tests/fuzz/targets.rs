//! Laws that must hold for any bytes at all, one plain function for each format that comes from
//! outside.
//!
//! A target never panics on its own account: it fails when the code under test panics or when a law
//! does not hold. `cargo test` runs each over its seeds and some thousand changes to them
//! (`tests/it/fuzz.rs`); the package beside this file runs the same functions under cargo-fuzz for
//! as long as one likes.

use std::collections::BTreeMap;

use unapply::codec::{bundle, events, hcl, json, plan, record, state};
use unapply::engine::diff::{Facts, diff};
use unapply::engine::redact::Redactor;
use unapply::knowledge::Knowledge;
use unapply::model::state::StateBytes;

/// A target by name.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// Every target; the name is the one of its seeds' directory.
pub(crate) const TARGETS: [Target; 7] = [
    ("state", fuzz_state),
    ("plan", fuzz_plan),
    ("events", fuzz_events),
    ("lock", fuzz_lock),
    ("configuration", fuzz_configuration),
    ("record", fuzz_record),
    ("bundle", fuzz_bundle),
];

/// A state: read twice alike, equal to itself, whole inside, and never both read and only listed.
pub(crate) fn fuzz_state(data: &[u8]) {
    assert!(!state::is_no_state(data) || state::contents(data).is_err());
    let bytes = StateBytes::new(data.to_vec());
    let Ok(read) = state::parse(&bytes) else {
        let listed = state::contents(data).ok();
        assert_eq!(listed, state::contents(data).ok());
        return;
    };
    assert!(state::contents(data).is_err(), "what is read is not only listed");
    assert_eq!(state::parse(&bytes).as_ref().ok(), Some(&read));
    for object in &read.instances {
        let attributes = json::raw_value(object.attributes);
        assert!(attributes.is_ok(), "attributes that were handed out can be read");
        assert_eq!(object.provider.to_string().parse().as_ref(), Ok(&object.provider));
    }
    assert!(read.outputs.iter().all(|output| json::raw_value(output.value).is_ok()));
    let redactor = Redactor::default().with_state(&read);
    let same = diff(&read, &read, &Facts::new(&redactor, &Knowledge::builtin()));
    assert!(same.is_empty() && same.data.is_empty(), "nothing differs from itself");
}

/// A plan: read twice alike.
pub(crate) fn fuzz_plan(data: &[u8]) {
    let read = plan::parse(data).ok();
    assert_eq!(plan::parse(data).ok(), read);
    if let Some(read) = read {
        // Whatever was read can be learnt from.
        drop(Redactor::default().with_plan(&read));
    }
}

/// An event stream: every line is an event, if only another one.
pub(crate) fn fuzz_events(data: &[u8]) {
    for line in String::from_utf8_lossy(data).lines() {
        assert_eq!(events::parse_line(line), events::parse_line(line));
    }
}

/// A lock file: providers in order, each once at most as often as it is written.
pub(crate) fn fuzz_lock(data: &[u8]) {
    if let Ok(providers) = hcl::lock::providers(data) {
        assert!(providers.is_sorted());
        let text = String::from_utf8_lossy(data);
        assert!(providers.len() <= text.matches("provider").count());
    }
}

/// Configuration, in both syntaxes: facts twice alike, and what was cut has nothing left to cut.
pub(crate) fn fuzz_configuration(data: &[u8]) {
    for name in ["main.tf", "main.tf.json"] {
        let files = BTreeMap::from([(name.to_owned(), data.to_vec())]);
        assert_eq!(hcl::scan(&files), hcl::scan(&files));
        if let Ok(Some(cut)) = hcl::without_state_blocks(name, data) {
            assert!(cut.len() <= data.len());
            assert_eq!(hcl::without_state_blocks(name, &cut).ok(), Some(None), "{name}");
        }
    }
    for name in ["a.tfvars", "a.tfvars.json"] {
        assert_eq!(hcl::assigned(name, data), hcl::assigned(name, data));
    }
}

/// A log record: what is read and written again is read alike.
pub(crate) fn fuzz_record(data: &[u8]) {
    if let Ok((header, draft)) = record::decode(data) {
        assert!(record::digest(data).is_ok());
        let written = record::encode(&header, &draft).expect("what was read can be written");
        assert_eq!(record::decode(&written).ok(), Some((header, draft)));
    }
}

/// A bundle: what is read packs into the same bytes, since packing is deterministic.
pub(crate) fn fuzz_bundle(data: &[u8]) {
    if let Ok(read) = bundle::unpack(data) {
        let packed = bundle::pack(&read).expect("what was unpacked can be packed");
        assert_eq!(bundle::unpack(&packed).ok(), Some(read));
    }
}
