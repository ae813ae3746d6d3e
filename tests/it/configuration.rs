//! A captured configuration, laid out in a private directory, is taken by the real Terraform.

#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use unapply::codec::hcl::Configuration;
use unapply::codec::{bundle, planfile};
use unapply::engine::variables::given::GivenValue;
use unapply::flow::configuration::{
    AskedEngine, CaptureBounds, CaptureRequest, CapturedConfiguration, GitTracking,
    PlannedConfiguration, capture,
};
use unapply::model::secret::Secret;
use unapply::model::value::Value;
use unapply::terraform::workdir::{CopyLayout, PrivateDirectory, RealPlaces};

use crate::support::engine::engine;

static NO_VARIABLES: BTreeMap<String, Secret<String>> = BTreeMap::new();

#[expect(clippy::disallowed_methods, reason = "a test's own files are not private")]
fn put(directory: &Path, files: &[(&str, &str)]) {
    for (path, content) in files {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "the test drives Terraform itself")]
fn terraform(root: &Path, arguments: &[&str], environment: &[(String, Secret<String>)]) -> Output {
    let mut command = Command::new(&engine().program);
    command.current_dir(root).args(arguments);
    command.env_remove("TF_CLI_CONFIG_FILE");
    command.env("CHECKPOINT_DISABLE", "1").env("TF_IN_AUTOMATION", "1");
    for (name, value) in environment {
        command.env(name, value.reveal_for_terraform());
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "terraform {arguments:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn request(root: &Path) -> CaptureRequest<'_> {
    CaptureRequest {
        root,
        data_directory: None,
        given: &[],
        environment: &NO_VARIABLES,
        engine: AskedEngine(&|| None),
        encryption: "",
        plan: None,
        tracking: GitTracking::Unknown,
        bounds: CaptureBounds::default(),
    }
}

/// A real directory that is gone, so that only what was captured is laid out.
fn nowhere(parent: &Path) -> RealPlaces {
    RealPlaces::of(&parent.join("gone"))
}

/// Packs and unpacks what was captured, lays it out and initialises it.
fn laid_out(parent: &Path, captured: &CapturedConfiguration) -> PrivateDirectory {
    let packed = bundle::pack(&captured.bundle).unwrap();
    let unpacked = bundle::unpack(&packed).unwrap();
    let mut private = PrivateDirectory::create(parent).unwrap();
    private
        .lay_out(
            &Configuration::read(unpacked.clone(), None),
            CopyLayout::WithoutStateBlocks,
            &nowhere(parent),
        )
        .unwrap();
    terraform(&private.root(), &["init", "-input=false", "-no-color"], &[]);
    private
}

/// The planned outputs, as JSON.
fn outputs(private: &PrivateDirectory) -> serde_json::Value {
    let mut arguments: Vec<String> =
        ["plan", "-input=false", "-no-color", "-out=x.tfplan"].map(str::to_owned).to_vec();
    for path in private.var_file_arguments() {
        arguments.push(format!("-var-file={}", path.display()));
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    terraform(&private.root(), &arguments, &private.environment());
    let shown = terraform(&private.root(), &["show", "-json", "x.tfplan"], &[]);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    shown["planned_values"]["outputs"]["o"]["value"].clone()
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

/// A root that calls a local module and two that look as if they came from elsewhere.
const WITH_MODULES: [(&str, &str); 6] = [
    (
        "envs/prod/main.tf",
        r#"
module "local" { source = "../../modules/m" }
module "r" { source = "git::https://example.invalid/x.git//sub?ref=v1" }
module "v" {
  source  = "example/vpc/invalid"
  version = "1.2.3"
}
moved {
  from = terraform_data.a
  to   = terraform_data.b
}
output "o" { value = [module.local.o, module.r.o, module.v.o] }
"#,
    ),
    ("modules/m/main.tf", "output \"o\" { value = file(\"${path.module}/../../shared/f.txt\") }"),
    ("shared/f.txt", "shared"),
    (
        "envs/prod/.terraform/modules/r/sub/main.tf",
        "module \"n\" { source = \"../n\" }\noutput \"o\" { value = module.n.o }",
    ),
    (
        "envs/prod/.terraform/modules/r/n/main.tf",
        "output \"o\" { value = file(\"${path.module}/f.txt\") }",
    ),
    ("envs/prod/.terraform/modules/r/n/f.txt", "remote"),
];

/// Puts what an engine installs for them.
fn install(user: &Path) {
    let modules = INSTALLED[1].1.replace("registry.terraform.io", engine().version.kind.registry());
    put(user, &[INSTALLED[0], (INSTALLED[1].0, &modules)]);
}

const INSTALLED: [(&str, &str); 2] = [
    ("envs/prod/.terraform/modules/v/main.tf", "output \"o\" { value = \"registry\" }"),
    (
        "envs/prod/.terraform/modules/modules.json",
        r#"{"Modules":[{"Key":"","Source":"","Dir":"."},
{"Key":"local","Source":"../../modules/m","Dir":"../../modules/m"},
{"Key":"r","Source":"git::https://example.invalid/x.git//sub?ref=v1","Dir":".terraform/modules/r/sub"},
{"Key":"r.n","Source":"../n","Dir":".terraform/modules/r/n"},
{"Key":"v","Source":"registry.terraform.io/example/vpc/invalid","Version":"1.2.3","Dir":".terraform/modules/v"}]}"#,
    ),
];

#[test]
fn init_fetches_no_module_and_functions_find_their_files() {
    let user = tempfile::tempdir().unwrap();
    put(user.path(), &WITH_MODULES);
    install(user.path());
    let captured = capture(&request(&user.path().join("envs/prod"))).unwrap();
    assert_eq!(captured.notes, Vec::<String>::new());
    let parent = tempfile::tempdir().unwrap();
    let private = laid_out(parent.path(), &captured);
    assert_eq!(outputs(&private), serde_json::json!(["shared", "remote", "registry"]));
    assert!(private.data_dir().join("modules/r/n/f.txt").is_file());
    assert!(!user.path().join("envs/prod/x.tfplan").exists());
}

#[test]
fn a_saved_plan_is_captured_as_it_was_planned() {
    let user = tempfile::tempdir().unwrap();
    put(user.path(), &WITH_MODULES);
    install(user.path());
    let root = user.path().join("envs/prod");
    put(
        &root,
        &[("v.tf", "variable \"x\" { type = map(string) }\noutput \"x\" { value = var.x }")],
    );
    terraform(&root, &["init", "-input=false"], &[]);
    let x = r#"x={"k"="$${v}"}"#;
    terraform(&root, &["plan", "-input=false", "-out=p.tfplan", "-var", x], &[]);
    let archive = planfile::read(&fs::read(root.join("p.tfplan")).unwrap()).unwrap();
    let variables = BTreeMap::from([("x".to_owned(), secret(r#"{"k":"${v}"}"#))]);
    let planned = PlannedConfiguration { archive: Some(&archive), variables: &variables };
    put(&root, &[("main.tf", "broken {{{")]);
    let captured = capture(&CaptureRequest { plan: Some(planned), ..request(&root) }).unwrap();
    assert_eq!(captured.notes, Vec::<String>::new());
    let parent = tempfile::tempdir().unwrap();
    let private = laid_out(parent.path(), &captured);
    assert_eq!(outputs(&private), serde_json::json!(["shared", "remote", "registry"]));
    let shown = terraform(&private.root(), &["show", "-json", "x.tfplan"], &[]);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["variables"]["x"]["value"], serde_json::json!({"k": "${v}"}));
}

const VARIABLES: &str = r#"
variable "from_env" {}
variable "env_list" { type = list(string) }
variable "env_below_tfvars" {}
variable "cli_above_all" {}
variable "cli_number" { type = number }
variable "cli_list" { type = list(string) }
variable "cli_any" { type = any }
variable "var_file" {}
output "o" {
  value = [var.from_env, var.env_list, var.env_below_tfvars, var.cli_above_all,
    var.cli_number, var.cli_list, var.cli_any, var.var_file]
}
"#;

#[test]
fn values_keep_their_meaning_and_their_rank() {
    let user = tempfile::tempdir().unwrap();
    put(
        user.path(),
        &[
            ("main.tf", VARIABLES),
            ("terraform.tfvars", "env_below_tfvars = \"tfvars\"\ncli_above_all = \"tfvars\"\n"),
            ("zzz.auto.tfvars", "cli_above_all = \"auto\"\nvar_file = \"auto\"\n"),
            ("one.tfvars", "var_file = 1\ncli_above_all = 1\n"),
            ("two.tfvars", "var_file = \"two\"\n"),
        ],
    );
    let environment = BTreeMap::from([
        ("from_env".to_owned(), secret("${e}\"[")),
        ("env_list".to_owned(), secret("[\"e\", ]")),
        ("env_below_tfvars".to_owned(), secret("env")),
    ]);
    let command_line = [
        ("cli_above_all".to_owned(), secret("a${b}\"\\\n%{c}")),
        ("cli_number".to_owned(), secret("1e3")),
        ("cli_list".to_owned(), secret("[\n \"$${x}\", # comment\n]")),
        ("cli_any".to_owned(), secret("{ a = [1, true] } # comment")),
    ];
    let mut given = ["one.tfvars", "two.tfvars"].map(|file| GivenValue::File(file.into())).to_vec();
    given.extend(command_line.iter().cloned().map(|(name, v)| GivenValue::Value(name, v)));
    // A later file counts.
    given.insert(0, GivenValue::Value("var_file".to_owned(), secret("none")));
    let root = user.path();
    let captured =
        capture(&CaptureRequest { environment: &environment, given: &given, ..request(root) })
            .unwrap();
    let parent = tempfile::tempdir().unwrap();
    let private = laid_out(parent.path(), &captured);
    let expected = serde_json::json!([
        "${e}\"[", ["e"], "tfvars", "a${b}\"\\\n%{c}", 1000, ["${x}"], {"a": [1, true]}, "two"
    ]);
    assert_eq!(outputs(&private), expected);
    // The user's own way gives the same.
    let mut arguments = vec!["plan", "-input=false", "-out=x.tfplan"];
    arguments.extend(["-var=var_file=none", "-var-file=one.tfvars", "-var-file=two.tfvars"]);
    let pairs: Vec<String> = command_line
        .iter()
        .map(|(name, value)| format!("-var={name}={}", value.reveal_for_terraform()))
        .collect();
    arguments.extend(pairs.iter().map(String::as_str));
    terraform(root, &["init"], &[]);
    terraform(root, &arguments, &private.environment());
    let shown = terraform(root, &["show", "-json", "x.tfplan"], &[]);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["planned_values"]["outputs"]["o"]["value"], expected);
}

#[test]
fn laying_out_again_swaps_only_the_state_blocks() {
    let user = tempfile::tempdir().unwrap();
    let main = "moved {\n  from = terraform_data.a\n  to   = terraform_data.b\n}\n";
    put(user.path(), &[("main.tf", main), ("b.tf", "resource \"terraform_data\" \"b\" {}")]);
    let captured = capture(&request(user.path())).unwrap();
    let parent = tempfile::tempdir().unwrap();
    let places = RealPlaces::of(user.path());
    let mut private = PrivateDirectory::create(parent.path()).unwrap();
    private
        .lay_out(
            &Configuration::read(captured.bundle.clone(), None),
            CopyLayout::WithoutStateBlocks,
            &places,
        )
        .unwrap();
    let state = parent.path().join("${x} \"$${y}\".json");
    let path = Value::Text(state.display().to_string());
    let settings = BTreeMap::from([("path".to_owned(), path)]);
    let content = unapply::codec::hcl::backend_override("local", &settings).unwrap();
    private.write_override("zz_unapply_override.tf", &content).unwrap();
    let read = |name: &str| fs::read_to_string(private.root().join(name)).unwrap();
    assert_eq!(read("main.tf"), "\n");
    let kept = fs::metadata(private.root().join("b.tf")).unwrap().modified().unwrap();
    private
        .lay_out(&Configuration::read(captured.bundle.clone(), None), CopyLayout::Pristine, &places)
        .unwrap();
    let read = |name: &str| fs::read_to_string(private.root().join(name)).unwrap();
    assert_eq!(read("main.tf"), main);
    assert_eq!(read("zz_unapply_override.tf"), content);
    let still = fs::metadata(private.root().join("b.tf")).unwrap().modified().unwrap();
    assert_eq!(kept, still);
    terraform(&private.root(), &["init", "-input=false"], &[]);
    terraform(&private.root(), &["apply", "-input=false", "-auto-approve"], &[]);
    assert!(state.is_file());
    for name in ["../x_override.tf", "x.tf", "a/x_override.tf"] {
        assert!(private.write_override(name, "").is_err(), "{name}");
    }
}

#[test]
fn the_directory_is_private_has_the_files_permissions_and_goes_when_it_is_dropped() {
    let user = tempfile::tempdir().unwrap();
    put(user.path(), &[("main.tf", "variable \"a\" {}"), ("x/a.tfvars", "a = 1")]);
    fs::set_permissions(user.path().join("x/a.tfvars"), fs::Permissions::from_mode(0o750)).unwrap();
    let given = [GivenValue::File("x/a.tfvars".into())];
    let captured = capture(&CaptureRequest { given: &given, ..request(user.path()) }).unwrap();
    let parent = tempfile::tempdir().unwrap();
    let places = RealPlaces::of(user.path());
    let mut private = PrivateDirectory::create(parent.path()).unwrap();
    private
        .lay_out(&Configuration::read(captured.bundle.clone(), None), CopyLayout::Pristine, &places)
        .unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let [values] = private.var_file_arguments().try_into().unwrap();
    assert_eq!(mode(&values), 0o750);
    assert_eq!(mode(values.parent().unwrap()), 0o700);
    assert_eq!(mode(&private.root()), 0o700);
    assert_eq!(mode(private.root().parent().unwrap()), 0o700);
    drop(private);
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    let kept = PrivateDirectory::create(parent.path()).unwrap().keep();
    assert!(kept.is_dir());
}
