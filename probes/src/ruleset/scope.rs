//! Which sources a rule is for.

use ipnet::IpNet;

/// What a rule asks of a packet, as far as translation needs to know it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scope {
    /// Empty for any.
    pub(super) sources: Vec<IpNet>,
    /// Whether it asks for more than a source, interfaces and TCP.
    pub(super) narrowed: bool,
}
