//! What Terraform writes beside a local state while it holds its lock.
//!
//! The file alone proves nothing: it stays behind when Terraform is killed. Whether somebody holds
//! the lock is `crate::terraform::directory`'s to find out.

use serde::Deserialize;

/// Who says to hold the lock.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LockInfo {
    /// The lock's id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Such as `OperationTypeApply`.
    pub operation: String,
    /// `user@host`.
    pub who: String,
    /// When it was taken.
    pub created: String,
}

/// Reads the file; one that cannot be read names nobody.
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
