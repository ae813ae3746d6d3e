//! States that live in S3, behind Terraform's own backend with its own lock file.

use serde_json::Value;

use crate::support::bucket::{ACCESS_KEY, Bucket, Fault, Rule, SECRET_KEY};
use crate::support::deeds::{Past, file};
use crate::support::running::until;
use crate::support::stage::Stage;

/// Where the state lies in the bucket.
const KEY: &str = "prod/app.tfstate";

fn a_and_b() -> String {
    file("a", "one") + &file("b", "two")
}

fn v2() -> String {
    file("a", "ONE") + &file("b", "two") + &file("c", "new")
}

/// A stack whose state is in the bucket, whose `v1` is good, and how it looks.
fn good(bucket: &Bucket) -> (Stage, Past) {
    let mut stage = Stage::with("");
    stage.set("AWS_ACCESS_KEY_ID", ACCESS_KEY);
    stage.set("AWS_SECRET_ACCESS_KEY", SECRET_KEY);
    stage.set("AWS_EC2_METADATA_DISABLED", "true");
    stage.settings_pass("AWS_*");
    stage.write("backend.tf", &bucket.backend(KEY));
    let v1 = a_and_b();
    stage.configure(&v1);
    stage.terraform(&["init", "-no-color"]).expect(0);
    stage.set_up();
    let past = Past::of(&stage, &v1);
    (stage, past)
}

/// The text of a stored state.
fn raw_state(stage: &Stage, revision: &str) -> String {
    stage.unapply(&["show", revision, "--raw-state"]).expect(0).stdout
}

/// The state in the bucket as `terraform state pull` prints it: with a line end more.
fn pulled(bucket: &Bucket) -> String {
    String::from_utf8(bucket.object(KEY).unwrap()).unwrap() + "\n"
}

#[test]
fn a_failed_apply_is_undone_and_no_credential_is_kept_or_shown() {
    let bucket = Bucket::start();
    let (stage, past) = good(&bucket);
    assert_eq!(raw_state(&stage, "1"), pulled(&bucket));
    stage.apply_badly(&v2(), "create-after:c.txt").expect(1);
    let mut said = String::new();
    for verb in [&["status", "--json"][..], &["history"], &["diff"], &["-v", "revert", "--yes"]] {
        said += &stage.unapply(verb).expect(0).screen();
    }
    past.is_back(&stage);
    assert_eq!(raw_state(&stage, "@-"), pulled(&bucket));
    assert_eq!(bucket.object(&format!("{KEY}.tflock")), None, "the lock is free");
    said += &stage.log_text();
    assert!(!said.contains(SECRET_KEY), "{said}");
    assert!(!said.contains(ACCESS_KEY), "{said}");
}

#[test]
fn a_lock_that_somebody_holds_is_shown_as_a_card_and_left_alone() {
    let bucket = Bucket::start();
    let (stage, past) = good(&bucket);
    stage.configure(&v2());
    stage.unapply(&["snapshot"]).expect(0);
    stage.fault("delay-ms:a.txt:4000");
    let apply = stage.start("terraform", &["apply", "-auto-approve", "-no-color", "-input=false"]);
    let lock = format!("{KEY}.tflock");
    until("terraform holds its lock", || bucket.object(&lock).is_some_and(|l| !l.is_empty()));
    let held: Value = serde_json::from_slice(&bucket.object(&lock).unwrap()).unwrap();
    let (id, who) = (held["ID"].as_str().unwrap(), held["Who"].as_str().unwrap());
    let before = pulled(&bucket);
    let ran = stage.unapply(&["revert", "--yes", "--lock-timeout", "0s"]).expect(11);
    for words in [
        &format!("the state is locked by {who}"),
        &format!("lock       {id}"),
        "of         unapply-tests/prod/app.tfstate",
        "operation  apply",
        "s ago)",
        "nothing was applied",
        "was not touched",
        "--lock-timeout",
        &format!("terraform force-unlock {id}"),
    ] {
        assert!(ran.stderr.contains(words), "no `{words}` in:\n{}", ran.stderr);
    }
    assert_eq!(pulled(&bucket), before);
    assert!(bucket.object(&lock).is_some(), "the lock is where it was");
    assert_eq!(stage.entries("revert-intent").len(), 0);
    apply.end().expect(0);
    stage.fault("");
    stage.goes_back(&past, &[]);
}

#[test]
fn a_state_that_is_gone_from_the_bucket_is_lost_and_the_last_one_is_named() {
    let bucket = Bucket::start();
    let (stage, past) = good(&bucket);
    let kept = pulled(&bucket);
    std::fs::remove_file(bucket.files().join(KEY)).unwrap();
    let objects = stage.objects();
    for verb in [&["snapshot"][..], &["revert", "--yes"]] {
        stage.unapply(verb).expect(15).says("unapply show 1 --raw-state");
    }
    assert_eq!(stage.objects(), objects);
    assert_eq!(stage.entries("revert-intent").len(), 0);
    let last = raw_state(&stage, "1");
    assert_eq!(last, kept);
    // What the message says to do gets it back.
    let path = stage.stack().join("recovered.json");
    std::fs::File::create(&path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, last.as_bytes()))
        .unwrap();
    stage.terraform(&["state", "push", "recovered.json"]).expect(0);
    stage.unapply(&["status"]).expect(0);
    past.is_back(&stage);
}

/// Lets `passing` requests through and answers every other as expired credentials are answered.
fn expire_after(bucket: &Bucket, passing: usize) {
    let fault = Fault::Answer(403, "ExpiredToken");
    bucket.rule(Rule {
        method: None,
        part: String::new(),
        after: passing,
        times: usize::MAX,
        fault,
    });
}

#[test]
fn credentials_that_expire_at_any_moment_of_a_revert_lose_nothing() {
    let bucket = Bucket::start();
    let (stage, past) = good(&bucket);
    let mut endings = std::collections::BTreeSet::new();
    // Measured: the first look, the bytes, the plan's lock, the apply's start, the state's last write.
    for passing in [0, 1, 12, 18, 20] {
        stage.apply_next(&v2());
        let before = stage.entries("snapshot").len();
        expire_after(&bucket, passing);
        let ran = stage.unapply(&["revert", "--yes"]);
        bucket.heal();
        let case = format!("after {passing}: {}\n{}", ran.code, ran.stderr);
        assert!(matches!(ran.code, 0 | 1 | 12 | 19), "{case}");
        if ran.code == 12 {
            assert!(ran.stderr.contains("403"), "{case}");
            assert!(ran.stderr.contains("renew the credentials"), "{case}");
        }
        endings.insert(ran.code);
        assert!(stage.entries("snapshot").len() >= before, "{case}");
        stage.is_sound();
        // A state that could not be saved is on record; its owner pushes it.
        if ran.stderr.contains("could not save its state") {
            push_kept(&stage, &bucket);
        }
        let lock = bucket.files().join(format!("{KEY}.tflock"));
        let _was_free = std::fs::remove_file(lock).is_err();
        stage.sweep();
        stage.unapply(&["revert", "--yes"]).expect(0);
        past.is_back(&stage);
    }
    assert!(endings.contains(&12) && endings.len() > 1, "{endings:?}");
}

/// Does by hand what a revert says when Terraform could not save its state.
fn push_kept(stage: &Stage, bucket: &Bucket) {
    let evidence = stage.entries("evidence");
    let saved = raw_state(stage, &evidence[0]["revision"].to_string());
    let path = stage.stack().join("errored.json");
    std::fs::File::create(&path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, saved.as_bytes()))
        .unwrap();
    let _was_free = std::fs::remove_file(bucket.files().join(format!("{KEY}.tflock"))).is_err();
    stage.terraform(&["state", "push", "errored.json"]).expect(0);
    let pushed: Value = serde_json::from_slice(&bucket.object(KEY).unwrap()).unwrap();
    let kept: Value = serde_json::from_str(&saved).unwrap();
    assert_eq!(pushed["resources"], kept["resources"]);
}
