//! What the files of a bundle say, module by module.

use std::collections::BTreeMap;

use super::{Facts, scan};
use crate::model::configuration::{Bundle, BundlePath};

/// What the files of the root module say.
pub fn root_facts(bundle: &Bundle) -> Facts {
    module_facts(bundle, &bundle.root)
}

/// What the files of the module in `directory` say.
pub fn module_facts(bundle: &Bundle, directory: &BundlePath) -> Facts {
    let files: BTreeMap<String, Vec<u8>> = bundle
        .files
        .iter()
        .filter(|(path, _)| path.parent() == *directory)
        .map(|(path, content)| (path.file_name().to_owned(), content.clone()))
        .collect();
    scan(&files)
}

/// The modules of a bundle, the root first: what addresses in it begin with, and where it lies.
pub fn modules(bundle: &Bundle) -> Vec<(String, BundlePath)> {
    let prefix = |key: &str| {
        let steps: Vec<String> = key.split('.').map(|name| format!("module.{name}.")).collect();
        steps.concat()
    };
    let others =
        bundle.modules.iter().map(|module| (prefix(&module.key), module.directory.clone()));
    std::iter::once((String::new(), bundle.root.clone())).chain(others).collect()
}
