//! The places that questions are asked from: the host, and the container networks on it.

#[cfg(target_os = "linux")]
mod borrow;
#[cfg(target_os = "linux")]
mod candidates;
#[cfg(target_os = "linux")]
mod container;
#[cfg(target_os = "linux")]
mod joined_network;
mod network_question;
#[cfg(target_os = "linux")]
mod own_files;
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
pub use container::{
    ContainerError, Containers, HelperContainer, INSIDE, REMOVE_CONTAINERS, answer,
    remove_containers_after_run,
};
#[cfg(target_os = "linux")]
pub use joined_network::{JoinedNetwork, JoinedNetworkError, enter, join};
#[cfg(target_os = "linux")]
pub use place::{Place, PlaceError};

pub use network_question::NetworkQuestion;
