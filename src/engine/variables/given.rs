//! Values of variables among the words of a command.
//!
//! Terraform takes them from its own words and from `TF_CLI_ARGS*`. Files are named and not
//! read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::engine::engine_call::engine_calls;
use crate::model::secret::Secret;

/// One value or file of values that words give.
#[derive(Debug, Clone)]
pub enum GivenValue {
    /// `-var-file`, as written.
    File(PathBuf),
    /// `-var`: a variable's name and the text.
    Value(String, Secret<String>),
}

/// The values that count, by the names of their variables: the last one of each, in a file or in a
/// word. A file gives names, with the values that the caller asks for: another one takes the name out.
pub fn counting<'v>(
    given: impl IntoIterator<Item = &'v GivenValue>,
    in_file: impl Fn(&Path) -> Vec<(String, Option<Secret<String>>)>,
) -> BTreeMap<String, Secret<String>> {
    let mut counting = BTreeMap::new();
    for given in given {
        let values = match given {
            GivenValue::File(path) => in_file(path),
            GivenValue::Value(name, value) => vec![(name.clone(), Some(value.clone()))],
        };
        for (name, value) in values {
            match value {
                Some(value) => drop(counting.insert(name, value)),
                None => drop(counting.remove(&name)),
            }
        }
    }
    counting
}

/// Values that words give, in their order.
#[derive(Debug, Clone, Default)]
pub struct GivenValues(pub Vec<GivenValue>);

impl GivenValues {
    /// Reads the words of a command, as far as they are an engine's.
    pub fn of_command(words: &[String]) -> Self {
        let calls = engine_calls(words).into_iter();
        calls.map(|call| Self::of_words(call.words.into_iter())).fold(Self::default(), Self::chain)
    }

    /// Reads a text of words, such as `TF_CLI_ARGS_plan`.
    pub fn of_text(text: &str) -> Self {
        Self::of_words(split(text).into_iter())
    }

    /// Reads the words of a program that takes values as Terraform does.
    pub fn of_words(mut words: impl Iterator<Item = String>) -> Self {
        let mut given = Vec::new();
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else {
                continue;
            };
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (flag, None),
            };
            if !["var", "var-file"].contains(&name) {
                continue;
            }
            let Some(value) = value.or_else(|| words.next()) else { break };
            match value.split_once('=') {
                _ if name == "var-file" => given.push(GivenValue::File(value.into())),
                Some((name, value)) => {
                    let value = Secret::new(value.to_owned());
                    given.push(GivenValue::Value(name.to_owned(), value));
                }
                // Terraform refuses it.
                None => {}
            }
        }
        Self(given)
    }

    /// The files among them, in order.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().filter_map(|given| match given {
            GivenValue::File(path) => Some(path.as_path()),
            GivenValue::Value(..) => None,
        })
    }

    /// These, and behind them others.
    #[must_use]
    pub fn chain(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }
}

/// The word among those of a text, such as `TF_CLI_ARGS_plan`, that names another state's file.
pub fn state_in_text(text: &str) -> Option<String> {
    split(text).into_iter().find(|word| names_a_state(word))
}

/// Whether a word sends Terraform to another state's file.
pub fn names_a_state(word: &str) -> bool {
    let flag = word.trim_start_matches('-');
    word.starts_with('-')
        && ["state", "state-out"].contains(&flag.split('=').next().unwrap_or(flag))
}

/// The words of a text, as a shell takes it apart.
fn split(text: &str) -> Vec<String> {
    shlex::split(text).unwrap_or_else(|| vec![text.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(given: &GivenValues) -> Vec<String> {
        let shown = |given: &GivenValue| match given {
            GivenValue::File(file) => file.display().to_string(),
            GivenValue::Value(name, v) => format!("{name}={}", v.reveal_for_terraform()),
        };
        given.0.iter().map(shown).collect()
    }

    #[test]
    fn words_of_terraform_give_values() {
        for (words, expected) in [
            (&["terraform", "apply", "-var-file=a.tfvars"][..], &["a.tfvars"][..]),
            (&["/opt/bin/tofu", "plan", "--var-file", "a b.tfvars"], &["a b.tfvars"]),
            (&["terraform", "apply", "-var", "x=1", "-var=y=a=b"], &["x=1", "y=a=b"]),
            (&["sh", "-c", "cd x && terraform apply -var 'x=a b'"], &["x=a b"]),
            (&["tofu", "plan", "-var=x=1", "-var-file=f", "-var=x=2"], &["x=1", "f", "x=2"]),
            (&["sh", "-c", "tofu plan -var x=1 -out p && tofu apply p"], &["x=1"]),
            (&["./with-keys", "terraform", "apply", "-var=x=1"], &["x=1"]),
            (&["make", "apply", "-var", "x=1"], &[]),
            (&["make", "-C", "terraform", "apply", "-var", "x=1"], &[]),
            (&["terraform", "apply", "-var"], &[]),
            (&["terraform", "apply", "-variable=x", "-var", "x"], &[]),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(shown(&GivenValues::of_command(&words)), expected, "{words:?}");
        }
    }

    #[test]
    fn a_word_can_name_another_state() {
        for (text, expected) in [
            ("-lock=false -state=x", Some("-state=x")),
            ("--state-out x", Some("--state-out")),
            ("-state-lock state=x", None),
        ] {
            assert_eq!(state_in_text(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_text_of_words_gives_values() {
        let given = GivenValues::of_text("-var-file='p q.tfvars' -parallelism=2 -var x=\"1 2\"");
        assert_eq!(shown(&given), ["p q.tfvars", "x=1 2"]);
        assert_eq!(shown(&GivenValues::of_text("-var 'x=1")), Vec::<String>::new());
    }

    #[test]
    fn the_last_of_words_and_files_counts() {
        // As Terraform 1.11.4 takes them.
        for (text, expected) in [
            ("-var x=1 -var-file=f", "f's"),
            ("-var-file=f -var x=1", "1"),
            ("-var x=1 -var-file f -var x=2", "2"),
            ("-var x=1 -var-file kept", ""),
            ("-var x=1 -var-file other", "1"),
        ] {
            let in_file = |path: &Path| match path.to_str() {
                Some("f") => vec![("x".to_owned(), Some(Secret::new("f's".to_owned())))],
                Some("kept") => vec![("x".to_owned(), None)],
                _ => vec![("y".to_owned(), None)],
            };
            let counting = counting(&GivenValues::of_text(text).0, in_file);
            let value = counting.get("x").map(|value| value.reveal_for_terraform().as_str());
            assert_eq!(value.unwrap_or_default(), expected, "{text}");
        }
    }
}
