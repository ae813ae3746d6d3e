//! Asks an address for its status.
//!
//! One request, no redirect is followed, and no byte of the body is read. TLS is checked against the
//! machine's own certificates, as the store in a bucket does.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Error};

use super::{Failed, StackCheck};

/// Asks once; any other status than `expect` is a failure.
pub(super) fn ask(check: &StackCheck, url: &str, expect: u16) -> Result<(), Failed> {
    let answer = agent(check.timeout_seconds).get(url).call();
    let end = match answer {
        Ok(answer) if answer.status().as_u16() == expect => return Ok(()),
        Ok(answer) => format!("status {}, not {expect}", answer.status().as_u16()),
        Err(Error::Timeout(_)) => {
            let timeout_seconds = check.timeout_seconds;
            return Err(Failed::TooLong { check: check.name(), timeout_seconds });
        }
        // It repeats the address, whose query is not told.
        Err(Error::BadUri(_)) => "no such address".to_owned(),
        Err(error) => error.to_string(),
    };
    Err(Failed::Ended { check: check.name(), end })
}

fn agent(timeout_seconds: u64) -> Agent {
    let found = rustls_native_certs::load_native_certs();
    let roots: Vec<Certificate<'static>> =
        found.certs.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .build();
    Agent::config_builder()
        .tls_config(tls)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(timeout_seconds)))
        .user_agent(concat!("unapply/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
}
