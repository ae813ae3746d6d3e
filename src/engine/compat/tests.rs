//! Versions that can be gone on with, and versions that cannot.

use super::*;
use crate::codec::state;
use crate::model::state::StateBytes;

fn bytes(writer: &str, schema: u64) -> StateBytes {
    let text = serde_json::json!({
        "version": 4, "terraform_version": writer, "serial": 3, "lineage": "l", "outputs": {},
        "resources": [{
            "mode": "managed", "type": "x_y", "name": "a",
            "provider": "provider[\"registry.opentofu.org/n/x\"]",
            "instances": [{ "schema_version": schema, "attributes": {} }]
        }]
    });
    StateBytes::new(text.to_string().into_bytes())
}

fn terraform(version: &str) -> EngineVersion {
    EngineVersion { kind: EngineKind::Terraform, version: version.into() }
}

fn locked(version: &str) -> Vec<LockedProvider> {
    let source = "registry.terraform.io/n/x".parse().unwrap();
    vec![LockedProvider { source, version: version.into() }]
}

/// The judgement of a state that grew from schema 0 to `schema`, in short.
fn check(running: &EngineVersion, writer: &str, schema: u64, newer: &[LockedProvider]) -> String {
    let (good, present) = (bytes("1.11.4", 0), bytes(writer, schema));
    let engine = terraform("1.11.4");
    let found = judge(&CompatibilityFacts {
        running: Some(running),
        good_engine: Some(&engine),
        present_engine: Some(&engine),
        required: &["~> 1.9".to_owned()],
        good: &state::parse(&good).unwrap(),
        present: &state::parse(&present).unwrap(),
        locked: &locked("1.2.0"),
        newer,
    });
    match found {
        Err(obstacle) => obstacle.to_string(),
        Ok(suitable) => {
            let hazards = suitable.hazards.iter().map(|h| format!("{}={}", h.kind, h.subject));
            let entries = suitable.newer_entries.iter().map(ToString::to_string);
            hazards.chain(entries).collect::<Vec<_>>().join(" ")
        }
    }
}

#[test]
fn the_same_versions_are_suitable_and_nothing_is_asked() {
    assert_eq!(check(&terraform("1.11.4"), "1.11.4", 0, &locked("1.2.0")), "");
    assert_eq!(check(&terraform("1.12.0"), "1.11.4", 0, &locked("1.3.0")), "");
}

#[test]
fn an_older_terraform_than_the_states_writer_is_asked_about() {
    let found = check(&terraform("1.11.4"), "1.12.0", 0, &[]);
    assert_eq!(found, "core-version=terraform");
    assert_eq!(check(&terraform("dev"), "1.12.0", 0, &[]), "", "nobody can compare");
    // A state does not say that a release candidate wrote it.
    let candidate = terraform("1.16.0-rc2");
    for (writer, expected) in [("1.16.0", 0), ("1.16.1", 1)] {
        let (good, present) = (bytes("1.16.0", 0), bytes(writer, 0));
        let found = judge(&CompatibilityFacts {
            running: Some(&candidate),
            good_engine: Some(&candidate),
            present_engine: Some(&candidate),
            required: &[],
            good: &state::parse(&good).unwrap(),
            present: &state::parse(&present).unwrap(),
            locked: &[],
            newer: &[],
        });
        assert_eq!(found.unwrap().hazards.len(), expected, "{writer}");
    }
}

#[test]
fn another_kind_is_asked_about_and_its_version_is_not_compared() {
    let tofu = EngineVersion { kind: EngineKind::OpenTofu, version: "1.10.0".into() };
    assert_eq!(check(&tofu, "1.11.4", 0, &[]), "engine-changed=opentofu");
}

#[test]
fn what_the_good_configuration_requires_cannot_be_accepted_otherwise() {
    let said = check(&terraform("1.8.0"), "1.8.0", 0, &[]);
    assert_eq!(said, "the good configuration requires terraform ~> 1.9, and this is 1.8.0");
}

#[test]
fn a_newer_provider_is_taken_from_todays_lock_file_and_asked_about() {
    let found = check(&terraform("1.11.4"), "1.11.4", 1, &locked("1.3.0"));
    let provider = "registry.terraform.io/n/x";
    assert_eq!(found, format!("provider-newer={provider} {provider}"));
    // The same version has written both.
    assert_eq!(check(&terraform("1.11.4"), "1.11.4", 1, &locked("1.2.0")), "");
}

#[test]
fn a_provider_that_is_behind_is_refused_when_nobody_says_which_one_is_not() {
    for newer in [Vec::new(), locked("1.1.0"), locked("unknown")] {
        let said = check(&terraform("1.11.4"), "1.11.4", 1, &newer);
        assert!(said.contains("1.2.0 of the good configuration cannot read x_y"), "{said}");
    }
}
