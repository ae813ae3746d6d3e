//! Progress of long work, on standard error.
//!
//! On a terminal a line that moves, and a line that stays when a phase ends; otherwise a line per
//! phase and a sign of life each thirty seconds. Nothing here can slow or stop the work.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use super::environment::{StreamKind, SystemClock};
use super::output::{Screens, inert};
use crate::model::event::{Event, InvocationStep, Operation};
use crate::model::word::Word as _;
use crate::port::clock::Clock as _;
use crate::port::progress::{Ended, Phase, Progress};

/// How often a piped run shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Progress for a person or a log file.
pub(super) struct ProgressScreen {
    output: Rc<Screens>,
    stream: StreamKind,
    open: RefCell<Option<OpenPhase>>,
    refreshed: Cell<u64>,
}

struct OpenPhase {
    phase: Phase,
    since: Timestamp,
    bar: Option<ProgressBar>,
    heartbeat: Option<(Sender<()>, JoinHandle<()>)>,
}

impl ProgressScreen {
    /// Shows progress on `output`.
    pub(super) fn new(output: Rc<Screens>, stream: StreamKind) -> Self {
        Self { output, stream, open: RefCell::new(None), refreshed: Cell::new(0) }
    }

    fn bar(&self, phase: Phase) -> Option<ProgressBar> {
        if self.stream != StreamKind::Terminal || self.output.is_quiet() {
            return None;
        }
        let bar = ProgressBar::new_spinner().with_message(phase.name());
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg}  {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Some(bar)
    }

    fn heartbeat(&self, phase: Phase) -> Option<(Sender<()>, JoinHandle<()>)> {
        if self.stream == StreamKind::Terminal || self.output.is_quiet() {
            return None;
        }
        let (stop, stopped) = mpsc::channel();
        let beat = move || {
            let mut seconds = 0;
            while stopped.recv_timeout(HEARTBEAT) == Err(RecvTimeoutError::Timeout) {
                seconds += HEARTBEAT.as_secs();
                let line = format!("  … {}  {seconds}s\n", phase.name());
                let mut stderr = std::io::stderr().lock();
                let _nobody_listens =
                    std::io::Write::write_all(&mut stderr, line.as_bytes()).is_err();
            }
        };
        Some((stop, std::thread::spawn(beat)))
    }

    fn say(&self, text: &str) {
        match self.open.borrow().as_ref().and_then(|open| open.bar.as_ref()) {
            Some(bar) => bar.println(text.trim_end_matches('\n')),
            None => self.output.talk(text),
        }
    }

    fn update(&self, text: &str) {
        if let Some(bar) = self.open.borrow().as_ref().and_then(|open| open.bar.as_ref()) {
            bar.set_message(inert(text));
        }
    }
}

impl Progress for ProgressScreen {
    fn begin(&self, phase: Phase) {
        self.refreshed.set(0);
        let bar = self.bar(phase);
        let heartbeat = self.heartbeat(phase);
        *self.open.borrow_mut() =
            Some(OpenPhase { phase, since: SystemClock.now(), bar, heartbeat });
    }

    fn event(&self, event: &Event) {
        match event {
            Event::StopRequested => {
                let engine = self.output.engine();
                self.say(&format!(
                    "  ! interrupted: {engine} was told to stop, once, and finishes what is under \
                     way\n"
                ));
            }
            Event::Refreshed { .. } => {
                self.refreshed.set(self.refreshed.get() + 1);
                self.update(&format!("plan  {} read", self.refreshed.get()));
            }
            Event::Started(hook) => {
                let word = match hook.operation {
                    Operation::Create => "creating",
                    Operation::Update => "changing",
                    Operation::Delete => "destroying",
                    Operation::Other => "working on",
                };
                self.update(&format!("apply  {word} {}", hook.address));
            }
            Event::Invocation(InvocationStep::Started, hook) => {
                self.update(&format!("apply  running {}", hook.address));
            }
            Event::Invocation(InvocationStep::Errored, hook) => {
                let sign = self.output.talk_paint.red("✗");
                self.say(&format!("  {sign} {} failed\n", inert(&hook.address)));
            }
            Event::Errored(hook) => {
                let sign = self.output.talk_paint.red("✗");
                self.say(&format!("  {sign} {} failed\n", inert(&hook.address)));
            }
            Event::Planned(_)
            | Event::Invocation(InvocationStep::Planned | InvocationStep::Completed, _)
            | Event::Imported(_)
            | Event::Completed(_)
            | Event::Diagnostic(_)
            | Event::Summary(_)
            | Event::Other => {}
        }
    }

    fn end(&self, ended: Ended, detail: &str) {
        let Some(open) = self.open.borrow_mut().take() else { return };
        if let Some(bar) = open.bar {
            bar.finish_and_clear();
        }
        if let Some((stop, beat)) = open.heartbeat {
            drop(stop);
            let _has_ended = beat.join().is_err();
        }
        let seconds = SystemClock.now().duration_since(open.since).as_secs_f64();
        let sign = match ended {
            Ended::Well => self.output.talk_paint.green("✓"),
            Ended::Badly => self.output.talk_paint.red("✗"),
        };
        let took = format!("{seconds:.1}s");
        let detail = inert(detail);
        let line = format!("  {sign} {:<9} {detail:<48} {took:>7}\n", open.phase.name());
        self.output.talk(&line);
    }
}
