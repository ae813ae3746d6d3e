//! The story: a failed apply, undone; and the same apply after the old state was restored instead.
//!
//! It prints what real commands print and judges by the files that are really there. It uses unapply
//! only as a person at a terminal does. Start from [`play`].

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::script;
use super::stage::{Error, Stage, StoryInputs, at};
use super::world::{WorldChange, WorldFiles, objects, orphans, paths};
use crate::codec::state;
use crate::model::state::StateBytes;

/// The end of the story.
#[derive(Debug)]
pub struct StoryEnding {
    /// The world of v1.
    pub v1: WorldFiles,
    /// The world after v2 failed.
    pub failed: WorldFiles,
    /// The world after the revert.
    pub reverted: WorldFiles,
    /// The world after the old state was restored.
    pub restored: WorldFiles,
    /// The exit code of a plan of v1 after the revert.
    pub plan_after_revert: i32,
    /// The exit code of a plan of v1 after the old state was restored.
    pub plan_after_restore: i32,
    /// Objects that are real and in no state after the revert.
    pub orphans_after_revert: Vec<String>,
    /// Objects that are real and in no state after the old state was restored.
    pub orphans_after_restore: Vec<String>,
    /// The repairs by hand that are on record: each object with the status of its repair.
    pub fixes: BTreeMap<String, String>,
}

impl StoryEnding {
    /// Whether the revert left the world of v1, to the byte.
    pub fn world_equals_v1(&self) -> bool {
        self.v1 == self.reverted
    }

    /// Every difference from the end that the story should have.
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self
            .v1
            .differences(&self.reverted)
            .into_iter()
            .map(|(path, change)| format!("{path} after the revert: {}", change.shown()))
            .collect();
        for (after, code) in
            [("revert", self.plan_after_revert), ("restore", self.plan_after_restore)]
        {
            if code != 0 {
                problems.push(format!("the plan after the {after} ended with {code}"));
            }
        }
        if !self.orphans_after_revert.is_empty() {
            let names = self.orphans_after_revert.join(", ");
            problems.push(format!("in no state after the revert: {names}"));
        }
        if self.orphans_after_restore.is_empty() {
            problems.push("restoring the old state left no orphan".to_owned());
        }
        for object in ["demo_file.login", "demo_file.web"] {
            match self.fixes.get(object).map(String::as_str) {
                Some("overwritten") => {}
                found => problems.push(format!("the fix of {object}: {}", found.unwrap_or("none"))),
            }
        }
        problems
    }

    /// Every path of the story.
    pub fn paths(&self) -> BTreeSet<String> {
        paths(&[&self.v1, &self.failed, &self.reverted, &self.restored])
    }
}

/// Plays it in `root`, which has to be empty.
pub fn play(inputs: &StoryInputs<'_>, root: &Path) -> Result<StoryEnding, Error> {
    let stage = Stage::set_up(inputs, root)?;
    stage.print(
        "A failed apply and two ways back: offline, in a scratch directory, with real terraform.\n\
         The cloud of this story is a directory; every object in it is a file.\n\n",
    );
    let v1 = v1_works(&stage)?;
    let repaired = repaired_by_hand(&stage)?;
    let failed = v2_fails(&stage)?;
    stage.heading("4. What is different from what was good?");
    stage.unapply(&["diff"])?;
    stage.heading("5. Undo it");
    stage.print("The configuration that was good is applied to the state as it is now.\n\n");
    stage.unapply(&["revert", "--yes", "--reason", "8443 was wrong", "--ticket", "OPS-4410"])?;
    let (reverted, plan_after_revert) = look(&stage, [&v1, &repaired, &failed])?;
    let fixes = to_know(&stage)?;
    let plan_after_restore = restore(&stage)?;
    let ending = StoryEnding {
        restored: world(&stage, "restored/world")?,
        orphans_after_revert: orphans_of(&stage, "world", "stack")?,
        orphans_after_restore: orphans_of(&stage, "restored/world", "restored/stack")?,
        v1,
        failed,
        reverted,
        plan_after_revert,
        plan_after_restore,
        fixes,
    };
    beside(&stage, &ending);
    stage.print(&last_words());
    stage.sweep()?;
    Ok(ending)
}

fn v1_works(stage: &Stage<'_>) -> Result<WorldFiles, Error> {
    stage.heading("1. v1 works, and is called good");
    stage.write("stack/main.tf", &script::v1(&stage.at("world")))?;
    stage.terraform_ends_with(0, "stack", &["init"])?;
    stage.terraform_ends_with(0, "stack", &["apply", "-auto-approve"])?;
    stage.print("A customer writes to the volume. Terraform knows nothing of such data.\n\n");
    stage.prompt(&format!("echo \"{}\" >> ../world/orders.db", script::ORDER));
    stage.append("world/orders.db", script::ORDER)?;
    stage.print("\n");
    stage.unapply(&["init"])?;
    stage.unapply(&["mark", "good", "--verify"])?;
    // A platform keeps these of each run: the configuration and the state.
    stage.copy("stack/main.tf", "kept/main.tf")?;
    stage.copy("stack/terraform.tfstate", "kept/terraform.tfstate")?;
    world(stage, "world")
}

/// Real objects are changed by hand; Terraform is not asked.
fn repaired_by_hand(stage: &Stage<'_>) -> Result<WorldFiles, Error> {
    stage.heading("2. At night somebody repairs two things by hand");
    stage.print(
        "Too few workers, and a password that leaked. Neither comes into the configuration: there\n\
         is no time. (The new password is not shown here, and nowhere else.)\n\n",
    );
    let (before, after) = script::BY_HAND;
    stage.prompt(&format!("sed -i \"s/{before}/{after}/\" ../world/web.conf"));
    stage.edit("world/web.conf", before, after)?;
    stage.prompt("vi ../world/login.conf");
    stage.edit("world/login.conf", script::ROTATED.0, script::ROTATED.1)?;
    stage.print(
        "\nThe job that looks for drift finds both, and the next morning they get a reason.\n\n",
    );
    stage.unapply(&["drift"])?;
    stage.unapply(&[
        "fix",
        "record",
        "demo_file.web",
        "--reason",
        "too few workers",
        "--ticket",
        "OPS-4409",
        "--until",
        "30d",
    ])?;
    stage.unapply(&[
        "fix",
        "record",
        "demo_file.login",
        "--reason",
        "the password leaked",
        "--ticket",
        "SEC-17",
    ])?;
    world(stage, "world")
}

/// Lists the repairs that have to come into the configuration, for the program that manages it.
fn to_know(stage: &Stage<'_>) -> Result<BTreeMap<String, String>, Error> {
    stage.heading("7. What configuration management has to know");
    stage.print(
        "v1 is back, and with it the four workers and the password that leaked. The revert did not\n\
         lose the two repairs, the apply of v2 did; both are on record until the configuration holds\n\
         them. A program reads who, why, until when, and which attribute of which object has to be\n\
         what; a secret is only said to be one.\n\n",
    );
    let printed = stage.unapply(&["fix", "list", "--json"])?;
    Ok(listed_fixes(&printed))
}

fn v2_fails(stage: &Stage<'_>) -> Result<WorldFiles, Error> {
    stage.heading("3. v2 changes one thing, adds two, and fails on the last");
    stage.write("stack/main.tf", &script::v2(&stage.at("world")))?;
    stage.print(
        "  ~ demo_file.web       lines   \"listen 443\" → \"listen 8443\"\n  \
           + demo_file.banner    banner.txt\n  \
           + demo_volume.cache   cache.db, which will fail half-way: made, and not ready\n\n",
    );
    stage.unapply(&["snapshot"])?;
    stage.write("world/.faults", &format!("create-after:{}\n", script::FAILS))?;
    stage.terraform_ends_with(1, "stack", &["apply", "-auto-approve"])?;
    stage.remove("world/.faults")?;
    // For the other way back, everything as it is now.
    stage.copy("world", "restored/world")?;
    make_stack_copy(stage)?;
    world(stage, "world")
}

fn make_stack_copy(stage: &Stage<'_>) -> Result<(), Error> {
    let directory = stage.at("restored/stack");
    fs::create_dir_all(&directory).map_err(at(&directory))?;
    for name in ["main.tf", "terraform.tfstate"] {
        stage.copy(&format!("stack/{name}"), &format!("restored/stack/{name}"))?;
    }
    Ok(())
}

fn look(stage: &Stage<'_>, before: [&WorldFiles; 3]) -> Result<(WorldFiles, i32), Error> {
    let [v1, repaired, failed] = before;
    stage.heading("6. Is it undone?");
    let now = world(stage, "world")?;
    stage.print(&files([v1, repaired, failed, &now]));
    if *v1 == now {
        stage.print("\nEvery file has the bytes and the permissions of v1: the world equals v1.\n");
    } else {
        stage.print("\nThe world DOES NOT equal v1.\n");
    }
    stage.print("With v1's configuration back in the working directory, terraform agrees.\n\n");
    stage.prompt("cp ../kept/main.tf .");
    stage.copy("kept/main.tf", "stack/main.tf")?;
    let code = stage.terraform("stack", &["plan", "-detailed-exitcode"])?;
    Ok((now, code))
}

fn restore(stage: &Stage<'_>) -> Result<i32, Error> {
    stage.heading("8. What \"restore the old state\" would have done");
    stage.print(
        "The same moment again, in a copy: v2 has just failed. Now the old configuration and the\n\
         old state are put back, as a state rollback does, and applied.\n\n",
    );
    stage.prompt("cp ../../kept/main.tf ../../kept/terraform.tfstate .");
    stage.copy("kept/terraform.tfstate", "restored/stack/terraform.tfstate")?;
    // The copy has a world of its own.
    stage.write("restored/stack/main.tf", &script::v1(&stage.at("restored/world")))?;
    stage.terraform_ends_with(0, "restored/stack", &["init"])?;
    stage.terraform_ends_with(0, "restored/stack", &["apply", "-auto-approve"])?;
    stage.terraform("restored/stack", &["plan", "-detailed-exitcode"])
}

fn beside(stage: &Stage<'_>, ending: &StoryEnding) {
    let names = |orphans: &[String]| match orphans.len() {
        0 => "0".to_owned(),
        many => format!("{many}: {}", orphans.join(", ")),
    };
    let plan = |code: i32| match code {
        0 => "no changes (exit 0)".to_owned(),
        code => format!("exit {code}"),
    };
    let yes = |is_so: bool| if is_so { "yes" } else { "no" }.to_owned();
    let after = &ending.orphans_after_restore;
    let word = if after.len() == 1 { "orphan" } else { "orphans" };
    stage.print(&format!(
        "{} {word}: {}; Terraform manages none of them, and no command of it says so.\n\n",
        after.len(),
        after.join(", "),
    ));
    stage.heading("Side by side");
    stage.print(&columns(&[
        ["", "unapply revert", "restoring the old state"].map(str::to_owned),
        [
            "terraform plan".to_owned(),
            plan(ending.plan_after_revert),
            plan(ending.plan_after_restore),
        ],
        [
            "objects orphaned".to_owned(),
            names(&ending.orphans_after_revert),
            names(&ending.orphans_after_restore),
        ],
        [
            "the world equals v1".to_owned(),
            yes(ending.world_equals_v1()),
            yes(ending.v1 == ending.restored),
        ],
    ]));
}

/// The fixes that `fix list --json` prints: each object with the status of its fix.
fn listed_fixes(printed: &str) -> BTreeMap<String, String> {
    let list: serde_json::Value = serde_json::from_str(printed).unwrap_or_default();
    let fixes = list.get("fixes").and_then(serde_json::Value::as_array);
    let text = |fix: &serde_json::Value, name: &str| {
        fix.get(name).and_then(serde_json::Value::as_str).map(str::to_owned)
    };
    let fix = |fix| Some((text(fix, "address")?, text(fix, "status")?));
    fixes.into_iter().flatten().filter_map(fix).collect()
}

/// The conclusions of the story.
fn last_words() -> String {
    "\nThree things to take home:\n\n  \
       the old configuration on the present state undoes an apply; the old state does not\n  \
       every step above is in the log: unapply history\n  \
       what was repaired by hand is not forgotten: unapply fix list\n"
        .to_owned()
}

/// The files of the story, side by side.
fn files(worlds: [&WorldFiles; 4]) -> String {
    let [v1, repaired, failed, reverted] = worlds;
    let mut rows =
        vec![["FILE", "V1", "BY HAND", "AFTER FAILED V2", "AFTER REVERT"].map(str::to_owned)];
    for path in paths(&worlds) {
        let before = v1.get(&path);
        let size =
            before.map_or("not there".to_owned(), |object| format!("{} bytes", object.size()));
        let change = |now: &WorldFiles| WorldChange::of(before, now.get(&path)).shown().to_owned();
        rows.push([path.clone(), size, change(repaired), change(failed), change(reverted)]);
    }
    columns(&rows)
}

/// Rows with their columns below each other, a little to the right.
fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let widths: Vec<usize> = (0..N)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(&format!("  {}\n", cells.join("   ").trim_end()));
    }
    text
}

fn world(stage: &Stage<'_>, path: &str) -> Result<WorldFiles, Error> {
    let root = stage.at(path);
    WorldFiles::read(&root).map_err(at(&root))
}

/// The objects of a world that the state of a stack does not know.
fn orphans_of(stage: &Stage<'_>, world: &str, stack: &str) -> Result<Vec<String>, Error> {
    let root = stage.at(world);
    let objects = objects(&root).map_err(at(&root))?;
    let file = stage.at(stack).join("terraform.tfstate");
    let bytes = StateBytes::new(fs::read(&file).map_err(at(&file))?);
    let state = state::parse(&bytes)
        .map_err(|source| Error::State { path: file.display().to_string(), source })?;
    let known = state.instances.into_iter().filter_map(|instance| instance.id).collect();
    Ok(orphans(&objects, &known))
}

#[cfg(test)]
mod tests {
    use super::super::world::WorldFile;
    use super::*;

    fn world(objects: &[(&str, &str)]) -> WorldFiles {
        objects
            .iter()
            .map(|(path, text)| {
                ((*path).to_owned(), WorldFile::new(0o644, text.as_bytes().to_vec()))
            })
            .collect()
    }

    fn ending() -> StoryEnding {
        let v1 = world(&[("a", "one")]);
        let restored = world(&[("a", "one"), ("b", "")]);
        StoryEnding {
            failed: world(&[("a", "two"), ("b", "")]),
            reverted: v1.clone(),
            v1,
            restored,
            plan_after_revert: 0,
            plan_after_restore: 0,
            orphans_after_revert: Vec::new(),
            orphans_after_restore: vec!["b".to_owned()],
            fixes: ["demo_file.login", "demo_file.web"]
                .map(|object| (object.to_owned(), "overwritten".to_owned()))
                .into(),
        }
    }

    #[test]
    fn a_story_that_comes_out_has_no_problems() {
        assert_eq!(ending().problems(), [""; 0]);
        assert!(ending().world_equals_v1());
    }

    #[test]
    fn every_difference_from_the_story_is_a_problem() {
        let bad = StoryEnding {
            reverted: world(&[("a", "two"), ("c", "")]),
            plan_after_revert: 2,
            orphans_after_revert: vec!["c".to_owned()],
            orphans_after_restore: Vec::new(),
            fixes: BTreeMap::from([("demo_file.web".to_owned(), "open".to_owned())]),
            ..ending()
        };
        assert!(!bad.world_equals_v1());
        assert_eq!(
            bad.problems(),
            [
                "a after the revert: ~ other bytes",
                "c after the revert: + new",
                "the plan after the revert ended with 2",
                "in no state after the revert: c",
                "restoring the old state left no orphan",
                "the fix of demo_file.login: none",
                "the fix of demo_file.web: open",
            ]
        );
    }

    #[test]
    fn files_are_shown_side_by_side() {
        let StoryEnding { v1, failed, reverted, .. } = ending();
        let night = world(&[("a", "hand")]);
        let expected = "  FILE   V1          BY HAND         AFTER FAILED V2   AFTER REVERT\n  \
                          a      3 bytes     ~ other bytes   ~ other bytes     = same bytes\n  \
                          b      not there   = not there     + new             = not there\n";
        assert_eq!(files([&v1, &night, &failed, &reverted]), expected);
    }
}
