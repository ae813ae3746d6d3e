//! Generated states that look like those of a large AWS account, always the same ones for a size.
//!
//! They are laid out as Terraform 1.11 lays them out: indented by two spaces, members of a resource
//! in Terraform's order and those of attributes by name, resources sorted by module, mode, type and
//! name, `&`, `<` and `>` escaped. `kinds` says what an object looks like. It knows nothing of what
//! is measured.

mod kinds;

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// A number sequence that only its start decides (xorshift).
pub(crate) struct Numbers(u64);

impl Numbers {
    fn of(seed: usize) -> Self {
        let seed = u64::try_from(seed + 1).unwrap_or(1).wrapping_mul(0x2545_f491_4f6c_dd1d);
        let mut numbers = Self(0x9e37_79b9_7f4a_7c15 ^ seed);
        numbers.next();
        numbers
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 11).unwrap_or_default() % end
    }

    /// So many hexadecimal digits.
    pub(crate) fn hex(&mut self, digits: usize) -> String {
        let mut text = String::new();
        while text.len() < digits {
            text.push_str(&format!("{:016x}", self.next()));
        }
        text.truncate(digits);
        text
    }

    /// One of these.
    pub(crate) fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let place = self.below(words.len());
        words.get(place).copied().unwrap_or_default()
    }
}

/// The difference of the second state from the first one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Nothing.
    Nothing,
    /// One attribute of one object.
    OneAttribute,
    /// An attribute of one object in a hundred.
    OnePercent,
    /// One object in ten: a third of them is new, a third is gone, a third stands elsewhere.
    TenPercent,
}

/// A stack of so many objects.
pub(crate) struct World {
    /// How many.
    pub(crate) objects: usize,
}

/// One object on its way into a state.
struct Object {
    module: String,
    kind: &'static kinds::Kind,
    name: String,
    key: Option<String>,
    attributes: Value,
}

impl World {
    /// Its state.
    pub(crate) fn to_json(&self, edit: Edit) -> Vec<u8> {
        let mut blocks: BTreeMap<(String, &str, &str, String), Vec<String>> = BTreeMap::new();
        let mut heads: BTreeMap<(String, &str, &str, String), &'static kinds::Kind> =
            BTreeMap::new();
        for number in 0..self.objects {
            for object in self.objects_of(number, edit) {
                let place = (
                    object.module.clone(),
                    object.kind.mode,
                    object.kind.name,
                    object.name.clone(),
                );
                heads.insert(place.clone(), object.kind);
                blocks.entry(place).or_default().push(instance(&object));
            }
        }
        let resources: Vec<String> = blocks
            .into_iter()
            .map(|(place, instances)| {
                let provider = heads.get(&place).map_or("aws", |kind| kind.provider);
                resource(&place, provider, &instances)
            })
            .collect();
        let serial = if edit == Edit::Nothing { 1 } else { 2 };
        format!(
            "{{\n  \"version\": 4,\n  \"terraform_version\": \"1.11.4\",\n  \"serial\": {serial},\n  \
             \"lineage\": \"11111111-2222-3333-4444-555555555555\",\n  \"outputs\": {{\n    \
             \"endpoint\": {{\n      \"value\": \"https://example.com\",\n      \"type\": \"string\"\n    \
             }}\n  }},\n  \"resources\": [\n{}\n  ],\n  \"check_results\": null\n}}\n",
            resources.join(",\n")
        )
        .into_bytes()
    }

    /// The objects that stand for the one of this number: itself, another one, none, or two.
    fn objects_of(&self, number: usize, edit: Edit) -> Vec<Object> {
        let first = object(number, None);
        match edit {
            Edit::OneAttribute if number == self.objects / 2 => vec![object(number, Some(1))],
            Edit::OnePercent if number % 100 == 7 => vec![object(number, Some(number))],
            Edit::TenPercent if number % 30 == 1 => vec![first, object(number + 10_000_000, None)],
            Edit::TenPercent if number % 30 == 2 => Vec::new(),
            Edit::TenPercent if number % 30 == 3 => {
                let module = format!("module.moved[\"{}\"]", Numbers::of(number).hex(6));
                vec![Object { module, ..first }]
            }
            Edit::Nothing | Edit::OneAttribute | Edit::OnePercent | Edit::TenPercent => vec![first],
        }
    }
}

/// The object of this number; with `release` one of its attributes says something else.
fn object(number: usize, release: Option<usize>) -> Object {
    // Four in a row stand under one `for_each`, every other time.
    let (block, key) = match number / 4 % 2 {
        0 => (number, None),
        _ => (number / 4 * 4 + 1_000_000_000, Some(number % 4)),
    };
    let kind = kinds::of(Numbers::of(block).below(100));
    let mut numbers = Numbers::of(number);
    let group = number / 40;
    let mut attributes = kinds::attributes(kind, &mut numbers, group);
    if let Some(release) = release
        && let Some(tags) = attributes.get_mut("tags")
        && let Some(tags) = tags.as_object_mut()
    {
        tags.insert("Release".to_owned(), json!(format!("r-{release}")));
    } else if release.is_some()
        && let Some(all) = attributes.as_object_mut()
    {
        all.insert("description".to_owned(), json!("another one"));
    }
    Object {
        module: match group % 12 {
            11 => String::new(),
            _ => format!("module.{}[\"prod-{group}\"]", kinds::team(group)),
        },
        kind,
        name: format!("this_{block}"),
        key: key.map(|key| kinds::key(key).to_owned()),
        attributes,
    }
}

fn instance(object: &Object) -> String {
    let mut text = "        {\n".to_owned();
    if let Some(key) = &object.key {
        text.push_str(&format!("          \"index_key\": \"{key}\",\n"));
    }
    let marks: Vec<Value> = object
        .kind
        .sensitive
        .iter()
        .map(|name| json!([{"type": "get_attr", "value": name}]))
        .collect();
    text.push_str(&format!(
        "          \"schema_version\": 1,\n          \"attributes\": {},\n          \
         \"sensitive_attributes\": {}",
        indented(&object.attributes),
        indented(&Value::Array(marks)),
    ));
    if object.kind.mode == "managed" {
        text.push_str(
            ",\n          \"private\": \"eyJzY2hlbWFfdmVyc2lvbiI6IjEifQ==\",\n          \
             \"dependencies\": [\n            \"aws_kms_key.main\",\n            \
             \"module.network.aws_vpc.this\"\n          ]",
        );
    }
    text.push_str("\n        }");
    text
}

fn resource(
    (module, mode, kind, name): &(String, &str, &str, String),
    provider: &str,
    instances: &[String],
) -> String {
    let module = match module.as_str() {
        "" => String::new(),
        path => format!("      \"module\": {},\n", json!(path)),
    };
    format!(
        "    {{\n{module}      \"mode\": \"{mode}\",\n      \"type\": \"{kind}\",\n      \
         \"name\": \"{name}\",\n      \
         \"provider\": \"provider[\\\"registry.terraform.io/hashicorp/{provider}\\\"]\",\n      \
         \"instances\": [\n{}\n      ]\n    }}",
        instances.join(",\n")
    )
}

/// A value as it stands in an instance, with the escapes that Go writes.
fn indented(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.replace('\n', "\n          ")
        .replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
}
