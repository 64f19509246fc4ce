//! Which sources a rule is for.

use ipnet::IpNet;

use super::FilterRule;

/// What a rule asks of a packet, as far as translation needs to know it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scope {
    /// Empty for any.
    pub(super) sources: Vec<IpNet>,
    /// Whether it asks for more than a source, interfaces and TCP.
    pub(super) narrowed: bool,
}

impl FilterRule {
    /// Whether every TCP connection from the subnet meets the rule's conditions, on some interface.
    pub(super) fn is_for(&self, subnet: &IpNet) -> bool {
        let covers = |source: &IpNet| source.contains(subnet);
        !self.narrowed && (self.sources.is_empty() || self.sources.iter().any(covers))
    }
}
