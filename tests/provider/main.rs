//! The demo's provider alone, as small as it can be.
//!
//! Terraform reads and hashes a provider's file at each command. unapply has the provider in it, and
//! is ten times as large. So the tests take this program, where it has been built, and it passes as
//! a test that does nothing.

use std::path::Path;
use std::process::ExitCode;

use unapply::demo::provider;

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "whose program this is has to be known first")]
    let cookie = std::env::var(provider::COOKIE_VARIABLE).ok();
    let argv0 = std::env::args_os().next().unwrap_or_default();
    if provider::is_requested(Path::new(&argv0), cookie.as_deref()) {
        provider::serve()
    } else {
        ExitCode::SUCCESS
    }
}
