//! Real children: their output, their ends, and the one interrupt they get.

use std::cell::Cell;

use super::*;
use crate::port::interrupt::Never;

fn shell(script: &str) -> Invocation<'_> {
    Invocation {
        program: Path::new("/bin/sh"),
        arguments: vec!["-c".to_owned(), script.to_owned()],
        directory: Path::new("/"),
        environment: Environment::new(),
        output: None,
    }
}

#[test]
fn output_and_exit_code_are_kept_whole() {
    let mut lines = Vec::new();
    let mut watch = |moment: Moment<'_>| {
        if let Moment::Line(line) = moment {
            lines.push(line.to_owned());
        }
    };
    let script = "echo one; echo err >&2; sleep 0.1; printf two; exit 3";
    let finished = run(&shell(script), &Never, &mut watch).unwrap();
    assert_eq!(finished.code, Some(3));
    assert_eq!(finished.stdout, b"one\ntwo");
    assert_eq!(finished.stderr, b"err\n");
    assert_eq!(lines, ["one", "two"]);
}

#[test]
fn megabytes_of_output_never_block_the_child() {
    let script = "head -c 20000000 /dev/zero | tr '\\0' x; echo; echo done >&2";
    let finished = run(&shell(script), &Never, &mut |_| {}).unwrap();
    assert_eq!(finished.stdout.len(), 20_000_001);
    assert_eq!(finished.stderr, b"done\n");
}

struct Always(Cell<u32>);

impl Interrupt for Always {
    fn requested(&self) -> Option<i32> {
        self.0.set(self.0.get() + 1);
        Some(2)
    }

    fn acknowledge(&self) {}
}

#[test]
fn a_child_is_asked_to_stop_once_and_waited_for() {
    let script = r"n=0; trap 'n=$((n+1))' INT; i=0; while [ $i -lt 12 ]; do sleep 0.05; i=$((i+1)); done; echo $n";
    let mut told = 0;
    let mut watch = |moment: Moment<'_>| {
        if matches!(moment, Moment::StopRequested) {
            told += 1;
        }
    };
    let finished = run(&shell(script), &Always(Cell::new(0)), &mut watch).unwrap();
    assert_eq!(finished.stdout, b"1\n");
    assert_eq!(finished.asked_to_stop, Some(2));
    assert_eq!(told, 1);
}

#[test]
fn a_child_sees_no_environment_and_no_input_but_its_own() {
    let finished = run(
        &shell("env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD=; cat"),
        &Never,
        &mut |_| {},
    );
    assert_eq!(finished.unwrap().stdout, b"");
}
