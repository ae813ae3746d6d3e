//! The calls as Terraform makes them, without a network. (See `rpc`.)

use std::io::Write as _;

use prost::Message;
use tempfile::TempDir;

use super::super::messages::StoredState;
use super::*;

struct Scene {
    root: TempDir,
    service: Service,
}

impl Scene {
    /// A configured provider with these faults.
    fn new(faults: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let service = Service::new(faults.to_owned(), "", "t".to_owned());
        let scene = Self { root, service };
        let root = CtyValue::text(scene.root.path().to_str().unwrap());
        scene.call::<CheckReply>("ConfigureProvider", &file(&CtyValue::object([("root", root)])));
        scene
    }

    fn answer(&self, method: &str, request: &impl Message) -> Result<Reply, Malformed> {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(self.service.call(method, &request.encode_to_vec()))
    }

    fn call<R: Message + Default>(&self, method: &str, request: &impl Message) -> R {
        match self.answer(method, request) {
            Ok(Reply::Message(message)) => read(&message).unwrap(),
            other => panic!("{method}: {other:?}"),
        }
    }

    fn create(&self, planned: &CtyValue) -> ApplyReply {
        self.call("ApplyResourceChange", &change(&CtyValue::Null, planned, &CtyValue::Null))
    }

    fn read(&self, state: &CtyValue) -> StateReply {
        self.call("ReadResource", &file(state))
    }

    fn import(&self, id: &str) -> ImportReply {
        let request = ImportRequest { type_name: "demo_file".to_owned(), id: id.to_owned() };
        self.call("ImportResourceState", &request)
    }
}

fn file(object: &CtyValue) -> ObjectMessage {
    ObjectMessage {
        type_name: "demo_file".to_owned(),
        object: object.into(),
        private: b"private".to_vec(),
    }
}

fn change(prior: &CtyValue, planned: &CtyValue, config: &CtyValue) -> ChangeRequest {
    ChangeRequest {
        type_name: "demo_file".to_owned(),
        prior: prior.into(),
        planned: planned.into(),
        config: config.into(),
    }
}

fn planned() -> CtyValue {
    CtyValue::object([("path", CtyValue::text("a")), ("mode", CtyValue::text("0644"))])
}

fn state(reply: &ApplyReply) -> CtyValue {
    reply.state.value().unwrap()
}

fn detail(diagnostics: &[DiagnosticMessage]) -> &str {
    diagnostics.first().map_or("", |diagnostic| &diagnostic.detail)
}

#[test]
fn a_created_object_is_read_and_imported_by_its_id() {
    let scene = Scene::new("");
    let made = state(&scene.create(&planned()));
    let reply = scene.import(made.get("id").as_text().unwrap());
    let imported = reply.imported[0].object.value().unwrap();
    assert_eq!(imported.get("id"), made.get("id"));
    let read = scene.read(&imported).state.value().unwrap();
    assert_eq!(read.get("path"), &CtyValue::text("a"));
    assert!(detail(&scene.import("f-00000000").diagnostics).starts_with("NotFound"));
}

#[test]
fn reading_keeps_the_private_bytes() {
    let scene = Scene::new("");
    let made = state(&scene.create(&planned()));
    assert_eq!(scene.read(&made).private, b"private");
}

#[test]
fn the_control_file_in_the_root_is_read_at_every_call() {
    let scene = Scene::new("");
    let made = state(&scene.create(&planned()));
    let control = scene.root.path().join(".faults");
    let mut file = std::fs::File::create(&control).unwrap();
    std::io::Write::write_all(&mut file, b"read:a\n").unwrap();
    let reply = scene.read(&made);
    assert_eq!(reply.state.value(), Ok(made.clone()));
    assert!(detail(&reply.diagnostics).starts_with("InjectedFault"));
    std::fs::remove_file(&control).unwrap();
    assert_eq!(detail(&scene.read(&made).diagnostics), "");
}

#[test]
fn a_perpetual_difference_is_in_the_state_that_is_read() {
    let scene = Scene::new("perpetual:a");
    let made = state(&scene.create(&planned()));
    assert_eq!(made.get("mode"), &CtyValue::text("0644"));
    let read = scene.read(&made).state.value().unwrap();
    assert_eq!(read.get("mode"), &CtyValue::text("644"));
}

#[test]
fn a_plan_names_the_attribute_that_makes_another_object() {
    let scene = Scene::new("");
    let prior = planned().with("id", CtyValue::text("f-1"));
    let config = planned().with("path", CtyValue::text("b"));
    let request = change(&prior, &config, &config);
    let reply: PlanReply = scene.call("PlanResourceChange", &request);
    assert_eq!(reply.replacing, [AttributePath(vec![AttributeStep(Some("path".to_owned()))])]);
}

#[test]
fn an_unknown_root_is_refused_because_every_object_would_seem_gone() {
    let scene = Scene::new("");
    let request = file(&CtyValue::object([("root", CtyValue::Unknown)]));
    let reply: CheckReply = scene.call("ConfigureProvider", &request);
    assert!(!detail(&reply.diagnostics).is_empty());
}

#[test]
fn a_state_of_a_newer_schema_is_refused_and_an_older_one_is_kept() {
    let scene = Scene::new("schema-version:2");
    let upgrade = |version| -> StateReply {
        let stored = StoredState(br#"{"path":"a"}"#.to_vec());
        scene.call("UpgradeResourceState", &UpgradeRequest { version, stored })
    };
    assert_eq!(upgrade(1).state.json, br#"{"path":"a"}"#);
    assert!(!detail(&upgrade(3).diagnostics).is_empty());
}

#[test]
fn a_typing_error_in_a_fault_fails_the_call_and_changes_nothing() {
    let scene = Scene::new("creat:a");
    let reply = scene.create(&planned());
    assert!(detail(&reply.diagnostics).contains("creat:a"));
    assert_eq!(state(&reply), CtyValue::Null);
    assert!(!scene.root.path().join("a").exists());
}

#[test]
fn a_crash_and_an_unknown_call_have_no_reply() {
    let scene = Scene::new("crash:*");
    let request = change(&CtyValue::Null, &planned(), &CtyValue::Null);
    let crash = scene.answer("ApplyResourceChange", &request);
    assert!(matches!(crash, Ok(Reply::Crash)));
    let unknown = scene.answer("CallFunction", &());
    assert!(matches!(unknown, Ok(Reply::Unimplemented)));
    let stranger = ObjectMessage { type_name: "aws_instance".to_owned(), ..file(&planned()) };
    assert!(scene.answer("ReadResource", &stranger).is_err());
}

#[test]
fn an_action_writes_a_line_each_time_it_is_invoked_and_fails_when_that_is_asked_for() {
    let scene = Scene::new("invoke:bad");
    let schemas: SchemaReply = scene.call("GetProviderSchema", &CheckReply::default());
    assert!(schemas.actions.contains_key("demo_note"));
    let note = |path: &str| {
        let config =
            CtyValue::object([("path", CtyValue::text(path)), ("text", CtyValue::text("done"))]);
        ObjectMessage { type_name: "demo_note".to_owned(), ..file(&config) }
    };
    let invoke = |path: &str| -> EndOfAction { scene.call("InvokeAction", &note(path)) };
    for _ in 0..2 {
        assert_eq!(invoke("log/notes").completed.diagnostics, []);
    }
    let written = std::fs::read_to_string(scene.root.path().join("log/notes")).unwrap();
    assert_eq!(written, "done\ndone\n");
    assert!(detail(&invoke("bad").completed.diagnostics).starts_with("InjectedFault"));
    let planned: CheckReply = scene.call("PlanAction", &note("log/notes"));
    assert_eq!(planned.diagnostics, []);
    for (path, is_fine) in [("a/b", true), ("../b", false)] {
        let checked: CheckReply = scene.call("ValidateActionConfig", &note(path));
        assert_eq!(checked.diagnostics.is_empty(), is_fine, "{path}");
    }
}

#[test]
fn a_root_with_a_token_is_for_those_who_know_it() {
    let scene = Scene::new("");
    for (token, expected) in [("t", 0), ("another", 1)] {
        let path = scene.root.path().join(TOKEN);
        std::fs::File::create(path).unwrap().write_all(token.as_bytes()).unwrap();
        let request = file(&CtyValue::object([("root", CtyValue::Null)]));
        let reply: CheckReply = scene.call("ConfigureProvider", &request);
        assert_eq!(reply.diagnostics.len(), expected, "{token}");
    }
}
