//! What a child may see of our environment: an allow-list.
//!
//! `TF_CLI_ARGS_plan=-destroy` really turns a plan into a destruction (measured with 1.11.4), and
//! `TF_WORKSPACE` or `TF_DATA_DIR` send it to another state. Such names never pass, whatever the
//! settings say.

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::model::pattern::Pattern;

/// The environment as read once at the start, by name.
pub type Environment = BTreeMap<String, OsString>;

/// Names that always pass.
const ALWAYS: [&str; 13] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "TF_VAR_*",
    "TF_TOKEN_*",
    "TF_CLI_CONFIG_FILE",
    "TF_PLUGIN_CACHE_DIR",
];

/// Names that pass unless the settings say otherwise.
pub const DEFAULT_PASS: [&str; 4] = ["AWS_*", "GOOGLE_*", "ARM_*", "KUBE*"];

/// Names that never pass.
const NEVER: [&str; 6] =
    ["TF_CLI_ARGS*", "TF_WORKSPACE", "TF_DATA_DIR", "TF_LOG*", "TF_REATTACH_PROVIDERS", "LD_*"];

/// Whether settings ask for a name that never passes.
pub fn is_forbidden(pattern: &str) -> bool {
    NEVER.iter().any(|never| Pattern::new(*never).matches(pattern) || *never == pattern)
}

/// The part of `environment` that a child may see; `pass` are the patterns of the settings.
pub fn allowed(environment: &Environment, pass: &[Pattern]) -> Environment {
    let fits = |patterns: &[&str], name: &str| {
        patterns.iter().any(|pattern| Pattern::new(*pattern).matches(name))
    };
    environment
        .iter()
        .filter(|(name, _)| {
            (fits(&ALWAYS, name) || pass.iter().any(|pattern| pattern.matches(name)))
                && !fits(&NEVER, name)
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// What every Terraform child gets in addition: no prompts, no call home.
pub(super) const FIXED: [(&str, &str); 3] =
    [("TF_IN_AUTOMATION", "1"), ("TF_INPUT", "0"), ("CHECKPOINT_DISABLE", "1")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_allowed_passes_and_the_forbidden_never_does() {
        let environment: Environment = [
            "PATH",
            "HOME",
            "TF_VAR_x",
            "AWS_PROFILE",
            "SECRET",
            "TF_CLI_ARGS_plan",
            "TF_WORKSPACE",
            "TF_DATA_DIR",
            "TF_LOG_PATH",
            "TF_REATTACH_PROVIDERS",
            "LD_PRELOAD",
            "TF_ENCRYPTION",
        ]
        .map(|name| (name.to_owned(), OsString::from("x")))
        .into();
        let pass = [Pattern::new("AWS_*"), Pattern::new("TF_*")];
        let names: Vec<String> = allowed(&environment, &pass).into_keys().collect();
        assert_eq!(names, ["AWS_PROFILE", "HOME", "PATH", "TF_ENCRYPTION", "TF_VAR_x"]);
    }
}
