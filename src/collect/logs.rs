//! The runtime's and the engine's logs of the last time, without their secrets.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use edgeprobe_facts::clean;
use edgeprobe_facts::mask::Lines;

use super::Part;
use super::shared::{LARGEST, Until, item};
use crate::bundle::{Content, Cut, Item, Missing, Reason, What};
use crate::sources::{How, Input, Obstacle, Piece, RUNTIME_CONTAINERS, RUNTIME_UNITS, SourceError};

/// The last lines of each log that are asked for.
const LINES: u32 = 20_000;

/// How often it is looked whether the time is up.
const LOOKS: Duration = Duration::from_millis(50);

pub(super) fn parts(since: i64) -> Vec<Part> {
    // A container's place is as the runtime's own support bundle has it.
    let containers = RUNTIME_CONTAINERS
        .map(|name| (Input::Container(name.to_owned()), format!("logs/{name}_log.txt")));
    let units =
        RUNTIME_UNITS.map(|unit| (Input::Journal(unit.to_owned()), format!("logs/{unit}.txt")));
    containers
        .into_iter()
        .chain(units)
        .map(|(input, path)| {
            let (source, place) = (input.to_string(), path.clone());
            Part::new(path, What::Log, source, move |until| {
                vec![take(&place, &input, since, until)]
            })
        })
        .collect()
}

fn take(path: &str, input: &Input, since: i64, until: &Until) -> Item {
    let stop = Arc::new(AtomicBool::new(false));
    let how = How { since: Some(since), last: Some(LINES), stop: stop.clone(), ..How::default() };
    let (watched, until) = (stop.clone(), until.clone());
    let watch = move || {
        while !watched.load(Ordering::Relaxed) {
            if until.is_over() {
                watched.store(true, Ordering::Relaxed);
            }
            thread::sleep(LOOKS);
        }
    };
    // Without it the log is waited for; the wait for all parts has a limit too.
    let _ = thread::Builder::new().spawn(watch);
    let mut log = Log::with_limit(LARGEST);
    let read = input.read(&how, &mut |piece| log.take(&piece));
    let timed_out = stop.swap(true, Ordering::Relaxed);
    let content = match read {
        Ok(()) => log.end(timed_out),
        Err(_) if timed_out => log.end(true),
        Err(error) => Err(unread(&error)),
    };
    item(path, What::Log, &input.to_string(), content)
}

/// Why there is no log.
fn unread(error: &SourceError) -> Missing {
    match error.obstacle {
        Obstacle::Absent => Missing::new(Reason::NotThere, ""),
        Obstacle::NoEngine => Missing::new(Reason::NoEngine, ""),
        Obstacle::NotPermitted => Missing::new(Reason::NotPermitted, error.to_string()),
        Obstacle::Other => Missing::new(Reason::Failed, error.to_string()),
    }
}

/// A log as it is read: of its lines the last, up to the size of an entry.
struct Log {
    /// Bytes that are kept.
    most: usize,
    masked: Lines,
    open: Vec<u8>,
    text: String,
    places: usize,
    cut: Option<Cut>,
}

impl Log {
    fn with_limit(most: usize) -> Self {
        Self {
            most,
            masked: Lines::default(),
            open: Vec::new(),
            text: String::new(),
            places: 0,
            cut: None,
        }
    }

    fn take(&mut self, piece: &Piece<'_>) -> ControlFlow<()> {
        match piece {
            Piece::Begins(_) => {}
            Piece::Note(_) => self.cut = Some(Cut::BrokeOff),
            Piece::Bytes(bytes) => {
                // Whole lines are taken where they stand.
                let mut rest = *bytes;
                while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                    let (line, after) = rest.split_at(end + 1);
                    rest = after;
                    if self.open.is_empty() {
                        self.line(line);
                    } else {
                        let mut open = std::mem::take(&mut self.open);
                        open.extend_from_slice(line);
                        self.line(&open);
                    }
                }
                self.open.extend_from_slice(rest);
                // A line without end is taken in parts.
                if self.open.len() > self.most {
                    let line = std::mem::take(&mut self.open);
                    self.line(&line);
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn line(&mut self, line: &[u8]) {
        // A colour in the middle of a name or a secret would hide it.
        let line = String::from_utf8_lossy(line);
        let line = clean::text(&line);
        let line = line.trim_end_matches('\n');
        let masked = self.masked.line(line);
        let marks = |text: &str| text.matches(edgeprobe_facts::mask::MASK).count();
        self.places += marks(&masked).saturating_sub(marks(line));
        self.text += &masked;
        self.text.push('\n');
        if self.text.len() > 2 * self.most {
            self.drop_begin();
        }
    }

    /// Of what is too much the begin goes: what was last is what counts.
    fn drop_begin(&mut self) {
        let from = self.text.floor_char_boundary(self.text.len().saturating_sub(self.most));
        let next = self
            .text
            .get(from..)
            .and_then(|rest| rest.find('\n'))
            .map_or(from, |end| from + end + 1);
        self.text.drain(..next);
        self.cut = Some(Cut::LastLines);
    }

    fn end(mut self, timed_out: bool) -> Result<Content, Missing> {
        let open = std::mem::take(&mut self.open);
        if !open.is_empty() {
            self.line(&open);
        }
        if self.text.len() > self.most {
            self.drop_begin();
        }
        if self.cut.is_none() && self.text.lines().count() >= LINES as usize {
            self.cut = Some(Cut::LastLines);
        }
        if timed_out {
            self.cut = Some(Cut::TimedOut);
        }
        match (self.text.is_empty(), timed_out) {
            (false, _) => Ok(Content { text: self.text, masked: self.places, cut: self.cut }),
            (true, true) => Err(Missing::new(Reason::TimedOut, "")),
            (true, false) => Err(Missing::new(Reason::Empty, "no lines in this time")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(most: usize, pieces: &[&[u8]]) -> Content {
        let mut log = Log::with_limit(most);
        for piece in pieces {
            let _ = log.take(&Piece::Bytes(piece));
        }
        log.end(false).unwrap()
    }

    #[test]
    fn a_secret_across_pieces_and_lines_is_masked() {
        let content = read(
            LARGEST,
            &[
                b"a SharedAccessKey=PLAN",
                b"TED b\r\nkey: -----BEGIN PRIVATE KEY-----\nPLANTED",
                b"PLANTED\n-----END PRIVATE KEY-----\nlast",
            ],
        );
        assert!(!content.text.contains("PLAN"), "{}", content.text);
        assert!(content.text.ends_with("\nlast\n") && content.masked > 2, "{}", content.text);
    }

    #[test]
    fn colours_and_characters_that_nobody_sees_hide_no_secret() {
        let full = "MIIE".repeat(16);
        let lines = [
            "SharedAccessKey\x1b[0m=\x1b[32mPLANTED".to_owned(),
            "Shared\u{200b}Access\0Key=PLANTED".to_owned(),
            "pass\x1b]0;title\x07word: \x1b[1mPLANTED\tafter\r".to_owned(),
            "-----BEGIN PRIVATE KEY-----".to_owned(),
            format!("\x1b[33m{full}\x1b[0m"),
        ];
        let text = read(LARGEST, &[lines.join("\n").as_bytes()]).text;
        assert!(!text.contains("PLANTED") && !text.contains("MIIE"), "{text}");
        assert!(text.starts_with("SharedAccessKey=…\nSharedAccessKey=…\npassword: …\tafter\n"));
    }

    #[test]
    fn of_a_long_log_the_last_lines_stay() {
        let line = b"0123456789\n".repeat(100);
        let most = 2000;
        let mut pieces = vec![&line[..]; 3];
        pieces.push(b"the end\n");
        let content = read(most, &pieces);
        assert!(content.text.len() <= most && content.text.ends_with("the end\n"));
        assert!(content.text.starts_with("0123456789\n"));
        assert_eq!(content.cut, Some(Cut::LastLines));
    }
}
