//! Names that say that a value is secret, whatever Terraform says.
//!
//! A name is read word by word in any spelling (`clientSecret`, `CLIENT_SECRET`, `client-secret`).
//! One that ends in what a secret *has*, such as its id, its length or when it expires, is no
//! secret: without that, half of a screen would be blank. Values are not looked at here.

#![expect(clippy::disallowed_types, reason = "names are looked up and never put out in any order")]

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use foldhash::fast::RandomState;

/// Words that make a name secret, wherever they stand in it; written without separators.
const SECRET_WORDS: [&str; 21] = [
    "accesskey",
    "accountkey",
    "apikey",
    "certificatekey",
    "connectionstring",
    "credential",
    "dockerconfigjson",
    "htpasswd",
    "kubeconfig",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "pgpass",
    "privatekey",
    "secret",
    "sessionkey",
    "sharedkey",
    "signingkey",
    "token",
    "webhookkey",
];

/// Words that make a name secret only when they stand for themselves: `sas` is also in `disaster`.
const WHOLE_WORDS: [&str; 3] = ["psk", "pwd", "sas"];

/// Last words that say that a name is of something that a secret has, or that leads to it.
const REFERENCES: [&str; 55] = [
    "age",
    "algorithm",
    "arn",
    "arns",
    "at",
    "audience",
    "count",
    "date",
    "days",
    "description",
    "enabled",
    "endpoint",
    "expiration",
    "expires",
    "expiry",
    "file",
    "filename",
    "fingerprint",
    "format",
    "hours",
    "id",
    "ids",
    "issuer",
    "kind",
    "label",
    "labels",
    "length",
    "lifetime",
    "minutes",
    "mode",
    "name",
    "names",
    "namespace",
    "path",
    "period",
    "policy",
    "prefix",
    "ref",
    "reference",
    "region",
    "required",
    "rotation",
    "scope",
    "scopes",
    "seconds",
    "selector",
    "size",
    "state",
    "status",
    "suffix",
    "thumbprint",
    "ttl",
    "type",
    "version",
    "versions",
];

/// Names that are secret although they end like a reference, and others that are none at all.
const ALWAYS: [&str; 1] = ["accesskeyid"];
const NEVER: [&str; 2] = ["httptokens", "secretmanager"];

/// Whether a name says that its value is secret.
pub fn is_secret_name(name: &str) -> bool {
    // Most names are seen through at a glance.
    if !may_hold_any(name) {
        return false;
    }
    let words = words(name);
    let joined = words.concat();
    if ALWAYS.iter().any(|always| joined.contains(always)) {
        return true;
    }
    if NEVER.contains(&joined.as_str()) || words.last().is_some_and(|last| is_reference(last)) {
        return false;
    }
    words.iter().any(|word| WHOLE_WORDS.contains(&word.as_str()))
        || SECRET_WORDS.iter().any(|secret| joined.contains(secret))
}

/// Meaning of a member's name for its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Says {
    /// See [`is_secret_name`].
    pub(super) is_secret: bool,
    /// See [`is_reference_name`].
    pub(super) is_reference: bool,
}

/// Number of names that are kept in mind: the schemas in a state have some hundreds.
const KNOWN_MAX: usize = 4096;

/// Reads a name, and keeps the answer in mind: a state has the same few names many thousand times.
pub(super) fn says(name: &str) -> Says {
    thread_local! {
        static KNOWN: RefCell<HashMap<Box<str>, Says, RandomState>> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(says) = known.get(name) {
            return *says;
        }
        let says = Says { is_secret: is_secret_name(name), is_reference: is_reference_name(name) };
        if known.len() < KNOWN_MAX {
            known.insert(name.into(), says);
        }
        says
    })
}

/// Whether a name says that its value only leads to a secret, or is one of its properties.
pub(super) fn is_reference_name(name: &str) -> bool {
    let words = words(name);
    !ALWAYS.iter().any(|always| words.concat().contains(always))
        && words.last().is_some_and(|last| is_reference(last))
}

/// Whether a name ends in the secret itself: `db_password`, and not `password_reuse_prevention`.
pub(super) fn ends_in_secret(name: &str) -> bool {
    let words = words(name);
    let joined = words.concat();
    words.last().is_some_and(|last| WHOLE_WORDS.contains(&last.as_str()))
        || SECRET_WORDS.iter().any(|secret| joined.trim_end_matches('s').ends_with(secret))
}

/// The words of [`SECRET_WORDS`] that can be written as two.
const PAIRS: [(&str, &str); 14] = [
    ("access", "key"),
    ("account", "key"),
    ("api", "key"),
    ("certificate", "key"),
    ("connection", "string"),
    ("kube", "config"),
    ("pass", "code"),
    ("pass", "phrase"),
    ("pass", "word"),
    ("private", "key"),
    ("session", "key"),
    ("shared", "key"),
    ("signing", "key"),
    ("webhook", "key"),
];

/// Finds the words of which a text with a secret name has to hold one.
static SIGNS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = SECRET_WORDS.iter().chain(&WHOLE_WORDS).map(|word| (*word).to_owned());
    let parted = PAIRS.iter().flat_map(|(a, b)| [format!("{a}_{b}"), format!("{a}-{b}")]);
    // An escape could hide a letter.
    let escapes = ["\\u004", "\\u005", "\\u006", "\\u007"].map(str::to_owned);
    let signs = words.chain(parted).chain(escapes);
    AhoCorasick::builder().ascii_case_insensitive(true).build(signs).ok()
});

/// Whether a text may hold a secret name; otherwise it holds none in any spelling that is used.
pub(super) fn may_hold_any(text: &str) -> bool {
    SIGNS.as_ref().is_none_or(|signs| signs.is_match(text))
}

fn is_reference(word: &str) -> bool {
    REFERENCES.binary_search(&word).is_ok()
}

/// The words of a name in lower case, cut at `_`, `-` and where a capital follows a small letter.
/// A separator of another kind is a word of its own, so that nothing is joined across it.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut previous = ' ';
    for character in name.chars() {
        let is_cut = character.is_ascii_uppercase()
            && (previous.is_ascii_lowercase() || previous.is_ascii_digit());
        if is_cut || matches!(character, '_' | '-') {
            words.push(String::new());
        }
        if !matches!(character, '_' | '-')
            && let Some(word) = words.last_mut()
        {
            word.push(character.to_ascii_lowercase());
        }
        previous = character;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_speak_for_themselves_in_any_spelling() {
        for name in [
            "password",
            "DB_PASSWORD",
            "x-api-key",
            "clientSecret",
            "Access-Key_id",
            "PrivateKeyPem",
            "connection_string",
            "primaryConnectionString",
            "kubeconfig",
            "kube_config_raw",
            "client_secret",
            "sas_url",
            "SAS",
            "private_key_pem",
            "certificate_key",
            "auth_token",
            "access_key",
            "secret_access_key",
            "passwords",
            "password_hash",
            ".dockerconfigjson",
            "primary_shared_key",
            "admin_pwd",
            "pre_shared_secret",
            "master_password",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "",
            "key",
            "pass",
            "api key",
            "tokn",
            "secret_id",
            "token_ttl",
            "secret_arn",
            "kms_secret_arn",
            "password_length",
            "kms_key_id",
            "minimum_password_length",
            "max_password_age",
            "http_tokens",
            "disaster",
            "public_key",
            "private_key_path",
            "secretName",
            "tokenExpiresAt",
            "private_key_algorithm",
            "password_wo_version",
            "user_data",
            "authorization",
            "auth_type",
            "author",
            "certificate_arn",
            "key_vault_secret_id",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn lists_are_sorted_and_no_secret_name_is_missed_by_the_quick_look() {
        assert!(REFERENCES.is_sorted() && SECRET_WORDS.is_sorted());
        for word in SECRET_WORDS.iter().chain(&WHOLE_WORDS).chain(&ALWAYS) {
            assert!(may_hold_any(&format!("{{\"x_{}\":1}}", word.to_uppercase())), "{word}");
        }
        for (a, b) in PAIRS {
            assert!(SECRET_WORDS.contains(&format!("{a}{b}").as_str()), "{a}{b}");
            let camel = format!("{a}{}{}", &b[..1].to_uppercase(), &b[1..]);
            for name in [format!("x_{a}_{b}"), format!("X-{a}-{b}"), format!("{a}{b}s"), camel] {
                assert!(is_secret_name(&name) && may_hold_any(&name), "{name}");
            }
        }
        assert!(!may_hold_any("{\"private_ip\":\"10.0.0.1\",\"account_id\":\"1\"}"));
        assert!(!may_hold_any("{\"ami\":\"ami-1\",\"tags\":{\"Name\":\"web\"}}"));
    }

    #[test]
    fn a_secret_itself_is_told_from_what_it_has() {
        assert!(ends_in_secret("db_password") && ends_in_secret("tokens"));
        assert!(!ends_in_secret("password_reuse_prevention"));
        assert!(is_reference_name("secret_name") && is_reference_name("type"));
        assert!(!is_reference_name("access_key_id") && !is_reference_name("data"));
    }
}
