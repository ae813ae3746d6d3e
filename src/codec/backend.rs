//! Which backend a working directory is initialised for: `.terraform/terraform.tfstate`.
//!
//! Terraform writes a backend's settings there with credentials in clear. [`parse`] takes apart
//! what may be recorded (an allow-list for each kind) from what may not; an unknown kind records
//! nothing that could be a secret by its name.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::json;
use crate::model::secret::Secret;
use crate::model::stack::BackendIdentity;
use crate::model::value::Value;

/// A backend as initialised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backend {
    /// The settings that may be recorded.
    pub identity: BackendIdentity,
    /// Settings that are not recorded: credentials, and those that are not known to be none.
    pub withheld: BTreeMap<String, Secret<String>>,
}

impl Backend {
    /// Values of the settings that are not recorded, for the caller that has to hide them.
    pub fn secrets(&self) -> Vec<Value> {
        let text = |value: &Secret<String>| Value::Text(value.reveal_for_terraform().clone());
        self.withheld.values().map(text).collect()
    }
}

/// The file is not what Terraform writes.
#[derive(Debug, thiserror::Error)]
#[error("the backend's record is not what terraform init writes")]
pub struct NotABackendRecord;

#[derive(Deserialize)]
struct RecordFile {
    backend: Option<BackendFile>,
}

#[derive(Deserialize)]
struct BackendFile {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    config: BTreeMap<String, serde_json::Value>,
}

/// Settings of common backends that are no credentials.
fn recorded_settings(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "local" => &["path", "workspace_dir"],
        "s3" => &[
            "bucket",
            "key",
            "region",
            "endpoint",
            "endpoints",
            "workspace_key_prefix",
            "encrypt",
            "kms_key_id",
            "dynamodb_table",
            "use_lockfile",
            "use_path_style",
            "force_path_style",
            "profile",
            "insecure",
            "max_retries",
            "retry_mode",
            "acl",
            "use_fips_endpoint",
            "use_dualstack_endpoint",
            "skip_credentials_validation",
            "skip_metadata_api_check",
            "skip_region_validation",
            "skip_requesting_account_id",
            "skip_s3_checksum",
            "allowed_account_ids",
            "forbidden_account_ids",
            "custom_ca_bundle",
            "sts_region",
        ],
        "http" => &[
            "address",
            "lock_address",
            "unlock_address",
            "lock_method",
            "unlock_method",
            "update_method",
            "skip_cert_verification",
            "retry_max",
            "retry_wait_min",
            "retry_wait_max",
        ],
        "gcs" => &["bucket", "prefix", "kms_encryption_key"],
        "azurerm" => &[
            "storage_account_name",
            "container_name",
            "key",
            "resource_group_name",
            "subscription_id",
            "tenant_id",
            "environment",
            "use_azuread_auth",
            "use_oidc",
            "use_msi",
        ],
        "consul" => &["address", "path", "scheme", "datacenter", "gzip", "lock"],
        "kubernetes" => &["secret_suffix", "namespace", "labels", "in_cluster_config"],
        "pg" => &["schema_name", "skip_schema_creation", "skip_table_creation"],
        "cloud" | "remote" => &["hostname", "organization", "workspaces"],
        _ => return None,
    })
}

/// Reads the record; `None` when it names no backend (Terraform's default, a local file).
pub fn parse(bytes: &[u8]) -> Result<Option<Backend>, NotABackendRecord> {
    let text = json::text(bytes).map_err(|_| NotABackendRecord)?;
    let file: RecordFile = serde_json::from_str(text).map_err(|_| NotABackendRecord)?;
    let Some(BackendFile { kind, config }) = file.backend else {
        return Ok(None);
    };
    let recorded = recorded_settings(&kind).unwrap_or_default();
    let mut settings = BTreeMap::new();
    let mut withheld = BTreeMap::new();
    for (name, value) in config {
        let Some(value) = text_of(&value) else {
            continue;
        };
        if recorded.contains(&name.as_str()) {
            settings.insert(name, without_userinfo(&value));
        } else {
            withheld.insert(name, Secret::new(value));
        }
    }
    Ok(Some(Backend { identity: BackendIdentity { kind, settings }, withheld }))
}

/// A setting as text; nothing for null and for empty blocks.
fn text_of(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Array(items) if items.is_empty() => None,
        serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_) => Some(value.to_string()),
    }
}

/// A URL without `user:password@`.
fn without_userinfo(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest.get(..end).and_then(|authority| authority.rfind('@')) {
        Some(at) => format!("{scheme}://{}", rest.get(at + 1..).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_withheld_and_the_place_is_recorded() {
        let record = br#"{"version":3,"backend":{"type":"http","config":{
            "address":"https://u:p@state.example/prod","username":"u","password":"hunter2",
            "retry_max":2,"lock_address":null},"hash":1}}"#;
        let backend = parse(record).unwrap().unwrap();
        assert_eq!(backend.identity.to_string(), "http https://state.example/prod");
        assert_eq!(backend.identity.settings.get("retry_max").map(String::as_str), Some("2"));
        assert_eq!(backend.withheld.keys().collect::<Vec<_>>(), ["password", "username"]);
        assert!(!format!("{backend:?}").contains("hunter2"));
    }

    #[test]
    fn an_unknown_kind_records_its_name_only() {
        let record = br#"{"backend":{"type":"new","config":{"place":"x"}}}"#;
        let backend = parse(record).unwrap().unwrap();
        assert!(backend.identity.settings.is_empty());
        assert_eq!(backend.withheld.len(), 1);
    }

    #[test]
    fn no_backend_is_the_local_default() {
        assert_eq!(parse(br#"{"version":3}"#).unwrap(), None);
        assert!(parse(b"x").is_err());
    }
}
