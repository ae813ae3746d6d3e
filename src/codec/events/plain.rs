//! The text that Terraform prints for people while it works, as a second-class witness.
//!
//! The words are Terraform's own and may change with any version, and a script can print anything.
//! So this text only tells what was begun and done, and the states have the last word. A line that
//! is not known is [`Event::Other`]. Texts are as measured with 1.11.4.

use super::boxes::without_colours;
use super::invocations;
use crate::model::event::{Counts, Event, Hook, Intended, Intention, Operation, Purpose};

/// Words that follow an address and a colon when something begins, ends or is taken over.
const PROGRESS: [(&str, PlainEvent, Operation); 8] = [
    ("Creating...", PlainEvent::Started, Operation::Create),
    ("Creation complete", PlainEvent::Completed, Operation::Create),
    ("Modifying...", PlainEvent::Started, Operation::Update),
    ("Modifications complete", PlainEvent::Completed, Operation::Update),
    ("Destroying...", PlainEvent::Started, Operation::Delete),
    ("Destruction complete", PlainEvent::Completed, Operation::Delete),
    ("Import complete", PlainEvent::Imported, Operation::Other),
    // OpenTofu and older versions.
    ("Removed from state", PlainEvent::Completed, Operation::Other),
];

/// Words that follow an address in the plan that is printed.
const PLANNED: [(&str, Intention); 9] = [
    (" will be created", Intention::Create),
    (" will be updated in-place", Intention::Update),
    (" is tainted, so it must be replaced", Intention::Replace),
    (" must be replaced", Intention::Replace),
    (" will be replaced, as requested", Intention::Replace),
    (" will be destroyed", Intention::Destroy),
    (" will no longer be managed by", Intention::Forget),
    (" will be removed from the OpenTofu state", Intention::Forget),
    (" will be imported", Intention::Import),
];

#[derive(Clone, Copy)]
enum PlainEvent {
    Started,
    Completed,
    Imported,
}

/// Reads one line of standard output.
pub fn parse_plain(line: &str) -> Event {
    // Most of a long output is nothing of ours.
    if !line.contains(": ") && !line.contains(" # ") && !line.contains("omplete!") {
        return Event::Other;
    }
    let line = without_colours(line);
    let event = planned(&line)
        .or_else(|| progress(&line))
        .or_else(|| invocations::printed(&line))
        .or_else(|| summary(&line));
    event.unwrap_or(Event::Other)
}

/// `  # demo_file.a will be created`
fn planned(line: &str) -> Option<Event> {
    let told = line.strip_prefix("  # ").or_else(|| line.strip_prefix(" # "))?;
    if let Some((previous, address)) = told.split_once(" has moved to ") {
        return Some(Event::Planned(Intended {
            address: address.trim_end().to_owned(),
            previous: Some(previous.to_owned()),
            intention: Intention::Nothing,
            importing: false,
        }));
    }
    let (address, intention) = PLANNED.into_iter().find_map(|(words, intention)| {
        let (address, _) = told.split_once(words)?;
        Some((address, intention))
    })?;
    let is_address = !address.starts_with('(') && address.contains('.');
    is_address.then(|| {
        Event::Planned(Intended {
            address: address.to_owned(),
            previous: None,
            intention,
            importing: intention == Intention::Import,
        })
    })
}

/// `demo_file.a: Creation complete after 0s [id=f-1]`
fn progress(line: &str) -> Option<Event> {
    let (address, words, told, operation) =
        PROGRESS.into_iter().find_map(|(words, told, operation)| {
            let (address, rest) = line.split_once(&format!(": {words}"))?;
            Some((address, rest, told, operation))
        })?;
    // A provisioner's line has its name after the address, and is not Terraform's own word.
    let bare = address.split_once(" (deposed object ").map_or(address, |(bare, _)| bare);
    if bare.contains([' ', '│']) && !bare.contains('[') || !bare.contains('.') {
        return None;
    }
    let id = words.split_once("[id=").and_then(|(_, rest)| rest.trim_end().strip_suffix(']'));
    let id = id.filter(|id| !id.is_empty()).map(str::to_owned);
    let hook = Hook { address: address.to_owned(), operation, id };
    Some(match told {
        PlainEvent::Started => Event::Started(hook),
        PlainEvent::Completed => Event::Completed(hook),
        PlainEvent::Imported => Event::Imported(hook),
    })
}

/// `Apply complete! Resources: 8 added, 0 changed, 0 destroyed.`
fn summary(line: &str) -> Option<Event> {
    let (purpose, rest) = [("Apply", Purpose::Apply), ("Destroy", Purpose::Destroy)]
        .into_iter()
        .find_map(|(word, purpose)| {
            Some((purpose, line.strip_prefix(word)?.strip_prefix(" complete! Resources:")?))
        })?;
    let number = |word: &str| {
        rest.split([',', '.'])
            .find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok())
            .unwrap_or(0)
    };
    Some(Event::Summary(Counts {
        purpose,
        add: number("added"),
        change: number("changed"),
        remove: number("destroyed"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(address: &str, operation: Operation, id: Option<&str>) -> Hook {
        Hook { address: address.into(), operation, id: id.map(Into::into) }
    }

    #[test]
    fn lines_for_people_are_read_with_their_colours() {
        let line =
            "\u{1b}[0m\u{1b}[1mdemo_file.b: Creation complete after 0s [id=f-c43eee60]\u{1b}[0m";
        let made = hook("demo_file.b", Operation::Create, Some("f-c43eee60"));
        assert_eq!(parse_plain(line), Event::Completed(made));
        let line = "module.m[\"a b\"].demo_file.x[0]: Creating...";
        let begun = hook("module.m[\"a b\"].demo_file.x[0]", Operation::Create, None);
        assert_eq!(parse_plain(line), Event::Started(begun));
        let line = "demo_file.c (deposed object 94dc7bb1): Destroying... [id=f-4ab9685d]";
        let id = Some("f-4ab9685d");
        let begun = hook("demo_file.c (deposed object 94dc7bb1)", Operation::Delete, id);
        assert_eq!(parse_plain(line), Event::Started(begun));
        let line = "demo_file.imp: Import complete [id=f-1]";
        let taken = hook("demo_file.imp", Operation::Other, Some("f-1"));
        assert_eq!(parse_plain(line), Event::Imported(taken));
    }

    #[test]
    fn a_plan_that_is_printed_says_what_is_meant() {
        for (line, address, intention) in [
            ("\u{1b}[1m  # demo_file.a\u{1b}[0m will be created", "demo_file.a", Intention::Create),
            ("  # demo_file.a[0] must be replaced", "demo_file.a[0]", Intention::Replace),
            (
                "  # demo_file.a is tainted, so it must be replaced",
                "demo_file.a",
                Intention::Replace,
            ),
            (
                " # demo_file.fg will no longer be managed by Terraform, but will not be destroyed",
                "demo_file.fg",
                Intention::Forget,
            ),
            (
                "  # demo_file.d will be removed from the OpenTofu state but will not be destroyed ",
                "demo_file.d",
                Intention::Forget,
            ),
            ("  # demo_file.c will be destroyed", "demo_file.c", Intention::Destroy),
        ] {
            let Event::Planned(found) = parse_plain(line) else { panic!("{line}") };
            assert_eq!((found.address.as_str(), found.intention), (address, intention));
        }
        let Event::Planned(moved) = parse_plain("  # demo_file.mv has moved to demo_file.mv2")
        else {
            panic!("moved")
        };
        assert_eq!(moved.previous.as_deref(), Some("demo_file.mv"));
        let done = "Apply complete! Resources: 8 added, 1 changed, 2 destroyed.";
        let counts = Counts { purpose: Purpose::Apply, add: 8, change: 1, remove: 2 };
        assert_eq!(parse_plain(done), Event::Summary(counts));
    }

    #[test]
    fn what_a_provisioner_prints_is_not_terraforms_word() {
        for line in [
            "terraform_data.prov (local-exec): demo_file.x: Creation complete after 0s [id=1]",
            "  # (because demo_file.c is not in configuration)",
            "note: Creating... something",
            "",
        ] {
            assert_eq!(parse_plain(line), Event::Other, "{line}");
        }
    }
}
