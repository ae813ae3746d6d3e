//! Tests of the facts about an encryption, and of its override. No engine is asked.

use super::*;
use crate::codec::hcl::scan;

const KEY: &str = "key_provider \"pbkdf2\" \"k\" {\n  passphrase = \"correct-horse-battery\"\n  \
                   hash_function = \"sha512-and-more\"\n}\nmethod \"aes_gcm\" \"m\" {\n  keys = \
                   key_provider.pbkdf2.k\n}\nmethod \"unencrypted\" \"u\" {}\n";

fn block(inside: &str) -> String {
    format!("terraform {{\n  encryption {{\n{KEY}{inside}\n  }}\n}}\n")
}

fn files(all: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
    all.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
}

#[test]
fn state_and_plans_are_encrypted_each_for_itself() {
    let targets = |state, plan| EncryptionTargets { state, plan };
    let native = |inside: &str| scan(&files(&[("a.tf", &block(inside))])).encrypts;
    for (inside, expected) in [
        ("", targets(None, None)),
        ("state {\n method = method.aes_gcm.m\n}", targets(Some(true), None)),
        ("plan {\n method = method.aes_gcm.m\n}", targets(None, Some(true))),
        ("state {\n method = method.unencrypted.u\n}", targets(Some(false), None)),
        (
            "state {\n method = method.aes_gcm.m\n fallback {\n method = method.unencrypted.u\n}\n}",
            targets(Some(true), None),
        ),
        (
            "remote_state_data_sources {\n default {\n method = method.aes_gcm.m\n}\n}",
            targets(None, None),
        ),
        ("state {\n enforced = true\n}", targets(Some(true), None)),
    ] {
        assert_eq!(native(inside), expected, "{inside}");
    }
    let json = |method: &str| {
        let text =
            format!(r#"{{"terraform": {{"encryption": {{"state": {{"method": "{method}"}}}}}}}}"#);
        scan(&files(&[("a.tf.json", &text)])).encrypts.state
    };
    assert_eq!(json("${method.aes_gcm.m}"), Some(true));
    assert_eq!(json("method.unencrypted.u"), Some(false));
    let both = files(&[
        ("a.tf", &block("state {\n method = method.aes_gcm.m\n}")),
        ("b_override.tf", &block("state {\n method = method.unencrypted.u\n}")),
    ]);
    assert_eq!(scan(&both).encrypts.state, Some(false), "an override has the last word");
    for text in
        ["state {\n method = method.aes_gcm.m\n}", r#"{"state": {"method": "method.aes_gcm.m"}}"#]
    {
        let with = with_encryption_variable(both.clone(), text);
        assert_eq!(scan(&with).encrypts.state, Some(true), "the environment's is after it: {text}");
    }
    assert_eq!(with_encryption_variable(both.clone(), " \n"), both);
}

#[test]
fn the_texts_of_key_providers_are_keys_and_what_they_are_made_of_too() {
    let texts = |facts: &crate::codec::hcl::ModuleFacts| {
        let texts = facts.key_texts.iter();
        texts.map(|text| text.reveal_for_terraform().clone()).collect::<Vec<_>>()
    };
    assert_eq!(texts(&scan(&files(&[("a.tf", &block(""))]))), ["correct-horse-battery"]);
    let json = r#"{"key_provider": {"static": {"k": {"key": "6f6f706830656f67"}}}}"#;
    let facts = scan(&with_encryption_variable(BTreeMap::new(), json));
    assert_eq!(texts(&facts), ["6f6f706830656f67"]);
    let by_names = "variable \"w\" {\n  default = \"word-by-default\"\n}\nlocals {\n  l = \
                    \"${var.w}-local-word\"\n  other = \"another-word\"\n}\nterraform {\n  \
                    encryption {\n    key_provider \"pbkdf2\" \"k\" {\n      passphrase = \
                    \"${local.l}-abc\"\n    }\n  }\n}\n";
    let facts = scan(&files(&[("a.tf", by_names)]));
    assert_eq!(texts(&facts), ["-local-word", "word-by-default"]);
    assert_eq!(facts.key_variables.into_iter().collect::<Vec<_>>(), ["w"]);
}

/// The keys and the variables of keys that a key provider with these arguments has.
fn keys_of(arguments: &str, rest: &str) -> (Vec<String>, Vec<String>) {
    let text = format!(
        "terraform {{\n encryption {{\n key_provider \"p\" \"k\" {{\n{arguments}\n}}\n}}\n}}\n{rest}"
    );
    let facts = scan(&files(&[("a.tf", &text)]));
    assert!(facts.unreadable.is_empty(), "{text}");
    let texts = facts.key_texts.iter().map(|text| text.reveal_for_terraform().clone());
    (texts.collect(), facts.key_variables.into_iter().collect())
}

#[test]
fn arguments_that_hold_no_key_give_none() {
    for arguments in [
        "command = [\"/opt/keys/production\", \"production\"]",
        "kms_key_id = \"alias/production\"\nregion = var.region",
        "encryption_context = { stage = \"production\" }",
        "passphrase = file(\"keys/production.txt\")",
        "client_secret_file_path = \"/run/production\"",
        "assume_role = { role_arn = \"arn:production\" }",
    ] {
        assert_eq!(keys_of(arguments, ""), (Vec::new(), Vec::new()), "{arguments}");
    }
}

#[test]
fn a_key_is_found_in_any_place_of_its_value_and_a_text_that_chooses_one_is_none() {
    for (arguments, keys, variables) in [
        ("key = \"6f6f706830656f67\"", &["6f6f706830656f67"][..], &[][..]),
        (
            "assume_role_with_web_identity = { web_identity_token = \"web-token\" }",
            &["web-token"],
            &[],
        ),
        ("assume_role {\n token = \"session-token\"\n}", &["session-token"], &[]),
        ("passphrase = sha256(\"some-words\")", &["some-words"], &[]),
        ("passphrase = var.keys[\"production\"]", &[], &["keys"]),
        ("passphrase = var.keys[var.stage]", &[], &["keys"]),
        (
            "passphrase = lookup(var.keys, \"production\", \"by-default\")",
            &["by-default"],
            &["keys"],
        ),
        (
            "passphrase = var.stage == \"production\" ? var.a : \"of-a-test\"",
            &["of-a-test"],
            &["a"],
        ),
        ("passphrase = local.chosen", &["of-local"], &["b"]),
    ] {
        let rest = "locals {\n  chosen = var.stage == \"production\" ? var.b : \"of-local\"\n}\n";
        let (found, named) = keys_of(arguments, rest);
        assert_eq!(
            (found.as_slice(), named.as_slice()),
            (keys_as(keys).as_slice(), keys_as(variables).as_slice()),
            "{arguments}"
        );
    }
    let json = r#"{"key_provider": {"aws_kms": {"k": {"kms_key_id": "alias/production",
        "assume_role_with_web_identity": {"web_identity_token": "web-token"}}}}}"#;
    let facts = scan(&with_encryption_variable(BTreeMap::new(), json));
    let texts = facts.key_texts.iter().map(|text| text.reveal_for_terraform().clone());
    assert_eq!(texts.collect::<Vec<_>>(), ["web-token"]);
}

fn keys_as(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn what_the_environment_says_stays_there_under_the_names_of_today() {
    let files = files(&[("a.tf", "variable \"p\" {\n  type = string\n}\n")]);
    let written =
        |said: &str| encryption_override(&with_encryption_variable(files.clone(), said), "zz");
    let plain = "key_provider \"pbkdf2\" \"k\" {\n  passphrase = \"correct-horse-battery\"\n}";
    assert_eq!(written(plain), EncryptionOverride::default(), "it can stay as it is");
    for said in [
        "key_provider \"pbkdf2\" \"k\" {\n  passphrase = \"${var.p}-horse-battery\"\n}",
        r#"{"key_provider": {"pbkdf2": {"k": {"passphrase": "${var.p}-horse-battery"}}}}"#,
    ] {
        let found = written(said);
        assert!(found.overrides.is_empty() && !found.declarations.contains("horse"), "{found:?}");
        assert!(found.declarations.contains("unapply_today_p"), "{found:?}");
        let text = found.variable.unwrap().reveal_for_terraform().clone();
        assert!(text.contains("${var.unapply_today_p}-horse-battery"), "{text}");
        let again = scan(&with_encryption_variable(BTreeMap::new(), &text));
        assert!(again.unreadable.is_empty() && again.key_variables.contains("unapply_today_p"));
    }
}

#[test]
fn what_is_needed_before_a_plan_is_told() {
    let text = "terraform {\n  backend \"b\" {\n    path = local.l\n  }\n}\nlocals {\n  l = \
                var.a\n}\nmodule \"m\" {\n  source = var.b\n  c = var.c\n}\noutput \"o\" {\n  value \
                = var.d\n}\n";
    let early = scan(&files(&[("a.tf", text)])).early;
    assert_eq!(early.into_iter().collect::<Vec<_>>(), ["a", "b"]);
    let variable = "key_provider \"pbkdf2\" \"k\" {\n  passphrase = var.p\n}";
    let early = scan(&with_encryption_variable(BTreeMap::new(), variable)).early;
    assert_eq!(early.into_iter().collect::<Vec<_>>(), ["p"]);
}

#[test]
fn another_configuration_encrypts_the_same_way_with_values_of_its_own() {
    let text = "variable \"p\" {\n  type = string\n}\nlocals {\n  l = \"${var.p}-x\"\n}\nterraform \
                {\n  encryption {\n    key_provider \"pbkdf2\" \"k\" {\n      passphrase = \
                local.l\n    }\n  }\n}\n";
    let over = r#"{"terraform": {"encryption": {"key_provider": {"pbkdf2": {"k":
        {"passphrase": "${var.q}", "iterations": 300000}}}}}, "variable": {"q": {"type": "string",
        "default": "d"}}}"#;
    let written =
        encryption_override(&files(&[("a.tf", text), ("b_override.tf.json", over)]), "zz_e");
    let names: Vec<&str> = written.overrides.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["zz_e_00_override.tf", "zz_e_01_override.tf.json"]);
    let contents: String = written.overrides.iter().map(|(_, text)| text.as_str()).collect();
    assert!(contents.contains("passphrase = local.unapply_today_l"), "{contents}");
    assert!(contents.contains(r#""passphrase":"${var.unapply_today_q}""#), "{contents}");
    assert!(contents.contains("300000"), "{contents}");
    let declared = &written.declarations;
    assert!(declared.contains("unapply_today_l = \"${var.unapply_today_p}-x\""), "{declared}");
    assert!(
        declared.contains("variable \"unapply_today_p\" {\n  sensitive = true\n  type = string\n}")
    );
    assert!(declared.contains("variable \"unapply_today_q\" {\n  default = \"d\"\n"), "{declared}");
    let variables: Vec<(&str, &str)> =
        written.variables.iter().map(|(name, other)| (name.as_str(), other.as_str())).collect();
    assert_eq!(variables, [("p", "unapply_today_p"), ("q", "unapply_today_q")]);
    assert_eq!(encryption_override(&files(&[("a.tf", "")]), "zz_e"), EncryptionOverride::default());
}

#[test]
fn an_override_can_say_that_nothing_is_encrypted() {
    let over = clear_override(EncryptionTargets { state: Some(false), plan: None });
    let with = files(&[
        ("a.tf", &block("state {\n method = method.aes_gcm.m\n}")),
        ("z_override.tf", &over),
    ]);
    let encrypts = scan(&with).encrypts;
    assert_eq!((encrypts.state, encrypts.plan), (Some(false), None));
}
