//! What keeps a command from doing its work.

use std::borrow::Cow;
use std::fmt;

use edgeprobe_probes::mask::mask;

use super::echo::without_keys;

/// An error for a person: what was attempted, on what, what happened, and what to do.
#[derive(Debug)]
pub(super) struct Problem {
    message: String,
    hint: Option<String>,
}

impl Problem {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What happened, without secrets and without the hint.
    pub(super) fn message(&self) -> Cow<'_, str> {
        shown(&self.message)
    }

    /// The problem as an `error`, or as a `note` where it stops nothing.
    pub(super) fn told(&self, kind: &str) -> String {
        let hint = self.hint.as_ref().map(|hint| format!("\nhint: {}", shown(hint)));
        format!("{kind}: {}{}", self.message(), hint.unwrap_or_default())
    }
}

/// A text without the secrets that may have been given where they have no place.
fn shown(text: &str) -> Cow<'_, str> {
    match mask(text) {
        Cow::Borrowed(text) => without_keys(text),
        Cow::Owned(text) => Cow::Owned(without_keys(&text).into_owned()),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told("error"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_shown_wherever_it_stands() {
        let given =
            "`HostName=h.net;sharedAccessKey=c2Vj==;X=1` and 'sr=h&sig=c2Vj&se=1', sig=c2Vj";
        let shown = Problem::new(given).hint("try SharedAccessSignature=c2Vj").to_string();
        assert_eq!(
            shown,
            "error: `HostName=h.net;sharedAccessKey=…;X=1` and 'sr=h&sig=…&se=1', sig=…\n\
             hint: try SharedAccessSignature=…"
        );
    }
}
