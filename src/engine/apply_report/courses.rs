//! The events of each object, in the order in which they came.
//!
//! An event that ends something is that of the newest step of its kind that is still open. An error
//! that names an object ends what was begun there: what Terraform prints for people has no other
//! line for it.

use std::collections::BTreeMap;

use super::ApplyEnd;
use super::invocations::Invocations;
use crate::model::event::{
    Counts, Diagnostic, Event, Hook, Intended, Intention, Operation, Purpose, Severity,
};
use crate::model::plan::{Action, PlannedChange};
use crate::model::word::Word as _;

/// The summary of the warning that both engines end an apply with `-target` or `-exclude` with.
const TARGETED: &str = "Applied changes may be incomplete";

/// More errors are counted and not kept.
const ERRORS_MAX: usize = 200;

/// Everything that was said.
#[derive(Debug, Default)]
pub struct Ledger {
    pub(super) courses: BTreeMap<String, Course>,
    pub(super) invocations: Invocations,
    errors: Vec<Diagnostic>,
    summary: LedgerSummary,
}

/// The words of a command about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LedgerSummary {
    /// The operation that has come to its end.
    pub purpose: Purpose,
    /// Whether only a part of the configuration was to be applied.
    pub is_targeted: bool,
    /// Whether it tells of an object that was made, changed or destroyed.
    pub tells_of_changes: bool,
}

/// The plan and the events of one object.
#[derive(Debug, Default)]
pub(super) struct Course {
    /// The action that the plan means to take.
    pub(super) intended: Option<Intended>,
    steps: Vec<CourseStep>,
    /// It was taken over.
    pub(super) is_imported: bool,
    /// Under this id.
    pub(super) imported_id: Option<String>,
    /// An error names it.
    is_blamed: bool,
}

/// One operation.
#[derive(Debug)]
pub(super) struct CourseStep {
    operation: Operation,
    pub(super) end: ApplyEnd,
    pub(super) id: Option<String>,
}

impl Ledger {
    /// Takes note of an event.
    pub fn see(&mut self, event: &Event) {
        match event {
            Event::Invocation(..) => self.invocations.see(event),
            Event::Planned(intended) => self.intend(intended.clone()),
            Event::Started(hook) => {
                let step = CourseStep {
                    operation: hook.operation,
                    end: ApplyEnd::Open,
                    id: hook.id.clone(),
                };
                self.course(hook).steps.push(step);
            }
            Event::Completed(hook) => {
                self.summary.tells_of_changes |= hook.operation != Operation::Other;
                self.course(hook).close(hook, ApplyEnd::Well);
            }
            Event::Errored(hook) => self.course(hook).close(hook, ApplyEnd::Badly),
            Event::Imported(hook) => {
                let course = self.course(hook);
                course.is_imported = true;
                course.imported_id.clone_from(&hook.id);
            }
            Event::Diagnostic(said) if said.severity == Severity::Error => self.blame(said),
            Event::Diagnostic(said) if said.summary == TARGETED => self.summary.is_targeted = true,
            Event::Summary(
                counts @ Counts { purpose: done @ (Purpose::Apply | Purpose::Destroy), .. },
            ) => {
                self.summary.purpose = *done;
                self.summary.tells_of_changes |= counts.add + counts.change + counts.remove > 0;
            }
            Event::Summary(_)
            | Event::Refreshed { .. }
            | Event::Diagnostic(_)
            | Event::StopRequested
            | Event::Other => {}
        }
    }

    /// Takes note of what a plan means to do.
    pub fn intend(&mut self, intended: Intended) {
        let course = self.courses.entry(bare(&intended.address).to_owned()).or_default();
        // Something left over is planned under the same address as the object itself.
        let known = course.intended.as_ref().map(|known| known.intention);
        let is_of_a_left_over = matches!(
            (known, intended.intention),
            (Some(Intention::Create | Intention::Update | Intention::Replace), Intention::Destroy)
        );
        if !is_of_a_left_over {
            course.intended = Some(intended);
        }
    }

    /// Whether anything was said of what is planned.
    pub fn knows_the_plan(&self) -> bool {
        self.courses.values().any(|course| course.intended.is_some())
    }

    /// The command's words about itself.
    pub fn summary(&self) -> LedgerSummary {
        self.summary
    }

    /// Errors in Terraform's words, each once: not safe to show before redaction.
    pub fn errors(&self) -> &[Diagnostic] {
        &self.errors
    }

    fn course(&mut self, hook: &Hook) -> &mut Course {
        self.courses.entry(bare(&hook.address).to_owned()).or_default()
    }

    fn blame(&mut self, said: &Diagnostic) {
        if let Some(address) = &said.address
            && let Some(course) = self.courses.get_mut(address)
        {
            course.is_blamed = true;
        }
        if self.errors.len() < ERRORS_MAX && !self.errors.contains(said) {
            self.errors.push(said.clone());
        }
    }
}

/// The address without the key of a left-over object, which only lines for people have.
fn bare(address: &str) -> &str {
    address.split_once(" (deposed object ").map_or(address, |(bare, _)| bare)
}

impl Course {
    fn close(&mut self, hook: &Hook, end: ApplyEnd) {
        let open = self
            .steps
            .iter_mut()
            .rev()
            .find(|step| step.operation == hook.operation && step.end == ApplyEnd::Open);
        match open {
            Some(step) => {
                step.end = end;
                if hook.id.is_some() {
                    step.id.clone_from(&hook.id);
                }
            }
            None => {
                self.steps.push(CourseStep { operation: hook.operation, end, id: hook.id.clone() });
            }
        }
    }

    /// Whether nothing was said but that it is read.
    pub(super) fn is_empty(&self) -> bool {
        let means = |intended: &Intended| {
            intended.intention != Intention::Nothing || intended.previous.is_some()
        };
        self.steps.is_empty() && !self.is_imported && !self.intended.as_ref().is_some_and(means)
    }

    /// The newest step of a kind.
    pub(super) fn newest(&self, operation: Operation) -> Option<&CourseStep> {
        self.steps.iter().rev().find(|step| step.operation == operation)
    }

    /// How a step ended, errors that name the object included.
    pub(super) fn end_of(&self, step: &CourseStep) -> ApplyEnd {
        match step.end {
            ApplyEnd::Open if self.is_blamed => ApplyEnd::Badly,
            end @ (ApplyEnd::Open | ApplyEnd::Well | ApplyEnd::Badly) => end,
        }
    }

    pub(super) fn intends(&self, intention: Intention) -> bool {
        self.intended.as_ref().is_some_and(|intended| intended.intention == intention)
    }

    /// The word for what was planned or begun.
    pub(super) fn action(&self) -> &'static str {
        let planned = self.intended.as_ref().map(|intended| intended.intention);
        let has = |operation| self.newest(operation).is_some();
        let begun = match (has(Operation::Create), has(Operation::Delete)) {
            (true, true) => Intention::Replace,
            (true, false) => Intention::Create,
            (false, true) => Intention::Destroy,
            (false, false) => Intention::Update,
        };
        let word = match planned {
            None | Some(Intention::Nothing | Intention::Import | Intention::Forget) => begun,
            Some(planned) => planned,
        };
        word.name()
    }
}

/// The intention of a plan for an object, as a stream of events tells it.
pub fn intended(change: &PlannedChange) -> Intended {
    let intention = match change.action {
        Action::NoOp if change.importing => Intention::Import,
        Action::NoOp | Action::Read => Intention::Nothing,
        Action::Create => Intention::Create,
        Action::Update => Intention::Update,
        Action::Delete => Intention::Destroy,
        Action::DeleteThenCreate
        | Action::CreateThenDelete
        | Action::CreateThenForget
        | Action::ForgetThenCreate => Intention::Replace,
        Action::Forget => Intention::Forget,
    };
    Intended {
        address: change.address.to_string(),
        previous: change.previous_address.as_ref().map(ToString::to_string),
        intention,
        importing: change.importing,
    }
}
