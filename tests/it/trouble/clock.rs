//! Clocks that are behind, ahead, or go back.
//!
//! The real binary gets another time of day from a few lines of C that stand before the system's
//! `clock_gettime`. Terraform, which is not asked to load them, keeps the right time.

use super::table::{Ends, Proof, Row, Scene, USUAL, answers, live_through};
use crate::support::deeds::{file, good, volume};
use crate::support::stage::{Ran, Stage, UNAPPLY};

const SHIFTED_CLOCK: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    long failed = syscall(SYS_clock_gettime, clock, time);
    const char *shift = getenv("CLOCK_SHIFT");
    if (!failed && clock == CLOCK_REALTIME && shift) time->tv_sec += atol(shift);
    return (int)failed;
}
"#;

const HOUR: i64 = 3_600;
const YEAR: i64 = 365 * 24 * HOUR;

/// Puts the clock beside the stage.
fn put_clock(stage: &Stage) {
    let source = stage.path().join("clock.c");
    std::io::Write::write_all(
        &mut std::fs::File::create(&source).unwrap(),
        SHIFTED_CLOCK.as_bytes(),
    )
    .unwrap();
    let arguments = ["-shared", "-fPIC", "-o", "../clock.so", "../clock.c"];
    stage.ran(stage.command("cc", &arguments).output()).expect(0);
}

/// Runs unapply with a clock that is wrong by so many seconds.
fn at(stage: &Stage, shift: i64, arguments: &[&str]) -> Ran {
    let mut command = stage.command(UNAPPLY, arguments);
    command.env("LD_PRELOAD", stage.path().join("clock.so")).env("CLOCK_SHIFT", shift.to_string());
    stage.ran(command.output())
}

const BEHIND: &str = "LD_PRELOAD=$STAGE/clock.so CLOCK_SHIFT=-31536000 exec \"$@\"";
const AHEAD: &str = "LD_PRELOAD=$STAGE/clock.so CLOCK_SHIFT=3600 exec \"$@\"";
const SNAPSHOT: Row = Row {
    make: |scene| put_clock(&scene.stage),
    command: &["snapshot", "--force"],
    proof: Proof::Recorded(1),
    ..USUAL
};
const REVERT: Row = Row { command: &["revert", "--yes"], proof: Proof::Back, ..USUAL };
const LIST: Row = Row { command: &["history"], ..USUAL };

#[test]
fn the_log_keeps_its_order_whatever_the_clock_says() {
    live_through(&[
        Row { name: "a snapshot an hour ahead", shell: AHEAD, also: is_newest, ..SNAPSHOT },
        Row {
            name: "a snapshot a year behind the newest entry",
            shell: BEHIND,
            also: is_newest,
            ..SNAPSHOT
        },
        Row { name: "a list seen from a year ago", shell: BEHIND, ..LIST },
        Row {
            name: "what was there a day ago, as the entries say",
            command: &["show", "at:1d"],
            ..LIST
        },
        Row {
            name: "what was there a day before a year ago",
            shell: BEHIND,
            command: &["show", "at:1d"],
            ends: Ends::Badly { code: 13, what: "", now: "", next: "unapply history" },
            ..LIST
        },
        Row { name: "a revert a year behind the newest entry", shell: BEHIND, ..REVERT },
        Row { name: "a revert by a clock that is right again", ..REVERT },
        Row { name: "a revert an hour ahead", shell: AHEAD, ..REVERT },
    ]);
}

/// The entry with the highest number is the newest, whatever time it carries.
fn is_newest(scene: &Scene) {
    let log = scene.see().log;
    let highest = log.iter().map(|entry| entry["revision"].as_u64().unwrap()).max();
    let newest = scene.stage.unapply(&["show", "@-", "--json"]).expect(0).json();
    assert_eq!(newest["entry"]["revision"].as_u64(), highest);
}

/// A good stack, on which an apply has made a volume at a time that is wrong by so much.
fn volume_made_at(shift: i64) -> Stage {
    let v1 = file("a", "one");
    let (stage, _) = good(&v1);
    put_clock(&stage);
    stage.configure(&(v1 + &volume(1)));
    at(&stage, shift, &["snapshot"]).expect(0);
    stage.apply().expect(0);
    stage
}

/// Insists that the volume may hold data, as far as anybody knows.
#[track_caller]
fn is_asked_about(stage: &Stage, shift: i64, why: &str) {
    let before = stage.everything();
    let ran = at(stage, shift, &["revert", "--yes"]).expect(15);
    answers(&ran, "destroys-data", "", "--allow 'destroys-data=demo_volume.data'");
    ran.says(why);
    assert_eq!(stage.everything(), before);
}

#[test]
fn what_an_apply_made_just_now_is_young_only_by_a_clock_that_can_be_believed() {
    let stage = volume_made_at(0);
    is_asked_about(&stage, -YEAR, "the clock has gone back");
    is_asked_about(&stage, -60, "the clock has gone back");
    is_asked_about(&stage, 2 * HOUR, "bears data");
    // Once a clock that is ahead has written, the right one stands behind the log.
    at(&stage, 2 * HOUR, &["snapshot", "--force"]).expect(0);
    is_asked_about(&stage, 0, "the clock has gone back");
    at(&stage, 2 * HOUR, &["revert", "--yes", "--allow", "destroys-data=demo_volume.data"])
        .expect(0);
    stage.is_sound();
}

#[test]
fn what_was_made_by_a_clock_that_was_ahead_or_behind_is_asked_about_and_the_young_is_not() {
    is_asked_about(&volume_made_at(HOUR), 0, "the clock has gone back");
    is_asked_about(&volume_made_at(-YEAR), 0, "bears data");
    let stage = volume_made_at(0);
    at(&stage, 0, &["revert", "--yes"]).expect(0);
    stage.is_sound();
}
