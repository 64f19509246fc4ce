//! What keeps a command from doing its work.

use std::borrow::Cow;
use std::fmt;

use edgeprobe_facts::mask::typed;

use crate::schedule::Refused;

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
        // What was given is shown, and a key may be given where it has no place.
        typed(&self.message)
    }

    /// The problem as an `error`, or as a `note` where it stops nothing.
    pub(super) fn told(&self, kind: &str) -> String {
        let hint = self.hint.as_ref().map(|hint| format!("\nhint: {}", typed(hint)));
        format!("{kind}: {}{}", self.message(), hint.unwrap_or_default())
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self::new(refused.message).hint(refused.hint)
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
        let hex = "3f9a1c7be204d8865b1fa07c93de42e1";
        let key = "kX9+2bQv/7RmTz4cWn8YpL1sJ6hGd3fKaE5uVxBtC0o=";
        for given in [hex, key, &hex[..20], &key[..20], &key[..40]] {
            let shown = Problem::new(format!("--timeout: `{given}` is not a duration")).to_string();
            assert_eq!(shown, "error: --timeout: `…` is not a duration");
        }
    }
}
