//! The resources of a state, as text, found while it is scanned anyway.
//!
//! Of each resource the mode is known. Of its instances it is known where their attributes are, if
//! something in them may be secret. So a resource can be counted, and learnt from, without being
//! read. The rest of it is read elsewhere, if at all; the caller decides which names are secret.

#![expect(clippy::disallowed_types, reason = "names are looked up and never put out in any order")]

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::mpsc::Sender;

use foldhash::fast::RandomState;

use crate::codec::json::{self, Member, ScanWatch};
use crate::model::address::Mode;

/// How names are judged.
#[derive(Debug, Clone, Copy)]
pub struct Suspicion {
    /// Whether a name says that its value is secret.
    pub is_secret: fn(&str) -> bool,
    /// Whether there may be such a name in a text, escapes kept.
    pub may_hold: fn(&str) -> bool,
    /// Members that say of the value beside them whether it is secret.
    pub tellers: &'static [&'static str],
}

impl Suspicion {
    /// Suspects nothing.
    pub(super) const NONE: Self = Self { is_secret: |_| false, may_hold: |_| false, tellers: &[] };
}

/// An element of `resources`.
#[derive(Debug)]
pub(super) struct Outline<'t> {
    /// The state that it stands in.
    pub(super) whole: &'t str,
    pub(super) text: &'t str,
    /// None where no mode is said that is known.
    pub(super) mode: Option<Mode>,
    pub(super) instances: Vec<InstanceOutline<'t>>,
}

/// An element of `instances`.
#[derive(Debug, Default)]
pub(super) struct InstanceOutline<'t> {
    /// Its attributes, if they are an object.
    pub(super) attributes: Option<&'t str>,
    /// Its sensitive paths, if they are a list.
    pub(super) sensitive: Option<&'t str>,
    /// Offset of the value of its attribute `id`, behind the colon.
    pub(super) id: Option<usize>,
    /// Whether one of its attributes says that another one is secret.
    pub(super) names_a_secret: bool,
    /// The attributes that have a name that says "secret", or hold one.
    pub(super) suspects: Vec<AttributeOutline<'t>>,
}

/// An attribute: its name, and where the value begins behind the colon.
pub(super) type AttributeOutline<'t> = (Cow<'t, str>, usize);

/// Finds the elements of `resources`, and hands them on while the scan goes on.
pub(super) struct Outliner<'t> {
    text: &'t str,
    suspicion: Suspicion,
    /// Whether a name says that its value is secret: a state has many members and few names.
    known: HashMap<&'t str, bool, RandomState>,
    /// Whether the scan is within `resources`, and there within `instances`.
    within: [bool; 2],
    /// The part of an instance that may come next.
    next: Option<InstancePart>,
    mode: Option<Mode>,
    /// The attribute that the scan is in, unless it is a suspect already.
    attribute: Option<AttributeOutline<'t>>,
    /// The last text that may be a document, and whether it may hold a name that says "secret": the
    /// next one is often the same, such as a policy and its short form.
    document: (&'t str, bool),
    instance: InstanceOutline<'t>,
    instances: Vec<InstanceOutline<'t>>,
    found: Vec<Outline<'t>>,
    sender: Sender<Vec<Outline<'t>>>,
    /// Offset where the last element ends.
    end: Option<usize>,
    around: Option<[&'t str; 2]>,
    /// Whether there are objects with commas between them and nothing else.
    is_plain: bool,
}

#[derive(Clone, Copy)]
enum InstancePart {
    Attributes,
    Sensitive,
}

/// Number of outlines handed on at once: waking the receiver for each takes longer than all else.
const OUTLINES: usize = 256;

impl<'t> Outliner<'t> {
    pub(super) fn new(
        text: &'t str,
        suspicion: Suspicion,
        sender: Sender<Vec<Outline<'t>>>,
    ) -> Self {
        Self {
            text,
            suspicion,
            known: HashMap::default(),
            within: [false; 2],
            next: None,
            mode: None,
            attribute: None,
            document: ("", false),
            instance: InstanceOutline::default(),
            instances: Vec::new(),
            found: Vec::new(),
            sender,
            end: None,
            around: None,
            is_plain: true,
        }
    }

    /// Hands on the rest. The text before and behind the elements of `resources`; nothing where
    /// that is no list of objects.
    pub(super) fn finish(mut self) -> Option<[&'t str; 2]> {
        self.send();
        self.around.filter(|_| self.is_plain)
    }

    fn send(&mut self) {
        // A listener that has gone knows already that the parser has to look.
        let _heard = self.sender.send(std::mem::take(&mut self.found)).is_ok();
    }

    /// Takes an element of `resources`.
    fn element(&mut self, range: Range<usize>) {
        let text = self.text.get(range.clone()).unwrap_or_default();
        let end = self.end.replace(range.end);
        let between = end.map_or(Some(","), |end| self.text.get(end..range.start));
        self.is_plain &= text.starts_with('{') && between.is_some_and(|text| text.trim() == ",");
        let (mode, instances) = (self.mode.take(), std::mem::take(&mut self.instances));
        self.found.push(Outline { whole: self.text, text, mode, instances });
        if self.found.len() == OUTLINES {
            self.send();
        }
    }

    /// Takes the end of `resources`.
    fn list(&mut self, range: &Range<usize>) {
        let end = range.end - 1;
        let rest = self.text.get(self.end.unwrap_or(range.start + 1)..end);
        let is_first = self.around.is_none();
        self.is_plain &= is_first && rest.is_some_and(|rest| rest.trim().is_empty());
        self.around = self.text.get(..=range.start).zip(self.text.get(end..)).map(Into::into);
    }
}

impl<'t> Outliner<'t> {
    /// Whether the scan is within attributes.
    fn is_in_attributes(&self) -> bool {
        self.within == [true; 2] && matches!(self.next, Some(InstancePart::Attributes))
    }

    fn is_secret(&mut self, name: Cow<'t, str>) -> bool {
        let is_secret = self.suspicion.is_secret;
        match name {
            Cow::Borrowed(name) => *self.known.entry(name).or_insert_with(|| is_secret(name)),
            Cow::Owned(name) => is_secret(&name),
        }
    }

    /// Whether a member says that the value beside it is secret, given where its own begins.
    fn names_a_secret(&self, name: &str, value: usize) -> bool {
        self.suspicion.tellers.contains(&name) && {
            let value = self.text.get(value..).unwrap_or_default().trim_start();
            let written = value.strip_prefix('"').and_then(|value| value.split_once('"'));
            written.is_some_and(|(text, _)| text.contains('\\') || (self.suspicion.is_secret)(text))
        }
    }
}

impl<'t> ScanWatch<'t> for Outliner<'t> {
    fn member(&mut self, Member { depth, name, value }: Member<'_, 't>) {
        match (depth, name.as_ref()) {
            (1, _) => self.within = [name == "resources", false],
            (3, "mode") => {
                let value = self.text.get(value..).unwrap_or_default().trim_start();
                let modes = [("\"managed\"", Mode::Managed), ("\"data\"", Mode::Data)];
                let written = modes.iter().find(|(written, _)| value.starts_with(written));
                self.mode = written.map(|(_, mode)| *mode);
            }
            (3, _) => self.within[1] = name == "instances",
            (5, "attributes" | "attributes_flat") => self.next = Some(InstancePart::Attributes),
            (5, "sensitive_attributes") => self.next = Some(InstancePart::Sensitive),
            (5, _) => self.next = None,
            (6.., _) if self.is_in_attributes() => {
                let names_a_secret = self.names_a_secret(name, value);
                if depth == 6 {
                    self.attribute = Some((name.clone(), value));
                    self.instance.names_a_secret |= names_a_secret;
                    if name == "id" {
                        self.instance.id = Some(value);
                    }
                }
                let is_open = self.attribute.is_some();
                if is_open && (names_a_secret || self.is_secret(name.clone())) {
                    self.instance.suspects.extend(self.attribute.take());
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, written: &'t str) {
        let may_be_document = self.attribute.is_some() && json::may_be_composed(written);
        if !may_be_document || !self.is_in_attributes() {
            return;
        }
        if self.document.0 != written {
            self.document = (written, (self.suspicion.may_hold)(written));
        }
        if self.document.1 {
            self.instance.suspects.extend(self.attribute.take());
        }
    }

    fn left(&mut self, depth: usize, range: Range<usize>) {
        if !self.within[0] {
            return;
        }
        match (depth, self.next) {
            (2, _) => self.list(&range),
            (3, _) => self.element(range),
            (5, _) if self.within[1] => self.instances.push(std::mem::take(&mut self.instance)),
            (6, Some(InstancePart::Attributes)) => self.instance.attributes = self.text.get(range),
            (6, Some(InstancePart::Sensitive)) => self.instance.sensitive = self.text.get(range),
            _ => {}
        }
    }
}
