//! States as OpenTofu encrypts them, in the form of the recorded ones: nothing in them can be read
//! but by who has the key, which is a word here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Encrypts a state.
pub(super) fn seal(bytes: &[u8], key: &str) -> Vec<u8> {
    let state: Value = serde_json::from_slice(bytes).unwrap();
    let envelope = json!({
        "serial": state["serial"],
        "lineage": state["lineage"],
        "meta": { "key_provider.pbkdf2.k": STANDARD.encode(key) },
        "encrypted_data": STANDARD.encode(bytes),
        "encryption_version": "v0",
    });
    format!("{envelope:#}").into_bytes()
}

/// The state in it, and the key that it needs; nothing for a state in the clear.
pub(super) fn open(bytes: &[u8]) -> Option<(Vec<u8>, String)> {
    let envelope: Value = serde_json::from_slice(bytes).ok()?;
    let decoded = |value: &Value| STANDARD.decode(value.as_str()?).ok();
    let inside = decoded(envelope.get("encrypted_data")?)?;
    let key = decoded(&envelope["meta"]["key_provider.pbkdf2.k"])?;
    Some((inside, String::from_utf8(key).unwrap()))
}
