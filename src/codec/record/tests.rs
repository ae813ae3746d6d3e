//! Records read back as they were written, and old ones stay readable.

mod runs;

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;

use super::v1::stored_kind;
use super::*;
use crate::model::configuration::*;
use crate::model::drift::{DriftItem, DriftKind, DriftObservation, Fix, ItemFingerprint};
use crate::model::entry::*;
use crate::model::good::{Evidence, Grade, Residual, Verdict};
use crate::model::stack::BackendIdentity;
use crate::model::value::{Path as ValuePath, Step};
use crate::model::version::{Lineage, Serial, StateVersion};
use crate::model::word::Word as _;

fn blob(content: &str) -> BlobId {
    BlobId(Digest::of(content.as_bytes()))
}

fn version() -> StateVersion {
    StateVersion {
        lineage: Lineage::new("3f1c9c1e-3f52-4c0e-8ce8-3f1c9c1e0000").unwrap(),
        serial: Serial(u64::MAX),
        digest: Digest::of(b"state"),
    }
}

fn header(revision: u64) -> Header {
    Header {
        store: StoreId::from_bytes([7; 16]),
        stack: "prod/network".parse().unwrap(),
        revision: Revision(revision),
        previous: (revision > 1).then(|| Digest::of(b"previous")),
        nonce: Nonce::from_bytes([0xab; 16]),
    }
}

fn draft(body: Body) -> NewEntry {
    NewEntry {
        time: "2026-02-03T04:05:06.789Z".parse().unwrap(),
        actor: Actor {
            name: "oncall".into(),
            host: "ops-1".into(),
            process: u32::MAX,
            started: None,
        },
        tool: "unapply 0.1.0".into(),
        reason: Some("line\nbreak \u{2028} \"quote\" \u{7f}é".into()),
        ticket: Some("OPS-4410".into()),
        body,
    }
}

fn residual() -> Vec<Residual> {
    vec![Residual {
        address: r#"module.a["x"].aws_instance.web[0]"#.into(),
        action: "update".into(),
        paths: vec!["tags".into()],
    }]
}

fn snapshot(cause: Cause, source: StateSource, kind: EngineKind) -> Snapshot {
    let origins = [VariableOrigin::Environment, VariableOrigin::CommandLine, VariableOrigin::Plan];
    Snapshot {
        cause,
        state: Some(StateRef {
            version: version(),
            blob: blob("stored state"),
            bytes: 4096,
            source,
            writer: "1.11.4".into(),
            resources: 12,
        }),
        configuration: Some(ConfigurationRef {
            blob: blob("stored configuration"),
            digest: Digest::of(b"archive"),
            source: ConfigurationSource::Directory,
            files: 3,
            modules: 1,
            variables: origins
                .map(|origin| SeenVariable { name: "region".to_owned(), origin })
                .into(),
            providers: vec![LockedProvider {
                source: "registry.terraform.io/hashicorp/aws".parse().unwrap(),
                version: "5.1.0".into(),
            }],
            notes: vec!["a note".into()],
            left_out: vec![
                LeftOut {
                    path: "build/big.zip".into(),
                    why: WhyLeftOut::TooLarge,
                    bytes: Some(73_400_320),
                },
                LeftOut { path: "src/.env".into(), why: WhyLeftOut::LooksSecret, bytes: None },
            ],
        }),
        engine: Some(EngineVersion { kind, version: "1.11.4".into() }),
        workspace: "default".into(),
        backend: BackendIdentity {
            kind: "s3".into(),
            settings: BTreeMap::from([("bucket".into(), "b".into()), ("key".into(), "k".into())]),
        },
        git: Some(GitFacts { commit: "c4a032a".into(), dirty: true }),
        tags: BTreeMap::from([("release".into(), "42".into())]),
        change: Some(ChangeSince {
            against: Revision(41),
            added: 2,
            changed: 1,
            removed: 0,
            tainted: u64::MAX,
        }),
        past: None,
    }
}

fn snapshots() -> Vec<Body> {
    let mut bodies = Vec::new();
    for cause in [
        Cause::Manual,
        Cause::Init,
        Cause::BeforeRevert,
        Cause::AfterRevert,
        Cause::BeforeRun,
        Cause::AfterRun,
    ] {
        for source in [StateSource::File, StateSource::Pull, StateSource::Given] {
            for kind in [EngineKind::Terraform, EngineKind::OpenTofu] {
                bodies.push(Body::Snapshot(Box::new(snapshot(cause, source, kind))));
            }
        }
    }
    let mut from_plan = snapshot(Cause::Manual, StateSource::File, EngineKind::Terraform);
    if let Some(configuration) = &mut from_plan.configuration {
        configuration.source = ConfigurationSource::Plan;
    }
    bodies.push(Body::Snapshot(Box::new(Snapshot {
        state: None,
        configuration: None,
        engine: None,
        git: None,
        tags: BTreeMap::new(),
        change: None,
        ..from_plan.clone()
    })));
    bodies.push(Body::Snapshot(Box::new(from_plan)));
    bodies.push(imported());
    bodies
}

fn imported() -> Body {
    let mut snapshot = snapshot(Cause::Imported, StateSource::Version, EngineKind::Terraform);
    if let Some(configuration) = &mut snapshot.configuration {
        configuration.source = ConfigurationSource::Inferred;
    }
    snapshot.past = Some(Past {
        written: "2025-12-24T18:00:00Z".parse().unwrap(),
        version: "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY".into(),
    });
    Body::Snapshot(Box::new(snapshot))
}

fn marks() -> Vec<Body> {
    let grades = [Grade::Applied, Grade::PlanEmpty, Grade::Checked];
    let good = grades.map(|grade| {
        Verdict::Good(Evidence {
            grade,
            residual: residual(),
            checks: vec!["curl -f https://example.org".into()],
            because: (grade == Grade::Applied).then(|| "no value is kept of var.size".into()),
        })
    });
    let verdicts = good.into_iter().chain([Verdict::Bad]);
    let mark = |verdict| Body::Mark(Mark { revision: Revision(41), verdict });
    verdicts.map(mark).collect()
}

fn reverts() -> Vec<Body> {
    let intent = Body::RevertIntent(Box::new(RevertIntent {
        pushed: None,
        target: Revision(4),
        before: Revision(9),
        state: version(),
        plan: Some(blob("plan")),
        plan_digest: Some(Digest::of(b"plan")),
        actions_digest: Digest::of(b"actions"),
        actions: vec![ConsentedAction {
            address: "aws_instance.web".into(),
            action: "destroy".into(),
            why: "undo".into(),
        }],
        accepted: vec!["destroys-data=aws_db_instance.main".into()],
        directory: "/var/tmp/unapply-1/tree".into(),
    }));
    let outcomes = [
        ApplyOutcome::Succeeded,
        ApplyOutcome::Failed,
        ApplyOutcome::Interrupted,
        ApplyOutcome::Unknown,
        ApplyOutcome::NotStarted,
    ];
    let ended = outcomes.map(|outcome| {
        Body::RevertOutcome(RevertOutcome {
            intent: Revision(10),
            outcome,
            after: (outcome != ApplyOutcome::Unknown).then_some(Revision(12)),
            events: (outcome != ApplyOutcome::NotStarted).then(|| blob("events")),
            errors: vec!["creating instance: denied".into()],
            invocations: if outcome == ApplyOutcome::Failed {
                runs::invocations()
            } else {
                Vec::new()
            },
        })
    });
    let verification = Verification {
        intent: Revision(10),
        snapshot: Revision(12),
        residual: residual(),
        expected: 7,
        equal: 6,
        differences: vec!["`aws_instance.web` is missing".into()],
        recreated: Vec::new(),
        not_undone: Vec::new(),
    };
    let made = |is: Option<&str>| Recreated {
        address: r#"module.a["x"].aws_instance.web[0]"#.into(),
        was: Some("i-1".into()),
        is: is.map(str::to_owned),
    };
    let why = "it was made anew and starts empty: its disk is gone with it".into();
    let in_full = Verification {
        recreated: vec![made(Some("i-2")), made(None)],
        not_undone: vec![NotUndone { address: "aws_ebs_volume.data".into(), why }],
        ..verification.clone()
    };
    let verifications = [verification, in_full].map(Body::Verification);
    std::iter::once(intent).chain(verifications).chain(ended).collect()
}

fn drifts() -> Vec<Body> {
    let name = |name: &str| Step::Name(name.into());
    let item = |kind, paths: &[ValuePath]| DriftItem {
        fingerprint: ItemFingerprint([0, 1, 2, 3, 0xab, 0xcd, 0xef, 0xff]),
        address: r#"module.a["x"].aws_instance.web[0]"#.parse().unwrap(),
        deposed: (kind == DriftKind::Gone).then(|| "0a1b2c3d".into()),
        kind,
        paths: paths.to_vec(),
    };
    let paths = [
        ValuePath(vec![name("ingress"), Step::Index(0), name("from_port")]),
        ValuePath(vec![name("tags"), name("a \"b\"")]),
        ValuePath(vec![name("0")]),
    ];
    let look = |items: Vec<DriftItem>| DriftObservation {
        against: Revision(9),
        state: version(),
        values: (!items.is_empty()).then(|| blob("values")),
        items,
    };
    let items = vec![item(DriftKind::Changed, &paths), item(DriftKind::Gone, &[])];
    let fix = |until| Fix { item: ItemFingerprint([0xfe; 8]), seen: Revision(34), until };
    vec![
        Body::Drift(Box::new(look(items))),
        Body::Drift(Box::new(look(Vec::new()))),
        Body::Fix(fix(Some("2026-12-24T00:00:00Z".parse().unwrap()))),
        Body::Fix(fix(None)),
    ]
}

fn every_body() -> Vec<Body> {
    let evidence = Body::Evidence(UnreadableState {
        blob: blob("torn"),
        digest: Digest::of(b"torn bytes"),
        bytes: 0,
        found: "terraform.tfstate".into(),
        problem: "is empty".into(),
    });
    let bodies = [snapshots(), vec![evidence], marks(), reverts(), drifts(), runs::every()];
    bodies.into_iter().flatten().collect()
}

#[test]
fn every_body_reads_back_as_it_was_written() {
    for (body, revision) in every_body().into_iter().zip(1..) {
        let (header, draft) = (header(revision), draft(body));
        let bytes = encode(&header, &draft).unwrap();
        assert_eq!(decode(&bytes).unwrap(), (header, draft));
        assert_eq!(String::from_utf8(bytes).unwrap().lines().count(), 2);
    }
}

#[test]
fn the_words_in_a_record_are_those_on_a_screen() {
    for body in every_body() {
        let text = String::from_utf8(encode(&header(1), &draft(body.clone())).unwrap()).unwrap();
        let word = match &body {
            Body::Snapshot(snapshot) => snapshot.cause.name(),
            Body::Mark(mark) => match &mark.verdict {
                Verdict::Good(evidence) => evidence.grade.name(),
                Verdict::Bad => "bad",
            },
            Body::RevertOutcome(ended) => ended.outcome.name(),
            Body::Drift(observation) => observation.items.first().map_or("drift", |item| item.kind.name()),
            Body::RunOutcome(ended) => {
                ended.apply_report.objects.first().map_or("events", |d| d.outcome.name())
            }
            Body::Resolution(resolution) => resolution.how.name(),
            Body::Evidence(_)
            | Body::RevertIntent(_)
            | Body::Verification(_)
            | Body::Fix(_)
            | Body::RunIntent(_)
            | Body::Hold(_)
            | Body::Release(_)
            // Kept in a record by the names that they had at first.
            | Body::Diagnosis(_) => body.kind(),
        };
        assert!(text.contains(&format!("\"{word}\"")), "{word}: {text}");
        assert!(text.contains(&format!("\"kind\":\"{}\"", stored_kind(&body))));
    }
}

/// Old files are never edited: one that stops reading is a store that stops opening.
#[test]
fn records_of_every_released_format_still_read() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/records/v1");
    let mut kinds: Vec<&str> = Vec::new();
    for file in std::fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let (header, draft) = decode(&bytes).unwrap_or_else(|error| panic!("{path:?}: {error:?}"));
        assert_eq!(encode(&header, &draft).unwrap(), bytes, "{path:?}");
        kinds.push(draft.body.kind());
    }
    for body in every_body() {
        assert!(kinds.contains(&body.kind()), "{}", body.kind());
    }
}

fn sample() -> Vec<u8> {
    let mark = marks().pop().unwrap();
    encode(&header(2), &draft(mark)).unwrap()
}

fn edited(from: &str, to: &str) -> Result<(Header, NewEntry), Error> {
    let text = String::from_utf8(sample()).unwrap();
    assert!(text.contains(from), "{from}: {text}");
    decode(text.replacen(from, to, 1).as_bytes())
}

#[test]
fn a_wrong_shape_is_refused_by_name() {
    let good = sample();
    let with = |before: &[u8], after: &[u8]| [before, &good, after].concat();
    let cut = good.strip_suffix(b"\n").unwrap();
    let payload = cut.strip_suffix(b"\n").unwrap();
    let crlf = [payload, b"\r\n\n"].concat();
    let signed = [payload, b"\nsignature\n"].concat();
    let table: [(&[u8], &str); 8] = [
        (b"", "entry does not end with a line feed"),
        (payload, "entry does not end with a line feed"),
        (cut, "entry has 1 lines instead of 2"),
        (&with(b"", b"\n"), "entry has 3 lines instead of 2"),
        (&with(b"\xef\xbb\xbf", b""), "entry begins with a byte order mark"),
        (&crlf, "entry has a carriage return"),
        (&signed, "entry is signed, which this version cannot check"),
        (b"{}\n\n", "entry is malformed"),
    ];
    for (bytes, name) in table {
        assert_eq!(decode(bytes).unwrap_err().to_string(), name);
    }
    let huge = vec![b' '; ENTRY_BYTES_MAX + 1];
    assert!(matches!(decode(&huge), Err(Error::TooLarge { .. })));
}

#[test]
fn what_a_later_version_may_add_is_passed_over() {
    let (header, draft) = decode(&sample()).unwrap();
    let added = edited("\"tool\":", "\"later\":{\"a\":[1e999]},\"tool\":").unwrap();
    assert_eq!(added, (header.clone(), draft.clone()));
    let added = edited("\"verdict\":", "\"later\":1.50,\"verdict\":").unwrap();
    assert_eq!(added, (header, draft));
}

#[test]
fn unknown_formats_kinds_and_words_are_refused_by_name() {
    assert!(matches!(
        edited("unapply/1", "unapply/2"),
        Err(Error::UnknownFormat { format }) if format == "unapply/2"
    ));
    // Another major version is named even when nothing else of it can be read.
    assert!(matches!(decode(b"{\"format\":\"unapply/2\"}\n\n"), Err(Error::UnknownFormat { .. })));
    assert!(matches!(
        edited("\"kind\":\"mark\"", "\"kind\":\"wish\""),
        Err(Error::UnknownKind { kind }) if kind == "wish"
    ));
    for (from, to) in [
        ("\"bad\"", "\"ugly\""),
        ("\"seq\":2", "\"seq\":-2"),
        ("\"seq\":2", "\"seq\":2.0"),
        ("\"seq\":2", "\"seq\":18446744073709551616"),
        ("\"seq\":2", "\"seq\":2,\"seq\":3"),
        ("06.789Z", "06.789+00:00"),
        ("\"prod/network\"", "\"../network\""),
        ("abab", "ABAB"),
    ] {
        let refused = edited(from, to);
        assert!(matches!(refused, Err(Error::Malformed { .. })), "{to}");
    }
}

#[test]
fn contradictions_are_refused() {
    let previous = format!("\"prev\":\"{}\"", Digest::of(b"previous"));
    for (from, to) in [
        ("\"seq\":2", "\"seq\":1"),
        ("\"seq\":2", "\"seq\":0"),
        (previous.as_str(), "\"prev\":null"),
        ("\"evidence\":null", "\"evidence\":{\"grade\":\"applied\",\"residual\":[],\"checks\":[]}"),
        ("\"bad\"", "\"good\""),
    ] {
        let refused = edited(from, to);
        assert!(matches!(refused, Err(Error::Inconsistent { .. })), "{to}");
    }
    let values = format!("\"values\":\"{}\"", blob("values").0);
    for (body, from, to) in
        [(0, values.as_str(), "\"values\":null"), (1, "\"values\":null", &values)]
    {
        let bytes = encode(&header(2), &draft(drifts().swap_remove(body))).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains(from), "{from}: {text}");
        let refused = decode(text.replacen(from, to, 1).as_bytes());
        assert!(matches!(refused, Err(Error::Inconsistent { .. })), "{to}");
    }
}

#[test]
fn a_marker_names_its_store_and_refuses_what_it_does_not_know() {
    let store = StoreId::from_bytes([9; 16]);
    let text = String::from_utf8(marker::encode(store).unwrap()).unwrap();
    assert_eq!(
        text,
        "{\"format\":\"unapply/1\",\"store\":\"09090909090909090909090909090909\",\
         \"blobs\":\"zstd\",\"digest\":\"sha256\"}\n"
    );
    assert_eq!(marker::decode(text.as_bytes()).unwrap(), store);
    let edit = |from: &str, to: &str| marker::decode(text.replace(from, to).as_bytes());
    assert!(matches!(edit("unapply/1", "unapply/2"), Err(marker::Error::Format { .. })));
    assert!(matches!(
        edit("zstd", "zstd+age"),
        Err(marker::Error::Algorithm { field: "blobs", .. })
    ));
    assert!(matches!(edit("0909", "zz"), Err(marker::Error::Malformed { .. })));
}

proptest! {
    #[test]
    fn any_text_and_number_survives(
        reason in proptest::option::of(".*"),
        name in "\\PC*",
        differences in proptest::collection::vec(".*", 0..4),
        expected in any::<u64>(),
        seconds in 0_i64..4_000_000_000,
        nanoseconds in 0_i32..1_000_000_000,
    ) {
        let body = Body::Verification(Verification {
            intent: Revision(expected),
            snapshot: Revision(1),
            residual: Vec::new(),
            expected,
            equal: 0,
            differences,
            recreated: Vec::new(),
            not_undone: Vec::new(),
        });
        let mut draft = draft(body);
        draft.reason = reason;
        draft.actor.name = name;
        draft.time = jiff::Timestamp::new(seconds, nanoseconds).unwrap();
        let bytes = encode(&header(3), &draft).unwrap();
        prop_assert_eq!(decode(&bytes).unwrap(), (header(3), draft));
    }

    #[test]
    fn damaged_bytes_are_refused_without_a_panic(at in 0_usize..400, byte in any::<u8>()) {
        let mut bytes = sample();
        let length = bytes.len();
        bytes[at % length] = byte;
        if let Ok((header, draft)) = decode(&bytes) {
            prop_assert!(encode(&header, &draft).is_ok());
        }
    }
}
