//! The one decision which files of a directory an engine loads as configuration.
//!
//! OpenTofu loads `X.tofu` instead of `X.tf`, and `X.tofu.json` instead of `X.tf.json`. Terraform
//! never loads either. Which engine it is has to be known from elsewhere; an unknown one may load
//! every file.

use std::collections::BTreeMap;

use super::Syntax;
use crate::model::entry::EngineKind;

/// The files of a directory, by name, that the engine loads.
pub fn loaded(
    engine: Option<EngineKind>,
    mut files: BTreeMap<String, Vec<u8>>,
) -> BTreeMap<String, Vec<u8>> {
    let tofus: Vec<String> = files.keys().filter(|name| is_of_opentofu(name)).cloned().collect();
    match engine {
        Some(EngineKind::Terraform) => files.retain(|name, _| !is_of_opentofu(name)),
        Some(EngineKind::OpenTofu) => files.retain(|name, _| {
            let twin = twin(name);
            !twin.is_some_and(|twin| tofus.contains(&twin))
        }),
        None => {}
    }
    files.retain(|name, _| Syntax::of(name).is_some());
    files
}

/// Whether only OpenTofu loads a file.
pub fn is_of_opentofu(name: &str) -> bool {
    Syntax::of(name).is_some() && [".tofu", ".tofu.json"].iter().any(|end| name.ends_with(end))
}

/// The file that OpenTofu loads instead, if it is there.
fn twin(name: &str) -> Option<String> {
    let twin = |end: &str, other: &str| Some(format!("{}{other}", name.strip_suffix(end)?));
    twin(".tf", ".tofu").or_else(|| twin(".tf.json", ".tofu.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_engine_loads_its_own_files() {
        let names = [
            "a.tf",
            "a.tofu",
            "b.tf.json",
            "b.tofu.json",
            "c.tf",
            "c.tofu.json",
            "d.tofu",
            "e.txt",
        ];
        let all = || names.iter().map(|name| ((*name).to_owned(), Vec::new())).collect();
        let of = |engine| loaded(engine, all()).into_keys().collect::<Vec<_>>();
        assert_eq!(of(Some(EngineKind::Terraform)), ["a.tf", "b.tf.json", "c.tf"]);
        let expected = ["a.tofu", "b.tofu.json", "c.tf", "c.tofu.json", "d.tofu"];
        assert_eq!(of(Some(EngineKind::OpenTofu)), expected);
        assert_eq!(of(None), names[..7]);
    }
}
