//! Real commands: what they print, how they end, and the one interrupt they get.

use std::cell::Cell;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Mutex;

use super::*;
use crate::port::interrupt::Never;
use crate::terraform::journal;

#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Vec<u8>>>);

impl Write for Shown {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A screen that is closed.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Asks for as often as is said, once the journal says so.
struct After<'a> {
    journal: &'a Path,
    times: Cell<u32>,
}

impl Interrupt for After<'_> {
    fn requested(&self) -> Option<i32> {
        let said = whole(self.journal);
        (self.times.get() > 0 && said.starts_with("ready")).then_some(15)
    }

    fn acknowledge(&self) {
        self.times.set(self.times.get() - 1);
    }
}

fn whole(directory: &Path) -> String {
    let mut text = String::new();
    journal::whole(directory).unwrap().0.read_to_string(&mut text).unwrap();
    text
}

fn shell(
    script: &str,
    input: Input<'_>,
    screens: [ChildScreen; 2],
    times: u32,
) -> (ChildEnd, String, Vec<Notice>, PathBuf) {
    let base = tempfile::tempdir().unwrap().keep();
    let journal = RunJournal::create(&[base]).unwrap();
    let arguments = ["-c".into(), script.into()];
    let wrapped =
        Wrapped { program: Path::new("/bin/sh"), arguments: &arguments, directory: Path::new("/") };
    let mut notices = Vec::new();
    let directory = journal.directory().to_owned();
    let interrupt = After { journal: &directory, times: Cell::new(times) };
    let interrupt: &dyn Interrupt = if times == 0 { &Never } else { &interrupt };
    let mut tell = |notice| notices.push(notice);
    let (end, showing) = run(&wrapped, &journal, screens, input, interrupt, &mut tell).unwrap();
    showing.finish();
    let said = whole(&directory);
    (end, said, notices, directory)
}

fn shown() -> (Shown, Shown, [ChildScreen; 2]) {
    let (output, complaints) = (Shown::default(), Shown::default());
    let screens: [ChildScreen; 2] = [Box::new(output.clone()), Box::new(complaints.clone())];
    (output, complaints, screens)
}

#[test]
fn what_a_command_prints_is_kept_and_shown_and_its_code_is_known() {
    let (output, complaints, screens) = shown();
    let script = "echo one; echo err >&2; sleep 0.1; printf two; exit 3";
    let (end, said, _, directory) = shell(script, Input::Inherited, screens, 0);
    assert_eq!(end, ChildEnd { code: Some(3), signal: None, asked: None });
    assert_eq!(said, "one\ntwo\n--- standard error ---\nerr\n");
    assert_eq!(output.0.lock().unwrap().as_slice(), b"one\ntwo");
    assert_eq!(complaints.0.lock().unwrap().as_slice(), b"err\n");
    assert!(directory.join("child").exists());
}

#[test]
fn a_screen_that_is_gone_does_not_disturb_a_command_that_says_a_lot() {
    let script = "head -c 20000000 /dev/zero | tr '\\0' x; echo; echo done";
    let (end, said, _, _) =
        shell(script, Input::Inherited, [Box::new(Closed), Box::new(Closed)], 0);
    assert_eq!(end.code, Some(0));
    assert!(said.ends_with("x\ndone\n") && said.len() == 20_000_006);
}

#[test]
fn two_wishes_are_one_interrupt_and_the_second_is_answered() {
    let script = "trap 'n=$((n+1))' INT; echo ready; i=0; while [ $i -lt 10 ]; do sleep 0.05; \
                  i=$((i+1)); done; echo interrupts $n; exit 7";
    let (end, said, notices, _) = shell(script, Input::Inherited, shown().2, 3);
    assert!(said.contains("interrupts 1\n"), "{said}");
    assert_eq!((end.code, end.asked), (Some(7), Some(15)));
    assert_eq!(notices, [Notice::Asked, Notice::AskedBefore, Notice::AskedBefore]);
}

#[test]
fn lines_that_are_typed_reach_the_command_and_the_end_of_them_too() {
    let mut lines = vec![Typed::Closed, Typed::Line("yes\n".into()), Typed::Nothing];
    let mut typed = || lines.pop().unwrap_or(Typed::Nothing);
    let script = "read answer; echo got $answer; cat; echo end";
    let (end, said, _, _) = shell(script, Input::Forwarded(&mut typed), shown().2, 0);
    assert_eq!(end.code, Some(0));
    assert_eq!(said, "got yes\nend\n");
}

#[test]
fn a_command_that_was_killed_is_known_by_its_signal() {
    let (end, _, _, _) = shell("kill -KILL $$", Input::Inherited, shown().2, 0);
    assert_eq!((end.code, end.signal), (None, Some(9)));
}

#[test]
fn terraform_is_told_alone_and_everything_else_with_its_group() {
    for (program, is_alone) in [
        ("/usr/bin/terraform", true),
        ("tofu", true),
        ("terragrunt", true),
        ("/bin/sh", false),
        ("make", false),
    ] {
        assert_eq!(is_told_alone(Path::new(program)), is_alone, "{program}");
    }
}
