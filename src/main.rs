//! The thin binary.

use std::path::Path;
use std::process::ExitCode;

use unapply::demo::provider;

fn main() -> ExitCode {
    #[expect(
        clippy::disallowed_methods,
        reason = "whose program this is has to be known before anything else"
    )]
    let cookie = std::env::var(provider::COOKIE_VARIABLE).ok();
    let argv0 = std::env::args_os().next().unwrap_or_default();
    if provider::is_requested(Path::new(&argv0), cookie.as_deref()) {
        return provider::serve();
    }
    unapply::cli::run()
}
