//! The store in a bucket over a service that fails, call by call.

use std::time::{Duration, Instant};

use http::Method;
use unapply::port::object_store::{Created, ObjectError, ObjectStore as _};
use unapply::store::{Error, Lie, S3Store, create_only_holds};

use crate::support::bucket::{Bucket, Fault, Rule, SECRET_KEY};
use crate::support::records::key;

/// A store that loses patience after this many milliseconds.
fn impatient(bucket: &Bucket, milliseconds: u64) -> S3Store {
    let mut place = bucket.place("p");
    place.timeout = Duration::from_millis(milliseconds);
    S3Store::open(place).unwrap()
}

/// Faults that strike a write once, after which everything works.
fn passing() -> [Fault; 7] {
    [
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::Answer(500, "InternalError"),
        Fault::Answer(503, "SlowDown"),
        Fault::Answer(409, "ConditionalRequestConflict"),
        Fault::ErrorInBody,
        Fault::Date("Mon, 01 Jan 1990 00:00:00 GMT"),
    ]
}

#[test]
fn an_own_write_is_never_taken_for_somebody_elses_whatever_becomes_of_its_answer() {
    let bucket = Bucket::start();
    let store = bucket.store("p");
    for (number, fault) in passing().into_iter().enumerate() {
        let key = key(&format!("own/{number}"));
        bucket.rule(Rule::first(1, Method::PUT, key.as_str(), fault.clone()));
        assert_eq!(store.create(&key, b"mine").unwrap(), Created::New, "{fault:?}");
        assert_eq!(store.get(&key).unwrap().unwrap(), b"mine", "{fault:?}");
    }
}

#[test]
fn somebody_elses_object_is_never_taken_for_an_own_one_whatever_becomes_of_the_answer() {
    let bucket = Bucket::start();
    let store = bucket.store("p");
    for (number, fault) in passing().into_iter().enumerate() {
        let key = key(&format!("theirs/{number}"));
        assert_eq!(bucket.store("p").create(&key, b"theirs").unwrap(), Created::New);
        bucket.rule(Rule::first(1, Method::PUT, key.as_str(), fault.clone()));
        assert_eq!(store.create(&key, b"mine").unwrap(), Created::Exists, "{fault:?}");
        assert_eq!(store.get(&key).unwrap().unwrap(), b"theirs", "{fault:?}");
    }
}

#[test]
fn a_storm_that_ends_is_waited_out_and_nothing_is_written_twice() {
    let bucket = Bucket::start();
    let store = bucket.store("p");
    let storm = |method| Rule::first(4, method, "p/a", Fault::Answer(503, "SlowDown"));
    bucket.rule(storm(Method::PUT));
    bucket.rule(storm(Method::GET));
    assert_eq!(store.create(&key("a"), b"x").unwrap(), Created::New);
    assert_eq!(store.get(&key("a")).unwrap().unwrap(), b"x");
    let writes = bucket.requests().iter().filter(|seen| seen.starts_with("PUT")).count();
    assert_eq!(writes, 5, "{:?}", bucket.requests());
}

#[expect(clippy::disallowed_methods, reason = "a test of how long something takes")]
#[test]
fn a_service_that_does_not_recover_is_given_up_in_time_and_named() {
    let bucket = Bucket::start();
    let store = impatient(&bucket, 1200);
    let answers = [
        (Fault::Answer(503, "SlowDown"), "503 SlowDown: as the test wants it"),
        (Fault::Answer(500, "InternalError"), "500 InternalError"),
        (Fault::ErrorInBody, "200, and an error in it: InternalError"),
        (Fault::Hang, "no answer within 0.4s"),
        (Fault::DropBefore, "(tried"),
    ];
    for (fault, words) in answers {
        for method in [Method::PUT, Method::GET] {
            bucket.rule(Rule::always(method, "/p/", fault.clone()));
        }
        let started = Instant::now();
        let written = store.create(&key("a/1"), b"x").unwrap_err();
        let read = store.get(&key("a/1")).unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(12), "{fault:?}");
        assert!(matches!(written, ObjectError::Ambiguous { .. }), "{written:?}");
        assert!(matches!(read, ObjectError::Failed { .. }), "{read:?}");
        for error in [written, read] {
            assert!(error.to_string().contains("`s3://unapply-tests/p/a/1`"), "{error}");
            let seen = std::error::Error::source(&error).unwrap().to_string();
            assert!(seen.contains(words), "{seen}");
        }
        bucket.heal();
        assert_eq!(store.get(&key("a/1")).unwrap(), None, "{fault:?}");
    }
}

#[test]
fn a_slow_service_is_waited_for() {
    let bucket = Bucket::start();
    for method in [Method::PUT, Method::GET] {
        bucket.rule(Rule::always(method, "/p/", Fault::Delay(Duration::from_millis(300))));
    }
    let store = bucket.store("p");
    assert_eq!(store.create(&key("a"), b"x").unwrap(), Created::New);
    assert_eq!(store.get(&key("a")).unwrap().unwrap(), b"x");
}

#[test]
fn only_the_services_own_word_means_that_an_object_is_not_there() {
    let bucket = Bucket::start();
    let store = impatient(&bucket, 1200);
    assert_eq!(store.get(&key("a")).unwrap(), None);
    let misread = [
        (404, "NoSuchBucket"),
        (404, "NotFound"),
        (404, ""),
        (403, "AccessDenied"),
        (400, "InvalidRequest"),
        (500, "InternalError"),
        (412, "PreconditionFailed"),
    ];
    for (status, code) in misread {
        bucket.rule(Rule::always(Method::GET, "", Fault::Answer(status, code)));
        assert!(store.get(&key("a")).is_err(), "{status} {code}");
        assert!(store.list(&key("a")).is_err(), "{status} {code}");
        assert!(store.children(&key("a")).is_err(), "{status} {code}");
        bucket.heal();
    }
}

#[test]
fn each_refusal_is_a_kind_of_its_own() {
    let bucket = Bucket::start();
    let store = bucket.store("p");
    let kind = |error: &ObjectError| match error {
        ObjectError::Denied { .. } => "denied",
        ObjectError::Unauthenticated { .. } => "unauthenticated",
        ObjectError::Skewed { .. } => "skewed",
        ObjectError::Misdirected { .. } => "misdirected",
        ObjectError::Unsupported { .. } => "unsupported",
        ObjectError::Full { .. } => "full",
        ObjectError::Missing { .. }
        | ObjectError::Ambiguous { .. }
        | ObjectError::NotDurable { .. }
        | ObjectError::Failed { .. } => "other",
    };
    let other = Bucket::start();
    let elsewhere = Fault::Redirect(format!("{}/unapply-tests/p/a", other.endpoint()));
    for (fault, expected) in [
        (Fault::Answer(403, "AccessDenied"), "denied"),
        (Fault::Answer(403, "InvalidAccessKeyId"), "unauthenticated"),
        (Fault::Answer(400, "ExpiredToken"), "unauthenticated"),
        (Fault::Answer(403, "RequestTimeTooSkewed"), "skewed"),
        (Fault::Answer(404, "NoSuchBucket"), "misdirected"),
        (Fault::Answer(301, "PermanentRedirect"), "misdirected"),
        (elsewhere, "misdirected"),
        (Fault::Answer(501, "NotImplemented"), "unsupported"),
        (Fault::Answer(403, "QuotaExceeded"), "full"),
    ] {
        bucket.rule(Rule::always(Method::PUT, "", fault.clone()));
        let before = bucket.requests().len();
        let error = store.create(&key("a"), b"x").unwrap_err();
        assert_eq!(kind(&error), expected, "{error:?}");
        assert_eq!(bucket.requests().len(), before + 1, "{fault:?} is final");
        bucket.heal();
    }
    assert_eq!(bucket.object("p/a"), None);
    assert_eq!(other.requests(), [""; 0], "what was signed for one host is not sent to another");
}

#[test]
fn a_long_list_is_read_to_its_end_and_one_that_is_cut_short_is_an_error() {
    let bucket = Bucket::start();
    let directory = bucket.files().join("p/many");
    std::fs::create_dir_all(&directory).unwrap();
    for number in 0..1203 {
        std::fs::File::create(directory.join(format!("{number:04}"))).unwrap();
    }
    let store = bucket.store("p");
    let keys = store.list(&key("many")).unwrap();
    assert_eq!(keys.len(), 1203);
    assert_eq!(keys.last(), Some(&key("many/1202")));
    assert_eq!(store.children(&key("many")).unwrap().len(), 1203);
    let lists = |seen: &String| seen.contains("list-type=2");
    assert!(bucket.requests().iter().filter(|seen| lists(seen)).count() >= 4);

    let cut = "<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>p/many/0000</Key>\
               </Contents></ListBucketResult>";
    let stuck = "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>same\
                 </NextContinuationToken></ListBucketResult>";
    let strange = "<ListBucketResult><Contents><Key>other/many/0000</Key></Contents>\
                   </ListBucketResult>";
    for body in [cut, stuck, strange] {
        bucket.rule(Rule::always(Method::GET, "list-type=2", Fault::Says(body)));
        assert!(store.list(&key("many")).is_err(), "{body}");
        assert!(store.children(&key("many")).is_err(), "{body}");
        bucket.heal();
    }
}

#[test]
fn a_bucket_that_does_not_keep_its_word_is_caught() {
    let bucket = Bucket::start();
    create_only_holds(&bucket.store("p")).unwrap();
    bucket.rule(Rule::always(Method::PUT, "", Fault::IgnoreCondition));
    let caught = create_only_holds(&bucket.store("p")).unwrap_err();
    assert!(matches!(caught, Error::Lies { lie: Lie::Overwrites, .. }), "{caught}");
    // Also one that keeps it for a single writer and not for two at a time.
    bucket.heal();
    bucket.rule(Rule::always(Method::PUT, "/race", Fault::IgnoreCondition));
    let caught = create_only_holds(&bucket.store("p")).unwrap_err();
    assert!(matches!(caught, Error::Lies { .. }), "{caught}");
}

#[test]
fn what_a_store_says_about_itself_has_no_secret() {
    let bucket = Bucket::start();
    let store = bucket.store("p");
    assert!(!format!("{store:?} {:?}", bucket.place("p")).contains(SECRET_KEY));
    bucket.rule(Rule::always(Method::GET, "", Fault::Answer(403, "SignatureDoesNotMatch")));
    let error = store.get(&key("a")).unwrap_err();
    assert!(!format!("{error:?}").contains(SECRET_KEY));
}
