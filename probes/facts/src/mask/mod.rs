//! Foreign text without its secrets: what is kept or shown of logs, files of settings, listings and
//! command lines goes through here.
//!
//! [`mask`] takes a text and knows secrets by their names and by their forms. [`text`] takes many
//! lines, with secrets across them. [`value`] and [`settings`] take what is configured, and trust no
//! value whose name they do not know.
//!
//! | file | what it knows |
//! |---|---|
//! | `name`, `words` | which names are those of secrets |
//! | `shape` | which runs of letters and digits are keys |
//! | `forms` | private keys, tokens and signatures, by their distinct form |
//! | `assigned`, `pairs`, `members`, `commands`, `address` | where a value stands, as its name tells |
//! | `view` | a text without its encodings |

mod address;
mod assigned;
mod commands;
mod forms;
mod harmless;
mod line;
mod members;
mod name;
mod pairs;
mod proxy;
mod settings;
mod shape;
mod structured;
#[cfg(test)]
mod tests;
mod text;
mod value;
mod view;
mod words;

pub use harmless::is_proxy;
pub use harmless::{is_harmless, variable};
pub use line::{line, mask, typed};
pub use proxy::proxy;
pub use settings::settings;
pub use structured::value;
pub use text::{Lines, text};

/// What stands in a secret's place.
pub const MASK: char = '…';

/// A text without its secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Masked {
    pub text: String,
    /// How many places were masked.
    pub places: usize,
}

/// The marks that a text has more than another.
fn more_marks(after: &str, before: &str) -> usize {
    let marks = |text: &str| text.matches(MASK).count();
    marks(after).saturating_sub(marks(before))
}
