//! A stack whose store is a bucket: what a person sees, also when the bucket's service fails.

use std::net::TcpListener;

use http::Method;

use crate::support::bucket::{ACCESS_KEY, BUCKET, Bucket, Fault, Rule, SECRET_KEY};
use crate::support::stage::{Ran, Stage};

const CONFIGURATION: &str =
    "resource \"demo_file\" \"a\" {\n  path    = \"a\"\n  content = \"1\"\n}";

/// The arguments of every verb that only reads.
const READING: [&[&str]; 6] = [
    &["status"],
    &["history"],
    &["show", "good"],
    &["diff"],
    &["check"],
    &["check", "--read-data"],
];

/// A stack that is applied and has its settings, and a bucket that is empty.
fn stage() -> (Stage, Bucket) {
    let bucket = Bucket::start();
    let mut stage = Stage::with(CONFIGURATION);
    settings(&stage, &bucket, "");
    stage.set("AWS_ACCESS_KEY_ID", ACCESS_KEY);
    stage.set("AWS_SECRET_ACCESS_KEY", SECRET_KEY);
    stage.apply().expect(0);
    (stage, bucket)
}

fn settings(stage: &Stage, bucket: &Bucket, more: &str) {
    stage.write_settings();
    stage.settings(&format!(
        "[store]\nurl = \"s3://{BUCKET}/team\"\nendpoint = \"{}\"\ntimeout = \"2s\"\n{more}\n",
        bucket.endpoint()
    ));
}

/// The same with a store and a good snapshot.
fn good() -> (Stage, Bucket) {
    let (stage, bucket) = stage();
    run(&stage, &["init", "--no-encryption"]).expect(0);
    run(&stage, &["mark", "good", "--verify"]).expect(0);
    (stage, bucket)
}

/// Runs unapply, which never says the secret.
fn run(stage: &Stage, arguments: &[&str]) -> Ran {
    let ran = stage.unapply(arguments);
    for text in [&ran.stdout, &ran.stderr] {
        assert!(!text.contains(SECRET_KEY), "{text}");
    }
    ran
}

/// How many entries the log has, after a proof that all of it is sound.
fn entries(stage: &Stage) -> u64 {
    let report = run(stage, &["check", "--read-data", "--json"]).expect(0).json();
    assert_eq!(report["sound"], true);
    report["entries"].as_u64().unwrap()
}

fn writes(requests: &[String]) -> Vec<&String> {
    requests.iter().filter(|request| !request.starts_with("GET ")).collect()
}

#[test]
fn no_store_comes_to_be_in_a_bucket_before_somebody_accepts_that_it_is_not_encrypted() {
    let (stage, bucket) = stage();
    for verb in ["init", "snapshot"] {
        let ran = run(&stage, &[verb]).expect(15).says("not encrypt what it keeps");
        ran.says("unapply init --no-encryption");
    }
    assert_eq!(writes(&bucket.requests()), [""; 0]);
    run(&stage, &["init", "--no-encryption"])
        .expect(0)
        .says("Created the store s3://unapply-tests/team (not encrypted by unapply)")
        .says("store     s3://unapply-tests/team (created, create-only writes hold)");
    assert!(bucket.object("team/unapply.json").is_some());
    // Then it is there, and nobody has to accept it again.
    run(&stage, &["init"]).expect(0).says("there already");
    run(&stage, &["snapshot"]).expect(0);
}

#[test]
fn init_writes_where_the_bucket_is_and_only_after_it_was_found_fit() {
    let (mut stage, bucket) = stage();
    std::fs::remove_file(stage.stack().join("unapply.toml")).unwrap();
    stage.set("AWS_ENDPOINT_URL_S3", bucket.endpoint());
    let store = format!("s3://{BUCKET}/team");
    let init = ["--store", store.as_str(), "init", "--no-encryption"];
    bucket.rule(Rule::always(Method::PUT, "", Fault::IgnoreCondition));
    run(&stage, &init).expect(10).says("it overwrites in spite of a create-only condition");
    assert!(!stage.stack().join("unapply.toml").exists());
    assert_eq!(bucket.object("team/unapply.json"), None);
    bucket.heal();
    run(&stage, &init).expect(0);
    let text = std::fs::read_to_string(stage.stack().join("unapply.toml")).unwrap();
    assert!(text.contains("url = \"s3://unapply-tests/team\""), "{text}");
    run(&stage, &["history"]).expect(0);
}

#[test]
fn what_only_reads_never_writes_and_needs_no_right_to() {
    let (stage, bucket) = good();
    bucket.rule(Rule::always(Method::PUT, "", Fault::Answer(403, "AccessDenied")));
    let before = bucket.requests().len();
    for arguments in READING {
        run(&stage, arguments).expect(0);
    }
    let requests = bucket.requests();
    assert!(requests.len() > before);
    assert_eq!(writes(&requests[before..]), [""; 0]);
    run(&stage, &["snapshot", "--force"])
        .expect(12)
        .says("permission denied: `s3://unapply-tests/team/")
        .says("403 AccessDenied")
        .says("no snapshot was recorded");
}

#[test]
fn a_snapshot_survives_every_fault_that_passes_and_is_recorded_once() {
    let (stage, bucket) = good();
    let mut expected = entries(&stage);
    for fault in [
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::Answer(503, "SlowDown"),
        Fault::Answer(409, "ConditionalRequestConflict"),
        Fault::ErrorInBody,
    ] {
        // A conflict is an answer to writes; everything else happens to reads too.
        let is_for_writes = matches!(fault, Fault::Answer(409, _));
        bucket.rule(Rule::first(2, Method::PUT, "/team/stacks/", fault.clone()));
        if !is_for_writes {
            bucket.rule(Rule::first(2, Method::GET, "/team/", fault.clone()));
        }
        run(&stage, &["snapshot", "--force"]).expect(0);
        bucket.heal();
        expected += 1;
        assert_eq!(entries(&stage), expected, "{fault:?}");
    }
}

#[test]
fn a_fault_that_does_not_pass_ends_with_its_name_and_loses_nothing_acknowledged() {
    let (stage, bucket) = good();
    let acknowledged = entries(&stage);
    let elsewhere = Fault::Redirect("https://elsewhere.example.org/".to_owned());
    for (fault, code, words) in [
        (Fault::Answer(503, "SlowDown"), 1, "503 SlowDown"),
        (Fault::Hang, 1, "no answer within"),
        (Fault::Answer(403, "AccessDenied"), 12, "403 AccessDenied"),
        (Fault::Answer(400, "ExpiredToken"), 12, "400 ExpiredToken"),
        (Fault::Answer(403, "RequestTimeTooSkewed"), 12, "set this machine's clock"),
        (Fault::Answer(501, "NotImplemented"), 10, "create-only writes are not supported"),
        (elsewhere, 10, "the store's address is wrong"),
    ] {
        // The blobs pass; what would commit them does not.
        bucket.rule(Rule::always(Method::PUT, "/log/", fault.clone()));
        run(&stage, &["snapshot", "--force"])
            .expect(code)
            .says(words)
            .says("`s3://unapply-tests/team/stacks/demo%2Fapp/log/0000000000000000000")
            .says("no snapshot was recorded");
        bucket.heal();
        assert_eq!(entries(&stage), acknowledged, "{fault:?}");
    }
    run(&stage, &["snapshot", "--force"]).expect(0);
    assert_eq!(entries(&stage), acknowledged + 1);
}

#[test]
fn credentials_may_expire_at_any_request_and_what_was_acknowledged_stays() {
    let (stage, bucket) = good();
    let mut least = entries(&stage);
    let mut recorded = 0;
    for after in (0..24).step_by(2) {
        let fault = Fault::Answer(400, "ExpiredToken");
        let rule = Rule::always(Method::GET, "", fault.clone()).after(after);
        bucket.rule(Rule { method: None, ..rule });
        let ran = run(&stage, &["snapshot", "--force"]);
        bucket.heal();
        let most = least + 1;
        if ran.code == 0 {
            least = most;
            recorded += 1;
        } else {
            ran.expect(12).says("400 ExpiredToken").says("s3://unapply-tests/team");
        }
        let now = entries(&stage);
        assert!((least..=most).contains(&now), "after {after}: {now}, not {least} to {most}");
        least = now;
    }
    assert!(recorded < 12, "the credentials expired too late to matter");
}

#[test]
fn what_cannot_be_read_is_never_shown_as_empty() {
    let (stage, bucket) = good();
    let cut = Fault::Says("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>");
    for (part, fault, code, words) in [
        ("list-type=2", Fault::Answer(403, "AccessDenied"), 12, "s3://unapply-tests/team/stacks"),
        ("list-type=2", cut, 1, "the list is cut short"),
        ("/log/", Fault::Answer(403, "ExpiredToken"), 12, "credentials are missing"),
        ("/log/", Fault::Answer(404, ""), 1, "404"),
        ("", Fault::Answer(404, "NoSuchBucket"), 10, "NoSuchBucket"),
        ("", Fault::Answer(404, ""), 1, "team/unapply.json"),
        ("", Fault::ErrorInBody, 1, "200, and an error in it"),
    ] {
        bucket.rule(Rule::always(Method::GET, part, fault.clone()));
        let ran = run(&stage, &["history"]).expect(code).says(words);
        assert_eq!(ran.stdout, "", "{fault:?}");
        bucket.heal();
    }
    run(&stage, &["history"]).expect(0);
}

#[test]
fn credentials_that_are_wrong_or_missing_are_named_and_the_machine_is_not_asked() {
    let (mut stage, bucket) = good();
    stage.set("AWS_SECRET_ACCESS_KEY", "wrong");
    run(&stage, &["history"])
        .expect(12)
        .says("SignatureDoesNotMatch")
        .says("`s3://unapply-tests/team/unapply.json`");
    // Somebody who listens where the metadata service would be.
    let machine = TcpListener::bind("127.0.0.1:0").unwrap();
    machine.set_nonblocking(true).unwrap();
    let address = format!("http://{}", machine.local_addr().unwrap());
    stage.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", &address);
    stage.unset("AWS_SECRET_ACCESS_KEY");
    stage.unset("AWS_ACCESS_KEY_ID");
    let before = bucket.requests().len();
    run(&stage, &["history"])
        .expect(12)
        .says("no credentials in the environment")
        .says("`s3://unapply-tests/team/unapply.json`");
    assert!(machine.accept().is_err(), "nobody asked the machine");
    assert_eq!(bucket.requests().len(), before, "nothing was sent unsigned");
    settings(&stage, &bucket, "instance_metadata = true\n");
    assert_ne!(run(&stage, &["history"]).code, 0, "nobody answers there");
    assert!(machine.accept().is_ok(), "the settings say that it may be asked");
}

#[test]
fn a_profile_gives_credentials_and_region() {
    let (mut stage, bucket) = good();
    stage.unset("AWS_SECRET_ACCESS_KEY");
    stage.unset("AWS_ACCESS_KEY_ID");
    stage.set("AWS_PROFILE", "team");
    let aws = stage.path().join("home/.aws");
    std::fs::create_dir(&aws).unwrap();
    let text = format!(
        "[profile team]\nregion = eu-central-1\naws_access_key_id = {ACCESS_KEY}\n\
         aws_secret_access_key = {SECRET_KEY}\n"
    );
    stage.write("../home/.aws/config", &text);
    run(&stage, &["history"]).expect(0);
    assert!(!bucket.requests().is_empty());
}

#[test]
fn what_would_travel_in_the_clear_or_is_no_place_is_refused_before_anything_is_sent() {
    let (mut stage, bucket) = stage();
    run(&stage, &["--store", "s3://nowhere-at-all/x", "history"]).expect(10);
    let before = bucket.requests().len();
    stage.write("unapply.toml", "version = 1\n[store]\nendpoint = \"http://s3.example.org\"\n");
    run(&stage, &["--store", "s3://unapply-tests", "history"]).expect(64).says("is not encrypted");
    stage.write("unapply.toml", "version = 1\n");
    let ran = run(&stage, &["--store", "s3://key:canary@unapply-tests", "history"]).expect(64);
    assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
    stage.set("AWS_ENDPOINT_URL_S3", "nonsense");
    run(&stage, &["--store", "s3://unapply-tests", "history"]).expect(64).says("is no URL");
    assert_eq!(bucket.requests().len(), before);
}
