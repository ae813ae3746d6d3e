//! Stacks that are run with OpenTofu: states that it encrypts, and the other engine's lock file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use unapply::engine::variables::given::{GivenValue, GivenValues};
use unapply::model::entry::{Body, EngineKind, Entry};
use unapply::model::secret::Secret;
use unapply::port::object_store::ObjectError;
use unapply::port::state_history::{StateHistory, StateVersionAt};
use unapply::store::Repository;

use super::drive::{Error, Process, Reverted};
use super::stories::{Story, file};
use crate::support::script::put;
use crate::support::scripted::{Scene, Where};

/// A configuration that encrypts with the last of these.
fn encrypted(keys: &[&str], rest: &str) -> String {
    let provider = |(at, key): (usize, &&str)| {
        format!("    key_provider \"pbkdf2\" \"k{at}\" {{\n      passphrase = \"{key}\"\n    }}\n")
    };
    let providers: String = keys.iter().enumerate().map(provider).collect();
    let target = "    state {\n      method = method.aes_gcm.m\n    }\n";
    format!("terraform {{\n  encryption {{\n{providers}{target}  }}\n}}\n{rest}")
}

fn accept(scene: &Scene) {
    let repository = Repository::open(scene.store.shared()).unwrap();
    repository.accept_unencrypted("tester", "2026-11-30T12:00:00Z".parse().unwrap()).unwrap();
}

fn raw(scene: &Scene) -> String {
    std::fs::read_to_string(scene.root().join("terraform.tfstate")).unwrap()
}

/// A stack that OpenTofu runs, with an encrypted state.
fn scene(home: Where) -> Scene {
    let scene = Scene::new(home);
    scene.world.runs(EngineKind::OpenTofu);
    assert!(scene.apply(&encrypted(&["first"], &file("a", "one"))).succeeded);
    scene
}

#[test]
fn what_is_encrypted_is_kept_in_the_clear_only_where_that_was_accepted() {
    for home in [Where::File, Where::Remote] {
        let scene = scene(home);
        let process = Process::healthy(&scene);
        let refused = process.snapshot();
        assert!(matches!(refused, Err(Error::Unencrypted { .. })), "{refused:?}");
        assert!(super::stories::log(&scene).is_empty());
        accept(&scene);
        accept(&scene);
        process.snapshot().unwrap();
        if home == Where::File {
            assert!(raw(&scene).contains("encrypted_data") && !raw(&scene).contains("a.txt"));
        }
    }
}

#[test]
fn an_encrypted_stack_is_reverted_after_its_key_was_changed_and_stays_encrypted() {
    let v1 = encrypted(&["first"], &(file("a", "one") + &file("c", "same")));
    let v2 = encrypted(&["first", "second"], &(file("a", "ONE") + &file("b", "new")));
    let story = Story::in_scene(
        {
            let scene = Scene::new(Where::File);
            scene.world.runs(EngineKind::OpenTofu);
            accept(&scene);
            scene
        },
        &v1,
    );
    let story = story.then(&v2);
    let first = raw(&story.scene);
    let ended = Process::healthy(&story.scene).revert(story.target).unwrap();
    let Reverted::Verified(verified, 1) = ended else { panic!("{ended:?}") };
    assert!(verified.is_verified());
    story.is_back();
    let meta = |text: &str| text.lines().find(|line| line.contains("pbkdf2")).unwrap().to_owned();
    assert!(raw(&story.scene).contains("encrypted_data"));
    assert_eq!(meta(&raw(&story.scene)), meta(&first), "today's key");
    assert_eq!(plans(&story.scene), [(false, true)], "it may hold keys");
}

/// Whether the plans of reverts are kept, and their digests.
fn plans(scene: &Scene) -> Vec<(bool, bool)> {
    let plan = |entry: Entry| {
        let Body::RevertIntent(intent) = entry.recorded.body else { return None };
        Some((intent.plan.is_some(), intent.plan_digest.is_some()))
    };
    super::stories::log(scene).into_iter().filter_map(plan).collect()
}

#[test]
fn a_state_that_cannot_be_decrypted_is_kept_as_it_is_and_named() {
    let scene = scene(Where::File);
    scene.configure(&encrypted(&["another"], &file("a", "one")));
    let process = Process::healthy(&scene);
    let refused = process.snapshot();
    let Err(Error::Unreadable { evidence: Some(evidence), found, .. }) = refused else {
        panic!("{refused:?}")
    };
    assert!(found.contains("decryption failed for all provided methods"), "{found}");
    assert_eq!(process.kept(evidence), raw(&scene).into_bytes());
}

#[test]
fn an_engine_that_nothing_names_is_refused_where_the_state_is_the_other_ones() {
    for home in [Where::File, Where::Remote] {
        let story = Story::in_scene(Scene::new(home), &file("a", "one"));
        let story = story.then(&file("a", "ONE"));
        story.scene.world.assumes(EngineKind::OpenTofu);
        let refused = Process::healthy(&story.scene).revert(story.target);
        let Err(Error::OtherEngine { theirs: EngineKind::Terraform, running }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(running, "tofu");
        story.scene.world.assumes(EngineKind::Terraform);
        let ended = Process::healthy(&story.scene).revert(story.target);
        assert!(matches!(ended, Ok(Reverted::Verified(..))), "{ended:?}");
    }
}

#[test]
fn what_was_good_with_one_engine_is_reverted_to_with_the_other() {
    let lock = |engine: EngineKind, hash: &str| {
        format!(
            "provider \"{}/unapply/demo\" {{\n  version = \"1.0.0\"\n  hashes  = [\"{hash}\"]\n}}\n",
            engine.registry()
        )
    };
    let write = |scene: &Scene, text: String| {
        put(&scene.root().join(".terraform.lock.hcl"), text.as_bytes());
    };
    for [then, now] in [
        [EngineKind::Terraform, EngineKind::OpenTofu],
        [EngineKind::OpenTofu, EngineKind::Terraform],
    ] {
        let scene = Scene::new(Where::File);
        scene.world.runs(then);
        write(&scene, lock(then, "h1:theirs"));
        let story = Story::in_scene(scene, &(file("a", "one") + &file("c", "same")));
        story.scene.world.runs(now);
        write(&story.scene, lock(now, "h1:ours"));
        let story = story.then(&(file("a", "ONE") + &file("b", "new")));
        let refused = Process::healthy(&story.scene).revert(story.target);
        let Err(Error::Hazards(open)) = refused else { panic!("{refused:?}") };
        let open: Vec<String> =
            open.iter().map(|hazard| format!("{}={}", hazard.kind, hazard.subject)).collect();
        let allowed = format!("engine-changed={}", <&str>::from(now));
        assert_eq!(open, [allowed.as_str()]);
        let ended = Process::healthy(&story.scene).revert_allowing(story.target, &[&allowed]);
        assert!(matches!(ended, Ok(Reverted::Verified(..))), "{now:?}: {ended:?}");
        assert_eq!(plans(&story.scene), [(true, true)]);
        story.is_back();
    }
}

/// A configuration that encrypts with the value of a variable, and with nothing else.
fn encrypted_by_variable(rest: &str) -> String {
    let block = encrypted(&["KEY"], rest).replace("\"KEY\"", "var.key");
    format!("variable \"key\" {{\n  type = string\n}}\n{block}")
}

/// Lets words give the variable, beside files that cannot be read again.
fn given(process: &mut Process<'_>, key: &str) {
    let value = |text: &str| Secret::new(text.to_owned());
    process.stack.inputs.words = GivenValues(vec![
        GivenValue::File("/dev/null".into()),
        GivenValue::File("made-later.tfvars".into()),
        GivenValue::Value("key".to_owned(), value(key)),
        GivenValue::Value("other".to_owned(), value("x")),
    ]);
}

#[test]
fn values_of_words_reach_what_reads_the_state_and_files_that_are_no_more_do_not() {
    for home in [Where::File, Where::Remote] {
        let scene = Scene::new(home);
        scene.world.runs(EngineKind::OpenTofu);
        accept(&scene);
        scene.values.borrow_mut().insert("key".to_owned(), "first".to_owned());
        assert!(scene.apply(&encrypted_by_variable(&file("a", "one"))).succeeded);
        let mut process = Process::healthy(&scene);
        let refused = process.snapshot();
        assert!(format!("{refused:?}").contains("no value of key"), "{refused:?}");
        given(&mut process, "first");
        process.snapshot().unwrap();
        assert!(scene.left_over().is_empty(), "{:?}", scene.left_over());
    }
}

#[test]
fn a_key_that_a_variable_has_today_counts_for_a_configuration_of_the_past() {
    // Said by the words of what is done now, and by those of the wrapped command before it.
    let words: fn(&mut Process<'_>, GivenValues) = |process, given| {
        process.stack.inputs.words = given;
    };
    let wrapped: fn(&mut Process<'_>, GivenValues) = |process, given| {
        process.stack.inputs.of_command = given;
    };
    for gives in [words, wrapped] {
        todays_key_counts(gives);
    }
}

fn todays_key_counts(gives: fn(&mut Process<'_>, GivenValues)) {
    let scene = Scene::new(Where::File);
    scene.world.runs(EngineKind::OpenTofu);
    accept(&scene);
    scene.values.borrow_mut().insert("key".to_owned(), "first".to_owned());
    let v1 = encrypted_by_variable(&file("a", "one"));
    assert!(scene.apply(&v1).succeeded);
    let mut process = Process::healthy(&scene);
    let word = |name: &str, key: &str| {
        let value = Secret::new(key.to_owned());
        GivenValues(vec![GivenValue::Value(name.to_owned(), value)])
    };
    gives(&mut process, word("key", "first"));
    let taken = process.snapshot().unwrap();
    process.mark_good(&taken).unwrap();
    let snapshot = taken.recorded.body.snapshot().unwrap();
    assert!(snapshot.configuration.as_ref().unwrap().variables.is_empty(), "a key is kept nowhere");
    // The key changes from one apply to the next; a variable of another name has it since.
    let state = unsealed(&scene);
    scene.values.borrow_mut().insert("new".to_owned(), "second".to_owned());
    let v2 = |rest: &str| {
        encrypted_by_variable(rest).replace("var.key", "var.new").replace("\"key\"", "\"new\"")
    };
    put(&scene.root().join("terraform.tfstate"), &state);
    assert!(scene.apply(&v2(&(file("a", "ONE") + &file("b", "new")))).succeeded);
    drop(process);
    let mut process = Process::healthy(&scene);
    gives(&mut process, word("new", "second"));
    let begun = process.begin(&["/bin/sh"]).unwrap();
    let concluded = process.conclude(begun, 1).unwrap();
    assert!(concluded.after.is_ok(), "{:?}", concluded.after);
    let origin = ["unknown-origin=demo_file.b"];
    let ended = process.revert_allowing(taken.revision, &origin).unwrap();
    assert!(matches!(ended, Reverted::Verified(..)), "{ended:?}");
    assert!(raw(&scene).contains(&STANDARD.encode("second")), "{}", raw(&scene));
}

/// The state of a scene in the clear.
fn unsealed(scene: &Scene) -> Vec<u8> {
    let envelope: serde_json::Value = serde_json::from_str(&raw(scene)).unwrap();
    STANDARD.decode(envelope["encrypted_data"].as_str().unwrap()).unwrap()
}

#[test]
fn older_versions_of_an_encrypted_stack_are_not_kept_in_the_clear() {
    let scene = scene(Where::File);
    let versions = Versions(unsealed(&scene));
    let process = Process::healthy(&scene);
    let before = scene.store.keys();
    let refused = process.import(&versions);
    assert!(matches!(refused, Err(Error::Unencrypted { .. })), "{refused:?}");
    assert_eq!(scene.store.keys(), before, "nothing was stored");
    accept(&scene);
    process.import(&versions).unwrap();
}

/// One older version.
#[derive(Debug)]
struct Versions(Vec<u8>);

impl StateHistory for Versions {
    fn place(&self) -> String {
        "a bucket".to_owned()
    }

    fn versions(&self) -> Result<Vec<StateVersionAt>, ObjectError> {
        let written = "2026-11-29T12:00:00Z".parse().unwrap();
        Ok(vec![StateVersionAt { id: "v".to_owned(), written, bytes: 1 }])
    }

    fn bytes(&self, _: &StateVersionAt) -> Result<Option<Vec<u8>>, ObjectError> {
        // Another one than the present.
        let text = String::from_utf8(self.0.clone()).unwrap();
        Ok(Some(text.replace("one", "old").into_bytes()))
    }
}

#[test]
fn a_state_that_was_left_encrypted_is_pushed_in_the_form_that_the_backend_has() {
    let scene = Scene::new(Where::Remote);
    scene.world.runs(EngineKind::OpenTofu);
    accept(&scene);
    let v1 = encrypted(&["first"], &file("a", "one"));
    let story = Story::in_scene(scene, &v1);
    let process = Process::healthy(&story.scene);
    story.scene.configure(&encrypted(&["first"], &(file("a", "ONE") + &file("b", "new"))));
    let begun = process.begin(&["/bin/sh"]).unwrap();
    story.scene.world.backend_goes();
    story.applies(&begun);
    story.scene.world.backend_comes();
    let concluded = process.conclude(begun, 1).unwrap();
    let kept = process.kept(concluded.errored.unwrap());
    assert!(String::from_utf8(kept).unwrap().contains("encrypted_data"));
    // Without its key nothing of it is known.
    let good = std::fs::read_to_string(story.scene.root().join("main.tf")).unwrap();
    put(&story.scene.root().join("main.tf"), good.replace("first", "lost").as_bytes());
    let open = process.recover().unwrap().concat();
    assert!(open.contains("decryption failed for all provided methods"), "{open}");
    put(&story.scene.root().join("main.tf"), good.as_bytes());
    assert_eq!(process.recover().unwrap(), [""; 0]);
    drop(process);
    story.goes_back();
}
