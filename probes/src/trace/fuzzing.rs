//! What arbitrary bytes become in the place of a packet on an interface.

use super::packet;

/// A packet that begins with its IPv4 header, told for a person.
pub fn packet(bytes: &[u8]) -> Option<String> {
    packet::read(bytes).map(|packet| format!("{packet:?}"))
}
