//! Errors and warnings as Terraform prints them for people: boxes with a bar at the left, with
//! colours even into a pipe.
//!
//! Text outside of all boxes is passed over. Texts are as measured with 1.11.4.

use crate::model::event::{Diagnostic, Severity};

/// More of one box is not kept: a provider can print a whole answer of its service.
const DETAIL_BYTES_MAX: usize = 16_000;

/// Gathers boxes line by line.
#[derive(Debug, Default)]
pub struct Boxes {
    open: Option<Diagnostic>,
}

impl Boxes {
    /// Reads one line, and gives the box that it ends.
    pub fn line(&mut self, line: &str) -> Option<Diagnostic> {
        let line = without_colours(line);
        if line.starts_with('╵') {
            return self.end();
        }
        let line = line.trim_start_matches(['│', '╷', ' ']).trim_end();
        let begun = [("Error: ", Severity::Error), ("Warning: ", Severity::Warning)]
            .into_iter()
            .find_map(|(word, severity)| Some((line.strip_prefix(word)?, severity)));
        if let Some((summary, severity)) = begun {
            let summary = summary.to_owned();
            let begun = Diagnostic { severity, summary, detail: String::new(), address: None };
            return self.open.replace(begun);
        }
        if let Some(open) = self.open.as_mut().filter(|_| !line.is_empty()) {
            let place = line.strip_prefix("with ").and_then(|rest| rest.strip_suffix(','));
            if let Some(address) = place.filter(|_| open.detail.is_empty()) {
                open.address.get_or_insert_with(|| address.to_owned());
            }
            if open.detail.len() + line.len() < DETAIL_BYTES_MAX {
                if !open.detail.is_empty() {
                    open.detail.push('\n');
                }
                open.detail.push_str(line);
            }
        }
        None
    }

    /// Whether a box has begun and nothing has ended it.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Gives the box that nothing has ended.
    pub fn end(&mut self) -> Option<Diagnostic> {
        self.open.take()
    }
}

/// Every box of a text.
pub fn boxes(text: &str) -> Vec<Diagnostic> {
    let mut gathering = Boxes::default();
    let mut found: Vec<Diagnostic> = text.lines().filter_map(|line| gathering.line(line)).collect();
    found.extend(gathering.end());
    found
}

/// A line without the sequences that colour it.
pub fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        if character == '\u{1b}' {
            rest.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "\u{1b}[31m╷\u{1b}[0m\u{1b}[0m\n\u{1b}[31m│\u{1b}[0m \u{1b}[0m\u{1b}[1m\u{1b}[31mError: \u{1b}[0m\u{1b}[0m\u{1b}[1mcannot create failed.txt\u{1b}[0m\n\u{1b}[31m│\u{1b}[0m \u{1b}[0m\n\u{1b}[31m│\u{1b}[0m \u{1b}[0m\u{1b}[0m  with demo_file.failed,\n\u{1b}[31m│\u{1b}[0m \u{1b}[0m  on main.tf line 50, in resource \"demo_file\" \"failed\":\n\u{1b}[31m│\u{1b}[0m \u{1b}[0m\n\u{1b}[31m│\u{1b}[0m \u{1b}[0mInjectedFault\n\u{1b}[31m╵\u{1b}[0m\u{1b}[0m\nnothing of a box\n";

    #[test]
    fn a_box_says_its_summary_and_the_address_it_is_about() {
        let found = boxes(PRINTED);
        let [only] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(only.summary, "cannot create failed.txt");
        assert_eq!(only.address.as_deref(), Some("demo_file.failed"));
        assert!(only.detail.ends_with("InjectedFault"), "{}", only.detail);
    }

    #[test]
    fn a_box_without_an_end_is_still_one_and_no_box_grows_for_ever() {
        let long = "│ x\n".repeat(100_000);
        let found = boxes(&format!("Warning: one\nError: two\n{long}"));
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|found| found.detail.len() <= DETAIL_BYTES_MAX));
    }
}
