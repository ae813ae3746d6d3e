//! Signs in a stack's directory of the engine that it is run with.
//!
//! Read-only, and never an error: what cannot be read is no sign. [`crate::engine::stack_engine`]
//! says what the signs mean.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{backend, local_state_file};
use crate::codec::hcl::encryption::{TF_ENCRYPTION, encryption_override, with_encryption_variable};
use crate::codec::hcl::{self, EncryptionOverride, ModuleFacts, lock};
use crate::codec::state::{NamedProviders, providers_named};
use crate::engine::stack_engine::{EncryptionSaid, EngineSigns, of_providers};
use crate::model::address::ProviderSource;
use crate::model::entry::EngineKind;
use crate::terraform::environment::Environment;
use crate::terraform::workdir::pinned;

/// The facts of a stack's root module as OpenTofu reads it, with what `TF_ENCRYPTION` says.
pub fn facts_for_opentofu(root: &Path, environment: &Environment) -> ModuleFacts {
    hcl::scan(&files_for_opentofu(root, environment))
}

/// The override by which a private copy encrypts, and decrypts, as the stack does today; `prefix`
/// begins the names of its files.
pub fn encryption(root: &Path, environment: &Environment, prefix: &str) -> EncryptionOverride {
    encryption_override(&files_for_opentofu(root, environment), prefix)
}

fn files_for_opentofu(root: &Path, environment: &Environment) -> BTreeMap<String, Vec<u8>> {
    let files = hcl::loaded(Some(EngineKind::OpenTofu), configuration_files(root));
    let said = environment.get(TF_ENCRYPTION).map(|value| value.to_string_lossy());
    with_encryption_variable(files, &said.unwrap_or_default())
}

fn is_key_set(environment: &Environment) -> bool {
    environment.get(TF_ENCRYPTION).is_some_and(|value| !value.is_empty())
}

/// Reads the signs of a directory. Its local state is not read where the lock file is OpenTofu's: it
/// could tell nothing else.
pub fn signs(root: &Path, workspace: &str, environment: &Environment) -> EngineSigns {
    let files = configuration_files(root);
    let facts = hcl::scan(&files);
    let hosted = &facts.hosted;
    let is_told = |source: &ProviderSource| !hosted.contains(source);
    let locked = fs::read(root.join(lock::FILE_NAME)).ok();
    let locked = locked.and_then(|content| lock::providers(&content).ok()).unwrap_or_default();
    let locked = locked.into_iter().map(|provider| provider.source);
    let locked: Vec<_> = locked.filter(is_told).collect();
    let state = match of_providers(&locked) {
        Some(EngineKind::OpenTofu) => NamedProviders::default(),
        Some(EngineKind::Terraform) | None => local(root, workspace),
    };
    let has_own_files = files.keys().any(|name| hcl::is_of_opentofu(name));
    // What stands in OpenTofu's own files is nothing to Terraform.
    let has_encryption = if has_own_files {
        hcl::scan(&hcl::loaded(Some(EngineKind::Terraform), files)).has_encryption
    } else {
        facts.has_encryption
    };
    EngineSigns {
        encryption: if state.is_encrypted || has_encryption {
            Some(EncryptionSaid::ByStack)
        } else {
            is_key_set(environment).then_some(EncryptionSaid::ByEnvironment)
        },
        locked,
        in_state: state.sources.into_iter().filter(is_told).collect(),
        has_own_files,
        pinned: pinned(root),
        guessed: None,
    }
}

/// The providers in a state that is a local file.
fn local(root: &Path, workspace: &str) -> NamedProviders {
    let file = backend(root, &|| None).ok().and_then(|backend| {
        let path = local_state_file(root, &backend.identity, workspace)?;
        fs::read(path).ok()
    });
    file.map(|bytes| providers_named(&bytes)).unwrap_or_default()
}

/// Those that can be read.
fn configuration_files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    super::configuration_files(root).into_iter().flatten().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::engine::stack_engine::{EngineSign, told};

    fn write(directory: &Path, name: &str, content: &str) {
        let mut file = fs::File::create(directory.join(name)).unwrap();
        file.write_all(content.as_bytes()).unwrap();
    }

    #[test]
    fn the_files_of_a_stack_tell_its_engine() {
        let lock = |host: &str| {
            format!("provider \"{host}/hashicorp/null\" {{\n  version = \"3.2.4\"\n}}\n")
        };
        let state = r#"{"version": 4, "resources": [{"mode": "managed", "type": "a", "name": "b",
            "provider": "module.m.provider[\"registry.opentofu.org/a/b\"].x", "instances": []}]}"#;
        let encrypted = r#"{"serial": 1, "lineage": "l", "encrypted_data": "eA=="}"#;
        let block = "terraform {\n  encryption {\n  }\n}\n";
        let (tofu, terraform) = (EngineKind::OpenTofu, EngineKind::Terraform);
        for (file, content, expected) in [
            (lock::FILE_NAME, lock("registry.opentofu.org"), Some((tofu, EngineSign::LockFile))),
            (
                lock::FILE_NAME,
                lock("registry.terraform.io"),
                Some((terraform, EngineSign::LockFile)),
            ),
            (lock::FILE_NAME, lock("registry.example.org"), None),
            (lock::FILE_NAME, "not a lock file {".to_owned(), None),
            ("terraform.tfstate", state.to_owned(), Some((tofu, EngineSign::State))),
            ("terraform.tfstate", encrypted.to_owned(), Some((tofu, EngineSign::Encryption))),
            ("terraform.tfstate", "{".to_owned(), None),
            ("enc.tf", block.to_owned(), Some((tofu, EngineSign::Encryption))),
            ("a.tofu", String::new(), Some((tofu, EngineSign::OwnFiles))),
            ("enc.tofu", block.to_owned(), Some((tofu, EngineSign::OwnFiles))),
            ("a.tf", String::new(), None),
        ] {
            let directory = tempfile::tempdir().unwrap();
            write(directory.path(), file, &content);
            let found = signs(directory.path(), "default", &Environment::new());
            assert_eq!(told(&found, || None), expected, "{file}: {content}");
        }
        let hosts = r#"terraform {
            required_providers { null = { source = "registry.terraform.io/hashicorp/null" } }
        }"#;
        let own = [("main.tf", hosts), (lock::FILE_NAME, &lock("registry.terraform.io"))];
        let beside = [("enc.tofu", block), (lock::FILE_NAME, &lock("registry.terraform.io"))];
        for (files, expected) in [(own, None), (beside, Some((terraform, EngineSign::LockFile)))] {
            let directory = tempfile::tempdir().unwrap();
            for (name, content) in files {
                write(directory.path(), name, content);
            }
            let found = signs(directory.path(), "default", &Environment::new());
            assert_eq!(told(&found, || None), expected, "{files:?}");
        }
        let both = lock("registry.terraform.io")
            + &lock("registry.opentofu.org").replace("hashicorp/null", "a/b");
        for (locked, state, expected) in [
            (lock("registry.terraform.io"), encrypted, (tofu, EngineSign::Encryption)),
            (lock("registry.terraform.io"), state, (terraform, EngineSign::LockFile)),
            (both.clone(), state, (tofu, EngineSign::State)),
            (both, encrypted, (tofu, EngineSign::Encryption)),
        ] {
            let directory = tempfile::tempdir().unwrap();
            write(directory.path(), lock::FILE_NAME, &locked);
            write(directory.path(), "terraform.tfstate", state);
            let found = signs(directory.path(), "default", &Environment::new());
            assert_eq!(told(&found, || None), Some(expected), "{locked}: {state}");
        }
        let directory = tempfile::tempdir().unwrap();
        let set = Environment::from([("TF_ENCRYPTION".to_owned(), "{}".into())]);
        let found = signs(directory.path(), "default", &set).encryption;
        assert_eq!(found, Some(EncryptionSaid::ByEnvironment));
    }
}
