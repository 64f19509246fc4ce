//! The places that questions are asked from: the host, and the container networks on it.

#[cfg(target_os = "linux")]
mod borrow;
#[cfg(target_os = "linux")]
mod candidates;
#[cfg(target_os = "linux")]
mod container;
mod enquiry;
#[cfg(target_os = "linux")]
mod foothold;
#[cfg(target_os = "linux")]
mod place;
#[cfg(target_os = "linux")]
#[cfg(test)]
pub(crate) mod testing;
#[cfg(target_os = "linux")]
mod wiring;

#[cfg(target_os = "linux")]
pub use borrow::{BorrowError, Borrowed, borrow};
#[cfg(target_os = "linux")]
pub use container::{ContainerError, Containers, Guest, INSIDE, KEEPER, answer, keep};
#[cfg(target_os = "linux")]
pub use foothold::{Foothold, FootholdError, join};
#[cfg(target_os = "linux")]
pub use place::{Place, PlaceError};

pub use enquiry::Enquiry;
