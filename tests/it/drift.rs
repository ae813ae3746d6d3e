//! Changes made by hand are found, told and remembered, on real Terraform; and looking changes
//! nothing else.

use std::sync::Arc;

use serde_json::{Value, json};
use unapply::flow::Ports;
use unapply::flow::recorded::known_drift;
use unapply::model::event::Event;
use unapply::port::clock::Clock;
use unapply::port::interrupt::Never;
use unapply::port::progress::{Ended, Phase, Progress};
use unapply::store::{LocalStore, Repository};
use unapply::terraform::absent::Absent;

use crate::support::stage::Stage;

/// Two objects, one with labels and a secret.
pub(crate) const V1: &str = r#"
resource "demo_file" "web" {
  path    = "web.txt"
  content = "one"
  labels  = { tier = "front", zone = "a" }
  secret  = "hunter2-secret"
}

resource "demo_file" "old" {
  path    = "old.txt"
  content = "keep"
}
"#;

/// How `demo_file.web` lies in its file.
pub(crate) const WEB: &str =
    "one\n--- labels ---\ntier=front\nzone=a\n--- secret ---\nhunter2-secret";

/// A stage on which they are applied and recorded.
pub(crate) fn applied() -> Stage {
    let stage = Stage::with(V1);
    stage.apply().expect(0);
    stage.unapply(&["init"]).expect(0);
    stage
}

/// The console's hand: the tier of `demo_file.web`.
pub(crate) fn set_tier(stage: &Stage, tier: &str) {
    stage.edit("web.txt", &WEB.replace("front", tier));
}

/// Looks, and tells what is known then.
pub(crate) fn look(stage: &Stage) -> Value {
    stage.unapply(&["drift", "--json"]).expect(0).json()
}

/// The items as `ITEM-STATUS ADDRESS PATHS`.
pub(crate) fn lines(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    let paths = |item: &Value| {
        let attributes = item["attributes"].as_array().unwrap().iter();
        let paths: Vec<&str> = attributes.map(|a| a["path"].as_str().unwrap()).collect();
        paths.join(" ")
    };
    let word = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    items
        .map(|item| {
            let words = ["status", "change", "address"].map(|name| word(item, name));
            format!("{} {}", words.join(" "), paths(item))
        })
        .collect()
}

/// The first item.
pub(crate) fn item(list: &Value) -> String {
    list["items"][0]["item"].as_str().unwrap().to_owned()
}

#[test]
fn screens_of_drift_and_of_fixes() {
    let stage = applied();
    insta::assert_snapshot!("none", stage.unapply(&["drift"]).screen());
    set_tier(&stage, "back");
    std::fs::remove_file(stage.world().join("old.txt")).unwrap();
    insta::assert_snapshot!("drift", stage.unapply(&["drift", "--detailed-exitcode"]).screen());
    insta::assert_snapshot!("again", stage.unapply(&["drift"]).screen());
    let record =
        ["fix", "record", "demo_file.web", "--ticket", "OPS-4409", "--until", "2999-12-24"];
    let reason = ["--reason", "hot fix for the outage"];
    insta::assert_snapshot!("record", stage.unapply(&[&record[..], &reason].concat()).screen());
    insta::assert_snapshot!("list", stage.unapply(&["drift", "list"]).screen());
    insta::assert_snapshot!("show", stage.unapply(&["drift", "show", "demo_file.web"]).screen());
    insta::assert_snapshot!("fix-list", stage.unapply(&["fix", "list"]).screen());
    insta::assert_snapshot!("json", stage.unapply(&["drift", "--json"]).screen());
    insta::assert_snapshot!("fix-list-json", stage.unapply(&["fix", "list", "--json"]).screen());
    insta::assert_snapshot!("status", stage.unapply(&["status"]).screen());
    stage.edit("old.txt", "keep");
    insta::assert_snapshot!("resolved", stage.unapply(&["drift"]).screen());
    insta::assert_snapshot!("history", stage.unapply(&["history"]).screen());
    insta::assert_snapshot!("entry", stage.unapply(&["show", "3"]).screen());
    stage.is_sound();
}

#[test]
fn a_hand_edit_is_found_attribute_by_attribute_and_is_one_item_as_long_as_it_stays() {
    let stage = applied();
    stage.edit(
        "web.txt",
        "one\n--- lines ---\nx\n--- labels ---\ntier=back\n--- secret ---\nhunter2-secret",
    );
    let first = look(&stage);
    assert_eq!(lines(&first), ["new changed demo_file.web labels.tier labels.zone lines[x]"]);
    let tier = &first["items"][0]["attributes"][0];
    assert_eq!(tier["steps"], json!(["labels", "tier"]));
    assert_eq!(tier["before"]["value"], "front");
    assert_eq!(tier["after"]["value"], "back");
    assert_eq!(first["recorded"], true);
    let again = look(&stage);
    assert_eq!(again["recorded"], false, "the same is not said twice");
    assert_eq!((&again["observation"], item(&again)), (&first["observation"], item(&first)));
    // Another snapshot of the same state makes it no other check; another item does.
    std::fs::remove_file(stage.world().join("old.txt")).unwrap();
    let more = look(&stage);
    assert_eq!(
        lines(&more),
        ["new gone demo_file.old ", "open changed demo_file.web labels.tier labels.zone lines[x]"]
    );
    stage.edit("web.txt", WEB);
    let less = look(&stage);
    assert_eq!(lines(&less), ["open gone demo_file.old "]);
    assert_eq!(less["resolved"][0]["item"], item(&first));
    // It comes back: the same item, and new again.
    stage.edit(
        "web.txt",
        "one\n--- lines ---\nx\n--- labels ---\ntier=back\n--- secret ---\nhunter2-secret",
    );
    let back = look(&stage);
    assert_eq!(back["items"][1]["item"], item(&first));
    assert_eq!(back["items"][1]["status"], "new");
}

#[test]
fn looking_changes_neither_state_nor_world_nor_the_users_directory() {
    let stage = applied();
    set_tier(&stage, "back");
    let files = || {
        let mut names: Vec<_> = std::fs::read_dir(stage.stack())
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name(), entry.metadata().unwrap().modified().unwrap()))
            .filter(|(name, _)| name != ".unapply")
            .collect();
        names.sort();
        names
    };
    let before = (stage.state(), stage.objects(), files());
    stage.unapply(&["drift", "--detailed-exitcode"]).expect(2);
    let names = |files: &[(std::ffi::OsString, _)]| {
        files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let now = (stage.state(), stage.objects(), files());
    assert_eq!((&before.0, &before.1), (&now.0, &now.1));
    assert_eq!(names(&before.2), names(&now.2));
    assert_eq!(before.2, now.2, "no file was even written anew");
    assert_eq!(stage.left_over(), "");
}

#[test]
fn a_secret_that_drifts_is_seen_and_its_value_is_nowhere() {
    let stage = applied();
    stage.edit("web.txt", &WEB.replace("hunter2-secret", "hunter9-canary"));
    let first = stage.unapply(&["drift", "--json"]).expect(0);
    let screens = [
        first.stdout.clone(),
        stage.unapply(&["-v", "drift"]).expect(0).screen(),
        stage.unapply(&["drift", "list"]).expect(0).screen(),
        stage.unapply(&["drift", "show", "demo_file.web", "--json"]).expect(0).screen(),
        stage.unapply(&["fix", "record", "demo_file.web", "--reason", "r"]).expect(0).screen(),
        stage.unapply(&["fix", "list", "--json"]).expect(0).screen(),
        stage.unapply(&["history", "--json"]).expect(0).screen(),
        stage.log_text(),
    ];
    for screen in &screens {
        assert!(
            !screen.contains("hunter9-canary") && !screen.contains("hunter2-secret"),
            "{screen}"
        );
    }
    let attribute = &first.json()["items"][0]["attributes"][0];
    assert_eq!(attribute["path"], "secret");
    for side in ["before", "after"] {
        assert_eq!(
            (&attribute[side]["sensitive"], &attribute[side]["value"]),
            (&json!(true), &json!(null))
        );
    }
    assert_eq!(first.json()["fingerprint_scope"], "store");
    assert_ne!(attribute["before"]["fingerprint"], attribute["after"]["fingerprint"]);
    // Another secret is the same item: its name tells nobody which value it is.
    stage.edit("web.txt", &WEB.replace("hunter2-secret", "hunter9-canary-two"));
    let second = look(&stage);
    assert_eq!(item(&second), item(&first.json()));
    assert_eq!(second["recorded"], true, "and yet its value is kept");
    // The value of an attribute that is not marked is hidden where a marked one says the same.
    stage.edit("old.txt", "hunter9-canary-two");
    let third = stage.unapply(&["drift"]).expect(0).says("content   (sensitive ");
    assert!(!third.screen().contains("hunter9"), "{}", third.screen());
}

#[test]
fn an_error_is_no_drift_and_leaves_every_item_as_it_was() {
    let stage = applied();
    set_tier(&stage, "back");
    let before = look(&stage);
    let list = || stage.unapply(&["drift", "list", "--json"]).expect(0).json()["items"].clone();
    let items = list();
    stage.fault("read:web.txt");
    let failed = stage.unapply(&["drift", "--detailed-exitcode"]).expect(1);
    failed.says("terraform plan failed").says("nothing was recorded about drift");
    stage.fault("");
    stage.configure("resource \"demo_file\" \"web\" {");
    stage.unapply(&["drift"]).expect(1);
    stage.configure(V1);
    stage.unapply(&["--tf-bin", "/nonexistent/terraform", "drift"]).expect(16);
    assert_eq!(list(), items);
    assert_eq!(stage.entries("drift").len(), 1);
    assert_eq!(item(&look(&stage)), item(&before));
}

#[test]
fn a_lock_that_somebody_holds_is_waited_for_and_then_refused() {
    let stage = applied();
    set_tier(&stage, "back");
    let lock = json!({"ID": "1", "Operation": "OperationTypeApply", "Who": "somebody@else",
        "Version": "1.11.4", "Created": "2026-11-21T10:00:00Z", "Info": "", "Path": ""});
    stage.write(".terraform.tfstate.lock.info", &lock.to_string());
    let path = stage.stack().join("terraform.tfstate");
    let file = std::fs::File::options().read(true).write(true).open(path).unwrap();
    rustix::fs::fcntl_lock(&file, rustix::fs::FlockOperation::LockExclusive).unwrap();
    stage.unapply(&["drift", "--lock-timeout", "1s"]).expect(11).says("somebody@else");
    assert_eq!(stage.entries("drift").len(), 0);
}

#[test]
fn a_state_of_somebody_else_or_from_the_past_is_no_ground_for_drift() {
    let stage = applied();
    let old = stage.state();
    stage.configure(&V1.replace("\"one\"", "\"two\""));
    stage.apply().expect(0);
    stage.unapply(&["snapshot"]).expect(0);
    stage.put_state(&old);
    stage.unapply(&["drift"]).expect(15).says("serial");
    let text = String::from_utf8(old).unwrap();
    let lineage = text.split("\"lineage\": \"").nth(1).unwrap().split('"').next().unwrap();
    stage.put_state(text.replace(lineage, "00000000-0000-0000-0000-000000000000").as_bytes());
    stage.unapply(&["drift"]).expect(15).says("lineage");
    assert_eq!(stage.entries("drift").len(), 0);
}

/// A user who may only read the store may list; without Terraform too, and nothing is written.
#[test]
fn lists_need_neither_terraform_nor_the_right_to_write() {
    let stage = applied();
    set_tier(&stage, "back");
    look(&stage);
    stage.unapply(&["fix", "record", "demo_file.web", "--reason", "outage"]).expect(0);
    let fix = stage.entries("fix")[0]["revision"].to_string();
    let store = stage.stack().join(".unapply");
    let before = tree(&store);
    for arguments in [
        &["drift", "list"][..],
        &["drift", "list", "--json"],
        &["drift", "show", "demo_file.web"],
        &["fix", "list"],
        &["fix", "show", &fix],
        &["fix", "show", &fix, "--json"],
    ] {
        let arguments = [&["--tf-bin", "/nonexistent/terraform"], arguments].concat();
        stage.unapply(&arguments).expect(0);
    }
    let tf_bin = ["--tf-bin", "/nonexistent/terraform"];
    let list = ["drift", "list", "--detailed-exitcode"];
    stage.unapply(&[&tf_bin[..], &list].concat()).expect(2);
    stage.unapply(&["fix", "show", "1"]).expect(13);
    assert_eq!(tree(&store), before);
    // Even on a store whose every directory refuses to be written.
    for path in before.iter().map(|(path, _)| path).filter(|path| path.is_dir()) {
        set_mode(path, 0o500);
    }
    stage.unapply(&["drift", "list"]).expect(0);
    stage.unapply(&["fix", "list"]).expect(0);
    for path in before.iter().map(|(path, _)| path).filter(|path| path.is_dir()) {
        set_mode(path, 0o700);
    }
}

fn set_mode(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Every path below, with its time of change.
fn tree(root: &std::path::Path) -> Vec<(std::path::PathBuf, std::time::SystemTime)> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        let changed = path.metadata().unwrap().modified().unwrap();
        found.push((path, changed));
    }
    found.sort();
    found
}

#[test]
fn of_several_stacks_one_that_fails_does_not_stop_the_others() {
    let stage = applied();
    std::fs::create_dir(stage.stack().join("none")).unwrap();
    let settings = std::fs::read_to_string(stage.stack().join("unapply.toml")).unwrap();
    let more = "\n[[stack]]\nname = \"demo/none\"\ndir = \"none\"\n";
    stage.write("unapply.toml", &format!("{settings}{more}"));
    set_tier(&stage, "back");
    stage.unapply(&["drift", "--all", "--detailed-exitcode"]).expect(18).says("labels.tier");
    let only = ["drift", "list", "--all", "--detailed-exitcode"];
    stage.unapply(&only).expect(2).says("demo/none: drift has not been checked yet");
}

/// A listener that ignores everything, and a clock that stands still.
struct Nobody;

impl Progress for Nobody {
    fn begin(&self, _: Phase) {}
    fn event(&self, _: &Event) {}
    fn end(&self, _: Ended, _: &str) {}
}

impl Clock for Nobody {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }
}

/// Asks the store of a stage for the drift that is on record.
fn known_of(stage: &Stage) -> Result<Vec<String>, String> {
    let store = LocalStore::open(&stage.stack().join(".unapply")).unwrap();
    let repository = Repository::open(Arc::new(store)).unwrap();
    let ports = Ports {
        repository: &repository,
        terraform: &Absent::new("terraform", String::new()),
        clock: &Nobody,
        interrupt: &Never,
        progress: &Nobody,
        environment: &std::collections::BTreeMap::new(),
    };
    let log = repository.log(&"demo/app".parse().unwrap()).unwrap();
    let line = |drift: unapply::model::drift::KnownDrift| {
        assert_eq!(drift.item.address, drift.object.address);
        let fix = drift.fix.map_or("no fix".to_owned(), |fix| {
            let words = [Some(fix.by), fix.ticket, fix.reason].map(Option::unwrap_or_default);
            format!("fix {} {}", fix.revision, words.join(" "))
        });
        let tier = drift.object.after.get("labels").and_then(|labels| labels.get("tier"));
        format!("{} {tier:?} {fix}", drift.item.address)
    };
    let known = known_drift(&ports, &log).map_err(|error| error.to_string())?;
    Ok(known.into_iter().map(line).collect())
}

#[test]
fn known_drift_is_what_the_last_look_saw_and_every_fix_with_its_values() {
    let stage = applied();
    assert_eq!(known_of(&stage).unwrap(), [""; 0]);
    set_tier(&stage, "back");
    look(&stage);
    let record = ["fix", "record", "demo_file.web", "--ticket", "OPS-1", "--reason", "outage"];
    stage.unapply(&record).expect(0);
    set_tier(&stage, "side");
    std::fs::remove_file(stage.world().join("old.txt")).unwrap();
    look(&stage);
    let tier = |text: &str| format!("demo_file.web Some(Text({text:?}))");
    let expected = [
        "demo_file.old None no fix".to_owned(),
        format!("{} fix r3 tester OPS-1 outage", tier("back")),
        format!("{} no fix", tier("side")),
    ];
    let mut found = known_of(&stage).unwrap();
    found.sort();
    assert_eq!(found, expected);
    // Without its values nothing is known, and that is an error.
    let slot = stage.stack().join(".unapply/stacks/demo%2Fapp/log/00000000000000000002");
    let text = std::fs::read_to_string(slot).unwrap();
    let id = text.split("\"values\":\"").nth(1).unwrap().get(..64).unwrap();
    let blob = stage.stack().join(".unapply/blobs").join(&id[..2]).join(id);
    std::fs::remove_file(blob).unwrap();
    assert!(known_of(&stage).is_err_and(|error| error.contains("blob")));
    stage.unapply(&["diff", "1..@"]).expect(0).says("manual fixes cannot be told");
    stage.unapply(&["check"]).expect(14);
}
