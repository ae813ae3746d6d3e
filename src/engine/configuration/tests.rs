//! Files read as `diff -u` reads, and nothing that is secret stands in a line.

use super::*;
use crate::model::configuration::{Variable, VariableOrigin};
use crate::model::secret::Secret;
use crate::model::value::Value;
use crate::model::word::Word as _;

fn bundle(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Bundle {
    let variable = |value: &str| Variable {
        value: Secret::new(value.to_owned()),
        origin: VariableOrigin::Environment,
    };
    Bundle {
        root: BundlePath::top(),
        files: files
            .iter()
            .map(|(path, text)| (path.parse().unwrap(), text.as_bytes().to_vec()))
            .collect(),
        modes: BTreeMap::new(),
        accompanying: BTreeSet::new(),
        modules: Vec::new(),
        var_files: Vec::new(),
        variables: variables.iter().map(|(name, v)| ((*name).to_owned(), variable(v))).collect(),
    }
}

fn diff(old: &Bundle, new: &Bundle) -> ConfigurationDiff {
    let redactor = Redactor::default().with_values(&[Value::Text("hunter22".to_owned())]);
    let side = |bundle| Configured { bundle: Some(bundle), tool: None, providers: &[] };
    configuration_diff(&side(old), &side(new), &redactor)
}

/// One file's difference: numbers, then the lines.
fn file(path: &str, old: &str, new: &str) -> String {
    let diff = diff(&bundle(&[(path, old)], &[]), &bundle(&[(path, new)], &[]));
    let [change] = diff.files.as_slice() else { panic!("one file: {diff:?}") };
    let content = match &change.content {
        Content::Lines(lines) => lines.join("\n"),
        Content::Withheld(why) => (*why).to_owned(),
    };
    format!("{} +{} -{}\n{content}", change.change.name(), change.added, change.removed)
}

#[test]
fn a_changed_file_is_its_pieces_with_three_lines_around_each() {
    let old = (1..=20).map(|n| format!("line {n}\n")).collect::<Vec<_>>().concat();
    let new = old.replace("line 5\n", "line five\n").replace("line 18\n", "");
    assert_eq!(
        file("main.tf", &old, &new),
        "changed +1 -2\n@@ -2,7 +2,7 @@\n line 2\n line 3\n line 4\n-line 5\n+line five\n line 6\n \
         line 7\n line 8\n@@ -15,6 +15,5 @@\n line 15\n line 16\n line 17\n-line 18\n line 19\n line 20"
    );
}

#[test]
fn a_line_that_a_secret_stands_in_is_shown_without_it() {
    let old = "a = \"x\"\n";
    let new = "a = \"x hunter22\"\npassword = \"letmein\"\n\"api_key\": \"k\",\nmaster_password = \
               var.password\nsecret = 123456\nprivate_key = <<-EOT\n  MII\n  EOT\ntoken = true\n";
    assert_eq!(
        file("main.tf", old, new),
        "changed +9 -1\n@@ -1 +1,9 @@\n-a = \"x\"\n+a = \"x (sensitive)\"\n+password = (sensitive)\n\
         +\"api_key\": (sensitive)\n+master_password = var.password\n+secret = (sensitive)\n\
         +private_key = <<-EOT\n+(sensitive)\n+  EOT\n+token = true"
    );
}

#[test]
fn files_of_values_and_what_is_no_text_are_counted_and_not_shown() {
    let text = file("prod.auto.tfvars", "a = 1\n", "a = 2\n");
    assert_eq!(text, "changed +1 -1\na file of values may hold secrets");
    let [old, new] = [&b"\xff\x00"[..], b"\xff\x01"].map(|content| {
        let mut bundle = bundle(&[], &[]);
        bundle.files.insert("x.bin".parse().unwrap(), content.to_vec());
        bundle
    });
    let found = diff(&old, &new);
    assert_eq!(found.files.first().unwrap().content, Content::Withheld("not a text"));
}

#[test]
fn files_and_variables_come_and_go_by_name() {
    let old = bundle(&[("a.tf", "x\n"), ("b.tf", "x\n")], &[("p", "1"), ("q", "1"), ("r", "1")]);
    let new = bundle(&[("b.tf", "x\n"), ("c.tf", "x\n")], &[("q", "2"), ("r", "1"), ("s", "1")]);
    let found = diff(&old, &new);
    let files: Vec<_> = found.files.iter().map(|f| (f.path.as_str(), f.change)).collect();
    assert_eq!(
        files,
        [("a.tf", ConfigurationChange::Removed), ("c.tf", ConfigurationChange::Added)]
    );
    let variables: Vec<_> =
        found.variables.iter().map(|(name, change)| (name.as_str(), *change)).collect();
    assert_eq!(
        variables,
        [
            ("p", ConfigurationChange::Removed),
            ("q", ConfigurationChange::Changed),
            ("s", ConfigurationChange::Added)
        ]
    );
    assert!(diff(&old, &old).is_empty());
}

#[test]
fn tools_and_providers_are_compared_where_both_are_known() {
    let provider = |name: &str, version: &str| LockedProvider {
        source: format!("registry.terraform.io/hashicorp/{name}").parse().unwrap(),
        version: version.to_owned(),
    };
    let old = [provider("aws", "5.1.0"), provider("null", "3.0.0")];
    let new = [provider("aws", "6.0.0"), provider("tls", "4.0.0")];
    let side = |tool, providers| Configured { bundle: None, tool, providers };
    let show = |before: &Configured<'_>, after: &Configured<'_>| -> Vec<String> {
        let redactor = Redactor::default();
        let changes = configuration_diff(before, after, &redactor).tools;
        let word = |version: Option<String>| version.unwrap_or_else(|| "-".to_owned());
        changes
            .into_iter()
            .map(|c| format!("{} {} {}", c.name, word(c.before), word(c.after)))
            .collect()
    };
    assert_eq!(
        show(&side(Some("terraform 1.11.4"), &old), &side(Some("terraform 1.12.0"), &new)),
        [
            "terraform 1.11.4 1.12.0",
            "registry.terraform.io/hashicorp/aws 5.1.0 6.0.0",
            "registry.terraform.io/hashicorp/null 3.0.0 -",
            "registry.terraform.io/hashicorp/tls - 4.0.0",
        ]
    );
    assert_eq!(
        show(&side(Some("terraform 1.11.4"), &[]), &side(Some("tofu 1.9.0"), &new)),
        ["tool terraform 1.11.4 tofu 1.9.0"]
    );
    assert!(show(&side(None, &old), &side(Some("tofu 1.9.0"), &[])).is_empty());
    let mut moved = old.clone();
    moved[0].source.host = "registry.opentofu.org".to_owned();
    let host = "hashicorp/aws 5.1.0 from registry.terraform.io 5.1.0 from registry.opentofu.org";
    assert_eq!(show(&side(None, &old), &side(None, &moved)), [host]);
}
