//! Commands that go on where hazards stand in the way: each is whole, and works as printed.
//!
//! A value of a variable that is another one today has two ways on: without it the captured one is
//! used, and allowed it is used itself. Only a person knows which of them is wanted, so both are named.

use super::{Exit, Failure, NextLine};
use crate::cli::shell::quoted;
use crate::model::hazard::{Hazard, HazardKind};

/// The way on where an object stands at another address than the good one.
const RENAMED: &str = "state mv ADDRESS-NOW ADDRESS-IN-THE-GOOD-SNAPSHOT, then unapply revert";

/// The command line that met the hazards.
#[derive(Debug, Clone)]
pub(in crate::cli) struct RevertWords {
    /// As it was typed.
    pub typed: String,
    /// The words before it with which captured values are used: `env -u TF_VAR_x`.
    pub without_todays: String,
    /// Subjects of the variables that have another value today.
    pub todays: Vec<String>,
}

impl Default for RevertWords {
    fn default() -> Self {
        let typed = "unapply revert".to_owned();
        Self { typed, without_todays: String::new(), todays: Vec::new() }
    }
}

impl RevertWords {
    fn has_todays(&self, hazard: &Hazard) -> bool {
        hazard.kind == HazardKind::VariableChanged && self.todays.contains(&hazard.subject)
    }

    /// The command with these flags, and with the captured values.
    fn captured(&self, flags: &[String]) -> String {
        let before = if self.todays.is_empty() { "" } else { &self.without_todays };
        let words = [before, &self.typed].into_iter().filter(|text| !text.is_empty());
        let words = words.map(str::to_owned).chain(flags.iter().cloned());
        words.collect::<Vec<_>>().join(" ")
    }

    /// The command that accepts all of these hazards, if it can be given; captured values are used.
    pub(in crate::cli) fn accepting(&self, hazards: &[&Hazard]) -> NextLine {
        if hazards.iter().any(|hazard| !hazard.kind.can_be_accepted()) {
            return NextLine::of_engine(RENAMED);
        }
        let others = hazards.iter().filter(|hazard| !self.has_todays(hazard));
        NextLine::Line(self.captured(&others.map(|hazard| allow(hazard)).collect::<Vec<_>>()))
    }

    /// The command that leaves the objects of these hazards as they are and accepts the others; none
    /// where no object is concerned.
    fn leaving(&self, hazards: &[&Hazard]) -> Option<String> {
        let others = hazards.iter().filter(|hazard| !self.has_todays(hazard));
        let mut flags: Vec<String> = others
            .map(|hazard| {
                if hazard.concerns_an_object() {
                    format!("--exclude {}", quoted(&hazard.subject))
                } else {
                    allow(hazard)
                }
            })
            .collect();
        flags.sort();
        flags.dedup();
        let is_any = hazards.iter().any(|hazard| hazard.concerns_an_object());
        is_any.then(|| self.captured(&flags))
    }

    /// The command that accepts all of these hazards and takes today's values; none where they are
    /// used anyway.
    fn taking_todays(&self, hazards: &[&Hazard]) -> Option<String> {
        let flags: Vec<String> = hazards.iter().map(|hazard| allow(hazard)).collect();
        let is_any = hazards.iter().any(|hazard| self.has_todays(hazard));
        is_any.then(|| format!("{} {}   (with today's values)", self.typed, flags.join(" ")))
    }
}

fn allow(hazard: &Hazard) -> String {
    format!("--allow {}", quoted(&format!("{}={}", hazard.kind, hazard.subject)))
}

/// Hazards that stand, with the commands that go on.
pub(in crate::cli) fn refused(hazards: &[Hazard], words: &RevertWords) -> Failure {
    let lines = hazards.iter().map(|h| format!("{}  {}  {}", h.kind, h.subject, h.why));
    let what = match hazards {
        [one] => format!("{} stands against this revert: {}", one.kind, one.subject),
        many => format!("{} hazards stand against this revert", many.len()),
    };
    let failure = Failure::new(Exit::Refused, what).details(lines);
    if hazards.iter().any(|hazard| !hazard.kind.can_be_accepted()) {
        return failure
            .now("needs-rekey cannot be accepted: the plan would destroy an object that is wanted")
            .next_engine(RENAMED);
    }
    let all: Vec<&Hazard> = hazards.iter().collect();
    let failure = words.leaving(&all).into_iter().fold(failure, Failure::next);
    let failure = failure.next_line(words.accepting(&all));
    words.taking_todays(&all).into_iter().fold(failure, Failure::next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hazard(kind: HazardKind, subject: &str) -> Hazard {
        Hazard { kind, subject: subject.to_owned(), why: String::new() }
    }

    fn lines(failure: &Failure) -> Vec<String> {
        failure.told.next.iter().map(|step| step.line("terraform")).collect()
    }

    #[test]
    fn each_command_is_whole_and_is_the_one_that_was_typed() {
        let hazards: Vec<Hazard> = (0..7)
            .map(|n| hazard(HazardKind::Collateral, &format!("demo_file.a[\"it's {n}\"]")))
            .chain([hazard(HazardKind::RunsAction, "action.demo_note.tell")])
            .collect();
        let words = RevertWords { typed: "unapply -C x revert".to_owned(), ..Default::default() };
        let failure = refused(&hazards, &words);
        let next = lines(&failure);
        assert_eq!(next.len(), 2, "{next:?}");
        for (command, flag) in next.iter().zip(["--exclude", "--allow"]) {
            let words = shlex::split(command).unwrap();
            assert_eq!(words[..4], ["unapply", "-C", "x", "revert"]);
            assert_eq!(words.len(), 4 + 2 * hazards.len(), "{command}");
            let of_objects = words.iter().filter(|word| *word == flag).count();
            assert!(of_objects >= 7, "{command}");
            assert!(command.contains(r#"["it'\''s 6"]"#), "{command}");
        }
    }

    #[test]
    fn a_variable_has_both_ways_on() {
        let hazards = ["var.a", "var.gone"].map(|name| hazard(HazardKind::VariableChanged, name));
        let words = RevertWords {
            without_todays: "env -u TF_VAR_a".to_owned(),
            todays: vec!["var.a".to_owned()],
            ..Default::default()
        };
        assert_eq!(
            lines(&refused(&hazards, &words)),
            [
                "env -u TF_VAR_a unapply revert --allow 'variable-changed=var.gone'",
                "unapply revert --allow 'variable-changed=var.a' --allow \
                 'variable-changed=var.gone'   (with today's values)",
            ]
        );
    }

    #[test]
    fn what_cannot_be_allowed_has_no_flag() {
        let hazards = [
            hazard(HazardKind::NeedsRekey, "demo_file.a"),
            hazard(HazardKind::Collateral, "demo_file.b"),
        ];
        let next = lines(&refused(&hazards, &RevertWords::default())).join(" ");
        assert!(next.contains("state mv") && !next.contains("--allow"), "{next}");
    }
}
