//! Can the ports that Edge Hub maps be bound, and who holds them?

mod facts;

pub use facts::{Bind, BindResult, Holder, PortFacts};
