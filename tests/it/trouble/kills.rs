//! unapply killed at each step of its way: SIGKILL after the n-th system call that matters, for
//! every n until a run gets through.

use super::table::Scene;
use crate::support::traced::{Fate, Steps};

/// Kills a command that changes nothing of the stack after each of its steps.
fn sweep(command: &[&str]) -> u64 {
    let scene = Scene::changed();
    let before = scene.stage.everything();
    for nth in 1.. {
        let log = scene.see().log;
        let fate = scene.stage.killed_after(nth, Steps::All, command);
        scene.stage.resolves();
        let after = scene.see().log;
        assert_eq!(after[..log.len()], log, "step {nth}: older entries changed");
        assert!(after.len() <= log.len() + 1, "step {nth}");
        assert_eq!(scene.stage.everything(), before, "step {nth}");
        scene.stage.is_sound();
        if fate != Fate::Killed {
            assert_eq!(fate, Fate::Ended(0), "step {nth}: {}", scene.stage.last_words());
            assert_eq!(after.len(), log.len() + 1, "acknowledged");
            scene.stage.sweep();
            assert_eq!(scene.stage.left_over(), "");
            scene.goes_back();
            return nth;
        }
    }
    unreachable!("a command has an end")
}

#[test]
fn a_snapshot_may_be_killed_after_any_step() {
    let steps = sweep(&["snapshot", "--force"]);
    assert!((10..400).contains(&steps), "{steps} steps");
}

#[test]
fn a_mark_may_be_killed_after_any_step() {
    let steps = sweep(&["mark", "bad", "@-"]);
    assert!((5..200).contains(&steps), "{steps} steps");
}

#[test]
fn setting_up_may_be_killed_after_every_third_step() {
    let scene = Scene::changed();
    let before = (scene.stage.objects(), scene.stage.state());
    let store = scene.stage.path().join("another");
    let shown = store.display().to_string();
    let mut acknowledged = 0;
    // `store_crash` does it at each call of the store; this is the whole command.
    for nth in (1..).step_by(3) {
        let init = ["--store", &shown, "init"];
        let fate = scene.stage.killed_after(nth, Steps::All, &init);
        assert_eq!((scene.stage.objects(), scene.stage.state()), before, "step {nth}");
        // It can be done again over whatever is there.
        scene.stage.unapply(&init).expect(0);
        scene.stage.unapply(&["--store", &shown, "check", "--read-data"]).expect(0);
        std::fs::remove_dir_all(&store).unwrap();
        if fate != Fate::Killed {
            assert_eq!(fate, Fate::Ended(0), "step {nth}: {}", scene.stage.last_words());
            acknowledged = nth;
            break;
        }
    }
    assert!((10..400).contains(&acknowledged), "{acknowledged} steps");
    scene.goes_back();
}

/// Kills a revert after every second milestone, from `first` on.
fn sweep_revert(first: u64) {
    let scene = Scene::changed();
    let (mut early, mut late) = (0, 0);
    for nth in (first..).step_by(2) {
        let before = scene.see();
        let intents = scene.stage.entries("revert-intent").len();
        let fate = scene.stage.killed_after(nth, Steps::Milestones, &["revert", "--yes"]);
        scene.stage.resolves();
        scene.stage.sweep();
        scene.stage.is_sound();
        let after = scene.see();
        assert_eq!(after.log[..before.log.len()], before.log, "step {nth}: older entries changed");
        if fate != Fate::Killed {
            assert_eq!(fate, Fate::Ended(0), "step {nth}: {}", scene.stage.last_words());
            scene.is_back();
            break;
        }
        if scene.stage.entries("revert-intent").len() == intents {
            assert_eq!((after.world, after.state), (before.world, before.state), "step {nth}");
            early += 1;
        } else {
            scene.goes_back();
            // Where nothing was left to undo, nothing was proved good anew.
            scene.stage.renew();
            late += 1;
        }
    }
    assert!(early >= 3 && late >= 3, "{early} before it spoke, {late} after");
}

#[test]
fn a_revert_may_be_killed_after_its_first_third_and_every_other_milestone() {
    sweep_revert(1);
}

#[test]
fn a_revert_may_be_killed_after_its_second_fourth_and_every_other_milestone() {
    sweep_revert(2);
}
