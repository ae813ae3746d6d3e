//! A bundle comes back as it was; archives that no honest writer makes are refused.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tar::{Builder, EntryType, Header};

use super::*;
use crate::model::configuration::{BundlePath, FileMode, Module, Variable, VariableOrigin};
use crate::model::secret::Secret;

fn bundle(files: &[(&str, &str)]) -> Bundle {
    Bundle {
        root: BundlePath::top(),
        files: files
            .iter()
            .map(|(path, content)| (path.parse().unwrap(), content.as_bytes().to_vec()))
            .collect(),
        modes: BTreeMap::new(),
        accompanying: BTreeSet::new(),
        modules: Vec::new(),
        var_files: Vec::new(),
        variables: BTreeMap::new(),
    }
}

fn full() -> Bundle {
    let long = format!("envs/prod/{}/x.txt", "long-".repeat(40));
    let mut bundle = bundle(&[
        ("envs/prod/main.tf", "a"),
        ("envs/prod/prod.tfvars", "x = 1\n"),
        ("modules/é/main.tf", ""),
        ("_modules/vpc/main.tf", "b"),
        (&long, "long"),
    ]);
    bundle.root = "envs/prod".parse().unwrap();
    bundle.var_files = vec!["envs/prod/prod.tfvars".parse().unwrap()];
    bundle.modules = vec![Module {
        key: "vpc".to_owned(),
        source: "git::https://example.invalid/x.git".to_owned(),
        version: Some("1.0".to_owned()),
        directory: "_modules/vpc".parse().unwrap(),
    }];
    for (name, origin) in [
        ("a", VariableOrigin::Environment),
        ("b", VariableOrigin::CommandLine),
        ("c", VariableOrigin::Plan),
    ] {
        let value = Secret::new(format!("value-{name}\n"));
        bundle.variables.insert(name.to_owned(), Variable { value, origin });
    }
    bundle
}

/// A member as an attacker writes it.
struct Member {
    path: Vec<u8>,
    kind: EntryType,
    mode: u32,
    content: Vec<u8>,
}

fn member(path: &str) -> Member {
    Member {
        path: path.as_bytes().to_vec(),
        kind: EntryType::Regular,
        mode: 0o600,
        content: Vec::new(),
    }
}

fn archive(members: Vec<Member>) -> Vec<u8> {
    archive_as(&bundle(&[]), members)
}

fn archive_as(described: &Bundle, members: Vec<Member>) -> Vec<u8> {
    let manifest = manifest::write(described, Form::Whole).unwrap();
    let mut builder = Builder::new(Vec::new());
    let first = Member { content: manifest, ..member(MANIFEST) };
    for member in [first].into_iter().chain(members) {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..member.path.len()].copy_from_slice(&member.path);
        header.set_entry_type(member.kind);
        header.set_size(member.content.len().try_into().unwrap());
        header.set_mode(member.mode);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_cksum();
        builder.append(&header, member.content.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn refusal(members: Vec<Member>) -> Error {
    unpack(&archive(members)).unwrap_err()
}

#[test]
fn a_bundle_comes_back_as_it_was_and_always_in_the_same_bytes() {
    let packed = pack(&full()).unwrap();
    assert_eq!(unpack(&packed).unwrap(), full());
    assert_eq!(pack(&full()).unwrap(), packed);
    let again = pack(&unpack(&packed).unwrap()).unwrap();
    assert_eq!(again, packed);
}

#[test]
fn the_manifest_comes_first_and_no_member_has_a_time_or_an_owner() {
    let packed = pack(&full()).unwrap();
    let mut archive = tar::Archive::new(packed.as_slice());
    let mut paths = Vec::new();
    for entry in archive.entries().unwrap() {
        let entry = entry.unwrap();
        let header = entry.header();
        assert_eq!(header.mode().unwrap(), 0o600);
        assert_eq!(header.mtime().unwrap() + header.uid().unwrap() + header.gid().unwrap(), 0);
        assert_eq!(header.username_bytes(), Some(b"".as_slice()));
        paths.push(String::from_utf8(entry.path_bytes().into_owned()).unwrap());
    }
    assert_eq!(paths[0], MANIFEST);
    assert!(paths[1..].is_sorted());
    assert_eq!(paths.len(), 6);
}

#[test]
fn permissions_and_accompanying_files_come_back_and_older_archives_have_neither() {
    let mut with = full();
    with.modes = with.files.keys().map(|path| (path.clone(), FileMode::of(0o640))).collect();
    with.accompanying = ["modules/é/main.tf".parse().unwrap()].into();
    let packed = pack(&with).unwrap();
    assert_eq!(unpack(&packed).unwrap(), with);
    let old = unpack(&pack(&full()).unwrap()).unwrap();
    assert!(old.modes.is_empty() && old.accompanying.is_empty());
    with.accompanying = ["gone".parse().unwrap()].into();
    assert!(matches!(pack(&with), Err(Error::NotHeld { .. })));
    let special = Member { mode: 0o4755, ..member("x") };
    let mut described = bundle(&[("x", "")]);
    described.modes.insert("x".parse().unwrap(), FileMode::default());
    let error = unpack(&archive_as(&described, vec![special])).unwrap_err();
    assert!(matches!(error, Error::Mode { mode: 0o4755, .. }), "{error:?}");
}

#[test]
fn a_configuration_is_the_same_whatever_accompanies_it_and_whoever_checked_it_out() {
    let plain = full();
    // As every version before this one told it.
    assert_eq!(digest(&plain).unwrap(), Digest::of(&pack(&plain).unwrap()));
    let mut kept = full();
    for (path, mode) in [("envs/prod/main.tf", 0o664), ("modules/é/main.tf", 0o600)] {
        kept.modes.insert(path.parse().unwrap(), FileMode::of(mode));
    }
    kept.files.insert("README.md".parse().unwrap(), b"x".to_vec());
    kept.accompanying.insert("README.md".parse().unwrap());
    assert_eq!(digest(&kept).unwrap(), digest(&plain).unwrap());
    assert_ne!(pack(&kept).unwrap(), pack(&plain).unwrap());
    kept.modes.insert("envs/prod/main.tf".parse().unwrap(), FileMode::of(0o755));
    assert_ne!(digest(&kept).unwrap(), digest(&plain).unwrap());
}

#[test]
fn debug_output_shows_neither_content_nor_values() {
    let shown = format!("{:?}", full());
    assert!(!shown.contains("value-") && !shown.contains("120, 32, 61"), "{shown}");
}

#[test]
fn paths_that_leave_the_bundle_are_refused() {
    for path in [
        "../x",
        "/etc/x",
        "a/../../x",
        "./x",
        "a//b",
        "a\\b",
        ".terraform/environment",
        "m/.terraform/modules/x",
        ".git/config",
        ".unapply/x",
        "terraform.tfstate",
        "",
    ] {
        assert!(matches!(refusal(vec![member(path)]), Error::Path(_)), "{path}");
    }
    let not_text = Member { path: b"a\xff".to_vec(), ..member("") };
    assert!(matches!(refusal(vec![not_text]), Error::NotCanonical));
}

#[test]
fn everything_but_private_regular_files_is_refused() {
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Directory,
        EntryType::Char,
        EntryType::Block,
        EntryType::Fifo,
        EntryType::Continuous,
        EntryType::XHeader,
        EntryType::XGlobalHeader,
        EntryType::GNULongLink,
        EntryType::GNUSparse,
    ] {
        let link = Member { kind, ..member("link") };
        let error = refusal(vec![link, member("link/x")]);
        assert!(matches!(error, Error::NotAFile { .. }), "{kind:?}: {error:?}");
    }
    for mode in [0o4600, 0o2600, 0o1600, 0o644, 0o700] {
        let error = refusal(vec![Member { mode, ..member("x") }]);
        assert!(matches!(error, Error::Mode { .. }), "{mode:o}");
    }
}

#[test]
fn names_that_are_one_file_elsewhere_are_refused() {
    for (a, b) in [("A.tf", "a.tf"), ("D/x", "d/y"), ("Ä.tf", "ä.tf"), ("\u{212b}.tf", "\u{e5}.tf")]
    {
        let error = pack(&bundle(&[(a, ""), (b, "")])).unwrap_err();
        let is_refused = matches!(error, Error::Twins { .. } | Error::NotComposed { .. });
        assert!(is_refused, "{a} {b}: {error:?}");
        assert!(unpack(&archive(vec![member(a), member(b)])).is_err());
    }
    let decomposed = refusal(vec![member("e\u{301}.tf")]);
    assert!(matches!(decomposed, Error::NotComposed { .. }));
    let twice = refusal(vec![member("x"), member("x")]);
    assert!(matches!(twice, Error::Duplicate { .. }));
    let manifest = refusal(vec![member(MANIFEST)]);
    assert!(matches!(manifest, Error::Duplicate { .. }));
    let both = refusal(vec![member("x"), member("x/y")]);
    assert!(matches!(both, Error::FileAndDirectory { .. }));
}

#[test]
fn names_that_another_system_takes_otherwise_are_refused() {
    for path in ["CON", "nul.tf", "a/Aux.txt", "com1", "x.", "x ", "a:b", "d./x", "lpt9.x"] {
        let error = refusal(vec![member(path)]);
        assert!(matches!(error, Error::NotPortable { .. }), "{path}: {error:?}");
    }
    for path in ["_unapply/x", "_UNAPPLY/x", "_unapply"] {
        let error = refusal(vec![member(path)]);
        assert!(matches!(error, Error::Reserved { .. }), "{path}");
    }
    pack(&bundle(&[("console.tf", ""), ("com.tf", ""), ("a/_unapply/x", "")])).unwrap();
}

#[test]
fn too_many_too_large_and_too_long_are_refused() {
    let many: Vec<Member> = (0..=FILES_MAX).map(|n| member(&format!("f{n:06}"))).collect();
    assert!(matches!(refusal(many), Error::TooManyFiles));
    let mut bytes = archive(vec![member("x")]);
    let claim = bytes.len() - 1024 - 512;
    let mut header = Header::new_gnu();
    header.as_old_mut().name[0] = b'x';
    header.set_size(1 << 40);
    header.set_mode(0o600);
    header.set_cksum();
    bytes[claim..claim + 512].copy_from_slice(header.as_bytes());
    assert!(matches!(unpack(&bytes), Err(Error::TooLarge)));
    for path in ["a".repeat(5000), "a/".repeat(2000) + "x"] {
        let long = Member {
            kind: EntryType::GNULongName,
            content: path.into_bytes(),
            ..member("././@LongLink")
        };
        assert!(unpack(&archive(vec![long, member("x")])).is_err());
    }
}

#[test]
fn a_manifest_that_does_not_agree_is_refused() {
    let mut missing = full();
    missing.var_files.push("gone.tfvars".parse().unwrap());
    assert!(matches!(pack(&missing), Err(Error::NotHeld { .. })));
    let mut twice = full();
    twice.modules.push(twice.modules[0].clone());
    assert!(matches!(pack(&twice), Err(Error::ModuleTwice { .. })));
    let mut file_as_root = full();
    file_as_root.root = "envs/prod/main.tf".parse().unwrap();
    assert!(matches!(pack(&file_as_root), Err(Error::FileAndDirectory { .. })));
    let read = |text: &str| manifest::read(text.as_bytes()).map(|_| ()).unwrap_err();
    assert!(matches!(read(r#"{"format":3}"#), Error::Format { format: 3 }));
    for text in ["", "{}", r#"{"format":1}"#, "[]", r#"{"format":-1}"#] {
        assert!(matches!(read(text), Error::Manifest { .. }), "{text}");
    }
    let upwards = r#"{"format":1,"root":"..","modules":[],"var_files":[],"variables":{}}"#;
    assert!(matches!(read(upwards), Error::Path(_)));
}

#[test]
fn an_archive_in_any_other_form_is_refused() {
    let packed = pack(&full()).unwrap();
    let mut longer = packed.clone();
    longer.extend([0; 512]);
    assert!(matches!(unpack(&longer), Err(Error::NotCanonical)));
    let unsorted = refusal(vec![member("b"), member("a")]);
    assert!(matches!(unsorted, Error::NotCanonical));
    assert!(matches!(unpack(b""), Err(Error::NoManifest)));
    assert!(matches!(unpack(&[7; 2048]), Err(Error::NotAnArchive(_))));
    for cut in (0..packed.len()).step_by(509) {
        assert!(unpack(&packed[..cut]).is_err(), "{cut}");
    }
    let mut plain = Builder::new(Vec::new());
    append(&mut plain, "main.tf", NO_MODE, b"x").unwrap();
    assert!(matches!(unpack(&plain.into_inner().unwrap()), Err(Error::NoManifest)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bundle_that_packs_comes_back(
        files in prop::collection::btree_map(
            "[a-z]{1,8}(/[a-zé]{1,60}){0,4}",
            prop::collection::vec(any::<u8>(), 0..700),
            0..8,
        ),
        value in ".*",
    ) {
        let mut made = bundle(&[]);
        for (path, content) in files {
            made.files.insert(path.parse().unwrap(), content);
        }
        made.variables.insert("v".to_owned(), Variable {
            value: Secret::new(value),
            origin: VariableOrigin::Plan,
        });
        if let Ok(packed) = pack(&made) {
            prop_assert_eq!(unpack(&packed).unwrap(), made);
        }
    }

    #[test]
    fn flipped_bytes_are_refused_or_change_only_content(
        at in 0_usize..9_000,
        bit in 0_u8..8,
    ) {
        let mut packed = pack(&full()).unwrap();
        let position = at % packed.len();
        packed[position] ^= 1 << bit;
        if let Ok(read) = unpack(&packed) {
            prop_assert_eq!(pack(&read).unwrap(), packed);
        }
    }
}
