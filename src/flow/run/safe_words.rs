//! A command's words as they may be recorded for ever: without the secrets that people type in them.
//!
//! A value is cut by the name that stands before it (`-var x=V`, `TF_VAR_x=V`, `DB_PASSWORD=V`,
//! `--token V`), by its shape (`Bearer V`, `scheme://user:V@`), and by every known value, also in a
//! script that is one word (`sh -c '…'`). A name says by itself whether it is secret. A secret that
//! has none of these is not found.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::codec::hcl::encryption::TF_ENCRYPTION;
use crate::engine::redact::{Redactor, is_secret_name};

/// Flags whose value is never recorded, even under a harmless name.
const GIVEN: [&str; 4] = ["-var", "--var", "-backend-config", "--backend-config"];

/// The mark that stands for a value.
const CUT: &str = "…";

/// A value: in quotes, or up to the end of the word of a shell.
const VALUE: &str = r#"("[^"]*"?|'[^']*'?|[^\s"';&|]+)"#;

/// `-var NAME=V`, and the same in one pair of quotes.
static GIVEN_INSIDE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let flag = r"--?(?:var|backend-config)(?:\s+|=)";
    let name = r"[\w.\-]+=";
    Regex::new(&format!(r#"({flag}"{name})([^"]*)|({flag}'{name})([^']*)|({flag}{name}){VALUE}"#))
        .ok()
});
/// `NAME=V` and `--name V`.
static NAMED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!(r"(-{{0,2}})([A-Za-z_][\w.\-]*)(=|\s+){VALUE}")).ok());
/// A word after which a credential stands, and the credential.
static SCHEMES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(authorization:|bearer|basic)\s+((?:(?:bearer|basic)\s+)?[^\s\x22']+)").ok()
});
/// The password of an address.
static ADDRESSES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"([a-zA-Z][\w+.\-]*://[^\s:/@]*:)([^\s@]+)@").ok());

/// The words without the values of variables, and without what is secret.
pub fn safe_words(words: &[String], redactor: &Redactor) -> Vec<String> {
    let mut before = "";
    let mut safe = Vec::with_capacity(words.len());
    for word in words {
        let is_flag = word.starts_with('-');
        let flag = std::mem::replace(&mut before, word);
        let has_value = flag.starts_with('-') && !flag.contains(['=', ' ']) && !is_flag;
        safe.push(match word.split_once('=') {
            Some((name, _)) if has_value && GIVEN.contains(&flag) => format!("{name}={CUT}"),
            None if has_value && GIVEN.contains(&flag) => CUT.to_owned(),
            // What such a flag has is secret as a whole: base64 ends in `=`.
            _ if has_value && is_secret(flag.trim_start_matches('-')) => CUT.to_owned(),
            _ => safe_word(&redactor.text(word)),
        });
    }
    safe
}

/// One word, which may be a whole script.
fn safe_word(word: &str) -> String {
    let whole = word.split_once('=').filter(|(name, _)| {
        let name = name.trim_start_matches('-');
        !name.contains(char::is_whitespace) && is_secret(name)
    });
    if let Some((name, _)) = whole {
        return format!("{name}={CUT}");
    }
    // A configuration with quotes of its own, within the shell's: nothing tells where it ends.
    if let Some((before, _)) = word.split_once(&format!("{TF_ENCRYPTION}=")) {
        return format!("{}{TF_ENCRYPTION}={CUT}", safe_word(before));
    }
    if let Some((flag, (name, _))) = word.split_once('=').and_then(|(flag, rest)| {
        Some((flag, rest.split_once('=')?)).filter(|(flag, _)| GIVEN.contains(flag))
    }) {
        return format!("{flag}={name}={CUT}");
    }
    let text = replaced(&GIVEN_INSIDE, word, |found| {
        let before = found.get(1).or_else(|| found.get(3)).or_else(|| found.get(5));
        before.map(|before| format!("{}{CUT}", before.as_str()))
    });
    let text = replaced(&NAMED, &text, |found| {
        let [dashes, name, between] = [1, 2, 3].map(|n| found.get(n).map_or("", |m| m.as_str()));
        // Without dashes only `=` gives a name its value.
        let is_given = between == "=" || !dashes.is_empty();
        let value = found.get(4).map_or("", |value| value.as_str());
        let is_cut = is_given && is_secret(name) && !value.starts_with('-');
        is_cut.then(|| format!("{dashes}{name}{between}{CUT}"))
    });
    let text = replaced(&SCHEMES, &text, |found| Some(format!("{} {CUT}", found.get(1)?.as_str())));
    replaced(&ADDRESSES, &text, |found| Some(format!("{}{CUT}@", found.get(1)?.as_str())))
}

fn is_secret(name: &str) -> bool {
    name == TF_ENCRYPTION || name.starts_with("TF_VAR_") || is_secret_name(name)
}

/// The text with what fits replaced, where something is to be put in its place. An overlapping one
/// that begins in a match that stays is found, too.
fn replaced(
    pattern: &LazyLock<Option<Regex>>,
    text: &str,
    with: impl Fn(&Captures<'_>) -> Option<String>,
) -> String {
    let Some(pattern) = pattern.as_ref() else { return CUT.to_owned() };
    let mut made = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| pattern.captures(rest)) {
        let Some(whole) = found.get(0) else { break };
        let rest = text.get(at..).unwrap_or_default();
        made.push_str(rest.get(..whole.start()).unwrap_or_default());
        let end = if let Some(other) = with(&found) {
            made.push_str(&other);
            whole.end()
        } else {
            // A name is passed as a whole: its end is no name.
            let next = rest.get(whole.start()..).unwrap_or_default();
            let first = next.chars().next().map_or(1, char::len_utf8);
            let name = next.find(|c: char| !(c.is_alphanumeric() || "_.-".contains(c)));
            let step = name.unwrap_or(next.len()).max(first);
            made.push_str(next.get(..step).unwrap_or_default());
            whole.start() + step
        };
        at += end.max(1);
    }
    made.push_str(text.get(at..).unwrap_or_default());
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    fn safe(words: &[&str]) -> Vec<String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        safe_words(&words, &Redactor::default())
    }

    #[test]
    fn an_encryption_among_the_words_is_cut_with_all_that_follows_it() {
        let keys = r#"TF_ENCRYPTION=key_provider "pbkdf2" "k" { passphrase = "correct-horse" }"#;
        assert_eq!(safe(&["env", keys, "tofu"]), ["env", "TF_ENCRYPTION=…", "tofu"]);
        let script = r#"set -e; export TF_ENCRYPTION="k \"p\" \"k\" { passphrase = \"horse\" }""#;
        let cut = "set -e; export TF_ENCRYPTION=…";
        assert_eq!(safe(&["sh", "-c", script]), ["sh", "-c", cut]);
    }

    #[test]
    fn values_of_variables_are_no_part_of_the_record() {
        let words = [
            "terraform",
            "apply",
            "-var",
            "p=secret",
            "-var=q=secret",
            "-var-file=x",
            "-var",
            "odd",
            "-lock=false",
            "-backend-config=conn_str=postgres://u:secret@h/db",
        ];
        let expected = [
            "terraform",
            "apply",
            "-var",
            "p=…",
            "-var=q=…",
            "-var-file=x",
            "-var",
            "…",
            "-lock=false",
            "-backend-config=conn_str=…",
        ];
        assert_eq!(safe(&words), expected);
    }

    #[test]
    fn secrets_are_cut_by_name_and_by_shape_in_words_and_in_scripts() {
        for (words, expected) in [
            (
                &["env", "TF_VAR_x=a b", "AWS_SECRET_ACCESS_KEY=k"][..],
                "env TF_VAR_x=… AWS_SECRET_ACCESS_KEY=…",
            ),
            (&["make", "DB_PASSWORD=x", "COUNT=3"], "make DB_PASSWORD=… COUNT=3"),
            (&["./d", "--token", "abc", "--password=x y"], "./d --token … --password=…"),
            (&["./d", "--token", "c2VjcmV0cw=="], "./d --token …"),
            (&["./d", "--token", "--dry-run"], "./d --token --dry-run"),
            (&["curl", "https://user:pw@h/x"], "curl https://user:…@h/x"),
            (&["curl", "-H", "Authorization: Bearer abc"], "curl -H Authorization: …"),
            (
                &[
                    "sh",
                    "-c",
                    "A=1 TF_VAR_p=v terraform apply -var x=1 -var \"y=2 3\" -var='z=4' --token t; echo ok",
                ],
                "sh -c A=1 TF_VAR_p=… terraform apply -var x=… -var \"y=…\" -var='z=…' --token …; echo ok",
            ),
            (
                &[
                    "sh",
                    "-c",
                    "init -backend-config=password=n -backend-config \"c=postgres://u:o@h\" password=\"a b\"",
                ],
                "sh -c init -backend-config=password=… -backend-config \"c=…\" password=…",
            ),
            (
                &["terraform", "apply", "-auto-approve", "-target=a.token"],
                "terraform apply -auto-approve -target=a.token",
            ),
        ] {
            assert_eq!(safe(words).join(" "), expected);
        }
    }

    #[test]
    fn a_known_value_is_cut_wherever_it_stands() {
        let known = Redactor::default()
            .with_values([&crate::model::value::Value::Text("hunter22".to_owned())]);
        let words = ["sh", "-c", "echo hunter22"].map(str::to_owned);
        assert_eq!(safe_words(&words, &known)[2], "echo (sensitive)");
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_typed_a_value_with_a_secret_name_is_cut(
            before in "[a-z =\"'-]{0,12}",
            name in proptest::sample::select(&["DB_PASSWORD", "TF_VAR_x", "api_token", "clientSecret"][..]),
            after in "[a-z =\"'-]{0,12}",
        ) {
            let script = format!("{before} {name}=canary123 {after}");
            let text = safe(&["sh", "-c", &script]).join(" ");
            proptest::prop_assert!(!text.contains("canary123"), "{script} → {text}");
        }
    }
}
