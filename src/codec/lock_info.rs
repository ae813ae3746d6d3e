//! The file that Terraform writes beside a local state while it holds the state's lock.
//!
//! The file alone proves nothing: it stays behind when Terraform is killed.
//! `crate::terraform::directory` finds out whether a process holds the lock.

use serde::Deserialize;

/// The holder of the lock, as the file names it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LockInfo {
    /// The lock's id.
    #[serde(rename = "ID")]
    pub id: String,
    /// The operation, such as `OperationTypeApply`.
    pub operation: String,
    /// `user@host`.
    pub who: String,
    /// The time when the lock was taken.
    pub created: String,
}

/// Reads the file; one that cannot be read names no holder.
pub fn parse(bytes: &[u8]) -> LockInfo {
    serde_json::from_slice(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_terraform_writes_is_read_and_anything_else_names_nobody() {
        let text = br#"{"ID":"c87459fd","Operation":"OperationTypeApply","Info":"","Who":"root@vm","Version":"1.11.4","Created":"2026-11-21T02:50:38.537146905Z","Path":"terraform.tfstate"}"#;
        let found = parse(text);
        assert_eq!((found.id.as_str(), found.who.as_str()), ("c87459fd", "root@vm"));
        assert_eq!(found.operation, "OperationTypeApply");
        assert_eq!(parse(b"{\"ID\":"), LockInfo::default());
    }
}
