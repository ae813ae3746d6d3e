//! Data to standard output, talk to standard error, and what neither may carry.
//!
//! A closed standard output is no error: whoever piped us into `head` has seen enough. Text from
//! states, plans and providers is made inert here: control, bidi and invisible characters are
//! shown as what they are.

use std::cell::Cell;
use std::io::{self, Write as _};

use anstyle::{AnsiColor, Style};

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    /// With colours.
    Colours,
    /// Not one escape byte.
    Plain,
}

impl Paint {
    fn with(self, style: Style, text: &str) -> String {
        match self {
            Self::Colours => format!("{style}{text}{style:#}"),
            Self::Plain => text.to_owned(),
        }
    }

    fn colour(self, colour: AnsiColor, text: &str) -> String {
        self.with(colour.on_default(), text)
    }

    /// For what is added and what went well.
    pub(super) fn green(self, text: &str) -> String {
        self.colour(AnsiColor::Green, text)
    }

    /// For what is destroyed and what went wrong.
    pub(super) fn red(self, text: &str) -> String {
        self.colour(AnsiColor::Red, text)
    }

    /// For what changes and what needs a look.
    pub(super) fn yellow(self, text: &str) -> String {
        self.colour(AnsiColor::Yellow, text)
    }

    /// For headings.
    pub(super) fn bold(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    /// For what can be passed over.
    pub(super) fn dim(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }

    /// In the colour of the sign that a line begins with.
    pub(super) fn sign(self, sign: &str, text: &str) -> String {
        match sign {
            "+" | "★" | "✓" => self.green(text),
            "-" | "✗" => self.red(text),
            "~" | "!" | "±" => self.yellow(text),
            _ => text.to_owned(),
        }
    }
}

/// The two streams.
#[derive(Debug)]
pub(super) struct Output {
    /// Colours of data.
    pub data_paint: Paint,
    /// Colours of talk.
    pub talk_paint: Paint,
    talks: Talk,
    is_closed: Cell<bool>,
    is_deaf: Cell<bool>,
}

/// How much is said besides data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Talk {
    /// Nothing but errors.
    Quiet,
    /// As usual.
    Usual,
    /// Also what is run.
    Verbose,
}

impl Output {
    /// The process's own streams.
    pub(super) fn new(data_paint: Paint, talk_paint: Paint, talks: Talk) -> Self {
        Self {
            data_paint,
            talk_paint,
            talks,
            is_closed: Cell::new(false),
            is_deaf: Cell::new(false),
        }
    }

    /// Prints exact bytes.
    pub(super) fn bytes(&self, bytes: &[u8]) -> io::Result<()> {
        if self.is_closed.get() {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_closed.set(true);
                Ok(())
            }
            other => other,
        }
    }

    /// Says something. That nobody listens is no reason to stop.
    pub(super) fn talk(&self, text: &str) {
        if self.talks != Talk::Quiet {
            self.insist(text);
        }
    }

    /// Says something only whoever asked for more wants to hear.
    pub(super) fn whisper(&self, text: &str) {
        if self.talks == Talk::Verbose {
            self.insist(text);
        }
    }

    /// Says something even when asked to be quiet: errors and questions.
    pub(super) fn insist(&self, text: &str) {
        if self.is_deaf.get() {
            return;
        }
        let mut stderr = io::stderr().lock();
        let written = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
        self.is_deaf.set(written.is_err());
    }

    /// Whether talk is wanted.
    pub(super) fn is_quiet(&self) -> bool {
        self.talks == Talk::Quiet
    }
}

/// Text from outside, safe to print: one line, every character what it looks like.
pub(super) fn inert(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            '\r' => shown.push_str("\\r"),
            c if is_active(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

/// Text of several lines from outside, safe to print.
pub(super) fn inert_lines(text: &str) -> String {
    text.lines().map(inert).collect::<Vec<_>>().join("\n")
}

/// Control, bidi and invisible characters.
fn is_active(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_active_is_printed() {
        for (text, shown) in [
            ("plain é", "plain é"),
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("a\nb\tc", "a\\nb\\tc"),
            ("x\u{202e}y", "x\\u{202e}y"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("a\u{200b}b\0", "a\\u{200b}b\\u{0}"),
        ] {
            assert_eq!(inert(text), shown);
        }
        assert_eq!(inert_lines("a\u{1b}\nb"), "a\\u{1b}\nb");
    }

    #[test]
    fn plain_paint_adds_no_byte() {
        assert_eq!(Paint::Plain.red("x"), "x");
        assert!(Paint::Colours.red("x").contains('\u{1b}'));
    }
}
