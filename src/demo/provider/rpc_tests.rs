//! The calls as Terraform makes them, without a network. (See `rpc`.)

use tempfile::TempDir;

use super::*;

struct Scene {
    root: TempDir,
    service: Service,
}

impl Scene {
    /// A configured provider with these faults.
    fn new(faults: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let service = Service::new(faults.to_owned());
        let scene = Self { root, service };
        let config = Value::object([("root", Value::text(scene.root.path().to_str().unwrap()))]);
        scene.call("ConfigureProvider", &Message::default().message(2, &dynamic(&config)));
        scene
    }

    fn answer(&self, method: &str, request: &Message) -> Result<Answer, Malformed> {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(self.service.call(method, request.as_bytes()))
    }

    fn call(&self, method: &str, request: &Message) -> Vec<u8> {
        match self.answer(method, request) {
            Ok(Answer::Reply(message)) => message.as_bytes().to_vec(),
            other => panic!("{method}: {other:?}"),
        }
    }

    fn create(&self, planned: &Value) -> Vec<u8> {
        let request = of_file(&Value::Null).message(3, &dynamic(planned));
        self.call("ApplyResourceChange", &request)
    }
}

fn of_file(state: &Value) -> Message {
    Message::default().bytes(1, "demo_file").message(2, &dynamic(state))
}

fn planned() -> Value {
    Value::object([("path", Value::text("a")), ("mode", Value::text("0644"))])
}

fn state(reply: &[u8]) -> Value {
    value(&Fields::read(reply).unwrap(), 1).unwrap()
}

fn detail(reply: &[u8], field: u32) -> String {
    let complaint = Fields::read(reply).unwrap();
    let complaint = complaint.message(field).unwrap();
    complaint.text(3).unwrap().to_owned()
}

#[test]
fn a_created_object_is_read_and_imported_by_its_id() {
    let scene = Scene::new("");
    let made = state(&scene.create(&planned()));
    let id = made.get("id").as_text().unwrap();
    let import = |id| Message::default().bytes(1, "demo_file").bytes(2, id);
    let reply = scene.call("ImportResourceState", &import(id));
    let imported = value(&Fields::read(&reply).unwrap().message(1).unwrap(), 2).unwrap();
    assert_eq!(imported.get("id"), made.get("id"));
    let read = state(&scene.call("ReadResource", &of_file(&imported)));
    assert_eq!(read.get("path"), &Value::text("a"));

    let reply = scene.call("ImportResourceState", &import("f-00000000"));
    assert!(detail(&reply, 2).starts_with("NotFound"));
}

#[test]
fn reading_keeps_the_private_bytes() {
    let scene = Scene::new("");
    let made = state(&scene.create(&planned()));
    let reply = scene.call("ReadResource", &of_file(&made).bytes(3, "private"));
    assert_eq!(Fields::read(&reply).unwrap().bytes(3), b"private");
}

#[test]
fn the_control_file_in_the_root_is_read_at_every_call() {
    let scene = Scene::new("");
    let made = state(&scene.create(&planned()));
    let control = scene.root.path().join(".faults");
    let mut file = std::fs::File::create(&control).unwrap();
    std::io::Write::write_all(&mut file, b"read:a\n").unwrap();
    let reply = scene.call("ReadResource", &of_file(&made));
    assert_eq!(state(&reply), made);
    assert!(detail(&reply, 2).starts_with("InjectedFault"));
    std::fs::remove_file(&control).unwrap();
    assert_eq!(detail(&scene.call("ReadResource", &of_file(&made)), 2), "");
}

#[test]
fn a_perpetual_difference_is_in_what_is_read() {
    let scene = Scene::new("perpetual:a");
    let made = state(&scene.create(&planned()));
    assert_eq!(made.get("mode"), &Value::text("0644"));
    let read = state(&scene.call("ReadResource", &of_file(&made)));
    assert_eq!(read.get("mode"), &Value::text("644"));
}

#[test]
fn a_plan_names_the_attribute_that_makes_another_object() {
    let scene = Scene::new("");
    let prior = planned().with("id", Value::text("f-1"));
    let config = planned().with("path", Value::text("b"));
    let request = of_file(&prior).message(4, &dynamic(&config));
    let reply = scene.call("PlanResourceChange", &request);
    let replacing = Fields::read(&reply).unwrap().message(2).unwrap();
    assert_eq!(replacing.message(1).unwrap().text(1), Ok("path"));
}

#[test]
fn an_unknown_root_is_refused_because_every_object_would_seem_gone() {
    let scene = Scene::new("");
    let config = Value::object([("root", Value::Unknown)]);
    let request = Message::default().message(2, &dynamic(&config));
    assert!(!detail(&scene.call("ConfigureProvider", &request), 1).is_empty());
}

#[test]
fn a_state_of_a_newer_schema_is_refused_and_an_older_one_is_kept() {
    let scene = Scene::new("schema-version:2");
    let stored = Message::default().bytes(1, r#"{"path":"a"}"#);
    let request = |version| Message::default().number(2, version).message(3, &stored);
    let kept = scene.call("UpgradeResourceState", &request(1));
    let kept = Fields::read(&kept).unwrap().message(1).unwrap();
    assert_eq!(kept.text(2), Ok(r#"{"path":"a"}"#));
    assert!(!detail(&scene.call("UpgradeResourceState", &request(3)), 2).is_empty());
}

#[test]
fn a_typing_error_in_a_fault_fails_the_call_and_changes_nothing() {
    let scene = Scene::new("creat:a");
    let reply = scene.create(&planned());
    assert!(detail(&reply, 3).contains("creat:a"));
    assert_eq!(state(&reply), Value::Null);
    assert!(!scene.root.path().join("a").exists());
}

#[test]
fn a_crash_and_an_unknown_call_have_no_reply() {
    let scene = Scene::new("crash:*");
    let request = of_file(&Value::Null).message(3, &dynamic(&planned()));
    let crash = scene.answer("ApplyResourceChange", &request);
    assert!(matches!(crash, Ok(Answer::Crash)));
    let unknown = scene.answer("ReadDataSource", &Message::default());
    assert!(matches!(unknown, Ok(Answer::Unimplemented)));
    let stranger = Message::default().bytes(1, "aws_instance");
    assert!(scene.answer("ReadResource", &stranger).is_err());
}
