//! What the usual clients write, and what is recognised in it.

use super::*;
use crate::route::edge::Way;
use crate::route::tables::LinkKind;
use crate::route::testing::{device, edge_network, rule};

const HUB: &str = "203.0.113.10";

fn judge(tables: &Tables) -> Vec<Mechanism> {
    recognise(tables, &edge_network(), HUB.parse().unwrap(), None)
}

/// The kind, direction, VPN and texts of each mechanism.
fn summary(tables: &Tables) -> Vec<(MechanismKind, Direction, Option<Vpn>, String)> {
    judge(tables)
        .into_iter()
        .map(|found| {
            let rule = found.rule.map(|rule| rule.to_string());
            let routes = found.routes.iter().map(ToString::to_string);
            let text = rule.into_iter().chain(routes).collect::<Vec<_>>().join(" | ");
            (found.kind, found.direction, found.vpn, text)
        })
        .collect()
}

use Direction::{Forward, Return};
use MechanismKind as Kind;

const TUN: &[(&str, LinkKind)] = &[("tun0", LinkKind::Tun)];
const WIREGUARD: &[(&str, LinkKind)] = &[("office", LinkKind::Wireguard)];
const TAILSCALE: &[(&str, LinkKind)] = &[("tailscale0", LinkKind::Tun)];

#[test]
fn an_untouched_device_shows_nothing() {
    assert_eq!(judge(&device(&[], &[], &[])), []);
}

#[test]
fn a_split_tunnel_that_does_not_lead_to_the_hub_is_nothing() {
    let routes = ["10.0.0.0/8 dev tun0", "172.16.0.0/12 via 10.8.0.1 dev tun0"];
    assert_eq!(judge(&device(TUN, &routes, &[])), []);
}

#[test]
fn openvpn_lays_two_halves_over_the_default_route() {
    let routes = ["0.0.0.0/1 via 10.8.0.1 dev tun0", "128.0.0.0/1 via 10.8.0.1 dev tun0"];
    let text = "0.0.0.0/1 via 10.8.0.1 dev tun0 | 128.0.0.0/1 via 10.8.0.1 dev tun0";
    assert_eq!(
        summary(&device(TUN, &routes, &[])),
        [(Kind::FullTunnel, Forward, Some(Vpn::OpenVpn), text.to_owned())]
    );
}

#[test]
fn a_default_route_into_a_tunnel_is_a_full_tunnel() {
    let tables = device(TUN, &["default dev tun0"], &[]);
    assert_eq!(
        summary(&tables),
        [(Kind::FullTunnel, Forward, Some(Vpn::Other), "default dev tun0".to_owned())]
    );
}

#[test]
fn a_route_to_the_hub_alone_is_told_from_a_full_tunnel() {
    let tables = device(TUN, &["203.0.113.0/24 dev tun0"], &[]);
    assert_eq!(judge(&tables)[0].kind, Kind::TunnelRoute);
}

#[test]
fn wg_quick_sends_whatever_has_not_its_mark_to_its_own_table() {
    let rules = [
        "32764: from all lookup 254 suppress_prefixlength 0",
        "32765: not from all fwmark 0xca6c lookup 51820",
    ];
    let tables = device(WIREGUARD, &["default dev office table 51820"], &rules);
    let text = "32765: not from all fwmark 0xca6c lookup 51820 | default dev office table 51820";
    assert_eq!(
        summary(&tables),
        [(Kind::PolicyRule, Forward, Some(Vpn::Wireguard), text.to_owned())]
    );
}

#[test]
fn without_its_suppressing_rule_wg_quick_takes_the_answers_too() {
    let rules = ["32765: not from all fwmark 0xca6c lookup 51820"];
    let tables = device(WIREGUARD, &["default dev office table 51820"], &rules);
    let found = summary(&tables);
    assert_eq!((found[0].0, found[0].1), (Kind::PolicyRule, Forward));
    assert_eq!((found[1].0, found[1].1), (Kind::PolicyRule, Return));
}

#[test]
fn a_userspace_wireguard_is_known_by_its_rule() {
    let rules = ["32765: not from all fwmark 0xca6c lookup 51820"];
    let tables = device(TUN, &["default dev tun0 table 51820"], &rules);
    assert_eq!(judge(&tables)[0].vpn, Some(Vpn::Wireguard));
}

#[test]
fn a_tailscale_exit_node_takes_both_ways_unless_the_lan_is_allowed() {
    let rules = [
        "5210: from all fwmark 0x80000/0xff0000 lookup 254",
        "5230: from all fwmark 0x80000/0xff0000 lookup 253",
        "5250: from all fwmark 0x80000/0xff0000 unreachable",
        "5270: from all lookup 52",
    ];
    let routes = ["default dev tailscale0 table 52"];
    let found = summary(&device(TAILSCALE, &routes, &rules));
    let text = "5270: from all lookup 52 | default dev tailscale0 table 52".to_owned();
    let tailscale = Some(Vpn::Tailscale);
    assert_eq!(
        found,
        [
            (Kind::PolicyRule, Forward, tailscale, text.clone()),
            (Kind::PolicyRule, Return, tailscale, text.clone())
        ]
    );
    let routes = ["default dev tailscale0 table 52", "throw 172.18.0.0/16 table 52"];
    let found = summary(&device(TAILSCALE, &routes, &rules));
    assert_eq!(found, [(Kind::PolicyRule, Forward, tailscale, text)]);
}

#[test]
fn a_rule_for_the_subnet_is_a_source_rule_whatever_it_does() {
    for action in ["unreachable", "blackhole", "prohibit"] {
        let text = format!("100: from 172.18.0.0/16 {action}");
        let tables = device(&[], &[], &[&text]);
        assert_eq!(summary(&tables), [(Kind::SourceRule, Forward, None, text)]);
    }
    let rules = ["100: from 172.18.0.0/16 lookup 100"];
    let tables = device(TUN, &["default dev tun0 table 100"], &rules);
    assert_eq!(judge(&tables)[0].kind, Kind::SourceRule);
    assert_eq!(judge(&tables)[0].interface.as_deref(), Some("tun0"));
}

#[test]
fn a_rule_for_the_subnet_that_changes_nothing_is_nothing() {
    let rules = ["100: from 172.18.0.0/16 lookup 254"];
    assert_eq!(judge(&device(&[], &[], &rules)), []);
}

#[test]
fn a_rejecting_default_is_a_kill_switch() {
    let routes = ["unreachable default table 200", "10.0.0.0/8 dev tun0 table 200"];
    let tables = device(TUN, &routes, &["50: from all lookup 200"]);
    let found = summary(&tables);
    let text = "50: from all lookup 200 | unreachable default table 200".to_owned();
    assert_eq!(found[0], (Kind::KillSwitch, Forward, Some(Vpn::Other), text));
}

#[test]
fn a_route_inside_the_subnet_shadows_the_bridge() {
    for shadow in ["172.18.0.0/24 dev tun0", "172.18.200.0/24 dev tun0"] {
        let found = summary(&device(TUN, &[shadow], &[]));
        let expected = (Kind::RouteShadowsSubnet, Return, Some(Vpn::Other), shadow.to_owned());
        assert_eq!(found, [expected]);
    }
}

#[test]
fn a_route_to_the_same_subnet_shadows_the_bridge_only_if_it_is_preferred() {
    let mut tables = device(TUN, &["172.18.0.0/16 dev tun0 metric 50"], &[]);
    assert_eq!(judge(&tables), []);
    tables.routes[0].metric = 0;
    assert_eq!(judge(&tables)[0].kind, Kind::RouteShadowsSubnet);
}

#[test]
fn of_several_hops_the_one_that_the_kernel_takes_counts() {
    let mut tables = device(TUN, &["default dev tun0 table 100"], &[]);
    tables.rules.insert(1, rule("100: from all lookup 100"));
    let uplink = tables.routes.iter().find(|route| route.leaves_by("eth0")).unwrap();
    let uplink = uplink.hops[0].clone();
    tables.routes[0].hops.push(uplink);
    let by = |tables: &Tables, interface: &str| {
        let way = Way { interface: Some(interface.to_owned()), ..Way::default() };
        let hub: IpAddr = HUB.parse().unwrap();
        let mut kernel = EdgeRouteFacts::unasked(edge_network(), hub);
        kernel.forward = Lookup::Found(way);
        let found = recognise(tables, &edge_network(), hub, Some(&kernel));
        found.iter().filter(|it| it.direction == Forward).count()
    };
    assert_eq!((by(&tables, "tun0"), by(&tables, "eth0")), (1, 0));
    // A nexthop object's hops may not be shown at all.
    tables.routes[0].hops.clear();
    assert_eq!((by(&tables, "tun0"), by(&tables, "eth0")), (1, 0));
}
