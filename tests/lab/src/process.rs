//! A process that runs beside the lab and ends with it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::{Error, Result, command};

/// How long a program may take to say that it is ready.
const READY_WITHIN: Duration = Duration::from_secs(90);

/// A running process: dropping it ends it and waits for its end.
#[derive(Debug)]
pub struct Process {
    child: Child,
    command: String,
    lines: Receiver<String>,
    seen: Vec<String>,
    // Held open: the end of its input is how a host's first process learns that the lab is gone.
    input: Option<ChildStdin>,
}

impl Process {
    /// Starts `command` with both outputs read and its input held open.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let line = command::line(command);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| Error::Start { command: line.clone(), source })?;
        let (sender, lines) = mpsc::channel();
        forward(child.stdout.take(), sender.clone());
        forward(child.stderr.take(), sender);
        let input = child.stdin.take();
        Ok(Self { child, command: line, lines, seen: Vec::new(), input })
    }

    /// Waits until the process prints a line that contains `word`, and returns that line.
    pub fn wait_for(&mut self, word: &str) -> Result<String> {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line.contains(word) => return Ok(line),
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    let output = self.seen.join(" / ");
                    return Err(Error::NotReady { command: self.command.clone(), output });
                }
            }
        }
    }

    /// Returns the process id as the machine sees it.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Closes the standard input and waits for the process to end by itself.
    pub(crate) fn finish(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            end(&mut self.child);
        }
    }
}

/// Ends a process by way of its children.
///
/// The child is the nsenter that waits for the program. Were it killed, the program would be
/// handed to the machine's first process, and the host could not go before that one had noticed.
fn end(child: &mut Child) {
    let id = child.id();
    let path = format!("/proc/{id}/task/{id}/children");
    let inner = fs::read_to_string(path).unwrap_or_default();
    let inner: Vec<_> =
        inner.split_whitespace().filter_map(|id| Pid::from_raw(id.parse().ok()?)).collect();
    if inner.is_empty() {
        // Ending what has just ended is no error.
        let _ = child.kill();
    }
    for program in inner {
        let _ = kill_process(program, Signal::KILL);
    }
    // An nsenter whose program was frozen has frozen itself.
    if let Some(outer) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        let _ = kill_process(outer, Signal::CONT);
    }
    let _ = child.wait();
}

/// Hands on the lines of `pipe`, and keeps reading when nobody listens: a full pipe stops a server.
fn forward(pipe: Option<impl Read + Send + 'static>, lines: Sender<String>) {
    let Some(pipe) = pipe else { return };
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(std::result::Result::ok) {
            let _ = lines.send(String::from_utf8_lossy(&line).into_owned());
        }
    });
}
