//! Random histories: a good configuration, changes of it that fail at a random point, now and then
//! a kill or an edit by hand, and then a revert. The world counts, byte for byte. In every other
//! history the provider finds it by a relative path; in some there is a second environment beside, or a
//! variable whose value a file gives.
//!
//! 60 in an ordinary run; `UNAPPLY_HISTORIES=1000 cargo test --test it histories -- --nocapture` for
//! more, `UNAPPLY_HISTORY=SEED` for one again. A history ends in one of four ways, and two of them
//! fail the test: a refusal although every action was an undo, and a wrong world.

mod dice;
mod plan;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use dice::Dice;
use plan::Configuration;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::deeds::file;
use crate::support::stage::{Ran, Stage};

/// How a history ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// The world is the good one.
    Equal,
    /// It is but for what was listed as not undone.
    Listed(String),
    /// Refused, for something that is no undo; with every hazard allowed the world was the good one.
    Asked(String),
    /// Refused although every action was an undo.
    Refused(String),
    /// Another world, and it was not listed.
    Wrong(String),
}

/// One history while it is played.
struct History {
    stage: Stage,
    dice: Dice,
    told: String,
    /// The revision that is good.
    target: String,
    /// The world as the provider block names it: by a relative path, or not.
    world: String,
    /// Whether the configuration of the good snapshot is one that nobody had applied.
    is_edited: bool,
    /// Whether an attempt was killed.
    is_killed: bool,
    /// The value of the variable that a file gives; none where there is no such variable.
    value: Option<String>,
    /// The environment beside it that stays selected before the revert.
    beside: Option<Beside>,
    /// The modules of the last `terraform init`.
    initialised: Option<Vec<String>>,
}

/// A second environment of the same directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    /// Another workspace.
    Workspace,
    /// Another data directory, in which another workspace is selected.
    DataDirectory,
}

/// Whether a path is that of a file of the stack, and not of the environment beside.
fn is_own(path: &str) -> bool {
    path.contains(".txt") && path != "beside.txt"
}

/// The file of the variable's value.
const VALUES: &str = "values.tfvars";

/// The word for it.
const BY_FILE: &str = "-var-file=values.tfvars";

type Objects = BTreeMap<String, (u32, Vec<u8>)>;

impl History {
    fn tell(&mut self, what: &str) {
        writeln!(self.told, "  {what}").unwrap();
    }

    fn lay_out(&mut self, configuration: &Configuration) {
        let modules = self.stage.stack().join("modules");
        let names = configuration.modules();
        for name in &names {
            std::fs::create_dir_all(modules.join(name)).unwrap();
            self.stage.write(&format!("modules/{name}/main.tf"), &configuration.module(name));
        }
        let mut root = configuration.root();
        if configuration.is_west() {
            let world = &self.world;
            write!(root, "provider \"demo\" {{\n  alias = \"west\"\n  root = \"{world}\"\n}}\n")
                .unwrap();
        }
        if let Some(value) = &self.value {
            root += "variable \"by_file\" {}\n";
            root += &file("by-file", "${var.by_file}");
            self.stage.write(VALUES, &format!("by_file = \"{value}\"\n"));
        }
        self.stage.configure(&root);
        let main = std::fs::read_to_string(self.stage.stack().join("main.tf")).unwrap();
        let absolute = self.stage.world().display().to_string();
        self.stage.write("main.tf", &main.replace(&absolute, &self.world));
        // Only other modules are news to Terraform.
        if self.initialised.as_ref() != Some(&names) {
            self.stage.terraform(&["init", "-no-color", "-input=false"]).expect(0);
            self.initialised = Some(names);
        }
    }

    /// A command of Terraform in its present version.
    fn terraform(&self, words: &[&str]) -> Ran {
        let by_file = self.value.as_ref().map(|_| BY_FILE);
        let words = words.iter().copied().chain(["-no-color", "-input=false"]).chain(by_file);
        self.stage.terraform(&words.collect::<Vec<_>>())
    }

    /// An environment beside it, with an object of its own; the stack's is selected again.
    fn set_up_beside(&mut self, beside: Beside) {
        self.stage.configure(&file("beside", "beside"));
        if beside == Beside::DataDirectory {
            self.stage.set("TF_DATA_DIR", ".beside");
        }
        for words in [&["init"][..], &["workspace", "new", "beside"], &["apply", "-auto-approve"]] {
            self.stage.terraform(words).expect(0);
        }
        self.beside = Some(beside);
        self.leave_beside();
    }

    fn go_beside(&mut self) {
        match self.beside {
            Some(Beside::DataDirectory) => self.stage.set("TF_DATA_DIR", ".beside"),
            Some(Beside::Workspace) => {
                self.stage.terraform(&["workspace", "select", "beside"]).expect(0);
            }
            None => {}
        }
    }

    fn leave_beside(&mut self) {
        self.stage.unset("TF_DATA_DIR");
        if self.beside == Some(Beside::Workspace) {
            self.stage.terraform(&["workspace", "select", "default"]).expect(0);
        }
    }

    /// Insists that nothing is taken back or applied from the environment beside, and that the refusal
    /// says how it goes on.
    fn is_refused_beside(&mut self) {
        let (code, says) = match self.beside {
            Some(Beside::Workspace) => (15, "unapply --workspace default"),
            Some(Beside::DataDirectory) => (64, "env -u TF_DATA_DIR"),
            None => return,
        };
        let before = (self.stage.objects(), self.stage.state());
        self.go_beside();
        self.stage.unapply(&["revert", &self.target, "--yes"]).expect(code).says(says);
        let run = ["run", "--", "terraform", "apply", "-auto-approve"];
        self.stage.unapply(&run).expect(code);
        self.leave_beside();
        assert_eq!((self.stage.objects(), self.stage.state()), before);
        self.tell("refused in the environment beside");
    }

    /// An attempt to apply `next` that may go wrong.
    fn attempt(&mut self, next: &Configuration) {
        self.lay_out(next);
        let fault = self.fault(next);
        let is_killed = self.dice.once_in(5);
        let faults = if is_killed { format!("{fault}\ndelay-ms:*:60") } else { fault };
        self.tell(&format!("faults: {}", faults.replace('\n', " ")));
        self.stage.fault(&faults);
        let words: &[&str] = match self.dice.roll(3) {
            0 => &["apply", "-auto-approve", "-no-color", "-input=false"],
            _ => &["apply", "-auto-approve", "-json", "-input=false"],
        };
        let by_file: &[&str] = if self.value.is_some() { &[BY_FILE] } else { &[] };
        let run = [&["run", "--", "terraform"], words, by_file].concat();
        self.is_killed |= is_killed;
        let ran = if is_killed { self.killed(&run) } else { self.stage.unapply(&run) };
        self.tell(&format!("apply: exit {}", ran.code));
        self.stage.fault("");
    }

    /// A fault at one of the blocks, or none.
    fn fault(&mut self, next: &Configuration) -> String {
        let block = self.dice.pick(&next.blocks).clone();
        let faults = ["create", "create-after", "update", "update-after", "delete", "create"];
        let fault = *self.dice.pick(&faults);
        match self.dice.roll(8) {
            0 => String::new(),
            1 => format!("{fault}:*"),
            _ => ["", ".txt", ".vol", "-a.txt", "-b.txt", "-k.txt"]
                .map(|end| format!("{fault}:{}{end}", block.path))
                .join("\n"),
        }
    }

    /// Runs it and kills the terraform under it, or it itself, after a while.
    fn killed(&mut self, run: &[&str]) -> Ran {
        let running = self.stage.start(crate::support::stage::UNAPPLY, run);
        let wait = 300 + u64::try_from(self.dice.roll(900)).unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        let us = running.id();
        let children = children(us);
        let is_both = self.dice.once_in(3);
        for child in &children {
            let _gone = rustix::process::kill_process(*child, Signal::KILL).is_err();
        }
        if is_both {
            running.signal(Signal::KILL);
        }
        let told =
            format!("killed after {wait} ms: {} of terraform, both {is_both}", children.len());
        let ran = running.end();
        self.tell(&told);
        ran
    }

    /// Edits an object that was there when all was good.
    fn edit(&mut self, good: &Objects) {
        let now = self.stage.objects();
        let files: Vec<&String> =
            good.keys().filter(|path| is_own(path) && now.get(*path) == good.get(*path)).collect();
        if files.is_empty() {
            return;
        }
        let path = (*self.dice.pick(&files)).clone();
        self.stage.edit(&path, "by hand");
        self.tell(&format!("somebody edits {path}"));
    }

    /// Deletes an object, as a person would.
    fn delete(&mut self, good: &Objects) {
        let now = self.stage.objects();
        let is_new = self.dice.once_in(2);
        let fits = |path: &&String| is_own(path) && good.contains_key(*path) != is_new;
        let files: Vec<&String> = now.keys().filter(fits).collect();
        if files.is_empty() {
            return;
        }
        let path = (*self.dice.pick(&files)).clone();
        std::fs::remove_file(self.stage.world().join(&path)).unwrap();
        self.tell(&format!("somebody deletes {path}"));
    }

    /// Takes it back, and says how that ended.
    fn revert(&mut self, v1: &Configuration, good: &Objects) -> End {
        let mut first = self.stage.unapply(&["revert", &self.target, "--yes", "--json"]);
        // What a killed apply had begun goes on for a while, as it would in a cloud.
        for _ in 0..40 {
            if first.code != 11 {
                break;
            }
            std::thread::sleep(Duration::from_millis(250));
            first = self.stage.unapply(&["revert", &self.target, "--yes", "--json"]);
        }
        self.tell(&format!("revert: exit {}", first.code));
        if first.code == 0 {
            return self.judged(v1, good, &first, End::Equal);
        }
        if first.code != 15 {
            return stopped(&first);
        }
        // Terraform writes a local state in place: whoever kills it meanwhile has emptied the file.
        if self.stage.state().is_empty() && first.stderr.contains("empty") {
            return End::Listed("terraform was killed while it wrote its state".to_owned());
        }
        let planned = self.stage.unapply(&["revert", &self.target, "--plan-only", "--json"]);
        // An object of two steps that is gone: what the refusal names lets it through.
        if planned.stderr.contains("terraform apply -refresh-only") && !self.is_edited {
            self.terraform(&["apply", "-refresh-only", "-auto-approve"]).expect(0);
            self.tell("refreshed, as was advised");
            return self.revert(v1, good);
        }
        if planned.code != 0 && self.is_edited {
            return End::Asked(planned.stderr);
        }
        if planned.code != 0 {
            return End::Refused(format!("{}\n{}", first.stderr, planned.stderr));
        }
        let json = planned.json();
        let hazards = hazards(&json);
        let is_undo = |action: &Value| {
            let reasons = action["reasons"].as_array().unwrap();
            reasons.iter().all(|reason| reason["why"] == "undo")
        };
        let are_undos = json["actions"].as_array().unwrap().iter().all(is_undo);
        // What no action says: data, what the refresh did not find, and what good never had.
        let others = ["data", "not-found=", "not-good="];
        let is_other = |hazard: &String| others.iter().any(|word| hazard.contains(word));
        if are_undos && !hazards.iter().any(is_other) {
            return End::Refused(format!("{hazards:?}"));
        }
        if self.is_edited {
            // Allowed, the world would be one that never was.
            return End::Asked(hazards.join(" "));
        }
        let flags: Vec<String> = hazards.iter().map(|hazard| format!("--allow={hazard}")).collect();
        let mut words = vec!["revert", &self.target, "--yes", "--json"];
        words.extend(flags.iter().map(String::as_str));
        let second = self.stage.unapply(&words);
        self.tell(&format!("asked about {hazards:?}, then exit {}", second.code));
        if second.code == 0 {
            return self.judged(v1, good, &second, End::Asked(hazards.join(" ")));
        }
        stopped(&second)
    }

    fn judged(&mut self, v1: &Configuration, good: &Objects, ran: &Ran, end: End) -> End {
        let now = self.stage.objects();
        if now == *good {
            self.value = self.value.as_ref().map(|_| "v1".to_owned());
            self.lay_out(v1);
            let plan = self.terraform(&["plan", "-detailed-exitcode"]);
            return if plan.code == 0 { end } else { End::Wrong(plan.stdout) };
        }
        let mut differences = Vec::new();
        for path in now.keys().chain(good.keys()) {
            if now.get(path) != good.get(path) {
                differences.push(path.clone());
            }
        }
        differences.dedup();
        match may_exist(ran) {
            None => End::Wrong(format!("{differences:?}")),
            Some(text) => End::Listed(format!("{differences:?}: {text}")),
        }
    }
}

/// A revert that did not end well. An apply that was killed in a creation can leave an unknown
/// object in the place of a good one: that was listed, and a person has to remove it.
fn stopped(ran: &Ran) -> End {
    match may_exist(ran) {
        Some(text) if ran.stderr.contains("AlreadyExists") => End::Listed(text),
        Some(_) | None => End::Wrong(format!("exit {}: {}", ran.code, ran.stderr)),
    }
}

/// The objects that a revert lists as perhaps left behind.
fn may_exist(ran: &Ran) -> Option<String> {
    let json: Value = serde_json::from_str(&ran.stdout).ok()?;
    // An object that was made anew and starts empty explains nobody else's file.
    let is_open = |left: &&Value| left["why"].as_str().unwrap().contains("may have left");
    let listed = json["not_undone"].as_array()?.iter().filter(is_open);
    let listed: Vec<Value> = listed.cloned().collect();
    (!listed.is_empty()).then(|| serde_json::to_string(&listed).unwrap())
}

/// The hazards that stand, as `--allow` takes them.
fn hazards(json: &Value) -> Vec<String> {
    let word = |hazard: &Value, name: &str| hazard[name].as_str().unwrap().to_owned();
    let hazards = json["hazards"].as_array().unwrap().iter();
    hazards.map(|h| format!("{}={}", word(h, "hazard"), word(h, "subject"))).collect()
}

/// The children of a process.
fn children(of: u32) -> Vec<rustix::process::Pid> {
    let text =
        std::fs::read_to_string(format!("/proc/{of}/task/{of}/children")).unwrap_or_default();
    let number = |word: &str| rustix::process::Pid::from_raw(word.parse().ok()?);
    text.split_whitespace().filter_map(number).collect()
}

/// Plays one history; what happened in it, and how it ended.
fn play(seed: u64) -> (String, End) {
    let mut dice = Dice::of(seed);
    let v1 = Configuration::random(&mut dice);
    let stage = Stage::named();
    let world = if seed.is_multiple_of(2) {
        "../world".to_owned()
    } else {
        stage.world().display().to_string()
    };
    let mut history = History {
        stage,
        dice,
        told: String::new(),
        target: "1".to_owned(),
        world,
        is_edited: false,
        is_killed: false,
        value: None,
        beside: None,
        initialised: None,
    };
    // Dice of their own, so that all else of a seed stays as it was.
    let mut around = Dice::of(seed ^ 0x0a20_07d5);
    if around.once_in(4) {
        history.set_up_beside(*around.pick(&[Beside::Workspace, Beside::DataDirectory]));
    }
    history.value = around.once_in(3).then(|| "v1".to_owned());
    history.lay_out(&v1);
    let applied = history.terraform(&["apply", "-auto-approve"]);
    assert_eq!(applied.code, 0, "seed {seed}: the good one: {}{}", applied.stdout, applied.stderr);
    // Dice of their own, so that all else of a seed stays as it was.
    let mut more = Dice::of(seed ^ 0x00ed_17ed);
    let edited = if more.once_in(6) { v1.edited() } else { None };
    if let Some(edited) = &edited {
        history.is_edited = true;
        history.tell("edited before the snapshot");
        history.lay_out(edited);
    }
    let by_file: &[&str] = if history.value.is_some() { &["--var-file", VALUES] } else { &[] };
    history.stage.unapply(&[&["init"], by_file].concat()).expect(0);
    history.stage.unapply(&["mark", "good"]).expect(0);
    let good = history.stage.objects();
    let mut now = edited.unwrap_or_else(|| v1.clone());
    let attempts = if history.dice.once_in(4) { 2 } else { 1 };
    for attempt in 0..attempts {
        let (next, said) = now.changed(&mut history.dice);
        for change in said {
            history.tell(&change);
        }
        if history.value.is_some() && around.once_in(2) {
            history.value = Some(format!("attempt {attempt}"));
            history.tell("another value in the file");
        }
        history.attempt(&next);
        now = next;
    }
    if history.dice.once_in(6) {
        history.edit(&good);
    }
    if more.once_in(5) {
        history.delete(&good);
    }
    // A killed apply goes on for a while.
    if !history.is_killed {
        history.is_refused_beside();
    }
    let end = history.revert(&v1, &good);
    (history.told, end)
}

/// How many of them are played.
#[expect(clippy::disallowed_methods, reason = "whoever wants more of them says so there")]
fn wanted() -> (std::ops::Range<u64>, bool) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match (number("UNAPPLY_HISTORY"), number("UNAPPLY_HISTORIES")) {
        (Some(seed), _) => (seed..seed + 1, true),
        (None, Some(many)) => (0..many, false),
        (None, None) => (0..60, false),
    }
}

#[test]
fn random_histories_end_in_the_good_world_or_in_a_refusal_that_says_why() {
    let (seeds, is_told) = wanted();
    let count = seeds.end - seeds.start;
    let next = std::sync::atomic::AtomicU64::new(seeds.start);
    let ends = std::sync::Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    if seed >= seeds.end {
                        return;
                    }
                    let (told, end) = play(seed);
                    if is_told {
                        eprintln!("{told}{end:?}");
                    }
                    ends.lock().unwrap().insert(seed, (told, end));
                }
            });
        }
    });
    let ends = ends.into_inner().unwrap();
    let of = |wanted: fn(&End) -> bool| ends.values().filter(|(_, end)| wanted(end)).count();
    let equal = of(|end| matches!(end, End::Equal));
    let asked = of(|end| matches!(end, End::Asked(_)));
    let listed = of(|end| matches!(end, End::Listed(_)));
    eprintln!("{count} histories: {equal} equal, {asked} equal after asking, {listed} listed");
    let mut bad = String::new();
    for (seed, (told, end)) in &ends {
        if matches!(end, End::Refused(_) | End::Wrong(_)) {
            writeln!(bad, "seed {seed}:\n{told}  {end:?}").unwrap();
        }
    }
    assert!(bad.is_empty(), "{bad}");
    // At most one in a hundred; of few, chance may put up to three of its kills in a creation.
    assert!(listed * 100 <= usize::try_from(count).unwrap().max(300), "{listed} of {count}");
}
