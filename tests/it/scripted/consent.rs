//! Between the plan and the apply: the consent, and the things that may have moved since.

use std::path::Path;

use jiff::SignedDuration;
use unapply::engine::hazard::Allowance;
use unapply::model::digest::Digest;
use unapply::model::hazard::HazardKind;
use unapply::port::terraform;

use super::drive::{Error, Process};
use super::stories::{Story, file, kinds, volume};
use crate::support::script::put;
use crate::support::scripted::Where;

/// The kinds of the entries that were written since.
fn said_since(story: &Story, before: &[&'static str]) -> Vec<&'static str> {
    kinds(&story.scene).split_off(before.len())
}

#[test]
fn consent_is_refused_while_a_hazard_stands_and_an_allowance_covers_its_own_alone() {
    let story = Story::good(Where::File, &file("a", "one"));
    let story = story.then(&(file("a", "one") + &volume("v") + &volume("w")));
    // A volume that is older than an hour may have data in it.
    story.scene.clock.pass(SignedDuration::from_hours(2));
    let process = Process::healthy(&story.scene);
    let open = |allowed: &[&str]| {
        let allowed: Vec<Allowance> = allowed.iter().map(|text| text.parse().unwrap()).collect();
        let checked = process.check(process.draft(story.target).unwrap()).unwrap();
        match process.approve(checked, &allowed) {
            Err(Error::Hazards(hazards)) => hazards
                .into_iter()
                .map(|hazard| format!("{}={}", hazard.kind, hazard.subject))
                .collect(),
            other => {
                let accepted = other.unwrap().consent().accepted().len();
                vec![format!("accepted {accepted}")]
            }
        }
    };
    let (v, w) = ("destroys-data=demo_volume.v", "destroys-data=demo_volume.w");
    assert_eq!(open(&[]), [v, w]);
    assert_eq!(open(&[v]), [w]);
    assert_eq!(open(&[v, "replaces-data=demo_volume.w", "destroys-data=demo_volume.x"]), [w]);
    assert_eq!(open(&[v, w]), ["accepted 2"]);
    assert_eq!(open(&["destroys-data=demo_volume.*"]), ["accepted 2"]);
    assert!(!kinds(&story.scene).contains(&"revert-intent"));
}

#[test]
fn a_consent_names_the_state_and_the_plan_that_were_shown() {
    let story = Story::half_applied(Where::File);
    let process = Process::healthy(&story.scene);
    let checked = process.check(process.draft(story.target).unwrap()).unwrap();
    let digest = |path: &Path| Digest::of(&std::fs::read(path).unwrap());
    let plan = digest(checked.plan_file());
    let approved = process.approve(checked, &[]).unwrap();
    let state = digest(&story.scene.root().join("terraform.tfstate"));
    assert_eq!(approved.consent().state().digest, state);
    assert_eq!(approved.consent().plan(), plan);
    assert_eq!(*approved.consent().by(), process.author.actor);
}

#[test]
fn a_state_that_moved_after_the_plan_stops_the_revert_before_anything_is_said() {
    for home in [Where::File, Where::Remote] {
        let story = Story::half_applied(home);
        let process = Process::healthy(&story.scene);
        let approved = process.approved(story.target).unwrap();
        story.scene.edit_state(|_| {});
        let (said, done) = (kinds(&story.scene), story.done());
        let error = process.execute(approved).unwrap_err();
        assert!(matches!(error, Error::Moved { what: "the state" }), "{error:?}");
        assert_eq!(error.hazard(), Some(HazardKind::StateMoved));
        assert_eq!(said_since(&story, &said), [""; 0]);
        assert_eq!(story.done(), done);
        drop(process);
        story.goes_back();
    }
}

#[test]
fn a_plan_file_that_was_exchanged_after_the_consent_is_not_applied() {
    let story = Story::half_applied(Where::File);
    let process = Process::healthy(&story.scene);
    let approved = process.approved(story.target).unwrap();
    exchange(approved.checked().plan_file());
    let said = kinds(&story.scene);
    let error = process.execute(approved).unwrap_err();
    assert!(matches!(error, Error::Moved { what: "the saved plan" }), "{error:?}");
    assert_eq!(said_since(&story, &said), [""; 0]);
    assert_eq!(story.done_since(), [""; 0]);
}

/// Puts another plan in the place of one, which Terraform would take.
fn exchange(plan: &Path) {
    let text = std::fs::read_to_string(plan).unwrap();
    let other = text.replace("\"content\":\"one\"", "\"content\":\"two\"");
    assert_ne!(other, text);
    put(plan, other.as_bytes());
}

#[test]
fn a_plan_file_that_is_exchanged_after_it_was_stored_is_not_applied_either() {
    let story = Story::half_applied(Where::Remote);
    let process = Process::healthy(&story.scene);
    let approved = process.approved(story.target).unwrap();
    let plan = approved.checked().plan_file().to_owned();
    // The state is read once more between storing the plan and applying it.
    story.scene.world.before("pull", move |_| exchange(&plan));
    let said = kinds(&story.scene);
    let error = process.execute(approved).unwrap_err();
    assert!(matches!(error, Error::Terraform(terraform::Error::StalePlan)), "{error:?}");
    assert_eq!(said_since(&story, &said), ["hold", "revert-intent", "revert-outcome", "release"]);
    assert_eq!(story.done_since(), [""; 0]);
    drop(process);
    story.goes_back();
}

#[test]
fn an_entry_that_was_written_after_the_draft_stops_the_intent() {
    let story = Story::half_applied(Where::File);
    let process = Process::healthy(&story.scene);
    let approved = process.approved(story.target).unwrap();
    let other = Process::healthy(&story.scene);
    let entry = other.entry(story.target).unwrap();
    other.mark_good(&entry).unwrap();
    let said = kinds(&story.scene);
    let error = process.execute(approved).unwrap_err();
    assert!(matches!(error, Error::Store(_)), "{error:?}");
    assert_eq!(said_since(&story, &said), [""; 0]);
    assert_eq!(story.done_since(), [""; 0]);
}

#[test]
fn a_plan_that_leaves_something_over_is_refused_whatever_is_allowed() {
    let story = Story::half_applied(Where::File);
    story.scene.world.plans_in_part();
    let process = Process::healthy(&story.scene);
    let error = process.approved(story.target).unwrap_err();
    assert!(matches!(error, Error::IncompletePlan(_)), "{error:?}");
    assert_eq!(error.hazard(), Some(HazardKind::IncompletePlan));
    assert!(HazardKind::IncompletePlan.why_never().is_some());
    assert_eq!(story.done_since(), [""; 0]);
}
