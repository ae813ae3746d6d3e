//! The cost of a revert beside bare Terraform doing the same: time to consent, and the whole.
//!
//! 300 objects of the embedded provider, of which an apply has changed 30 and made 30. Bare is
//! `init` and `plan` with the prior configuration (to consent), then `apply` of that plan and one
//! more `plan` (the whole). A revert that is re-keyed, because a block was renamed and an object
//! was forgotten, may take one plan more to consent and two more in all. It is compared with bare
//! Terraform that plans as often, has the block moved back by hand, and does without that object.
//! Medians of `UNAPPLY_BENCH_PAIRS` pairs (default 5), each from the same state and world; the time
//! grows with what Terraform plans. Needs terraform on `PATH`; run with
//! `cargo bench --bench revert`.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints what it finds and stops where it cannot go on"
)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

mod paired;

use paired::{median, wanted, write};
use unapply::demo::sandbox::Sandbox;

const UNAPPLY: &str = env!("CARGO_BIN_EXE_unapply");
const OBJECTS: usize = 300;
const CHANGED: usize = 30;

/// A stack with its world below one directory.
struct Place {
    sandbox: Sandbox,
}

impl Place {
    #[expect(clippy::disallowed_methods, reason = "a bench runs the real programs")]
    fn ran(&self, program: &str, arguments: &[&str]) -> f64 {
        let start = Instant::now();
        let output = Command::new(program)
            .args(arguments)
            .current_dir(self.sandbox.stack())
            .envs(self.sandbox.variables())
            .env("XDG_STATE_HOME", self.sandbox.at("journals"))
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let seconds = start.elapsed().as_secs_f64();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {said}");
        seconds
    }

    fn terraform(&self, arguments: &[&str]) -> f64 {
        self.ran("terraform", arguments)
    }

    fn configure(&self, text: &str) {
        let block = Sandbox::provider_block(&self.sandbox.world());
        write(&self.sandbox.at("stack/main.tf"), &(block + text));
    }

    /// Puts everything back as `keep` found it.
    fn restore(&self) {
        for name in ["stack", "world"] {
            std::fs::remove_dir_all(self.sandbox.at(name)).unwrap();
            copy(&self.sandbox.at("kept").join(name), &self.sandbox.at(name));
        }
    }

    fn keep(&self) {
        for name in ["stack", "world"] {
            copy(&self.sandbox.at(name), &self.sandbox.at("kept").join(name));
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        let facts = path.symlink_metadata().unwrap();
        if facts.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(&path).unwrap(), target).unwrap();
        } else if facts.is_dir() {
            copy(&path, &target);
        } else {
            let _bytes = std::fs::copy(&path, target).unwrap();
        }
    }
}

fn files(name: &str, count: usize, content: &str) -> String {
    format!(
        "resource \"demo_file\" \"{name}\" {{\n  count   = {count}\n  path    = \
         \"{name}-${{count.index}}.txt\"\n  content = \"{content} ${{count.index}}\"\n}}\n"
    )
}

fn laid_out(root: &Path) -> Place {
    let sandbox = Sandbox::set_up(root, Path::new(UNAPPLY)).unwrap();
    write(&sandbox.at("stack/unapply.toml"), &Sandbox::settings("bench"));
    Place { sandbox }
}

/// The good configuration and the one that is taken back.
struct Story {
    name: &'static str,
    good: String,
    next: String,
    /// The configuration for bare Terraform, written by a person who knows what it needs.
    bare: String,
    /// How many plans more a revert may make: to consent, and in all.
    more: (usize, usize),
}

fn stories() -> [Story; 2] {
    let (kept, changed) = (files("kept", OBJECTS - CHANGED, "as it was"), CHANGED);
    let good = kept.clone() + &files("changed", changed, "good");
    let renamed = kept.replace("\"demo_file\" \"kept\"", "\"demo_file\" \"renamed\"")
        + "moved {\n  from = demo_file.kept\n  to   = demo_file.renamed\n}\n";
    let alone =
        "resource \"demo_file\" \"alone\" {\n  path = \"alone.txt\"\n  content = \"x\"\n}\n";
    let forgotten =
        "removed {\n  from = demo_file.alone\n  lifecycle {\n    destroy = false\n  }\n}\n";
    let next = files("changed", changed, "bad") + &files("made", changed, "new");
    [
        Story {
            name: "as it is",
            good: good.clone(),
            next: kept + &next,
            bare: good.clone(),
            more: (0, 0),
        },
        Story {
            name: "re-keyed",
            bare: good.clone()
                + "moved {\n  from = demo_file.renamed\n  to   = demo_file.kept\n}\n",
            good: good + alone,
            next: renamed + &next + forgotten,
            more: (1, 2),
        },
    ]
}

const PLAN: [&str; 4] = ["plan", "-input=false", "-no-color", "-out=bare.tfplan"];

/// Seconds to consent and in all, of bare Terraform that plans `more` often.
fn bare(place: &Place, story: &Story) -> (f64, f64) {
    place.restore();
    place.configure(&story.bare);
    let (to_consent, in_all) = story.more;
    let plans = |many: usize| (0..many).map(|_| place.terraform(&PLAN)).sum::<f64>();
    let consent = place.terraform(&["init", "-input=false", "-no-color"]) + plans(1 + to_consent);
    let apply = place.terraform(&["apply", "-input=false", "-no-color", "bare.tfplan"]);
    (consent, consent + apply + plans(1 + in_all - to_consent))
}

fn ours(place: &Place) -> (f64, f64) {
    place.restore();
    let consent = place.ran(UNAPPLY, &["revert", "--plan-only"]);
    place.restore();
    (consent, place.ran(UNAPPLY, &["revert", "--yes"]))
}

fn measure(story: &Story, pairs: usize) {
    let directory = tempfile::tempdir().unwrap();
    let place = laid_out(directory.path());
    place.configure(&story.good);
    place.terraform(&["init", "-no-color"]);
    let apply = ["apply", "-auto-approve", "-no-color"];
    place.terraform(&apply);
    place.ran(UNAPPLY, &["init"]);
    place.ran(UNAPPLY, &["mark", "good"]);
    place.configure(&story.next);
    place.ran(UNAPPLY, &["snapshot"]);
    place.terraform(&apply);
    place.keep();
    let (mut consents, mut wholes, mut times) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..pairs {
        let (bare_consent, bare_whole) = bare(&place, story);
        let (consent, whole) = ours(&place);
        consents.push(consent / bare_consent);
        wholes.push(whole / bare_whole);
        times.push(bare_whole);
    }
    println!(
        "{}: to consent {:.2} x bare, the whole {:.2} x bare ({:.1} s)",
        story.name,
        median(consents),
        median(wholes),
        median(times)
    );
}

fn main() {
    for story in stories() {
        measure(&story, wanted());
    }
}
