//! The real places that a private copy has to know: which files are objects by themselves, and which
//! ones states name.
//!
//! Provider knowledge says which attribute is the path of an object's own file. Any other text of a
//! state may be a path too: it counts when it begins as one below the stack's directory does. Paths
//! are relative to that directory, since Terraform runs there.

use std::fs;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;

use crate::codec::hcl::says_where_put;
use crate::codec::json;
use crate::flow::ports::Stack;
use crate::model::address::Mode;
use crate::model::state::{Instance, State};
use crate::model::value::Value;
use crate::terraform::workdir::{RealPlaces, normalised};

/// A longer text is no path.
const PATH_MAX: usize = 1024;

/// The places that the private copies of a stack have to know of its real directory.
pub(super) fn of(stack: &Stack, states: [Option<&State<'_>>; 2]) -> RealPlaces {
    let mut places = RealPlaces::of(&stack.root);
    let begins = beginnings(&places.root);
    for instance in states.iter().flatten().flat_map(|state| &state.instances) {
        let own = own_files(stack, instance);
        let may_name = begins.as_ref().is_none_or(|begins| begins.is_match(instance.attributes.0));
        if own.is_empty() && !may_name {
            continue;
        }
        let Ok(attributes) = json::value(instance.attributes.0) else { continue };
        let text = |name: &&str| attributes.get(name).and_then(Value::as_text);
        places.own.extend(own.iter().filter_map(text).filter_map(path));
        if may_name && instance.address.mode == Mode::Managed {
            let members = attributes.as_members().into_iter().flatten();
            let put = members.filter(|(name, _)| says_where_put(name));
            places.put.extend(put.filter_map(|(_, value)| value.as_text()).filter_map(path));
        }
        if may_name {
            texts(&attributes, &mut |text| places.named.extend(path(text)));
        }
    }
    places
}

/// The attributes of an object that are paths of its own files.
fn own_files<'k>(stack: &'k Stack, instance: &Instance<'_>) -> Vec<&'k str> {
    let kind = match instance.address.mode {
        Mode::Managed => instance.address.kind.clone(),
        Mode::Data => format!("data.{}", instance.address.kind),
    };
    stack.knowledge.own_files(&instance.provider.source, &kind)
}

/// Finds the beginning of a relative path, in JSON as Terraform writes it.
fn beginnings(root: &Path) -> Option<AhoCorasick> {
    let names = fs::read_dir(root).ok()?.flatten().map(|entry| entry.file_name());
    let names = names.filter_map(|name| name.into_string().ok()).map(|name| format!("\"{name}"));
    let dots = ["\"./", "\"../"].map(str::to_owned);
    AhoCorasick::new(names.chain(dots)).ok()
}

fn path(text: &str) -> Option<PathBuf> {
    let is_plain = text.len() <= PATH_MAX && !text.contains(char::is_control);
    let path = normalised(Path::new(text)).filter(|_| is_plain)?;
    (path.file_name().is_some() && path.as_os_str() != "..").then_some(path)
}

fn texts(value: &Value, take: &mut dyn FnMut(&str)) {
    match value {
        Value::Text(text) => take(text),
        Value::List(items) => items.iter().for_each(|item| texts(item, take)),
        Value::Map(members) => members.values().for_each(|member| texts(member, take)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
