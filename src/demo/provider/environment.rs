//! What the provider learns from its environment, read once at the start.
//!
//! It deliberately leaves the texts uninterpreted. Start from [`Environment::read`].

/// The variables that concern a provider process.
#[derive(Debug)]
pub(super) struct Environment {
    /// Terraform sent a certificate and expects TLS.
    pub(super) wants_tls: bool,
    /// The faults to inject, as `UNAPPLY_DEMO_FAULTS` lists them.
    pub(super) faults: String,
}

impl Environment {
    /// Reads the variables.
    pub(super) fn read() -> Self {
        Self {
            wants_tls: !variable("PLUGIN_CLIENT_CERT").is_empty(),
            faults: variable("UNAPPLY_DEMO_FAULTS"),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the provider is a process of its own, and this is the one place where it looks"
)]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
