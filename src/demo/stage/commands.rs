//! Prints the story, and runs its commands.
//!
//! A command is shown as a person types it, followed by its output: unapply's as it is, Terraform's
//! condensed. A wish to stop ends the story before or after a command, never in its middle. Start
//! from [`Stage::unapply`] and [`Stage::terraform`].

use std::path::Path;

use super::{Colours, Error, Stage};
use crate::terraform::process::{Finished, Invocation, run};

impl Stage<'_> {
    /// Prints a heading.
    pub fn heading(&self, text: &str) {
        let text = match self.inputs.colours {
            Colours::Always => {
                let bold = anstyle::Style::new().bold();
                format!("{bold}{text}{bold:#}")
            }
            Colours::Never => text.to_owned(),
        };
        self.print(&format!("{text}\n\n"));
    }

    /// Prints lines as they are.
    pub fn print(&self, text: &str) {
        (self.inputs.print)(text);
    }

    /// Prints a command that is about to be run.
    pub fn prompt(&self, command: &str) {
        let command = match self.inputs.colours {
            Colours::Always => {
                let cyan = anstyle::AnsiColor::Cyan.on_default();
                format!("{cyan}$ {command}{cyan:#}")
            }
            Colours::Never => format!("$ {command}"),
        };
        self.print(&format!("{command}\n"));
    }

    /// Runs unapply in the stack and prints its whole output; gives back the data of it.
    pub fn unapply(&self, words: &[&str]) -> Result<String, Error> {
        let command = shown("unapply", words);
        self.prompt(&command);
        let mut arguments = vec![self.inputs.colours.flag().to_owned()];
        arguments.extend(words.iter().map(|word| (*word).to_owned()));
        let finished = self.child(&command, self.inputs.unapply, arguments, &self.at("stack"))?;
        // Talk first: the data stands at the end.
        let text = format!("{}{}", lossy(&finished.stderr), lossy(&finished.stdout));
        self.print(&format!("{}\n\n", text.trim_matches('\n')));
        expect(&command, &finished, 0)?;
        Ok(lossy(&finished.stdout))
    }

    /// Runs Terraform in a directory below, prints what happened, and gives back its exit code.
    pub fn terraform(&self, directory: &str, words: &[&str]) -> Result<i32, Error> {
        let (command, finished) = self.condensed(directory, words)?;
        finished.code.ok_or_else(|| unexpected(&command, &finished, 0))
    }

    /// Runs Terraform where the story only goes on when it ends with `code`.
    pub fn terraform_ends_with(
        &self,
        code: i32,
        directory: &str,
        words: &[&str],
    ) -> Result<(), Error> {
        let (command, finished) = self.condensed(directory, words)?;
        expect(&command, &finished, code)
    }

    /// Runs Terraform and prints the lines that report what happened.
    fn condensed(&self, directory: &str, words: &[&str]) -> Result<(String, Finished), Error> {
        let command = shown(&self.terraform_name(), words);
        self.prompt(&command);
        let mut arguments: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        arguments.push("-no-color".to_owned());
        let finished =
            self.child(&command, self.inputs.terraform, arguments, &self.at(directory))?;
        let text = format!("{}{}", lossy(&finished.stdout), lossy(&finished.stderr));
        for line in text.lines().filter(|line| reports(line)) {
            self.print(&format!("{line}\n"));
        }
        let code = finished.code.filter(|code| *code != 0 || words.contains(&"-detailed-exitcode"));
        self.print(&code.map_or("\n".to_owned(), |code| format!("(exit {code})\n\n")));
        Ok((command, finished))
    }

    /// The name of the Terraform as a person types it: it may be `tofu`.
    fn terraform_name(&self) -> String {
        let name = self.inputs.terraform.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    fn child(
        &self,
        command: &str,
        program: &Path,
        arguments: Vec<String>,
        directory: &Path,
    ) -> Result<Finished, Error> {
        self.go_on()?;
        let environment = self.environment.clone();
        let invocation = Invocation { program, arguments, directory, environment, output: None };
        let finished = run(&invocation, self.inputs.interrupt, &mut |_| {}).map_err(|broken| {
            Error::CannotRun { command: command.to_owned(), source: broken.into() }
        })?;
        self.go_on()?;
        Ok(finished)
    }

    /// Stops the story when a signal asked for that.
    fn go_on(&self) -> Result<(), Error> {
        self.inputs
            .interrupt
            .requested()
            .map_or(Ok(()), |signal| Err(Error::Interrupted { signal }))
    }
}

fn expect(command: &str, finished: &Finished, code: i32) -> Result<(), Error> {
    if finished.code == Some(code) { Ok(()) } else { Err(unexpected(command, finished, code)) }
}

fn unexpected(command: &str, finished: &Finished, expected: i32) -> Error {
    let ended = match (finished.code, finished.signal) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "neither code nor signal".to_owned(),
    };
    let text = lossy(&finished.stderr);
    let output = text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
    Error::Unexpected { command: command.to_owned(), ended, expected, output }
}

/// A command as a person types it.
fn shown(program: &str, words: &[&str]) -> String {
    let mut text = program.to_owned();
    for word in words {
        let quote = if word.contains(' ') { "\"" } else { "" };
        text.push_str(&format!(" {quote}{word}{quote}"));
    }
    text
}

/// Whether a line of Terraform reports what happened.
fn reports(line: &str) -> bool {
    const BEGINNINGS: [&str; 7] = [
        "Error: ",
        "Apply complete!",
        "No changes.",
        "Plan: ",
        "InjectedFault: ",
        "Terraform has been successfully initialized!",
        "OpenTofu has been successfully initialized!",
    ];
    BEGINNINGS.iter().any(|beginning| line.starts_with(beginning))
        || line.contains(" complete after ")
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_is_typed() {
        assert_eq!(shown("unapply", &["diff"]), "unapply diff");
        assert_eq!(
            shown("unapply", &["revert", "--reason", "a b"]),
            "unapply revert --reason \"a b\""
        );
    }

    #[test]
    fn terraform_is_condensed_to_what_happened() {
        let text = "demo_file.a: Refreshing state... [id=f-1]\n\nPlan: 0 to add, 1 to change, 0 to \
                    destroy.\ndemo_file.a: Modifying... [id=f-1]\ndemo_file.a: Modifications complete \
                    after 0s [id=f-1]\n      ~ secret = (sensitive value)\nError: no\n";
        let shown: Vec<&str> = text.lines().filter(|line| reports(line)).collect();
        assert_eq!(
            shown,
            [
                "Plan: 0 to add, 1 to change, 0 to destroy.",
                "demo_file.a: Modifications complete after 0s [id=f-1]",
                "Error: no"
            ]
        );
    }
}
