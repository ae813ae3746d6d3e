//! The environment of our children: the user's own, minus a short closed list.
//!
//! A provider or a backend may take its address, its token or its lock from any variable. A child
//! that does not see it plans in another world and finds nothing wrong there. So everything is handed
//! on but what would break our own use of Terraform: `TF_CLI_ARGS_plan=-destroy` really turns a plan
//! into a destruction (measured with 1.11.4), and logs or a reattached provider change what is said
//! and by whom. The settings add to that list or take from it. Nothing of it replaces it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use crate::model::pattern::Pattern;

/// The environment as read once at the start, by name.
pub type Environment = BTreeMap<String, OsString>;

/// Names that would break our own use of Terraform.
const KEPT_BACK: [&str; 4] = ["TF_CLI_ARGS*", "TF_LOG*", "TF_REATTACH_PROVIDERS", "TF_INPUT"];

/// Names that the resolver of the stack has used; they are set for each child.
const OURS: [&str; 2] = ["TF_DATA_DIR", "TF_WORKSPACE"];

/// Names that are unapply's alone, and may hold a key.
const OWN: &str = "UNAPPLY_*";

/// Variables with a path that counts from the directory in which the command was typed.
const PATHS: [&str; 2] = ["TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR"];

/// The rules of the settings about the environment.
#[derive(Debug, Clone, Default)]
pub struct EnvironmentRules {
    /// Names that are handed on though they are on the closed list.
    pub pass: Vec<Pattern>,
    /// Names that are kept back besides.
    pub block: Vec<Pattern>,
    /// Variables that the settings name for a key: they are never handed on.
    pub keys: Vec<String>,
}

/// The environment that a child sees.
#[derive(Debug, Clone, Default)]
pub struct HandedOn {
    /// Its environment.
    pub environment: Environment,
    /// Names that are set and that it does not see, for people.
    pub kept_back: Vec<String>,
}

/// Whether settings ask for a name that never passes.
pub fn is_forbidden(pattern: &str) -> bool {
    let never = OURS.into_iter().chain([OWN]);
    never.into_iter().any(|never| Pattern::new(never).matches(pattern) || never == pattern)
}

/// Selects what children of a command that was typed in `directory` see of `environment`.
pub fn handed_on(
    environment: &Environment,
    rules: &EnvironmentRules,
    directory: &Path,
) -> HandedOn {
    let fits = |patterns: &[&str], name: &str| {
        patterns.iter().any(|pattern| Pattern::new(*pattern).matches(name))
    };
    let asked = |patterns: &[Pattern], name: &str| patterns.iter().any(|one| one.matches(name));
    let mut handed = HandedOn::default();
    for (name, value) in environment {
        if fits(&[OWN], name) || rules.keys.contains(name) {
            continue;
        }
        let is_listed = fits(&KEPT_BACK, name) && !asked(&rules.pass, name);
        if is_listed || fits(&OURS, name) || asked(&rules.block, name) {
            handed.kept_back.push(name.clone());
            continue;
        }
        let is_path = PATHS.contains(&name.as_str()) && !value.is_empty();
        let value = if is_path { directory.join(value).into_os_string() } else { value.clone() };
        handed.environment.insert(name.clone(), value);
    }
    handed
}

/// Variables that every Terraform child gets in addition: no prompts, no call home.
pub(super) const FIXED: [(&str, &str); 3] =
    [("TF_IN_AUTOMATION", "1"), ("TF_INPUT", "0"), ("CHECKPOINT_DISABLE", "1")];

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(rules: &EnvironmentRules, names: &[&str]) -> (Vec<String>, Vec<String>) {
        let environment = names.iter().map(|name| ((*name).to_owned(), "x".into())).collect();
        let handed = handed_on(&environment, rules, Path::new("/srv/stack"));
        (handed.environment.into_keys().collect(), handed.kept_back)
    }

    #[test]
    fn everything_is_handed_on_but_what_would_break_our_own_use_of_terraform() {
        let names = [
            "AWS_PROFILE",
            "CONSUL_HTTP_ADDR",
            "GITHUB_TOKEN",
            "LD_PRELOAD",
            "PGPASSWORD",
            "SSL_CERT_FILE",
            "TF_ENCRYPTION",
            "TF_HTTP_LOCK_ADDRESS",
            "TF_VAR_x",
        ];
        let back = ["TF_CLI_ARGS_plan", "TF_DATA_DIR", "TF_INPUT", "TF_LOG_PATH", "TF_WORKSPACE"];
        let own = ["UNAPPLY_STORE"];
        let (on, kept_back) =
            seen(&EnvironmentRules::default(), &[&names[..], &back, &own].concat());
        assert_eq!(on, names);
        assert_eq!(kept_back, back, "and what is ours is no news");
    }

    #[test]
    fn settings_add_to_the_list_or_take_from_it_and_keys_never_pass() {
        let rules = EnvironmentRules {
            pass: vec![Pattern::new("TF_LOG*"), Pattern::new("*")],
            block: vec![Pattern::new("DEMO_*")],
            keys: vec!["REDACTION".to_owned()],
        };
        let names = ["DEMO_URL", "REDACTION", "TF_DATA_DIR", "TF_LOG", "UNAPPLY_ACTOR", "Z"];
        let (on, kept_back) = seen(&rules, &names);
        assert_eq!(on, ["TF_LOG", "Z"]);
        assert_eq!(kept_back, ["DEMO_URL", "TF_DATA_DIR"]);
        for never in ["TF_WORKSPACE", "TF_DATA_DIR", "UNAPPLY_KEY", "UNAPPLY_*"] {
            assert!(is_forbidden(never), "{never}");
        }
        assert!(!is_forbidden("TF_LOG*"));
    }

    #[test]
    fn a_relative_file_of_terraform_is_found_from_any_directory() {
        let environment = [("TF_CLI_CONFIG_FILE", "rc"), ("TF_PLUGIN_CACHE_DIR", "/cache")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.into())).into();
        let found = handed_on(&environment, &EnvironmentRules::default(), Path::new("/srv"));
        let values: Vec<_> = found.environment.into_values().collect();
        assert_eq!(values, ["/srv/rc", "/cache"]);
    }
}
