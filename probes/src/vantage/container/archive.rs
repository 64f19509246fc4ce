//! This program as the archive that an engine makes an image of.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use tar::{EntryType, Header};

use crate::walls;

/// The program's path in the image.
pub(super) const PROGRAM: &str = "/edgeprobe";

/// The file of the program that runs, whatever has become of its name.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// Bytes; archives are made of blocks of this size.
const BLOCK: usize = 512;

/// Bytes; how much is read at once.
const PIECE: usize = 256 * 1024;

/// This program cannot run in an image that contains it alone.
#[derive(Debug, thiserror::Error)]
pub(super) enum ArchiveError {
    /// /proc is not mounted, or the file cannot be read.
    #[error("edgeprobe's own program cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// It needs a loader and libraries that an image of the program alone does not have.
    #[error("this edgeprobe is not a static program, so it cannot run alone in a container")]
    NotStatic,
}

/// The archive, piece by piece: the program as its only file. `wanted` says before each piece
/// whether the archive is still needed.
pub(super) fn of_this_program(
    wanted: impl Fn() -> bool,
) -> Result<impl Stream<Item = io::Result<Bytes>>, ArchiveError> {
    let mut file = walls::open(Path::new(THIS_PROGRAM))?;
    if needs_a_loader(&mut file)? {
        return Err(ArchiveError::NotStatic);
    }
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(0))?;
    // The file to a whole block, then two empty blocks (POSIX.1-1988, ustar).
    let padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
    let mut archive = io::Cursor::new(header(size)?.as_bytes().to_vec())
        .chain(file.take(size))
        .chain(io::repeat(0).take(padding + 2 * BLOCK as u64));
    Ok(stream::iter(std::iter::from_fn(move || {
        if !wanted() {
            return Some(Err(io::ErrorKind::Interrupted.into()));
        }
        let mut piece = Vec::with_capacity(PIECE);
        match archive.by_ref().take(PIECE as u64).read_to_end(&mut piece) {
            Ok(0) => None,
            Ok(_) => Some(Ok(Bytes::from(piece))),
            Err(error) => Some(Err(error)),
        }
    })))
}

/// The header of the program's file: owned by root, run by everybody.
fn header(size: u64) -> io::Result<Header> {
    let mut header = Header::new_ustar();
    header.set_path(PROGRAM.trim_start_matches('/'))?;
    header.set_mode(0o755);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_entry_type(EntryType::Regular);
    header.set_size(size);
    header.set_cksum();
    Ok(header)
}

/// Whether an ELF file names a loader (PT_INTERP), which only a program of the system's libraries
/// does.
fn needs_a_loader(file: &mut File) -> io::Result<bool> {
    const INTERPRETER: u32 = 3;
    let mut start = [0; 64];
    file.read_exact(&mut start)?;
    let elf = Elf { wide: start[4] == 2, little: start[5] == 1 };
    // Where the program headers are, how large each is, and how many there are (elf(5)).
    let (at, size, count) = if elf.wide {
        (elf.number(&start, 32, 8), elf.number(&start, 54, 2), elf.number(&start, 56, 2))
    } else {
        (elf.number(&start, 28, 4), elf.number(&start, 42, 2), elf.number(&start, 44, 2))
    };
    file.seek(SeekFrom::Start(at))?;
    let mut headers = Vec::new();
    file.take(size * count).read_to_end(&mut headers)?;
    let size = usize::try_from(size).unwrap_or(usize::MAX).max(4);
    Ok(headers.chunks_exact(size).any(|one| elf.number(one, 0, 4) == u64::from(INTERPRETER)))
}

/// How an ELF file writes its numbers.
struct Elf {
    wide: bool,
    little: bool,
}

impl Elf {
    /// The number of this many bytes at this place; zero beyond the end.
    fn number(&self, bytes: &[u8], at: usize, length: usize) -> u64 {
        let bytes = bytes.get(at..at + length).unwrap_or_default().iter();
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        if self.little { bytes.rev().fold(0, add) } else { bytes.fold(0, add) }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use futures_util::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn tar_finds_this_program_in_the_archive() {
        let archive = match of_this_program(|| true) {
            Ok(archive) => archive.map(Result::unwrap).collect::<Vec<Bytes>>().await.concat(),
            Err(ArchiveError::NotStatic) => return println!("skipped: the tests are not static"),
            Err(error) => panic!("{error}"),
        };
        let mut tar = Command::new("tar")
            .args(["-xO", "edgeprobe"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = tar.stdin.take().unwrap();
        let writer = std::thread::spawn(move || input.write_all(&archive));
        let output = tar.wait_with_output().unwrap();
        drop(writer.join());
        assert!(output.status.success());
        assert!(output.stdout == std::fs::read(THIS_PROGRAM).unwrap(), "not the same program");
    }

    #[tokio::test]
    async fn an_archive_that_nobody_wants_any_more_breaks_off() {
        let Ok(archive) = of_this_program(|| false) else { return };
        let pieces: Vec<_> = archive.take(2).collect().await;
        assert!(pieces.iter().all(Result::is_err));
    }

    #[test]
    fn a_program_of_the_systems_libraries_needs_a_loader() {
        let mut shell = File::open("/bin/sh").unwrap();
        assert!(needs_a_loader(&mut shell).unwrap());
        let mut text = tempfile::tempfile().unwrap();
        text.write_all(&[0; 200]).unwrap();
        text.seek(SeekFrom::Start(0)).unwrap();
        assert!(!needs_a_loader(&mut text).unwrap());
    }
}
