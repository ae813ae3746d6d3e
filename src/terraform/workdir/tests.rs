//! Tests of what stands in a private copy, what stays as it is at home, and what is carried back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;
use crate::codec::hcl::Configuration;
use crate::model::configuration::Module;

/// A stack at home, and the place of its private copy.
struct Home {
    directory: TempDir,
    root: &'static str,
}

/// Everything below a directory: its kind, permissions and content.
type Tree = BTreeMap<String, String>;

impl Home {
    fn with(root: &'static str, files: &[(&str, &str)]) -> Self {
        let home = Self { directory: tempfile::tempdir().unwrap(), root };
        for made in [home.root(), home.directory.path().join("private")] {
            fs::create_dir_all(made).unwrap();
        }
        for (path, content) in files {
            put(&home.at(path), content);
        }
        home
    }

    fn at(&self, path: &str) -> PathBuf {
        let home = self.directory.path().join("home");
        if path == "." { home } else { home.join(path) }
    }

    fn root(&self) -> PathBuf {
        self.at(self.root)
    }

    fn places(&self, own: &[&str]) -> RealPlaces {
        let own = own.iter().map(PathBuf::from).collect();
        RealPlaces { own, ..RealPlaces::of(&self.root()) }
    }

    fn copy(&self, captured: &[(&str, &str)], own: &[&str]) -> PrivateDirectory {
        let mut copy = PrivateDirectory::create(&self.directory.path().join("private")).unwrap();
        let configuration = configuration(self.root, captured, &[]);
        copy.lay_out(&configuration, CopyLayout::Pristine, &self.places(own)).unwrap();
        copy
    }

    fn tree(&self) -> Tree {
        tree(&self.at(""))
    }
}

fn configuration(root: &str, captured: &[(&str, &str)], modules: &[&str]) -> Configuration {
    let files = captured.iter().map(|(path, text)| (path.parse().unwrap(), text.as_bytes().into()));
    let module = |directory: &&str| Module {
        key: "m".to_owned(),
        source: "./m".to_owned(),
        version: None,
        directory: directory.parse().unwrap(),
    };
    Configuration::read(
        Bundle {
            root: root.parse().unwrap(),
            files: files.collect(),
            modes: BTreeMap::new(),
            accompanying: BTreeSet::new(),
            modules: modules.iter().map(module).collect(),
            var_files: Vec::new(),
            variables: BTreeMap::new(),
        },
        None,
    )
}

/// Writes a file in place, as most programs do.
fn put(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    File::create(path).unwrap().write_all(content.as_bytes()).unwrap();
}

fn tree(directory: &Path) -> Tree {
    let mut found = Tree::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(next) = waiting.pop() {
        for path in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            let facts = path.symlink_metadata().unwrap();
            let mode = facts.permissions().mode() & 0o7777;
            let what = if facts.is_symlink() {
                format!("-> {}", fs::read_link(&path).unwrap().display())
            } else if facts.is_dir() {
                waiting.push(path.clone());
                "directory".to_owned()
            } else {
                format!("{mode:o} {}", fs::read_to_string(&path).unwrap())
            };
            found.insert(path.strip_prefix(directory).unwrap().display().to_string(), what);
        }
    }
    found
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_copy_has_what_stands_at_home_but_nothing_that_terraform_or_we_would_read() {
    let home = Home::with(
        ".",
        &[
            ("main.tf", "# v2"),
            ("new.tf", ""),
            ("new.tf.json", "{}"),
            ("x.auto.tfvars", ""),
            (".terraform.lock.hcl", "v2"),
            (".terraform/providers/p", ""),
            (".git/config", ""),
            (".unapply/unapply.json", ""),
            ("terraform.tfstate", "{}"),
            ("errored.tfstate", "{}"),
            ("saved.tfplan", ""),
            ("out/conf", "two"),
            ("bin/tool", "run"),
            ("examples/e.tf", "# of no module"),
            (".hidden", "h"),
        ],
    );
    fs::create_dir(home.at("empty")).unwrap();
    mode(&home.at("bin/tool"), 0o755);
    mode(&home.at("out/conf"), 0o600);
    let before = home.tree();
    let copy = home.copy(&[("main.tf", "# v1")], &[]);
    let expected = tree_of([
        (".hidden", "644 h"),
        ("bin", "directory"),
        ("bin/tool", "755 run"),
        ("empty", "directory"),
        ("examples", "directory"),
        ("examples/e.tf", "644 # of no module"),
        ("main.tf", "644 # v1"),
        ("out", "directory"),
        ("out/conf", "600 two"),
    ]);
    assert_eq!(tree(&copy.root()), expected);
    let modified = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    assert_eq!(modified(&copy.root().join("out/conf")), modified(&home.at("out/conf")));
    assert_eq!(copy.left_out(), [""; 0]);
    assert_eq!(home.tree(), before);
}

#[test]
fn what_functions_read_is_as_captured_or_not_there() {
    let main = "locals {\n a = fileset(path.module, \"policies/*.json\")\n b = try(file(\"extra\"), 1)\n\
                c = fileexists(\"out/flag\")\n}";
    let home = Home::with(
        ".",
        &[
            ("main.tf", main),
            ("policies/a.json", "v2"),
            ("policies/new.json", "v2"),
            ("extra", "v2"),
            ("out/flag", ""),
            ("out/other", "kept"),
        ],
    );
    let captured = [("main.tf", main), ("policies/a.json", "v1")];
    let copy = home.copy(&captured, &[]);
    let found: Vec<String> = tree(&copy.root()).into_keys().collect();
    assert_eq!(found, ["main.tf", "out", "out/other", "policies", "policies/a.json"]);
    let text =
        |copy: &PrivateDirectory, path: &str| fs::read_to_string(copy.root().join(path)).ok();
    assert_eq!(text(&copy, "policies/a.json").as_deref(), Some("v1"));
    // What an object is by itself is as it really is, whoever reads it.
    let copy = home.copy(&captured, &["policies/a.json", "out/flag", "policies/gone.json"]);
    assert_eq!(text(&copy, "policies/a.json").as_deref(), Some("v2"));
    assert_eq!(text(&copy, "out/flag").as_deref(), Some(""));
    let captured = [("main.tf", main), ("policies/gone.json", "v1")];
    let copy = home.copy(&captured, &["policies/gone.json"]);
    assert_eq!(text(&copy, "policies/gone.json"), None);
}

#[test]
fn what_a_plan_writes_in_place_is_in_no_real_file() {
    let home = Home::with(".", &[("main.tf", ""), ("out/a", "1"), ("b", "2"), ("data/c", "3")]);
    symlink("../b", home.at("out/linked")).unwrap();
    symlink(home.at("data"), home.at("outer")).unwrap();
    let outside = home.directory.path().join("outside");
    put(&outside.join("d"), "4");
    symlink(outside.join("d"), home.at("out/d")).unwrap();
    symlink(&outside, home.at("out/e")).unwrap();
    let (before, far) = (home.tree(), tree(&outside));
    let copy = home.copy(&[("main.tf", "")], &[]);
    for path in ["out/a", "b", "out/linked", "outer/c", "out/d", "out/e/d", "main.tf"] {
        assert!(copy.root().join(path).is_file(), "{path}");
        put(&copy.root().join(path), "planned");
    }
    put(&copy.root().join("../../up"), "planned");
    assert_eq!(home.tree(), before);
    assert_eq!(tree(&outside), far);
    assert_eq!(copy.changed_through_a_link(), None);
}

#[test]
fn a_large_file_is_linked_and_written_to_only_with_a_word_unless_a_state_names_it() {
    let home = Home::with(".", &[("main.tf", "")]);
    for name in ["large", "named"] {
        File::create(home.at(name)).unwrap().set_len(64 * 1024 * 1024 + 1).unwrap();
    }
    let places = RealPlaces { named: [PathBuf::from("named")].into(), ..home.places(&[]) };
    let mut copy = home.copy(&[("main.tf", "")], &[]);
    copy.lay_out(&configuration(".", &[], &[]), CopyLayout::Pristine, &places).unwrap();
    assert!(copy.root().join("large").is_symlink());
    assert!(!copy.root().join("named").is_symlink());
    assert_eq!(copy.changed_through_a_link(), None);
    put(&copy.root().join("large"), "planned");
    let real = fs::canonicalize(home.at("large")).unwrap();
    assert_eq!(copy.changed_through_a_link(), Some(real.as_path()));
}

/// Carries back what was done in a copy of `home`, and gives what is there then.
fn carried(home: &Home, copy: &mut PrivateDirectory) -> Tree {
    let end = copy.carry_back();
    assert!(end.failed.is_empty(), "{:?}", end.failed);
    let again = copy.carry_back();
    assert!(again.places.is_empty(), "what is there already is left alone");
    home.tree()
}

fn tree_of<const N: usize>(expected: [(&str, &str); N]) -> Tree {
    expected.map(|(path, what)| (path.to_owned(), what.to_owned())).into()
}

#[test]
fn what_an_apply_made_and_changed_is_carried_back() {
    let files = [
        ("main.tf", "# v2"),
        ("out/changed", "one"),
        ("out/replaced", "one"),
        ("out/rewritten", "one"),
        ("out/mode", "one"),
        ("captured", "two"),
        ("target", "one"),
    ];
    let home = Home::with(".", &files);
    symlink("target", home.at("link")).unwrap();
    let copy = &mut home.copy(&[("main.tf", "# v1"), ("captured", "one"), ("left", "one")], &[]);
    let root = copy.root();
    let at = |path: &str| root.join(path);
    put(&at("out/changed"), "TWO");
    put(&at("out/beside"), "new");
    fs::rename(at("out/beside"), at("out/replaced")).unwrap();
    put(&at("out/rewritten"), "one");
    mode(&at("out/mode"), 0o755);
    put(&at("made/here/x"), "new");
    mode(&at("made/here/x"), 0o600);
    put(&at("captured"), "one");
    put(&at("left"), "LEFT");
    put(&at("link"), "through the link");
    symlink(at("made/here/x"), at("made/link")).unwrap();
    for own in ["errored.tfstate", ".terraform/x", "zz_unapply_x.tf", ".terraform.lock.hcl"] {
        put(&at(own), "not the user's");
    }
    let now = carried(&home, copy);
    let link = format!("-> {}", fs::canonicalize(home.at("made/here/x")).unwrap().display());
    let expected = tree_of([
        ("captured", "644 one"),
        ("left", "644 LEFT"),
        ("link", "-> target"),
        ("made", "directory"),
        ("made/here", "directory"),
        ("made/here/x", "600 new"),
        ("made/link", &link),
        ("main.tf", "644 # v2"),
        ("out", "directory"),
        ("out/changed", "644 TWO"),
        ("out/mode", "755 one"),
        ("out/replaced", "644 new"),
        ("out/rewritten", "644 one"),
        ("target", "644 through the link"),
    ]);
    assert_eq!(now, expected);
}

#[test]
fn what_an_apply_removed_or_made_another_thing_of_is_carried_back() {
    let files = [
        ("out/removed", "one"),
        ("out/same", "one"),
        ("gone/deep/last", "one"),
        ("kept/removed", "one"),
        ("was/file", "one"),
        ("directory/f", "one"),
    ];
    let home = Home::with(".", &files);
    let copy = &mut home.copy(&[("captured", "one")], &[]);
    put(&home.at("kept/.git/others"), "stays");
    let root = copy.root();
    let at = |path: &str| root.join(path);
    for file in ["out/removed", "captured"] {
        fs::remove_file(at(file)).unwrap();
    }
    for directory in ["gone", "kept", "was", "directory"] {
        fs::remove_dir_all(at(directory)).unwrap();
    }
    put(&at("was"), "a file now");
    put(&at("directory/f/g"), "a directory now");
    let expected = tree_of([
        ("directory", "directory"),
        ("directory/f", "directory"),
        ("directory/f/g", "644 a directory now"),
        ("kept", "directory"),
        ("kept/.git", "directory"),
        ("kept/.git/others", "644 stays"),
        ("out", "directory"),
        ("out/same", "644 one"),
        ("was", "644 a file now"),
    ]);
    assert_eq!(carried(&home, copy), expected);
}

#[test]
fn laying_out_again_shows_the_real_world_and_leaves_nothing_of_the_apply() {
    let home = Home::with(".", &[("main.tf", ""), ("out/a", "1"), ("out/b", "1")]);
    let mut copy = home.copy(&[("main.tf", ""), ("read", "captured")], &[]);
    let first = tree(&copy.root());
    put(&copy.root().join("out/a"), "2");
    put(&copy.root().join("new/deep/c"), "2");
    put(&copy.root().join("read"), "2");
    fs::remove_file(copy.root().join("out/b")).unwrap();
    put(&home.at("by-hand"), "3");
    let configuration = configuration(".", &[("main.tf", ""), ("read", "captured")], &[]);
    copy.lay_out(&configuration, CopyLayout::Pristine, &home.places(&[])).unwrap();
    let mut expected = first;
    expected.insert("by-hand".to_owned(), "644 3".to_owned());
    assert_eq!(tree(&copy.root()), expected, "nothing was carried, so nothing is there");
    put(&copy.root().join("out/a"), "2");
    put(&copy.root().join("new/deep/c"), "2");
    assert_eq!(copy.carry_back().places.len(), 4);
    copy.lay_out(&configuration, CopyLayout::Pristine, &home.places(&[])).unwrap();
    let carried = tree_of([
        ("out/a", "644 2"),
        ("new", "directory"),
        ("new/deep", "directory"),
        ("new/deep/c", "644 2"),
    ]);
    expected.extend(carried);
    assert_eq!(tree(&copy.root()), expected);
}

#[test]
fn what_cannot_be_carried_is_told_and_kept() {
    let home = Home::with(".", &[("main.tf", ""), ("out/a", "1")]);
    let copy = &mut home.copy(&[("main.tf", "")], &[]);
    put(&copy.root().join("out/a"), "2");
    put(&copy.root().join(".git/hooks/x"), "2");
    put(&copy.root().join("../up"), "2");
    let mut changed = copy.changed();
    changed.sort();
    assert_eq!(changed, ["../up", ".git/hooks/x", "out/a"].map(PathBuf::from));
    assert!(
        changed.iter().all(|path| copy.obstacle_at(path).is_none() || path.starts_with(".git"))
    );
    fs::remove_file(copy.root().join("../up")).unwrap();
    fs::remove_dir_all(home.at("out")).unwrap();
    put(&home.at("out"), "a file is in the way");
    let obstacle = |path: &str| copy.obstacle_at(Path::new(path)).unwrap_or_default();
    assert!(obstacle("./out/a").ends_with("/out` is no directory"), "{}", obstacle("./out/a"));
    assert_eq!(obstacle(".git/hooks/x"), "nothing is written there");
    let end = copy.carry_back();
    let told: Vec<String> = end.failed.iter().map(ToString::to_string).collect();
    assert!(told.iter().any(|one| one.contains("out/a` could not be written")), "{told:?}");
    assert!(told.iter().any(|one| one.contains("nothing is written there")), "{told:?}");
    for one in &end.failed {
        let left = one.left.as_ref().unwrap();
        assert!(left.exists() && !left.starts_with(copy.root()), "{}", left.display());
    }
    assert!(!home.at(".git").exists());
}

#[test]
fn another_process_carries_back_once_and_only_what_is_ours() {
    let home = Home::with(".", &[("main.tf", ""), ("out/a", "1"), ("out/b", "1")]);
    let copy = home.copy(&[("main.tf", "")], &[]);
    fs::create_dir_all(copy.data_dir()).unwrap();
    copy.note_what_is_laid_out().unwrap();
    put(&copy.root().join("out/a"), "2");
    fs::remove_file(copy.root().join("out/b")).unwrap();
    let place = copy.root();
    let carried = carry_back_left(&place, &home.root()).unwrap();
    assert_eq!(carried.places.len(), 2);
    assert_eq!(fs::read_to_string(home.at("out/a")).unwrap(), "2");
    assert!(!home.at("out/b").exists());
    put(&home.at("out/a"), "by hand, since");
    let carried = carry_back_left(&place, &home.root()).unwrap();
    assert!(carried.places.is_empty());
    assert_eq!(fs::read_to_string(home.at("out/a")).unwrap(), "by hand, since");
}

#[test]
fn a_path_that_climbs_leads_where_it_leads_at_home() {
    let files = [
        ("repo/envs/prod/main.tf", ""),
        ("repo/modules/m/main.tf", ""),
        ("repo/modules/m/out/x", "1"),
        ("repo/shared/own", "2"),
        ("repo/shared/other", "2"),
    ];
    let home = Home::with("repo/envs/prod", &files);
    let captured = [
        ("envs/prod/main.tf", "x = \"../../world\""),
        ("modules/m/main.tf", ""),
        ("shared/own", "captured"),
    ];
    put(&home.at("repo/world/deep/object"), "3");
    let configuration = configuration("envs/prod", &captured, &["modules/m"]);
    let mut copy = PrivateDirectory::create(&home.directory.path().join("private")).unwrap();
    let places = home.places(&["../../shared/own", "../../shared/new"]);
    copy.lay_out(&configuration, CopyLayout::Pristine, &places).unwrap();
    let text = |path: &str| fs::read_to_string(copy.root().join(path)).ok();
    assert_eq!(text("../../modules/m/out/x").as_deref(), Some("1"));
    assert_eq!(text("../../shared/own").as_deref(), Some("2"));
    assert_eq!(text("../../shared/other"), None, "nobody has named it");
    assert_eq!(text("../../world/deep/object").as_deref(), Some("3"));
    put(&copy.root().join("../../modules/m/out/x"), "made");
    put(&copy.root().join("../../shared/own"), "made");
    put(&copy.root().join("../../../beside/y"), "made");
    assert!(copy.carry_back().failed.is_empty());
    for path in ["repo/modules/m/out/x", "repo/shared/own", "beside/y"] {
        assert_eq!(fs::read_to_string(home.at(path)).unwrap(), "made", "{path}");
    }
}

#[test]
fn what_git_tracks_hides_no_object_and_a_directory_that_is_taken_whole_gets_no_more_files() {
    let main =
        "resource \"x\" \"y\" {\n  source_dir = \"${path.module}/src\"\n  source = \"one.zip\"\n}";
    let files = [
        ("main.tf", main),
        ("out/tracked", "two"),
        ("src/a", "two"),
        ("src/new", "two"),
        ("one.zip", "two"),
    ];
    let home = Home::with(".", &files);
    let captured = [("main.tf", main), ("out/tracked", "one"), ("src/a", "one"), ("run.sh", "one")];
    let mut bundle = configuration(".", &captured, &[]).bundle().clone();
    bundle.accompanying = ["out/tracked", "run.sh"].map(|path| path.parse().unwrap()).into();
    let put: BTreeSet<PathBuf> = ["out/tracked", "src/a"].map(PathBuf::from).into();
    let places = RealPlaces { named: put.clone(), put, ..home.places(&[]) };
    let mut copy = PrivateDirectory::create(&home.directory.path().join("private")).unwrap();
    copy.lay_out(&Configuration::read(bundle, None), CopyLayout::Pristine, &places).unwrap();
    let text = |path: &str| fs::read_to_string(copy.root().join(path)).ok();
    assert_eq!(text("out/tracked").as_deref(), Some("two"));
    assert_eq!(text("src/a").as_deref(), Some("one"), "an argument takes it");
    assert_eq!(text("src/new"), None);
    assert_eq!(text("one.zip").as_deref(), Some("two"), "nothing else of it is there");
    assert_eq!(text("run.sh").as_deref(), Some("one"));
}

#[test]
fn what_is_no_file_is_named_and_not_opened() {
    let home = Home::with(".", &[("main.tf", ""), ("a", "1")]);
    let fifo = home.at("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(home.at("socket")).unwrap();
    symlink(home.at("nowhere"), home.at("dangling")).unwrap();
    symlink("nowhere", home.at("relative")).unwrap();
    symlink(".", home.at("again")).unwrap();
    let copy = home.copy(&[("main.tf", "")], &[]);
    let told = copy.left_out().join("\n");
    for words in ["pipe: it is a named pipe", "socket: it is a socket", "dangling: the link leads"]
    {
        assert!(told.contains(words), "{told}");
    }
    assert_eq!(copy.left_out().len(), 3);
    let found: Vec<String> = tree(&copy.root()).into_keys().collect();
    assert_eq!(found, ["a", "again", "main.tf", "relative"]);
}
