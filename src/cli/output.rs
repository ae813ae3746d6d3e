//! Data to standard output, talk to standard error, and what neither may carry.
//!
//! A closed standard output is no error: a person who piped us into `head` has seen enough. Text
//! from states, plans and providers is made inert here: control, bidi and invisible characters are
//! shown as what they are.

use std::cell::{Cell, RefCell};
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
pub(super) struct Screens {
    /// Colours of data.
    pub data_paint: Paint,
    /// Colours of talk.
    pub talk_paint: Paint,
    talks: Talk,
    /// Whether another part of the command prints its data.
    pub is_part: bool,
    is_closed: Cell<bool>,
    is_deaf: Cell<bool>,
    /// The name of the stack's engine, once that is known.
    engine: RefCell<Option<String>>,
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

impl Screens {
    /// The process's own streams.
    pub(super) fn new(data_paint: Paint, talk_paint: Paint, talks: Talk) -> Self {
        Self {
            data_paint,
            talk_paint,
            talks,
            is_part: false,
            is_closed: Cell::new(false),
            is_deaf: Cell::new(false),
            engine: RefCell::default(),
        }
    }

    /// The same without data: for a part of a command whose data another part prints.
    pub(super) fn without_data(&self) -> Self {
        Self {
            data_paint: self.talk_paint,
            talk_paint: self.talk_paint,
            talks: self.talks,
            is_part: true,
            is_closed: Cell::new(true),
            is_deaf: self.is_deaf.clone(),
            engine: self.engine.clone(),
        }
    }

    /// The word by which a person starts the stack's engine.
    pub(super) fn engine(&self) -> String {
        self.engine.borrow().clone().unwrap_or_else(|| "terraform".to_owned())
    }

    /// Remembers that word.
    pub(super) fn set_engine(&self, command: &str) {
        *self.engine.borrow_mut() = Some(command.to_owned());
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

    /// Says something. A standard error that is closed is no reason to stop.
    pub(super) fn talk(&self, text: &str) {
        if self.talks != Talk::Quiet {
            self.insist(text);
        }
    }

    /// Says something with `--verbose` only.
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

/// JSON text, safe to print: what JSON may hold raw and a terminal would obey is written as the
/// escape that means the same.
pub(super) fn inert_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for character in json.chars() {
        if is_active(character) && character != '\n' {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Control, bidi and invisible characters.
fn is_active(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            // Soft hyphen, joiners, fillers and separators that nobody sees.
            '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}' | '\u{ffa0}'
                | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{feff}'
                // What changes the direction of writing, or the line.
                | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{206f}'
                // Annotations, variants and tags: they carry text that is not shown.
                | '\u{fff9}'..='\u{fffb}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}'
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
    fn every_class_of_active_characters_is_shown_as_what_it_is() {
        let classes: [(&str, &[char]); 9] = [
            ("C0", &['\0', '\u{7}', '\u{8}', '\u{b}', '\u{c}', '\u{1b}', '\u{1f}', '\u{7f}']),
            ("C1", &['\u{80}', '\u{85}', '\u{90}', '\u{9b}', '\u{9d}', '\u{9f}']),
            ("embeddings", &['\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}']),
            ("isolates", &['\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}']),
            ("marks", &['\u{200e}', '\u{200f}', '\u{61c}']),
            ("zero width", &['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{ad}']),
            ("lines", &['\u{2028}', '\u{2029}']),
            ("fillers", &['\u{34f}', '\u{115f}', '\u{180e}', '\u{3164}', '\u{ffa0}']),
            ("tags", &['\u{e0001}', '\u{e0041}', '\u{e0100}', '\u{fe0f}', '\u{fff9}']),
        ];
        for (class, characters) in classes {
            for character in characters {
                let shown = inert(&format!("a{character}b"));
                assert_eq!(shown, format!("a{}b", character.escape_unicode()), "{class}");
                assert_eq!(inert_lines(&format!("a{character}b\nc")), format!("{shown}\nc"));
                let json = serde_json::json!({ "k": format!("a{character}b") });
                let printed = inert_json(&serde_json::to_string_pretty(&json).unwrap());
                assert!(printed.chars().all(|c| c == '\n' || !is_active(c)), "{class}: {printed}");
                assert_eq!(serde_json::from_str::<serde_json::Value>(&printed).unwrap(), json);
            }
        }
        // Whole sequences: a cleared screen, a hyperlink, the clipboard.
        for text in ["\u{1b}[2J", "\u{1b}]8;;http://x\u{7}y", "\u{9d}52;c;aGk=\u{9c}", "a\r\nb\tc"]
        {
            let shown = inert(text);
            assert!(shown.chars().all(|c| c.is_ascii_graphic()), "{shown}");
        }
        for plain in ["é ü 日本 🔑 \u{301}", "-destroy", "=HYPERLINK(\"x\")", "${x} 'y' `z`"]
        {
            assert_eq!(inert(plain), plain);
        }
    }

    #[test]
    fn plain_paint_adds_no_byte() {
        assert_eq!(Paint::Plain.red("x"), "x");
        assert!(Paint::Colours.red("x").contains('\u{1b}'));
    }
}
