//! Interruptions, other processes and terminals: what was begun is known and can be concluded.

use rustix::process::Signal;

use crate::support::deeds::{Past, file, good};
use crate::support::running::{end, until};
use crate::support::stage::{Stage, UNAPPLY};

/// Two files, of which the second waits for the first.
fn chained(first: &str, second: &str) -> String {
    format!(
        "{}resource \"demo_file\" \"b\" {{\n  path       = \"b.txt\"\n  content    = \
         \"{second}\"\n  depends_on = [demo_file.a]\n}}\n",
        file("a", first)
    )
}

/// Good, then changed in both files.
fn changed() -> (Stage, Past) {
    let (stage, v1) = good(&chained("one", "two"));
    stage.apply_next(&chained("ONE", "TWO"));
    (stage, v1)
}

fn interrupted_in_the_apply(signal: Signal, code: i32) {
    let (stage, v1) = changed();
    stage.fault("delay-ms:a.txt:1500");
    let running = stage.start(UNAPPLY, &["revert", "--yes"]);
    until("terraform changes something", || stage.is_applying());
    running.signal(signal);
    // A second one must not reach Terraform: it would drop its state.
    running.signal(signal);
    let ran = running.end().expect(code);
    stage.fault("");
    let ran = ran.says("terraform was told to stop, once").says("was interrupted");
    ran.says("the state is kept as revision").says("unapply revert");
    assert_eq!(stage.objects()["a.txt"].1, b"one", "what was under way was finished");
    assert_eq!(stage.objects()["b.txt"].1, b"TWO", "what was not begun was left");
    let outcomes = stage.entries("revert-outcome");
    assert_eq!(outcomes[0]["body"]["outcome"], "interrupted");
    assert!(outcomes[0]["body"]["after"].is_u64());
    assert!(!stage.is_locked_by_apply());
    stage.sweep();
    stage.goes_back(&v1, &["--lock-timeout", "0s"]);
}

#[test]
fn an_interrupt_during_the_apply_is_passed_on_once_and_the_next_revert_ends_equal_to_good() {
    interrupted_in_the_apply(Signal::INT, 130);
}

#[test]
fn terraforms_lock_is_respected_and_its_holder_named() {
    let (stage, _) = good(&chained("one", "two"));
    stage.configure(&chained("ONE", "TWO"));
    stage.unapply(&["snapshot"]).expect(0);
    stage.fault("delay-ms:a.txt:2500");
    let apply = stage.start("terraform", &["apply", "-auto-approve", "-no-color", "-input=false"]);
    until("terraform holds its lock", || stage.is_locked_by_apply());
    let ran = stage.unapply(&["revert", "--yes", "--lock-timeout", "0s"]).expect(11);
    ran.says("operation  apply")
        .says("s ago)")
        .says("@")
        .says("was not touched")
        .says("--lock-timeout");
    apply.end().expect(0);
    stage.fault("");
    assert_eq!(stage.objects()["b.txt"].1, b"TWO");
    assert_eq!(stage.entries("revert-intent").len(), 0);
}

#[test]
fn an_interrupt_while_terraform_plans_changes_nothing() {
    let (stage, _) = changed();
    let before = stage.everything();
    let running = stage.start(UNAPPLY, &["revert", "--yes"]);
    until("there is a private directory", || !stage.private_directories().is_empty());
    running.signal(Signal::INT);
    running.end().expect(130).says("nothing was applied");
    assert_eq!(stage.everything(), before);
    assert_eq!(stage.left_over(), "");
    assert!(!stage.stack().join(".terraform.tfstate.lock.info").exists());
    stage.is_sound();
}

#[test]
fn an_interrupt_at_the_plan_prompt_changes_nothing() {
    let (stage, _) = changed();
    let before = stage.everything();
    let mut session = stage.on_terminal(&["revert"]);
    session.exp_string("Enter a value: ").unwrap();
    session.send_control('c').unwrap();
    let (code, said) = end(session);
    assert_eq!(code, 130, "{said}");
    assert!(said.contains("the stack is as it was"), "{said}");
    let mut session = stage.on_terminal(&["revert"]);
    session.exp_string("Enter a value: ").unwrap();
    session.send_line("y").unwrap();
    let (code, said) = end(session);
    assert_eq!(code, 15, "{said}");
    assert_eq!(stage.everything(), before);
    assert_eq!(stage.left_over(), "");
    stage.is_sound();
}

#[test]
fn a_hazard_is_resolved_on_a_terminal_by_its_address_and_by_nothing_else() {
    let (stage, v1) = changed();
    stage.configure(&(chained("ONE", "TWO") + &file("c", "new")));
    stage.apply().expect(0);
    stage.settings("[revert]\nprotect = [\"demo_file.c\"]\n");
    stage.configure(&(chained("ONE", "TWO") + &file("c", "newer")));
    stage.unapply(&["snapshot"]).expect(0);
    stage.apply().expect(0);
    let before = stage.everything();
    for (answer, expected) in [(Some("yes"), 15), (None, 130)] {
        let mut session = stage.on_terminal(&["revert", "--yes"]);
        session.exp_string("protected").unwrap();
        session.exp_regex("Type demo_file.c to accept it[^\n]*: ").unwrap();
        match answer {
            Some(line) => session.send_line(line).map(drop).unwrap(),
            None => session.send_control('c').unwrap(),
        }
        let (code, said) = end(session);
        assert_eq!(code, expected, "{said}");
        assert!(said.contains("the stack is as it was"), "{said}");
        assert_eq!(stage.everything(), before);
    }
    let mut session = stage.on_terminal(&["revert"]);
    for subject in ["demo_file.c", "since-1"] {
        session.exp_regex(&format!("Type {subject} to accept it[^\n]*: ")).unwrap();
        session.send_line(subject).unwrap();
    }
    session.exp_string("Enter a value: ").unwrap();
    session.send_line("yes").unwrap();
    let (code, said) = end(session);
    assert_eq!(code, 0, "{said}");
    v1.is_back(&stage);
}

#[test]
fn a_plan_that_went_stale_while_somebody_read_it_is_not_applied() {
    let (stage, v1) = changed();
    let mut session = stage.on_terminal(&["revert"]);
    session.exp_string("Enter a value: ").unwrap();
    stage.configure(&(chained("ONE", "TWO") + &file("c", "meanwhile")));
    stage.apply().expect(0);
    let before = stage.everything();
    session.send_line("yes").unwrap();
    let (code, said) = end(session);
    assert_eq!(code, 15, "{said}");
    assert!(said.contains("state-moved: the state changed after the plan was made"), "{said}");
    assert!(said.contains("nothing was applied") && said.contains("unapply revert"), "{said}");
    assert_eq!(stage.everything(), before);
    stage.unapply(&["status"]).expect(0);
    stage.goes_back(&v1, &["--allow", "unknown-origin=since-*"]);
}

/// Looked for in everything that leaves us.
const SECRETS: [&str; 3] = ["hunter2-secret", "swordfish-value", "canary-new"];

#[test]
fn a_secret_is_nowhere_but_in_blobs() {
    let v1 = "variable \"password\" {\n  sensitive = true\n}\nresource \"demo_file\" \"a\" {\n  \
        path    = \"${var.password}.txt\"\n  content = var.password\n  secret  = \"hunter2-secret\"\n}\noutput \
        \"p\" {\n  value     = var.password\n  sensitive = true\n}\n";
    let mut stage = Stage::with(v1);
    stage.set("TF_VAR_password", "swordfish-value");
    stage.set_up();
    let past = Past::of(&stage, v1);
    stage.configure(&v1.replace("hunter2-secret", "canary-new"));
    let mut said = stage.unapply(&["snapshot"]).expect(0).screen();
    stage.apply().expect(0);
    let verbs: [&[&str]; 9] = [
        &["status"],
        &["history"],
        &["diff"],
        &["diff", "--show-hidden", "--json"],
        &["show", "good"],
        &["show", "good", "--resource", "demo_file.a"],
        &["show", "good", "--json"],
        &["revert", "--plan-only"],
        &["revert", "--plan-only", "--json", "-v"],
    ];
    for verb in verbs {
        said += &stage.unapply(verb).expect(0).screen();
    }
    stage.fault("update:*");
    said += &stage.unapply(&["revert", "--yes", "--json"]).expect(1).screen();
    stage.sweep();
    stage.fault("delay-ms:*:700");
    let running = stage.start(UNAPPLY, &["revert", "--yes"]);
    until("terraform changes something", || stage.is_applying());
    said += &arguments_of_all();
    said += &running.end().expect(0).screen();
    stage.fault("");
    said += &stage.log_text();
    past.is_back(&stage);
    for secret in SECRETS {
        assert!(!said.contains(secret), "{secret} in:\n{said}");
    }
}

/// The command lines of every process.
fn arguments_of_all() -> String {
    let lines = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| {
        let bytes = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).replace('\0', " ") + "\n"
    });
    lines.filter(|line| !line.contains("SECRETS")).collect()
}
