//! Why objects cannot be destroyed before the rest of a revert.

/// Why there is no first step.
#[derive(Debug, thiserror::Error)]
pub enum NoFirstStep {
    /// No configuration on record can end all of these objects.
    #[error("the configuration that made them is not on record")]
    NotOnRecord,
    /// No configuration on record finds all of them, so that it would only forget them.
    #[error("no configuration on record finds all of them")]
    NotFound,
    /// Ending them would end objects that stay, safe to show.
    #[error("what stays depends on that: {}", .0.join(", "))]
    Dependents(Vec<String>),
    /// They are not targeted, and the rest cannot be done before.
    #[error("they have to be, and are not among the targets")]
    NotTargeted,
}
