//! Versions: what fits is used, what does not is asked about or refused before anything is planned.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::support::deeds::{Past, file, good};
use crate::support::stage::{Stage, UNAPPLY};

/// Writes a program.
pub(crate) fn program(path: &PathBuf, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = std::fs::File::create(path).unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The real Terraform.
#[expect(clippy::disallowed_methods, reason = "a test needs the way to the real programs")]
pub(crate) fn real() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|directory| directory.join("terraform"));
    found.into_iter().find(|candidate| candidate.exists()).unwrap()
}

/// Puts a Terraform first on PATH that says `first` of itself and is the real one otherwise.
fn pretends(stage: &mut Stage, first: &str) {
    has(stage, "terraform", first);
}

/// Puts a program first on PATH that says `first` of itself and is the real Terraform otherwise. The
/// real one knows only its own registry: OpenTofu's is called so when it begins. As OpenTofu does, a
/// `tofu` shows no plan beside broken files.
#[expect(clippy::disallowed_methods, reason = "a test needs the way to the real programs")]
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
         sed -i s/registry.opentofu.org/registry.terraform.io/ .terraform.lock.hcl\n\
         fi\n\
         exec '{real}' \"$@\"\n",
        asked = stage.path().join("asked").display(),
        lock = stage.path().join("lock").display(),
        real = real().display(),
    );
    program(&bin.join(name), &text);
    let path = std::env::var("PATH").unwrap();
    stage.set("PATH", &format!("{}:{path}", bin.display()));
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
    pretends(&mut stage, "Terraform v1.10.0");
    let before = stage.everything();
    let ran = stage.unapply(&["revert", "--yes"]).expect(15);
    let ran = ran.says("core-version").says("1.11.4 has written the present state");
    let _ran = ran.says("which was not found; terraform 1.10.0 is used");
    assert_eq!(stage.everything(), before);
    let ran = stage.unapply(&["doctor"]).expect(15).says("! versions").says("✗ hazards");
    ran.says("next: unapply revert --allow 'core-version=terraform'");
    stage.goes_back(&past, &["--allow", "core-version=terraform"]);
}

#[test]
fn opentofu_for_terraforms_state_is_a_hazard() {
    let (mut stage, past) = changed();
    pretends(&mut stage, "OpenTofu v1.12.0");
    let before = stage.everything();
    let ran = stage.unapply(&["revert", "--yes"]).expect(15);
    ran.says("engine-changed").says("the good snapshot was taken with terraform");
    assert_eq!(stage.everything(), before);
    stage.goes_back(&past, &["--allow", "engine-changed=opentofu"]);
}

#[test]
fn the_version_of_the_snapshot_is_found_and_said() {
    let (mut stage, past) = changed();
    pretends(&mut stage, "Terraform v1.12.0");
    // One that only has the name is not believed.
    let other = stage.path().join("bin/terraform-1.11.4");
    program(&other, "#!/bin/sh\necho 'Terraform v1.9.0'\n");
    stage.unapply(&["revert", "--plan-only"]).expect(0).says("which was not found");
    let managed = stage.path().join("home/.tfenv/versions/1.11.4/terraform");
    program(&managed, &format!("#!/bin/sh\nexec '{}' \"$@\"\n", real().display()));
    stage
        .goes_back(&past, &[])
        .says("was taken with terraform 1.11.4: it is used, from ")
        .says(".tfenv/versions/1.11.4/terraform");
    // Whoever names one gets that one.
    stage.apply_next(&file("a", "TWO"));
    let named = stage.path().join("bin/terraform").display().to_string();
    let ran = stage.unapply(&["revert", "--plan-only", "--tf-bin", &named]).expect(0);
    assert!(!ran.stderr.contains("was taken with"), "{}", ran.stderr);
}

#[test]
fn a_required_version_that_is_not_met_is_refused_before_anything_is_planned() {
    let required = "terraform {\n  required_version = \"~> 1.11.0\"\n}\n";
    let (mut stage, past) = good(&(required.to_owned() + &file("a", "one")));
    stage.apply_next(&(required.to_owned() + &file("a", "ONE")));
    pretends(&mut stage, "Terraform v1.12.3");
    let before = stage.everything();
    let ran = stage.unapply(&["revert", "--yes"]).expect(16);
    let ran = ran.says("requires terraform ~> 1.11.0, and this is 1.12.3");
    assert!(!ran.stderr.contains("workdir"), "{}", ran.stderr);
    assert_eq!(stage.everything(), before);
    stage.unapply(&["doctor"]).expect(16).says("✗ versions");
    let real = real().display().to_string();
    stage.goes_back(&past, &["--tf-bin", &real]);
}

/// A second version of the provider, whose objects have a newer schema.
fn newer_provider(stage: &Stage) -> PathBuf {
    let path = stage.plugin("0.2.0");
    // It is a provider by the name under which it is started.
    let plugin = stage.path().join("terraform-provider-demo");
    std::os::unix::fs::symlink(UNAPPLY, &plugin).unwrap();
    let text = "#!/bin/sh\nUNAPPLY_DEMO_FAULTS=schema-version:1\nexport UNAPPLY_DEMO_FAULTS\nexec ";
    program(&path, &format!("{text}'{}' \"$@\"\n", plugin.display()));
    path
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
    let _ran = ran.says("--allow 'provider-newer=registry.terraform.io/unapply/demo'");
    assert_eq!(stage.everything(), before);
    let allow = ["--allow", "provider-newer=registry.terraform.io/unapply/demo"];
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
    let allow = ["--allow", "provider-newer=registry.terraform.io/unapply/demo"];
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
    let mirror = stage.path().join("mirror/registry.terraform.io/unapply/demo");
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
