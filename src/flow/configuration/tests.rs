//! Captures of a root, its modules and the files it reads, in small trees on disk.

mod named;
mod values;

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::codec::bundle::{pack, unpack};
use crate::codec::hcl::Configuration;
use crate::codec::planfile::PlannedModule;
use crate::engine::variables::given::GivenValues;
use crate::model::configuration::{BundlePath, VariableOrigin};
use crate::model::state::StateBytes;

/// A directory with files, and the root module in it.
struct Tree {
    directory: TempDir,
    root: PathBuf,
}

static NO_VARIABLES: BTreeMap<String, Secret<String>> = BTreeMap::new();

impl Tree {
    fn new(root: &str, files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join(root);
        let tree = Self { directory, root };
        fs::create_dir_all(&tree.root).unwrap();
        for (path, content) in files {
            tree.put(path, content.as_bytes());
        }
        tree
    }

    fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    #[expect(clippy::disallowed_methods, reason = "a test's own files are not private")]
    fn put(&self, path: &str, content: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn capture_with<'a>(
        &'a self,
        change: impl FnOnce(&mut CaptureRequest<'a>),
    ) -> Result<CapturedConfiguration, Error> {
        let mut request = CaptureRequest {
            root: &self.root,
            data_directory: None,
            given: &[],
            environment: &NO_VARIABLES,
            engine: AskedEngine(&|| None),
            encryption: "",
            plan: None,
            tracking: GitTracking::Unknown,
            bounds: CaptureBounds::default(),
        };
        change(&mut request);
        let captured = capture(&request)?;
        let packed = pack(&captured.bundle).unwrap();
        assert_eq!(unpack(&packed).unwrap(), captured.bundle);
        Ok(captured)
    }

    fn capture(&self) -> CapturedConfiguration {
        self.capture_with(|_| ()).unwrap()
    }
}

fn paths(captured: &CapturedConfiguration) -> Vec<&str> {
    captured.bundle.files.keys().map(BundlePath::as_str).collect()
}

/// Files that were left out, with the reasons.
fn left_out(captured: &CapturedConfiguration) -> Vec<String> {
    let word = |out: &LeftOut| format!("{} {}", out.path, <&str>::from(out.why));
    captured.left_out.iter().map(word).collect()
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

#[test]
fn the_root_gives_what_terraform_loads_and_nothing_else() {
    let tree = Tree::new(
        ".",
        &[
            ("main.tf", "variable \"x\" {}"),
            ("more.tf.json", "{}"),
            ("x_override.tf", ""),
            ("y.tofu", ""),
            ("terraform.tfvars", "x = 1"),
            ("a.auto.tfvars.json", "{}"),
            ("other.tfvars", "x = 2"),
            (".terraform.lock.hcl", "provider \"a.b/c/d\" {\n version = \"1.0.0\"\n}\n"),
            ("terraform.tfstate", "{}"),
            ("terraform.tfstate.1.backup", "{}"),
            ("plan.tfplan", "x"),
            (".terraform/environment", "prod"),
            (".unapply/x", ""),
            ("main.tf~", ""),
            ("README.md", ""),
        ],
    );
    let captured = tree.capture();
    assert_eq!(
        paths(&captured),
        [
            ".terraform.lock.hcl",
            "a.auto.tfvars.json",
            "main.tf",
            "more.tf.json",
            "terraform.tfvars",
            "x_override.tf",
            "y.tofu"
        ]
    );
    assert_eq!(captured.notes, Vec::<String>::new());
    assert_eq!(captured.providers[0].version, "1.0.0");
    assert_eq!(captured.bundle.root.as_str(), ".");
}

#[test]
fn local_modules_keep_their_place_beside_the_root() {
    let tree = Tree::new(
        "envs/prod",
        &[
            ("envs/prod/main.tf", "module \"a\" { source = \"../../modules/a\" }"),
            (
                "modules/a/main.tf",
                "module \"b\" { source = \"./b\" }\nmodule \"c\" { source = \"../c\" }",
            ),
            ("modules/a/b/main.tf", "locals { x = file(\"${path.module}/../../../shared/x\") }"),
            ("modules/c/main.tf.json", r#"{"locals": {"x": "${file(\"r.txt\")}"}}"#),
            ("modules/unused/main.tf", ""),
            ("envs/prod/r.txt", "r"),
            ("shared/x", "x"),
        ],
    );
    let captured = tree.capture();
    assert_eq!(
        paths(&captured),
        [
            "envs/prod/main.tf",
            "envs/prod/r.txt",
            "modules/a/b/main.tf",
            "modules/a/main.tf",
            "modules/c/main.tf.json",
            "shared/x"
        ]
    );
    assert_eq!(captured.bundle.root.as_str(), "envs/prod");
    let modules: Vec<_> = captured
        .bundle
        .modules
        .iter()
        .map(|module| (module.key.as_str(), module.directory.as_str()))
        .collect();
    assert_eq!(modules, [("a", "modules/a"), ("a.b", "modules/a/b"), ("a.c", "modules/c")]);
    assert_eq!(captured.notes, Vec::<String>::new());
}

const MANIFEST: &str = r#"{"Modules":[{"Key":"","Source":"","Dir":"."},
 {"Key":"r","Source":"git::https://example.invalid/x.git//sub","Dir":".terraform/modules/r/sub"},
 {"Key":"r.n","Source":"../n","Dir":".terraform/modules/r/n"},
 {"Key":"stale","Source":"./stale","Dir":"stale"},
 {"Key":"v","Source":"registry.terraform.io/a/v/b","Version":"1.2.3","Dir":".terraform/modules/v"}]}"#;

#[test]
fn installed_modules_get_a_place_of_their_own_without_git() {
    let tree = Tree::new(
        ".",
        &[
            (
                "main.tf",
                "module \"r\" { source = \"git::https://example.invalid/x.git//sub\" }\n\
                 module \"v\" {\n source = \"a/v/b\"\n version = \"1.2.3\"\n}\n\
                 module \"gone\" { source = \"x/y/z\" }",
            ),
            (".terraform/modules/modules.json", MANIFEST),
            (".terraform/modules/r/.git/config", "token"),
            (".terraform/modules/r/sub/main.tf", "module \"n\" { source = \"../n\" }"),
            (".terraform/modules/r/n/main.tf", "locals { x = file(\"${path.module}/${var.y}\") }"),
            (".terraform/modules/r/n/t/a.txt", "a"),
            (".terraform/modules/v/main.tf", "locals { x = file(\"${path.module}/f\") }"),
            (".terraform/modules/v/f", "f"),
            ("stale/main.tf", ""),
        ],
    );
    let captured = tree.capture();
    assert_eq!(
        paths(&captured),
        [
            "_modules/r/n/main.tf",
            "_modules/r/n/t/a.txt",
            "_modules/r/sub/main.tf",
            "_modules/v/f",
            "_modules/v/main.tf",
            "main.tf"
        ]
    );
    let version = captured.bundle.modules[2].version.as_deref();
    assert_eq!(version, Some("1.2.3"));
    assert_eq!(captured.notes, ["module `gone` is not installed and is left out"]);
    let elsewhere = tree.path("data");
    fs::rename(tree.path(".terraform"), &elsewhere).unwrap();
    tree.put("data/modules/modules.json", MANIFEST.replace(".terraform/", "data/").as_bytes());
    let moved = tree.capture_with(|request| request.data_directory = Some(&elsewhere)).unwrap();
    assert_eq!(moved, captured);
}

#[test]
fn an_unknown_path_takes_the_directory_without_credentials_and_says_so() {
    let tree = Tree::new(
        ".",
        &[
            ("main.tf", "locals { x = file(var.x) }"),
            ("d/a.txt", "a"),
            (".env", "TOKEN=1"),
            ("id_rsa", "key"),
            (".terraform/environment", ""),
            ("d/.git/config", ""),
            ("terraform.tfstate", "{}"),
            ("unapply.toml", ""),
        ],
    );
    symlink("/etc/hostname", tree.path("out")).unwrap();
    symlink("a.txt", tree.path("d/in")).unwrap();
    let outside = Tree::new(".", &[("x", "# outside")]);
    symlink(outside.path("x"), tree.path("linked.tf")).unwrap();
    let captured = tree.capture();
    assert_eq!(paths(&captured), ["d/a.txt", "d/in", "linked.tf", "main.tf", "unapply.toml"]);
    assert_eq!(
        left_out(&captured),
        [".env looks-secret", "id_rsa looks-secret", "out no-file-here"]
    );
    assert_eq!(captured.notes.len(), 1);
    assert!(captured.notes[0].contains("`file` reads in the root module is not known: its whole"));
}

#[test]
fn files_that_are_absolute_linked_out_or_missing_are_noted_instead() {
    let outside = Tree::new(".", &[("secret", "# s")]);
    let absolute = outside.path("secret");
    let main = format!(
        "locals {{\n a = file(\"{}\")\n b = file(\"link\")\n c = file(\"missing\")\n\
         d = fileexists(\"absent\")\n e = file(\"terraform.tfstate\")\n}}",
        absolute.display()
    );
    let tree = Tree::new(".", &[("main.tf", &main), ("terraform.tfstate", "{}")]);
    symlink(&absolute, tree.path("link")).unwrap();
    symlink(outside.path("secret"), tree.path("linked.tf")).unwrap();
    let captured = tree.capture();
    assert_eq!(paths(&captured), ["linked.tf", "main.tf"], "what Terraform loads is followed");
    assert_eq!(captured.notes.len(), 4, "{:?}", captured.notes);
    let digest = crate::model::digest::Digest::of(b"# s").short();
    assert_eq!(captured.notes.iter().filter(|note| note.contains(&digest)).count(), 2);
}

#[test]
fn a_configuration_that_does_not_parse_is_captured_with_a_note() {
    let tree = Tree::new(
        ".",
        &[("main.tf", "resource {{{\n"), ("m/x.txt", ""), ("ok.tf", "variable \"a\" {}")],
    );
    let environment = BTreeMap::from([("hidden".to_owned(), secret("1"))]);
    let captured = tree.capture_with(|request| request.environment = &environment).unwrap();
    assert_eq!(paths(&captured), ["m/x.txt", "main.tf", "ok.tf"]);
    assert!(captured.notes.iter().any(|note| note.contains("does not parse at line 1")));
    assert!(captured.bundle.variables.contains_key("hidden"));
}

#[test]
fn a_users_own_directory_of_a_reserved_name_moves_the_top_up() {
    let tree = Tree::new(
        "repo",
        &[
            ("repo/main.tf", "module \"m\" { source = \"./_modules/m\" }"),
            ("repo/_modules/m/main.tf", ""),
        ],
    );
    let captured = tree.capture();
    assert_eq!(paths(&captured), ["repo/_modules/m/main.tf", "repo/main.tf"]);
    assert_eq!(captured.bundle.root.as_str(), "repo");
}

#[test]
fn twins_that_a_bundle_cannot_hold_are_an_error() {
    let tree = Tree::new(".", &[("A.tf", ""), ("a.tf", "")]);
    let error = tree.capture_with(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }));
}

#[test]
fn modules_that_call_themselves_end() {
    let tree = Tree::new(".", &[("main.tf", "module \"m\" { source = \"./\" }")]);
    let captured = tree.capture();
    assert!(captured.notes[0].contains("are left out"), "{:?}", captured.notes);
}

#[test]
fn two_captures_of_one_configuration_are_one_bundle() {
    let files = [("main.tf", "locals { x = file(var.x) }"), ("b", "1"), ("a/c", "2")];
    let pack_of = |tree: &Tree| pack(&tree.capture().bundle).unwrap();
    assert_eq!(pack_of(&Tree::new(".", &files)), pack_of(&Tree::new(".", &files)));
}

#[test]
fn a_loaded_file_that_no_bundle_can_hold_is_an_error_and_a_read_one_a_note() {
    let tree = Tree::new(".", &[("main.tf", "locals { x = file(\"a:b\") }"), ("a:b", "")]);
    let captured = tree.capture();
    assert_eq!(paths(&captured), ["main.tf"]);
    assert_eq!(left_out(&captured), ["a:b refused"]);
    tree.put("a:b.tf", b"");
    let error = tree.capture_with(|_| ()).unwrap_err();
    assert!(matches!(error, Error::NoPlace { path, .. } if path.ends_with("a:b.tf")));
}

#[test]
fn each_engine_follows_the_calls_of_its_own_files_and_all_files_are_kept() {
    let tree = Tree::new(
        "stack",
        &[
            ("stack/main.tf", "module \"m\" {\n  source = \"./for-terraform\"\n}\n"),
            ("stack/main.tofu", "module \"m\" {\n  source = \"./for-tofu\"\n}\n"),
            ("stack/for-terraform/main.tf", "locals {}\n"),
            ("stack/for-tofu/main.tf", "locals {}\n"),
        ],
    );
    for (engine, module) in
        [(EngineKind::Terraform, "for-terraform"), (EngineKind::OpenTofu, "for-tofu")]
    {
        let asked = || Some(engine);
        let captured = tree.capture_with(|request| request.engine = AskedEngine(&asked)).unwrap();
        assert_eq!(captured.engine, Some(engine));
        let found = paths(&captured);
        for file in ["main.tf", "main.tofu", &format!("{module}/main.tf")] {
            assert!(found.iter().any(|path| path.ends_with(file)), "{file}: {found:?}");
        }
        let called = captured.bundle.modules.iter().map(|module| module.source.as_str());
        assert_eq!(called.collect::<Vec<_>>(), [format!("./{module}")]);
    }
}

#[test]
fn what_only_the_encryption_of_the_environment_asks_for_is_not_kept() {
    let declared = "variable \"p\" {\n  sensitive = true\n}\nvariable \"q\" {}\noutput \"o\" {\n  value = var.q\n}\n";
    let tree = Tree::new("", &[("main.tf", declared)]);
    let value = |text: &str| Secret::new(text.to_owned());
    let given = [("p", "correct-horse"), ("q", "shown")];
    let environment = given.map(|(name, text)| (name.to_owned(), value(text))).into();
    let kept = |encryption: &str| {
        let captured = tree.capture_with(|request| {
            request.environment = &environment;
            request.encryption = encryption;
        });
        let captured = captured.unwrap();
        assert!(captured.notes.is_empty(), "{:?}", captured.notes);
        captured.bundle.variables.into_keys().collect::<Vec<_>>()
    };
    assert_eq!(kept(""), ["p", "q"]);
    for passphrase in ["var.p", "\"${var.p}${var.q}\""] {
        let block = format!("key_provider \"pbkdf2\" \"k\" {{\n  passphrase = {passphrase}\n}}");
        assert_eq!(kept(&block), ["q"], "{block}");
    }
    assert_eq!(kept(r#"{"key_provider": {"pbkdf2": {"k": {"passphrase": "${var.p}"}}}}"#), ["q"]);
}
