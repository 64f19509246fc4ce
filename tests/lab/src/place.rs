//! Where a command runs: in which of the lab's namespaces.

use std::process::Command;

use crate::Result;
use crate::command::{self, Output};
use crate::process::Process;

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How long a step of the lab may take, in seconds; all of them take well under one.
const LIMIT: &str = "60";

/// The namespaces that a command is run in.
#[derive(Debug, Clone)]
pub struct Place {
    prefix: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Place {
    /// The namespaces of the process `pid`, a host's first.
    pub(crate) fn from_pid(pid: u32) -> Self {
        let enter = format!("nsenter --target {pid} --net --mount --uts --pid --");
        // Whoever ends the outer process means the inner one too.
        let die_along = "setpriv --pdeathsig KILL --";
        let prefix = format!("{enter} {die_along}").split(' ').map(str::to_owned).collect();
        Self { prefix, environment: Vec::new() }
    }

    /// The same place, one step further in: `words` stand before every command.
    pub(crate) fn inside<const N: usize>(&self, words: [&str; N]) -> Self {
        let mut place = self.clone();
        place.prefix.extend(words.map(str::to_owned));
        place
    }

    /// Sets a variable for every command that runs here.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Returns the value of a variable that was [`set`](Self::set).
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns a command that is still to be run.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut all = self.prefix.iter().map(String::as_str).chain(words.iter().copied());
        let mut command = Command::new(all.next().unwrap_or("true"));
        command.args(all);
        // The machine's own settings, a proxy above all, are not the device's.
        command.env_clear().env("PATH", PATH).env("HOME", "/root").env("LC_ALL", "C");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a program to its end, whatever its exit status.
    pub fn run(&self, words: &[&str]) -> Result<Output> {
        command::run(&mut self.command(words), "")
    }

    /// Runs a program to its end, and fails when it does not succeed within a minute.
    pub fn succeed(&self, words: &[&str]) -> Result<Output> {
        let words = [&["timeout", LIMIT], words].concat();
        command::succeed(&mut self.command(&words), "")
    }

    /// Runs a shell script and fails with its first command that fails.
    pub fn sh(&self, script: &str) -> Result<String> {
        let output = self.succeed(&["sh", "-ec", script])?;
        Ok(output.stdout.trim_end().to_owned())
    }

    /// Runs a bash script of one claim, for at most `seconds`, whatever its exit status.
    ///
    /// The exit status is 124 when the time ran out.
    pub fn bash(&self, script: &str, seconds: &str) -> Result<Output> {
        self.run(&["timeout", "--kill-after", "1", seconds, "bash", "-c", script])
    }

    /// Writes a file, with the folders above it; what stood there before is replaced.
    pub fn write(&self, path: &str, content: &str) -> Result<()> {
        // The file is removed first: a link that leads out of the host's own folders is not followed.
        let script = r#"mkdir -p "$(dirname "$0")" && rm -f "$0" && cat >"$0""#;
        let words = ["sh", "-ec", script, path];
        command::succeed(&mut self.command(&words), content).map(drop)
    }

    /// Reads a file.
    pub fn read(&self, path: &str) -> Result<String> {
        command::succeed(&mut self.command(&["cat", path]), "").map(|output| output.stdout)
    }

    /// Starts a program that goes on until its [`Process`] is dropped.
    pub fn spawn(&self, words: &[&str]) -> Result<Process> {
        Process::start(&mut self.command(words))
    }

    /// Starts a program and waits until it prints a line with `word` in it.
    pub fn spawn_ready(&self, words: &[&str], word: &str) -> Result<Process> {
        let mut process = self.spawn(words)?;
        process.wait_for(word)?;
        Ok(process)
    }
}
