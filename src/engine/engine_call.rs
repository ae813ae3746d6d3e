//! The engine that a user's command calls: which program it is, and the words that it gets.
//!
//! Certain is a program that stands where a shell looks for one: first, behind a program that starts
//! the one behind it, or at the beginning of a command of a script. Its name elsewhere is a guess:
//! `make -C terraform apply` calls make. Nothing is known here of what a shell would expand.

use std::path::{Path, PathBuf};

/// A call of an engine, or of terragrunt, which takes the same words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineCall {
    /// The directory to which a script goes before it, as far as that can be seen; relative to where
    /// the command runs.
    pub directory: PathBuf,
    /// The program, as it is written.
    pub program: String,
    /// The words behind it.
    pub words: Vec<String>,
    /// Whether the place of the program leaves no doubt.
    pub is_certain: bool,
}

impl EngineCall {
    /// The directory in which it is started, where the command runs in `directory`.
    pub fn starts_in(&self, directory: &Path) -> PathBuf {
        directory.iter().chain(self.directory.iter()).collect()
    }
}

/// Commands that work on a state, or make ready for it.
const SUBCOMMANDS: [&str; 9] =
    ["apply", "destroy", "import", "init", "plan", "refresh", "state", "taint", "untaint"];

/// Programs that start the one behind them: the options of each that take a value, and the number
/// of its other words before that program.
const STARTERS: [(&str, &[&str], usize); 12] = [
    ("command", &[], 0),
    ("doas", &["-C", "-u"], 0),
    ("env", &["-C", "-u", "--chdir", "--unset"], 0),
    ("exec", &["-a"], 0),
    ("ionice", &["-c", "-n"], 0),
    ("nice", &["-n"], 0),
    ("nohup", &[], 0),
    ("setsid", &[], 0),
    ("stdbuf", &["-e", "-i", "-o"], 0),
    ("sudo", &["-C", "-D", "-g", "-h", "-p", "-R", "-r", "-T", "-t", "-U", "-u"], 0),
    ("time", &["-f", "-o"], 0),
    ("timeout", &["-k", "-s", "--kill-after", "--signal"], 1),
];

/// Programs that start the one behind `--` on this machine, mostly with credentials.
const VAULTS: [&str; 10] = [
    "aws-okta",
    "aws-sso",
    "aws-vault",
    "chamber",
    "doppler",
    "infisical",
    "mise",
    "op",
    "saml2aws",
    "teller",
];

/// Programs that only print their words.
const PRINTERS: [&str; 2] = ["echo", "printf"];

const SHELLS: [&str; 6] = ["ash", "bash", "dash", "ksh", "sh", "zsh"];

/// Words of a shell before a command.
const RESERVED: [&str; 9] = ["!", "{", "do", "elif", "else", "if", "then", "until", "while"];

/// Options behind which a command stands, in many programs.
const COMMAND_OPTIONS: [&str; 5] = ["--", "--command", "--exec", "--run", "-c"];

/// Whether a program is Terraform or OpenTofu by its name, which may carry a version.
pub fn is_engine(program: &Path) -> bool {
    let name = program.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    ["terraform", "tofu"].into_iter().filter_map(|engine| name.strip_prefix(engine)).any(|rest| {
        let version = rest.strip_prefix(['-', '_']).unwrap_or(rest);
        rest.is_empty() || version.starts_with(|first: char| first.is_ascii_digit())
    })
}

/// Whether a program takes the words of an engine.
pub fn takes_engine_words(program: &Path) -> bool {
    is_engine(program) || program.file_name().is_some_and(|name| name == "terragrunt")
}

/// The calls in a command, in their order: each part of a script is a certain one, else a guess.
pub fn engine_calls(words: &[String]) -> Vec<EngineCall> {
    let commands = commands(Path::new(""), words).into_iter();
    commands.filter_map(|(directory, command)| call(directory, &command)).collect()
}

fn call(directory: PathBuf, command: &[String]) -> Option<EngineCall> {
    let (program, words) = command.split_first()?;
    if takes_engine_words(Path::new(program)) {
        let (program, words) = (program.clone(), words.to_vec());
        return Some(EngineCall { directory, program, words, is_certain: true });
    }
    let (program, words) = guess(command)?;
    Some(EngineCall { directory, program, words, is_certain: false })
}

/// The call of Terraform or OpenTofu that works on a state, a certain one before a guess. A call of
/// terragrunt tells of neither.
pub fn engine_called(words: &[String]) -> Option<EngineCall> {
    let is_one =
        |call: &EngineCall| is_engine(Path::new(&call.program)) && works_on_a_state(&call.words);
    let mut calls: Vec<EngineCall> = engine_calls(words).into_iter().filter(is_one).collect();
    calls.sort_by_key(|call| !call.is_certain);
    calls.into_iter().next()
}

fn works_on_a_state(words: &[String]) -> bool {
    let subcommand = words.iter().find(|word| !word.starts_with('-'));
    subcommand.is_some_and(|word| SUBCOMMANDS.contains(&word.as_str()))
}

/// A name of an engine that stands anywhere, with a subcommand and the rest behind it.
fn guess(words: &[String]) -> Option<(String, Vec<String>)> {
    if words.first().is_some_and(|program| PRINTERS.contains(&program.as_str())) {
        return None;
    }
    let is_script = |word: &str| word.contains(char::is_whitespace);
    let parts = words.iter().flat_map(|word| {
        if is_script(word) { simple_commands(word).concat() } else { vec![word.clone()] }
    });
    let parts: Vec<String> = parts.collect();
    (0..parts.len()).find_map(|at| {
        let (before, rest) = parts.split_at_checked(at)?;
        let (program, words) = rest.split_first()?;
        let is_value = before.last().is_some_and(|option| {
            option.starts_with('-') && !COMMAND_OPTIONS.contains(&option.as_str())
        });
        let is_one = takes_engine_words(Path::new(program)) && works_on_a_state(words);
        (is_one && !is_value).then(|| (program.clone(), words.to_vec()))
    })
}

/// The commands that these words come to, each without the programs that only start it, and with the
/// directory in which it runs.
fn commands(directory: &Path, words: &[String]) -> Vec<(PathBuf, Vec<String>)> {
    let mut words = words;
    loop {
        words = behind_assignments(words);
        let Some((program, rest)) = words.split_first() else { return Vec::new() };
        let name = Path::new(program).file_name().and_then(|name| name.to_str());
        let name = name.unwrap_or_default();
        if let Some(script) = script(rest).filter(|_| SHELLS.contains(&name)) {
            return commands_of_script(directory, script);
        }
        let starter = STARTERS.iter().find(|(starter, ..)| *starter == name);
        let started = match starter {
            Some((_, with_value, operands)) => behind_options(rest, with_value, *operands),
            None if VAULTS.contains(&name) => behind_dashes(rest),
            None => &[],
        };
        if started.is_empty() {
            return vec![(directory.to_owned(), words.to_vec())];
        }
        words = started;
    }
}

/// The commands of a script. One within it is shorter, so that this ends.
fn commands_of_script(directory: &Path, script: &str) -> Vec<(PathBuf, Vec<String>)> {
    let mut directory = directory.to_owned();
    let mut found = Vec::new();
    for command in simple_commands(script) {
        match behind_assignments(&command) {
            [cd, place] if cd == "cd" => directory.push(place),
            _ => found.extend(commands(&directory, &command)),
        }
    }
    found
}

/// The words behind `NAME=VALUE`s, and behind what a shell reads before a command.
fn behind_assignments(words: &[String]) -> &[String] {
    let is_before = |word: &String| {
        let name = word.split_once('=').map(|(name, _)| name);
        let is_name = |name: &str| name.chars().all(|c| c.is_alphanumeric() || c == '_');
        RESERVED.contains(&word.as_str()) || name.is_some_and(is_name)
    };
    let begin = words.iter().position(|word| !is_before(word)).unwrap_or(words.len());
    words.get(begin..).unwrap_or_default()
}

fn behind_options<'w>(words: &'w [String], with_value: &[&str], operands: usize) -> &'w [String] {
    let mut words = words;
    while let Some((word, rest)) = words.split_first().filter(|(word, _)| word.starts_with('-')) {
        let skipped = usize::from(with_value.contains(&word.as_str()));
        words = rest.get(skipped..).unwrap_or_default();
        if word == "--" {
            break;
        }
    }
    words.get(operands..).unwrap_or_default()
}

fn behind_dashes(words: &[String]) -> &[String] {
    let at = words.iter().position(|word| word == "--");
    at.and_then(|at| words.get(at + 1..)).unwrap_or_default()
}

/// The script of a shell's `-c`.
fn script(words: &[String]) -> Option<&str> {
    let mut is_script = false;
    let mut words = words.iter();
    loop {
        let word = words.next()?;
        match word.strip_prefix(['-', '+']) {
            Some(flags) if !flags.starts_with('-') => {
                is_script |= flags.contains('c');
                // `-o pipefail`
                let _value = if flags.ends_with(['o', 'O']) { words.next() } else { None };
            }
            Some(_) => {}
            None => return is_script.then_some(word),
        }
    }
}

/// The simple commands of a script, as a shell takes it apart.
fn simple_commands(script: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let (mut quote, mut substitutions) = (None, 0_usize);
    let mut characters = script.chars().peekable();
    let end_word = |word: &mut Option<String>, commands: &mut Vec<Vec<String>>| {
        if let (Some(word), Some(command)) = (word.take(), commands.last_mut()) {
            command.push(word);
        }
    };
    while let Some(c) = characters.next() {
        let ends_with = |ends: &[char]| word.as_ref().is_some_and(|word| word.ends_with(ends));
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => {
                let escaped = characters.next().filter(|escaped| *escaped != '\n');
                let is_kept =
                    quote.is_some() && escaped.is_some_and(|escaped| !"$`\"\\".contains(escaped));
                let kept = is_kept.then_some('\\');
                word.get_or_insert_default().extend(kept.into_iter().chain(escaped));
            }
            (None, '#') if word.is_none() => while characters.next_if(|c| *c != '\n').is_some() {},
            (None, '(') if substitutions > 0 || ends_with(&['$']) => {
                substitutions += 1;
                word.get_or_insert_default().push(c);
            }
            (None, ')') if substitutions > 0 => {
                substitutions -= 1;
                word.get_or_insert_default().push(c);
            }
            // `2>&1` and `&>`
            (None, '&') if ends_with(&['>', '<']) || characters.peek() == Some(&'>') => {
                word.get_or_insert_default().push(c);
            }
            (None, ';' | '&' | '|' | '(' | ')' | '\n') if substitutions == 0 => {
                end_word(&mut word, &mut commands);
                commands.push(Vec::new());
            }
            (None, c) if c.is_whitespace() => end_word(&mut word, &mut commands),
            _ => word.get_or_insert_default().push(c),
        }
    }
    end_word(&mut word, &mut commands);
    commands.retain(|command| !command.is_empty());
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_program_is_an_engine_by_its_name_and_version() {
        for name in
            ["tofu", "/opt/bin/tofu1.8", "tofu-1.10", "terraform_1.5.7", "terraform-1.16.0-rc2"]
        {
            assert!(is_engine(Path::new(name)), "{name}");
        }
        for name in ["terraform-docs", "tofuenv", "terraform.sh", "terragrunt", "tofu/x", ""] {
            assert!(!is_engine(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn a_program_counts_where_a_shell_looks_for_one() {
        for (words, expected) in [
            (&["tofu", "apply", "-auto-approve"][..], "tofu"),
            (&["/opt/tofu1.8", "-chdir=x", "destroy"], "/opt/tofu1.8"),
            (&["A=b", "tofu", "apply"], "tofu"),
            (&["env", "-i", "-u", "X", "A=b", "/opt/terraform", "destroy"], "/opt/terraform"),
            (&["sudo", "-E", "-u", "terraform", "A=b", "nice", "-n", "5", "tofu", "plan"], "tofu"),
            (&["timeout", "-k", "9", "30m", "nohup", "tofu", "apply"], "tofu"),
            (&["time", "--", "tofu", "apply"], "tofu"),
            (
                &["aws-vault", "exec", "prod", "--", "env", "A=b", "tofu", "import", "a", "c"],
                "tofu",
            ),
            (&["op", "run", "--env-file", "terraform", "--", "tofu", "apply"], "tofu"),
            (&["sh", "-c", "cd x && tofu apply; echo terraform"], "tofu"),
            (&["bash", "-euo", "pipefail", "-c", "cd terraform\ntofu apply 2>&1 | tee x"], "tofu"),
            (&["sh", "-c", "(cd a || exit; A=\"b c\" exec tofu apply) # terraform apply"], "tofu"),
            (&["sh", "-c", "if [ -f x ]; then tofu apply $(cat a b) p; fi"], "tofu"),
            (&["sh", "-c", "echo 'terraform apply'; sh -c 'tofu apply'"], "tofu"),
            (&["sh", "-c", "terraform fmt && to\\\nfu apply"], "tofu"),
        ] {
            let call = engine_called(&owned(words)).unwrap_or_else(|| panic!("{words:?}"));
            assert_eq!((call.program.as_str(), call.is_certain), (expected, true), "{words:?}");
        }
    }

    #[test]
    fn a_name_elsewhere_is_a_guess_at_most() {
        for (words, expected) in [
            (&["make", "-C", "terraform", "apply"][..], None),
            (&["make", "terraform"], None),
            (&["./deploy", "--tool=terraform", "apply"], None),
            (&["terragrunt", "apply"], None),
            (&["git", "-C", "terraform", "apply", "x.patch"], None),
            (&["tofu", "-version"], None),
            (&["sh", "deploy.sh", "plain"], None),
            (&["make", "terraform", "apply"], Some("terraform")),
            (&["./with-keys", "tofu", "apply"], Some("tofu")),
            (&["kubectl", "exec", "pod", "--", "tofu", "apply"], Some("tofu")),
            (&["nix", "develop", "-c", "tofu", "apply"], Some("tofu")),
            (&["su", "deploy", "-c", "cd x && tofu apply"], Some("tofu")),
        ] {
            let call = engine_called(&owned(words));
            assert!(call.as_ref().is_none_or(|call| !call.is_certain), "{words:?}");
            assert_eq!(call.map(|call| call.program).as_deref(), expected, "{words:?}");
        }
    }

    #[test]
    fn the_words_of_each_call_are_its_own() {
        let script = "terraform init -upgrade; cd a; ./with-keys tofu apply -var=y=2; \
                      echo tofu apply -var y=1; (cd b && terraform apply -var 'x=a b' >log)";
        let calls = engine_calls(&owned(&["sh", "-c", script]));
        let shown = |call: EngineCall| {
            let sign = if call.is_certain { "" } else { "?" };
            format!("{}: {}{sign} {}", call.directory.display(), call.program, call.words.join("|"))
        };
        let calls: Vec<String> = calls.into_iter().map(shown).collect();
        assert_eq!(
            calls,
            [
                ": terraform init|-upgrade",
                "a: tofu? apply|-var=y=2",
                "a/b: terraform apply|-var|x=a b|>log"
            ]
        );
    }
}
