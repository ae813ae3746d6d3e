//! States that live in S3, behind Terraform's own backend with its own lock file; the store beside
//! the stack, or in the very same bucket.

use std::path::Path;

use http::Method;
use serde_json::Value;

use crate::support::bucket::{ACCESS_KEY, BUCKET, Bucket, Fault, Rule, SECRET_KEY};
use crate::support::deeds::{Past, file};
use crate::support::running::until;
use crate::support::stage::{Stage, UNAPPLY};

/// The key of the state in the bucket.
const KEY: &str = "prod/app.tfstate";

fn a_and_b() -> String {
    file("a", "one") + &file("b", "two")
}

fn v2() -> String {
    file("a", "ONE") + &file("b", "two") + &file("c", "new")
}

/// A stack whose state is in the bucket, whose `v1` is good, and how it looks.
fn good(bucket: &Bucket) -> (Stage, Past) {
    let stage = initialised(bucket);
    stage.set_up();
    let past = Past::of(&stage, &a_and_b());
    (stage, past)
}

/// The same with the store in the bucket too, below this prefix.
fn good_with_store(bucket: &Bucket, prefix: &str) -> (Stage, Past) {
    let stage = initialised(bucket);
    stage.settings(&format!(
        "[store]\nurl = \"s3://{BUCKET}/{prefix}\"\nendpoint = \"{}\"\ntimeout = \"5s\"\n",
        bucket.endpoint()
    ));
    stage.apply().expect(0);
    stage.unapply(&["init", "--no-encryption"]).expect(0);
    stage.unapply(&["mark", "good", "--verify"]).expect(0);
    assert!(!stage.stack().join(".unapply").exists());
    let past = Past::of(&stage, &a_and_b());
    (stage, past)
}

/// A stack whose state will be in the bucket.
fn initialised(bucket: &Bucket) -> Stage {
    let mut stage = Stage::with("");
    stage.set("AWS_ACCESS_KEY_ID", ACCESS_KEY);
    stage.set("AWS_SECRET_ACCESS_KEY", SECRET_KEY);
    stage.set("AWS_EC2_METADATA_DISABLED", "true");
    stage.write("backend.tf", &bucket.backend(KEY));
    stage.configure(&a_and_b());
    stage.terraform(&["init", "-no-color"]).expect(0);
    stage
}

/// The keys of all objects in the bucket, sorted.
fn keys(bucket: &Bucket) -> Vec<String> {
    let (mut keys, mut open) = (Vec::new(), vec![bucket.files()]);
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                keys.push(path.strip_prefix(bucket.files()).unwrap().display().to_string());
            }
        }
    }
    keys.sort();
    keys
}

/// Everything that an object says: unpacked, and what is packed inside of that too.
fn unpacked(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    let mut all = zstd::decode_all(bytes.as_slice()).unwrap_or(bytes);
    if let Ok(mut archive) = zip::ZipArchive::new(std::io::Cursor::new(all.clone())) {
        for index in 0..archive.len() {
            std::io::copy(&mut archive.by_index(index).unwrap(), &mut all).unwrap();
        }
    }
    all
}

/// Insists that no object of the bucket has a credential in it.
#[track_caller]
fn keeps_no_credential(bucket: &Bucket) {
    let mut configurations = 0;
    for key in keys(bucket) {
        let said = unpacked(&bucket.files().join(&key));
        let has = |word: &str| said.windows(word.len()).any(|part| part == word.as_bytes());
        assert!(!has(ACCESS_KEY) && !has(SECRET_KEY), "{key} has a credential");
        configurations += usize::from(has("skip_requesting_account_id"));
    }
    // Captured ones and the one in the plan: what is packed has been looked at.
    assert!(configurations > 2, "{configurations}");
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
    // Measured: the bytes, the plan's lock, the state's last write. `scripted::sweep` fails any call.
    for passing in [1, 12, 20] {
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

#[test]
fn the_store_and_the_state_share_a_bucket_and_leave_each_other_alone() {
    // Beside the state, around it, and with a name that begins as the state's does: that is the
    // hardest, and told to its end.
    for prefix in ["team/unapply", "prod", "prod/app"] {
        let bucket = Bucket::start();
        let (stage, past) = good_with_store(&bucket, prefix);
        if prefix != "prod/app" {
            stage.unapply(&["check", "--read-data"]).expect(0);
            has_one_key_besides_the_store(&bucket, prefix);
            continue;
        }
        stage.apply_badly(&v2(), "create-after:c.txt").expect(1);
        let mut said = String::new();
        for verb in [
            &["status", "--json"][..],
            &["diff"],
            &["revert", "--plan-only", "--json"],
            &["-v", "revert", "--yes"],
            &["history", "--json"],
            &["history"],
            &["check", "--read-data", "--json"],
            &["show", "@-"],
            &["show", "@-", "--files"],
        ] {
            said += &stage.unapply(verb).expect(0).screen();
        }
        past.is_back(&stage);
        assert_eq!(raw_state(&stage, "@-"), pulled(&bucket), "{prefix}");
        for credential in [ACCESS_KEY, SECRET_KEY] {
            assert!(!said.contains(credential), "{prefix}: {said}");
        }
        keeps_no_credential(&bucket);
        has_one_key_besides_the_store(&bucket, prefix);
    }
}

/// Besides the state there is nothing but what a store consists of, all below its prefix.
fn has_one_key_besides_the_store(bucket: &Bucket, prefix: &str) {
    let parts = ["unapply.json", "unencrypted.json", "stacks/", "blobs/", "probe/"];
    let is_store = |key: &str| {
        let inside = key.strip_prefix(prefix).and_then(|key| key.strip_prefix('/'));
        inside.is_some_and(|inside| parts.iter().any(|part| inside.starts_with(part)))
    };
    let others: Vec<String> = keys(bucket).into_iter().filter(|key| !is_store(key)).collect();
    assert_eq!(others, [KEY], "{prefix}");
}

#[test]
fn credentials_that_expire_while_a_revert_applies_leave_an_intent_that_the_next_one_concludes() {
    let bucket = Bucket::start();
    let (stage, past) = good_with_store(&bucket, "team");
    stage.apply_next(&v2());
    stage.fault("delay-ms:a.txt:2500");
    let revert = stage.start(UNAPPLY, &["revert", "--yes"]);
    until("terraform changes something", || stage.is_applying());
    // Only what would commit is refused: all else is in the bucket.
    bucket.rule(Rule::always(Method::PUT, "/log/", Fault::Answer(403, "ExpiredToken")));
    let ran = revert.end().expect(12);
    bucket.heal();
    stage.fault("");
    for words in [
        "the apply has ended (succeeded), and that could not be recorded",
        "403 ExpiredToken",
        "its outcome is not in the log, and nothing was verified",
        "says what was begun; what the engine said is kept in",
        "sign in again or renew the credentials, then: unapply revert   (concludes it)",
    ] {
        assert!(ran.stderr.contains(words), "no `{words}` in:\n{}", ran.stderr);
    }
    assert!(!ran.stderr.contains(SECRET_KEY) && !ran.stdout.contains(SECRET_KEY));
    // Terraform has done it, and what it said is still there.
    assert_eq!(stage.objects()["a.txt"].1, b"one");
    assert_eq!(stage.private_directories().len(), 1);
    assert_eq!(stage.entries("revert-intent").len(), 1);
    assert_eq!(stage.entries("revert-outcome").len(), 0);
    stage.is_sound();
    stage.sweep();
    stage.unapply(&["revert", "--yes"]).expect(0);
    let outcomes = stage.entries("revert-outcome");
    assert_eq!(outcomes.len(), 1);
    assert_eq!(outcomes[0]["body"]["outcome"], "unknown", "{:#}", outcomes[0]);
    past.is_back(&stage);
    keeps_no_credential(&bucket);
}

#[test]
fn a_stack_in_s3_without_a_state_yet_is_recorded_as_such() {
    let bucket = Bucket::start();
    let stage = initialised(&bucket);
    stage.unapply(&["init"]).expect(0).says("no state yet");
    stage.unapply(&["status"]).expect(0).says("no state yet");
    stage.apply().expect(0);
    stage.unapply(&["snapshot"]).expect(0).says("2 resources");
}
