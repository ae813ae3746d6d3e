//! The meaning of the service's answers.
//!
//! The decision is a pure function of the status and the code, [`meaning`]. An answer that cannot
//! be read is never taken for "not there". Texts name status, code, the service's own words and the
//! request's id, and nothing that was sent.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::{BoxError, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId as _;

use crate::port::object_store::ObjectError;

/// The longest text of the service that is repeated.
const WORDS_MAX: usize = 300;

/// Anything but success.
#[derive(Debug)]
pub(super) enum RequestFailure {
    /// The service says that there is no such object.
    Absent,
    /// The condition of the write does not hold: an object is there.
    AlreadyExists(Detail),
    /// Another writer is writing the same key just now; nothing was done.
    Conflict(Detail),
    /// The service cannot now; what a write did is unknown.
    Again(Detail),
    /// There was no answer; what a write did is unknown.
    Lost(Detail),
    /// No use in trying again.
    Final(Class, Detail),
}

impl RequestFailure {
    /// The answer or error that was seen.
    pub(super) fn why(&self) -> &str {
        match self {
            Self::Absent => "404 NoSuchKey",
            Self::AlreadyExists(why)
            | Self::Conflict(why)
            | Self::Again(why)
            | Self::Lost(why)
            | Self::Final(_, why) => &why.0,
        }
    }
}

/// Which [`ObjectError`] it becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Misdirected,
    Denied,
    Unauthenticated,
    Skewed,
    Full,
    Unsupported,
    Failed,
}

impl Class {
    /// The error, about this key.
    pub(super) fn error(self, key: &str, why: Detail) -> ObjectError {
        let (key, source) = (key.to_owned(), io::Error::other(why));
        match self {
            Self::Misdirected => ObjectError::Misdirected { key, source },
            Self::Denied => ObjectError::Denied { key, source },
            Self::Unauthenticated => ObjectError::Unauthenticated { key, source },
            Self::Skewed => ObjectError::Skewed { key, source },
            Self::Full => ObjectError::Full { key, source },
            Self::Unsupported => ObjectError::Unsupported { key, source },
            Self::Failed => ObjectError::Failed { key, source },
        }
    }
}

/// The answer or error that was seen, for a person.
#[derive(Debug, Clone)]
pub(super) struct Detail(String);

impl Detail {
    pub(super) fn new(text: &str) -> Self {
        Self(text.chars().take(WORDS_MAX).collect())
    }

    /// The innermost cause, which is the one that says something.
    pub(super) fn of(error: &(dyn StdError + 'static)) -> Self {
        Self::new(&causes(error).last().map(ToString::to_string).unwrap_or_default())
    }

    pub(super) fn silence(limit: Duration) -> Self {
        Self::new(&format!("no answer within {:.1}s", limit.as_secs_f32()))
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Detail {}

/// The meaning of a status and a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Absent,
    AlreadyExists,
    Conflict,
    Again,
    Final(Class),
}

fn meaning(status: u16, code: &str) -> Meaning {
    match (status, code) {
        (404, "NoSuchKey" | "NoSuchVersion") => Meaning::Absent,
        (
            _,
            "NoSuchBucket"
            | "InvalidBucketName"
            | "PermanentRedirect"
            | "TemporaryRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException",
        )
        | (300..=399, _) => Meaning::Final(Class::Misdirected),
        (412, _) => Meaning::AlreadyExists,
        (409, "ConditionalRequestConflict") => Meaning::Conflict,
        (_, "RequestTimeTooSkewed" | "RequestInTheFuture") => Meaning::Final(Class::Skewed),
        (
            _,
            "ExpiredToken"
            | "ExpiredTokenException"
            | "RequestExpired"
            | "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "InvalidToken"
            | "TokenRefreshRequired"
            | "InvalidSecurity"
            | "NotSignedUp"
            | "MissingSecurityHeader",
        )
        | (401, _) => Meaning::Final(Class::Unauthenticated),
        (_, "QuotaExceeded" | "XMinioStorageFull") | (507, _) => Meaning::Final(Class::Full),
        (403, _) => Meaning::Final(Class::Denied),
        (501, _) | (_, "NotImplemented") => Meaning::Final(Class::Unsupported),
        (408 | 429 | 500..=599, _)
        | (_, "SlowDown" | "InternalError" | "RequestTimeout" | "OperationAborted") => {
            Meaning::Again
        }
        _ => Meaning::Final(Class::Failed),
    }
}

/// Sorts what the SDK says.
pub(super) fn trouble<E>(error: &SdkError<E>) -> RequestFailure
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    if let Some(inner) = causes(error).find_map(|cause| cause.downcast_ref::<CredentialsError>()) {
        return RequestFailure::Final(Class::Unauthenticated, no_credentials(inner));
    }
    if let Some(body) = causes(error).find_map(|cause| cause.downcast_ref::<ErrorBody>()) {
        return RequestFailure::Again(body.0.clone());
    }
    let Some(raw) = error.raw_response() else {
        let why = Detail::of(error);
        // What could not even be put together was not sent.
        let was_made = !matches!(error, SdkError::ConstructionFailure(_));
        return if was_made {
            RequestFailure::Lost(why)
        } else {
            RequestFailure::Final(Class::Failed, why)
        };
    };
    let status = raw.status().as_u16();
    let code = error.code().unwrap_or_default();
    let mut text = format!("{status} {code}").trim_end().to_owned();
    if let Some(message) = error.message() {
        text.push_str(&format!(": {message}"));
    }
    if let Some(region) = raw.headers().get("x-amz-bucket-region") {
        text.push_str(&format!(" (the bucket is in {region})"));
    }
    if let Some(request) = error.request_id() {
        text.push_str(&format!(" (request {request})"));
    }
    let why = Detail::new(&text);
    match meaning(status, code) {
        // A success that cannot be read is no success.
        _ if (200..300).contains(&status) => RequestFailure::Again(why),
        Meaning::Absent => RequestFailure::Absent,
        Meaning::AlreadyExists => RequestFailure::AlreadyExists(why),
        Meaning::Conflict => RequestFailure::Conflict(why),
        Meaning::Again => RequestFailure::Again(why),
        Meaning::Final(kind) => RequestFailure::Final(kind, why),
    }
}

fn no_credentials(error: &CredentialsError) -> Detail {
    if matches!(error, CredentialsError::CredentialsNotLoaded(_)) {
        return Detail::new(
            "no credentials in the environment, the profile, a role or a container",
        );
    }
    let texts: Vec<String> = causes(error).map(ToString::to_string).collect();
    Detail::new(&texts.join(": "))
}

/// An error and what lies below it.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

/// The error that a body holds, if it is one: some services answer 200 before they know.
pub(super) fn error_in(body: &[u8]) -> Option<Detail> {
    let text = std::str::from_utf8(body.get(..body.len().min(2000))?).ok()?;
    let is_error = text.trim_start().starts_with('<') && text.contains("<Error>");
    let code = text.split("<Code>").nth(1).and_then(|rest| rest.split('<').next());
    is_error.then(|| Detail::new(&format!("200, and an error in it: {}", code.unwrap_or("?"))))
}

/// Reads the body of answers to writes, which the SDK passes over.
#[derive(Debug)]
pub(super) struct ErrorBodies;

/// Success by the status, and an error by the body.
#[derive(Debug)]
struct ErrorBody(Detail);

impl fmt::Display for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for ErrorBody {}

impl Intercept for ErrorBodies {
    fn name(&self) -> &'static str {
        "ErrorBodies"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response();
        match answer.body().bytes().and_then(error_in) {
            Some(why) if answer.status().is_success() => Err(Box::new(ErrorBody(why))),
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_no_such_key_is_absence_and_only_a_failed_condition_is_taken() {
        let table = [
            (404, "NoSuchKey", Meaning::Absent),
            (404, "NoSuchBucket", Meaning::Final(Class::Misdirected)),
            (404, "", Meaning::Final(Class::Failed)),
            (412, "PreconditionFailed", Meaning::AlreadyExists),
            (412, "", Meaning::AlreadyExists),
            (409, "ConditionalRequestConflict", Meaning::Conflict),
            (409, "OperationAborted", Meaning::Again),
            (409, "BucketAlreadyExists", Meaning::Final(Class::Failed)),
            (301, "PermanentRedirect", Meaning::Final(Class::Misdirected)),
            (307, "", Meaning::Final(Class::Misdirected)),
            (400, "AuthorizationHeaderMalformed", Meaning::Final(Class::Misdirected)),
            (400, "ExpiredToken", Meaning::Final(Class::Unauthenticated)),
            (401, "", Meaning::Final(Class::Unauthenticated)),
            (403, "SignatureDoesNotMatch", Meaning::Final(Class::Unauthenticated)),
            (403, "RequestTimeTooSkewed", Meaning::Final(Class::Skewed)),
            (403, "AccessDenied", Meaning::Final(Class::Denied)),
            (403, "", Meaning::Final(Class::Denied)),
            (403, "QuotaExceeded", Meaning::Final(Class::Full)),
            (501, "NotImplemented", Meaning::Final(Class::Unsupported)),
            (500, "InternalError", Meaning::Again),
            (503, "SlowDown", Meaning::Again),
            (504, "", Meaning::Again),
            (400, "RequestTimeout", Meaning::Again),
            (400, "InvalidRequest", Meaning::Final(Class::Failed)),
        ];
        for (status, code, expected) in table {
            assert_eq!(meaning(status, code), expected, "{status} {code}");
        }
    }

    #[test]
    fn an_error_in_a_body_is_found_and_other_content_is_left_alone() {
        let error = b"<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code></Error>";
        assert_eq!(error_in(error).unwrap().to_string(), "200, and an error in it: InternalError");
        for content in [&b""[..], b"<Result/>", b"{\"a\":\"<Error>\"}", &[0xff; 9]] {
            assert!(error_in(content).is_none());
        }
    }
}
