//! The words that all facts share: where a question is asked from, what part a host plays, which step
//! was taken, how it failed and what that does to the device.

mod effect;
mod role;
mod token;
mod vantage;

pub use effect::Effect;
pub use role::Role;
pub use token::{Step, Token};
pub use vantage::{UnknownVantage, Vantage};
