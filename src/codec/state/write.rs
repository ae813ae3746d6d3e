//! The bytes of a re-keyed state: the only place that writes one, and it is only ever given to
//! `terraform state push`.
//!
//! Nothing is made anew that was read: values stay the text that they were, members that we do not
//! know survive, and a resource of which nothing is to be different is copied byte for byte. Of an
//! object only `index_key`, `deposed`, `provider`, `dependencies`, `create_before_destroy` and
//! `skip_destroy` can become others. `engine::rekey` decides which object belongs where.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Error, field, text};
use crate::codec::json;
use crate::model::address::{Address, InstanceKey, Mode, ProviderAddress};
use crate::model::placement::{Lifted, Placement, TakenFrom};
use crate::model::state::{Instance, State, StateBytes};

/// A state as it was read, with its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Original<'o> {
    /// The exact bytes.
    pub bytes: &'o StateBytes,
    /// The state that was read from them.
    pub state: &'o State<'o>,
}

/// The state that has these objects: `current` with the next serial, its lineage, and what it needs
/// of `good`. The caller that pushes it makes sure before that it [`is_as_placed`].
pub fn rekeyed(
    current: Original<'_>,
    good: Original<'_>,
    placements: &[Placement],
) -> Result<StateBytes, Error> {
    let current = File::read(current)?;
    // A resource that the current state does not have is the good one's, too.
    let is_of_good = |placement: &Placement| match placement.taken {
        TakenFrom::Good(_) => true,
        TakenFrom::Current(position) => {
            let was = current.state.instances.get(position);
            was.is_none_or(|was| was.address != placement.slot.address)
        }
    };
    let is_needed = placements.iter().any(is_of_good);
    let good = is_needed.then(|| File::read(good)).transpose()?;
    let resources = Writer { current: &current, good: good.as_ref() }.resources(placements)?;
    let File { text, mut whole, state, .. } = current;
    let serial = state.version.serial.0.checked_add(1);
    let serial = serial.ok_or_else(|| field("serial", "cannot grow any further"))?;
    whole.set("serial", serial.to_string());
    whole.set("resources", list(&resources, "\n    ", "\n  "));
    if whole.get("check_results").is_some() {
        whole.set("check_results", "null".to_owned());
    }
    let start = text.find('{').and_then(|start| text.get(..start)).unwrap_or_default();
    let end = text.rfind('}').and_then(|end| text.get(end + 1..)).unwrap_or_default();
    Ok(StateBytes::new([start, &whole.written(), end].concat().into_bytes()))
}

/// Whether a state has exactly these objects where they are to be, each with the attributes and the
/// status that it had.
pub fn is_as_placed(
    written: &State<'_>,
    current: &State<'_>,
    good: &State<'_>,
    placements: &[Placement],
) -> bool {
    let expected = |placement: &Placement| match placement.taken {
        TakenFrom::Current(position) => current.instances.get(position).cloned(),
        TakenFrom::Good(position) => good.instances.get(position).cloned(),
    };
    let is_one = |found: &Instance<'_>, placement: &Placement| {
        let Some(instance) = expected(placement) else {
            return false;
        };
        let dependencies = match &placement.dependencies {
            Some(changed) => changed.iter().map(|block| Cow::from(block.as_str())).collect(),
            None => instance.dependencies.clone(),
        };
        let mark = placement.create_before_destroy.unwrap_or(instance.create_before_destroy);
        *found
            == Instance {
                address: placement.slot.address.clone(),
                deposed: placement.slot.deposed.as_deref().map(Cow::from),
                provider: placement.provider.clone(),
                dependencies,
                create_before_destroy: mark,
                skip_destroy: instance.skip_destroy && placement.lifted == Lifted::No,
                ..instance
            }
    };
    let mut slots = BTreeMap::new();
    for placement in placements {
        slots.insert((&placement.slot.address, placement.slot.deposed.as_deref()), placement);
    }
    slots.len() == placements.len()
        && written.instances.len() == placements.len()
        && written.instances.iter().all(|found| {
            let placement = slots.get(&(&found.address, found.deposed.as_deref()));
            placement.is_some_and(|placement| is_one(found, placement))
        })
}

/// A state as text with its parts.
struct File<'a> {
    text: &'a str,
    state: &'a State<'a>,
    whole: Object<'a>,
    resources: Vec<Resource<'a>>,
    /// By position of an instance: that of its resource.
    owners: Vec<usize>,
    instances: Vec<&'a str>,
}

/// An element of `resources`.
struct Resource<'a> {
    text: &'a str,
    count: usize,
}

impl<'a> File<'a> {
    fn read(original: Original<'a>) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Instances<'a> {
            #[serde(borrow, default)]
            instances: Vec<&'a RawValue>,
        }
        let text = text(original.bytes.as_slice())?;
        let whole = Object::read(text).ok_or_else(unreadable)?;
        let elements: Option<Vec<&'a RawValue>> = match whole.raw("resources") {
            Some(raw) => json::deserialize(raw).map_err(|_| unreadable())?,
            None => None,
        };
        let mut file = Self {
            text,
            state: original.state,
            whole,
            resources: Vec::new(),
            owners: Vec::new(),
            instances: Vec::new(),
        };
        for element in elements.unwrap_or_default() {
            let found: Instances<'a> =
                json::deserialize(element.get()).map_err(|_| unreadable())?;
            let count = found.instances.len();
            file.owners.extend(std::iter::repeat_n(file.resources.len(), count));
            file.instances.extend(found.instances.into_iter().map(RawValue::get));
            file.resources.push(Resource { text: element.get(), count });
        }
        if file.instances.len() == file.state.instances.len() {
            Ok(file)
        } else {
            Err(unreadable())
        }
    }

    /// An instance as text and as it was read, and the text of its resource.
    fn instance(&self, position: usize) -> Option<(&'a str, &'a Instance<'a>, &'a str)> {
        let owner = self.resources.get(*self.owners.get(position)?)?;
        Some((self.instances.get(position)?, self.state.instances.get(position)?, owner.text))
    }

    /// The texts of resources by address, without those that have no instance.
    fn bases(&self) -> BTreeMap<InstanceSlotKey<'a>, &'a str> {
        let positions = 0..self.instances.len();
        let all = positions.filter_map(|position| self.instance(position));
        let mut bases = BTreeMap::new();
        let mut last = None;
        for (_, instance, owner) in all {
            if last.is_none_or(|last: &str| !std::ptr::eq(last, owner)) {
                bases.entry(key(&instance.address)).or_insert(owner);
            }
            last = Some(owner);
        }
        bases
    }
}

fn unreadable() -> Error {
    field("resources", "is not what Terraform writes")
}

/// The address of a resource, in Terraform's order: by text, `data` comes before `managed`.
type InstanceSlotKey<'p> = (String, &'static str, &'p str, &'p str);

fn key(address: &Address) -> InstanceSlotKey<'_> {
    let mode = match address.mode {
        Mode::Managed => "managed",
        Mode::Data => "data",
    };
    (address.module_path(), mode, &address.kind, &address.name)
}

/// The two states that the resources are made of.
struct Writer<'w, 'a> {
    current: &'w File<'a>,
    good: Option<&'w File<'a>>,
}

impl<'a> Writer<'_, 'a> {
    /// The elements of `resources`.
    fn resources(&self, placements: &[Placement]) -> Result<Vec<Cow<'a, str>>, Error> {
        let mut blocks: BTreeMap<InstanceSlotKey<'_>, Vec<&Placement>> = BTreeMap::new();
        let is_one = |a: &Placement, b: &Placement| {
            let (a, b) = (&a.slot.address, &b.slot.address);
            a.kind == b.kind && a.name == b.name && a.mode == b.mode && a.module == b.module
        };
        for some in placements.chunk_by(is_one) {
            if let Some(first) = some.first() {
                blocks.entry(key(&first.slot.address)).or_default().extend(some);
            }
        }
        let mut bases = None;
        let mut written = Vec::with_capacity(blocks.len());
        for (key, placements) in &blocks {
            if let Some(texts) = self.untouched(placements) {
                written.extend(texts.into_iter().map(Cow::Borrowed));
                continue;
            }
            let bases = bases.get_or_insert_with(|| {
                let mut bases = self.good.map(File::bases).unwrap_or_default();
                bases.extend(self.current.bases());
                bases
            });
            let base = bases.get(key).ok_or_else(unreadable)?;
            written.push(Cow::Owned(self.written(base, placements)?));
        }
        Ok(written)
    }

    /// The text of the resource as it is, in case it holds these objects and nothing about them is
    /// another.
    fn untouched(&self, placements: &[&Placement]) -> Option<Vec<&'a str>> {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for placement in placements {
            let TakenFrom::Current(position) = placement.taken else {
                return None;
            };
            let instance = self.current.state.instances.get(position)?;
            let is_as_it_is = placement.dependencies.is_none()
                && placement.create_before_destroy.is_none()
                && placement.lifted == Lifted::No
                && instance.address == placement.slot.address
                && instance.deposed.as_deref() == placement.slot.deposed.as_deref()
                && instance.provider == placement.provider;
            if !is_as_it_is {
                return None;
            }
            *counts.entry(*self.current.owners.get(position)?).or_default() += 1;
        }
        let whole = |(owner, count): (usize, usize)| {
            let resource = self.current.resources.get(owner)?;
            (resource.count == count).then_some(resource.text)
        };
        counts.into_iter().map(whole).collect()
    }

    /// The resource with its objects, its own members those of `base`.
    fn written(&self, base: &'a str, placements: &[&Placement]) -> Result<String, Error> {
        let mut instances = Vec::with_capacity(placements.len());
        let mut shared: Option<&ProviderAddress> = None;
        for placement in placements {
            let found = match placement.taken {
                TakenFrom::Current(position) => self.current.instance(position),
                TakenFrom::Good(position) => self.good.and_then(|good| good.instance(position)),
            };
            let (raw, was, _) = found.ok_or_else(unreadable)?;
            let object = Object::read(raw).ok_or_else(unreadable)?;
            let has_own = object.get("provider").is_some() || placement.provider.key.is_some();
            if !has_own {
                shared.get_or_insert(&placement.provider);
            }
            let object = edited(object, was, placement);
            let is_changed = object.is_changed;
            let text = is_changed.then(|| Cow::Owned(object.written()));
            instances.push(text.unwrap_or(Cow::Borrowed(raw)));
        }
        let mut object = Object::read(base).ok_or_else(unreadable)?;
        let named = object.get("provider").and_then(|raw| json::deserialize::<String>(raw).ok());
        let named: Option<ProviderAddress> = named.and_then(|named| named.parse().ok());
        if let Some(shared) = shared.filter(|shared| Some(*shared) != named.as_ref()) {
            object.set("provider", string(&shared.to_string()));
        }
        object.set("instances", list(&instances, "\n        ", "\n      "));
        Ok(object.written())
    }
}

/// An object with what is to be different about it.
fn edited<'a>(mut object: Object<'a>, was: &Instance<'_>, placement: &Placement) -> Object<'a> {
    let slot = &placement.slot;
    if was.deposed.as_deref() != slot.deposed.as_deref() {
        object.put("deposed", slot.deposed.as_deref().map(string), &["index_key", "status"]);
    }
    if was.address.key != slot.address.key {
        let key = slot.address.key.as_ref().map(|key| match key {
            InstanceKey::Index(number) => number.to_string(),
            InstanceKey::Name(name) => string(name),
        });
        object.put("index_key", key, &[]);
    }
    let has_own = object.get("provider").is_some() || placement.provider.key.is_some();
    if has_own && was.provider != placement.provider {
        object.set("provider", string(&placement.provider.to_string()));
    }
    if let Some(dependencies) = &placement.dependencies {
        object.take("depends_on");
        let lines: Vec<String> = dependencies.iter().map(|block| string(block)).collect();
        let written = list(&lines, "\n            ", "\n          ");
        object.put("dependencies", (!lines.is_empty()).then_some(written), EARLY);
    }
    if let Some(mark) = placement.create_before_destroy {
        object.put("create_before_destroy", mark.then(|| "true".to_owned()), EARLY);
    }
    if placement.lifted == Lifted::Yes {
        object.take("skip_destroy");
    }
    object
}

/// Members of an instance that stand before what was made from what, in Terraform's order.
const EARLY: &[&str] = &[
    "index_key",
    "status",
    "deposed",
    "schema_version",
    "attributes",
    "attributes_flat",
    "sensitive_attributes",
    "identity_schema_version",
    "identity",
    "private",
    "dependencies",
];

/// An object as text, member by member. The text between members becomes even; names and values
/// stay as they were.
struct Object<'a> {
    members: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The text before each member, before each value, and before the closing brace.
    gaps: [&'a str; 3],
    is_changed: bool,
}

impl<'a> Object<'a> {
    fn read(text: &'a str) -> Option<Self> {
        struct RawMembers<'a>(Vec<(&'a RawValue, &'a RawValue)>);
        struct MemberReader;
        impl<'de> Visitor<'de> for MemberReader {
            type Value = RawMembers<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawMembers<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(RawMembers(members))
            }
        }
        impl<'de> Deserialize<'de> for RawMembers<'de> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_map(MemberReader)
            }
        }
        let RawMembers(members) = json::deserialize(text).ok()?;
        let at = |part: &str| part.as_ptr().addr().checked_sub(text.as_ptr().addr());
        let (first_key, first) = members.first()?;
        let (_, last) = members.last()?;
        let open = text.find('{')? + 1;
        let value = at(first_key.get())? + first_key.get().len();
        let close = at(last.get())? + last.get().len();
        let gaps = [
            text.get(open..at(first_key.get())?)?,
            text.get(value..at(first.get())?)?,
            text.get(close..text.rfind('}')?)?,
        ];
        let members = members.iter().map(|(name, value)| (name.get().into(), value.get().into()));
        Some(Self { members: members.collect(), gaps, is_changed: false })
    }

    fn position(&self, name: &str) -> Option<usize> {
        let wanted = string(name);
        self.members.iter().position(|(found, _)| {
            let is_it = || json::deserialize::<String>(found).is_ok_and(|found| found == name);
            *found == wanted || (found.contains('\\') && is_it())
        })
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.members.get(self.position(name)?).map(|(_, value)| value.as_ref())
    }

    /// A member as it was read.
    fn raw(&self, name: &str) -> Option<&'a str> {
        match self.members.get(self.position(name)?)? {
            (_, Cow::Borrowed(value)) => Some(value),
            (_, Cow::Owned(_)) => None,
        }
    }

    /// Gives a member another value; one that was not there comes to be the last.
    fn set(&mut self, name: &str, value: String) {
        self.is_changed = true;
        let position = self.position(name);
        match position.and_then(|position| self.members.get_mut(position)) {
            Some((_, old)) => *old = Cow::Owned(value),
            None => self.members.push((Cow::Owned(string(name)), Cow::Owned(value))),
        }
    }

    fn take(&mut self, name: &str) {
        if let Some(position) = self.position(name) {
            self.is_changed = true;
            self.members.remove(position);
        }
    }

    /// Gives a member this value or takes it away; one that was not there comes to stand behind the
    /// last of `before`.
    fn put(&mut self, name: &str, value: Option<String>, before: &[&str]) {
        let Some(value) = value else {
            return self.take(name);
        };
        if self.position(name).is_some() {
            return self.set(name, value);
        }
        self.is_changed = true;
        let behind = before.iter().filter_map(|before| self.position(before)).max();
        let position = behind.map_or(0, |position| position + 1);
        self.members.insert(position, (Cow::Owned(string(name)), Cow::Owned(value)));
    }

    fn written(&self) -> String {
        let [before, colon, close] = self.gaps;
        let size: usize = self.members.iter().map(|(name, value)| name.len() + value.len()).sum();
        let mut text = String::with_capacity(size + 64 * self.members.len());
        text.push('{');
        for (position, (name, value)) in self.members.iter().enumerate() {
            text.push_str(if position == 0 { "" } else { "," });
            for part in [before, name.as_ref(), colon, value.as_ref()] {
                text.push_str(part);
            }
        }
        text.push_str(close);
        text.push('}');
        text
    }
}

fn list<T: AsRef<str>>(items: &[T], before: &str, close: &str) -> String {
    if items.is_empty() {
        return "[]".to_owned();
    }
    let size: usize = items.iter().map(|item| item.as_ref().len() + before.len() + 1).sum();
    let mut text = String::with_capacity(size + close.len() + 2);
    for (position, item) in items.iter().enumerate() {
        text.push_str(if position == 0 { "[" } else { "," });
        text.push_str(before);
        text.push_str(item.as_ref());
    }
    text.push_str(close);
    text.push(']');
    text
}

/// A text as JSON.
fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests;
