//! One archive for a support case: its contents and their list. Pure: it takes texts, and neither
//! reads nor waits.

mod anonymise;
mod archive;
mod contents;
mod item;
mod tell;
mod words;

pub use anonymise::Anonymiser;
pub use archive::{PackError, apart, packed};
pub use contents::{BundleVerdict, Contents, Entry, LeftOut, SCHEMA};
pub use item::{Content, Cut, Item, Missing, Reason, What};
pub use tell::{listing, summary};
