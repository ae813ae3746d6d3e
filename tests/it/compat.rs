//! Versions: what fits is used, what does not is asked about or refused before anything is planned.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use unapply::model::entry::EngineKind;
use unapply::model::word::Word as _;

use crate::support::deeds::{Past, file, good};
use crate::support::engine::{engine, first_line};
use crate::support::stage::{Stage, UNAPPLY};

/// Versions that no engine under test has.
const OLDER: &str = "1.9.0";
const NEWER: &str = "1.99.3";

/// Writes a program.
pub(crate) fn program(path: &PathBuf, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = std::fs::File::create(path).unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Puts an engine of the same kind first on PATH that says another version and is the real one otherwise.
fn pretends(stage: &mut Stage, version: &str) {
    has(stage, "terraform", &first_line(&engine().in_version(version)));
}

/// Puts a program first on PATH that says `first` of itself and is the real Terraform otherwise. The
/// real one knows only its own registry: OpenTofu's is called so when it begins. As OpenTofu does, a
/// `tofu` shows no plan beside broken files.
pub(crate) fn has(stage: &mut Stage, name: &str, first: &str) {
    let bin = stage.path().join("bin");
    let text = format!(
        "#!/bin/sh\n\
         if [ \"$1\" = version ]; then echo '{first}'; exit 0; fi\n\
         echo \"{name} $1\" >> '{asked}'\n\
         if [ {name} = tofu ] && [ \"$1\" = show ] && [ -f broken.tf ]; then\n  \
         echo 'Error: Unsupported block type' >&2; exit 1\n\
         fi\n\
         if [ \"$1\" = init ] && [ -f .terraform.lock.hcl ]; then\n  \
         cp .terraform.lock.hcl '{lock}'\n  \
         sed -i -E 's/registry\\.(opentofu\\.org|terraform\\.io)/{registry}/' .terraform.lock.hcl\n  \
         awk '/^provider /{{ again = seen[$2]++ }} !again' .terraform.lock.hcl > lock.once\n  \
         mv lock.once .terraform.lock.hcl\n\
         fi\n\
         exec '{real}' \"$@\"\n",
        asked = stage.path().join("asked").display(),
        lock = stage.path().join("lock").display(),
        real = engine().program.display(),
        registry = engine().version.kind.registry(),
    );
    program(&bin.join(name), &text);
    stage.set("PATH", &format!("{}:{}", bin.display(), engine().path));
}

/// Good, then changed.
fn changed() -> (Stage, Past) {
    let (stage, past) = good(&file("a", "one"));
    stage.apply_next(&file("a", "ONE"));
    (stage, past)
}

#[test]
fn an_older_terraform_than_the_states_writer_is_a_hazard() {
    let (mut stage, past) = changed();
    pretends(&mut stage, OLDER);
    let before = stage.everything();
    let ran = stage.unapply(&["revert", "--yes"]).expect(15);
    let written = format!("{} has written the present state", engine().version.released());
    let ran = ran.says("core-version").says(&written);
    let _ran = ran.says(&format!("which was not found; {} is used", engine().in_version(OLDER)));
    assert_eq!(stage.everything(), before);
    let ran = stage.unapply(&["doctor"]).expect(15).says("! versions").says("✗ hazards");
    let allowed = format!("core-version={}", engine().version.kind.name());
    ran.says(&format!("next: unapply revert --allow '{allowed}'"));
    stage.goes_back(&past, &["--allow", &allowed]);
}

#[test]
fn another_engine_than_the_states_is_a_hazard() {
    let (mut stage, past) = changed();
    let other = engine().other("1.12.0");
    has(&mut stage, "other", &first_line(&other));
    let before = stage.everything();
    let ran = stage.unapply(&["--tf-bin", "other", "revert", "--yes"]).expect(15);
    let taken = format!("the good snapshot was taken with {}", engine().version.kind.name());
    ran.says("engine-changed").says(&taken);
    assert_eq!(stage.everything(), before);
    // OpenTofu cannot play Terraform any further: it takes providers from its own registry.
    if other.kind == EngineKind::OpenTofu {
        let allowed = format!("engine-changed={}", other.kind.name());
        stage.goes_back(&past, &["--tf-bin", "other", "--allow", &allowed]);
    }
}

#[test]
fn the_version_of_the_snapshot_is_found_and_said() {
    let (mut stage, past) = changed();
    pretends(&mut stage, NEWER);
    // One that only has the name is not believed.
    let version = &engine().version.version;
    let other = stage.path().join(format!("bin/terraform-{version}"));
    program(&other, &format!("#!/bin/sh\necho '{}'\n", first_line(&engine().in_version(OLDER))));
    stage.unapply(&["revert", "--plan-only"]).expect(0).says("which was not found");
    let folder = engine().version.kind.name();
    let managed =
        format!("home/.asdf/installs/{folder}/{version}/bin/{}", engine().version.kind.command());
    let managed = stage.path().join(managed);
    program(&managed, &format!("#!/bin/sh\nexec '{}' \"$@\"\n", engine().program.display()));
    stage
        .goes_back(&past, &[])
        .says(&format!("was taken with {}: it is used, from ", engine().version))
        .says(&format!(".asdf/installs/{folder}/{version}/bin/"));
    // Whoever names one gets that one.
    stage.apply_next(&file("a", "TWO"));
    let named = stage.path().join("bin/terraform").display().to_string();
    let ran = stage.unapply(&["revert", "--plan-only", "--tf-bin", &named]).expect(0);
    assert!(!ran.stderr.contains("was taken with"), "{}", ran.stderr);
}

#[test]
fn a_required_version_that_is_not_met_is_refused_before_anything_is_planned() {
    let released = engine().version.released();
    let required = format!("terraform {{\n  required_version = \"~> {released}\"\n}}\n");
    let (mut stage, past) = good(&(required.clone() + &file("a", "one")));
    stage.apply_next(&(required.clone() + &file("a", "ONE")));
    pretends(&mut stage, NEWER);
    let before = stage.everything();
    let ran = stage.unapply(&["revert", "--yes"]).expect(16);
    let ran = ran.says(&format!("~> {released}, and this is {NEWER}"));
    assert!(!ran.stderr.contains("workdir"), "{}", ran.stderr);
    assert_eq!(stage.everything(), before);
    stage.unapply(&["doctor"]).expect(16).says("✗ versions");
    let real = engine().program.display().to_string();
    stage.goes_back(&past, &["--tf-bin", &real]);
}

/// A second version of the provider, whose objects have a newer schema.
fn newer_provider(stage: &Stage) {
    // It is a provider by the name under which it is started.
    let plugin = stage.path().join("terraform-provider-demo");
    std::os::unix::fs::symlink(UNAPPLY, &plugin).unwrap();
    let text = "#!/bin/sh\nUNAPPLY_DEMO_FAULTS=schema-version:1\nexport UNAPPLY_DEMO_FAULTS\nexec ";
    for path in stage.plugins("0.2.0") {
        program(&path, &format!("{text}'{}' \"$@\"\n", plugin.display()));
    }
}

/// Another configuration, and 0.2.0 for it.
fn upgraded(stage: &Stage) {
    newer_provider(stage);
    stage.configure(&file("a", "ONE"));
    stage.terraform(&["init", "-upgrade", "-no-color"]).expect(0);
}

/// Good with 0.1.0, then applied with 0.2.0, whose objects 0.1.0 cannot read.
fn skewed() -> (Stage, Past) {
    let (stage, past) = good(&file("a", "one"));
    upgraded(&stage);
    stage.unapply(&["snapshot"]).expect(0);
    stage.apply().expect(0);
    let state: serde_json::Value = serde_json::from_slice(&stage.state()).unwrap();
    assert_eq!(state["resources"][0]["instances"][0]["schema_version"], 1);
    (stage, past)
}

#[test]
fn a_newer_provider_is_taken_from_todays_lock_file_and_stays_with_what_was_applied() {
    let (stage, past) = skewed();
    let before = stage.everything();
    let ran = stage.unapply(&["revert", "--yes"]).expect(15);
    let ran = ran.says("provider-newer").says("0.1.0 cannot read demo_file as it is now");
    let _ran = ran.says(&format!("--allow 'provider-newer={}'", engine().provider()));
    assert_eq!(stage.everything(), before);
    let allow = ["--allow", &format!("provider-newer={}", engine().provider())];
    stage.goes_back(&past, &allow);
    // What is good now was applied with 0.2.0, and the next revert knows.
    let good = stage.good_revision().unwrap().to_string();
    let shown = stage.unapply(&["show", &good, "--files=.terraform.lock.hcl"]).expect(0);
    assert!(shown.stdout.contains("0.2.0"), "{}", shown.stdout);
    stage.configure(&file("a", "TWO"));
    stage.apply().expect(0);
    stage.unapply(&["revert", "--yes"]).expect(0);
    assert_eq!(stage.objects()["a.txt"].1, b"one");
    stage.is_sound();
}

#[test]
fn a_newer_provider_is_found_in_an_earlier_snapshot_too() {
    let (stage, _) = skewed();
    let old = stage.unapply(&["show", "1", "--files=.terraform.lock.hcl"]).expect(0).stdout;
    stage.write(".terraform.lock.hcl", &old);
    stage.unapply(&["revert", "--plan-only"]).expect(0).says("provider-newer");
    let allow = ["--allow", &format!("provider-newer={}", engine().provider())];
    stage.unapply(&[&["revert", "--yes"], &allow[..]].concat()).expect(0);
    assert_eq!(stage.objects()["a.txt"].1, b"one");
}

#[test]
fn a_newer_provider_that_no_lock_file_selects_is_refused() {
    let (stage, _) = good(&file("a", "one"));
    upgraded(&stage);
    stage.apply().expect(0);
    // Somebody has taken the lock file back with git, and not the state.
    let lock = stage.stack().join(".terraform.lock.hcl");
    let newer = std::fs::read_to_string(&lock).unwrap();
    let old = stage.unapply(&["show", "1", "--files=.terraform.lock.hcl"]).expect(0).stdout;
    stage.write(".terraform.lock.hcl", &old);
    let before = stage.everything();
    let ran = stage.unapply(&["revert", "--yes"]).expect(16);
    let ran = ran.says("a newer provider than the one at hand has written the present state");
    let _ran = ran.says("terraform init -upgrade");
    assert_eq!(stage.everything(), before);
    stage.unapply(&["doctor"]).expect(16).says("✗ plan");
    stage.write(".terraform.lock.hcl", &newer);
    stage.unapply(&["revert", "--plan-only"]).expect(0).says("provider-newer");
}

#[test]
fn a_provider_that_cannot_be_had_is_named() {
    let (stage, past) = changed();
    let mirror = stage.path().join("mirror").join(engine().provider());
    let away = stage.path().join("away");
    std::fs::rename(&mirror, &away).unwrap();
    let before = stage.everything();
    let ran = stage.unapply(&["revert", "--yes"]).expect(16);
    ran.says("a provider that the configuration needs cannot be had");
    assert_eq!(stage.everything(), before);
    stage.unapply(&["doctor"]).expect(16).says("✗ providers");
    std::fs::rename(&away, &mirror).unwrap();
    stage.goes_back(&past, &[]);
}
