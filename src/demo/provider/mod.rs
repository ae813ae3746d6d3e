//! The Terraform provider `unapply/demo`, embedded in the binary: every object is a real file.
//!
//! The program becomes the provider when Terraform starts it under a provider's name, so that a
//! demo and the tests need nothing but Terraform. It speaks plugin protocol 6 itself and without
//! TLS; it offers no functions and no nested blocks, and it knows nothing of
//! unapply. Start from [`is_requested`] and [`serve`]. The calls of Terraform are in `rpc`, the
//! resource types in `schema`, the data source in `archive`, the action in `note`, the objects in `objects`, and failures on demand in `faults`.

mod archive;
mod faults;
mod layout;
mod lifecycle;
mod messages;
mod msgpack;
mod note;
mod objects;
mod plan;
mod registry;
mod rpc;
mod schema;
mod server;

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use tokio::task::LocalSet;

/// The environment variable by which Terraform shows that it means to start a plugin.
pub const COOKIE_VARIABLE: &str = "TF_PLUGIN_MAGIC_COOKIE";

/// The value of [`COOKIE_VARIABLE`] under Terraform and OpenTofu; a sign of good faith, no secret.
pub const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// Whether Terraform started this process as a provider.
///
/// The name has to come from the first argument: Terraform installs a provider as a symbolic link,
/// and the path of the running executable would name the target of that link.
pub fn is_requested(argv0: &Path, cookie: Option<&str>) -> bool {
    cookie == Some(COOKIE)
        && argv0
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("terraform-provider-"))
}

/// Serves Terraform until it asks for the end or goes away.
pub fn serve() -> ExitCode {
    // A certificate means that Terraform expects TLS.
    if !variable("PLUGIN_CLIENT_CERT").is_empty() {
        return refuse("this provider speaks no TLS: run terraform with TF_DISABLE_PLUGIN_TLS=1");
    }
    let outcome =
        tokio::runtime::Builder::new_current_thread().enable_all().build().and_then(|runtime| {
            let faults = variable("UNAPPLY_DEMO_FAULTS");
            let service = rpc::Service::new(faults, &variable("DEMO_ROOT"), variable("DEMO_TOKEN"));
            LocalSet::new().block_on(&runtime, server::run(service))
        });
    match outcome {
        Ok(code) => code,
        Err(error) => refuse(&format!("this provider cannot serve: {error}")),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the provider is a process of its own, and this is the one place where it looks"
)]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// Ends with the reason for which there will be no provider.
///
/// Terraform keeps what a provider writes to standard error for its log, but it shows the first
/// line of standard output when that is no handshake.
fn refuse(why: &str) -> ExitCode {
    // Terraform may be gone, so that both writes may fail; the exit code says the same.
    drop(writeln!(io::stdout(), "{why}"));
    drop(writeln!(io::stderr(), "{why}"));
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_terraform_starting_a_provider_gets_one() {
        let installed = Path::new("/plugins/linux_amd64/terraform-provider-demo_v0.1.0");
        assert!(is_requested(installed, Some(COOKIE)));
        assert!(is_requested(Path::new("terraform-provider-demo"), Some(COOKIE)));
        assert!(!is_requested(installed, None));
        assert!(!is_requested(installed, Some("another")));
        assert!(!is_requested(Path::new("/usr/bin/unapply"), Some(COOKIE)));
        assert!(!is_requested(Path::new(""), Some(COOKIE)));
    }
}
