//! What keeps a command from doing its work.

use std::fmt;

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
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", without_keys(&self.message))?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {}", without_keys(hint)),
            None => Ok(()),
        }
    }
}

/// What stands before a secret in a connection string or a token.
const BEFORE_A_SECRET: [&str; 3] = ["sharedaccesskey=", "sharedaccesssignature=", "sig="];

/// The text with every key in it left out.
///
/// An error shows what was given, and a connection string may be given where it has no place.
fn without_keys(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(begin) = first_secret(rest) {
        let (before, from) = rest.split_at(begin);
        let ends = |c: char| c.is_whitespace() || matches!(c, ';' | '&' | '`' | '\'' | '"');
        out += before;
        out.push('…');
        rest = from.find(ends).map_or("", |end| from.split_at(end).1);
    }
    out + rest
}

/// Where the first secret begins.
fn first_secret(text: &str) -> Option<usize> {
    // ASCII alone changes its case, so positions stay what they are.
    let lower = text.to_ascii_lowercase();
    let after = |mark: &&str| lower.find(*mark).map(|at| at + mark.len());
    BEFORE_A_SECRET.iter().filter_map(after).min()
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
