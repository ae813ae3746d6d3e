//! The older versions of a state in a versioned bucket: read, and never touched.
//!
//! The place is the one of Terraform's own S3 backend, with the backend's own way in: its region,
//! endpoint, profile and keys. A role that the backend would assume (`assume_role`) is not assumed
//! here; credentials of that role can be given by the environment.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use jiff::Timestamp;

use super::answer::{Class, Detail, RequestFailure, trouble};
use super::connect::{AccessKeys, Addressing, InstanceMetadata, S3Place};
use super::{OBJECT_BYTES_MAX, S3Store, too_large};
use crate::codec::backend::Backend;
use crate::codec::json;
use crate::model::secret::Secret;
use crate::model::value::Value;
use crate::port::object_store::ObjectError;
use crate::port::state_history::{StateHistory, StateVersionAt};

/// How long one request may go without an answer that helps.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Settings of the backend that lead to other credentials, and that are not followed.
const OTHER_CREDENTIALS: [&str; 4] =
    ["assume_role", "assume_role_with_web_identity", "role_arn", "shared_credentials_files"];

/// The older versions of one state.
pub struct S3History {
    store: S3Store,
    object: String,
}

/// A backend whose older versions cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoHistory {
    /// It is no bucket.
    #[error("only a state in S3 has older versions that can be imported; this one is in `{0}`")]
    NotS3(String),
    /// It does not say where the state is.
    #[error("the backend's record names no bucket or no key")]
    NoPlace,
    /// It takes other credentials to get there.
    #[error("the backend's `{0}` is not followed: give that role's credentials by the environment")]
    OtherCredentials(&'static str),
}

impl fmt::Debug for S3History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3History").field("object", &self.object).finish_non_exhaustive()
    }
}

impl S3History {
    /// The history of the state that `backend` keeps for `workspace`. Nothing is asked yet. `keys`
    /// are the environment's; the backend's own ones win, and so does a profile that it names.
    pub fn of(
        backend: &Backend,
        workspace: &str,
        keys: Option<AccessKeys>,
    ) -> Result<Result<Self, ObjectError>, NoHistory> {
        if backend.identity.kind != "s3" {
            return Err(NoHistory::NotS3(backend.identity.kind.clone()));
        }
        let has = |name: &&&str| backend.withheld.contains_key(**name);
        if let Some(name) = OTHER_CREDENTIALS.iter().find(has) {
            return Err(NoHistory::OtherCredentials(name));
        }
        let (mut place, object) = place(backend, workspace).ok_or(NoHistory::NoPlace)?;
        let environment = keys.filter(|_| place.profile.is_none());
        place.keys = own_keys(backend).or(environment);
        Ok(S3Store::open(place).map(|store| Self { store, object }))
    }

    async fn page(
        &self,
        after: Option<&(String, String)>,
    ) -> Result<ListObjectVersionsOutput, RequestFailure> {
        let request = self
            .store
            .client
            .list_object_versions()
            .bucket(&self.store.place.bucket)
            .prefix(&self.object)
            .set_key_marker(after.map(|(key, _)| key.clone()))
            .set_version_id_marker(after.map(|(_, version)| version.clone()));
        self.store.in_time(0, async { request.send().await.map_err(|e| trouble(&e)) }).await
    }

    async fn all(&self) -> Result<Vec<StateVersionAt>, ObjectError> {
        let shown = self.place();
        let broken = |what: &str| Class::Failed.error(&shown, Detail::new(what));
        let (mut found, mut after) = (Vec::new(), None);
        let mut seen = BTreeSet::new();
        loop {
            let page = self.store.until_answered(&shown, || self.page(after.as_ref())).await?;
            let page = page.ok_or_else(|| broken("404 to a list"))?;
            for version in page.versions() {
                // The prefix also fits longer names, such as the lock's.
                if version.key() != Some(&self.object) || version.is_latest() == Some(true) {
                    continue;
                }
                let written = version.last_modified();
                let written = written.and_then(|time| Timestamp::from_second(time.secs()).ok());
                let id = version.version_id().map(str::to_owned);
                let (Some(id), Some(written)) = (id, written) else {
                    return Err(broken("a version has no name or no time"));
                };
                let bytes = version.size().and_then(|size| u64::try_from(size).ok());
                found.push(StateVersionAt { id, written, bytes: bytes.unwrap_or(0) });
            }
            if page.is_truncated() != Some(true) {
                break;
            }
            let next = page.next_key_marker().zip(page.next_version_id_marker());
            let next = next.map(|(key, version)| (key.to_owned(), version.to_owned()));
            // A list that comes back to where it was would never end.
            if !next.as_ref().is_some_and(|next| seen.insert(next.clone())) {
                return Err(broken("the list is cut short and does not say how it goes on"));
            }
            after = next;
        }
        // S3 lists the newest first.
        found.reverse();
        found.sort_by_key(|version| version.written);
        Ok(found)
    }

    async fn one(&self, version: &StateVersionAt) -> Result<Vec<u8>, RequestFailure> {
        if version.bytes > OBJECT_BYTES_MAX {
            return Err(too_large());
        }
        let request = self
            .store
            .client
            .get_object()
            .bucket(&self.store.place.bucket)
            .key(&self.object)
            .version_id(&version.id);
        let answer =
            self.store.in_time(0, async { request.send().await.map_err(|e| trouble(&e)) }).await?;
        let body = async {
            let body = answer.body.collect().await;
            body.map_err(|error| RequestFailure::Lost(Detail::of(&error)))
        };
        Ok(self.store.in_time(version.bytes, body).await?.to_vec())
    }
}

impl StateHistory for S3History {
    fn place(&self) -> String {
        format!("s3://{}/{}", self.store.place.bucket, self.object)
    }

    fn versions(&self) -> Result<Vec<StateVersionAt>, ObjectError> {
        self.store.handle.block_on(self.all())
    }

    fn bytes(&self, version: &StateVersionAt) -> Result<Option<Vec<u8>>, ObjectError> {
        let shown = format!("{} version {}", self.place(), version.id);
        self.store.handle.block_on(self.store.until_answered(&shown, || self.one(version)))
    }
}

/// The bucket and key of a workspace's state, as the backend's documentation has them.
fn place(backend: &Backend, workspace: &str) -> Option<(S3Place, String)> {
    let settings = &backend.identity.settings;
    let text = |name: &str| settings.get(name).cloned().filter(|text| !text.is_empty());
    let key = text("key")?;
    let object = if workspace == "default" {
        key
    } else {
        let prefix = text("workspace_key_prefix").unwrap_or_else(|| "env:".to_owned());
        format!("{prefix}/{workspace}/{key}")
    };
    let endpoints = text("endpoints").and_then(|text| json::value(&text).ok());
    let endpoint = match endpoints.as_ref().and_then(|value| value.get("s3")) {
        Some(Value::Text(url)) if !url.is_empty() => Some(url.clone()),
        _ => text("endpoint"),
    };
    let is_path = ["use_path_style", "force_path_style"]
        .iter()
        .any(|name| settings.get(*name).is_some_and(|value| value == "true"));
    let place = S3Place {
        bucket: text("bucket")?,
        prefix: String::new(),
        region: text("region"),
        endpoint,
        addressing: if is_path { Addressing::Path } else { Addressing::Host },
        keys: None,
        profile: text("profile"),
        instance_metadata: InstanceMetadata::Never,
        timeout: TIMEOUT,
    };
    Some((place, object))
}

/// The backend's own keys, where it has some.
fn own_keys(backend: &Backend) -> Option<AccessKeys> {
    let text = |name: &str| {
        let found = backend.withheld.get(name);
        found.map(|value| value.reveal_for_terraform().clone()).filter(|text| !text.is_empty())
    };
    Some(AccessKeys {
        id: text("access_key")?,
        secret: Secret::new(text("secret_key")?),
        session: text("token").map(Secret::new),
    })
}
