//! gzip, in one member or many.

use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

use flate2::read::MultiGzDecoder;

use super::PIECE;

const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Bytes that may be taken from what is packed before anything comes of them.
const EMPTY: u64 = 1 << 20;

pub(super) fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(&MAGIC)
}

/// What a reader gives, unpacked.
pub(super) fn unpacked(reader: impl Read) -> impl Read {
    let given = Rc::new(Cell::new(0));
    let packed = Packed { reader, taken: 0, given: Rc::clone(&given) };
    let reader = MultiGzDecoder::new(BufReader::with_capacity(PIECE, packed));
    Unpacked { reader, given }
}

/// What is packed. It fails where so little comes of it as no packing leads to: millions of members with
/// nothing in them, each of which takes its time.
struct Packed<R> {
    reader: R,
    taken: u64,
    given: Rc<Cell<u64>>,
}

impl<R: Read> Read for Packed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken > EMPTY.saturating_add(self.given.get().saturating_mul(2)) {
            return Err(io::Error::other("there is next to nothing in what is packed"));
        }
        let length = self.reader.read(buffer)?;
        self.taken += length as u64;
        Ok(length)
    }
}

/// What comes of it.
struct Unpacked<R> {
    reader: R,
    given: Rc<Cell<u64>>,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(buffer)?;
        self.given.set(self.given.get() + length as u64);
        Ok(length)
    }
}
