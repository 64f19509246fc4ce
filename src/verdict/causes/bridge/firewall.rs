//! A rule of the host's firewall, in the words that its own tools take.

use edgeprobe_facts::ruleset::{Family, FilterRule, Position, Tool};

use crate::catalogue::Text;

/// The sentence with the tool that changes a rule, the chain that holds it, the program that wrote
/// it, and whether a packet met the rule itself or no rule at all.
pub(in crate::causes) fn written_by(text: Text, rule: &FilterRule) -> Text {
    // Rules of an interface (netdev) run before connection tracking: no command of the pages
    // applies to them.
    let text = match rule.family {
        Family::Ip | Family::Inet => text.with("family", rule.family),
        Family::Netdev => text,
    };
    text.with("tool", rule.tool)
        .with("rule_table", &rule.table)
        .with("chain", &rule.chain)
        .with("firewall", manager(rule).unwrap_or("none"))
        .with("met", if rule.at == Position::Policy { "policy" } else { "rule" })
}

/// The program that keeps the rules, whose next reload would undo what other tools change.
fn manager(rule: &FilterRule) -> Option<&'static str> {
    match rule.tool {
        Tool::Nft if rule.table == "firewalld" => Some("firewalld"),
        Tool::Iptables | Tool::IptablesLegacy if rule.chain.starts_with("ufw-") => Some("ufw"),
        _ => None,
    }
}
