//! Whether the host translates the source addresses of a network.

use std::net::Ipv4Addr;

use ipnet::IpNet;

use super::chains::Chains;
use super::{FilterRule, Hook, Ruleset, Verdict};

/// The rules that give packets from the subnet an address of the host when they leave, by some
/// interface at least.
///
/// A rule that also asks for a mark, a destination or a port is none of them. What exempts packets
/// before they get to the rule is not looked for.
pub fn masquerades<'a>(ruleset: &'a Ruleset, subnet: &IpNet) -> Vec<&'a FilterRule> {
    let chains = Chains::from_ruleset(ruleset);
    chains
        .reached_from(chains.entered_by(&[Hook::Postrouting]), |rule| rule.is_for(subnet))
        .into_iter()
        .flat_map(|chain| &chain.rules)
        .filter(|rule| {
            matches!(rule.verdict, Some(Verdict::Masquerade | Verdict::SourceNat))
                && rule.is_for(subnet)
        })
        .collect()
}

/// The rule that gives packets from the subnet this very address when they leave.
pub fn translation_to(ruleset: &Ruleset, source: Ipv4Addr, subnet: &IpNet) -> Option<FilterRule> {
    let named = |rule: &&FilterRule| {
        let address = source.to_string();
        let mut words = rule.text.split([' ', '=', ':', '-']);
        rule.verdict == Some(Verdict::SourceNat) && words.any(|word| word == address)
    };
    let chains = Chains::from_ruleset(ruleset);
    let reached = chains.reached_from(chains.entered_by(&[Hook::Postrouting]), |_| true);
    let mut rules = reached.into_iter().flat_map(|chain| &chain.rules).filter(named);
    let first = rules.next()?;
    // One that is for this subnet says more than one that is for everything.
    Some(rules.find(|rule| rule.is_for(subnet)).unwrap_or(first).clone())
}
