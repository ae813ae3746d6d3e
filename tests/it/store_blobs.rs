//! Blobs: stored once, verified when read, and what a check says of them.

use unapply::model::configuration::BlobId;
use unapply::model::digest::Digest;
use unapply::model::entry::Revision;
use unapply::store::{After, BlobProblem, Depth, Error, Repository, StoreFinding, StoreProblem};

use crate::support::memory::MemoryStore;
use crate::support::records::{blob_key, initialised, key, snapshot, stack};

#[test]
fn equal_content_is_stored_once_and_content_of_any_size_comes_back() {
    let inner = initialised(0);
    let repository = Repository::open(inner.shared()).unwrap();
    for size in [0, 1, 300, 3_000_000] {
        let content = vec![b'x'; size];
        let first = repository.put_blob(&content).unwrap();
        let keys = inner.keys();
        let second = repository.put_blob(&content).unwrap();
        assert_eq!(second.id, first.id);
        assert_eq!(inner.keys(), keys);
        assert_eq!(repository.get_blob(&first.id).unwrap(), content);
    }
}

/// Stores bytes under the key of their digest, as somebody with the right to write could.
fn planted(inner: &MemoryStore, bytes: &[u8]) -> BlobId {
    let digest = Digest::of(bytes);
    let text = digest.to_string();
    let place = key(&format!("blobs/{}/{text}", text.get(..2).unwrap()));
    inner.tamper(&place, Some(bytes.to_vec()));
    BlobId(digest)
}

#[test]
fn what_is_no_frame_or_claims_too_much_is_never_unpacked() {
    let inner = initialised(0);
    let repository = Repository::open(inner.shared()).unwrap();
    let problem = |bytes: &[u8]| match repository.get_blob(&planted(&inner, bytes)) {
        Err(Error::Blob { source, .. }) => source,
        other => panic!("{other:?}"),
    };
    assert!(matches!(problem(b""), BlobProblem::NotAFrame));
    assert!(matches!(problem(b"not zstd"), BlobProblem::NotAFrame));
    // A frame of one segment that claims 2^62 bytes, then an empty last block.
    let mut bomb = vec![0x28, 0xb5, 0x2f, 0xfd, 0xe0];
    bomb.extend_from_slice(&(1_u64 << 62).to_le_bytes());
    bomb.extend_from_slice(&[1, 0, 0]);
    assert!(matches!(
        problem(&bomb),
        BlobProblem::Bomb { bytes } if bytes == 1 << 62
    ));
    // One that claims 255 bytes and has none.
    let short = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0xff, 1, 0, 0];
    assert!(matches!(problem(&short), BlobProblem::Unpack { .. }));
}

#[test]
fn check_tells_missing_damaged_and_mistaken_blobs_and_counts_the_rest() {
    let inner = initialised(0);
    let repository = Repository::open(inner.shared()).unwrap();
    let stored: Vec<_> = ["one", "two", "three", "four"]
        .map(|content| repository.put_blob(content.as_bytes()).unwrap())
        .into();
    for (content, blob) in ["one", "two", "other than three"].iter().zip(&stored) {
        let draft = snapshot(content.as_bytes(), blob);
        repository.append(&stack(), draft, After::Any).unwrap();
    }
    inner.tamper(&blob_key(&stored[0]), None);
    inner.tamper(&blob_key(&stored[1]), Some(b"damaged".to_vec()));
    let shallow = repository.check(Depth::Structure).unwrap();
    assert_eq!((shallow.findings.len(), shallow.blobs_read), (1, 0));
    let deep = repository.check(Depth::Everything).unwrap();
    assert_eq!((deep.stacks, deep.entries, deep.blobs), (1, 3, 3));
    assert_eq!(deep.unreferenced, 1);
    let told = |finding: &StoreFinding| {
        let StoreProblem::Blob(problem) = &finding.problem else {
            panic!("{finding:?}");
        };
        let word = match problem {
            BlobProblem::Missing => "missing",
            BlobProblem::Changed { .. } => "changed",
            BlobProblem::WrongContent { .. } => "wrong",
            BlobProblem::NotAFrame | BlobProblem::Bomb { .. } | BlobProblem::Unpack { .. } => "?",
        };
        (finding.revision, word)
    };
    let mut found: Vec<_> = deep.findings.iter().map(told).collect();
    found.sort();
    assert_eq!(
        found,
        [
            (Some(Revision(1)), "missing"),
            (Some(Revision(2)), "changed"),
            (Some(Revision(3)), "wrong"),
        ]
    );
    assert!(matches!(
        repository.get_blob(&stored[0].id),
        Err(Error::Blob { source: BlobProblem::Missing, .. })
    ));
}

#[test]
fn a_sample_reads_its_share_of_the_blobs() {
    let repository = Repository::open(initialised(0)).unwrap();
    for number in 0..20 {
        let content = format!("state {number}");
        let stored = repository.put_blob(content.as_bytes()).unwrap();
        let draft = snapshot(content.as_bytes(), &stored);
        repository.append(&stack(), draft, After::Any).unwrap();
    }
    for (percent, expected) in [(0, 0), (25, 5), (100, 20), (255, 20)] {
        let report = repository.check(Depth::Sample(percent)).unwrap();
        assert!(report.is_sound());
        assert_eq!(report.blobs_read, expected, "{percent}");
    }
}
