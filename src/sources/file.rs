//! Files and standard input.

use std::fs::{self, File};
use std::io::{self, Read, Seek as _, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use edgeprobe_probes::{bounded, walls};

#[cfg(unix)]
use super::fifo;
use super::{
    END_BYTES, How, Input, Log, Piece, SourceError, Take, archive, broke_off, gzip, journal,
    obstacle_from_io, packing,
};
use crate::language::Text;

/// An archive from standard input is kept in a temporary file, of at most so many bytes.
const LARGEST_ARCHIVE: u64 = 4 << 30;

/// How often a file that is followed is looked at.
const LOOKS: Duration = Duration::from_millis(200);

pub(super) fn read(path: &Path, how: &How, take: &mut Take<'_>) -> Result<(), SourceError> {
    let input = Input::File(path.to_owned());
    let name = input.to_string();
    let mut file = open(path, &name, how.follow)?;
    let head = bounded::beginning(file.by_ref(), packing::MAGIC)
        .map_err(|error| unreadable(&name, &error))?;
    // A pipe has no begin to go back to.
    let _ = file.seek(SeekFrom::Start(0));
    if archive::is_zip(&head) {
        return match packing::archive(&input.name(), file, how, take) {
            Ok(_) => Ok(()),
            Err(error) => Err(unreadable(&name, &error)),
        };
    }
    if packing::is_journal(&head) {
        return journal::read_file(path, how, take);
    }
    let container = container_of(path);
    let packed = gzip::is_gzip(&head);
    let length = file.metadata().ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len());
    let is_file = length.is_some();
    let begin = Log { name: input.name(), container, live: false };
    if take(Piece::Begins(begin)).is_break() {
        return Ok(());
    }
    // Even, so that UTF-16 is not cut in the middle of a letter.
    let before_the_end = length.unwrap_or_default().saturating_sub(END_BYTES) & !1;
    if how.end_alone && !packed && before_the_end > 0 {
        let there = file.seek(SeekFrom::Start(before_the_end));
        there.map_err(|error| unreadable(&name, &error))?;
        if take(Piece::Note(Text::new("note.end_alone"))).is_break() {
            return Ok(());
        }
    }
    // A pipe has been read from, and cannot be rewound.
    let rest = io::Cursor::new(head);
    if how.follow && is_file && !packed {
        told(packing::text(Followed { file, path, how }, length, how, take), take);
    } else if is_file {
        told(packing::text(file, length, how, take), take);
    } else {
        told(packing::text(rest.chain(file), None, how, take), take);
    }
    Ok(())
}

pub(super) fn look(path: &Path) -> Result<(), SourceError> {
    let name = Input::File(path.to_owned()).to_string();
    let metadata = metadata(path).map_err(|error| unreadable(&name, &error))?;
    // Opening a pipe waits for its writer.
    if metadata.is_file() || metadata.is_dir() {
        open(path, &name, false).map(drop)
    } else {
        Ok(())
    }
}

pub(super) fn read_standard(how: &How, take: &mut Take<'_>) -> Result<(), SourceError> {
    let input = Input::Standard;
    let name = input.to_string();
    let (head, reader) =
        packing::peeked(io::stdin().lock()).map_err(|error| unreadable(&name, &error))?;
    if archive::is_zip(&head) {
        let file = spooled(reader).map_err(|error| unreadable(&name, &error))?;
        return match packing::archive(&input.name(), file, how, take) {
            Ok(_) => Ok(()),
            Err(error) => Err(unreadable(&name, &error)),
        };
    }
    if take(Piece::Begins(Log { name: input.name(), container: None, live: false })).is_continue() {
        told(packing::text(reader, None, how, take), take);
    }
    Ok(())
}

/// What breaks off in the middle is said, and the rest counts.
fn told(result: io::Result<ControlFlow<()>>, take: &mut Take<'_>) {
    if let Err(error) = result {
        let _ = take(Piece::Note(broke_off(&error)));
    }
}

/// Opens the file. With `follow`, a pipe is waited for until its writer comes.
fn open(path: &Path, name: &str, follow: bool) -> Result<File, SourceError> {
    #[cfg(unix)]
    let opened = if !follow && fifo::is_one(path) { fifo::open(path) } else { walls::open(path) };
    #[cfg(not(unix))]
    let opened = walls::open(path);
    let file = opened.map_err(|error| unreadable(name, &error))?;
    match file.metadata() {
        Ok(metadata) if metadata.is_dir() => {
            Err(SourceError::new(format!("{name} is a folder")).hint("give the log files in it"))
        }
        _ => Ok(file),
    }
}

fn metadata(path: &Path) -> io::Result<fs::Metadata> {
    walls::or_with_privileges(path, |path| fs::metadata(path))
}

fn unreadable(name: &str, error: &io::Error) -> SourceError {
    let hint = match error.kind() {
        io::ErrorKind::NotFound => "give a file that is there, or `-` for standard input",
        io::ErrorKind::PermissionDenied => "run it as root, or as a user who may read the file",
        io::ErrorKind::TimedOut => {
            "give what writes it to standard input: PROGRAM | edgeprobe logs -"
        }
        _ => "plain text, gzip, zip and journals are read, text in UTF-8 or UTF-16",
    };
    let what = edgeprobe_facts::clean::line(&error.to_string(), 160);
    SourceError::new(format!("cannot read {name}: {what}"))
        .hint(hint)
        .because(obstacle_from_io(error))
}

fn spooled(reader: impl Read) -> io::Result<File> {
    let mut file = walls::with_privileges(tempfile::tempfile)?;
    let length = io::copy(&mut reader.take(LARGEST_ARCHIVE + 1), &mut file)?;
    if length > LARGEST_ARCHIVE {
        return Err(io::Error::other("the archive is larger than 4 GiB"));
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// The container that a file's name speaks of, as people name such files.
fn container_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    ["edgeAgent", "edgeHub"]
        .into_iter()
        .find(|container| name.starts_with(&container.to_ascii_lowercase()))
        .map(str::to_owned)
}

/// A file that grows: its end is waited at. A file that takes its place, or begins anew, is read from
/// its begin.
struct Followed<'f> {
    file: File,
    path: &'f Path,
    how: &'f How,
}

impl Read for Followed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let length = self.file.read(buffer)?;
            if length > 0 || self.how.stopped() {
                return Ok(length);
            }
            std::thread::sleep(LOOKS);
            self.renew()?;
        }
    }
}

impl Followed<'_> {
    fn renew(&mut self) -> io::Result<()> {
        let place = self.file.stream_position()?;
        let Ok(now) = metadata(self.path) else { return Ok(()) };
        if is_another(&self.file.metadata()?, &now) {
            self.file = walls::open(self.path)?;
        } else if now.len() < place {
            self.file.seek(SeekFrom::Start(0))?;
        }
        Ok(())
    }
}

#[cfg(unix)]
fn is_another(open: &fs::Metadata, now: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (open.dev(), open.ino()) != (now.dev(), now.ino())
}

#[cfg(not(unix))]
fn is_another(_open: &fs::Metadata, _now: &fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes, and the number of notes, that reading a file in this way brings.
    fn read_as(path: &Path, how: &How) -> (u64, usize) {
        let (mut bytes, mut notes) = (0, 0);
        let mut take = |piece: Piece<'_>| {
            match piece {
                Piece::Begins(_) => {}
                Piece::Bytes(piece) => bytes += piece.len() as u64,
                Piece::Note(_) => notes += 1,
            }
            ControlFlow::Continue(())
        };
        read(path, how, &mut take).expect("it can be read");
        (bytes, notes)
    }

    #[test]
    fn of_a_large_file_the_end_can_be_read_alone() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        file.as_file().set_len(END_BYTES + 1_001).expect("room");
        let end = How { end_alone: true, ..How::default() };
        assert_eq!(read_as(file.path(), &end), (END_BYTES + 1, 1), "from an even place");
        file.as_file().set_len(1_001).expect("room");
        assert_eq!(read_as(file.path(), &end), (1_001, 0));
    }

    #[test]
    fn the_notation_of_a_source_is_one_word() {
        let read = |text: &str| text.parse::<Input>().unwrap_or(Input::Standard);
        assert_eq!(read("container:edgeHub"), Input::Container("edgeHub".to_owned()));
        assert_eq!(read("journal:docker"), Input::Journal("docker".to_owned()));
        assert_eq!(read("-"), Input::Standard);
        assert_eq!(read("./container:x"), Input::File("./container:x".into()));
    }
}
