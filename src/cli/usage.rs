//! What clap says of a command line that it cannot take, in this program's own form.

use std::process::ExitCode;

use edgeprobe_facts::clean;

use super::FAILED;
use super::output::{print, print_error};
use super::problem::Problem;

/// Help and the version are results; everything else that clap says is an error of usage, which is
/// no verdict and so must not look like one.
pub(super) fn tell(error: &clap::Error) -> ExitCode {
    let text = error.render();
    if !error.use_stderr() {
        return match print(&text.ansi().to_string()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(problem) => {
                print_error(&problem);
                ExitCode::from(FAILED)
            }
        };
    }
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        super::output::note(text.ansi().to_string().trim_end());
    } else {
        print_error(&as_problem(error));
    }
    ExitCode::from(FAILED)
}

/// An error of usage as a problem.
pub(super) fn as_problem(error: &clap::Error) -> Problem {
    // What was given may hold anything.
    problem(&clean::text(&error.render().to_string()))
}

/// The error's paragraphs as one message and one hint.
fn problem(text: &str) -> Problem {
    let paragraphs: Vec<String> = text.split("\n\n").map(joined).collect();
    let said = |start: &str| paragraphs.iter().find_map(|part| part.strip_prefix(start));
    let message = said("error: ").unwrap_or("the command line cannot be understood");
    // A value's own parser has its hint in the message.
    if let Some((message, hint)) = message.split_once("; hint: ") {
        return Problem::new(message).hint(hint);
    }
    if let Some(file) = file_as_form(message) {
        return Problem::new(message)
            .hint(format!("`--output {file}` names the file, --format says what is in it"));
    }
    // What an option takes is not given to it behind `--`.
    let tip = said("tip: ").filter(|tip| !tip.starts_with("to pass '"));
    let hint = tip.map(str::to_owned).or_else(|| {
        let usage = said("Usage: ")?;
        let command: Vec<&str> =
            usage.split(' ').take_while(|word| !word.starts_with(['-', '[', '<'])).collect();
        Some(format!("`{} --help` shows what it takes", command.join(" ")))
    });
    let hint = hint.unwrap_or_else(|| "`--help` after the command shows what it takes".to_owned());
    Problem::new(message).hint(hint)
}

/// The name of a file that was given to `--format`.
fn file_as_form(message: &str) -> Option<&str> {
    let (value, option) = message.strip_prefix("invalid value '")?.split_once("' for '")?;
    (option.starts_with("--format ") && value.contains(['.', '/'])).then_some(value)
}

/// The lines of a paragraph as one.
fn joined(paragraph: &str) -> String {
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_shown_without_what_nobody_sees() {
        let given = ["edgeprobe", "che\u{202e}ck\u{2061}"];
        let error = clap::Command::new("edgeprobe").try_get_matches_from(given).unwrap_err();
        let told = as_problem(&error).to_string();
        assert!(told.contains("'check'"), "{told:?}");
        assert!(!told.lines().any(|line| line.contains(clean::is_unsafe)), "{told:?}");
    }

    #[test]
    fn an_error_becomes_a_message_and_a_hint() {
        let tip = "error: unexpected argument '--hubb' found\n\n  tip: a similar argument exists: \
                   '--hub'\n\nUsage: edgeprobe check --hub <HOST>\n\nFor more information, try \
                   '--help'.\n";
        assert_eq!(
            problem(tip).to_string(),
            "error: unexpected argument '--hubb' found\nhint: a similar argument exists: '--hub'"
        );
        let hyphen = "error: unexpected argument '-2' found\n\n  tip: to pass '-2' as a value, use \
                      '-- -2'\n\nUsage: edgeprobe logs [OPTIONS] [FILE]...\n";
        assert_eq!(
            problem(hyphen).to_string(),
            "error: unexpected argument '-2' found\nhint: `edgeprobe logs --help` shows what it takes"
        );
        let missing = "error: the following required arguments were not provided:\n  <REPORT>\n\n\
                       Usage: edgeprobe replay <REPORT>\n\nFor more information, try '--help'.\n";
        assert_eq!(
            problem(missing).to_string(),
            "error: the following required arguments were not provided: <REPORT>\n\
             hint: `edgeprobe replay --help` shows what it takes"
        );
    }
}
