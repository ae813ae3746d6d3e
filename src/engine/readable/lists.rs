//! Lists: element by element, not position by position.

use super::names::Names;
use super::pairs::{ElementPair, pairing};
use super::{AttributeChange, Form, Found, Place, Reader, Side};
use crate::engine::redact::Shown;
use crate::model::value::{Step, Value};

/// A longer text is no name.
const LABEL_MAX: usize = 40;

impl Reader<'_> {
    pub(super) fn lists(
        &self,
        place: &Place,
        before: &[Value],
        after: &[Value],
        found: &mut Found,
    ) {
        let pairing = pairing(before, after);
        if pairing.is_reordered {
            self.reordered(place, before, after, found);
        }
        let names = Names::new(self, place, before, after, &pairing.differing);
        for pair in pairing.differing {
            let old = pair.before.and_then(|index| before.get(index));
            let new = pair.after.and_then(|index| after.get(index));
            match (old, new) {
                (Some(_), Some(_)) => {
                    let place = place.element(names.step(pair), pair);
                    self.walk(&place, (old, new), found);
                }
                (Some(value), None) => {
                    self.single(place, pair, names.step(pair), Side::Before, value, found);
                }
                (None, Some(value)) => {
                    self.single(place, pair, names.step(pair), Side::After, value, found);
                }
                (None, None) => {}
            }
        }
    }

    fn reordered(&self, place: &Place, before: &[Value], after: &[Value], found: &mut Found) {
        let (before, after) = (Value::List(before.to_vec()), Value::List(after.to_vec()));
        let change = self.change(place, (Some(&before), Some(&after)), Form::Order);
        found.changes.push(change);
    }

    /// An element that came or went; a short text is its own name.
    fn single(
        &self,
        place: &Place,
        pair: ElementPair,
        name: Step,
        side: Side,
        value: &Value,
        found: &mut Found,
    ) {
        let position = Step::Index(pair.position());
        let by_position = place.element(position.clone(), pair);
        let is_open = matches!(self.show(by_position.on(side), Some(value)), Shown::Plain(_));
        let label = match value {
            Value::Text(text) if is_open && is_label(text) => Step::Element(text.clone()),
            Value::List(_) | Value::Map(_) if is_open => name,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Map(_) => position,
        };
        let counted = found.changes.len();
        self.one_sided(&place.element(label, pair), side, value, found);
        // An element that is null is an element.
        if found.changes.len() == counted {
            let null = || Shown::Plain(Value::Null);
            let (before, after) = match side {
                Side::Before => (null(), Shown::Absent),
                Side::After => (Shown::Absent, null()),
            };
            found.changes.push(AttributeChange::plain(
                self.named(&by_position.shown),
                before,
                after,
            ));
        }
    }
}

fn is_label(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= LABEL_MAX
        && !text.contains('\n')
        && !text.chars().all(|c| c.is_ascii_digit())
}
