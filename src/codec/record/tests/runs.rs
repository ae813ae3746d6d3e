//! Bodies of runs and of what follows them.

use strum::VariantArray as _;

use super::{blob, version};
use crate::model::apply_report::*;
use crate::model::digest::Digest;
use crate::model::entry::{ApplyOutcome, Body, Revision};
use crate::model::hold::{Hold, HoldScope, Release};
use crate::model::invocation::*;
use crate::model::run::*;

pub(super) fn every() -> Vec<Body> {
    let mut bodies = vec![intent(), Body::Release(Release { hold: Revision(46) })];
    bodies.extend(ObjectOutcome::VARIANTS.iter().copied().map(outcome));
    bodies.extend(holds());
    let resolved = [
        ResolutionKind::Finished,
        ResolutionKind::Abandoned,
        ResolutionKind::Pushed,
        ResolutionKind::Adopted,
    ];
    bodies.extend(resolved.map(|how| {
        let objects = vec![r#"module.a["x"].aws_instance.web[0]"#.to_owned()];
        Body::Resolution(Resolution { matter: Revision(44), how, objects })
    }));
    bodies.extend([Health::Ok, Health::Warning, Health::Failing].map(diagnosis));
    bodies
}

fn intent() -> Body {
    Body::RunIntent(Box::new(RunIntent {
        before: Revision(43),
        command: ["terraform", "apply", "-var", "x=…"].map(str::to_owned).to_vec(),
        configuration: Some(version().digest),
        commit: Some("8f3c2ab".into()),
        plan: Some(blob("plan")),
        plan_digest: None,
        journal: "/home/oncall/.local/state/unapply/runs/network-1".into(),
    }))
}

fn outcome(outcome: ObjectOutcome) -> Body {
    let presences = [Presence::InState, Presence::NotInState, Presence::Unread];
    let objects = presences.map(|presence| ReportedObject {
        address: "aws_subnet.new".into(),
        action: "create".into(),
        outcome,
        id: (presence != Presence::Unread).then(|| "subnet-f2c1262c".into()),
        presence,
    });
    let classes = [
        ErrorClass::Configuration,
        ErrorClass::Credentials,
        ErrorClass::Quota,
        ErrorClass::Network,
        ErrorClass::Lock,
        ErrorClass::Interrupted,
        ErrorClass::Provider,
    ];
    let errors = classes.map(|class| ApplyError {
        class,
        address: (class == ErrorClass::Provider).then(|| "aws_subnet.new".into()),
        summary: "InvalidGroup.Duplicate".into(),
    });
    let source = [ReportSource::States, ReportSource::Output, ReportSource::Events]
        [ObjectOutcome::VARIANTS.iter().position(|one| *one == outcome).unwrap() % 3];
    Body::RunOutcome(Box::new(RunOutcome {
        intent: Revision(44),
        outcome: ApplyOutcome::Failed,
        code: Some(1),
        after: Some(Revision(45)),
        events: Some(blob("events")),
        errored: Some(Revision(46)),
        apply_report: ApplyReport { source, objects: objects.to_vec(), invocations: invocations() },
        errors: errors.to_vec(),
        elsewhere: false,
    }))
}

/// An action of each outcome, with all that a trigger can say.
pub(super) fn invocations() -> Vec<ReportedInvocation> {
    let outcomes = [
        InvocationOutcome::Unknown,
        InvocationOutcome::Failed,
        InvocationOutcome::Completed,
        InvocationOutcome::NotAttempted,
    ];
    let resource = Some("aws_subnet.new".to_owned());
    let trigger = InvocationTrigger::of(resource, Some("AfterUpdate"));
    let of = |outcome| ReportedInvocation {
        address: "action.aws_lambda_invoke.tell".into(),
        trigger: if outcome == InvocationOutcome::Unknown {
            InvocationTrigger::default()
        } else {
            trigger.clone()
        },
        outcome,
    };
    outcomes.map(of).to_vec()
}

fn holds() -> [Body; 2] {
    let scope = HoldScope::Configuration {
        digests: vec![Digest::of(b"configuration")],
        commits: vec!["8f3c2ab".into()],
        target: Some(Revision(42)),
    };
    [
        Body::Hold(Hold { scope, until: Some("2026-12-24T00:00:00Z".parse().unwrap()) }),
        Body::Hold(Hold { scope: HoldScope::Everything, until: None }),
    ]
}

fn diagnosis(health: Health) -> Body {
    let finding = Finding { subject: "store".into(), health, what: "12 ms".into() };
    Body::Diagnosis(Diagnosis { target: Some(Revision(42)), findings: vec![finding] })
}
