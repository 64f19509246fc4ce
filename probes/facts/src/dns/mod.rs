//! What does each resolver answer for a name?

mod address;
mod facts;
pub mod resolv_conf;

pub use address::AddressKind;
pub use facts::{DnsFacts, NamedAddress, RecordOutcome, Resolver};
