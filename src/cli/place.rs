//! The place of the store: a directory, or a prefix in a bucket.
//!
//! A URL and the settings beside it become plain values here. A URL or a setting that would be
//! unsafe, or is meant for something else, is refused by name. Nothing is opened, and no URL that
//! may hold a password is repeated.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::config;
use super::environment::World;
use super::exit::Exit;
use super::failure::Failure;
use crate::model::secret::Secret;
use crate::port::object_store::Key;
use crate::store::{AccessKeys, Addressing, InstanceMetadata, S3Place};

/// How long an operation on a bucket may go without success, in seconds.
const TIMEOUT_SECONDS: u64 = 60;

/// The place of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StorePlace {
    /// A directory; absolute.
    Directory(PathBuf),
    /// A prefix in a bucket.
    Bucket(Box<S3Place>),
}

impl fmt::Display for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.display().fmt(f),
            Self::Bucket(place) => f.write_str(&place.url()),
        }
    }
}

impl StorePlace {
    /// Reads a URL; a path is relative to `relative_to`.
    pub(super) fn of(
        url: &str,
        relative_to: &Path,
        settings: &config::Store,
        world: &World,
    ) -> Result<Self, Failure> {
        if let Some(rest) = url.strip_prefix("s3://") {
            return bucket(rest, settings, world).map(Box::new).map(Self::Bucket);
        }
        if url.contains("://") || url.contains("${") {
            let shown = if url.contains('@') { "a URL with a user in it" } else { url };
            return Err(Failure::new(
                Exit::Store,
                format!("this version keeps no store in `{shown}`"),
            )
            .next("unapply --store DIR init, or: unapply --store s3://BUCKET/PREFIX init"));
        }
        let path = relative_to.join(url);
        Ok(Self::Directory(std::path::absolute(&path).unwrap_or(path)))
    }
}

fn refused(what: impl Into<String>) -> Failure {
    Failure::new(Exit::Usage, what.into()).next("[store] url = \"s3://BUCKET/PREFIX\"")
}

/// Reads the part of a URL after `s3://`, with the settings beside it.
fn bucket(rest: &str, settings: &config::Store, world: &World) -> Result<S3Place, Failure> {
    if rest.contains('@') {
        return Err(refused("the store's URL has credentials in it")
            .now("they come from the environment, a profile or a role, and are never in a URL"));
    }
    if rest.contains(['?', '#']) {
        return Err(refused(format!("`s3://{rest}` has settings in it"))
            .now("region, endpoint and path_style are keys of [store]"));
    }
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if bucket.len() < 3 || !bucket.chars().all(fits) {
        return Err(refused(format!("`s3://{rest}` names no bucket")));
    }
    let prefix = prefix.trim_end_matches('/');
    let parts: Vec<&str> = prefix.split('/').collect();
    if !prefix.is_empty() && Key::from_parts(&parts).is_none() {
        let what = format!("`s3://{rest}` has a prefix that no store can have");
        return Err(refused(what).now("its parts are printable ASCII and not empty, `.` or `..`"));
    }
    let endpoint = endpoint(settings, world)?;
    let addressing = match (settings.path_style, &endpoint) {
        (Some(true), _) | (None, Some(_)) => Addressing::Path,
        (Some(false), _) | (None, None) => Addressing::Host,
    };
    let region = settings.region.as_deref().or_else(|| world.text("AWS_REGION"));
    let region = region.or_else(|| world.text("AWS_DEFAULT_REGION"));
    let metadata = settings.instance_metadata.unwrap_or(false);
    let timeout = match &settings.timeout {
        Some(text) => super::settings::seconds(text)?,
        None => TIMEOUT_SECONDS,
    };
    if timeout == 0 {
        return Err(refused("`store.timeout` is no time at all"));
    }
    Ok(S3Place {
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
        region: region.map(str::to_owned),
        endpoint,
        addressing,
        keys: keys(world),
        profile: None,
        instance_metadata: if metadata { InstanceMetadata::Ask } else { InstanceMetadata::Never },
        timeout: Duration::from_secs(timeout),
    })
}

/// Returns the URL of another service than AWS. Signed requests and stored bytes may not travel in
/// the clear.
fn endpoint(settings: &config::Store, world: &World) -> Result<Option<String>, Failure> {
    let given = settings.endpoint.as_deref().or_else(|| world.text("AWS_ENDPOINT_URL_S3"));
    let Some(url) = given.or_else(|| world.text("AWS_ENDPOINT_URL")) else { return Ok(None) };
    let help = |what: String| Failure::new(Exit::Usage, what).next("endpoint = \"https://HOST\"");
    if url.contains('@') {
        return Err(help("the store's endpoint has credentials in it".to_owned())
            .now("they come from the environment, a profile or a role, and are never in a URL"));
    }
    let uri: Option<http::Uri> = url.parse().ok();
    let parts = uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.host()?)));
    match parts {
        Some(("https", _)) => {}
        Some(("http", host)) if is_loopback(host) => {}
        Some(("http", _)) => {
            return Err(help(format!("the store's endpoint is not encrypted: `{url}`"))
                .now("states hold secrets; http is for this machine itself only"));
        }
        Some(_) | None => return Err(help(format!("the store's endpoint is no URL: `{url}`"))),
    }
    Ok(Some(url.trim_end_matches('/').to_owned()))
}

/// The keys of the environment, under their usual names.
pub(super) fn keys(world: &World) -> Option<AccessKeys> {
    let text = |name| world.text(name).map(str::trim).filter(|text| !text.is_empty());
    let secret = |name| text(name).map(|value| Secret::new(value.to_owned()));
    Some(AccessKeys {
        id: text("AWS_ACCESS_KEY_ID")?.to_owned(),
        secret: secret("AWS_SECRET_ACCESS_KEY")?,
        session: secret("AWS_SESSION_TOKEN"),
    })
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str, settings: &config::Store, variables: &[(&str, &str)]) -> S3Place {
        match StorePlace::of(url, Path::new("/work"), settings, &World::of_test(variables)).unwrap()
        {
            StorePlace::Bucket(place) => *place,
            StorePlace::Directory(path) => panic!("{}", path.display()),
        }
    }

    #[test]
    fn a_setting_wins_over_the_environment_and_the_specific_over_the_general() {
        let none = config::Store::default();
        let plain = place("s3://bucket/a/b/", &none, &[]);
        assert_eq!((plain.bucket.as_str(), plain.prefix.as_str()), ("bucket", "a/b"));
        assert_eq!((plain.region, plain.endpoint), (None, None));
        assert_eq!(plain.addressing, Addressing::Host);
        assert_eq!(plain.instance_metadata, InstanceMetadata::Never);
        let variables = [
            ("AWS_DEFAULT_REGION", "r1"),
            ("AWS_REGION", "r2"),
            ("AWS_ENDPOINT_URL", "https://one"),
            ("AWS_ENDPOINT_URL_S3", "https://two/"),
        ];
        let found = place("s3://bucket", &none, &variables);
        assert_eq!(found.region.as_deref(), Some("r2"));
        assert_eq!(found.endpoint.as_deref(), Some("https://two"));
        assert_eq!(found.addressing, Addressing::Path);
        assert_eq!(found.url(), "s3://bucket");
        let settings = config::Store {
            region: Some("r3".to_owned()),
            endpoint: Some("http://127.0.0.1:9000".to_owned()),
            path_style: Some(false),
            instance_metadata: Some(true),
            timeout: Some("5s".to_owned()),
            ..none
        };
        let set = place("s3://bucket", &settings, &variables);
        assert_eq!(set.region.as_deref(), Some("r3"));
        assert_eq!(set.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
        assert_eq!(set.addressing, Addressing::Host);
        assert_eq!(set.instance_metadata, InstanceMetadata::Ask);
        assert_eq!(set.timeout, Duration::from_secs(5));
    }

    #[test]
    fn what_is_unsafe_or_meant_for_something_else_is_refused_and_no_password_repeated() {
        let endpoints = [
            "http://store.example.org",
            "http://127.0.0.1.example.org",
            "http://localhost.example.org",
            "ftp://127.0.0.1",
            "127.0.0.1:9000",
            "https://user:canary@host",
        ];
        let urls = [
            "s3://",
            "s3://ab",
            "s3://bucket name/x",
            "s3://key:canary@bucket/x",
            "s3://bucket/x?region=y",
            "s3://bucket//x",
            "s3://bucket/../x",
            "s3://bucket/a b",
            "gs://bucket/x",
            "https://user:canary@host/x",
            "${BUCKET}",
        ];
        let refused = |url: &str, variables: &[(&str, &str)]| {
            let none = config::Store::default();
            let found = StorePlace::of(url, Path::new("/"), &none, &World::of_test(variables));
            let failure = found.expect_err(url);
            assert!(!format!("{failure:?}").contains("canary"), "{failure:?}");
        };
        for url in endpoints {
            refused("s3://bucket", &[("AWS_ENDPOINT_URL", url)]);
        }
        for url in urls {
            refused(url, &[]);
        }
        for loopback in ["http://localhost:1", "http://[::1]:1", "http://127.9.9.9"] {
            place("s3://bucket", &config::Store::default(), &[("AWS_ENDPOINT_URL", loopback)]);
        }
    }
}
