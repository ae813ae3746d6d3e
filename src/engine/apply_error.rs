//! The class of an error, from Terraform's and the providers' own words.
//!
//! A table of phrases, asked in order: what was stopped or locked says so in words of its own;
//! limits come before rights, since services say both with the same numbers; an error that names an
//! object and says nothing known is the provider's. It knows no remedy.

use super::redact::Redactor;
use crate::model::apply_report::{ApplyError, ErrorClass};
use crate::model::event::Diagnostic;

/// Phrases and what they mean, in lower case.
const PHRASES: [(ErrorClass, &[&str]); 6] = [
    (
        ErrorClass::Interrupted,
        &[
            "execution halted",
            "operation canceled",
            "operation cancelled",
            "context canceled",
            "interrupted",
            "request cancelled",
        ],
    ),
    (
        ErrorClass::Lock,
        &["acquiring the state lock", "releasing the state lock", "state already locked"],
    ),
    (
        ErrorClass::Quota,
        &[
            "limitexceeded",
            "limit exceeded",
            "quota",
            "throttl",
            "rate exceeded",
            "rate limit",
            "toomanyrequests",
            "too many requests",
            "requestlimitexceeded",
            "slowdown",
            "insufficientinstancecapacity",
            "resource_exhausted",
            "429",
        ],
    ),
    (
        ErrorClass::Credentials,
        &[
            "accessdenied",
            "access denied",
            "unauthorized",
            "not authorized",
            "authorizationfailed",
            "expiredtoken",
            "invalidclienttokenid",
            "no valid credential",
            "invalid credentials",
            "failed to refresh cached credentials",
            "could not find default credentials",
            "permission_denied",
            "permission denied",
            "forbidden",
            "statuscode: 401",
            "statuscode: 403",
            "error 401",
            "error 403",
            "signaturedoesnotmatch",
            "requires auth",
        ],
    ),
    (
        ErrorClass::Network,
        &[
            "dial tcp",
            "no such host",
            "connection refused",
            "connection reset",
            "i/o timeout",
            "tls handshake",
            "x509:",
            "context deadline exceeded",
            "timeout while waiting",
            "request timeout",
            "unexpected eof",
            "error 502",
            "error 503",
            "bad gateway",
            "service unavailable",
            "network is unreachable",
        ],
    ),
    (
        ErrorClass::Configuration,
        &[
            "invalid reference",
            "reference to undeclared",
            "unsupported argument",
            "unsupported attribute",
            "unsupported block type",
            "missing required argument",
            "no value for required variable",
            "invalid value for",
            "invalid function argument",
            "invalid expression",
            "invalid template",
            "argument or block definition required",
            "error in function call",
            "incorrect attribute value type",
            "duplicate resource",
            "duplicate required providers",
            "inconsistent dependency lock file",
            "required plugins are not installed",
            "module not installed",
            "missing required provider",
            "invalid for_each argument",
            "invalid count argument",
            "resource precondition failed",
            "resource postcondition failed",
            "cycle:",
            "invalid provider configuration",
            "unsupported terraform core version",
            "instance cannot be destroyed",
            "provider configuration not present",
        ],
    ),
];

/// Classifies an error by the phrases in its text.
pub fn classify(said: &Diagnostic) -> ErrorClass {
    let text = format!("{}\n{}", said.summary, said.detail).to_lowercase();
    let fits = |phrases: &[&str]| phrases.iter().any(|phrase| has(&text, phrase));
    let known = PHRASES.into_iter().find(|(_, phrases)| fits(phrases));
    known.map_or(ErrorClass::Provider, |(class, _)| class)
}

/// Whether a phrase stands in the text; a number counts only when it is no part of another word.
fn has(text: &str, phrase: &str) -> bool {
    if !phrase.chars().all(|c| c.is_ascii_digit()) {
        return text.contains(phrase);
    }
    text.match_indices(phrase).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + phrase.len()..).and_then(|after| after.chars().next());
        let is_apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '-');
        is_apart(before) && is_apart(after)
    })
}

/// Errors as they can be recorded and shown, each once.
pub fn apply_errors(said: &[Diagnostic], redactor: &Redactor) -> Vec<ApplyError> {
    let mut found: Vec<ApplyError> = Vec::new();
    for error in said {
        let error = ApplyError {
            class: classify(error),
            address: error.address.as_ref().map(|address| redactor.text(address)),
            summary: redactor.text(&summary(error)),
        };
        if !found.contains(&error) {
            found.push(error);
        }
    }
    found
}

/// Terraform's summary with the first line of the detail that says more than where it was.
fn summary(error: &Diagnostic) -> String {
    const CHARACTERS_MAX: usize = 300;
    let is_place = |line: &&str| {
        let is_source = line.split_once(':').is_some_and(|(n, _)| n.parse::<u32>().is_ok());
        is_source || line.starts_with("with ") || line.starts_with("on ") || line.is_empty()
    };
    let more = error.detail.lines().map(str::trim).find(|line| !is_place(line));
    let text = match more {
        Some(more) => format!("{}: {more}", error.summary),
        None => error.summary.clone(),
    };
    match text.char_indices().nth(CHARACTERS_MAX) {
        None => text,
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::Severity;

    fn said(summary: &str, detail: &str) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            summary: summary.into(),
            detail: detail.into(),
            address: Some("aws_subnet.a".into()),
        }
    }

    use ErrorClass as C;

    /// Class, summary, detail.
    const REAL: &[(C, &str, &str)] = &[
        (C::Interrupted, "execution halted", ""),
        (C::Interrupted, "operation canceled", ""),
        (
            C::Lock,
            "Error acquiring the state lock",
            "Error message: resource temporarily unavailable",
        ),
        (
            C::Quota,
            "creating EC2 VPC",
            "api error VpcLimitExceeded: The maximum number of VPCs has been reached.",
        ),
        (C::Quota, "Error creating Network: googleapi: Error 403: Quota 'NETWORKS' exceeded.", ""),
        (C::Quota, "creating Lambda Function", "TooManyRequestsException: Rate exceeded"),
        (C::Quota, "Error: HTTP 429 from the API", ""),
        (
            C::Credentials,
            "creating S3 Bucket (x)",
            "api error AccessDenied: User is not authorized to perform: s3:CreateBucket",
        ),
        (
            C::Credentials,
            "No valid credential sources found",
            "failed to refresh cached credentials",
        ),
        (
            C::Credentials,
            "authorization.RoleAssignmentsClient#Create",
            "StatusCode=403 -- AuthorizationFailed",
        ),
        (C::Credentials, "ExpiredToken: The security token included in the request is expired", ""),
        (C::Network, "Get \"https://x/\": dial tcp: lookup x: no such host", ""),
        (
            C::Network,
            "waiting for EC2 NAT Gateway create",
            "timeout while waiting for state to become 'available'",
        ),
        (
            C::Configuration,
            "No value for required variable",
            "The root module input variable \"x\" is not set",
        ),
        (
            C::Configuration,
            "Unsupported argument",
            "An argument named \"nme\" is not expected here.",
        ),
        (C::Configuration, "Instance cannot be destroyed", "lifecycle.prevent_destroy"),
        (
            C::Provider,
            "creating EC2 Security Group",
            "InvalidGroup.Duplicate: The security group 'web' already exists",
        ),
        (
            C::Provider,
            "local-exec provisioner error",
            "Error running command 'exit 3': exit status 3. Output: hello",
        ),
        (C::Provider, "creating subnet-4291f", "no word that anybody knows"),
        (C::Provider, "cannot create failed.txt", "InjectedFault: `create` was asked for"),
    ];

    #[test]
    fn real_errors_are_told_apart_by_their_own_words() {
        for &(class, summary, detail) in REAL {
            assert_eq!(classify(&said(summary, detail)), class, "{summary}: {detail}");
        }
    }

    #[test]
    fn the_same_error_is_told_once_and_says_what_lies_behind_its_place() {
        let error = said(
            "cannot create a",
            "with aws_subnet.a,\non main.tf line 50, in resource \"aws_subnet\" \"a\":\n50: resource \"aws_subnet\" \"a\" {\nWhyNot: because",
        );
        let found = apply_errors(&[error.clone(), error], &Redactor::default());
        let [only] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(only.summary, "cannot create a: WhyNot: because");
        let long = apply_errors(&[said(&"x".repeat(10_000), "")], &Redactor::default());
        assert_eq!(long[0].summary.chars().count(), 301);
    }
}
