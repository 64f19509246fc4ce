//! What the parts have in common.

use std::borrow::Cow;
use std::future::Future;
use std::io;
use std::time::{Duration, Instant};

use edgeprobe_facts::clean;
use edgeprobe_facts::mask::{self, Masked};

use crate::bundle::{Content, Cut, Item, Missing, Reason, What};

/// Bytes that an entry may have.
pub(super) const LARGEST: usize = 4 * 1024 * 1024;

/// When a part is to be done.
#[derive(Clone, Debug)]
pub(super) struct Until(pub(super) Instant);

impl Until {
    pub(super) fn left(&self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    pub(super) fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// What a future gives, if it does within the time.
    pub(super) fn wait<T>(&self, future: impl Future<Output = T>) -> Result<T, Missing> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Missing::new(Reason::Failed, error.to_string()))?;
        let left = self.left();
        let answer = runtime.block_on(async { tokio::time::timeout(left, future).await });
        runtime.shutdown_background();
        answer.map_err(|_| Missing::new(Reason::TimedOut, ""))
    }
}

/// An item that is taken now.
pub(super) fn item(
    path: &str,
    what: What,
    source: &str,
    content: Result<Content, Missing>,
) -> Item {
    Item {
        path: path.to_owned(),
        what,
        source: mask::line(source, 256),
        taken_at: format!("{:.0}", jiff::Timestamp::now()),
        content: content
            .map(bounded)
            .map_err(|missing| Missing { detail: mask::line(&missing.detail, 240), ..missing }),
    }
}

/// A listing of some tool or file without its secrets; nothing where it says nothing.
pub(super) fn listing(text: &str) -> Result<Content, Missing> {
    said(mask::text(&clean::text(text)))
}

/// The text, if it says anything.
pub(super) fn said(masked: Masked) -> Result<Content, Missing> {
    if masked.text.trim().is_empty() {
        return Err(Missing::new(Reason::Empty, ""));
    }
    Ok(masked.into())
}

/// Why something cannot be read.
pub(super) fn unread(error: &io::Error) -> Missing {
    let reason = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            return Missing::new(Reason::NotThere, "");
        }
        io::ErrorKind::PermissionDenied => return Missing::new(Reason::NotPermitted, ""),
        io::ErrorKind::FileTooLarge => Reason::TooLarge,
        _ => Reason::Failed,
    };
    Missing::new(reason, error.to_string())
}

/// The begin of what is too large, to the end of a line, without characters that a terminal would act
/// on.
fn bounded(mut content: Content) -> Content {
    if let Cow::Owned(clean) = clean::text(&content.text) {
        content.text = clean;
    }
    if content.text.len() > LARGEST {
        let begin = content.text.floor_char_boundary(LARGEST);
        let end = content
            .text
            .get(..begin)
            .and_then(|text| text.rfind('\n'))
            .map_or(begin, |end| end + 1);
        content.text.truncate(end);
        content.cut = content.cut.or(Some(Cut::Begin));
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_is_cut_at_a_line_and_says_so() {
        let text = "é line\n".repeat(LARGEST / 6);
        let item = item("x", What::Log, "source", Ok(Content { text, ..Content::default() }));
        let content = item.content.unwrap();
        assert!(content.text.len() <= LARGEST && content.text.ends_with("line\n"));
        assert_eq!(content.cut, Some(Cut::Begin));
    }

    #[test]
    fn no_text_has_characters_that_a_terminal_acts_on() {
        let text = "a\u{1b}[31m b\u{9b}\u{202e}\u{200b}\tc\r\n".to_owned();
        let item = item("x", What::Log, "source", Ok(Content { text, ..Content::default() }));
        assert_eq!(item.content.unwrap().text, "a b\tc\n");
    }

    #[test]
    fn a_source_and_a_reason_are_masked() {
        let missing = Missing::new(Reason::Failed, "SharedAccessKey=PLANTED");
        let item = item("x", What::Log, "https://u:PLANTED@host", Err(missing));
        assert!(!format!("{item:?}").contains("PLANTED"));
    }
}
