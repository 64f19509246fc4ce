//! Rules that a VPN's client wrote, known by the names that it gives to what it makes.

use super::{FilterRule, Tool};
use crate::route::vpn::Vpn;

/// How the tables and chains of VPN clients begin, in lower case.
const OWNED: [(&str, Vpn); 16] = [
    ("wg-quick-", Vpn::Wireguard),
    ("ts-", Vpn::Tailscale),
    ("tailscale", Vpn::Tailscale),
    ("openvpn", Vpn::OpenVpn),
    ("ovpn", Vpn::OpenVpn),
    ("strongswan", Vpn::Ipsec),
    // By the product: Mullvad, NordVPN, Proton VPN, Private Internet Access, ExpressVPN, NetBird,
    // Cisco's clients.
    ("mullvad", Vpn::Other),
    ("nordvpn", Vpn::Other),
    ("pvpn", Vpn::Other),
    ("piavpn", Vpn::Other),
    ("xvpn", Vpn::Other),
    ("netbird", Vpn::Other),
    ("ciscovpn", Vpn::Other),
    // By what it is for, as scripts and guides call it.
    ("vpn", Vpn::Other),
    ("killswitch", Vpn::Other),
    ("kill-switch", Vpn::Other),
];

/// How their interfaces begin; a number, a plus sign or nothing follows.
const INTERFACES: [(&str, Vpn); 11] = [
    ("wg", Vpn::Wireguard),
    ("nordlynx", Vpn::Wireguard),
    ("tailscale", Vpn::Tailscale),
    ("ovpn", Vpn::OpenVpn),
    ("ipsec", Vpn::Ipsec),
    ("ppp", Vpn::Ppp),
    ("tun", Vpn::Other),
    ("utun", Vpn::Other),
    ("wt", Vpn::Other),
    ("proton", Vpn::Other),
    ("cscotun", Vpn::Other),
];

/// The VPN whose client wrote the rule or whose interface it is about, if its names tell.
pub(super) fn vpn_of(rule: &FilterRule) -> Option<Vpn> {
    owner(&rule.table)
        .or_else(|| owner(&rule.chain))
        .or_else(|| comment(&rule.text).and_then(owner))
        .or_else(|| interfaces(rule).into_iter().find_map(from_interface))
}

fn owner(name: &str) -> Option<Vpn> {
    let name = name.to_lowercase();
    OWNED.iter().find(|(beginning, _)| name.starts_with(beginning)).map(|(_, vpn)| *vpn)
}

fn from_interface(name: &str) -> Option<Vpn> {
    INTERFACES.iter().find_map(|(beginning, vpn)| {
        let rest = name.strip_prefix(beginning)?.trim_end_matches(['+', '*']);
        rest.chars().all(|digit| digit.is_ascii_digit()).then_some(*vpn)
    })
}

/// The comment that follows `--comment` or `comment`, from its first character on.
fn comment(text: &str) -> Option<&str> {
    let (_, comment) = text.split_once("comment ").map(|(before, after)| {
        // iptables-save names the match before its option.
        (before, after.strip_prefix("--comment ").unwrap_or(after))
    })?;
    Some(comment.trim_start_matches('"'))
}

/// The interfaces that the rule's conditions name.
fn interfaces(rule: &FilterRule) -> Vec<&str> {
    let keys: &[&str] = match rule.tool {
        Tool::Nft => &["iifname", "oifname", "iif", "oif"],
        Tool::Iptables | Tool::IptablesLegacy => &["-i", "-o"],
    };
    let mut found = Vec::new();
    let mut is_named = false;
    for word in rule.text.split(' ') {
        let is_quoted = word.starts_with('"');
        if keys.contains(&word) {
            is_named = true;
        } else if is_named && !matches!(word, "!=" | "{" | "}") {
            found.push(word.trim_matches(['"', ',']));
            // nft puts several names between braces, each in quotes.
            is_named = is_quoted && word.ends_with(',');
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{Family, Position};
    use super::*;

    fn vpn(tool: Tool, table: &str, chain: &str, text: &str) -> Option<Vpn> {
        vpn_of(&FilterRule {
            table: table.to_owned(),
            chain: chain.to_owned(),
            ..FilterRule::from_text(tool, Family::Ip, Position::Number(1), text)
        })
    }

    #[test]
    fn a_client_is_known_by_its_tables_and_chains() {
        assert_eq!(vpn(Tool::Nft, "wg-quick-wg0", "preraw", "drop"), Some(Vpn::Wireguard));
        assert_eq!(vpn(Tool::Nft, "mullvad", "forward", "reject"), Some(Vpn::Other));
        assert_eq!(
            vpn(Tool::Iptables, "filter", "ts-forward", "-A ts-forward -j DROP"),
            Some(Vpn::Tailscale)
        );
    }

    #[test]
    fn a_client_is_known_by_its_comments() {
        let text = "-A FORWARD -m comment --comment nordvpn -j DROP";
        assert_eq!(vpn(Tool::Iptables, "filter", "FORWARD", text), Some(Vpn::Other));
        let text = "counter drop comment \"openvpn: kill switch\"";
        assert_eq!(vpn(Tool::Nft, "own", "forward", text), Some(Vpn::OpenVpn));
    }

    #[test]
    fn a_rule_about_a_tunnel_is_its_vpns() {
        let text = "-A FORWARD ! -o wg+ -j REJECT";
        assert_eq!(vpn(Tool::Iptables, "filter", "FORWARD", text), Some(Vpn::Wireguard));
        let text = "oifname != { \"eth0\", \"tun0\" } drop";
        assert_eq!(vpn(Tool::Nft, "own", "forward", text), Some(Vpn::Other));
    }

    #[test]
    fn the_engines_rules_and_the_wireless_uplink_are_no_vpns() {
        let text = "-A DOCKER-USER -i br-edge -o wlan0 -m comment --comment \"no tun0\" -j DROP";
        assert_eq!(vpn(Tool::Iptables, "filter", "DOCKER-USER", text), None);
        assert_eq!(vpn(Tool::Nft, "firewalld", "filter_FORWARD", "iifname \"wwan0\" drop"), None);
    }
}
