//! Whether the host translates the source addresses of a network.

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
