//! Whose a rule or a route is that rejects. It leads nowhere, so only what a VPN's client is known
//! to write, or has written beside it, tells.

use super::decision::Decision;
use super::tables::{MAIN_TABLE, Mark, Route, Rule, RuleAction, Tables};
use super::vpn::{TAILSCALE_TABLE, Vpn, is_wg_quick, vpn_of};

/// The priorities of Tailscale's rules, and the mark of its own packets.
///
/// <https://github.com/tailscale/tailscale/blob/main/wgengine/router/router_linux.go>
const TAILSCALE_PRIORITIES: std::ops::RangeInclusive<u32> = 5210..=5270;
const TAILSCALE_MARK: Mark = Mark { value: 0x8_0000, mask: 0xff_0000 };

/// The VPN whose client wrote the route or rule that decides; `None` without evidence of one.
/// Another VPN that is up is not evidence.
pub fn author(tables: &Tables, decision: &Decision<'_>) -> Option<Vpn> {
    let rule = decision.rule;
    let table = decision.route.map(|route| route.table);
    if is_tailscales(rule) && links(tables).any(|vpn| vpn == Vpn::Tailscale) {
        return Some(Vpn::Tailscale);
    }
    if let Some(vpn) = table.and_then(|table| filled_by(tables, table)) {
        return Some(vpn);
    }
    if is_wg_quick(rule) {
        return Some(Vpn::Wireguard);
    }
    let is_any_vpns = spares_a_mark(rule) || is_a_half(decision.route);
    by_its_neighbour(tables, rule).or_else(|| another(tables).filter(|_| is_any_vpns))
}

fn is_tailscales(rule: &Rule) -> bool {
    rule.mark == Some(TAILSCALE_MARK)
        || TAILSCALE_PRIORITIES.contains(&rule.priority)
        || rule.action == RuleAction::Lookup { table: TAILSCALE_TABLE }
}

/// The VPN that alone has routes in a table.
fn filled_by(tables: &Tables, table: u32) -> Option<Vpn> {
    const EVERYBODYS: [u32; 4] = [0, 253, MAIN_TABLE, 255];
    if EVERYBODYS.contains(&table) {
        return None;
    }
    let own = tables.routes.iter().filter(|route| route.table == table);
    own.filter_map(Route::interface).find_map(|interface| vpn_of(tables, interface))
}

/// The VPN to whose table another rule leads the same packets: what it does not take is then rejected.
fn by_its_neighbour(tables: &Tables, rule: &Rule) -> Option<Vpn> {
    let chosen = |rule: &Rule| (rule.from, rule.input.clone(), rule.mark, rule.inverted);
    // A rule for everybody has no neighbour more than any other.
    if rule.from.is_none() && rule.input.is_none() && rule.mark.is_none() {
        return None;
    }
    let others = tables.rules.iter().filter(|other| chosen(other) == chosen(rule));
    others
        .filter_map(|other| match other.action {
            RuleAction::Lookup { table } => Some(table),
            _ => None,
        })
        .find_map(|table| filled_by(tables, table))
}

/// Whether the rule is for all packets but those with a mark: a VPN's client marks its own.
fn spares_a_mark(rule: &Rule) -> bool {
    rule.inverted && rule.mark.is_some()
}

/// Half of the Internet: only a VPN client uses such a route.
fn is_a_half(route: Option<&Route>) -> bool {
    route.is_some_and(|route| route.destination.prefix_len() == 1)
}

/// A VPN of the device other than Tailscale, whose rules are known.
fn another(tables: &Tables) -> Option<Vpn> {
    links(tables).find(|vpn| *vpn != Vpn::Tailscale)
}

fn links(tables: &Tables) -> impl Iterator<Item = Vpn> + '_ {
    tables.links.iter().filter_map(|link| vpn_of(tables, &link.name))
}

#[cfg(test)]
mod tests {
    use super::super::decision::{Flow, decide};
    use super::super::tables::LinkKind;
    use super::super::testing::device;
    use super::*;

    const TUN: &[(&str, LinkKind)] = &[("tun0", LinkKind::Tun)];
    const WIREGUARD: &[(&str, LinkKind)] = &[("wg0", LinkKind::Wireguard)];
    const TAILSCALE: &[(&str, LinkKind)] = &[("tailscale0", LinkKind::Tun)];

    /// Whose it is that rejects what the edge network sends.
    fn vpn_in(links: &[(&str, LinkKind)], routes: &[&str], rules: &[&str]) -> Option<Vpn> {
        let tables = device(links, routes, rules);
        let (member, hub) = ("172.18.0.2".parse().unwrap(), "203.0.113.10".parse().unwrap());
        let decision = decide(&tables, &Flow::forwarded(member, "br-edge", hub)).unwrap();
        assert!(decision.rejects(), "{routes:?} {rules:?}");
        author(&tables, &decision)
    }

    #[test]
    fn what_rejects_beside_an_idle_vpn_is_nobodys() {
        for links in [TUN, WIREGUARD, TAILSCALE] {
            let own = format!("10.0.0.0/8 dev {}", links[0].0);
            for rule in ["100: iif br-edge lookup 77", "100: from all lookup 77"] {
                assert_eq!(vpn_in(links, &["unreachable default table 77", &own], &[rule]), None);
            }
            assert_eq!(vpn_in(links, &[&own], &["100: from 172.18.0.0/16 prohibit"]), None);
        }
        let idle = ["unreachable default table 77", "100.100.100.100/32 dev tailscale0 table 52"];
        let rules = ["100: from all lookup 77", "5270: from all lookup 52"];
        assert_eq!(vpn_in(TAILSCALE, &idle, &rules), None);
    }

    #[test]
    fn a_table_with_routes_by_a_tunnel_is_its_vpns() {
        let routes = ["unreachable default table 77", "10.0.0.0/8 dev wg0 table 77"];
        assert_eq!(vpn_in(WIREGUARD, &routes, &["100: from all lookup 77"]), Some(Vpn::Wireguard));
        let routes = ["unreachable default table 52", "10.0.0.0/8 dev tailscale0 table 52"];
        assert_eq!(vpn_in(TAILSCALE, &routes, &["100: from all lookup 52"]), Some(Vpn::Tailscale));
    }

    #[test]
    fn wg_quicks_own_rule_is_known_though_its_link_is_gone() {
        let routes = ["unreachable default table 51820"];
        let rules = ["32765: not from all fwmark 0xca6c lookup 51820"];
        assert_eq!(vpn_in(&[], &routes, &rules), Some(Vpn::Wireguard));
    }

    #[test]
    fn who_spares_packets_with_a_mark_is_the_vpn_that_is_there() {
        let routes = ["unreachable default table 205"];
        let rules = ["100: not from all fwmark 0xe1f1 lookup 205"];
        assert_eq!(vpn_in(TUN, &routes, &rules), Some(Vpn::Other));
        assert_eq!(vpn_in(TAILSCALE, &routes, &rules), None);
        assert_eq!(vpn_in(&[], &routes, &rules), None);
    }

    #[test]
    fn what_the_rule_beside_it_does_not_take_is_rejected_by_the_same_vpn() {
        let routes = ["10.0.0.0/8 dev tun0 table 100"];
        let rules = ["99: from 172.18.0.0/16 lookup 100", "100: from 172.18.0.0/16 prohibit"];
        assert_eq!(vpn_in(TUN, &routes, &rules), Some(Vpn::Other));
        let rules = ["99: from 172.19.0.0/16 lookup 100", "100: from 172.18.0.0/16 prohibit"];
        assert_eq!(vpn_in(TUN, &routes, &rules), None);
    }

    #[test]
    fn halves_of_the_internet_that_reject_are_a_vpns() {
        let halves = ["unreachable 0.0.0.0/1", "unreachable 128.0.0.0/1"];
        assert_eq!(vpn_in(TUN, &halves, &[]), Some(Vpn::Other));
        assert_eq!(vpn_in(TAILSCALE, &halves, &[]), None);
    }

    #[test]
    fn tailscales_own_rules_are_its() {
        let rules = ["5250: from 172.18.0.0/16 unreachable"];
        assert_eq!(vpn_in(TAILSCALE, &[], &rules), Some(Vpn::Tailscale));
        assert_eq!(vpn_in(TUN, &[], &rules), None);
    }
}
