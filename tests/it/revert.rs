//! Going back: every way in which an apply leaves a mess, and the world byte for byte afterwards.

use crate::support::deeds::{Past, file, good};
use crate::support::stage::{Ran, Stage};

fn a_and_b() -> String {
    file("a", "one") + &file("b", "two")
}

/// Words of the actions of a revert's JSON: `ADDRESS ACTION WHY`.
fn actions(ran: &Ran) -> Vec<String> {
    let json = ran.json();
    let word = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let actions = json["actions"].as_array().unwrap_or_else(|| panic!("{json:#}"));
    let line = |action: &serde_json::Value| {
        [&action["address"], &action["action"], &action["why"]].map(word).join(" ")
    };
    actions.iter().map(line).collect()
}

#[test]
fn what_a_failed_apply_changed_made_tainted_and_never_made_is_undone() {
    let stage = Stage::good(&a_and_b());
    let v1 = Past::of(&stage, &a_and_b());
    let v2 =
        [file("a", "ONE"), file("b", "two"), file("c", "new"), file("d", "half"), file("e", "")];
    stage.apply_badly(&v2.concat(), "create-after:d.txt,create:e.txt").expect(1);
    assert!(stage.objects().contains_key("d.txt"));
    let ran = stage.unapply(&["revert", "--yes", "--json"]).expect(0);
    v1.is_back(&stage);
    let expected =
        ["demo_file.a update undo", "demo_file.c destroy undo", "demo_file.d destroy undo"];
    assert_eq!(actions(&ran), expected);
    let json = ran.json();
    assert_eq!(json["result"], "reverted");
    assert_eq!(json["differences"], serde_json::json!([]));
    assert_eq!(stage.good_revision(), json["after"].as_u64());
}

#[test]
fn outputs_alone_are_put_back() {
    let v1 = file("a", "one") + "output \"o\" {\n  value = \"v1\"\n}\n";
    let (stage, past) = good(&v1);
    stage.apply_next(&v1.replace("v1", "v2"));
    stage.goes_back(&past, &[]).says("output.o   \"v2\" → \"v1\"   undo");
    assert_eq!(stage.terraform(&["output", "-raw", "o"]).expect(0).stdout, "v1");
}

#[test]
fn a_local_module_outside_the_root_comes_back_with_its_keys() {
    let stage = Stage::with("");
    let module = stage.path().join("modules/x");
    std::fs::create_dir_all(&module).unwrap();
    let write = |text: &str| {
        let header = "terraform {\n  required_providers {\n    demo = { source = \"unapply/demo\" }\n  }\n}\n";
        std::fs::File::create(module.join("main.tf"))
            .and_then(|mut file| {
                std::io::Write::write_all(&mut file, format!("{header}{text}").as_bytes())
            })
            .unwrap();
    };
    let inside = "variable \"name\" {}\nresource \"demo_file\" \"f\" {\n  path    = \"${var.name}.txt\"\n  content = \"v1\"\n}\n";
    write(inside);
    let call = "module \"x\" {\n  source   = \"../modules/x\"\n  for_each = toset([\"a b\", \"q\\\"x\"])\n  name     = replace(each.key, \"\\\"\", \"-\")\n}\n";
    stage.configure(call);
    stage.terraform(&["init", "-no-color"]).expect(0);
    stage.set_up();
    let past = Past::of(&stage, call);
    write(&inside.replace("v1", "v2"));
    stage.apply_next(&call.replace("\"a b\", ", "\"new\", "));
    stage.unapply(&["revert", "--yes"]).expect(0);
    // The module's own file is not the stack's to restore; Terraform needs it for its word.
    write(inside);
    past.is_back(&stage);
}

const WITH_VARIABLE: &str = "variable \"content\" {\n  type = string\n}\nresource \"demo_file\" \
    \"a\" {\n  path    = \"a.txt\"\n  content = var.content\n}\n";

#[test]
fn a_variable_that_differs_today_is_asked_about_and_allowed_todays_value_is_used() {
    let mut stage = Stage::with(WITH_VARIABLE);
    stage.set("TF_VAR_content", "one");
    stage.set_up();
    let past = Past::of(&stage, WITH_VARIABLE);
    stage.set("TF_VAR_content", "rotated-value");
    stage.apply().expect(0);
    let before = stage.everything();
    let ran = stage.unapply(&["revert", "--yes"]).expect(15).says("variable-changed");
    let ran = ran.says("var.content").says("--allow 'variable-changed=var.content'");
    let ran = ran.says("env -u TF_VAR_content unapply revert --yes");
    assert!(!ran.stderr.lines().any(|line| line.contains("hazard") && line.contains("rotated")));
    assert_eq!(stage.everything(), before);
    stage.set("TF_VAR_content", "third-value");
    let allow = ["revert", "--yes", "--allow", "variable-changed=var.content"];
    stage.unapply(&allow).expect(0).says("has another value today, which is used");
    assert_eq!(std::fs::read_to_string(stage.world().join("a.txt")).unwrap(), "third-value");
    // Without today's value the captured one is used.
    stage.set("TF_VAR_content", "one");
    stage.unapply(&["revert", "1", "--yes"]).expect(0);
    past.is_back(&stage);
}

#[test]
fn a_value_that_is_given_for_this_revert_is_used_and_proves_nothing_else() {
    let mut stage = Stage::with(WITH_VARIABLE);
    stage.set("TF_VAR_content", "one");
    stage.set_up();
    let given = ["--var", "content=three"];
    let ran = stage.unapply(&[&["mark", "good", "--verify"][..], &given].concat()).expect(13);
    ran.says("has another value of a variable than the one that is given");
    stage.set("TF_VAR_content", "two");
    stage.apply().expect(0);
    let ran = stage.unapply(&[&["revert", "--yes"][..], &given].concat()).expect(0);
    ran.says("var.content: the value that was given is used");
    assert_eq!(std::fs::read_to_string(stage.world().join("a.txt")).unwrap(), "three");
}

#[test]
fn a_credential_of_a_provider_is_todays_wherever_its_value_stands() {
    for in_file in [false, true] {
        let mut stage = Stage::with("");
        let [before, today] = ["before", "today"].map(|name| stage.path().join(name));
        std::os::unix::fs::symlink(stage.world(), &before).unwrap();
        let configure = |stage: &Stage, text: &str| {
            stage.configure("");
            let main = std::fs::read_to_string(stage.stack().join("main.tf")).unwrap();
            let literal = format!("\"{}\"", stage.world().display());
            let declared = "variable \"at\" {\n  type = string\n}\n";
            stage.write("main.tf", &(main.replace(&literal, "var.at") + declared + text));
        };
        let say = |stage: &mut Stage, place: &std::path::Path| {
            let place = place.display().to_string();
            if in_file {
                stage.write("terraform.tfvars", &format!("at = \"{place}\"\n"));
            } else {
                stage.set("TF_VAR_at", &place);
            }
        };
        say(&mut stage, &before);
        let v1 = file("a", "one");
        configure(&stage, &v1);
        stage.set_up();
        configure(&stage, &file("a", "two"));
        stage.apply().expect(0);
        std::fs::rename(&before, &today).unwrap();
        say(&mut stage, &today);
        let ran = stage.unapply(&["revert", "--yes"]).expect(0);
        ran.says("var.at only feeds provider configuration: today's value is used");
        assert_eq!(std::fs::read_to_string(stage.world().join("a.txt")).unwrap(), "one");
        assert!(!before.exists());
    }
}

#[test]
fn a_required_variable_without_a_value_stops_a_revert_and_is_named() {
    let mut stage = Stage::with(WITH_VARIABLE);
    stage.set("TF_VAR_content", "one");
    stage.apply().expect(0);
    stage.unset("TF_VAR_content");
    stage.unapply(&["init"]).expect(0);
    stage.unapply(&["mark", "good"]).expect(0);
    let before = stage.everything();
    let ran = stage.unapply(&["revert", "--yes"]).expect(15);
    ran.says("var.content").says("--var content=");
    assert_eq!(stage.everything(), before);
    stage.configure(&file("a", "two"));
    stage.apply().expect(0);
    let given = ["revert", "--yes", "--var", "content=one"];
    let ran = stage.unapply(&given).expect(0).says("cannot be planned by itself");
    ran.says("no value is kept of var.content");
    assert!(stage.entries("mark").last().unwrap().to_string().contains("no value is kept"));
}

#[test]
fn an_apply_that_nobody_can_plan_again_replaces_no_better_good_one_and_is_not_undone_unasked() {
    let v1 = file("a", "one");
    let stage = Stage::good(&v1);
    let past = Past::of(&stage, &v1);
    stage.configure(WITH_VARIABLE);
    let apply = ["apply", "-auto-approve", "-no-color", "-var", "content=two"];
    stage.terraform(&apply).expect(0);
    stage.unapply(&["snapshot"]).expect(0);
    let marked = stage.unapply(&["mark", "good", "@-"]).expect(0);
    let marked = marked.says("is good (applied)").says("no value is kept of var.content");
    let newer = marked.stdout.split("★ ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let status = stage.unapply(&["status"]).expect(0);
    let passed = format!("{newer} is newer than r1 and cannot be planned: no value is kept of");
    let way = "then: unapply mark good --verify";
    status.says("plan-empty").says(&passed).says(way);
    stage.unapply(&["doctor"]).expect(15).says(&passed).says(way).says("newer-applied");
    let ran = stage.unapply(&["revert", "--yes"]).expect(15);
    let allow = format!("newer-applied={newer}");
    ran.says("newer-applied").says("no value is kept of var.content").says(&allow);
    let json = stage.unapply(&["revert", "--plan-only", "--json"]).expect(0).json();
    assert_eq!(json["hazards"][0]["hazard"], "newer-applied", "{json:#}");
    let named = json["target"].to_string();
    let json = stage.unapply(&["revert", &named, "--plan-only", "--json"]).expect(0).json();
    assert_eq!(json["hazards"], serde_json::json!([]), "{json:#}");
    stage.unapply(&["revert", "--yes", "--allow", &allow]).expect(0);
    past.is_back(&stage);
}

#[test]
fn blocks_that_the_good_state_has_absorbed_are_not_obeyed_again() {
    let stage = Stage::with(&(file("old", "one") + &file("b", "two") + &file("gone", "kept")));
    stage.apply().expect(0);
    let v1 = file("a", "one").replace("a.txt", "old.txt")
        + &file("b", "two")
        + "moved {\n  from = demo_file.old\n  to   = demo_file.a\n}\n"
        + "removed {\n  from = demo_file.gone\n  lifecycle {\n    destroy = false\n  }\n}\n"
        + "import {\n  to = demo_file.b\n  id = \"f-not-there\"\n}\n";
    stage.configure(&v1);
    stage.set_up();
    let past = Past::of(&stage, &v1);
    // Other objects now stand at the addresses that the blocks name.
    stage.apply_next(
        &(file("old", "else").replace("old.txt", "x.txt")
            + &file("gone", "z").replace("gone.txt", "y.txt")),
    );
    let ran = stage.unapply(&["revert", "--plan-only", "--json"]).expect(0);
    let expected = [
        "demo_file.a create undo",
        "demo_file.b create undo",
        "demo_file.gone destroy undo",
        "demo_file.old destroy undo",
    ];
    assert_eq!(actions(&ran), expected);
    stage.goes_back(&past, &[]);
}

#[test]
fn a_value_that_only_the_state_knows_survives() {
    let v1 = "resource \"demo_token\" \"t\" {\n  length = 20\n}\nresource \"demo_file\" \"a\" {\n  path    = \"a.txt\"\n  content = demo_token.t.value\n}\n";
    let (stage, past) = good(v1);
    let token = stage.objects()["a.txt"].clone();
    stage.apply_next(&(v1.replace("a.txt", "moved.txt") + &file("c", "new")));
    stage.goes_back(&past, &[]);
    assert_eq!(stage.objects()["a.txt"], token);
}

#[test]
fn a_plan_that_is_never_empty_is_good_only_as_residual_and_verified_against_it() {
    let v1 = a_and_b();
    let stage = Stage::with(&v1);
    stage.apply().expect(0);
    stage.fault("perpetual:b.txt");
    stage.unapply(&["init"]).expect(0);
    let ran = stage.unapply(&["mark", "good", "--verify"]).expect(15);
    ran.says("not empty").says("demo_file.b").says("--residual");
    assert_eq!(stage.good_revision(), None);
    stage.unapply(&["mark", "good", "--verify", "--residual"]).expect(0);
    let objects = stage.objects();
    stage.configure(&(file("a", "ONE") + &file("b", "two")));
    stage.unapply(&["snapshot"]).expect(0);
    stage.apply().expect(0);
    stage.unapply(&["revert", "--yes", "--allow", "older-drift=demo_file.b"]).expect(0);
    assert_eq!(stage.objects(), objects);
    stage.is_sound();
}

#[test]
fn a_revert_whose_second_plan_is_not_empty_ends_with_19_and_is_not_good() {
    let (stage, _) = good(&a_and_b());
    let good_before = stage.good_revision();
    stage.apply_next(&(file("a", "ONE") + &file("b", "two")));
    stage.fault("perpetual:a.txt");
    // The refresh finds a mode that nobody has set: for all that anybody knows by hand.
    let allow = ["revert", "--yes", "--allow", "older-drift=demo_file.a"];
    let ran = stage.unapply(&allow).expect(19);
    ran.says("a plan still wants to update demo_file.a (mode)");
    assert_eq!(stage.good_revision(), good_before);
    assert_eq!(stage.entries("verification").len(), 1);
    assert_eq!(stage.entries("revert-outcome")[0]["body"]["outcome"], "succeeded");
    stage.is_sound();
}

#[test]
fn an_older_revision_can_be_named() {
    let (stage, v1) = good(&a_and_b());
    let first = stage.good_revision().unwrap().to_string();
    stage.apply_next(&(file("a", "ONE") + &file("b", "two")));
    stage.unapply(&["snapshot"]).expect(0);
    stage.unapply(&["mark", "good", "--verify"]).expect(0);
    stage.unapply(&["revert", "--yes"]).expect(0).says("nothing to undo");
    stage.unapply(&["revert", "999", "--yes"]).expect(13);
    stage.goes_back(&v1, &[&first]);
}

#[test]
fn what_terraform_refuses_to_plan_is_told_in_its_words_and_nothing_is_touched() {
    let (stage, _) = good(&a_and_b());
    stage.apply_next(&(file("a", "ONE") + &file("b", "two")));
    let before = stage.everything();
    stage.fault("read:b.txt");
    let ran = stage.unapply(&["revert", "--yes"]).expect(1);
    ran.says("InjectedFault").says("nothing was applied");
    assert_eq!(stage.everything(), before);
    assert_eq!(stage.left_over(), "");
}

#[test]
fn an_object_that_was_renamed_goes_back_to_its_address_and_stays_the_same() {
    let (stage, v1) = good(&a_and_b());
    let id = stage.id_of("demo_file", "a");
    let renamed = a_and_b().replace("\"demo_file\" \"a\"", "\"demo_file\" \"z\"")
        + "moved {\n  from = demo_file.a\n  to   = demo_file.z\n}\n";
    stage.apply_next(&renamed);
    let ran = stage.goes_back(&v1, &[]);
    ran.says("demo_file.z → demo_file.a").says("`moved` blocks in the private copy");
    assert_eq!(stage.id_of("demo_file", "a"), id);
}

#[test]
fn a_good_object_that_an_apply_left_over_takes_its_place_again() {
    let v1 = file("a", "one")
        .replace("\n}", "\n  lifecycle {\n    create_before_destroy = true\n  }\n}");
    let (stage, past) = good(&v1);
    let id = stage.id_of("demo_file", "a");
    stage.apply_badly(&v1.replace("a.txt", "new.txt"), "delete:a.txt").expect(1);
    assert_eq!(stage.objects().keys().collect::<Vec<_>>(), ["a.txt", "new.txt"]);
    stage.goes_back(&past, &[]).says("(deposed ").says("by a state that is pushed");
    assert_eq!(stage.id_of("demo_file", "a"), id);
}

#[test]
fn an_object_that_was_only_forgotten_is_taken_back_and_not_overwritten_unasked() {
    let (stage, v1) = good(&a_and_b());
    let id = stage.id_of("demo_file", "b");
    let forget = "removed {\n  from = demo_file.b\n  lifecycle {\n    destroy = false\n  }\n}\n";
    stage.apply_next(&(file("a", "one") + forget));
    stage.edit("b.txt", "somebody's work since");
    let before = stage.everything();
    stage.unapply(&["revert", "--yes"]).expect(15).says("older-drift=demo_file.b");
    assert_eq!(stage.everything(), before);
    stage.goes_back(&v1, &["--allow", "older-drift=demo_file.b"]).says("was forgotten");
    assert_eq!(stage.id_of("demo_file", "b"), id);
}

#[test]
fn a_provider_that_dies_in_the_middle_leaves_a_record_and_a_way_on() {
    let (stage, v1) = good(&a_and_b());
    stage.apply_next(&file("a", "ONE"));
    stage.fault("crash:b.txt");
    stage.unapply(&["revert", "--yes"]).expect(1).says("applied in part");
    assert_eq!(stage.entries("revert-outcome")[0]["body"]["outcome"], "failed");
    stage.fault("");
    // The object was made and nobody told Terraform: a person removes it, or imports it.
    std::fs::remove_file(stage.world().join("b.txt")).unwrap();
    stage.sweep();
    stage.goes_back(&v1, &[]);
}

#[test]
fn what_somebody_deleted_after_the_failure_leaves_the_state_once_it_was_asked_about() {
    let (stage, past) = good(&file("a", "one"));
    stage.fault("create:c.txt");
    stage.configure(&(file("a", "one") + &file("b", "two") + &file("c", "three")));
    stage.unapply(&["run", "--", "terraform", "apply", "-auto-approve", "-json"]).expect(1);
    stage.fault("");
    let id = stage.id_of("demo_file", "b");
    std::fs::remove_file(stage.world().join("b.txt")).unwrap();
    let refused = stage.unapply(&["revert", "--yes"]).expect(15);
    refused.says(&id).says("--allow 'not-found=demo_file.b'");
    stage.goes_back(&past, &["--allow", "not-found=demo_file.b"]);
    stage.unapply(&["diff", "--detailed-exitcode"]).expect(0);
    stage.configure(&(file("a", "one") + &file("b", "two") + &file("c", "three")));
    stage.unapply(&["guard"]).expect(15);
}

#[test]
fn a_provider_that_finds_nothing_at_all_looks_like_the_wrong_place() {
    let (stage, _) = good(&file("a", "one"));
    stage.apply_next(&(file("a", "one") + &file("b", "two")));
    std::fs::rename(stage.world(), stage.path().join("elsewhere")).unwrap();
    std::fs::create_dir(stage.world()).unwrap();
    let refused = stage.unapply(&["revert", "--yes"]).expect(15);
    refused.says("not-found=demo_file.b").says("this looks like the wrong place");
    assert_eq!(stage.resources().len(), 2, "the state has both");
}

#[test]
fn a_snapshot_with_an_edited_configuration_is_doubted_and_its_values_are_asked_about() {
    let (stage, _) = good(&(file("a", "one") + &file("b", "two")));
    stage.configure(&(file("a", "never") + &file("b", "two")));
    stage.unapply(&["snapshot"]).expect(0);
    stage.unapply(&["mark", "good"]).expect(0).says("has changed since r1 and its state has not");
    stage.apply_next(&(file("a", "two") + &file("b", "two")));
    let before = stage.everything();
    let refused = stage.unapply(&["revert", "--yes"]).expect(15);
    refused.says("not-good").says("never had this value").says("content");
    assert_eq!(stage.everything(), before);
}
