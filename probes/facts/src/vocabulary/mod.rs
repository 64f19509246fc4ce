//! The words that all facts share: where a question is asked from, what part a host plays, which step
//! was taken and how it failed.

mod role;
mod token;
mod vantage;

pub use role::Role;
pub use token::{Step, Token};
pub use vantage::{UnknownVantage, Vantage};
