//! The surroundings of a stack on which depends which world Terraform sees. Each is a row: how the
//! stack is written, and what stands around it. The rows of a group share one stack, and each group is
//! played in every way in which people apply and take back. The oracle is the bytes of the world.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;

use crate::support::deeds::file;
use crate::support::remote::Remote;
use crate::support::stage::{Ran, Stage};

/// One surrounding. `WORD` is `one` in the good version and `two` in the one that fails; `WORLD` is the
/// directory of the objects, `ADDRESS` that of the server of states.
#[derive(Default)]
struct Surrounding {
    name: &'static str,
    /// Its part of the configuration.
    configuration: String,
    /// Its part of the version that fails alone.
    next: &'static str,
    /// Files of the stack, with their modes.
    files: &'static [(&'static str, u32, &'static str)],
    environment: &'static [(&'static str, &'static str)],
    /// Commands of Terraform before the first apply.
    before: &'static [&'static str],
    /// Words of Terraform before `apply`, and behind it.
    words: (&'static [&'static str], &'static [&'static str]),
    /// Files that the version that fails makes or changes, and the way back takes back.
    places: &'static [&'static str],
}

/// A variable, and an object with its value.
fn value(name: &str) -> String {
    format!("variable \"{name}\" {{}}\n{}", file(name, &format!("${{var.{name}}} WORD")))
}

/// An object that is made anew for each version, by this command.
fn made(name: &str, provisioners: &str) -> String {
    format!(
        "resource \"terraform_data\" \"{name}\" {{\n  triggers_replace = \"WORD\"\n{provisioners}}}\n"
    )
}

fn address() -> Surrounding {
    Surrounding {
        name: "the provider's address by the environment",
        configuration: file("address", "WORD"),
        environment: &[("DEMO_ROOT", "WORLD")],
        places: &["world/address.txt"],
        ..Surrounding::default()
    }
}

fn relative() -> Surrounding {
    Surrounding {
        name: "objects at relative places, old and new ones",
        configuration:
            "provider \"demo\" {\n  alias = \"here\"\n  root  = \"${path.module}/out\"\n}\n"
                .to_owned()
                + &placed("relative", "deep/a.txt", "WORD"),
        next: "resource \"demo_file\" \"new\" {\n  provider = demo.here\n  path     = \"new/b.txt\"\n}\n",
        places: &["stack/out/deep/a.txt", "stack/out/new", "stack/out/new/b.txt"],
        ..Surrounding::default()
    }
}

/// An object of the relative provider.
fn placed(name: &str, path: &str, content: &str) -> String {
    format!(
        "resource \"demo_file\" \"{name}\" {{\n  provider = demo.here\n  path     = \"{path}\"\n  \
         content  = \"{content}\"\n}}\n"
    )
}

/// Files that the configuration takes.
fn taken_files() -> [Surrounding; 4] {
    [
        Surrounding {
            name: "an archive that each plan writes, of a directory of sources",
            configuration: placed("zipped", "zipped.txt", "${data.demo_archive.z.digest}")
                + "data \"demo_archive\" \"z\" {\n  source = \"${path.module}/src\"\n  output = \
                   \"${path.module}/build/fn.zip\"\n}\n",
            files: &[("src/fn.py", 0o755, "print(WORD)"), ("src/lib/u.py", 0o644, "# WORD")],
            places: &["stack/build/fn.zip", "stack/out/zipped.txt"],
            ..Surrounding::default()
        },
        Surrounding {
            name: "a script that a provisioner starts by its relative path and its mode",
            configuration: made(
                "script",
                "  provisioner \"local-exec\" {\n    command = \"./hooks/h.sh made\"\n  }\n  \
                 provisioner \"local-exec\" {\n    when    = destroy\n    command = \
                 \"./hooks/h.sh\"\n  }\n",
            ),
            files: &[(
                "hooks/h.sh",
                0o755,
                "#!/bin/sh\nrm -rf made\n[ $1 ] || exit 0\nmkdir $1 && cd $1 && echo WORD > x && ln \
                 -s WORD l &&\necho 'echo WORD' > run && chmod 755 run\n",
            )],
            places: &["stack/made/x", "stack/made/l", "stack/made/run"],
            ..Surrounding::default()
        },
        Surrounding {
            name: "the directory in which a provisioner works",
            configuration: made(
                "job",
                "  provisioner \"local-exec\" {\n    working_dir = \"${path.module}/jobs\"\n    \
                 command     = \"sh ./job.sh\"\n  }\n",
            ),
            files: &[("jobs/job.sh", 0o644, "echo WORD > ../job.out\n")],
            places: &["stack/job.out"],
            ..Surrounding::default()
        },
        Surrounding {
            name: "a file that a function reads",
            configuration: file("text", "${file(\"${path.module}/conf/text\")}"),
            files: &[("conf/text", 0o644, "WORD")],
            places: &["world/text.txt"],
            ..Surrounding::default()
        },
    ]
}

/// Values of variables.
fn values() -> [Surrounding; 5] {
    [
        Surrounding {
            name: "a variable by -var-file, over a -var before it",
            configuration: value("by_file"),
            files: &[("values/prod.tfvars", 0o644, "by_file = \"WORD\"\n")],
            words: (&[], &["-var", "by_file=none", "-var-file=values/prod.tfvars"]),
            places: &["world/by_file.txt"],
            ..Surrounding::default()
        },
        Surrounding {
            name: "a variable by -var",
            configuration: value("by_word"),
            words: (&[], &["-var", "by_word=WORD"]),
            places: &["world/by_word.txt"],
            ..Surrounding::default()
        },
        Surrounding {
            name: "a variable by the environment",
            configuration: value("by_environment"),
            environment: &[("TF_VAR_by_environment", "always")],
            places: &["world/by_environment.txt"],
            ..Surrounding::default()
        },
        Surrounding {
            name: "a variable by TF_CLI_ARGS_apply",
            configuration: value("by_arguments"),
            environment: &[
                ("TF_CLI_ARGS_apply", "-var 'by_arguments=for ever'"),
                ("TF_CLI_ARGS_plan", "-var 'by_arguments=for ever'"),
            ],
            places: &["world/by_arguments.txt"],
            ..Surrounding::default()
        },
        Surrounding {
            name: "variables by files that Terraform loads by itself",
            configuration: value("by_itself") + &value("automatic"),
            files: &[
                ("terraform.tfvars", 0o644, "by_itself = \"WORD\"\n"),
                ("a.auto.tfvars", 0o644, "automatic = \"WORD\"\n"),
            ],
            places: &["world/by_itself.txt", "world/automatic.txt"],
            ..Surrounding::default()
        },
    ]
}

/// A stack with a state in a file, in a workspace of its own.
fn in_a_workspace() -> Vec<Surrounding> {
    let rows = [
        address(),
        Surrounding {
            name: "the provider's token by the environment",
            files: &[("../world/.token", 0o600, "secret")],
            environment: &[("DEMO_TOKEN", "secret")],
            ..Surrounding::default()
        },
        relative(),
        Surrounding {
            name: "a workspace that is selected, and no setting names it",
            configuration: file("workspace", "${terraform.workspace} WORD"),
            before: &["workspace", "new", "blue"],
            places: &["world/workspace.txt"],
            ..Surrounding::default()
        },
        Surrounding {
            name: "a data directory that is named and is the usual one",
            environment: &[("TF_DATA_DIR", ".terraform")],
            ..Surrounding::default()
        },
    ];
    rows.into_iter().chain(taken_files()).chain(values()).collect()
}

/// A stack with its state on a server.
fn behind_a_server() -> Vec<Surrounding> {
    vec![
        address(),
        relative(),
        Surrounding {
            name: "the backend's address, lock and password by the environment",
            configuration: "terraform {\n  backend \"http\" {}\n}\n".to_owned(),
            environment: &[
                ("TF_HTTP_ADDRESS", "ADDRESS"),
                ("TF_HTTP_LOCK_ADDRESS", "ADDRESS"),
                ("TF_HTTP_UNLOCK_ADDRESS", "ADDRESS"),
                ("TF_HTTP_USERNAME", "user"),
                ("TF_HTTP_PASSWORD", "pass-word-canary"),
            ],
            ..Surrounding::default()
        },
        Surrounding {
            name: "what the failed version alone cleans up: two steps",
            next: "resource \"terraform_data\" \"q\" {\n  provisioner \"local-exec\" {\n    command = \
                   \"mkdir scratch && echo q > scratch/q\"\n  }\n  provisioner \"local-exec\" {\n    \
                   when    = destroy\n    command = \"rm -r scratch\"\n  }\n}\n",
            places: &["stack/scratch", "stack/scratch/q"],
            ..Surrounding::default()
        },
        Surrounding {
            name: "-chdir= that leads to the stack",
            words: (&["-chdir=."], &[]),
            ..Surrounding::default()
        },
    ]
}

/// A way in which people apply, and take back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    PlainThenRevert,
    RunThenRevert,
    RunUnderANet,
}

type Bytes = BTreeMap<String, (u32, Vec<u8>)>;

/// A group on its stage.
struct Play {
    rows: Vec<Surrounding>,
    stage: Stage,
    remote: Remote,
}

impl Play {
    fn of(rows: Vec<Surrounding>) -> Self {
        let mut play = Self { rows, stage: Stage::named(), remote: Remote::start() };
        let words =
            [("WORLD", play.stage.world().display().to_string()), ("ADDRESS", play.remote.url())];
        for (name, value) in play.rows.iter().flat_map(|row| row.environment) {
            let value =
                words.iter().fold((*value).to_owned(), |text, (word, v)| text.replace(word, v));
            play.stage.set(name, &value);
        }
        play
    }

    /// Writes a version, and gives the words of Terraform for this command in it.
    fn write(&self, word: &str) {
        let source = "unapply/demo";
        let mut main = format!(
            "terraform {{\n  required_providers {{\n    demo = {{ source = \"{source}\" }}\n  }}\n}}\n"
        );
        for row in &self.rows {
            main += &row.configuration.replace("WORD", word);
            if word == "two" {
                main += row.next;
            }
        }
        if word == "two" {
            main += &file("bad", "never");
        }
        self.stage.write("main.tf", &main);
        for (path, mode, text) in self.files() {
            let place = self.stage.stack().join(path);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            self.stage.write(path, &text.replace("WORD", word));
            fs::set_permissions(place, Permissions::from_mode(*mode)).unwrap();
        }
    }

    fn files(&self) -> impl Iterator<Item = &(&'static str, u32, &'static str)> {
        self.rows.iter().flat_map(|row| row.files)
    }

    /// The words that give values, as a version has them.
    fn values(&self, word: &str) -> Vec<String> {
        let words = self.rows.iter().flat_map(|row| row.words.1);
        words.map(|text| text.replace("WORD", word)).collect()
    }

    /// The words of a command of Terraform.
    fn words(&self, verb: &[&str], word: &str) -> Vec<String> {
        let before = self.rows.iter().flat_map(|row| row.words.0);
        let mut words: Vec<String> = before.chain(verb).map(|text| (*text).to_owned()).collect();
        words.extend(["-no-color", "-input=false"].map(str::to_owned));
        words.extend(self.values(word));
        words
    }

    fn terraform(&self, verb: &[&str], word: &str) -> Ran {
        let words = self.words(verb, word);
        self.stage.terraform(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn unapply(&self, verb: &[&str], values: &[String]) -> Ran {
        let words = verb.iter().copied().chain(values.iter().map(String::as_str));
        self.stage.unapply(&words.collect::<Vec<_>>())
    }

    fn run(&self, options: &[&str], word: &str) -> Ran {
        let run = [&["run"][..], options, &["--", "terraform"]].concat();
        self.unapply(&run, &self.words(&["apply", "-auto-approve"], word))
    }

    /// The good version, on record.
    fn begin(&self, way: Way) {
        self.write("one");
        self.stage.terraform(&["init", "-no-color"]).expect(0);
        for row in self.rows.iter().filter(|row| !row.before.is_empty()) {
            self.stage.terraform(row.before).expect(0);
        }
        if way == Way::PlainThenRevert {
            self.terraform(&["apply", "-auto-approve"], "one").expect(0);
            self.unapply(&["init"], &self.values("one")).expect(0);
            self.unapply(&["mark", "good", "--verify"], &[]).expect(0);
        } else {
            self.unapply(&["init"], &[]).expect(0);
            self.run(&[], "one").expect(0).says("is good (plan-empty)");
        }
    }

    /// Insists that the failed version has changed what each row says.
    fn is_changed(&self, good: &Bytes) {
        let now = self.bytes();
        for row in &self.rows {
            for place in row.places {
                let (good, now) = (good.get(*place), now.get(*place));
                assert!(now.is_some() && now != good, "{}: {place} is as it was", row.name);
            }
        }
    }

    /// The version that fails, and the way back.
    fn fail_and_go_back(&self, way: Way, good: &Bytes) {
        self.write("two");
        self.stage.fault("create:bad.txt");
        match way {
            Way::PlainThenRevert => {
                self.unapply(&["snapshot"], &self.values("two")).expect(0);
                self.terraform(&["apply", "-auto-approve"], "two").expect(1);
                self.is_changed(good);
                let seen = self.stamps();
                self.unapply(&["revert", "--plan-only"], &[]).expect(0).says("hazards   none");
                self.unapply(&["drift"], &self.values("two")).expect(0);
                assert_eq!(self.stamps(), seen, "a plan changes nothing");
                self.unapply(&["revert", "--yes"], &[]).expect(0);
            }
            Way::RunThenRevert => {
                self.run(&[], "two").expect(1);
                self.is_changed(good);
                self.unapply(&["revert", "--yes"], &[]).expect(0);
            }
            Way::RunUnderANet => {
                self.run(&["--on-failure", "revert"], "two").expect(20);
            }
        }
        self.stage.fault("");
    }

    /// Every file, link and directory of the stack and of the world but Terraform's, ours and those
    /// that the rows themselves write.
    fn places(&self) -> Vec<(String, PathBuf)> {
        let (root, world) = (self.stage.stack(), self.stage.world());
        let written: BTreeSet<PathBuf> = self.files().map(|(path, ..)| root.join(path)).collect();
        let others = [".terraform", ".unapply", "terraform.tfstate", "main.tf", ".ids", ".faults"];
        let mut found = Vec::new();
        let mut waiting = vec![root, world];
        while let Some(directory) = waiting.pop() {
            for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
                let name = path.file_name().unwrap().to_str().unwrap();
                if others.iter().any(|other| name.starts_with(other)) || written.contains(&path) {
                    continue;
                }
                if path.symlink_metadata().unwrap().is_dir() {
                    waiting.push(path.clone());
                }
                let name = path.strip_prefix(self.stage.path()).unwrap().display().to_string();
                found.push((name, path));
            }
        }
        found
    }

    fn bytes(&self) -> Bytes {
        let read = |path: &PathBuf| {
            let facts = path.symlink_metadata().unwrap();
            let bytes = if facts.is_symlink() {
                fs::read_link(path).unwrap().into_os_string().into_encoded_bytes()
            } else if facts.is_dir() {
                Vec::new()
            } else {
                fs::read(path).unwrap()
            };
            (facts.permissions().mode(), bytes)
        };
        self.places().into_iter().map(|(name, path)| (name, read(&path))).collect()
    }

    /// Inodes and times.
    fn stamps(&self) -> BTreeMap<String, (u64, i64, i64)> {
        let stamp = |path: PathBuf| {
            let facts = path.symlink_metadata().unwrap();
            (facts.ino(), facts.mtime(), facts.mtime_nsec())
        };
        self.places().into_iter().map(|(name, path)| (name, stamp(path))).collect()
    }
}

/// Plays a group in a way, and insists that the world is the good one, also for the user's own
/// Terraform, and that nothing else is left.
fn goes_back(rows: Vec<Surrounding>, way: Way) {
    let play = Play::of(rows);
    play.begin(way);
    let good = play.bytes();
    play.fail_and_go_back(way, &good);
    let now = play.bytes();
    let names: BTreeSet<&String> = good.keys().chain(now.keys()).collect();
    let mut other = names.into_iter().filter(|name| good.get(*name) != now.get(*name));
    let row = |place: &str| {
        let row = play.rows.iter().find(|row| row.places.contains(&place));
        row.map_or("no row says so", |row| row.name)
    };
    let first = other.next().map(|place| (place, row(place)));
    assert_eq!(
        first,
        None,
        "{way:?}: not as it was, and {other:?}",
        other = other.collect::<Vec<_>>()
    );
    play.write("one");
    play.terraform(&["plan", "-detailed-exitcode"], "one").expect(0);
    play.stage.is_sound();
    assert_eq!(play.stage.left_over(), "");
    assert!(!play.stage.log_text().contains("pass-word-canary"));
}

#[test]
fn each_surrounding_is_the_same_in_a_revert_after_a_plain_apply() {
    goes_back(in_a_workspace(), Way::PlainThenRevert);
    goes_back(behind_a_server(), Way::PlainThenRevert);
}

#[test]
fn each_surrounding_is_the_same_in_a_revert_after_a_run() {
    goes_back(in_a_workspace(), Way::RunThenRevert);
    goes_back(behind_a_server(), Way::RunThenRevert);
}

#[test]
fn each_surrounding_is_the_same_under_a_net() {
    goes_back(in_a_workspace(), Way::RunUnderANet);
    goes_back(behind_a_server(), Way::RunUnderANet);
}
