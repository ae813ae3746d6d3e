//! Surroundings that would lead to another state than the stack's: each is refused by name before
//! anything is read or started, and what the refusal names lets the command through.

use crate::support::deeds::file;
use crate::support::stage::Stage;

/// One of them. A command is words of unapply.
struct Detour {
    name: &'static str,
    environment: &'static [(&'static str, &'static str)],
    /// The workspace that is selected.
    selected: &'static str,
    commands: &'static [&'static [&'static str]],
    says: &'static [&'static str],
    /// The cure: an environment, a command of the shell, and the words that go through then.
    cured: Cure,
}

struct Cure {
    environment: &'static [(&'static str, &'static str)],
    shell: &'static str,
    command: &'static [&'static str],
}

const APPLY: [&str; 4] = ["terraform", "apply", "-auto-approve", "-no-color"];
const RUN: &[&str] = &["run", "--", APPLY[0], APPLY[1], APPLY[2], APPLY[3]];
const SNAPSHOT: &[&str] = &["snapshot", "--force"];
const CURED: Cure = Cure { environment: &[], shell: "true", command: RUN };

const DETOURS: [Detour; 8] = [
    Detour {
        name: "another data directory",
        environment: &[("TF_DATA_DIR", "elsewhere")],
        selected: "default",
        commands: &[SNAPSHOT, &["drift"], &["status"], &["revert", "--yes"], RUN],
        says: &["TF_DATA_DIR is `elsewhere`", "nothing was read", "env -u TF_DATA_DIR"],
        cured: CURED,
    },
    Detour {
        name: "another workspace by the environment",
        environment: &[("TF_WORKSPACE", "other")],
        selected: "default",
        commands: &[RUN],
        says: &["`TF_WORKSPACE=other`", "the command was not started", "TF_WORKSPACE=default"],
        cured: Cure { environment: &[("TF_WORKSPACE", "default")], ..CURED },
    },
    Detour {
        name: "another workspace is selected than the settings name",
        environment: &[],
        selected: "other",
        commands: &[RUN],
        says: &["workspace `other`", "not started", "terraform workspace select default"],
        cured: Cure { shell: "terraform workspace select default", ..CURED },
    },
    Detour {
        name: "another state by TF_CLI_ARGS_apply",
        environment: &[("TF_CLI_ARGS_apply", "-lock=true -state=other.tfstate")],
        selected: "default",
        commands: &[SNAPSHOT, &["drift"], &["revert", "--yes"], RUN],
        says: &["TF_CLI_ARGS_apply has `-state=other.tfstate`", "env -u TF_CLI_ARGS_apply"],
        cured: Cure { environment: &[("TF_CLI_ARGS_apply", "-lock=true")], ..CURED },
    },
    Detour {
        name: "another state by a word",
        environment: &[],
        selected: "default",
        commands: &[
            &["run", "--", "terraform", "apply", "-state=other.tfstate"],
            &["run", "--", "terraform", "apply", "-state-out", "other.tfstate"],
        ],
        says: &["`-state", "not started", "name the state in the backend's configuration"],
        cured: CURED,
    },
    Detour {
        name: "another directory by a word",
        environment: &[],
        selected: "default",
        commands: &[&["run", "--", "terraform", "-chdir=envs/prod", "apply", "-auto-approve"]],
        says: &["`-chdir=envs/prod`", "not started", "unapply -C envs/prod run"],
        cured: Cure {
            command: &["run", "--", "terraform", "-chdir=.", "apply", "-auto-approve", "-no-color"],
            ..CURED
        },
    },
    Detour {
        name: "an engine that is started in another directory",
        environment: &[],
        selected: "default",
        commands: &[&["-C", "envs/prod", "--stack", "demo/app", "run", "--", "terraform", "apply"]],
        says: &["the directory ", "envs/prod sends the command to another state", "unapply -C /"],
        cured: CURED,
    },
    Detour {
        name: "a directory with a state that no stack has",
        environment: &[],
        selected: "default",
        commands: &[
            &["-C", "envs/prod", "run", "--", "terraform", "apply"],
            &["-C", "envs/prod", "revert", "--yes"],
            &["-C", "envs/prod", "snapshot"],
        ],
        says: &["no stack has the directory", "has demo/app", "add a [[stack]]", "--stack NAME"],
        cured: Cure {
            shell: "printf '\\n[[stack]]\\nname = \"prod\"\\ndir = \"envs/prod\"\\n' >> unapply.toml",
            command: &["-C", "envs/prod", "snapshot"],
            ..CURED
        },
    },
];

#[test]
fn each_way_to_another_state_is_refused_by_name_and_the_refusal_names_a_way_through() {
    let mut stage = Stage::good(&file("a", "one"));
    let settings = std::fs::read_to_string(stage.stack().join("unapply.toml")).unwrap();
    stage.write("unapply.toml", &(settings + "workspace = \"default\"\n"));
    let sub = stage.stack().join("envs/prod");
    std::fs::create_dir_all(&sub).unwrap();
    std::fs::copy(stage.stack().join("main.tf"), sub.join("main.tf")).unwrap();
    stage.terraform(&["-chdir=envs/prod", "init", "-no-color"]).expect(0);
    stage.terraform(&["workspace", "new", "other"]).expect(0);
    for detour in DETOURS {
        println!("--- {}", detour.name);
        stage.terraform(&["workspace", "select", detour.selected]).expect(0);
        let before = (stage.everything(), stage.entries("run-intent").len());
        for (name, value) in detour.environment {
            stage.set(name, value);
        }
        for command in detour.commands {
            let ran = stage.unapply(command).expect(64);
            detour.says.iter().fold(ran, |ran, words| ran.says(words));
        }
        for (name, _) in detour.environment {
            stage.unset(name);
        }
        assert_eq!((stage.everything(), stage.entries("run-intent").len()), before);
        for (name, value) in detour.cured.environment {
            stage.set(name, value);
        }
        let shell = stage.command("sh", &["-c", detour.cured.shell]).output();
        stage.ran(shell).expect(0);
        stage.unapply(detour.cured.command).expect(0);
        for (name, _) in detour.cured.environment {
            stage.unset(name);
        }
    }
}
