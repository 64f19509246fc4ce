//! The body of an answer, decoded as far as it came.

use tokio::io::AsyncRead;

use super::{Head, read};

/// What came of a body, and how its end is known.
#[derive(Debug)]
pub(super) struct Body {
    extent: Extent,
    raw: Vec<u8>,
}

/// How the end of a body is known (RFC 9112, section 6.3).
#[derive(Debug)]
enum Extent {
    None,
    Length(usize),
    Chunked,
    UntilClose,
}

impl Body {
    /// The body that follows a head, of which this is there already.
    pub(super) fn after_head(head: &Head, raw: Vec<u8>) -> Self {
        let chunked = head
            .header("transfer-encoding")
            .is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked"));
        let extent = match head.header("content-length").map(|length| length.trim().parse()) {
            _ if matches!(head.status, 101 | 204 | 304) => Extent::None,
            _ if chunked => Extent::Chunked,
            Some(Ok(length)) => Extent::Length(length),
            _ => Extent::UntilClose,
        };
        Self { extent, raw }
    }

    /// Whether its end is known without the stream's.
    pub(super) fn is_delimited(&self) -> bool {
        !matches!(self.extent, Extent::UntilClose)
    }

    /// Reads on until the body is whole, or until more than `most` bytes came; whether it is whole.
    ///
    /// What a chunked body is wrapped in counts as well.
    pub(super) async fn read(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin + ?Sized),
        most: usize,
    ) -> bool {
        loop {
            if self.is_whole() {
                return true;
            }
            if self.raw.len() > most {
                return false;
            }
            match read(stream, &mut self.raw).await {
                Ok(true) => {}
                Ok(false) | Err(_) => return matches!(self.extent, Extent::UntilClose),
            }
        }
    }

    fn is_whole(&self) -> bool {
        match self.extent {
            Extent::None => true,
            Extent::Length(length) => self.raw.len() >= length,
            Extent::Chunked => chunks(&self.raw).1,
            Extent::UntilClose => false,
        }
    }

    /// As much of the body as came, decoded.
    pub(super) fn content(&self) -> Vec<u8> {
        match self.extent {
            Extent::None => Vec::new(),
            Extent::Length(length) => self.raw.get(..length).unwrap_or(&self.raw).to_vec(),
            Extent::Chunked => chunks(&self.raw).0,
            Extent::UntilClose => self.raw.clone(),
        }
    }
}

/// The content of the chunks so far, and whether the last one was among them (RFC 9112, section
/// 7.1). What is no chunk ends the body.
fn chunks(raw: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    let mut rest = raw;
    loop {
        let (start, size) = match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete(found)) => found,
            Ok(httparse::Status::Partial) => return (body, false),
            Err(_) => return (body, true),
        };
        if size == 0 {
            // Trailers are not waited for: nothing is asked of them.
            return (body, true);
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let content = rest.get(start..).unwrap_or_default();
        let Some(chunk) = content.get(..size) else {
            body.extend_from_slice(content);
            return (body, false);
        };
        body.extend_from_slice(chunk);
        rest = content.get(size.saturating_add(2)..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn content(headers: &str, raw: &[u8]) -> Vec<u8> {
        let head = format!("HTTP/1.1 200 OK\r\n{headers}\r\n");
        let (head, _) = Head::parse(head.as_bytes()).unwrap().unwrap();
        Body::after_head(&head, raw.to_vec()).content()
    }

    #[test]
    fn bodies_come_without_their_framing() {
        assert_eq!(content("Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n"), b"hello");
        assert_eq!(content("Content-Length: 2\r\n", b"hello"), b"he");
        assert_eq!(content("", b"hello"), b"hello");
    }

    proptest! {
        #[test]
        fn no_bytes_upset_it(bytes: Vec<u8>) {
            let _ = chunks(&bytes);
        }
    }
}
