//! Objects in a real directory. (See `objects`.)

use tempfile::TempDir;

use super::*;

struct Scene {
    directory: TempDir,
    objects: ObjectDirectory,
}

impl Scene {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let objects = ObjectDirectory::under(directory.path());
        Self { directory, objects }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::File::create(self.path(name)).unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn make(&self, kind: ResourceType, planned: &CtyValue) -> CtyValue {
        self.objects.create(kind, planned).unwrap()
    }

    fn now(&self, kind: ResourceType, state: &CtyValue) -> CtyValue {
        self.objects.read(kind, state).unwrap()
    }
}

fn file(path: &str, content: &str) -> CtyValue {
    CtyValue::object([
        ("id", CtyValue::Unknown),
        ("path", CtyValue::text(path)),
        ("content", CtyValue::text(content)),
        ("mode", CtyValue::text("0640")),
        ("secret", CtyValue::Null),
        ("labels", CtyValue::Null),
        ("lines", CtyValue::Null),
    ])
}

fn volume(path: &str, size: i64) -> CtyValue {
    let path = CtyValue::text(path);
    CtyValue::object([("id", CtyValue::Unknown), ("path", path), ("size", CtyValue::Integer(size))])
}

fn link(path: &str, target: &CtyValue) -> CtyValue {
    let path = CtyValue::text(path);
    CtyValue::object([
        ("id", CtyValue::Unknown),
        ("path", path),
        ("target", target.get("id").clone()),
    ])
}

#[test]
fn a_new_object_reads_back_as_it_was_planned() {
    let scene = Scene::new();
    let secret = file("web/a.txt", "hello").with("secret", CtyValue::text("word"));
    let made = scene.make(ResourceType::File, &secret);
    assert_eq!(scene.now(ResourceType::File, &made), made);
    assert!(scene.text("web/a.txt").ends_with("word"));

    let volume = scene.make(ResourceType::Volume, &volume("disk", 5));
    assert_eq!(scene.now(ResourceType::Volume, &volume), volume);
    let link = scene.make(ResourceType::Link, &link("to-disk", &volume));
    assert_eq!(scene.now(ResourceType::Link, &link), link);
    assert_eq!(scene.text("to-disk"), "disk\n");
}

#[test]
fn a_path_that_is_taken_is_refused() {
    let scene = Scene::new();
    scene.write("a", "by hand");
    let refused = scene.objects.create(ResourceType::File, &file("a", ""));
    assert!(matches!(refused, Err(Error::AlreadyExists(path)) if path == "a"));
    assert_eq!(scene.text("a"), "by hand");
}

#[test]
fn nothing_is_written_outside_the_root() {
    let scene = Scene::new();
    for path in ["../a", "/tmp/a", ".ids/a", ""] {
        let refused = scene.objects.create(ResourceType::File, &file(path, ""));
        assert!(matches!(refused, Err(Error::Invalid(_))), "{path}");
    }
}

#[test]
fn changes_by_hand_are_seen() {
    let scene = Scene::new();
    let made = scene.make(ResourceType::File, &file("a", "hello"));
    scene.write("a", "changed\n");
    fs::set_permissions(scene.path("a"), Permissions::from_mode(0o600)).unwrap();
    let now = scene.now(ResourceType::File, &made);
    assert_eq!(now.get("content"), &CtyValue::text("changed\n"));
    assert_eq!(now.get("mode"), &CtyValue::text("0600"));
    fs::remove_file(scene.path("a")).unwrap();
    assert_eq!(scene.now(ResourceType::File, &made), CtyValue::Null);
}

#[test]
fn an_object_made_again_is_another_one() {
    let scene = Scene::new();
    let first = scene.make(ResourceType::File, &file("a", ""));
    fs::remove_file(scene.path("a")).unwrap();
    let second = scene.make(ResourceType::File, &file("a", ""));
    assert_ne!(first.get("id"), second.get("id"));
    assert_eq!(scene.now(ResourceType::File, &first), CtyValue::Null);
    scene.objects.delete(ResourceType::File, &first).unwrap();
    assert_eq!(scene.now(ResourceType::File, &second), second);
}

#[test]
fn a_volume_keeps_its_data_when_it_grows_and_loses_it_when_made_again() {
    let scene = Scene::new();
    let made = scene.make(ResourceType::Volume, &volume("disk", 5));
    let header = scene.text("disk");
    scene.write("disk", &format!("{header}rows\n"));
    let larger = made.clone().with("size", CtyValue::Integer(9));
    scene.objects.update(ResourceType::Volume, &made, &larger).unwrap();
    assert_eq!(scene.now(ResourceType::Volume, &made), larger);
    assert!(scene.text("disk").ends_with("\nrows\n"));

    scene.objects.delete(ResourceType::Volume, &made).unwrap();
    scene.make(ResourceType::Volume, &volume("disk", 5));
    assert_eq!(scene.text("disk"), header);
}

#[test]
fn an_object_in_use_is_not_deleted_until_its_link_is() {
    let scene = Scene::new();
    let target = scene.make(ResourceType::File, &file("a", ""));
    let by = scene.make(ResourceType::Link, &link("to-a", &target));
    let refused = scene.objects.delete(ResourceType::File, &target);
    assert!(matches!(refused, Err(Error::InUse { .. })));
    assert!(scene.path("a").exists());
    scene.objects.delete(ResourceType::Link, &by).unwrap();
    scene.objects.delete(ResourceType::File, &target).unwrap();
    assert!(!scene.path("a").exists());
}

#[test]
fn a_link_needs_a_target_and_shows_where_it_leads() {
    let scene = Scene::new();
    let nothing = CtyValue::object([("id", CtyValue::text("f-00000000"))]);
    let refused = scene.objects.create(ResourceType::Link, &link("l", &nothing));
    assert!(matches!(refused, Err(Error::Missing(_))));

    let target = scene.make(ResourceType::File, &file("a", ""));
    let by = scene.make(ResourceType::Link, &link("by", &target));
    let refused = scene.objects.create(ResourceType::Link, &link("l", &by));
    assert!(matches!(refused, Err(Error::Missing(_))), "a link to a link");
    let other = scene.make(ResourceType::File, &file("b", ""));
    let made = scene.make(ResourceType::Link, &link("l", &target));
    scene.write("l", "b\n");
    assert_eq!(scene.now(ResourceType::Link, &made).get("target"), other.get("id"));
    scene.write("l", "nowhere\n");
    assert_eq!(scene.now(ResourceType::Link, &made).get("target"), &CtyValue::text("nowhere"));
}

#[test]
fn the_last_object_takes_its_directories_along_but_not_the_root() {
    let scene = Scene::new();
    let a = scene.make(ResourceType::File, &file("deep/er/a", ""));
    let b = scene.make(ResourceType::File, &file("deep/b", ""));
    scene.objects.delete(ResourceType::File, &a).unwrap();
    assert!(!scene.path("deep/er").exists());
    assert!(scene.path("deep/b").exists());
    scene.objects.delete(ResourceType::File, &b).unwrap();
    assert!(!scene.path("deep").exists());
    assert!(scene.path("").exists());
    scene.objects.delete(ResourceType::File, &b).unwrap();
}

#[test]
fn an_object_that_is_gone_cannot_be_updated() {
    let scene = Scene::new();
    let made = scene.make(ResourceType::File, &file("a", ""));
    fs::remove_file(scene.path("a")).unwrap();
    let refused = scene.objects.update(ResourceType::File, &made, &made);
    assert!(matches!(refused, Err(Error::Missing(_))));
}

#[test]
fn a_token_is_random_and_only_in_the_state() {
    let scene = Scene::new();
    let planned = CtyValue::object([("length", CtyValue::Integer(20))]);
    let token = scene.make(ResourceType::Token, &planned);
    let value = token.get("value").as_text().unwrap();
    assert_eq!(value.len(), 20);
    assert_ne!(token, scene.make(ResourceType::Token, &planned));
    assert_eq!(scene.now(ResourceType::Token, &token), token);
    assert_eq!(fs::read_dir(scene.path("")).unwrap().count(), 0);
}
