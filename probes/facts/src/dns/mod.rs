//! What does each resolver answer for a name?

mod address;
mod facts;

pub use address::AddressKind;
pub use facts::{DnsFacts, NamedAddress, RecordOutcome, Resolver};
