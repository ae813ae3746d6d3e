//! Terraform's single-dash spellings, as a closed list.
//!
//! A person who types `-auto-approve` out of habit means it. Only the tokens listed here are
//! translated, and only before `--`; everything else is left to clap.

use std::ffi::OsString;

/// Flags that stand alone, and what they become.
const ALONE: [(&str, &str); 4] = [
    ("-auto-approve", "--yes"),
    ("-json", "--json"),
    ("-no-color", "--color=never"),
    ("-detailed-exitcode", "--detailed-exitcode"),
];

/// Flags with a value, as `-flag=value`; those of Terraform that also take the next word do here.
const WITH_VALUE: [&str; 5] = ["-chdir", "-lock-timeout", "-target", "-var", "-var-file"];

/// Translates what a person typed.
pub(super) fn translate(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut is_ours = true;
    arguments
        .into_iter()
        .map(|argument| {
            is_ours &= argument != "--";
            match argument.to_str().filter(|_| is_ours) {
                Some(text) => translated(text).map_or(argument.clone(), OsString::from),
                None => argument,
            }
        })
        .collect()
}

fn translated(text: &str) -> Option<String> {
    if let Some((_, long)) = ALONE.iter().find(|(short, _)| *short == text) {
        return Some((*long).to_owned());
    }
    let name = text.split_once('=').map_or(text, |(name, _)| name);
    WITH_VALUE.contains(&name).then(|| format!("-{text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_closed_list_is_translated_and_only_before_two_dashes() {
        let typed =
            ["unapply", "-chdir=x", "diff", "-json", "-var", "a=-json", "-v", "--", "-json"];
        let meant: Vec<OsString> = translate(typed.map(OsString::from));
        let expected =
            ["unapply", "--chdir=x", "diff", "--json", "--var", "a=-json", "-v", "--", "-json"];
        assert_eq!(meant, expected.map(OsString::from));
    }
}
