//! Disks that are read-only or full, in a mount namespace of the command's own.

use super::table::{Ends, Proof, Row, USUAL, live_through};

const REVERT: &[&str] = &["revert", "--yes"];

/// Runs the command where the stack cannot be written to.
const READ_ONLY: &str = "exec unshare -m sh -c 'mount --bind \"$STAGE/stack\" \"$STAGE/stack\" && \
                         mount -o remount,ro,bind \"$STAGE/stack\" && cd \"$STAGE/stack\" && exec \
                         \"$@\"' sh \"$@\"";

/// Runs it where the store cannot be written to.
const STORE_READ_ONLY: &str = "exec unshare -m sh -c 'mount --bind .unapply .unapply && mount -o \
                               remount,ro,bind .unapply && exec \"$@\"' sh \"$@\"";

/// Runs it where the temporary directory has no room.
const NO_ROOM: &str = "exec unshare -m sh -c 'mount -t tmpfs -o size=16k unapply-test \"$TMPDIR\" \
                       && { head -c 99999 /dev/zero >\"$TMPDIR/filler\" 2>/dev/null; exec \"$@\"; \
                       }' sh \"$@\"";

/// Runs it where the temporary directory cannot be written to.
const TMP_READ_ONLY: &str = "exec unshare -m sh -c 'mount -t tmpfs -o ro unapply-test \"$TMPDIR\" \
                             && exec \"$@\"' sh \"$@\"";

/// Runs it on a copy of the store that has no room for more.
const STORE_FULL: &str = "exec unshare -m sh -c 'mkdir -p \"$STAGE/disk\" && mount -t tmpfs -o \
                          size=1m unapply-test \"$STAGE/disk\" && cp -a .unapply/. \
                          \"$STAGE/disk\" && mount --bind \"$STAGE/disk\" .unapply && { cat \
                          /dev/zero >\"$STAGE/disk/filler\" 2>/dev/null; exec \"$@\"; }' sh \"$@\"";

/// Whether a mount namespace can be had.
#[expect(clippy::disallowed_methods, reason = "a test looks at what this machine allows")]
fn can_mount() -> bool {
    let mount = ["-m", "mount", "-t", "tmpfs", "unapply-test", "/mnt"];
    std::process::Command::new("unshare").args(mount).output().is_ok_and(|o| o.status.success())
}

const DENIED: Ends =
    Ends::Badly { code: 12, what: "", now: "as it was", next: "the right to read and write" };
const FULL: Ends = Ends::Badly { code: 1, what: "", now: "kept", next: "free some space" };

/// No room, or no leave, for temporary files.
const TEMPORARY: &[Row] = &[
    Row {
        name: "no room for temporary files, and a snapshot is taken",
        shell: NO_ROOM,
        command: &["snapshot", "--force"],
        proof: Proof::Recorded(1),
        ..USUAL
    },
    Row {
        name: "temporary files cannot be written, and a snapshot is taken",
        shell: TMP_READ_ONLY,
        command: &["snapshot", "--force"],
        proof: Proof::Recorded(1),
        ..USUAL
    },
    Row {
        name: "no room for the private directory",
        shell: NO_ROOM,
        command: REVERT,
        ends: Ends::Badly { code: 1, what: "", now: "", next: "TMPDIR" },
        ..USUAL
    },
    Row {
        name: "the private directory cannot be made",
        shell: TMP_READ_ONLY,
        command: REVERT,
        ends: Ends::Badly { code: 1, what: "", now: "", next: "TMPDIR" },
        ..USUAL
    },
    Row {
        name: "setting up where there is no room",
        shell: NO_ROOM,
        command: &["--store", "../tmp/store", "init"],
        ends: FULL,
        ..USUAL
    },
];

/// No leave to write to the stack, or to the store alone.
const READ_ONLY_DISKS: &[Row] = &[
    Row {
        name: "a snapshot of a stack on a read-only disk",
        shell: READ_ONLY,
        command: &["snapshot", "--force"],
        ends: DENIED,
        ..USUAL
    },
    Row {
        name: "a revert of a stack on a read-only disk",
        shell: READ_ONLY,
        command: &["revert", "--yes"],
        ends: Ends::With(12),
        ..USUAL
    },
    Row { name: "its history", shell: READ_ONLY, command: &["history"], ..USUAL },
    Row { name: "its integrity", shell: READ_ONLY, command: &["check"], ..USUAL },
    Row { name: "what changed in it", shell: READ_ONLY, command: &["diff"], ..USUAL },
    Row {
        name: "a snapshot into a read-only store",
        shell: STORE_READ_ONLY,
        command: &["snapshot", "--force"],
        ends: DENIED,
        ..USUAL
    },
    Row {
        name: "a mark into a read-only store",
        shell: STORE_READ_ONLY,
        command: &["mark", "bad", "@-"],
        ends: DENIED,
        ..USUAL
    },
    Row {
        name: "a revert with a read-only store",
        shell: STORE_READ_ONLY,
        command: REVERT,
        ends: DENIED,
        ..USUAL
    },
];

/// No room in the store.
const FULL_STORE: &[Row] = &[
    Row {
        name: "a snapshot into a full store",
        shell: STORE_FULL,
        command: &["snapshot", "--force"],
        ends: FULL,
        ..USUAL
    },
    Row {
        name: "a mark into a full store",
        shell: STORE_FULL,
        command: &["mark", "bad", "@-"],
        ends: FULL,
        ..USUAL
    },
    Row {
        name: "a revert with a full store",
        shell: STORE_FULL,
        command: REVERT,
        ends: FULL,
        ..USUAL
    },
    Row { name: "the history of a full store", shell: STORE_FULL, command: &["history"], ..USUAL },
];

#[test]
fn a_disk_without_room_or_without_leave_stops_what_needs_it_and_nothing_else() {
    if can_mount() {
        live_through(&[TEMPORARY, READ_ONLY_DISKS, FULL_STORE].concat());
    } else {
        println!("not checked: nothing can be mounted here");
    }
}
