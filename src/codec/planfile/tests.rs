//! Saved plans, and what is given instead of one.

use std::io::Write as _;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

const MODULES: &str = r#"[{"Key":"","Dir":"."},
 {"Key":"r.n","Source":"../n","Dir":".terraform/modules/r/n"},
 {"Key":"v","Source":"registry.terraform.io/a/v/b","Version":"1.2.3","Dir":".terraform/modules/v"}]"#;

fn plan(members: &[(&str, &[u8])]) -> Vec<u8> {
    plan_with(members, SimpleFileOptions::default())
}

fn plan_with(members: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn members<'a>() -> Vec<(&'a str, &'a [u8])> {
    vec![
        ("tfplan", b"p"),
        ("tfstate", b"s"),
        ("tfstate-prev", b"before"),
        ("tfconfig/m-/main.tf", b"root"),
        ("tfconfig/m-r.n/main.tf", b"n"),
        ("tfconfig/modules.json", MODULES.as_bytes()),
        (".terraform.lock.hcl", b"lock"),
    ]
}

#[test]
fn a_plan_gives_its_modules_lock_file_and_states() {
    let read = read(&plan(&members())).unwrap();
    assert_eq!(read.state.as_slice(), b"s");
    assert_eq!(read.previous_state.as_slice(), b"before");
    assert_eq!(read.lock_file.as_deref(), Some(b"lock".as_slice()));
    let keys: Vec<&str> = read.modules.iter().map(|module| module.key.as_str()).collect();
    assert_eq!(keys, ["", "r.n", "v"]);
    assert_eq!(read.modules[0].files["main.tf"], b"root");
    assert_eq!(read.modules[1].directory, ".terraform/modules/r/n");
    assert_eq!(read.modules[1].version, None);
    assert_eq!(read.modules[2].version.as_deref(), Some("1.2.3"));
    assert!(!format!("{read:?}").contains("114, 111, 111, 116"));
}

#[test]
fn what_is_given_instead_of_a_plan_is_named() {
    for (given, expected) in [
        (r#"{"version":4,"serial":1,"lineage":"x","resources":[]}"#, Error::State),
        (
            r#"{"serial":1,"lineage":"l","encrypted_data":"eA==","encryption_version":"v0"}"#,
            Error::State,
        ),
        (r#"{"format_version":"1.2","planned_values":{},"resource_changes":[]}"#, Error::PlanJson),
        (r#"{"meta":{},"encrypted_data":"eA==","encryption_version":"v0"}"#, Error::Encrypted),
        (
            r#"{"remote_plan_format":1,"run_id":"run-1","hostname":"app.terraform.io"}"#,
            Error::Remote,
        ),
    ] {
        let found = read(given.as_bytes()).unwrap_err();
        assert_eq!(found.to_string(), expected.to_string(), "{given}");
    }
    for other in [b"".as_slice(), b"{}", b"[1]", b"main.tf"] {
        assert!(matches!(read(other), Err(Error::NotAPlan)));
    }
    assert!(matches!(read(&plan(&[("a.txt", b"x")])), Err(Error::NotAPlan)));
}

#[test]
fn an_incomplete_or_damaged_plan_is_refused() {
    for missing in ["tfstate", "tfstate-prev", "tfconfig/modules.json"] {
        let rest: Vec<_> = members().into_iter().filter(|(name, _)| *name != missing).collect();
        let error = read(&plan(&rest)).unwrap_err();
        assert!(matches!(error, Error::Missing { member } if member == missing));
    }
    let mut unlisted = members();
    unlisted.push(("tfconfig/m-other/main.tf", b"x"));
    assert!(matches!(read(&plan(&unlisted)), Err(Error::Modules)));
    let whole = plan(&members());
    for cut in [4, whole.len() / 2, whole.len() - 4] {
        assert!(matches!(read(&whole[..cut]), Err(Error::Damaged(_))), "{cut}");
    }
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut flipped = plan_with(&members(), stored);
    let content = flipped.windows(6).position(|bytes| bytes == b"before");
    flipped[content.unwrap()] ^= 0xff;
    let error = read(&flipped).unwrap_err();
    assert!(matches!(error, Error::DamagedMember { member, .. } if member == "tfstate-prev"));
}
