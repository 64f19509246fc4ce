//! The head of an answer: its status and its headers.

use crate::clean;

/// The most headers that are read.
const MAX_HEADERS: usize = 96;

/// The longest value of a header that is kept, in characters: signed addresses are long.
const MAX_VALUE: usize = 4096;

/// The longest reason that is kept, in characters.
const MAX_REASON: usize = 80;

/// The status line and the headers of an answer.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// The status line's own words; empty where it has none.
    pub(crate) reason: String,
    headers: Vec<(String, String)>,
}

impl Head {
    /// The first final answer and the length of its head; nothing while it is incomplete.
    pub(super) fn parse(received: &[u8]) -> Result<Option<(Self, usize)>, httparse::Error> {
        let mut skipped = 0;
        loop {
            let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
            let mut response = httparse::Response::new(&mut headers);
            let rest = received.get(skipped..).unwrap_or_default();
            let httparse::Status::Complete(length) = response.parse(rest)? else {
                return Ok(None);
            };
            skipped += length;
            let status = response.code.unwrap_or_default();
            // Interim answers (100, 103) come before the real one (RFC 9110, section 15.2).
            if (100..200).contains(&status) && status != 101 {
                continue;
            }
            let reason = clean::line(response.reason.unwrap_or_default(), MAX_REASON);
            let kept = |header: &httparse::Header<'_>| {
                (header.name.to_ascii_lowercase(), clean::bytes(header.value, MAX_VALUE))
            };
            let headers = response.headers.iter().map(kept).collect();
            return Ok(Some((Self { status, reason, headers }, skipped)));
        }
    }

    /// The first header of this name, which is given in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every header of this name, which is given in lower case.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first header of this name, no longer than a report keeps one; nothing when it is empty.
    pub(crate) fn short(&self, name: &str) -> Option<String> {
        const SHORT: usize = 160;
        self.header(name).map(|value| clean::line(value, SHORT)).filter(|value| !value.is_empty())
    }

    /// Whether the peer closes the stream after this answer.
    pub(super) fn closes(&self) -> bool {
        let words =
            |value: &str| value.split(',').any(|word| word.trim().eq_ignore_ascii_case("close"));
        self.all("connection").any(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn interim_answers_are_passed_over() {
        let text = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 400 Bad Request\r\n\r\n";
        assert_eq!(Head::parse(text).unwrap().unwrap().0.status, 400);
        assert!(Head::parse(&text[..60]).unwrap().is_none());
    }

    #[test]
    fn headers_are_found_by_any_case() {
        let text = b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nX-Empty: \r\n\r\n";
        let (head, length) = Head::parse(text).unwrap().unwrap();
        assert_eq!(length, text.len());
        assert_eq!(head.header("www-authenticate"), Some("Basic realm=x"));
        assert_eq!((head.reason.as_str(), head.short("x-empty")), ("No", None));
    }

    proptest! {
        #[test]
        fn no_bytes_upset_it(bytes: Vec<u8>) {
            let _ = Head::parse(&bytes);
        }
    }
}
