//! An object store in a bucket of S3, or of a service that speaks its language.
//!
//! A key is an object below the URL's prefix, as in a directory. A create is a PUT with
//! `If-None-Match: *`. When its answer is lost it is resolved by reading back and comparing, so
//! that an own write is never taken for another writer's. The SDK retries nothing: see `patience`.
//! `answer` holds the meaning of an answer, `connect` who we are to the service. This is the only
//! module that names the SDK, and the only place with an async runtime that reverts depend on. It
//! deliberately has no overwrite, no delete and no multipart upload. Start with [`S3Store::open`].

mod answer;
mod connect;
mod patience;
mod versions;

use std::fmt;
use std::future::Future;
use std::io;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures_util::future::join_all;
use tokio::runtime::{Handle, Runtime};
use tokio::time::timeout;

use self::answer::{Class, Detail, RequestFailure, trouble};
pub use self::connect::{AccessKeys, Addressing, InstanceMetadata, S3Place};
use self::patience::Pace;
pub use self::versions::{NoHistory, S3History};
use crate::port::object_store::{Created, Key, ObjectError, ObjectStore};

/// The largest object that is read: a blob at its largest, incompressible.
const OBJECT_BYTES_MAX: u64 = super::BLOB_BYTES_MAX + (1 << 30);

/// Slower than this, in bytes a second, is a transfer that stands still.
const SLOWEST: u64 = 50_000;

/// How many objects are asked for at once.
const AT_ONCE: usize = 16;

/// A store in a bucket.
pub struct S3Store {
    place: S3Place,
    client: Client,
    handle: Handle,
    _runtime: Background,
}

/// A runtime that is left behind when it is dropped: a lookup of a name that hangs is not waited for.
struct Background(Option<Runtime>);

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for S3Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Store").field("place", &self.place).finish_non_exhaustive()
    }
}

impl S3Store {
    /// Makes a client for the bucket. Nothing is asked of the service yet.
    pub fn open(place: S3Place) -> Result<Self, ObjectError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("store")
            .enable_all()
            .build()
            .map_err(|source| ObjectError::Failed { key: place.url(), source })?;
        let client = runtime.block_on(connect::client(&place));
        let handle = runtime.handle().clone();
        Ok(Self { place, client, handle, _runtime: Background(Some(runtime)) })
    }

    /// How long one attempt may take: longer for more bytes.
    fn limit(&self, bytes: u64) -> Duration {
        self.place.timeout / 3 + Duration::from_secs(bytes / SLOWEST)
    }

    fn pace(&self) -> Pace {
        Pace::new(self.place.timeout, self.place.endpoint.as_deref())
    }

    /// Waits for a part of an attempt, but not for ever.
    async fn in_time<T>(
        &self,
        bytes: u64,
        part: impl Future<Output = Result<T, RequestFailure>>,
    ) -> Result<T, RequestFailure> {
        let limit = self.limit(bytes);
        match timeout(limit, part).await {
            Ok(result) => result,
            Err(_) => Err(RequestFailure::Lost(Detail::silence(limit))),
        }
    }

    /// One PUT, and what became of it.
    async fn put(&self, key: &Key, bytes: Bytes) -> Result<(), RequestFailure> {
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let request = self
            .client
            .put_object()
            .bucket(&self.place.bucket)
            .key(self.place.object(key))
            .if_none_match("*")
            .content_type("application/octet-stream")
            .body(ByteStream::from(bytes));
        let sent = Box::pin(request.send());
        self.in_time(size, async { sent.await.map(drop).map_err(|e| trouble(&e)) }).await
    }

    /// One GET.
    async fn fetch(&self, key: &Key) -> Result<Vec<u8>, RequestFailure> {
        let object = self.place.object(key);
        let request = self.client.get_object().bucket(&self.place.bucket).key(object);
        let sent = Box::pin(request.send());
        let answer = self.in_time(0, async { sent.await.map_err(|e| trouble(&e)) }).await?;
        let claimed = answer.content_length.and_then(|length| u64::try_from(length).ok());
        if claimed.is_some_and(|length| length > OBJECT_BYTES_MAX) {
            return Err(too_large());
        }
        let is_xml = answer.content_type.as_deref().is_some_and(|kind| kind.contains("xml"));
        let mut body = answer.body;
        let read = async {
            let mut bytes = Vec::new();
            // Each piece has to come in time, and all of them have to.
            while let Some(piece) = self.in_time(0, async { Ok(body.next().await) }).await? {
                let piece = piece.map_err(|error| RequestFailure::Lost(Detail::of(&error)))?;
                bytes.extend_from_slice(&piece);
                let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                if length > OBJECT_BYTES_MAX {
                    return Err(too_large());
                }
            }
            Ok(bytes)
        };
        let bytes = self.in_time(claimed.unwrap_or(OBJECT_BYTES_MAX), read).await?;
        // What is stored here is never XML; an error that is sent as a success is.
        match answer::error_in(&bytes).filter(|_| is_xml) {
            Some(why) => Err(RequestFailure::Again(why)),
            None => Ok(bytes),
        }
    }

    /// One page of a list.
    async fn page(
        &self,
        prefix: &str,
        delimiter: Option<&str>,
        token: Option<&str>,
    ) -> Result<ListObjectsV2Output, RequestFailure> {
        let request = self
            .client
            .list_objects_v2()
            .bucket(&self.place.bucket)
            .prefix(prefix)
            .set_delimiter(delimiter.map(str::to_owned))
            .set_continuation_token(token.map(str::to_owned));
        let sent = Box::pin(request.send());
        self.in_time(0, async { sent.await.map_err(|e| trouble(&e)) }).await
    }

    /// Repeats a read until it is answered, refused, or given up.
    async fn until_answered<T, F>(
        &self,
        shown: &str,
        mut ask: impl FnMut() -> F,
    ) -> Result<Option<T>, ObjectError>
    where
        F: Future<Output = Result<T, RequestFailure>>,
    {
        let mut pace = self.pace();
        loop {
            let why = match ask().await {
                Ok(answer) => return Ok(Some(answer)),
                Err(RequestFailure::Absent) => return Ok(None),
                Err(RequestFailure::Final(kind, why)) => return Err(kind.error(shown, why)),
                Err(RequestFailure::AlreadyExists(why) | RequestFailure::Conflict(why)) => {
                    return Err(Class::Failed.error(shown, why));
                }
                Err(again @ (RequestFailure::Again(_) | RequestFailure::Lost(_))) => again,
            };
            if !pace.again(&why).await {
                return Err(Class::Failed.error(shown, pace.given_up(&why)));
            }
        }
    }

    async fn read(&self, key: &Key) -> Result<Option<Vec<u8>>, ObjectError> {
        self.until_answered(&self.place.shown(key), || self.fetch(key)).await
    }

    /// The create-only write. An answer that leaves open what happened puts it in doubt. From then
    /// on "it is there" is believed to be another writer's only after a look.
    async fn write(&self, key: &Key, bytes: Bytes) -> Result<Created, ObjectError> {
        let shown = self.place.shown(key);
        let mut pace = self.pace();
        let mut in_doubt = false;
        loop {
            let why = match self.put(key, bytes.clone()).await {
                Ok(()) => return Ok(Created::New),
                Err(RequestFailure::AlreadyExists(_)) if !in_doubt => return Ok(Created::Exists),
                Err(RequestFailure::Final(kind, why)) => return Err(kind.error(&shown, why)),
                Err(RequestFailure::Absent) => {
                    return Err(Class::Failed.error(&shown, Detail::new("404 to a write")));
                }
                Err(seen @ (RequestFailure::AlreadyExists(_) | RequestFailure::Conflict(_))) => {
                    match (self.read(key).await, in_doubt) {
                        (Ok(Some(found)), true) if found == bytes => return Ok(Created::New),
                        (Ok(Some(_)), _) => return Ok(Created::Exists),
                        (Ok(None), _) => seen,
                        (Err(error), false) => return Err(error),
                        (Err(error), true) => return Err(ambiguous(shown, error)),
                    }
                }
                Err(again @ (RequestFailure::Again(_) | RequestFailure::Lost(_))) => {
                    in_doubt = true;
                    again
                }
            };
            if !pace.again(&why).await {
                let why = pace.given_up(&why);
                return Err(if in_doubt {
                    ambiguous(shown, why)
                } else {
                    Class::Failed.error(&shown, why)
                });
            }
        }
    }

    /// Everything below a prefix, page by page: the objects, and with a delimiter what they share.
    async fn walk(
        &self,
        prefix: &Key,
        delimiter: Option<&str>,
        mut found: impl FnMut(&str),
    ) -> Result<(), ObjectError> {
        let shown = self.place.shown(prefix);
        let below = format!("{}/", self.place.object(prefix));
        let broken = |what: &str| Class::Failed.error(&shown, Detail::new(what));
        let mut token: Option<String> = None;
        loop {
            let ask = || self.page(&below, delimiter, token.as_deref());
            let page = self.until_answered(&shown, ask).await?;
            // There is no answer to a list that means "no such key".
            let page = page.ok_or_else(|| broken("404 to a list"))?;
            let shared = page.common_prefixes().iter().filter_map(|shared| shared.prefix());
            for name in page.contents().iter().filter_map(|object| object.key()).chain(shared) {
                let rest = name.strip_prefix(&below);
                found(rest.ok_or_else(|| broken("the list has keys that were not asked for"))?);
            }
            let next = page.next_continuation_token().map(str::to_owned);
            if !page.is_truncated().unwrap_or(next.is_some()) {
                return Ok(());
            }
            if next.is_none() || next == token {
                return Err(broken("the list is cut short and does not say how it goes on"));
            }
            token = next;
        }
    }
}

impl ObjectStore for S3Store {
    fn place(&self) -> String {
        self.place.url()
    }

    fn create(&self, key: &Key, bytes: &[u8]) -> Result<Created, ObjectError> {
        self.handle.block_on(self.write(key, Bytes::copy_from_slice(bytes)))
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ObjectError> {
        self.handle.block_on(self.read(key))
    }

    fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>, ObjectError> {
        let mut found = Vec::with_capacity(keys.len());
        for some in keys.chunks(AT_ONCE) {
            let asked = join_all(some.iter().map(|key| self.read(key)));
            for object in self.handle.block_on(asked) {
                found.push(object?);
            }
        }
        Ok(found)
    }

    fn list(&self, prefix: &Key) -> Result<Vec<Key>, ObjectError> {
        let parts: Vec<&str> = prefix.parts().collect();
        let mut keys = Vec::new();
        // A name that cannot be a key is foreign and is no object of ours.
        let found = |rest: &str| {
            let rest: Vec<&str> = rest.split('/').collect();
            keys.extend(Key::from_parts(&[parts.as_slice(), &rest].concat()));
        };
        self.handle.block_on(self.walk(prefix, None, found))?;
        keys.sort();
        Ok(keys)
    }

    fn children(&self, prefix: &Key) -> Result<Vec<String>, ObjectError> {
        let mut children = Vec::new();
        let found = |rest: &str| {
            let part = rest.trim_end_matches('/');
            children.extend(Key::from_parts(&[part]).map(|_| part.to_owned()));
        };
        self.handle.block_on(self.walk(prefix, Some("/"), found))?;
        children.sort();
        children.dedup();
        Ok(children)
    }
}

fn too_large() -> RequestFailure {
    RequestFailure::Final(
        Class::Failed,
        Detail::new("the object is larger than any that is ever read"),
    )
}

fn ambiguous(key: String, seen: impl std::error::Error + Send + Sync + 'static) -> ObjectError {
    ObjectError::Ambiguous { key, source: io::Error::other(seen) }
}
