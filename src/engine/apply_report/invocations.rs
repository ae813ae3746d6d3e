//! How far each action of a provider came, from what Terraform said while it worked.
//!
//! One action can run several times, each with a trigger of its own. The lines for people do
//! not say the moment, so that there a run is told by action and object alone.

use super::Ending;
use crate::model::event::{Event, InvocationHook, InvocationStep};
use crate::model::invocation::{InvocationOutcome, ReportedInvocation};
use crate::model::plan::{Plan, PlannedInvocation};

/// Everything that was said of actions.
#[derive(Debug, Default)]
pub struct Invocations {
    planned: Vec<InvocationHook>,
    runs: Vec<ReportedInvocation>,
}

impl Invocations {
    /// Takes note of an event; those of other things are passed over.
    pub fn see(&mut self, event: &Event) {
        let Event::Invocation(step, hook) = event else { return };
        match step {
            InvocationStep::Planned => self.planned.push(hook.clone()),
            InvocationStep::Started => self.run(hook, InvocationOutcome::Unknown),
            InvocationStep::Completed => self.end(hook, InvocationOutcome::Completed),
            InvocationStep::Errored => self.end(hook, InvocationOutcome::Failed),
        }
    }

    fn run(&mut self, hook: &InvocationHook, outcome: InvocationOutcome) {
        let InvocationHook { address, trigger } = hook.clone();
        self.runs.push(ReportedInvocation { address, trigger, outcome });
    }

    fn end(&mut self, hook: &InvocationHook, outcome: InvocationOutcome) {
        let mut runs = self.runs.iter_mut().rev();
        let open = runs.find(|run| run.outcome == InvocationOutcome::Unknown && is_of(run, hook));
        match open {
            Some(run) => run.outcome = outcome,
            None => self.run(hook, outcome),
        }
    }

    /// Every run in its order, then what was planned and never started. An apply that ended well has
    /// left nothing out that was meant.
    pub fn report(self, ending: Ending) -> Vec<ReportedInvocation> {
        let Self { mut planned, mut runs } = self;
        for run in &runs {
            if let Some(position) = planned.iter().position(|hook| is_of(run, hook)) {
                planned.remove(position);
            }
        }
        if ending != Ending::Whole {
            runs.extend(planned.into_iter().map(|InvocationHook { address, trigger }| {
                let outcome = InvocationOutcome::NotAttempted;
                ReportedInvocation { address, trigger, outcome }
            }));
        }
        runs
    }
}

/// The actions that a plan runs, as events.
pub fn planned_invocations(plan: &Plan) -> impl Iterator<Item = Event> + '_ {
    let now = plan.invocations.iter().filter(|invocation| invocation.deferred.is_none());
    now.map(|PlannedInvocation { address, trigger, .. }| {
        let hook = InvocationHook { address: address.clone(), trigger: trigger.clone() };
        Event::Invocation(InvocationStep::Planned, hook)
    })
}

fn is_of(run: &ReportedInvocation, hook: &InvocationHook) -> bool {
    let (a, b) = (&run.trigger, &hook.trigger);
    let is_one_moment = a.event == b.event || a.event.is_none() || b.event.is_none();
    run.address == hook.address && a.resource == b.resource && is_one_moment
}
