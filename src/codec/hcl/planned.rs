//! Whether a saved plan was made with a configuration.
//!
//! A plan has the files that declare something, the lock file and the value of every variable, wherever
//! that came from; a configuration has files of values and the values that were given. Nothing is
//! evaluated: what cannot be told apart from here may be the same.

use std::collections::BTreeMap;

use super::{Configuration, Syntax, assigned, given, is_of_opentofu, rank};
use crate::codec::json;
use crate::model::configuration::{Bundle, BundlePath, Variable, VariableOrigin};
use crate::model::value::Value;

/// Whether a plan can be one of this configuration: the same files, and no variable has another value.
pub fn is_plan_of(configuration: &Configuration, planned: &Bundle) -> bool {
    has_same_files(configuration.bundle(), planned) && !has_another_value(configuration, planned)
}

fn has_same_files(known: &Bundle, planned: &Bundle) -> bool {
    // Terraform plans without those of OpenTofu.
    let has_own = planned.files.keys().any(|path| is_of_opentofu(path.as_str()));
    let is_compared = |bundle: &Bundle, path: &BundlePath| {
        let name = path.file_name();
        let is_of_values = rank(name).is_some() || bundle.var_files.contains(path);
        let is_of_other = is_of_opentofu(name) && !has_own;
        !is_of_values && !is_of_other && !bundle.accompanying.contains(path)
    };
    // What no configuration names is with the one and not with the other.
    let is_loaded = |path: &BundlePath| Syntax::of(path.file_name()).is_some();
    let files = |bundle: &Bundle, other: &Bundle| -> BTreeMap<BundlePath, Vec<u8>> {
        let counts = |path: &BundlePath| {
            is_compared(bundle, path) && (is_loaded(path) || other.files.contains_key(path))
        };
        let files = bundle.files.iter().filter(|(path, _)| counts(path));
        files.map(|(path, content)| (path.clone(), content.clone())).collect()
    };
    files(known, planned) == files(planned, known)
}

/// Whether a variable has a value in the plan that the configuration cannot have given it.
fn has_another_value(configuration: &Configuration, planned: &Bundle) -> bool {
    let told = told(configuration);
    let is_another = |(name, variable): (&String, &Variable)| {
        let known = told.get(name).and_then(Option::as_ref);
        let (Some(known), Some(planned)) = (known, text(variable)) else { return false };
        *known != planned
    };
    planned.variables.iter().any(is_another)
}

/// The texts that the configuration gives to its variables; nothing where it gives one that is not
/// told.
fn told(configuration: &Configuration) -> BTreeMap<String, Option<String>> {
    let default = |(name, written): (&String, &String)| {
        let name = name.strip_prefix("var.")?.to_owned();
        let is_literal = !written.contains("${") && !written.contains("%{");
        Some((name, is_literal.then(|| word_of_json(written)).flatten()))
    };
    let defaults = configuration.root().expressions.iter().filter_map(default);
    let given_by = |is_environment: bool| {
        let variables = configuration.bundle().variables.iter();
        let is_one = move |(_, one): &(&String, &Variable)| {
            (one.origin == VariableOrigin::Environment) == is_environment
        };
        variables.filter(is_one).map(|(name, variable)| (name.clone(), text(variable)))
    };
    let files = configuration.value_files().flat_map(|(name, content)| {
        let texts: BTreeMap<_, _> = given(name, content).unwrap_or_default().into_iter().collect();
        let names = assigned(name, content).into_iter();
        names.map(move |name| {
            let text = texts.get(&name).and_then(|text| word(text));
            (name, text)
        })
    });
    defaults.chain(given_by(true)).chain(files).chain(given_by(false)).collect()
}

/// The value of a variable, if it is no list and no map.
fn text(variable: &Variable) -> Option<String> {
    let text = variable.value.reveal_for_terraform();
    if variable.origin == VariableOrigin::Plan { word_of_json(text) } else { word(text) }
}

/// A text, number or truth as one text, whichever way it is written.
fn word_of_json(text: &str) -> Option<String> {
    match json::value(text).ok()? {
        Value::Text(text) => word(&text),
        Value::Number(number) => Some(number.canonical_text()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// The same of a text as `-var` takes it, which can be an expression.
fn word(text: &str) -> Option<String> {
    match json::value(text) {
        Ok(Value::Number(number)) => Some(number.canonical_text()),
        Ok(Value::Null) => None,
        _ => Some(text.to_owned()).filter(|text| !text.trim_start().starts_with(['[', '{'])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::secret::Secret;

    const MAIN: &str =
        "variable \"a\" {\n  default = \"one\"\n}\nvariable \"n\" {\n  default = 1\n}\n";

    fn bundle(files: &[(&str, &str)], values: &[(&str, &str, VariableOrigin)]) -> Bundle {
        let variable =
            |text: &str, origin| Variable { value: Secret::new(text.to_owned()), origin };
        Bundle {
            root: BundlePath::top(),
            files: files
                .iter()
                .map(|(name, content)| (name.parse().unwrap(), content.as_bytes().to_vec()))
                .collect(),
            modes: BTreeMap::new(),
            accompanying: ["README.md".parse().unwrap()].into(),
            modules: Vec::new(),
            var_files: Vec::new(),
            variables: values
                .iter()
                .map(|(name, text, origin)| ((*name).to_owned(), variable(text, *origin)))
                .collect(),
        }
    }

    fn is_it(known: Bundle, files: &[(&str, &str)], values: &[(&str, &str)]) -> bool {
        let known = Configuration::read(known, None);
        let values: Vec<_> =
            values.iter().map(|(name, text)| (*name, *text, VariableOrigin::Plan)).collect();
        is_plan_of(&known, &bundle(files, &values))
    }

    #[test]
    fn a_plan_is_known_by_its_files_whatever_came_beside_them() {
        let known = || bundle(&[("main.tf", MAIN), ("README.md", "x"), ("t.tofu", "")], &[]);
        assert!(is_it(known(), &[("main.tf", MAIN)], &[]));
        assert!(is_it(known(), &[("main.tf", MAIN), ("README.md", "y")], &[]));
        assert!(!is_it(known(), &[("main.tf", MAIN), ("b.tf", "")], &[]));
        assert!(!is_it(known(), &[("main.tf", "")], &[]));
        assert!(!is_it(known(), &[("main.tf", MAIN), ("t.tofu", "other")], &[]));
        let with_file = || bundle(&[("main.tf", MAIN), ("f.txt", "1")], &[]);
        assert!(is_it(with_file(), &[("main.tf", MAIN), ("f.txt", "1")], &[]));
        assert!(!is_it(with_file(), &[("main.tf", MAIN), ("f.txt", "2")], &[]));
    }

    #[test]
    fn a_value_that_the_configuration_did_not_give_makes_it_another_one() {
        let main = [("main.tf", MAIN)];
        let known = |values: &[_]| bundle(&main, values);
        assert!(is_it(known(&[]), &main, &[("a", "\"one\""), ("n", "1.0")]));
        assert!(!is_it(known(&[]), &main, &[("a", "\"two\""), ("n", "1")]));
        assert!(!is_it(known(&[]), &main, &[("a", "\"one\""), ("n", "2")]));
        let environment = VariableOrigin::Environment;
        let given = |text| known(&[("a", text, environment)]);
        assert!(is_it(given("two"), &main, &[("a", "\"two\"")]));
        assert!(!is_it(given("two"), &main, &[("a", "\"one\"")]));
        assert!(is_it(given("[1]"), &main, &[("a", "[2]")]));
        let files = |text| bundle(&[("main.tf", MAIN), ("terraform.tfvars", text)], &[]);
        assert!(is_it(files("a = \"two\"\nn = 5"), &main, &[("a", "\"two\""), ("n", "5")]));
        assert!(!is_it(files("a = \"two\""), &main, &[("a", "\"one\"")]));
        assert!(is_it(files("a = \"${1}\""), &main, &[("a", "\"1\"")]));
        let above = VariableOrigin::CommandLine;
        let both = bundle(
            &[("main.tf", MAIN), ("terraform.tfvars", "a = \"two\"")],
            &[("a", "three", above)],
        );
        assert!(is_it(both, &main, &[("a", "\"three\"")]));
    }
}
