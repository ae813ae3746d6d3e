//! The contract of any object store, and the additions of the one in a directory.

use std::collections::BTreeSet;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use unapply::port::object_store::{Created, Key, ObjectError, ObjectStore};
use unapply::store::{After, Depth, Error, LocalStore, Repository};

use crate::support::bucket::Bucket;
use crate::support::memory::MemoryStore;
use crate::support::records::{blob_key, key, remark, remarked, snapshot, stack};

/// Runs a check on a fresh store of each kind.
fn on_every_store(check: impl Fn(&dyn ObjectStore)) {
    check(&MemoryStore::default());
    let place = tempfile::tempdir().unwrap();
    check(&LocalStore::create(&place.path().join("store")).unwrap().0);
    for prefix in ["", "a/prefix"] {
        let bucket = Bucket::start();
        check(&bucket.store(prefix));
    }
}

#[test]
fn an_object_is_created_once_and_then_left_alone() {
    on_every_store(|store| {
        let key = key("a/b/c");
        assert_eq!(store.get(&key).unwrap(), None);
        assert_eq!(store.create(&key, b"first").unwrap(), Created::New);
        assert_eq!(store.create(&key, b"second").unwrap(), Created::Exists);
        assert_eq!(store.create(&key, b"first").unwrap(), Created::Exists);
        assert_eq!(store.get(&key).unwrap().unwrap(), b"first");
    });
}

#[test]
fn content_of_any_size_comes_back_exactly() {
    on_every_store(|store| {
        for size in [0, 1, 4095, 4096, 4097, 8 << 20] {
            let content: Vec<u8> = (0..=255).cycle().take(size).collect();
            let key = key(&format!("sizes/{size}"));
            assert_eq!(store.create(&key, &content).unwrap(), Created::New);
            assert!(store.get(&key).unwrap().unwrap() == content, "{size}");
        }
    });
}

#[test]
fn many_objects_come_in_the_order_in_which_they_were_asked_for() {
    on_every_store(|store| {
        let name = |number: usize| key(&format!("many/{number}"));
        for number in (0..40).filter(|number| number % 3 != 0) {
            let content = number.to_string();
            assert_eq!(store.create(&name(number), content.as_bytes()).unwrap(), Created::New);
        }
        let keys: Vec<Key> = (0..40).rev().map(name).collect();
        let found = store.get_all(&keys).unwrap();
        assert_eq!(found.len(), 40);
        for (number, found) in (0..40).rev().zip(found) {
            let expected = (number % 3 != 0).then(|| number.to_string().into_bytes());
            assert_eq!(found, expected, "{number}");
        }
        assert_eq!(store.get_all(&[]).unwrap(), []);
    });
}

#[test]
fn lists_are_ordered_and_go_by_whole_parts() {
    on_every_store(|store| {
        assert_eq!(store.list(&key("a")).unwrap(), []);
        assert_eq!(store.children(&key("a")).unwrap(), [""; 0]);
        // `a-b` and `a.b` sort before `a/b` in bytes and after it by parts.
        let names = ["a/b/2", "a/b/10", "a/b-c/1", "a/b.c/1", "a/c", "ab/1", "b"];
        for name in names {
            assert_eq!(store.create(&key(name), b"x").unwrap(), Created::New);
        }
        let shown = |prefix: &str| {
            let keys = store.list(&key(prefix)).unwrap();
            keys.iter().map(Key::to_string).collect::<Vec<_>>()
        };
        assert_eq!(shown("a"), ["a/b-c/1", "a/b.c/1", "a/b/10", "a/b/2", "a/c"]);
        assert_eq!(shown("a/b"), ["a/b/10", "a/b/2"]);
        assert_eq!(shown("missing"), [""; 0]);
        assert_eq!(store.children(&key("a")).unwrap(), ["b", "b-c", "b.c", "c"]);
    });
}

#[test]
fn of_thirty_two_writers_of_one_key_exactly_one_wins() {
    on_every_store(|store| {
        for round in 0..8 {
            let key = key(&format!("race/{round}"));
            let answers: Vec<(u8, Created)> = thread::scope(|scope| {
                let racers: Vec<_> = (0..32_u8)
                    .map(|racer| {
                        let key = &key;
                        scope.spawn(move || (racer, store.create(key, &[racer]).unwrap()))
                    })
                    .collect();
                racers.into_iter().map(|racer| racer.join().unwrap()).collect()
            });
            let won = |answer: &&(u8, Created)| answer.1 == Created::New;
            let winners: Vec<_> = answers.iter().filter(won).collect();
            assert_eq!(winners.len(), 1, "round {round}");
            assert_eq!(store.get(&key).unwrap().unwrap(), [winners[0].0]);
        }
    });
}

#[test]
fn keys_that_could_leave_the_store_cannot_be_made() {
    for parts in [
        &[][..],
        &[""],
        &["."],
        &[".."],
        &["a", ".."],
        &["a/b"],
        &["a b"],
        &["a\n"],
        &["é"],
        &["a", ""],
    ] {
        assert_eq!(Key::from_parts(parts), None, "{parts:?}");
    }
    assert_eq!(Key::from_parts(&["stacks", "a%2Fb"]).unwrap().as_str(), "stacks/a%2Fb");
}

#[test]
fn sixteen_appenders_of_one_stack_make_a_gapless_log() {
    let memory: Arc<dyn ObjectStore> = Arc::new(MemoryStore::default());
    let place = tempfile::tempdir().unwrap();
    let local = LocalStore::create(&place.path().join("store")).unwrap().0;
    let bucket = Bucket::start();
    for objects in [memory, Arc::new(local), Arc::new(bucket.store("log"))] {
        let shared = Repository::initialise(Arc::clone(&objects)).unwrap().0;
        thread::scope(|scope| {
            for writer in 0..16 {
                // Half of the writers share what they have seen, half are on their own.
                let own = Repository::open(Arc::clone(&objects)).unwrap();
                let shared = &shared;
                scope.spawn(move || {
                    let repository = if writer % 2 == 0 { shared } else { &own };
                    for number in 0..5 {
                        let draft = remark(writer * 100 + number);
                        repository.append(&stack(), draft, After::Any).unwrap();
                    }
                });
            }
        });
        let log = Repository::open(objects).unwrap().log(&stack()).unwrap();
        assert_eq!(log.len(), 80);
        let said: BTreeSet<_> =
            log.iter().map(|entry| remarked(&entry.recorded).unwrap()).collect();
        assert_eq!(said.len(), 80);
    }
}

/// The output of a shell in the store's directory; `None` where it lacks a program.
fn shell(root: &Path, script: &str) -> Option<String> {
    let mut shell = assert_cmd::Command::new("sh");
    let output = shell.current_dir(root).args(["-ec", script]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code() != Some(127)).then(|| text.trim_end().to_owned())
}

#[test]
fn every_object_opens_with_stock_tools() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("store");
    let objects = Arc::new(LocalStore::create(&root).unwrap().0);
    let repository = Repository::initialise(objects).unwrap().0;
    let content = b"{\"version\":4}";
    let stored = repository.put_blob(content).unwrap();
    let first = repository.append(&stack(), snapshot(content, &stored), After::Any).unwrap();
    repository.append(&stack(), remark(1), After::Any).unwrap();
    let log = "stacks/prod%2Fnetwork/log";
    let digest = format!("head -n 1 {log}/00000000000000000001 | tr -d '\\n' | sha256sum");
    assert_eq!(shell(&root, &digest).unwrap(), format!("{}  -", first.digest));
    let refers = format!("grep -c '\"prev\":\"{}\"' {log}/*2", first.digest);
    assert_eq!(shell(&root, &refers).unwrap(), "1");
    let blob = blob_key(&stored);
    assert_eq!(
        shell(&root, &format!("sha256sum {blob}")).unwrap(),
        format!("{}  {blob}", stored.id)
    );
    match shell(&root, &format!("zstd -dc < {blob}")) {
        Some(text) => assert_eq!(text.as_bytes(), content),
        None => println!("not checked: there is no zstd here"),
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_directory_store_is_private_hidden_from_git_and_says_whether_it_is_new() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("deep/er/.unapply");
    let (store, created) = LocalStore::create(&root).unwrap();
    assert_eq!(created, Created::New);
    assert_eq!(LocalStore::create(&root).unwrap().1, Created::Exists);
    assert_eq!(store.create(&key("a/b"), b"x").unwrap(), Created::New);
    assert_eq!(mode(&root), 0o700);
    assert_eq!(mode(&root.join("a")), 0o700);
    assert_eq!(mode(&root.join("a/b")), 0o600);
    assert_eq!(std::fs::read(root.join(".gitignore")).unwrap(), b"*\n");
}

#[test]
fn a_directory_with_something_in_it_is_not_hidden_from_git() {
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir(place.path().join("src")).unwrap();
    assert_eq!(LocalStore::create(place.path()).unwrap().1, Created::Exists);
    assert!(!place.path().join(".gitignore").exists());
}

#[test]
fn a_missing_directory_is_not_an_empty_store() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("store");
    assert!(matches!(LocalStore::open(&root), Err(ObjectError::Missing { .. })));
    let store = LocalStore::create(&root).unwrap().0;
    std::fs::remove_dir_all(&root).unwrap();
    assert!(store.get(&key("a/b")).is_err());
    assert!(store.get(&key("a")).is_err());
    assert!(store.list(&key("a")).is_err());
    assert!(store.children(&key("a")).is_err());
    assert!(store.create(&key("a"), b"x").is_err());
}

#[test]
fn unfinished_writes_and_empty_directories_are_no_objects() {
    let place = tempfile::tempdir().unwrap();
    let store = LocalStore::create(&place.path().join("store")).unwrap().0;
    assert_eq!(store.create(&key("a/b/c"), b"x").unwrap(), Created::New);
    let inside = place.path().join("store/a");
    std::fs::copy(inside.join("b/c"), inside.join("b/.tmp-0011")).unwrap();
    std::fs::create_dir_all(inside.join("empty/er")).unwrap();
    assert_eq!(store.list(&key("a")).unwrap(), [key("a/b/c")]);
    assert_eq!(store.children(&key("a")).unwrap(), ["b"]);
    assert!(store.create(&key("a/.tmp-1"), b"x").is_err());
    let left = std::fs::read_dir(inside.join("b")).unwrap().count();
    assert_eq!(left, 2, "a finished write leaves nothing behind");
}

#[test]
fn symbolic_links_below_the_root_are_never_followed() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("store");
    let store = LocalStore::create(&root).unwrap().0;
    let outside = place.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::copy(root.join(".gitignore"), outside.join("secret")).unwrap();
    symlink(&outside, root.join("stacks")).unwrap();
    symlink(outside.join("secret"), root.join("blob")).unwrap();
    symlink(outside.join("nowhere"), root.join("dangling")).unwrap();
    assert!(store.get(&key("stacks/secret")).is_err());
    assert!(store.create(&key("stacks/new"), b"x").is_err());
    assert!(store.list(&key("stacks")).is_err());
    assert!(store.get(&key("blob")).is_err());
    assert!(store.get(&key("dangling")).is_err());
    assert_eq!(store.create(&key("dangling"), b"x").unwrap(), Created::Exists);
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
    // The root itself may be one: that is its owner's choice.
    symlink(&root, place.path().join("link")).unwrap();
    assert!(LocalStore::open(&place.path().join("link")).is_ok());
}

#[test]
fn reading_a_store_leaves_every_file_as_it_was() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("store");
    let objects = Arc::new(LocalStore::create(&root).unwrap().0);
    let repository = Repository::initialise(objects).unwrap().0;
    repository.append(&stack(), remark(1), After::Any).unwrap();
    let before = listing(&root);
    let reader = Repository::open(Arc::new(LocalStore::open(&root).unwrap())).unwrap();
    assert_eq!(reader.log(&stack()).unwrap().len(), 1);
    assert_eq!(reader.stacks().unwrap(), [stack()]);
    assert!(reader.head(&"other".parse().unwrap()).unwrap().is_none());
    let report = reader.check(Depth::Everything).unwrap();
    assert!(report.is_sound());
    assert_eq!(listing(&root), before);
}

/// Every path with its time of change, which any write would move.
fn listing(root: &Path) -> Vec<(String, std::time::SystemTime)> {
    let mut found = Vec::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        for item in std::fs::read_dir(directory).unwrap() {
            let path = item.unwrap().path();
            let metadata = std::fs::symlink_metadata(&path).unwrap();
            found.push((path.display().to_string(), metadata.modified().unwrap()));
            if metadata.is_dir() {
                waiting.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_place_without_a_store_and_a_store_of_another_version_are_told_apart() {
    let objects = Arc::new(MemoryStore::default());
    let open = || Repository::open(objects.shared());
    assert!(matches!(open(), Err(Error::NotInitialised { .. })));
    let (first, created) = Repository::initialise(objects.shared()).unwrap();
    assert_eq!(created, Created::New);
    let (second, created) = Repository::initialise(objects.shared()).unwrap();
    assert_eq!((second.id(), created), (first.id(), Created::Exists));
    let newer = br#"{"format":"unapply/2"}"#.to_vec();
    objects.tamper(&key("unapply.json"), Some(newer));
    assert!(matches!(open(), Err(Error::Unfit { .. })));
    assert!(matches!(Repository::initialise(objects.shared()), Err(Error::Unfit { .. })));
}
