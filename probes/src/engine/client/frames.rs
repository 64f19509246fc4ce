//! What a container writes, as the engine sends it: frames of one stream each, or, of a container with
//! a terminal, what it wrote as it is.

use std::ops::ControlFlow;

/// The length of a frame's head: its stream, three empty bytes, and the length of what follows
/// (Docker's API, "Attach to a container").
const HEAD: usize = 8;

/// A stream of a container's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Its standard output, or all that a container with a terminal writes.
    Output,
    /// Its standard error, or what it was told.
    Other,
}

/// Takes frames apart as they come. Nothing but the head of a frame is kept, whatever its length.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    head: Vec<u8>,
    body: Option<(Stream, usize)>,
    /// Whether there are no frames.
    is_plain: bool,
}

impl Frames {
    /// Hands on what a piece holds of each frame, until it is enough.
    pub(crate) fn take(
        &mut self,
        mut piece: &[u8],
        mut hand_on: impl FnMut(Stream, &[u8]) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        while !piece.is_empty() {
            if self.is_plain {
                return hand_on(Stream::Output, piece);
            }
            let Some((stream, left)) = &mut self.body else {
                let (begun, rest) = piece.split_at(piece.len().min(HEAD - self.head.len()));
                // No stream has a greater number than 2.
                if self.head.is_empty() && begun.first().is_some_and(|first| *first > 2) {
                    self.is_plain = true;
                    continue;
                }
                self.head.extend_from_slice(begun);
                piece = rest;
                if let [number, _, _, _, length @ ..] = self.head.as_slice()
                    && let Ok(length) = <[u8; 4]>::try_from(length)
                {
                    let stream = if *number == 1 { Stream::Output } else { Stream::Other };
                    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
                    self.body = Some((stream, length)).filter(|_| length > 0);
                    self.head.clear();
                }
                continue;
            };
            let (now, later) = piece.split_at(piece.len().min(*left));
            let stream = *stream;
            *left -= now.len();
            if *left == 0 {
                self.body = None;
            }
            piece = later;
            hand_on(stream, now)?;
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(stream: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[stream, 0, 0, 0][..], &length, content].concat()
    }

    /// What is handed on of each stream, where the bytes come in these pieces.
    fn taken<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> (Vec<u8>, Vec<u8>) {
        let (mut output, mut other) = (Vec::new(), Vec::new());
        let mut frames = Frames::default();
        for piece in pieces {
            let _ = frames.take(piece, |stream, bytes| {
                let to = if stream == Stream::Output { &mut output } else { &mut other };
                to.extend_from_slice(bytes);
                ControlFlow::Continue(())
            });
            assert!(frames.head.len() < HEAD);
        }
        (output, other)
    }

    #[test]
    fn frames_are_taken_apart_wherever_they_are_cut() {
        let bytes =
            [frame(1, b"one\n"), frame(2, b"two\n"), frame(1, b""), frame(1, b"3")].concat();
        for cut in 0..bytes.len() {
            let (before, after) = bytes.split_at(cut);
            assert_eq!(taken([before, after]), (b"one\n3".to_vec(), b"two\n".to_vec()), "{cut}");
        }
    }

    #[test]
    fn a_frame_of_4_gib_is_handed_on_as_it_comes() {
        let head = [1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(taken([&head[..], b"some", b"more"]).0, b"somemore");
    }

    #[test]
    fn what_a_terminal_shows_is_handed_on_as_it_is() {
        assert_eq!(taken([&b"login: \x01"[..], b"\x02more"]).0, b"login: \x01\x02more");
    }

    proptest! {
        #[test]
        fn no_bytes_upset_it(pieces: Vec<Vec<u8>>) {
            taken(pieces.iter().map(Vec::as_slice));
        }
    }
}
