//! Streams, homes, temporary directories, limits, names and working directories.

use std::os::unix::fs::PermissionsExt as _;

use super::table::{Ends, Proof, Row, Scene, USUAL, live_through};

const SNAPSHOT: &[&str] = &["snapshot", "--force", "--json"];
const REVERT: &[&str] = &["revert", "--yes"];

/// A snapshot that is taken in spite of it.
const TAKEN: Row = Row { command: SNAPSHOT, proof: Proof::Recorded(1), ..USUAL };

/// A revert that works in spite of it.
const REVERTED: Row = Row { command: REVERT, proof: Proof::Back, ..USUAL };

#[test]
fn a_snapshot_is_taken_in_poor_surroundings() {
    live_through(&[
        Row { name: "there is no home", shell: "unset HOME; exec \"$@\"", ..TAKEN },
        Row { name: "the home is nowhere", shell: "HOME=/nonexistent exec \"$@\"", ..TAKEN },
        Row { name: "the home is a file", shell: "HOME=/dev/null exec \"$@\"", ..TAKEN },
        Row {
            name: "there is no temporary directory",
            shell: "TMPDIR=/nonexistent exec \"$@\"",
            ..TAKEN
        },
        Row {
            name: "nobody can write to the temporary directory",
            shell: "TMPDIR=/proc exec \"$@\"",
            ..TAKEN
        },
        Row { name: "standard input is closed", shell: "exec \"$@\" <&-", ..TAKEN },
        Row { name: "standard output is closed", shell: "exec \"$@\" >&-", ..TAKEN },
        Row { name: "standard error is closed", shell: "exec \"$@\" 2>&-", ..TAKEN },
        Row { name: "all three are closed", shell: "exec \"$@\" <&- >&- 2>&-", ..TAKEN },
        Row { name: "standard error is full", shell: "exec \"$@\" 2>/dev/full", ..TAKEN },
        Row {
            name: "the terminal can do nothing",
            shell: "TERM=dumb COLUMNS=60 NO_COLOR=1 exec \"$@\"",
            ..TAKEN
        },
        Row {
            name: "the terminal is unknown",
            shell: "unset TERM; COLUMNS=x LINES=-1 exec \"$@\"",
            ..TAKEN
        },
        Row { name: "the locale is C", shell: "LC_ALL=C LANG=C exec \"$@\"", ..TAKEN },
        Row { name: "the locale is unknown", shell: "LC_ALL=xx_YY.Z exec \"$@\"", ..TAKEN },
        Row { name: "a build server runs it", shell: "CI=true exec \"$@\"", ..TAKEN },
        Row {
            name: "it was started to outlive its terminal",
            shell: "trap '' INT HUP PIPE; exec \"$@\"",
            ..TAKEN
        },
        Row {
            name: "names and values of the environment are no text",
            shell: "exec env \"$(printf 'X\\377')=1\" \"Y=$(printf '\\377')\" \"UNAPPLY_X=$(printf '\\377')\" \"$@\"",
            ..TAKEN
        },
        Row {
            name: "the directory is reached by a link",
            shell: "ln -sfn stack \"$STAGE/link\"; cd \"$STAGE/link\"; exec \"$@\"",
            ..TAKEN
        },
    ]);
}

#[test]
fn what_was_printed_to_nobody_is_done_all_the_same() {
    let first = "{ \"$@\"; echo $? >\"$STAGE/code\"; } | head -n 1; exit $(cat \"$STAGE/code\")";
    live_through(&[
        Row {
            name: "a list is read to its first line",
            shell: first,
            command: &["history"],
            ..USUAL
        },
        Row { name: "a snapshot's report is read to its first line", shell: first, ..TAKEN },
        Row {
            name: "a list goes to a full disk",
            shell: "exec \"$@\" >/dev/full",
            command: &["history"],
            ends: Ends::Badly { code: 1, what: "standard output", now: "", next: "" },
            ..USUAL
        },
        Row {
            name: "a snapshot's report goes to a full disk",
            shell: "exec \"$@\" >/dev/full",
            ends: Ends::Badly { code: 1, what: "standard output", now: "", next: "" },
            ..TAKEN
        },
        Row {
            name: "a revert's report goes to a full disk",
            shell: "exec \"$@\" >/dev/full",
            command: &["revert", "--yes", "--json"],
            ends: Ends::Badly { code: 1, what: "standard output", now: "", next: "" },
            ..REVERTED
        },
        Row { name: "a revert speaks to nobody", shell: "exec \"$@\" <&- >&- 2>&-", ..REVERTED },
    ]);
}

#[test]
fn a_revert_needs_a_temporary_directory_that_works() {
    let refused = |what| Row {
        command: REVERT,
        ends: Ends::Badly { code: 1, what, now: "", next: "TMPDIR" },
        // The present is recorded first, whatever happens then.
        proof: Proof::Recorded(0),
        ..USUAL
    };
    live_through(&[
        // The first of them records the present.
        Row { name: "the present is recorded", proof: Proof::Recorded(1), ..TAKEN },
        Row {
            name: "it is not there",
            shell: "TMPDIR=/nonexistent exec \"$@\"",
            ..refused("cannot make a private directory in")
        },
        Row {
            name: "it is a file",
            shell: "TMPDIR=/dev/null exec \"$@\"",
            ..refused("cannot make a private directory in")
        },
        Row {
            name: "nobody can write to it",
            shell: "TMPDIR=/proc exec \"$@\"",
            ..refused("cannot make a private directory in")
        },
    ]);
}

#[test]
fn a_revert_works_in_poor_surroundings() {
    live_through(&[
        Row {
            name: "no home, a poor terminal, a strange locale, all that is new for everybody",
            shell: "unset HOME; umask 000; TERM=dumb LC_ALL=C COLUMNS=60 exec \"$@\"",
            also: store_is_private,
            ..REVERTED
        },
        Row {
            name: "nothing that is new is for anybody, and the directory is reached by a link",
            shell: "umask 077; ln -sfn stack \"$STAGE/link\"; cd \"$STAGE/link\"; exec \"$@\"",
            also: store_is_private,
            ..REVERTED
        },
        Row {
            name: "the path leads through the stack first, where something calls itself terraform",
            make: put_evil,
            mend: remove_evil,
            shell: "PATH=.:bin::$PATH exec \"$@\"",
            ..REVERTED
        },
        Row {
            name: "the temporary directory has a name that is no text",
            shell: "d=\"$STAGE/$(printf 't\\377')\"; mkdir -p \"$d\"; TMPDIR=\"$d\" exec \"$@\"",
            ..REVERTED
        },
        Row {
            name: "the temporary directory has a name longer than a socket may have",
            shell: "d=\"$STAGE/$(printf '%0200d' 7)\"; mkdir -p \"$d\"; TMPDIR=\"$d\" exec \"$@\"",
            ..REVERTED
        },
    ]);
}

/// Only the owner may read the store, whatever the mask was.
fn store_is_private(scene: &Scene) {
    let mut open = vec![scene.stage.stack().join(".unapply")];
    while let Some(path) = open.pop() {
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
        if path.is_dir() {
            open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
}

fn put_evil(scene: &mut Scene) {
    std::fs::create_dir(scene.stage.stack().join("bin")).unwrap();
    for name in ["terraform", "bin/terraform", "git", "bin/git"] {
        scene.stage.write(name, "#!/bin/sh\ntouch \"$0.was-run\"\nexit 1\n");
        let path = scene.stage.stack().join(name);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn remove_evil(scene: &mut Scene) {
    for name in ["terraform", "bin/terraform", "git", "bin/git"] {
        assert!(!scene.stage.stack().join(format!("{name}.was-run")).exists(), "{name}");
    }
    for name in ["terraform", "git"] {
        std::fs::remove_file(scene.stage.stack().join(name)).unwrap();
    }
    std::fs::remove_dir_all(scene.stage.stack().join("bin")).unwrap();
}

#[test]
fn names_and_limits_that_are_out_of_all_proportion() {
    live_through(&[
        Row {
            name: "an argument is no text",
            shell: "exec \"$@\" \"$(printf 'a\\377b')\"",
            command: &["show"],
            ends: Ends::With(64),
            ..USUAL
        },
        Row {
            name: "the directory's name is no text",
            shell: "d=\"$STAGE/$(printf 'd\\377')\"; ln -sfn \"$STAGE/stack\" \"$d\"; cd \"$d\"; exec \"$@\"",
            ..TAKEN
        },
        Row {
            name: "a selector has a hundred thousand characters",
            shell: "exec \"$@\" \"tag:$(printf '%0100000d' 7)=x\"",
            command: &["show"],
            ends: Ends::With(13),
            ..USUAL
        },
        Row {
            name: "a stack's name has a hundred thousand characters",
            shell: "exec \"$@\" -s \"$(printf '%0100000d' 7)\"",
            command: &["snapshot"],
            ends: Ends::With(64),
            ..USUAL
        },
        Row {
            name: "the working directory was removed",
            shell: "mkdir \"$STAGE/gone\"; cd \"$STAGE/gone\"; rmdir \"$STAGE/gone\"; exec \"$@\"",
            command: &["snapshot"],
            ends: Ends::Badly { code: 1, what: "working directory", now: "", next: "cd" },
            ..USUAL
        },
        Row {
            name: "the working directory was removed under a revert",
            shell: "mkdir \"$STAGE/gone\"; cd \"$STAGE/gone\"; rmdir \"$STAGE/gone\"; exec \"$@\"",
            command: REVERT,
            ends: Ends::Badly { code: 1, what: "working directory", now: "", next: "cd" },
            ..USUAL
        },
        Row {
            name: "hardly any file may be open",
            shell: "ulimit -n 6; exec \"$@\"",
            command: &["snapshot", "--force"],
            ends: Ends::Badly { code: 1, what: "", now: "", next: "" },
            ..USUAL
        },
        Row {
            name: "hardly any file may be open in a revert",
            shell: "ulimit -n 7; exec \"$@\"",
            command: REVERT,
            ends: Ends::Badly { code: 1, what: "cannot start", now: "", next: "the same command" },
            ..USUAL
        },
        Row {
            name: "no file may grow",
            shell: "trap '' XFSZ; ulimit -f 0; exec \"$@\" 2>&1 | cat >&2; exit 1",
            command: &["snapshot", "--force"],
            ends: Ends::Badly { code: 1, what: "", now: "", next: "" },
            ..USUAL
        },
    ]);
}
