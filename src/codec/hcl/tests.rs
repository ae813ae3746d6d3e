//! Facts that the text of a configuration tells, and those it leaves unknown, in both syntaxes.

use super::*;
use crate::model::value::{Number, Value};

fn module(files: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
    let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), text.as_bytes().to_vec());
    files.iter().map(owned).collect()
}

fn reads(text: &str) -> Vec<ReadTarget> {
    let facts = scan(&module(&[("main.tf", text)]));
    assert_eq!(facts.unreadable, []);
    facts.reads.into_iter().map(|read| read.target).collect()
}

fn at(base: Base, path: &str) -> ReadPlace {
    ReadPlace { base, path: path.to_owned() }
}

const NATIVE: &str = r#"
terraform {
  required_version = ">= 1.5"
  backend "s3" { bucket = "b" }
  required_providers {
    own   = { source = "registry.example.org/a/own", version = "1.0" }
    plain = { source = "a/plain" }
    old   = ">= 1.0"
  }
  encryption {
    plan { method = method.aes_gcm.m }
  }
}
variable "plain" {}
variable "secret" {
  type      = string
  default   = "x"
  sensitive = true
}
variable "list" { type = list(string) }
variable "any" { type = any }
variable "old" { type = "map" }
variable "token" {
  type      = number
  ephemeral = true
}
module "net" { source = "./net" }
module "vpc" {
  source  = "a/b/c"
  version = "1.0"
}
resource "aws_db" "main" {
  lifecycle { prevent_destroy = true }
}
resource "aws_db" "other" {
  lifecycle { prevent_destroy = false }
}
"#;

const JSON: &str = r#"{
  "//": "comment",
  "terraform": {"required_version": ">= 1.5", "backend": {"s3": {"bucket": "b"}},
    "required_providers": {
      "own": {"source": "registry.example.org/a/own", "version": "1.0"},
      "plain": {"source": "a/plain"}, "old": ">= 1.0"
    },
    "encryption": {"plan": {"method": "${method.aes_gcm.m}"}}
  },
  "variable": [
    {"plain": {}, "secret": {"type": "string", "default": "x", "sensitive": true}},
    {"list": {"type": "list(string)"}, "any": {"type": "any"}, "old": {"type": "map"}},
    {"token": {"type": "number", "ephemeral": true}}
  ],
  "module": {"net": {"source": "./net"}},
  "module": {"vpc": {"source": "a/b/c", "version": "1.0"}},
  "resource": {"aws_db": {
    "main": {"lifecycle": {"prevent_destroy": true}},
    "other": [{"lifecycle": [{"prevent_destroy": false}]}]
  }}
}"#;

#[test]
fn native_and_json_files_tell_the_same_facts() {
    let native = scan(&module(&[("main.tf", NATIVE)]));
    let json = scan(&module(&[("main.tf.json", JSON)]));
    assert_eq!(native, json);
    let declared = |name: &str| native.variables[name];
    assert!(declared("secret").has_default && declared("secret").marks.sensitive);
    assert!(declared("token").marks.ephemeral && !declared("token").has_default);
    let syntax: Vec<_> = ["plain", "secret", "token", "list", "any", "old"]
        .map(|name| declared(name).value)
        .to_vec();
    assert_eq!(syntax[..3], [ValueSyntax::Literal; 3]);
    assert_eq!(syntax[3..], [ValueSyntax::Expression; 3]);
    assert_eq!(native.backend, Some(BackendBlock::Kind("s3".to_owned())));
    assert_eq!(native.required_versions, [">= 1.5"]);
    let hosted = BTreeSet::from(["registry.example.org/a/own".parse().unwrap()]);
    assert_eq!((native.hosted.clone(), native.has_encryption), (hosted, true));
    assert_eq!(native.modules["net"].as_deref(), Some("./net"));
    assert_eq!(native.modules["vpc"].as_deref(), Some("a/b/c"));
    assert_eq!(native.prevent_destroy, BTreeSet::from(["aws_db.main".to_owned()]));
}

#[test]
fn override_files_have_the_last_word() {
    let facts = scan(&module(&[
        ("a_override.tf", "terraform {\n cloud {}\n}\nmodule \"m\" { source = \"./b\" }"),
        ("b.tf", "terraform {\n backend \"s3\" {}\n}\nmodule \"m\" { source = \"./a\" }"),
        ("override.tf", "variable \"x\" { default = 1 }\nmodule \"m\" { providers = {} }"),
        ("z.tf", "variable \"x\" { type = list(number) }"),
    ]));
    assert_eq!(facts.backend, Some(BackendBlock::Cloud));
    assert_eq!(facts.modules["m"].as_deref(), Some("./b"));
    assert!(facts.variables["x"].has_default);
    assert_eq!(facts.variables["x"].value, ValueSyntax::Expression);
}

#[test]
fn a_broken_file_is_named_with_its_line_and_the_rest_still_tells() {
    let facts = scan(&module(&[
        ("bad.tf", "variable \"a\" {}\n\nresource \"x\" {\n"),
        ("bad.tf.json", "{\n  \"variable\": [\n"),
        ("good.tf", "\u{feff}variable \"b\" {}"),
    ]));
    assert!(facts.variables.contains_key("b"));
    let shown: Vec<String> = facts.unreadable.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        ["does not parse at line 3: `bad.tf`", "does not parse at line 3: `bad.tf.json`"]
    );
    let latin = BTreeMap::from([("l.tf".to_owned(), b"# caf\xe9\n".to_vec())]);
    assert_eq!(scan(&latin).unreadable, [UnreadableFile::NotUtf8 { file: "l.tf".into() }]);
}

#[test]
fn hidden_and_backup_files_are_no_configuration() {
    for name in ["main.tf~", ".main.tf", "#main.tf#", "main.tfvars", "main.tf.bak", "x.json"] {
        assert_eq!(Syntax::of(name), None, "{name}");
    }
    assert_eq!(Syntax::of("a.tofu"), Some(Syntax::Native));
    assert_eq!(Syntax::of("a.tofu.json"), Some(Syntax::Json));
}

#[test]
fn paths_that_the_text_tells_are_known() {
    for (expression, expected) in [
        (r#"file("a.txt")"#, at(Base::Root, "a.txt")),
        (r#"file("./x/../a.txt")"#, at(Base::Root, "a.txt")),
        (r#"file("${path.module}/a.txt")"#, at(Base::Module, "a.txt")),
        (r#"core::file(("${path.root}/../b"))"#, at(Base::Root, "../b")),
        (r#"filemd5("${path.cwd}//b")"#, at(Base::Root, "b")),
        (r#"fileexists("/etc/../opt/x")"#, at(Base::Absolute, "/opt/x")),
        (r#"file(abspath("${path.module}/a"))"#, at(Base::Module, "a")),
        (r#"templatefile("${local.dir}/${"t"}.tpl", { x = 1 })"#, at(Base::Module, "tpl/t.tpl")),
    ] {
        let text = format!("locals {{\n dir = \"${{path.module}}/tpl\"\n x = {expression}\n}}");
        assert_eq!(reads(&text), [ReadTarget::File(expected)], "{expression}");
    }
}

#[test]
fn a_known_directory_stands_for_what_is_not_known_in_it() {
    for (expression, expected) in [
        (r#"file("${path.module}/f/${var.x}.txt")"#, at(Base::Module, "f")),
        (r#"file("${path.module}/${each.key}")"#, at(Base::Module, ".")),
        (r#"file("files/${var.x}")"#, at(Base::Root, "files")),
        (r#"fileset(path.module, "files/*.json")"#, at(Base::Module, "files")),
        (r#"fileset("${path.module}/d", "**")"#, at(Base::Module, "d")),
        (r#"fileset("d", var.pattern)"#, at(Base::Root, "d")),
        (r#"file("/opt/${var.x}")"#, at(Base::Absolute, "/opt")),
    ] {
        let text = format!("locals {{\n x = {expression}\n}}");
        assert_eq!(reads(&text), [ReadTarget::Within(expected)], "{expression}");
    }
}

#[test]
fn what_the_text_does_not_tell_is_unknown() {
    for expression in [
        "file(var.x)",
        "file()",
        r#"file("${var.dir}/x")"#,
        r#"file("/${var.dir}/x")"#,
        r#"file("x${path.module}")"#,
        r#"file("${path.module}x")"#,
        r#"file("~/x")"#,
        r#"file("/../x")"#,
        "file(local.cycle)",
        "file(local.absent)",
        r#"file(join("/", ["a"]))"#,
        r#"fileset(var.d, "*")"#,
        r#"file("%{ if true }a%{ endif }")"#,
    ] {
        let text = format!("locals {{\n cycle = local.cycle\n x = {expression}\n}}");
        assert_eq!(reads(&text), [ReadTarget::Unknown], "{expression}");
    }
}

#[test]
fn calls_are_found_wherever_an_expression_may_stand() {
    let text = r#"
resource "a" "b" {
  x = { for f in fileset("d1", "*") : f => upper(file("d2/a")) }
  y = <<-EOT
    ${var.a ? filebase64("d3/a") : "x"}
  EOT
  dynamic "z" {
    for_each = [1]
    content { v = [filesha256("d4/a")][0] }
  }
}
"#;
    assert_eq!(reads(text).len(), 4);
    let json = r#"{"resource": {"a": {"b": {"x": ["${file(\"d/a\")}"]}}}}"#;
    let facts = scan(&module(&[("m.tf.json", json)]));
    let target = facts.reads.into_iter().map(|read| read.target).next();
    assert_eq!(target, Some(ReadTarget::File(at(Base::Root, "d/a"))));
}

fn cut(file: &str, text: &str) -> Option<String> {
    let cut = without_state_blocks(file, text.as_bytes()).unwrap();
    cut.map(|bytes| String::from_utf8(bytes).unwrap())
}

#[test]
fn state_blocks_are_cut_and_every_other_byte_stays() {
    let text = "# é first\r\nmoved {\r\n  from = a.b # c\r\n  to   = a.c\r\n}\r\nx \"y\"   {}\r\n\
                # kept\nimport {\n to = a.b\n id = \"}\"\n} # after\nremoved {\n from = a.b\n}";
    let expected = "# é first\r\n\r\nx \"y\"   {}\r\n# kept\n # after\n";
    assert_eq!(cut("main.tf", text).as_deref(), Some(expected));
    assert_eq!(cut("main.tf", "x \"moved\" {\n moved {}\n}\n"), None);
    assert_eq!(cut("main.tf", ""), None);
}

#[test]
fn state_blocks_are_cut_from_json_and_other_members_keep_their_text() {
    let text = r#"{"moved": [{"from": "a.b"}], "x": {"n": 1.10, "a": 1, "a": 2}, "import": {}}"#;
    let expected = "{\n\"x\": {\"n\": 1.10, \"a\": 1, \"a\": 2}\n}\n";
    assert_eq!(cut("m.tf.json", text).as_deref(), Some(expected));
    assert_eq!(cut("m.tf.json", r#"{"x": {"moved": 1}}"#), None);
    let list = r#"[{"removed": {}}, {"x": 1}]"#;
    assert_eq!(cut("m.tf.json", list).as_deref(), Some("[{\n\n},\n{\n\"x\": 1\n}]\n"));
}

#[test]
fn a_broken_file_is_refused_only_when_it_may_hold_a_state_block() {
    assert_eq!(cut("main.tf", "resource {{{\n"), None);
    assert!(without_state_blocks("main.tf", b"resource {{{\n  moved {\n").is_err());
    assert!(without_state_blocks("m.tf.json", b"{\"moved\": [").is_err());
    assert_eq!(without_state_blocks("main.tf", b"# \xff\n"), Ok(None));
    assert!(without_state_blocks("main.tf", b"# \xff\nimport {}\n").is_err());
}

#[test]
fn an_override_reads_back_as_the_settings_it_was_made_from() {
    let texts = ["a\"b\\c\n\t\r", "${x}", "$${x}", "$$${x}", "%{x}", "%%{x}", "\u{1}é", "$", "{$%"];
    let nested = Value::Map(BTreeMap::from([
        ("role arn".to_owned(), Value::Text("${x}".to_owned())),
        ("n".to_owned(), Value::Number(Number::from_json_text("1.50"))),
        ("l".to_owned(), Value::List(vec![Value::Null, Value::Bool(false)])),
    ]));
    let mut settings: BTreeMap<String, Value> = texts
        .iter()
        .enumerate()
        .map(|(position, text)| (format!("t{position}"), Value::Text((*text).to_owned())))
        .collect();
    settings.insert("endpoints".to_owned(), nested);
    let content = backend_override("s\"3", &settings).unwrap();
    let body = parse_body(&content).unwrap();
    let backend = body.get_blocks("terraform").next().unwrap();
    let backend = backend.body.get_blocks("backend").next().unwrap();
    assert_eq!(backend.labels[0].as_str(), "s\"3");
    for (position, text) in texts.iter().enumerate() {
        let attribute = backend.body.get_attribute(&format!("t{position}")).unwrap();
        assert_eq!(attribute.value.as_str(), Some(*text));
    }
    assert!(
        content
            .contains(r#"endpoints = { "l" = [null, false], "n" = 1.50, "role arn" = "$${x}" }"#)
    );
    let injected = BTreeMap::from([("a = 1 }".to_owned(), Value::Null)]);
    assert!(backend_override("s3", &injected).is_err());
}

#[test]
fn an_assignment_is_one_expression_alone() {
    for text in ["[\"a\", # c\n]", "1 # c", " {\n a = 1\n} ", "<<E\nx\nE"] {
        assert!(assignment("x", text).is_some(), "{text}");
    }
    for text in ["1)\ny = (2", "", "[", "1\n2", "<<E\nx"] {
        assert_eq!(assignment("x", text), None, "{text}");
    }
    assert_eq!(assignment("x = 1\ny", "1"), None);
}

#[test]
fn a_lock_file_tells_the_selected_versions() {
    let text = br#"
provider "registry.terraform.io/hashicorp/b" {
  version     = "2.0.0"
  constraints = "~> 2"
  hashes = ["h1:x"]
}
provider "example.com/a/a" {
  version = "1.0.0"
}
"#;
    let shown: Vec<String> = lock::providers(text)
        .unwrap()
        .iter()
        .map(|provider| format!("{} {}", provider.source, provider.version))
        .collect();
    assert_eq!(shown, ["example.com/a/a 1.0.0", "registry.terraform.io/hashicorp/b 2.0.0"]);
    assert_eq!(lock::providers(b"# nothing\n"), Ok(Vec::new()));
    assert!(matches!(lock::providers(b"\n{"), Err(lock::Error::Syntax { line: 2 })));
    assert!(matches!(lock::providers(b"provider \"aws\" {}"), Err(lock::Error::Provider(_))));
    assert!(matches!(
        lock::providers(b"provider \"a/b/c\" {}"),
        Err(lock::Error::NoVersion { .. })
    ));
}

#[test]
fn deep_and_odd_nesting_neither_overflows_nor_takes_long() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{a=", "}"),
        ("\"${", "}\""),
        ("f(", ")"),
        ("!", ""),
        ("[for x in ", ": x]"),
        ("true?", ":1"),
        ("a[", "]"),
        ("1+", ""),
    ] {
        for depth in [20, 60, 5_000] {
            let text = format!("x = {}1{}\n", open.repeat(depth), close.repeat(depth));
            scan(&module(&[("a.tf", &text)]));
            scan(&module(&[("a.tf", &format!("x = {}", open.repeat(depth)))]));
            let quoted = serde_json::json!({"locals": {"x": format!("${{{text}}}")}});
            scan(&module(&[("a.tf.json", &quoted.to_string())]));
        }
    }
    let deep = format!("{{\"locals\": {{\"x\": {}", "[".repeat(100_000));
    assert_eq!(scan(&module(&[("a.tf.json", &deep)])).unreadable.len(), 1);
}

proptest::proptest! {
    #[test]
    fn no_content_makes_reading_panic(
        parts in proptest::collection::vec(
            proptest::sample::select(&[
                "x", " = ", "{", "}", "\n", "\"", "${", "%{", "é", "moved ", "<<E\n", "E\n", "(",
                ")", "[", "]", ":", ",", "\\", "# c", "/*", "file", "path.module", "1", "\r\n", "$",
            ][..]),
            0..40,
        )
    ) {
        let text = parts.concat();
        for name in ["a.tf", "a.tf.json"] {
            scan(&module(&[(name, &text)]));
            drop(without_state_blocks(name, text.as_bytes()));
        }
        drop(lock::providers(text.as_bytes()));
    }
}

#[test]
fn what_people_write_parses() {
    let text = r#"
/* block */ // line
locals {
  a = "$${not} %%{not} \u00e9 \"q\" ${"nested ${upper("x")}"}"
  b = <<-EOT
    %{~ for x in var.l ~}
    ${x}
    %{~ endfor ~}
    %{if true}y%{else}n%{endif}
  EOT
  c = <<EOT
raw "quotes" $${x}
EOT
  d = { for k, v in var.m : k => v... if v != null }
  e = var.a.0.b[*].c[0]["k"].*.d
  f = (
    var.x
    ? 1e5
    : -0.5
  )
  g = { "a b" : 1, (var.k) = 2, c = 3 }
  h = [for x in [1, 2] : x if x > 1 && !false || true]
  i = provider::aws::arn_parse("x")
  j = concat(var.a, var.b...)
  é = 1
  k-l = "a" # end
  m = a % b == c ? "${~ x ~}" : null
}
resource aws_x "y" {
  dynamic "z" { for_each = [] }
}"#;
    for text in [text.to_owned(), text.replace('\n', "\r\n")] {
        assert_eq!(scan(&module(&[("a.tf", &text)])).unreadable, []);
    }
}

#[test]
fn imports_are_known_by_the_block_they_fill() {
    let native = "import {\n  to = module.m[\"a.b\"].demo_file.x[each.key]\n  id = \"1\"\n}\n\
                  import {\n  for_each = var.all\n  to = demo_file.y\n  id = each.value\n}\n";
    let json = r#"{"import": [{"to": "demo_file.z[0]", "id": "1"}, {"id": "2"}]}"#;
    let files = [("a.tf", native), ("b.tf.json", json)];
    let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).into();
    let expected = ["*", "demo_file.y", "demo_file.z", "module.m.demo_file.x"];
    assert_eq!(scan(&files).imports.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_file_that_is_no_configuration_is_passed_over() {
    let facts = scan(&module(&[("main.tf", "variable \"a\" {}"), ("notes.txt", "{ not hcl")]));
    assert_eq!(facts.unreadable, []);
    assert_eq!(facts.variables.len(), 1);
}

#[test]
fn what_tells_the_working_directory_is_found_and_what_only_looks_so_is_not() {
    let told = |text: &str| scan(&module(&[("main.tf", text)])).tells_directory;
    let resource = |text: &str| told(&format!("resource \"a\" \"b\" {{\n {text}\n}}"));
    let here = BTreeSet::from([Within::Resource("a.b".to_owned())]);
    for text in [
        "x = path.cwd",
        "x = \"${path.cwd}/y\"",
        "x = abspath(path.module)",
        "x = [for p in [1] : core::abspath(\"y\")]",
        "y {\n x = upper(path . cwd)\n }",
        "x = templatefile(\"t\", { here = path.cwd })",
        "x = <<E\n${path.cwd}\nE",
    ] {
        assert_eq!(resource(text), here, "{text}");
    }
    for text in [
        "# path.cwd",
        "x = \"path.cwd abspath(y)\"",
        "x = \"$${path.cwd}\"",
        "x = path.module",
        "x = var.path.cwd",
        "x = path.root /* abspath(\"x\") */",
        "x = file(\"${path.cwd}/y\")",
        "x = other::abspath(\"y\")",
    ] {
        assert_eq!(resource(text), BTreeSet::new(), "{text}");
    }
    let elsewhere = BTreeSet::from([Within::Elsewhere]);
    assert_eq!(told("locals {\n x = path.cwd\n}"), elsewhere);
    assert_eq!(told("data \"a\" \"b\" {\n x = path.cwd\n}"), elsewhere);
    let json = r#"{"resource": {"a": {"b": {"x": "${abspath(\"y\")}", "y": "path.cwd"}}}}"#;
    assert_eq!(scan(&module(&[("main.tf.json", json)])).tells_directory, here);
}

#[test]
fn write_only_arguments_are_found_unless_they_are_written_out() {
    let text = r#"
resource "a" "b" {
  password_wo         = ephemeral.random_password.p.result
  password_wo_version = 1
  other_wo            = var.other
  plain_wo            = "written out"
  none_wo             = null
  inner {
    key_wo = var.key
  }
}
resource "a" "c" {
  x = 1
}"#;
    let found = scan(&module(&[("main.tf", text)])).write_only;
    let argument = |name: &str, has_version| WriteOnly { name: name.to_owned(), has_version };
    let expected = [("key_wo", false), ("other_wo", false), ("password_wo", true)];
    let expected = expected.map(|(name, has_version)| argument(name, has_version)).into();
    assert_eq!(found, BTreeMap::from([("a.b".to_owned(), expected)]));
}

#[test]
fn what_a_resource_ignores_is_read_so_that_it_can_be_written_again() {
    let ignored = |text: &str| {
        let text = format!("resource \"a\" \"b\" {{\n lifecycle {{\n {text}\n }}\n}}");
        scan(&module(&[("main.tf", &text)])).ignored.remove("a.b")
    };
    let these = |items: &[&str]| {
        Some(Ignored::These(items.iter().map(|item| (*item).to_owned()).collect()))
    };
    assert_eq!(ignored("prevent_destroy = true"), None);
    assert_eq!(ignored("ignore_changes = []"), these(&[]));
    assert_eq!(
        ignored("ignore_changes = [tags, # why\n tags[\"a b\"], x.y, l[0].z, \"old\", tags.c]"),
        these(&["tags", "tags[\"a b\"]", "x.y", "l[0].z", "old", "tags.c"])
    );
    assert_eq!(ignored("ignore_changes = all"), Some(Ignored::All));
    assert_eq!(ignored("ignore_changes = [x[var.y]]"), Some(Ignored::Unknown));
    assert_eq!(ignored("ignore_changes = var.x"), Some(Ignored::Unknown));
    let json =
        r#"{"resource": {"a": {"b": {"lifecycle": {"ignore_changes": ["t[\"k\"]", "x"]}}}}}"#;
    let json = scan(&module(&[("main.tf.json", json)])).ignored.remove("a.b");
    assert_eq!(json, these(&["t[\"k\"]", "x"]));
    let overridden = scan(&module(&[
        ("a.tf", "resource \"a\" \"b\" {\n lifecycle {\n ignore_changes = [x]\n }\n}"),
        ("b_override.tf", "resource \"a\" \"b\" {\n lifecycle {\n ignore_changes = [y]\n }\n}"),
    ]));
    assert_eq!(overridden.ignored.get("a.b").cloned(), these(&["y"]));
    let written = ignoring("a.b", &["x".to_owned(), "t[\"k\"]".to_owned()]).unwrap();
    let again = scan(&module(&[("main.tf", &written)])).ignored.remove("a.b");
    assert_eq!(again, these(&["x", "t[\"k\"]"]));
    assert_eq!(ignoring("not a block", &[]), None);
}
