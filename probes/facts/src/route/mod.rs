//! By which way would this device send to an address, and which rule and route decide?

pub mod author;
pub mod decision;
pub mod edge;
mod facts;
pub mod overlap;
mod ppp;
pub mod signature;
pub mod tables;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod text;
pub mod vpn;

pub use facts::RouteFacts;
