//! The arguments of provider blocks with the values that they come from, to tell whether two blocks
//! lead to one place.
//!
//! Nothing is evaluated: an argument's text is followed by what it can depend on. A variable has its
//! given value or its default, a local value and an output of a module their expressions, an object
//! of the state the attribute that is named. The texts are compared and never shown.

use std::collections::{BTreeMap, BTreeSet};

use crate::codec::hcl::configuration::ReadModule;
use crate::codec::hcl::{self, Configuration, ModuleFacts};
use crate::codec::json;
use crate::engine::redact::is_secret_name;
use crate::model::state::State;
use crate::model::value::{Path, Step, Value};

/// The arguments of each provider block by its name, with the module's prefix. One that says nothing
/// is left out: Terraform makes such a one by itself.
pub(super) fn arguments(
    configuration: &Configuration,
    state: &State<'_>,
) -> BTreeMap<String, String> {
    let modules = configuration.modules().iter();
    let values = Values {
        modules: modules.map(|module| (module.prefix.as_str(), &module.facts)).collect(),
        given: given(configuration),
        state,
    };
    let of = |ReadModule { prefix, facts, .. }: &ReadModule| {
        let named = facts.providers.iter();
        let named = named.filter(|(_, arguments)| !arguments.is_empty());
        let named = named.map(|(name, arguments)| {
            (format!("{prefix}{name}"), format!("{arguments}{}", values.behind(prefix, arguments)))
        });
        named.collect::<Vec<_>>()
    };
    configuration.modules().iter().flat_map(of).collect()
}

/// The values that arguments can come from.
struct Values<'v> {
    /// The facts of each module, by its prefix.
    modules: BTreeMap<&'v str, &'v ModuleFacts>,
    given: BTreeMap<String, String>,
    state: &'v State<'v>,
}

impl Values<'_> {
    /// Everything that these arguments of a module can depend on, as one text. Of a variable of a
    /// module, and of what only a plan knows, that is everything that was given.
    fn behind(&self, prefix: &str, arguments: &str) -> String {
        let mut text = String::new();
        let mut seen = BTreeSet::new();
        let inside = |prefix: &str, expression: &str| -> Vec<(String, Referred)> {
            referred(expression).into_iter().map(|one| (prefix.to_owned(), one)).collect()
        };
        let mut open = inside(prefix, arguments);
        while let Some((prefix, referred)) = open.pop() {
            if !seen.insert((prefix.clone(), referred.clone())) {
                continue;
            }
            let (home, name) = match referred {
                Referred::Object { block, attribute } => {
                    let is_data = block.starts_with("data.");
                    text.push_str(&self.objects(&format!("{prefix}{block}"), attribute.as_deref()));
                    text.push_str(&if is_data { self.all_given() } else { String::new() });
                    continue;
                }
                Referred::Input(_) if !prefix.is_empty() => {
                    text.push_str(&self.all_given());
                    continue;
                }
                Referred::Input(name) | Referred::Local(name) => (prefix, name),
                Referred::Output { module, name } => (format!("{prefix}module.{module}."), name),
            };
            let facts = self.modules.get(home.as_str());
            match (self.given.get(&name), facts.and_then(|facts| facts.expressions.get(&name))) {
                (Some(value), _) => text.push_str(&format!("{name} = {value}\n")),
                (None, Some(expression)) => {
                    text.push_str(&format!("{home}{name} = {expression}\n"));
                    open.extend(inside(&home, expression));
                }
                (None, None) => text.push_str(&self.all_given()),
            }
        }
        text
    }

    fn all_given(&self) -> String {
        let given = self.given.iter().map(|(name, value)| format!("{name} = {value}\n"));
        given.collect::<String>()
    }

    /// The attribute of a block's objects as the state has it; of a credential nothing, since that
    /// says nothing of where a provider leads.
    fn objects(&self, block: &str, attribute: Option<&str>) -> String {
        let objects = self.state.instances.iter().filter(|object| object.deposed.is_none());
        let objects = objects.filter(|object| object.address.block() == block);
        let of = |object: &crate::model::state::Instance<'_>| {
            let all = json::raw_value(object.attributes).unwrap_or(Value::Null);
            let is_secret = |name: &str| {
                let path = Path(vec![Step::Name(name.to_owned())]);
                is_secret_name(name) || object.sensitive.iter().any(|marked| path.covers(marked))
            };
            let named = all.as_members().into_iter().flatten();
            let named = named.filter(|(name, _)| attribute.is_none_or(|wanted| wanted == *name));
            let named = named.filter(|(name, _)| !is_secret(name));
            let lines = named.map(|(name, value)| {
                format!("{}.{name} = {}\n", object.address, json::to_serde(value))
            });
            lines.collect::<String>()
        };
        objects.map(of).collect()
    }
}

/// A reference of an expression to a value that is not written in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Referred {
    /// `var.NAME`, with its first word.
    Input(String),
    /// `local.NAME`, with its first word.
    Local(String),
    /// An output of a module, as `output.NAME`.
    Output { module: String, name: String },
    /// A managed object, or one that is only read.
    Object { block: String, attribute: Option<String> },
}

/// The references of an expression. A word of a text may look like one; no state has its object.
fn referred(expression: &str) -> Vec<Referred> {
    let plain = without_keys(expression);
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let words = plain.split(|c| !is_name(c));
    let named = words.filter_map(|word| {
        let parts: Vec<&str> = word.split('.').filter(|part| !part.is_empty()).collect();
        let owned = |part: &&str| (*part).to_owned();
        match parts.as_slice() {
            _ if word.starts_with('.') => None,
            ["var", name, ..] => Some(Referred::Input(format!("var.{name}"))),
            ["local", name, ..] => Some(Referred::Local(format!("local.{name}"))),
            ["module", module, rest @ ..] => Some(Referred::Output {
                module: owned(module),
                name: format!("output.{}", rest.first().copied().unwrap_or_default()),
            }),
            ["data", kind, name, rest @ ..] => Some(Referred::Object {
                block: format!("data.{kind}.{name}"),
                attribute: rest.first().map(owned),
            }),
            [kind, name, rest @ ..] => Some(Referred::Object {
                block: format!("{kind}.{name}"),
                attribute: rest.first().map(owned),
            }),
            [] | [_] => None,
        }
    });
    named.collect()
}

/// An expression without the keys of instances: `a.b[0].c`, `a.b["k"].c` and `a.b[*].c` become
/// `a.b.c`.
fn without_keys(expression: &str) -> String {
    let mut plain = String::new();
    let mut rest = expression;
    while let Some(at) = rest.find('[') {
        let (before, inside) = rest.split_at(at);
        plain.push_str(before);
        let end = inside.find(']').map_or(inside.len(), |end| end + 1);
        let key = inside.get(1..end.saturating_sub(1)).unwrap_or_default();
        let is_key = key == "*"
            || !key.is_empty() && key.chars().all(|c| c.is_ascii_digit())
            || key.len() > 1 && key.starts_with('"') && key.ends_with('"') && !key.contains("${");
        let follows = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if is_key && follows {
            rest = inside.get(end..).unwrap_or_default();
        } else {
            plain.push('[');
            rest = inside.get(1..).unwrap_or_default();
        }
    }
    plain.push_str(rest);
    plain
}

/// The values of the root module's variables, as `var.NAME`, as far as they are given: compared and
/// never shown.
fn given(configuration: &Configuration) -> BTreeMap<String, String> {
    let in_files =
        configuration.value_files().flat_map(|(name, content)| hcl::literals(name, content));
    let mut given = BTreeMap::new();
    let mut add = |name: &str, value: String| {
        // Which of several wins does not matter here: all of them are compared.
        let all: &mut String = given.entry(format!("var.{name}")).or_default();
        all.push_str(&value);
        all.push(';');
    };
    in_files.for_each(|(name, value)| add(&name, json::to_serde(&value).to_string()));
    // Today's value of an ephemeral variable or of a key says nothing of where a provider leads.
    let is_kept = |name: &str| !configuration.root().is_kept_nowhere(name);
    for (name, variable) in
        configuration.bundle().variables.iter().filter(|(name, _)| is_kept(name))
    {
        add(name, variable.value.reveal_for_terraform().clone());
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::state::parse;
    use crate::model::configuration::{Bundle, Module};
    use crate::model::state::StateBytes;

    /// The arguments of provider `k` with this host, when the cluster has this endpoint.
    fn behind(host: &str, endpoint: &str) -> String {
        let main = format!(
            "locals {{\n  ends = {{ a = aws_eks_cluster.c[\"x\"].endpoint }}\n}}\n\
             module \"m\" {{\n  source = \"./m\"\n}}\nprovider \"k\" {{\n  host = {host}\n}}\n"
        );
        let inner = "output \"host\" {\n  value = try(aws_eks_cluster.c[0].endpoint, null)\n}\n";
        let files = [("main.tf", main.as_str()), ("m/main.tf", inner)];
        let files = files.map(|(path, text)| (path.parse().unwrap(), text.as_bytes().to_vec()));
        let module = Module {
            key: "m".to_owned(),
            source: "./m".to_owned(),
            version: None,
            directory: "m".parse().unwrap(),
        };
        let bundle = Bundle {
            root: ".".parse().unwrap(),
            files: files.into(),
            modes: BTreeMap::new(),
            accompanying: BTreeSet::new(),
            modules: vec![module],
            var_files: Vec::new(),
            variables: BTreeMap::new(),
        };
        let cluster = |module: &str, mode: &str, key: &str| {
            format!(
                r#"{{{module}"mode":"{mode}","type":"aws_eks_cluster","name":"c",
                "provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{{{key}
                "attributes":{{"id":"c","endpoint":"{endpoint}","token":"{endpoint}","tags":null}}}}]}}"#
            )
        };
        let text = format!(
            r#"{{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"l","outputs":{{}},
            "resources":[{},{},{}]}}"#,
            cluster("", "data", ""),
            cluster("", "managed", r#""index_key":"x","#),
            cluster(r#""module":"module.m","#, "managed", r#""index_key":0,"#),
        );
        let bytes = StateBytes::new(text.into_bytes());
        let all = arguments(&Configuration::read(bundle, None), &parse(&bytes).unwrap());
        all.get("k").cloned().unwrap()
    }

    #[test]
    fn a_provider_leads_elsewhere_when_what_it_refers_to_has_another_value() {
        for (host, is_followed) in [
            (r#"aws_eks_cluster.c["x"].endpoint"#, true),
            (r#""https://${aws_eks_cluster.c["x"].endpoint}/""#, true),
            ("one(values(aws_eks_cluster.c)[*].endpoint)", true),
            ("data.aws_eks_cluster.c.endpoint", true),
            ("local.ends.a", true),
            ("module.m.host", true),
            (r#"aws_eks_cluster.c["x"].tags"#, false),
            // A token is another one each time.
            ("data.aws_eks_cluster.c.token", false),
            (r#""https://aws_other.c.endpoint/""#, false),
        ] {
            assert_eq!(behind(host, "a") != behind(host, "b"), is_followed, "{host}");
            assert_eq!(behind(host, "a"), behind(host, "a"));
        }
    }

    #[test]
    fn references_are_read_through_keys_and_texts() {
        let blocks = |expression| -> Vec<String> {
            let found = referred(expression).into_iter().map(|one| match one {
                Referred::Input(name) | Referred::Local(name) => name,
                Referred::Output { module, name } => format!("{module} {name}"),
                Referred::Object { block, attribute } => {
                    format!("{block} {}", attribute.unwrap_or_default())
                }
            });
            found.collect()
        };
        assert_eq!(blocks("[var.a, local.b.c]"), ["var.a", "local.b"]);
        assert_eq!(blocks(r#"x_y.z["k"].a.b"#), ["x_y.z a"]);
        assert_eq!(blocks("x_y.z[var.k].a"), ["x_y.z ", "var.k"]);
        assert_eq!(blocks("module.m[0].out"), ["m output.out"]);
        assert_eq!(blocks("1.5"), ["1.5 "], "no state has it");
    }
}
