//! What does each resolver answer for a name?
//!
//! Two kinds of resolvers are asked: each name server on its own ([`ask_server`]), because a
//! resolver in front of several hides which of them is at fault; and the system's own resolver
//! ([`ask_system`]), because that is what programs get.

mod container;
mod exchange;
mod file;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod getent;
mod hosts;
mod name_servers;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "elsewhere.rs")]
mod platform;
mod question;
mod server;
mod system;
mod tally;

pub use container::ask_as_container;
pub use name_servers::{ConfiguredServers, configured_servers};
pub use server::{ask_server, ask_server_by};
pub use system::ask_system;

use std::net::IpAddr;

/// How many addresses of one answer are kept.
const MAX_ADDRESSES: usize = 32;

/// The longest host name in characters, with its trailing dot (RFC 1035, section 2.3.4).
const MAX_NAME: usize = 254;

/// The addresses without repetition, IPv4 first and otherwise in the order of the answer.
fn in_order(addresses: impl IntoIterator<Item = IpAddr>) -> Vec<IpAddr> {
    let mut ordered = Vec::new();
    for address in addresses {
        if ordered.len() == MAX_ADDRESSES {
            break;
        }
        if !ordered.contains(&address) {
            ordered.push(address);
        }
    }
    ordered.sort_by_key(IpAddr::is_ipv6);
    ordered
}

/// Whether two host names are the same: without regard to case and to a trailing dot.
fn same_name(one: &str, other: &str) -> bool {
    let bare = |name: &str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    bare(one) == bare(other)
}
