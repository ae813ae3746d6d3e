//! A directory store on disks that are full or read-only.

use std::path::Path;
use std::sync::Arc;

use unapply::model::digest::Digest;
use unapply::port::object_store::ObjectError;
use unapply::store::{After, Depth, Error, LocalStore, Repository};

use crate::support::records::{remark, stack};

/// A tmpfs of 256 KiB that goes away with the value; none where mounting is not allowed.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        let mut mount = assert_cmd::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=256k", "unapply-test"]);
        let output = mount.arg(place.path()).output().ok()?;
        output.status.success().then_some(Self(place))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn make_read_only(&self) {
        let mut mount = assert_cmd::Command::new("mount");
        mount.args(["-o", "remount,ro"]).arg(self.path());
        mount.assert().success();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let mut umount = assert_cmd::Command::new("umount");
        umount.arg(self.path()).ok().map(drop).unwrap_or_default();
    }
}

#[test]
fn a_full_disk_is_told_and_leaves_no_half_object() {
    let Some(disk) = SmallDisk::mount() else {
        println!("not checked: a small tmpfs cannot be mounted here");
        return;
    };
    let root = disk.path().join("store");
    let objects = Arc::new(LocalStore::create(&root).unwrap().0);
    let repository = Repository::initialise(objects).unwrap().0;
    let mut acknowledged = 0;
    let error = loop {
        match repository.append(&stack(), remark(acknowledged), After::Any) {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Object(ObjectError::Full { .. })), "{error:?}");
    let mut random = vec![0_u8; 300_000];
    for (position, byte) in random.iter_mut().enumerate() {
        *byte = Digest::of(&position.to_le_bytes()).to_string().as_bytes()[0];
    }
    assert!(matches!(repository.put_blob(&random), Err(Error::Object(ObjectError::Full { .. }))));
    let reader = Repository::open(Arc::new(LocalStore::open(&root).unwrap())).unwrap();
    let log = reader.log(&stack()).unwrap();
    assert_eq!(u64::try_from(log.len()).unwrap(), acknowledged);
    assert!(reader.check(Depth::Everything).unwrap().is_sound());
}

#[test]
fn a_read_only_disk_can_be_read_and_says_no_to_writers() {
    let Some(disk) = SmallDisk::mount() else {
        println!("not checked: a small tmpfs cannot be mounted here");
        return;
    };
    let root = disk.path().join("store");
    let objects = Arc::new(LocalStore::create(&root).unwrap().0);
    let repository = Repository::initialise(objects).unwrap().0;
    repository.append(&stack(), remark(1), After::Any).unwrap();
    disk.make_read_only();
    let reader = Repository::open(Arc::new(LocalStore::open(&root).unwrap())).unwrap();
    assert_eq!(reader.log(&stack()).unwrap().len(), 1);
    assert!(reader.check(Depth::Everything).unwrap().is_sound());
    for error in [
        reader.append(&stack(), remark(2), After::Any).unwrap_err(),
        reader.put_blob(b"content").unwrap_err(),
    ] {
        assert!(matches!(error, Error::Object(ObjectError::Denied { .. })), "{error:?}");
    }
}
