//! The README, the help and the hints say what is so.

use std::collections::BTreeSet;
use std::sync::Arc;

use strum::VariantArray as _;
use unapply::cli::{Exit, command};
use unapply::model::hazard::HazardKind;
use unapply::store::{After, Depth, Repository};

use crate::support::bucket::Bucket;
use crate::support::records::{remark, stack};
use crate::support::stage::UNAPPLY;

fn readme() -> String {
    std::fs::read_to_string("README.md").unwrap()
}

/// The verbs that there are.
fn verbs() -> BTreeSet<String> {
    command().get_subcommands().map(|verb| verb.get_name().to_owned()).collect()
}

#[test]
fn the_readme_has_exactly_the_exit_codes_that_there_are() {
    let table: Vec<String> =
        Exit::ALL.iter().map(|(_, code, meaning)| format!("| {code} | {meaning} |")).collect();
    assert!(
        readme().contains(&format!("|---|---|\n{}\n", table.join("\n"))),
        "{}",
        table.join("\n")
    );
    let codes: BTreeSet<u8> = Exit::ALL.iter().map(|(_, code, _)| *code).collect();
    assert_eq!(codes.len(), Exit::ALL.len(), "each exit has a code of its own");
    assert!(Exit::ALL.iter().all(|(exit, code, _)| exit.code() == *code));
}

#[test]
fn every_command_of_the_readme_is_one_that_unapply_takes() {
    let mut seen = 0;
    for line in readme().lines() {
        let line = line.trim_start_matches("$ ").split(" # ").next().unwrap_or_default();
        let line = line.rsplit("| ").next().unwrap_or(line).trim();
        let Some(typed) = line.strip_prefix("unapply ") else { continue };
        let words = typed.split_whitespace().map(|word| word.trim_matches('"'));
        let mut words: Vec<&str> = words.collect();
        // A quoted text is one word to a shell.
        if let Some(start) = words.iter().position(|word| *word == "--reason") {
            let end = words.iter().skip(start + 1).position(|word| word.starts_with("--"));
            let end = end.map_or(words.len(), |offset| start + 1 + offset);
            words.splice(start + 1..end, ["text"]);
        }
        let parsed = command().try_get_matches_from(std::iter::once("unapply").chain(words));
        assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        seen += 1;
    }
    assert!(seen > 6, "only {seen} commands were found");
}

#[test]
fn hazards_and_verbs_of_the_readme_are_those_that_there_are() {
    let readme = readme();
    for kind in HazardKind::VARIANTS {
        assert!(readme.contains(&format!("| `{kind}` |")), "{kind}");
    }
    for verb in verbs() {
        assert!(readme.contains(&verb), "{verb}");
    }
}

/// CONTRIBUTING.md's table: hazard, file, functions.
#[test]
fn each_hazard_is_raised_by_the_functions_that_the_table_names() {
    let page = std::fs::read_to_string("CONTRIBUTING.md").unwrap();
    for kind in HazardKind::VARIANTS {
        let start = format!("| `{kind}` | `src/");
        let row = page.lines().find(|line| line.starts_with(&start));
        let mut names = row.unwrap_or_else(|| panic!("{kind}")).split('`').skip(3).step_by(2);
        let file = names.next().unwrap();
        let code = std::fs::read_to_string(file).unwrap();
        // A third column can name more than functions of this file.
        let functions = names.filter_map(|name| code.split_once(&format!("fn {name}(")));
        let bodies: Vec<&str> =
            functions.map(|(_, body)| body.split("\n}\n").next().unwrap()).collect();
        let raised = format!("HazardKind::{kind:?}");
        let is_raised = !bodies.is_empty() && bodies.iter().all(|body| body.contains(&raised));
        assert!(is_raised, "{kind} is not raised there");
    }
}

/// Paths in backquotes; one with a name in capitals stands for any.
#[test]
fn every_path_that_the_documents_name_exists() {
    let path = regex::Regex::new(r"`((?:src|tests|benches|providers|testdata)/[\w./-]*)`").unwrap();
    let documents = [
        "README.md",
        "CONTRIBUTING.md",
        "src/ARCHITECTURE.md",
        "src/DECISIONS.md",
        "docs/engines.md",
    ]
    .into_iter();
    let mut seen = 0;
    for document in documents {
        let text = std::fs::read_to_string(document).unwrap();
        for found in path.captures_iter(&text).filter(|found| !found[1].contains("NAME.")) {
            assert!(std::path::Path::new(&found[1]).exists(), "{document}: {}", &found[1]);
            seen += 1;
        }
    }
    assert!(seen > 50, "only {seen} paths were found");
}

#[test]
fn the_map_of_the_code_has_at_most_2500_words() {
    let map = std::fs::read_to_string("src/ARCHITECTURE.md").unwrap();
    assert!(map.split_whitespace().count() <= 2500);
}

#[test]
fn the_first_screen_of_help_names_every_verb() {
    let help = command().render_help().to_string();
    for verb in verbs() {
        assert!(help.contains(&format!("\n  {verb} ")), "{verb}");
    }
}

/// Every `unapply WORD` in a string of the sources is a verb, a flag, or a placeholder.
#[test]
fn hints_name_only_verbs_that_exist() {
    let verbs = verbs();
    let hint = regex::Regex::new(r#"["·(`\s]unapply ([a-z]+)\b"#).unwrap();
    let mut seen = 0;
    for file in sources("src/cli") {
        let text = std::fs::read_to_string(&file).unwrap();
        for line in text.lines().filter(|line| line.contains('"') && !line.trim().starts_with("//"))
        {
            for found in hint.captures_iter(line) {
                assert!(verbs.contains(&found[1]), "{}: {}", file.display(), &found[0]);
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "only {seen} hints were found");
}

/// The blocks of the README in this language.
fn blocks(language: &str) -> Vec<String> {
    let readme = readme();
    let start = format!("```{language}\n");
    let blocks = readme.split(&start).skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.map(str::to_owned).collect()
}

/// The actions that a policy allows.
fn allowed(policy: &serde_json::Value) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().unwrap();
    let allowing = statements.iter().filter(|statement| statement["Effect"] == "Allow");
    let actions = allowing.flat_map(|statement| {
        let action = &statement["Action"];
        action.as_array().cloned().unwrap_or_else(|| vec![action.clone()])
    });
    actions.map(|action| action.as_str().unwrap().to_owned()).collect()
}

/// The rights that requests take, as S3 names them.
fn taken(requests: &[String]) -> BTreeSet<String> {
    let right = |request: &String| match request.split_once(' ').unwrap() {
        ("GET", target) if target.contains("list-type=2") => "s3:ListBucket",
        ("GET", _) => "s3:GetObject",
        ("PUT", _) => "s3:PutObject",
        _ => panic!("{request} needs a right that the README does not name"),
    };
    requests.iter().map(|request| right(request).to_owned()).collect()
}

#[test]
fn the_policies_of_the_readme_allow_exactly_what_a_store_in_a_bucket_does() {
    let policies: Vec<serde_json::Value> =
        blocks("json").iter().map(|block| serde_json::from_str(block).unwrap()).collect();
    let [writer, reader] = policies.as_slice() else { panic!("{}", policies.len()) };
    let bucket = Bucket::start();
    let store = || Arc::new(bucket.store("prod"));
    let repository = Repository::initialise(store()).unwrap().0;
    repository.append(&stack(), remark(1), After::Any).unwrap();
    assert_eq!(taken(&bucket.requests()), allowed(writer));
    let before = bucket.requests().len();
    let looking = Repository::open(store()).unwrap();
    assert!(looking.check(Depth::Everything).unwrap().is_sound());
    assert_eq!(looking.log(&stack()).unwrap().len(), 1);
    assert_eq!(taken(&bucket.requests()[before..]), allowed(reader));
}

#[test]
fn the_settings_of_the_readme_are_read() {
    let blocks = blocks("toml");
    let text = format!("version = 1\n{}", blocks.last().unwrap());
    let stage = tempfile::tempdir().unwrap();
    std::fs::File::create(stage.path().join("main.tf")).unwrap();
    for (name, text) in [("whole", &blocks[0]), ("store", &text)] {
        let path = stage.path().join(name);
        let mut file = std::fs::File::create(&path).unwrap();
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        let mut unapply = assert_cmd::Command::new(UNAPPLY);
        let unapply = unapply.current_dir(stage.path()).env_clear().env("HOME", stage.path());
        let store = stage.path().join("none");
        let ran = unapply.arg("--config").arg(path).arg("--store").arg(store).arg("check");
        // The settings were read, and the store is not there.
        ran.assert().code(10);
    }
}

fn sources(directory: &str) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(path.to_str().unwrap()));
        } else {
            files.push(path);
        }
    }
    files
}

/// The schemas of what `--json` prints are committed; a change needs a new `format_version`.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test that can accept what it finds")]
fn json_schemas_are_the_committed_ones() {
    let accept = std::env::var_os("UNAPPLY_ACCEPT").is_some();
    let mut kinds = BTreeSet::new();
    for (kind, schema) in unapply::cli::json::schemas() {
        let path = format!("testdata/schemas/{kind}-{}.json", unapply::cli::json::FORMAT_VERSION);
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if accept {
            std::fs::create_dir_all("testdata/schemas").unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(committed, text, "{path}: accept with UNAPPLY_ACCEPT=1, or raise the version");
        kinds.insert(path);
    }
    let on_disk: BTreeSet<String> =
        sources("testdata/schemas").into_iter().map(|path| path.display().to_string()).collect();
    assert_eq!(on_disk, kinds, "a schema without a kind");
}
