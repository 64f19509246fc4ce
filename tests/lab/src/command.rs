//! Running one command to its end.

use std::io::Write as _;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

use crate::{Error, Result};

/// What a command printed, and how it ended.
#[derive(Debug, Clone)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Output {
    /// Returns both outputs in one line, for messages.
    pub fn summary(&self) -> String {
        let text = format!("{} {}", self.stdout, self.stderr);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Runs `command` with `input` on its standard input, whatever its exit status.
pub(crate) fn run(command: &mut Command, input: &str) -> Result<Output> {
    let line = line(command);
    let start = |source| Error::Start { command: line.clone(), source };
    let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
    let mut child = command
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(start)?;
    let output = thread::scope(|scope| {
        if let Some(mut pipe) = child.stdin.take() {
            // A command that does not read its input to the end says so by its exit status.
            scope.spawn(move || pipe.write_all(input.as_bytes()));
        }
        child.wait_with_output()
    })
    .map_err(start)?;
    Ok(Output {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Runs `command`, and fails when it does not succeed.
pub(crate) fn succeed(command: &mut Command, input: &str) -> Result<Output> {
    let output = run(command, input)?;
    if output.status.success() {
        return Ok(output);
    }
    Err(Error::Failed {
        command: line(command),
        status: output.status.to_string(),
        output: output.summary(),
    })
}

/// Returns the command line for a message, shortened: scripts are arguments here.
pub(crate) fn line(command: &Command) -> String {
    const ENOUGH: usize = 400;
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line = words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    line.chars().take(ENOUGH).collect()
}
