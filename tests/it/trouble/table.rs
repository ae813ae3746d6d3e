//! A bad day as data, and the one driver that lives through all of them.

use std::os::unix::fs::PermissionsExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::deeds::{Past, file, good};
use crate::support::engine::engine;
use crate::support::running::until;
use crate::support::stage::{Ran, Stage, UNAPPLY};

/// One bad day.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// A sentence that describes it.
    pub(crate) name: &'static str,
    /// Brings the trouble about, if neither a shell nor a stand-in can.
    pub(crate) make: fn(&mut Scene),
    /// Takes it away again, before anything is proved.
    pub(crate) mend: fn(&mut Scene),
    /// A line of shell that runs the command as `"$@"`; `$STAGE` is the stage's directory.
    pub(crate) shell: &'static str,
    /// A script that stands in for Terraform, if not empty; the real one is `$REAL`.
    pub(crate) terraform: &'static str,
    /// The arguments of the command.
    pub(crate) command: &'static [&'static str],
    /// How it ends.
    pub(crate) ends: Ends,
    /// The conditions that hold afterwards.
    pub(crate) proof: Proof,
    /// Proves further conditions.
    pub(crate) also: fn(&Scene),
}

/// A day like any other; rows say what is not.
pub(crate) const USUAL: Row = Row {
    name: "",
    make: |_| (),
    mend: |_| (),
    shell: "exec \"$@\"",
    terraform: "",
    command: &[],
    ends: Ends::Well(""),
    proof: Proof::Untouched,
    also: |_| (),
};

/// How a command ends.
#[derive(Clone, Copy)]
pub(crate) enum Ends {
    /// With code 0, having said this.
    Well(&'static str),
    /// With this code and an error; each of the four answers contains its words.
    Badly {
        /// The exit code.
        code: i32,
        /// Words of the answer that tells what happened.
        what: &'static str,
        /// Words of the answer that tells the state of things.
        now: &'static str,
        /// Words of the answer that tells what to run next.
        next: &'static str,
    },
    /// With this code, whatever was said; 128 and more for a signal.
    With(i32),
}

/// The conditions that hold afterwards. Always proved as well: every older entry is as it was,
/// `check --read-data` finds nothing, and no file is left over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// World, state and log are as they were.
    Untouched,
    /// World and state are; the log has grown by this many entries.
    Recorded(usize),
    /// The stack is what it was when it was good.
    Back,
    /// The next revert makes it that.
    BackNext,
}

/// A stack on which something went wrong: the good `a` was changed, `c` was added.
pub(crate) struct Scene {
    /// The stage that it plays on.
    pub(crate) stage: Stage,
    past: Past,
}

/// The parts that a proof compares.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The objects.
    pub(crate) world: std::collections::BTreeMap<String, (u32, Vec<u8>)>,
    /// The state's exact bytes.
    pub(crate) state: Vec<u8>,
    /// The entries, oldest first.
    pub(crate) log: Vec<serde_json::Value>,
    /// The names of the stack's files.
    pub(crate) files: Vec<String>,
}

fn v1() -> String {
    file("a", "one") + &file("b", "two")
}

impl Scene {
    /// Sets it.
    pub(crate) fn changed() -> Self {
        let (stage, past) = good(&v1());
        let scene = Self { stage, past };
        scene.change();
        scene.stage.keep();
        scene
    }

    /// The apply that is to be undone.
    pub(crate) fn change(&self) {
        self.stage.apply_next(&(file("a", "ONE") + &file("b", "two") + &file("c", "new")));
    }

    /// Reverts, and insists that all is good again.
    #[track_caller]
    pub(crate) fn goes_back(&self) {
        self.stage.goes_back(&self.past, &[]);
    }

    /// Insists that all is good again.
    #[track_caller]
    pub(crate) fn is_back(&self) {
        self.past.is_back(&self.stage);
    }

    /// Looks at everything that a proof compares.
    pub(crate) fn see(&self) -> Seen {
        let json = self.stage.unapply(&["history", "--json", "--max", "100000"]).expect(0).json();
        let mut log = json["entries"].as_array().unwrap().clone();
        log.reverse();
        for entry in &mut log {
            // What later entries say about it is not in the entry.
            drop((entry["grade"].take(), entry["verdict"].take()));
        }
        let names = std::fs::read_dir(self.stage.stack()).unwrap();
        let mut files: Vec<String> =
            names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        files.sort();
        Seen { world: self.stage.objects(), state: self.stage.state(), log, files }
    }

    fn run(&self, row: &Row) -> Ran {
        let stand_in = self.stage.path().join("stand-in/terraform");
        let mut words = vec!["-c", row.shell, "sh", UNAPPLY];
        let shown = stand_in.display().to_string();
        if !row.terraform.is_empty() {
            self.put_stand_in(row.terraform);
            words.extend(["--tf-bin", &shown]);
        }
        words.extend(row.command);
        let mut command = self.stage.command("sh", &words);
        self.stage.ran(command.env("STAGE", self.stage.path()).output())
    }

    /// Writes a script that is run as Terraform.
    pub(crate) fn put_stand_in(&self, script: &str) -> String {
        let directory = self.stage.path().join("stand-in");
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("terraform");
        let stage = self.stage.path().display();
        let text =
            format!("#!/bin/sh\nREAL={}\nSTAGE={stage}\n{script}\n", engine().program.display());
        // Written beside and renamed: one that is still running cannot be written to.
        let beside = directory.join("new");
        std::io::Write::write_all(&mut std::fs::File::create(&beside).unwrap(), text.as_bytes())
            .unwrap();
        std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::rename(beside, &path).unwrap();
        path.display().to_string()
    }
}

/// Lives through all of them on one stage, says which went wrong, and goes back at the end.
pub(crate) fn live_through(rows: &[Row]) {
    let mut scene = Scene::changed();
    let mut went_wrong = Vec::new();
    for row in rows {
        let day = AssertUnwindSafe(|| live_through_one(row, &mut scene));
        if catch_unwind(day).is_err() {
            went_wrong.push(row.name);
            scene = Scene::changed();
        }
    }
    assert!(went_wrong.is_empty(), "bad days that went wrong:\n  {}", went_wrong.join("\n  "));
    scene.goes_back();
}

fn live_through_one(row: &Row, scene: &mut Scene) {
    println!("--- {}", row.name);
    let before = scene.see();
    (row.make)(scene);
    let ran = scene.run(row);
    (row.mend)(scene);
    println!("{}", ran.screen());
    let ran = ends(row, ran);
    (row.also)(scene);
    scene.stage.resolves();
    match row.proof {
        Proof::Untouched => stands(scene, &before, 0),
        Proof::Recorded(count) => stands(scene, &before, count),
        Proof::Back => {
            is_back(scene, &before);
            scene.change();
        }
        Proof::BackNext => {
            goes_back_next(scene, &ran);
            is_back(scene, &before);
            // Where nothing was left to undo, nothing was proved good anew.
            scene.stage.renew();
        }
    }
}

/// Insists that it has ended as the row says.
fn ends(row: &Row, ran: Ran) -> Ran {
    match row.ends {
        Ends::Well(words) => ran.expect(0).says(words),
        Ends::With(code) => ran.expect(code),
        Ends::Badly { code, what, now, next } => {
            let ran = ran.expect(code);
            answers(&ran, what, now, next);
            ran
        }
    }
}

/// Insists that nothing is otherwise than before but for so many entries.
fn stands(scene: &Scene, before: &Seen, grown: usize) {
    let after = scene.see();
    assert_eq!((&after.world, &after.state), (&before.world, &before.state));
    assert_eq!(after.files, before.files, "files of the stack");
    assert_eq!(after.log[..before.log.len()], before.log, "older entries changed");
    assert_eq!(after.log.len(), before.log.len() + grown, "new entries: {:#?}", after.log.last());
    scene.stage.is_sound();
    assert_eq!(scene.stage.left_over(), "");
    assert_eq!(scene.stage.half_written(), "");
}

/// Insists that all is good again and no entry lost.
fn is_back(scene: &Scene, before: &Seen) {
    scene.is_back();
    assert_eq!(scene.see().log[..before.log.len()], before.log, "older entries changed");
    assert_eq!(scene.stage.half_written(), "");
}

/// Reverts after a revert that ended badly and has said what it kept.
fn goes_back_next(scene: &Scene, ran: &Ran) {
    for kept in scene.stage.private_directories() {
        let shown = kept.display().to_string();
        assert!(ran.stderr.contains(&shown), "{shown} is not named in:\n{}", ran.stderr);
    }
    scene.stage.sweep();
    scene.goes_back();
}

impl Stage {
    /// Waits until no process of this stage is left: a child outlives an unapply that was killed.
    pub(crate) fn resolves(&self) {
        let here = self.path().display().to_string();
        until("every process of the stage has ended", || {
            let all = std::fs::read_dir("/proc").unwrap().flatten();
            !all.map(|process| process.path().join("environ")).any(|environment| {
                let bytes = std::fs::read(environment).unwrap_or_default();
                String::from_utf8_lossy(&bytes).contains(&here)
            })
        });
    }

    /// Files in the store that were never finished.
    pub(crate) fn half_written(&self) -> String {
        let mut open = vec![self.stack().join(".unapply")];
        let mut found = String::new();
        while let Some(directory) = open.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                if path.is_dir() {
                    open.push(path);
                } else if name.starts_with('.') && name != ".gitignore" {
                    found += &format!("{}\n", path.display());
                }
            }
        }
        found
    }
}

/// Insists on the four answers: what happened, what was not done, how things are, what to run.
#[track_caller]
pub(crate) fn answers(ran: &Ran, what: &str, now: &str, next: &str) {
    let text = &ran.stderr;
    let lines: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("Error: ")).collect();
    let head = lines.first().unwrap_or_else(|| panic!("no error in:\n{text}"));
    let code = format!("(exit {})", ran.code);
    assert!(head.contains(what) && head.ends_with(&code), "no `{what}` and {code} in:\n{text}");
    let mut part = "";
    let mut parts = std::collections::BTreeMap::<&str, String>::new();
    for line in lines.iter().skip(1) {
        let label = line.get(2..12).map_or("", str::trim);
        part = if label.is_empty() { part } else { label };
        parts.entry(part).or_default().push_str(line.get(12..).unwrap_or(line));
    }
    let has = |part: &str, words: &str| parts.get(part).is_some_and(|text| text.contains(words));
    assert!(has("not done", ""), "nothing is `not done` in:\n{text}");
    assert!(has("now", now) || now.is_empty(), "no `{now}` as `now` in:\n{text}");
    assert!(has("next", next), "no `{next}` as `next` in:\n{text}");
}
