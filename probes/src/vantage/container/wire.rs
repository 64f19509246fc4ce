//! The messages between a run, its cleanup process and a helper container: one JSON value a line.

use std::collections::VecDeque;
use std::io;

use edgeprobe_facts::{Observation, Vantage};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::endpoint::Roots;
use crate::vantage::NetworkQuestion;

/// The longest line towards a container, in bytes: the first one carries the device's trust store.
pub(super) const LONGEST_IN: usize = 8 * 1024 * 1024;

/// The longest line from a container, in bytes: an observation has some thousand.
pub(super) const LONGEST_OUT: usize = 256 * 1024;

/// What a run asks of its cleanup process.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Request {
    /// Start a container of this name on a network.
    Start { id: u32, name: String, network: String },
    /// Send a line to a container.
    Send { id: u32, line: String },
}

/// What a cleanup process reports to its run.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event {
    /// A container wrote a line.
    Line { id: u32, line: String },
    /// A container did not start, or has ended.
    Ended { id: u32, why: String },
}

/// The first line into a container.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SetUp {
    pub(super) vantage: Vantage,
    /// The run's time so far, and all of it, in milliseconds.
    pub(super) elapsed_ms: f64,
    pub(super) limit_ms: f64,
    /// The container itself has no trust store.
    pub(super) roots: Roots,
}

/// Every other line into a container.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct NumberedQuestion {
    pub(super) number: u64,
    pub(super) question: NetworkQuestion,
}

/// A line out of a container.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// It runs, and waits for its first line.
    Ready,
    Answered {
        number: u64,
        observation: Box<Observation>,
    },
}

/// The value as a line, with its end.
pub(super) fn to_line(value: &impl Serialize) -> io::Result<String> {
    Ok(serde_json::to_string(value)? + "\n")
}

/// The value of a line.
pub(super) fn parse<T: DeserializeOwned>(line: &str) -> io::Result<T> {
    Ok(serde_json::from_str(line)?)
}

/// Writes the value as a line.
pub(super) async fn write_line(
    to: &mut (impl AsyncWrite + Unpin),
    value: &impl Serialize,
) -> io::Result<()> {
    to.write_all(to_line(value)?.as_bytes()).await?;
    to.flush().await
}

/// Puts lines together from the pieces that they arrive in.
#[derive(Debug)]
pub(super) struct Lines {
    begun: Vec<u8>,
    whole: VecDeque<String>,
    longest: usize,
}

impl Lines {
    pub(super) fn at_most(longest: usize) -> Self {
        Self { begun: Vec::new(), whole: VecDeque::new(), longest }
    }

    /// Adds a piece. Fails when a line is too long, or is not text.
    pub(super) fn add(&mut self, piece: &[u8]) -> io::Result<()> {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            if self.begun.len() + part.len() > self.longest {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is too long"));
            }
            self.begun.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = String::from_utf8(std::mem::take(&mut self.begun));
                let line = line.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
                self.whole.push_back(line);
            }
        }
        Ok(())
    }

    /// The next whole line.
    pub(super) fn next(&mut self) -> Option<String> {
        self.whole.pop_front()
    }
}

/// Reads lines. Giving up waiting for one loses nothing of it.
#[derive(Debug)]
pub(super) struct LineReader<R> {
    from: R,
    lines: Lines,
    piece: Vec<u8>,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    pub(super) fn new(from: R, longest: usize) -> Self {
        Self { from, lines: Lines::at_most(longest), piece: vec![0; 64 * 1024] }
    }

    /// The next line; `None` at the end.
    pub(super) async fn next(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(line) = self.lines.next() {
                return Ok(Some(line));
            }
            let length = self.from.read(&mut self.piece).await?;
            match self.piece.get(..length) {
                None | Some([]) => return Ok(None),
                Some(piece) => self.lines.add(piece)?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_from_pieces() {
        let mut lines = Lines::at_most(8);
        lines.add(b"on").unwrap();
        assert_eq!(lines.next(), None);
        lines.add(b"e\ntwo\nthr").unwrap();
        assert_eq!(lines.next().as_deref(), Some("one\n"));
        assert_eq!(lines.next().as_deref(), Some("two\n"));
        assert_eq!(lines.next(), None);
    }

    #[test]
    fn an_endless_line_is_not_kept() {
        let mut lines = Lines::at_most(8);
        lines.add(b"12345").unwrap();
        assert!(lines.add(b"67890").is_err());
        assert!(Lines::at_most(8).add(b"\xff\n").is_err());
    }
}
