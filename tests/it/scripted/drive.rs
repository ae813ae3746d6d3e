//! The one place that names the functions of `flow`: a process of unapply, and all that it can do.
//!
//! A step of a revert can be taken alone; [`Process::revert`] takes all of them, as the command
//! line does when every question is answered with yes.

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use unapply::engine::hazard::{Allowance, Limits};
use unapply::engine::hold::Holding;
use unapply::engine::revert::scope::RevertScope;
use unapply::flow::configuration::CaptureBounds;
use unapply::flow::import::{Report, import};
use unapply::flow::mark::{Proof, good};
use unapply::flow::ports::{Author, Inputs, Job, Ports, Stack};
use unapply::flow::recover::conclude::conclude as conclude_intent;
use unapply::flow::recover::look::{LookRequest, RecoveryStep, look};
use unapply::flow::recover::push::push as push_left;
use unapply::flow::recover::{abandon, resolve};
use unapply::flow::revert::consent::approve;
use unapply::flow::revert::draft::draft;
use unapply::flow::revert::execute::execute;
use unapply::flow::revert::plan::check;
use unapply::flow::revert::request::RevertRequest;
use unapply::flow::revert::resume::execute_to_the_end;
use unapply::flow::revert::verify::verify;
use unapply::flow::run::{self, Concluded, Wanted};
use unapply::flow::snapshot::{SnapshotRequest, WhenUnchanged, take};
use unapply::knowledge::Knowledge;
use unapply::model::entry::{Actor, ApplyOutcome, Body, Cause, Entry, Revision};
use unapply::model::hazard::Hazard;
use unapply::model::pattern::Pattern;
use unapply::model::run::ResolutionKind;
use unapply::port::clock::Clock as _;
use unapply::port::interrupt::Interrupt;
use unapply::port::state_history::StateHistory;
use unapply::store::Repository;
use unapply::terraform::check::StackCheck;
use unapply::terraform::child::{ChildEnd, ChildScreen, Input};
use unapply::terraform::environment::Environment;

use crate::support::script::{Fault, Script, ScriptedStore};
use crate::support::scripted::{Quiet, Scene, Scripted, ScriptedInterrupt};

pub(super) use unapply::flow::Error;
pub(super) use unapply::flow::error::run::RunError;
pub(super) use unapply::flow::error::two_steps::NoFirstStep;
pub(super) use unapply::flow::revert::consent::ApprovedRevert;
pub(super) use unapply::flow::revert::draft::RevertDraft;
pub(super) use unapply::flow::revert::execute::ExecutedRevert;
pub(super) use unapply::flow::revert::plan::CheckedRevert;
pub(super) use unapply::flow::revert::verify::VerifiedRevert;
pub(super) use unapply::flow::run::Begun;

/// The rounds in which a revert goes on at most.
pub(super) const ROUNDS: usize = 3;

/// A process of unapply.
pub(super) struct Process<'s> {
    scene: &'s Scene,
    pub(super) script: Arc<Script>,
    pub(super) interrupt: Rc<ScriptedInterrupt>,
    terraform: Scripted<'s>,
    repository: Repository,
    environment: Environment,
    pub(super) author: Author,
    pub(super) stack: Stack,
    /// The checks that the stack has of its own.
    pub(super) checks: Vec<StackCheck>,
}

/// How a revert ended.
#[derive(Debug)]
pub(super) enum Reverted {
    /// There was nothing to do.
    Nothing,
    /// Its apply did not end well, in the last of these rounds.
    Failed(Box<ExecutedRevert>, usize),
    /// It was applied, in so many rounds, and looked at.
    Verified(Box<VerifiedRevert>, usize),
}

impl<'s> Process<'s> {
    /// A process that nothing happens to.
    pub(super) fn healthy(scene: &'s Scene) -> Self {
        Self::start(scene, Arc::new(Script::new(Fault::Never)), ScriptedInterrupt::default())
            .unwrap()
    }

    /// A process with this script.
    pub(super) fn start(
        scene: &'s Scene,
        script: Arc<Script>,
        interrupt: ScriptedInterrupt,
    ) -> Result<Self, Error> {
        let interrupt = Rc::new(interrupt);
        let asked: Rc<dyn Interrupt> = Rc::<ScriptedInterrupt>::clone(&interrupt);
        let terraform = Scripted::new(&scene.world, Arc::clone(&script), asked);
        let store = ScriptedStore { inner: Arc::clone(&scene.store), script: Arc::clone(&script) };
        let process = scene.next_process();
        let (name, host) = ("tester".to_owned(), "here".to_owned());
        let actor = Actor { name, host, process, started: None };
        let tool = "unapply 0.0.0".to_owned();
        Ok(Self {
            repository: Repository::open(Arc::new(store))?,
            scene,
            script,
            interrupt,
            terraform,
            environment: Environment::new(),
            author: Author { actor, tool, reason: None, ticket: None },
            checks: Vec::new(),
            stack: Stack {
                name: "demo/app".parse().unwrap(),
                root: scene.root(),
                workspace: "default".to_owned(),
                inputs: Inputs::default(),
                bounds: CaptureBounds::default(),
                limits: Limits::default(),
                hold: Holding::default(),
                knowledge: Knowledge::builtin(),
                lock_timeout_seconds: 0,
                temporary: scene.temporary(),
            },
        })
    }

    /// The ports of a use case.
    pub(super) fn ports(&self) -> Ports<'_> {
        Ports {
            repository: &self.repository,
            terraform: &self.terraform,
            clock: &self.scene.clock,
            interrupt: self.interrupt.as_ref(),
            progress: &Quiet,
            environment: &self.environment,
        }
    }

    /// The work of its author on the stack.
    fn job<'j>(&'j self, ports: &'j Ports<'j>) -> Job<'j> {
        Job::new(ports, &self.stack, &self.author)
    }

    /// The entry of a revision.
    pub(super) fn entry(&self, revision: Revision) -> Result<Entry, Error> {
        Ok(self.repository.entry(&self.stack.name, revision)?)
    }

    /// The bytes of a state that was kept as evidence.
    pub(super) fn kept(&self, evidence: Revision) -> Vec<u8> {
        let entry = self.entry(evidence).unwrap();
        let Body::Evidence(kept) = &entry.recorded.body else { panic!("{entry:?}") };
        self.repository.get_blob(&kept.blob).unwrap()
    }

    /// Takes a snapshot by hand.
    pub(super) fn snapshot(&self) -> Result<Entry, Error> {
        let when_unchanged = WhenUnchanged::Witness;
        let request = SnapshotRequest {
            when_unchanged,
            ..SnapshotRequest::of_stack(&self.stack, Cause::Manual)
        };
        Ok(take(&self.job(&self.ports()), &request)?.entry)
    }

    /// Calls a snapshot good, without a proof.
    pub(super) fn mark_good(&self, entry: &Entry) -> Result<Entry, Error> {
        let word = Proof::Word;
        Ok(good(&self.job(&self.ports()), entry, &word)?.0)
    }

    /// Drafts a revert.
    pub(super) fn draft(&self, target: Revision) -> Result<RevertDraft, Error> {
        self.draft_of(RevertRequest::to(self.entry(target)?))
    }

    /// Drafts a revert as it is asked for.
    pub(super) fn draft_of(&self, request: RevertRequest) -> Result<RevertDraft, Error> {
        draft(&self.job(&self.ports()), request)
    }

    /// Plans it.
    pub(super) fn check(&self, draft: RevertDraft) -> Result<CheckedRevert, Error> {
        check(&self.ports(), &self.stack, draft)
    }

    /// Consents to it.
    pub(super) fn approve(
        &self,
        checked: CheckedRevert,
        allowed: &[Allowance],
    ) -> Result<ApprovedRevert, Error> {
        approve(checked, allowed, self.author.actor.clone(), self.scene.clock.now())
    }

    /// Drafts, plans and consents.
    pub(super) fn approved(&self, target: Revision) -> Result<ApprovedRevert, Error> {
        let draft = self.draft(target)?;
        self.approve(self.check(draft)?, &[])
    }

    /// Applies it, once.
    pub(super) fn execute(&self, approved: ApprovedRevert) -> Result<ExecutedRevert, Error> {
        execute(&self.job(&self.ports()), approved)
    }

    /// Applies it, and goes on in rounds; tells how many there were.
    pub(super) fn to_the_end(
        &self,
        approved: ApprovedRevert,
    ) -> Result<(ExecutedRevert, usize), Error> {
        let rounds = Cell::new(1);
        let going_on = |_: &ExecutedRevert, _: &ApprovedRevert| rounds.set(rounds.get() + 1);
        let executed = execute_to_the_end(&self.job(&self.ports()), approved, &going_on)?;
        Ok((executed, rounds.get()))
    }

    /// Proves it.
    pub(super) fn verify(&self, executed: ExecutedRevert) -> Result<VerifiedRevert, Error> {
        verify(&self.job(&self.ports()), executed, &self.checks)
    }

    /// All of it, with every question answered by yes.
    pub(super) fn revert(&self, target: Revision) -> Result<Reverted, Error> {
        let draft = self.draft(target)?;
        self.finish(draft)
    }

    /// The same for a part: targets and excludes.
    pub(super) fn revert_part(
        &self,
        target: Revision,
        targets: &[&str],
        excludes: &[&str],
    ) -> Result<Reverted, Error> {
        let patterns = |given: &[&str]| given.iter().map(|text| Pattern::new(*text)).collect();
        let mut request = RevertRequest::to(self.entry(target)?);
        request.scope = RevertScope { targets: patterns(targets), excludes: patterns(excludes) };
        self.finish(draft(&self.job(&self.ports()), request)?)
    }

    /// All of it, with these hazards allowed, each as `KIND=SUBJECT`.
    pub(super) fn revert_allowing(
        &self,
        target: Revision,
        allowed: &[&str],
    ) -> Result<Reverted, Error> {
        let draft = self.draft(target)?;
        let allowed: Vec<Allowance> = allowed.iter().map(|text| text.parse().unwrap()).collect();
        self.finish_allowing(draft, &allowed)
    }

    fn finish(&self, draft: RevertDraft) -> Result<Reverted, Error> {
        self.finish_allowing(draft, &[])
    }

    fn finish_allowing(
        &self,
        draft: RevertDraft,
        allowed: &[Allowance],
    ) -> Result<Reverted, Error> {
        let checked = self.check(draft)?;
        if checked.is_nothing() {
            return Ok(Reverted::Nothing);
        }
        let (executed, rounds) = self.to_the_end(self.approve(checked, allowed)?)?;
        if executed.outcome != ApplyOutcome::Succeeded {
            return Ok(Reverted::Failed(Box::new(executed), rounds));
        }
        Ok(Reverted::Verified(Box::new(self.verify(executed)?), rounds))
    }

    /// The hazards of a revert, as `KIND=SUBJECT`.
    pub(super) fn hazards(&self, target: Revision) -> Result<Vec<String>, Error> {
        let checked = self.check(self.draft(target)?)?;
        let named = |hazard: &Hazard| format!("{}={}", hazard.kind, hazard.subject);
        Ok(checked.hazards().iter().map(named).collect())
    }

    /// Whether anything that is open is under way.
    pub(super) fn is_under_way(&self) -> Result<bool, Error> {
        let log = self.repository.log(&self.stack.name)?;
        let request = LookRequest::default();
        let found = look(&self.ports(), &self.stack, &self.author.actor, &log, &request)?;
        Ok(found.living().is_some())
    }

    /// Takes every safe step, one after the other; gives the matters that stand in the way then.
    pub(super) fn recover(&self) -> Result<Vec<String>, Error> {
        let (ports, stack) = (&self.ports(), &self.stack);
        let job = &self.job(ports);
        loop {
            let log = self.repository.log(&stack.name)?;
            let found = look(ports, stack, &self.author.actor, &log, &LookRequest::default())?;
            match found.next() {
                None => {
                    let left = found.cases.iter().filter(|case| case.stands_in_the_way());
                    return Ok(left.map(|case| format!("{case:?}")).collect());
                }
                Some(RecoveryStep::Conclude(intent)) => {
                    conclude_intent(job, intent)?;
                }
                Some(RecoveryStep::Push(left)) => {
                    push_left(job, left)?;
                }
                Some(RecoveryStep::IsThere(evidence)) => {
                    resolve(job, evidence.revision, ResolutionKind::Finished, Vec::new())?;
                }
                Some(RecoveryStep::Adopt(outcome, objects)) => {
                    resolve(job, outcome.revision, ResolutionKind::Adopted, objects)?;
                }
            }
        }
    }

    /// Imports older versions of the state.
    pub(super) fn import(&self, history: &dyn StateHistory) -> Result<Report, Error> {
        import(&self.job(&self.ports()), history, None)
    }

    /// Begins a wrapped command.
    pub(super) fn begin(&self, words: &[&str]) -> Result<Begun, Error> {
        let wanted = Wanted {
            words: words.iter().map(Into::into).collect(),
            directory: self.scene.root(),
            plan: None,
            journals: vec![self.scene.temporary().join("runs")],
        };
        run::begin(&self.job(&self.ports()), &wanted)
    }

    /// Runs a wrapped command, and says how it ended.
    pub(super) fn go_and_conclude(&self, begun: Begun) -> Result<Concluded, Error> {
        let ports = self.ports();
        let screens: [ChildScreen; 2] = [Box::new(std::io::sink()), Box::new(std::io::sink())];
        let ended = begun.go(&ports, screens, Input::Inherited, &mut |_| {});
        let (end, showing) = ended.unwrap();
        let concluded = run::conclude(&self.job(&ports), begun, Ok(end));
        showing.finish();
        concluded
    }

    /// Gives up the only matter that is open.
    pub(super) fn abandon(&self) -> Result<Entry, Error> {
        abandon(&self.job(&self.ports()), None, ResolutionKind::Abandoned, Vec::new())
    }

    /// Says how a wrapped command ended.
    pub(super) fn conclude(&self, begun: Begun, code: i32) -> Result<Concluded, Error> {
        let end = ChildEnd { code: Some(code), signal: None, asked: None };
        run::conclude(&self.job(&self.ports()), begun, Ok(end))
    }
}

/// The directory of a wrapped command's journal.
pub(super) fn journal(begun: &Begun) -> PathBuf {
    let Body::RunIntent(intent) = &begun.intent.entry().recorded.body else { panic!("{begun:?}") };
    PathBuf::from(&intent.journal)
}
