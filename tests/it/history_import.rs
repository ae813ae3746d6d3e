//! The past from a versioned bucket: older states become snapshots, with the commits that fit.

use serde_json::Value;

use crate::support::bucket::{ACCESS_KEY, BUCKET, Bucket, Fault, Rule, SECRET_KEY};
use crate::support::deeds::{Past, file};
use crate::support::stage::Stage;

/// The key of the state in the bucket.
const KEY: &str = "prod/app.tfstate";

/// A stack whose state is in the bucket, in a git repository that begins at `top`, seen from the
/// stack's directory; never seen by unapply.
fn stage(bucket: &Bucket, top: &str) -> Stage {
    let mut stage = Stage::with("");
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ("GIT_AUTHOR_NAME", "a"),
        ("GIT_AUTHOR_EMAIL", "a@example.org"),
        ("GIT_COMMITTER_NAME", "a"),
        ("GIT_COMMITTER_EMAIL", "a@example.org"),
    ] {
        stage.set(name, value);
    }
    stage.write("backend.tf", &bucket.backend(KEY));
    stage.terraform(&["init", "-no-color"]).expect(0);
    let ignored = ".terraform/\n.unapply/\nworld/\nhome/\ntmp/\nmirror/\nterraform.rc\n";
    stage.write(&format!("{top}/.gitignore"), ignored);
    git(&stage, &["-C", top, "init", "-q", "-b", "main"]);
    stage
}

/// Runs git and returns its output.
fn git(stage: &Stage, arguments: &[&str]) -> String {
    let ran = stage.ran(stage.command("git", arguments).output()).expect(0);
    ran.stdout.trim().to_owned()
}

/// Commits everything, with this configuration, at a time.
fn commit(stage: &mut Stage, configuration: &str, time: &str) -> String {
    stage.configure(configuration);
    stage.set("GIT_AUTHOR_DATE", time);
    stage.set("GIT_COMMITTER_DATE", time);
    git(stage, &["add", "-A", ":/"]);
    git(stage, &["commit", "-q", "-m", "x"]);
    git(stage, &["rev-parse", "HEAD"])
}

/// Says when every version that is not dated yet was written.
fn written(bucket: &Bucket, time: &str) {
    let mut versions = bucket.versions();
    for number in 0..versions.count(KEY) {
        if versions.time(KEY, number).starts_with("2026-01-01") {
            versions.date(KEY, number, time);
        }
    }
}

#[test]
fn somebody_who_arrives_after_the_failure_can_look_back_and_go_back() {
    let bucket = Bucket::start();
    let mut stage = stage(&bucket, ".");
    let v1 = file("a", "one") + &file("b", "two");
    let first = commit(&mut stage, &v1, "2026-03-01T10:00:00Z");
    stage.apply().expect(0);
    written(&bucket, "2026-03-01T10:05:00Z");
    let past = Past::of(&stage, &v1);
    let v2 = file("a", "ONE") + &file("b", "two") + &file("c", "new");
    let second = commit(&mut stage, &v2, "2026-03-02T10:00:00Z");
    stage.fault("create-after:c.txt");
    stage.apply().expect(1);
    stage.fault("");
    written(&bucket, "2026-03-02T10:05:00Z");

    // Only now does anybody think of unapply.
    stage.unapply(&["init"]).expect(0);
    let before = bucket.versions().count(KEY);
    let ran = stage.unapply(&["snapshot", "--import-history", "--json"]).expect(0);
    assert!(!ran.stdout.contains(SECRET_KEY) && !ran.stderr.contains(SECRET_KEY));
    let json = ran.json();
    assert_eq!(json["kind"], "unapply.import");
    assert_eq!(json["place"], format!("s3://{BUCKET}/{KEY}"));
    let imported = json["imported"].as_array().unwrap();
    let serials: Vec<u64> = imported.iter().map(|v| v["serial"].as_u64().unwrap()).collect();
    assert!(serials.is_sorted(), "{json:#}");
    let good = &imported[0];
    assert_eq!(good["commit"], first, "{json:#}");
    assert_eq!(good["written_at"], "2026-03-01T10:05:00Z");
    assert!(imported.iter().all(|v| v["commit"] == first || v["commit"] == second), "{json:#}");
    let newest = stage.entries("snapshot")[0]["revision"].clone();
    assert_eq!(json["present"]["revision"], newest);

    // The past is looked at and gone back to.
    let good = good["revision"].to_string();
    stage.unapply(&["show", &good]).expect(0).says("inferred").says("2026-03-01T10:05:00Z");
    stage.unapply(&["history"]).expect(0).says("import").says("configuration inferred");
    let at = stage.unapply(&["show", "at:2026-03-01T12:00:00Z", "--json"]).expect(0).json();
    assert_eq!(at["entry"]["revision"].to_string(), good);
    stage.unapply(&["diff", &format!("{good}..@")]).expect(0).says("demo_file.a");
    stage.unapply(&["mark", "good", &good]).expect(0).says("good (applied)");
    stage.configure(&v1);
    // Nobody looked just before the failed apply, so nobody knows that it made this.
    let ran = stage.unapply(&["revert", "--yes"]).expect(15);
    let allow = format!("unknown-origin=since-{good}");
    ran.says(&format!("--allow '{allow}'")).says("demo_file.c");
    stage.unapply(&["revert", "--yes", "--allow", &allow]).expect(0);
    past.is_back(&stage);
    assert!(bucket.versions().count(KEY) > before, "only the revert itself has written a state");

    // Once is enough.
    let again = stage.unapply(&["snapshot", "--import-history", "--json"]).expect(0).json();
    let numbers: Vec<u64> = again["imported"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["serial"].as_u64().unwrap())
        .collect();
    assert!(numbers.iter().all(|serial| !serials.contains(serial)), "{again:#}");
}

#[test]
fn what_does_not_fit_is_kept_without_a_configuration_and_what_is_no_state_of_this_stack_is_left() {
    let bucket = Bucket::start();
    let mut stage = stage(&bucket, ".");
    let v1 = file("a", "one");
    stage.configure(&v1);
    stage.apply().expect(0);
    written(&bucket, "2026-03-01T10:05:00Z");
    let state: Value = serde_json::from_slice(&bucket.object(KEY).unwrap()).unwrap();
    let mut foreign = state.clone();
    foreign["lineage"] = "00000000-0000-4000-8000-000000000000".into();
    bucket.versions().keep(KEY, Some(foreign.to_string().into_bytes()));
    bucket.versions().keep(KEY, Some(b"half a sta".to_vec()));
    bucket.versions().keep(KEY, None);
    // Declares something else than the state manages.
    commit(&mut stage, &file("z", "one"), "2026-03-02T10:00:00Z");
    stage.configure(&(v1 + &file("b", "two")));
    stage.apply().expect(0);
    written(&bucket, "2026-03-02T10:05:00Z");
    stage.configure(&file("a", "one"));
    stage.apply().expect(0);

    stage.unapply(&["init"]).expect(0);
    let ran = stage.unapply(&["snapshot", "--import-history"]).expect(0);
    ran.says("no commit of the directory is as old as it")
        .says("does not declare demo_file.")
        .says("its lineage is 00000000-0000-4000-8000-000000000000")
        .says("left out: ");
    let snapshots = stage.entries("snapshot");
    let imported: Vec<&Value> =
        snapshots.iter().filter(|entry| entry["body"]["cause"] == "imported").collect();
    assert!(imported.len() >= 2, "{snapshots:#?}");
    for entry in imported {
        assert_eq!(entry["body"]["configuration_digest"], Value::Null);
        let revision = entry["revision"].to_string();
        stage.unapply(&["revert", &revision, "--yes"]).expect(13).says("configuration");
    }
    stage.is_sound();
}

#[test]
fn a_state_that_somebody_deleted_is_found_among_the_older_versions() {
    let bucket = Bucket::start();
    let mut stage = stage(&bucket, ".");
    let id = commit(&mut stage, &file("a", "one"), "2026-03-01T10:00:00Z");
    let foreign = br#"{"version":4,"terraform_version":"1.11.4","serial":9,"lineage":"other",
        "outputs":{},"resources":[]}"#;
    bucket.versions().keep(KEY, Some(foreign.to_vec()));
    stage.apply().expect(0);
    written(&bucket, "2026-03-01T10:05:00Z");
    let lost = bucket.object(KEY).unwrap();
    std::fs::remove_file(bucket.files().join(KEY)).unwrap();
    bucket.versions().keep(KEY, None);
    let ran = stage.unapply(&["snapshot", "--import-history"]).expect(15);
    ran.says("state lost").says("unapply show r1 --raw-state");
    let entries = stage.entries("snapshot");
    assert_eq!(entries.len(), 1, "the other lineage is left out: {entries:#?}");
    assert_eq!(entries[0]["body"]["commit"], id);
    let kept = stage.unapply(&["show", "1", "--raw-state"]).expect(0).stdout;
    assert_eq!(kept.into_bytes(), lost);
}

#[test]
fn a_module_beside_the_root_is_inferred_with_the_files_it_reads() {
    let bucket = Bucket::start();
    let mut stage = stage(&bucket, "..");
    std::fs::create_dir_all(stage.path().join("modules/site")).unwrap();
    stage.write("../modules/site/text.txt", "from the module");
    stage.write(
        "../modules/site/main.tf",
        "terraform {\n  required_providers {\n    demo = { source = \"unapply/demo\" }\n  }\n}\n\
         resource \"demo_file\" \"m\" {\n  path    = \"m.txt\"\n  content = \
         file(\"${path.module}/text.txt\")\n}\n",
    );
    let v1 = "module \"site\" {\n  source = \"../modules/site\"\n}\n";
    stage.configure(v1);
    stage.terraform(&["init", "-no-color"]).expect(0);
    let id = commit(&mut stage, v1, "2026-03-01T10:00:00Z");
    stage.apply().expect(0);
    written(&bucket, "2026-03-01T10:05:00Z");
    let objects = stage.objects();
    stage.configure(&(v1.to_owned() + &file("b", "two")));
    stage.apply().expect(0);
    stage.unapply(&["init"]).expect(0);
    let json = stage.unapply(&["snapshot", "--import-history", "--json"]).expect(0).json();
    let first = &json["imported"][0];
    assert_eq!(first["commit"], id, "{json:#}");
    // Today's file is another one; the commit's is gone back to.
    stage.write("../modules/site/text.txt", "of today");
    let revision = first["revision"].to_string();
    stage.unapply(&["revert", &revision, "--yes", "--allow", "unknown-origin=*"]).expect(0);
    assert_eq!(stage.objects(), objects);
}

#[test]
fn a_bucket_that_cannot_be_read_or_is_none_imports_nothing_and_says_so() {
    let bucket = Bucket::start();
    let mut stage = stage(&bucket, ".");
    commit(&mut stage, &file("a", "one"), "2026-03-01T10:00:00Z");
    stage.apply().expect(0);
    stage.unapply(&["init"]).expect(0);
    let entries = stage.entries("snapshot").len();
    bucket.rule(Rule::always(http::Method::GET, "versions", Fault::Answer(403, "AccessDenied")));
    let ran = stage.unapply(&["snapshot", "--import-history"]).expect(12);
    ran.says(&format!("s3://{BUCKET}/{KEY}")).says("AccessDenied");
    bucket.heal();
    assert_eq!(stage.entries("snapshot").len(), entries);
    let local = Stage::good(&file("a", "one"));
    local.unapply(&["snapshot", "--import-history"]).expect(64).says("only a state in S3");
}
