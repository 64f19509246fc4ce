//! Foreign text without its secrets: what is kept or shown of logs, files of settings, listings and
//! command lines goes through here.
//!
//! [`mask`] takes a line and knows secrets by what stands before them or by their own form.
//! [`text`] takes many lines, with private keys across them. [`settings`] takes a file of settings
//! and trusts no value whose name it does not know.

mod harmless;
mod line;
mod proxy;
mod settings;
mod text;
mod value;

pub use harmless::{is_harmless, is_proxy, variable};
pub use line::mask;
pub use proxy::proxy;
pub use settings::settings;
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
