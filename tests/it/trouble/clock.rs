//! Clocks that are behind, ahead, or go back.
//!
//! The real binary gets another time of day from a few lines of C that stand before the system's
//! `clock_gettime`. Terraform, which is not asked to load them, keeps the right time.

use super::table::{Ends, Proof, Row, Scene, USUAL, live_through};
use crate::support::stage::Stage;

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
