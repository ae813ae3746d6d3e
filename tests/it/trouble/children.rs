//! Terraform that hangs, floods, lies, and is killed.

use super::table::{Ends, Proof, Row, USUAL, live_through};

const REVERT: &[&str] = &["revert", "--yes"];

/// The revert works in spite of it.
const REVERTED: Row = Row { command: REVERT, proof: Proof::Back, ..USUAL };

/// The revert stops before anything is applied.
const STOPPED: Row = Row { command: REVERT, ..USUAL };

/// Records the present, so that the rows that follow add nothing to the log.
const RECORDED: Row = Row {
    name: "the present is recorded",
    command: &["snapshot"],
    proof: Proof::Recorded(1),
    ..USUAL
};

#[test]
fn a_terraform_that_says_too_much_is_listened_to() {
    live_through(&[
        Row {
            name: "eight megabytes of complaints before each command, a hundred thousand events before \
                   each plan and apply, and a line that never ends",
            terraform: "head -c 8000000 /dev/zero | tr '\\0' x >&2; case $1 in plan|apply) yes \
                        '{\"@level\":\"info\",\"type\":\"log\"}' | head -n 100000; head -c 8000000 \
                        /dev/zero | tr '\\0' x; echo;; esac\nexec \"$REAL\" \"$@\"",
            ..REVERTED
        },
        Row {
            name: "its version is eight megabytes of nothing",
            terraform: "[ $1 = version ] && { head -c 8000000 /dev/zero; exit 0; }\nexec \"$REAL\" \
                        \"$@\"",
            ..REVERTED
        },
    ]);
}

#[test]
fn a_terraform_that_fails_or_lies_before_the_apply_stops_the_revert() {
    let fails =
        |code, what, next| Row { ends: Ends::Badly { code, what, now: "", next }, ..STOPPED };
    live_through(&[
        RECORDED,
        Row {
            name: "a plan that fails with eight megabytes of complaints",
            terraform: "[ $1 = plan ] || exec \"$REAL\" \"$@\"\nhead -c 8000000 /dev/zero | tr \
                        '\\0' x >&2; exit 1",
            ..fails(1, "plan", "")
        },
        Row {
            name: "it is killed while it plans",
            terraform: "[ $1 = plan ] && kill -KILL $$\nexec \"$REAL\" \"$@\"",
            ..fails(1, "plan", "")
        },
        Row {
            name: "it is killed while it initialises",
            terraform: "[ $1 = init ] && kill -KILL $$\nexec \"$REAL\" \"$@\"",
            ..fails(1, "init", "")
        },
        Row {
            name: "it says that it has planned and has not",
            terraform: "[ $1 = plan ] && exit 0\nexec \"$REAL\" \"$@\"",
            ..fails(1, "", "")
        },
        Row {
            name: "it shows half a plan",
            terraform: "[ $1 = show ] || exec \"$REAL\" \"$@\"\n\"$REAL\" \"$@\" | head -c 300",
            ..fails(1, "", "")
        },
        Row {
            name: "it is no program",
            terraform: "exit",
            shell: "chmod 600 \"$STAGE/stand-in/terraform\"; exec \"$@\"",
            ..fails(16, "terraform", "")
        },
        Row {
            name: "it is a program for another machine",
            terraform: "exit",
            shell: "printf '\\177ELF\\2\\1\\1garbage' >\"$STAGE/stand-in/terraform\"; exec \"$@\"",
            ..fails(16, "terraform", "")
        },
    ]);
}

/// Signals unapply when the stand-in says that it hangs.
macro_rules! signalled {
    ($signal:literal) => {
        concat!(
            "rm -f \"$STAGE/hangs\"; \"$@\" & pid=$!; until [ -e \"$STAGE/hangs\" ]; do sleep ",
            "0.02; done; kill -",
            $signal,
            " $pid; wait $pid; code=$?; rm \"$STAGE/hangs\"; exit $code"
        )
    };
}

/// Hangs in one command and ends at SIGINT.
macro_rules! hangs {
    ($command:literal) => {
        concat!(
            "[ $1 = ",
            $command,
            " ] && { touch \"$STAGE/hangs\"; exec sleep 600; }\nexec \"$REAL\" \"$@\""
        )
    };
}

#[test]
fn a_terraform_that_hangs_can_be_interrupted() {
    let interrupted = Row {
        shell: signalled!("INT"),
        ends: Ends::Badly { code: 130, what: "interrupted", now: "", next: "" },
        ..STOPPED
    };
    let terminated = Row {
        shell: signalled!("TERM"),
        ends: Ends::Badly { code: 143, what: "interrupted", now: "", next: "" },
        ..STOPPED
    };
    live_through(&[
        Row {
            name: "in version, before a revert",
            terraform: hangs!("version"),
            proof: Proof::Recorded(1),
            ..terminated
        },
        Row { name: "in init", terraform: hangs!("init"), ..terminated },
        Row { name: "in plan", terraform: hangs!("plan"), ..interrupted },
        Row { name: "in show", terraform: hangs!("show"), ..terminated },
        Row {
            name: "in version, and the snapshot is taken without it",
            shell: signalled!("INT"),
            terraform: hangs!("version"),
            command: &["snapshot", "--force"],
            proof: Proof::Recorded(1),
            ..USUAL
        },
        Row {
            name: "in the plan that is to prove what was applied",
            shell: signalled!("INT"),
            terraform: "[ $1 = apply ] && touch \"$STAGE/applies\"\n[ $1 = plan ] && [ -e \
                        \"$STAGE/applies\" ] && { rm \"$STAGE/applies\"; touch \
                        \"$STAGE/hangs\"; exec sleep 600; }\nexec \"$REAL\" \"$@\"",
            ends: Ends::Badly {
                code: 130,
                what: "interrupted",
                now: "the apply succeeded",
                next: "unapply",
            },
            proof: Proof::BackNext,
            ..STOPPED
        },
    ]);
}

#[test]
fn what_an_apply_that_ends_badly_has_left_is_undone_by_the_next_revert() {
    live_through(&[
        Row {
            name: "terraform is killed in the middle of the apply",
            make: |scene| scene.stage.fault("delay-ms:a.txt:3000"),
            mend: |scene| scene.stage.fault(""),
            terraform: "[ $1 = apply ] && { ( while [ -e \"$STAGE/world/c.txt\" ]; do sleep 0.02; \
                        done; sleep 0.3; kill -KILL $$ ) & }\nexec \"$REAL\" \"$@\"",
            command: REVERT,
            ends: Ends::Badly {
                code: 1,
                what: "in part",
                now: "private directory is kept",
                next: "unapply revert",
            },
            proof: Proof::BackNext,
            ..USUAL
        },
        Row {
            name: "terraform says that it has applied and has not",
            terraform: "[ $1 = apply ] && exit 0\nexec \"$REAL\" \"$@\"",
            command: REVERT,
            ends: Ends::With(19),
            proof: Proof::BackNext,
            ..USUAL
        },
        Row {
            name: "terraform is killed before it applies anything",
            terraform: "[ $1 = apply ] && kill -KILL $$\nexec \"$REAL\" \"$@\"",
            command: REVERT,
            ends: Ends::Badly {
                code: 1,
                what: "in part",
                now: "private directory is kept",
                next: "unapply revert",
            },
            proof: Proof::BackNext,
            ..USUAL
        },
    ]);
}
