//! Stacks that are run with OpenTofu: states that it encrypts, and the other engine's lock file.

use unapply::model::entry::EngineKind;
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
    format!("terraform {{\n  encryption {{\n{providers}  }}\n}}\n{rest}")
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
        story.is_back();
    }
}
