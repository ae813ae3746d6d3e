//! What Terraform does not tell about providers: `providers/*.toml`, compiled in.
//!
//! For now: which types bear data, so that a replacement starts empty. An unknown provider or type
//! bears data. Knowledge can only say that a type bears none; it never removes any other hazard.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::model::address::ProviderSource;

/// Whether objects of a type hold data of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bears {
    /// They do, for this reason.
    Data(&'static str),
    /// They do not, for this reason.
    Nothing(&'static str),
    /// Nobody wrote it down: treated as data.
    Unknown,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderFile {
    source: String,
    #[serde(default)]
    data_bearing: BTreeMap<String, String>,
    #[serde(default)]
    no_data: BTreeMap<String, String>,
}

const FILES: [(&str, &str); 11] = [
    ("aws", include_str!("../../providers/aws.toml")),
    ("azurerm", include_str!("../../providers/azurerm.toml")),
    ("demo", include_str!("../../providers/demo.toml")),
    ("google", include_str!("../../providers/google.toml")),
    ("helm", include_str!("../../providers/helm.toml")),
    ("kubernetes", include_str!("../../providers/kubernetes.toml")),
    ("null", include_str!("../../providers/null.toml")),
    ("random", include_str!("../../providers/random.toml")),
    ("terraform", include_str!("../../providers/terraform.toml")),
    ("time", include_str!("../../providers/time.toml")),
    ("tls", include_str!("../../providers/tls.toml")),
];

// A file that does not parse is left out here and fails `every_file_is_read_sorted_and_complete`.
static PROVIDERS: LazyLock<Vec<ProviderFile>> =
    LazyLock::new(|| FILES.iter().filter_map(|(_, text)| toml::from_str(text).ok()).collect());

/// Whether objects of type `kind` of this provider bear data.
pub fn bears_data(provider: &ProviderSource, kind: &str) -> Bears {
    let source = provider.canonical().to_string();
    let Some(file) = PROVIDERS.iter().find(|file| file.source == source) else {
        return Bears::Unknown;
    };
    match (file.data_bearing.get(kind), file.no_data.get(kind)) {
        (Some(why), _) => Bears::Data(why),
        (None, Some(why)) => Bears::Nothing(why),
        (None, None) => Bears::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read_sorted_and_complete() {
        let mut on_disk: Vec<String> = std::fs::read_dir("providers")
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
            .filter_map(|name| name.strip_suffix(".toml").map(str::to_owned))
            .collect();
        on_disk.sort();
        assert_eq!(on_disk, FILES.map(|(name, _)| name.to_owned()));
        for (name, text) in FILES {
            let file: ProviderFile = toml::from_str(text).unwrap();
            file.source.parse::<ProviderSource>().unwrap();
            for (kind, why) in file.data_bearing.iter().chain(&file.no_data) {
                assert!(why.len() > 10, "{name}: {kind} needs a why");
                assert!(
                    !(file.data_bearing.contains_key(kind) && file.no_data.contains_key(kind)),
                    "{name}: {kind} stands in both tables"
                );
            }
            // Read from the text: a parsed table is sorted by itself.
            let mut before = "";
            for line in text.lines() {
                let key = line.split(" = ").next().unwrap();
                if line.starts_with('[') {
                    before = "";
                } else if !line.is_empty() && !line.starts_with("source") {
                    assert!(before < key, "{name}: `{key}` stands after `{before}`");
                    before = key;
                }
            }
        }
    }

    #[test]
    fn what_nobody_wrote_down_is_unknown() {
        let demo = "registry.terraform.io/unapply/demo".parse().unwrap();
        assert!(matches!(bears_data(&demo, "demo_volume"), Bears::Data(_)));
        assert!(matches!(bears_data(&demo, "demo_link"), Bears::Nothing(_)));
        assert_eq!(bears_data(&demo, "demo_other"), Bears::Unknown);
        let aws = "registry.terraform.io/hashicorp/aws".parse().unwrap();
        assert!(matches!(bears_data(&aws, "aws_db_instance"), Bears::Data(_)));
        assert!(matches!(bears_data(&aws, "aws_route"), Bears::Nothing(_)));
        assert_eq!(bears_data(&aws, "aws_nat_gateway"), Bears::Unknown);
    }
}
