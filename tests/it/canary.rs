//! Twenty-five secrets are planted in real applies, and then everything is looked at: what every
//! verb prints and says, what children are started with, what lies in plain text in the store, and
//! what is left in the temporary directory. Blobs are states and plans, and do hold them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Value, json};

use crate::support::remote::Remote;
use crate::support::stage::{Ran, Stage};

/// The password of the loopback backend.
const BACKEND: &str = "pass-word-canary";

/// The beginning of each secret; its version follows.
const PLANTED: [(&str, &str); 25] = [
    ("plain", "canary01-plain-attribute"),
    ("env", "canary02-from-environment"),
    ("file", "canary03-from-tfvars"),
    ("flag", "canary04-from-flag"),
    ("output", "canary05-output"),
    ("copied", "canary06-unmarked-copy"),
    ("json", "canary07-in-\"json\""),
    ("base64", "canary08-in-base64"),
    ("url", "canary09 a/b+c&d=é"),
    ("pem", "MIICanary10IBADANBgkqhkiG9w0BAQEFAASC"),
    ("tag", "canary11-tag-key"),
    ("each", "canary12-each-key"),
    ("provisioner", "canary13-provisioner"),
    ("path", "canary14-path"),
    ("data", "canary15-data-source"),
    ("backend", BACKEND),
    ("passed", "canary17-passed-on"),
    ("planned", "canary18-only-planned"),
    ("drifted", "canary19-hand-edit"),
    ("reason", "canary20-in-a-reason"),
    ("number", "918273645"),
    ("special", "canary22 \"q\" <b> %41 \\n ü\u{1f511} $"),
    ("listed", "canary23-list-element"),
    ("nested", "canary24-nested-value"),
    ("key", "canary25-key-of-a-map"),
];

fn stem(name: &str) -> &'static str {
    PLANTED.iter().find(|(known, _)| *known == name).unwrap().1
}

/// The secrets of one version of the configuration.
fn planted(version: &str) -> Value {
    let value = |name: &str| format!("{}{version}", stem(name));
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n{}\n-----END PRIVATE KEY-----\n",
        value("pem"),
        "AgEAAoIBAQC7".repeat(4)
    );
    let names = [
        "plain",
        "file",
        "output",
        "copied",
        "json",
        "base64",
        "url",
        "provisioner",
        "special",
        "listed",
        "nested",
        "key",
    ];
    let mut all: serde_json::Map<String, Value> =
        names.into_iter().map(|name| (name.to_owned(), value(name).into())).collect();
    all.insert("pem".to_owned(), pem.into());
    all.insert("number".to_owned(), format!("{}{}", stem("number"), version.len()).into());
    for name in ["tag", "each", "path"] {
        all.insert(name.to_owned(), stem(name).into());
    }
    Value::Object(all)
}

/// Every way in which a secret could be written: as it is, and as others write it.
fn forms(secret: &str) -> BTreeSet<String> {
    let quoted = |text: &str| {
        let quoted = Value::from(text).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    };
    let percent = percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC);
    // As urlencode of Terraform leaves them.
    let percent = percent.to_string().replace("%2D", "-").replace("%5F", "_").replace("%2E", ".");
    let html =
        quoted(secret).replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    let mut forms = BTreeSet::from([
        secret.to_owned(),
        quoted(secret),
        quoted(&quoted(secret)),
        html.clone(),
        quoted(&html),
        percent.replace("%20", "+"),
        percent,
    ]);
    for (before, cut) in [("", 0), ("x", 2), ("xy", 3)] {
        let whole = format!("{before}{secret}");
        let code = STANDARD_NO_PAD.encode(&whole);
        // What other characters have no part in.
        let core = &code[cut..whole.len() * 8 / 6];
        forms.insert(core.to_owned());
        forms.insert(core.replace('+', "-").replace('/', "_"));
    }
    forms
}

/// The texts that a person could read, each with its place.
#[derive(Default)]
struct Sinks(Vec<(String, String)>);

impl Sinks {
    fn add(&mut self, place: &str, text: impl Into<String>) {
        self.0.push((place.to_owned(), text.into()));
    }

    /// The secrets that can be read, each with its place and a line of it.
    fn leaks(&self) -> String {
        let mut leaks = String::new();
        for (name, secret) in PLANTED {
            for form in forms(secret) {
                for (place, text) in &self.0 {
                    if let Some(line) = text.lines().find(|line| line.contains(&form)) {
                        let line: String = line.chars().take(300).collect();
                        writeln!(leaks, "{name} as {form:?} in {place}: {line}").unwrap();
                    }
                }
            }
        }
        leaks
    }
}

/// The configuration in which each of them stands; VERSION changes, STAGE is where it all lies.
const CONFIGURATION: &str = r#"
variable "planted" {
  type      = any
  sensitive = true
}
variable "by_env" { sensitive = true }
variable "by_flag" { sensitive = true }
locals {
  told = nonsensitive(var.planted)
}
data "terraform_remote_state" "up" {
  backend = "local"
  config  = { path = "STAGE/up.tfstate" }
}
resource "terraform_data" "vault" {
  input = {
    copied = var.planted.copied, json = var.planted.json, base64 = var.planted.base64
    url = var.planted.url, pem = var.planted.pem, tag = var.planted.tag, each = var.planted.each
    provisioner = var.planted.provisioner, path = var.planted.path, special = var.planted.special
    n = { a = [{ b = var.planted.nested }] }
    read = sensitive(data.terraform_remote_state.up.outputs.api_token)
  }
}
resource "terraform_data" "by" {
  input = [var.by_env, var.by_flag, var.planted.file, sensitive(tonumber(local.told.number))]
}
resource "demo_file" "plain" {
  path    = "plain.txt"
  content = "VERSION"
  secret  = var.planted.plain
  lines   = ["a", var.planted.listed]
}
resource "demo_file" "keys" {
  path   = "keys.txt"
  labels = sensitive({ (local.told.key) = "VERSION" })
}
resource "demo_file" "encoded" {
  path    = "encoded.txt"
  content = join("\n", [
    jsonencode({ a = local.told.json, b = jsonencode({ c = local.told.special }) }),
    base64encode("user:${local.told.base64}"), base64encode(jsonencode([local.told.json])),
    urlencode(local.told.url), "p=${local.told.special}", split("\n", local.told.pem)[1],
  ])
  labels = { (local.told.tag) = "VERSION", plain = base64encode(local.told.pem) }
}
resource "demo_file" "named" {
  path    = "${local.told.path}.txt"
  content = "VERSION"
}
resource "demo_file" "each" {
  for_each = toset([local.told.each])
  path     = "each.txt"
  content  = "VERSION ${each.key}"
}
resource "terraform_data" "bye" {
  input            = { flag = "STAGE/allow", word = local.told.provisioner }
  triggers_replace = [local.told.provisioner]
  provisioner "local-exec" {
    when    = destroy
    command = "echo bye $AWS_SECRET_ACCESS_KEY ${self.input.word}; test -e ${self.input.flag}"
  }
}
output "secret" {
  value     = var.planted.output
  sensitive = true
}
output "url" {
  value = "https://example.org/?q=${urlencode(local.told.url)}"
}
"#;

fn configuration(stage: &Stage, remote: &Remote, version: &str) -> String {
    let stage_path = stage.path().display().to_string();
    CONFIGURATION.replace("VERSION", version).replace("STAGE", &stage_path) + &remote.backend()
}

/// A Terraform that writes down what it is started with: arguments, and names of variables.
fn watched(stage: &Stage) -> String {
    let path = stage.path().join("watched-terraform");
    let log = stage.path().join("children.log");
    let text = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >> {log}\nenv | sed 's/=.*//' >> {log}\nexec terraform \"$@\"\n",
        log = log.display()
    );
    std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), text.as_bytes()).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

struct Planting {
    stage: Stage,
    remote: Remote,
    terraform: String,
    sinks: Sinks,
}

impl Planting {
    fn new() -> Self {
        let mut stage = Stage::with("");
        stage.set("AWS_SECRET_ACCESS_KEY", stem("passed"));
        stage.set("TF_IN_AUTOMATION", "1");
        let (remote, terraform) = (Remote::start(), watched(&stage));
        Self { stage, remote, terraform, sinks: Sinks::default() }
    }

    /// Changes every secret and what else there is.
    fn set(&mut self, version: &str) {
        self.stage.set("TF_VAR_by_env", &format!("{}{version}", stem("env")));
        let text = json!({"planted": planted(version)}).to_string();
        self.stage.write("terraform.tfvars.json", &text);
        self.stage.configure(&configuration(&self.stage, &self.remote, version));
    }

    fn up(&self, token: &str) {
        let state = json!({"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "up",
            "outputs": {"api_token": {"value": token, "type": "string"}}, "resources": []});
        self.stage.write("../up.tfstate", &state.to_string());
    }

    fn flag(version: &str) -> String {
        format!("by_flag={}{version}", stem("flag"))
    }

    fn apply(&self, version: &str) -> Ran {
        let flag = Self::flag(version);
        self.stage.terraform(&[
            "apply",
            "-auto-approve",
            "-no-color",
            "-input=false",
            "-var",
            &flag,
        ])
    }

    /// Runs unapply as a person and as a script would, keeps what it says, and gives the last.
    fn run(&mut self, version: &str, arguments: &[&str], formats: &[&[&str]]) -> Ran {
        let flag = Self::flag(version);
        let mut last = None;
        for format in formats {
            let base = ["--tf-bin", &self.terraform.clone(), "--var", &flag];
            let ran = self.stage.unapply(&[&base[..], arguments, format].concat());
            let place = format!("{} {}", arguments.join(" "), format.join(" "));
            // Arguments of ours are no sink: somebody else typed them.
            self.sinks.add(&format!("stdout of {place} ({})", ran.code), ran.stdout.clone());
            self.sinks.add(&format!("stderr of {place}"), ran.stderr.clone());
            self.sinks.add("temporary names", names_in(&self.stage.path().join("tmp")));
            last = Some(ran);
        }
        last.unwrap()
    }
}

fn names_in(directory: &std::path::Path) -> String {
    let mut names = String::new();
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        writeln!(names, "{}", entry.path().display()).unwrap();
        if entry.file_type().unwrap().is_dir() {
            names.push_str(&names_in(&entry.path()));
        }
    }
    names
}

const ONCE: &[&[&str]] = &[&[]];
const BOTH: &[&[&str]] = &[&[], &["--json"]];
const VERBOSE: &[&[&str]] = &[&["-v"], &["--json"]];
const ALL: &[&[&str]] = &[&[], &["-v"], &["--json"], &["-o", "ndjson"]];

#[test]
fn no_planted_secret_is_anywhere_but_in_the_state() {
    let mut planting = Planting::new();
    good(&mut planting);
    gone_wrong(&mut planting);
    looked_at(&mut planting);
    reverted(&mut planting);
    let Planting { stage, mut sinks, .. } = planting;
    sinks.add("the log", stage.log_text());
    sinks.add("children", std::fs::read_to_string(stage.path().join("children.log")).unwrap());
    sinks.add("names in the store", names_in(&stage.stack().join(".unapply")));
    sinks.add("names that were left over", names_in(&stage.path().join("tmp")));
    let leaks = sinks.leaks();
    assert!(leaks.is_empty(), "{} leaks:\n{leaks}", leaks.lines().count());
}

fn good(planting: &mut Planting) {
    planting.up(stem("data"));
    planting.set("-one");
    let password = format!("-backend-config=password={BACKEND}");
    let init = ["init", "-no-color", "-input=false", "-backend-config=username=user", &password];
    planting.stage.terraform(&init).expect(0);
    planting.apply("-one").expect(0);
    planting.run("-one", &["init"], ONCE).expect(0);
    planting.run("-one", &["mark", "good", "--verify"], ONCE).expect(0);
    // The test is worth nothing unless all of them are there, and can be found.
    let raw = planting.stage.unapply(&["show", "good", "--raw-state"]).expect(0);
    let mut seen = Sinks::default();
    seen.add("state", raw.stdout);
    let found = seen.leaks();
    let not_in_state = ["backend", "passed", "planned", "drifted", "reason"];
    for (name, _) in PLANTED.iter().filter(|(name, _)| !not_in_state.contains(name)) {
        assert!(found.contains(&format!("{name} as ")), "{name} is not in the state");
    }
}

fn gone_wrong(planting: &mut Planting) {
    planting.run("-one", &["snapshot", "--reason", "before"], BOTH).expect(0);
    planting.set("-two");
    planting.stage.write("../allow", "");
    planting.stage.fault("create-after:late.txt");
    let late = "resource \"demo_file\" \"late\" {\n  path = \"late.txt\"\n  secret = \
                var.planted.plain\n}\n";
    let main = std::fs::read_to_string(planting.stage.stack().join("main.tf")).unwrap();
    planting.stage.write("main.tf", &(main + late));
    planting.apply("-two").expect(1);
    planting.stage.fault("");
    planting.run("-two", &["snapshot"], BOTH).expect(0);
}

fn looked_at(planting: &mut Planting) {
    let world = planting.stage.world().join("plain.txt");
    let text = std::fs::read_to_string(&world).unwrap();
    let edited = text.replace(&format!("{}-two", stem("plain")), stem("drifted"));
    assert_ne!(edited, text, "the edit is made");
    planting.stage.edit("plain.txt", &edited);
    planting.stage.edit("each.txt", "edited by hand, under a secret key");
    planting.stage.edit("keys.txt", "\n--- labels ---\nanother=key\n");
    for arguments in [&["status"][..], &["history"], &["diff"], &["diff", "--show-hidden"]] {
        planting.run("-two", arguments, ALL).expect(0);
    }
    planting.run("-two", &["diff", "1..@", "--stat"], ONCE).expect(0);
    planting.run("-two", &["show", "good"], BOTH).expect(0);
    let each = format!("demo_file.each[\"{}\"]", stem("each"));
    for address in [
        "terraform_data.vault",
        "terraform_data.by",
        "demo_file.plain",
        "demo_file.keys",
        "demo_file.encoded",
        "demo_file.named",
        "terraform_data.bye",
        &each,
        "data.terraform_remote_state.up",
    ] {
        planting.run("-two", &["show", "@-", "--resource", address], BOTH).expect(0);
    }
    planting.run("-two", &["show", "@-", "--files"], ONCE).expect(0);
    planting.run("-two", &["drift"], VERBOSE).expect(0);
    planting.run("-two", &["drift", "list"], BOTH).expect(0);
    planting.run("-two", &["drift", "show", "demo_file.plain"], BOTH).expect(0);
    let reason = format!("set it to {} by hand", stem("drifted"));
    let record = ["fix", "record", "demo_file.plain", "--reason", &reason];
    planting.run("-two", &record, ONCE).expect(0);
    planting.run("-two", &["fix", "list"], ALL).expect(0);
    planting.run("-two", &["diff", "--resource", "demo_file.*"], BOTH).expect(0);
}

fn reverted(planting: &mut Planting) {
    planting.up(stem("planned"));
    std::fs::remove_file(planting.stage.path().join("allow")).unwrap();
    planting.run("-two", &["revert", "--plan-only"], VERBOSE).expect(0);
    planting.run("-two", &["revert", "--yes"], ONCE).expect(15);
    let hazards = [
        "--allow",
        "overwrites-fix=*",
        "--allow",
        "unknown-origin=*",
        "--allow",
        "variable-changed=*",
        "--allow",
        "moved-input=*",
        "--allow",
        "destroys-data=*",
        "--allow",
        "collateral=*",
        "--allow",
        "replaces-data=*",
        "--allow",
        "older-drift=*",
    ];
    let reason = format!("back from {}-two", stem("plain"));
    let reason = ["--reason", &reason];
    let revert = [&["revert", "--yes"][..], &hazards, &reason].concat();
    // A provider that refuses, and a provisioner that fails and says what it knows.
    planting.stage.fault(&format!("update:{}.txt,update:each.txt", stem("path")));
    let failed = planting.run("-one", &revert, ONCE).expect(1);
    assert!(failed.stderr.contains("bye "), "the provisioner is heard: {}", failed.stderr);
    planting.stage.fault("");
    planting.stage.write("../allow", "");
    planting.run("-two", &revert, &[&["--json"]]);
    let now = planting.run("-two", &["history"], ALL).expect(0).stdout;
    assert!(now.contains("revert"), "{now}");
    for revision in 1..=planting.stage.log_text().matches("\"seq\":").count() {
        planting.run("-two", &["show", &revision.to_string()], BOTH).expect(0);
    }
    planting.run("-two", &["fix", "list"], BOTH).expect(0);
    planting.run("-two", &["check", "--read-data"], BOTH).expect(0);
    planting.run("-two", &["show", "99"], BOTH).expect(13);
    planting.run("-two", &["revert", "@-"], BOTH);
    let reason = format!("{}-one", stem("plain"));
    planting.run("-two", &["mark", "bad", "good", "--reason", &reason], BOTH);
    planting.stage.write("terraform.tfvars.json", "{\"planted\": ");
    planting.run("-two", &["drift"], BOTH);
}
