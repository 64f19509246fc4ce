//! Every state of a host that is known to matter, made in a network namespace: what the kernel
//! answers, that the tables alone come to the same answer, and which mechanism is recognised.

use std::net::IpAddr;
use std::time::Duration;

use edgeprobe_facts::route::decision::{Decision, Flow, decide};
use edgeprobe_facts::route::edge::{EdgeRouteFacts, Lookup};
use edgeprobe_facts::route::signature::{Direction, MechanismKind as Kind, recognise};
use edgeprobe_facts::route::tables::{LinkKind, ReversePathFilter, RouteKind, RuleAction, Tables};
use edgeprobe_facts::route::testing::edge_network;
use edgeprobe_facts::{Facts, Observation, Outcome, Token, Vantage};

use crate::Timeline;
use crate::route::edge;
use crate::route::probe_tables;
use crate::vantage::testing::sandbox;

const HUB: &str = "203.0.113.10";

/// A device with an uplink, the edge network's bridge without a container, and a tunnel.
pub(super) const DEVICE: &str = "ip link set lo up
    echo 1 > /proc/sys/net/ipv4/ip_forward
    ip link add eth0 type veth peer name far
    ip link set far up
    ip link set eth0 up
    ip addr add 192.0.2.10/24 dev eth0
    ip route add default via 192.0.2.1
    ip link add br-edge type bridge
    ip addr add 172.18.0.1/16 dev br-edge
    ip link set br-edge up
    ip tuntap add tun0 mode tun
    ip addr add 10.8.0.2/24 dev tun0
    ip link set tun0 mtu 1420 up";

/// What the kernel is expected to answer: an interface, or a refusal.
type Expected = Result<&'static str, Token>;

struct State {
    tables: Tables,
    facts: EdgeRouteFacts,
    observation: Observation,
}

async fn state(setup: &str) -> Option<State> {
    let sandbox = sandbox()?;
    sandbox.set_up(DEVICE).await;
    sandbox.set_up(setup).await;
    let timeline = Timeline::start(Duration::from_secs(10));
    let ask = move || async move {
        let tables = probe_tables(timeline, &Vantage::Host).await;
        (tables, edge::probe(timeline, edge_network(), HUB.parse().unwrap()).await)
    };
    let (tables, observation) = sandbox.place.run(ask).await.unwrap();
    let (Facts::RouteTables(tables), Facts::EdgeRoute(facts)) = (tables.facts, &observation.facts)
    else {
        panic!("other facts");
    };
    Some(State { tables: *tables, facts: *facts.clone(), observation })
}

/// Makes a state and compares: the host's own lookup, the forward lookup, the way back, and the
/// first mechanism.
async fn expect(
    setup: &str,
    host: Expected,
    forward: Expected,
    back: Expected,
    mechanism: Option<(Kind, Direction)>,
) {
    let Some(State { tables, facts, observation }) = state(setup).await else { return };
    assert!(tables.complete, "{setup}");
    assert_eq!(word(&facts.host), host, "host: {setup}");
    assert_eq!(word(&facts.forward), forward, "forward: {setup}");
    assert_eq!(word(&facts.back), back, "back: {setup}");
    assert_eq!(observation.token(), forward.err(), "{setup}");

    let member = facts.member.unwrap();
    let hub: IpAddr = HUB.parse().unwrap();
    let bridge = &facts.network.bridge;
    agree(&tables, &Flow::own(hub), &facts.host, setup);
    agree(&tables, &Flow::own(member), &facts.back, setup);
    // Whether it forwards at all, and whether it takes the packet from where it comes, the kernel
    // decides beside its tables.
    if facts.forward.token() != Some(Token::HostUnreachable) {
        agree(&tables, &Flow::forwarded(member, bridge, hub), &facts.forward, setup);
    }
    let found = recognise(&tables, &edge_network(), hub, None);
    assert_eq!(found.first().map(|first| (first.kind, first.direction)), mechanism, "{setup}");
}

fn word(lookup: &Lookup) -> Result<&str, Token> {
    match lookup {
        Lookup::Found(way) => Ok(way.interface.as_deref().unwrap()),
        Lookup::Refused { token, .. } => Err(*token),
        Lookup::NotAsked => Ok("not asked"),
    }
}

/// The tables must come to the answer that the kernel gives.
pub(super) fn agree(tables: &Tables, flow: &Flow<'_>, kernel: &Lookup, setup: &str) {
    let ours = match decide(tables, flow) {
        None => Err(Token::NetworkUnreachable),
        Some(Decision { rule, route: None }) => Err(match rule.action {
            RuleAction::Blackhole => Token::Blackholed,
            RuleAction::Prohibit => Token::Prohibited,
            _ => Token::NetworkUnreachable,
        }),
        Some(Decision { route: Some(route), .. }) => match route.kind {
            RouteKind::Blackhole => Err(Token::Blackholed),
            RouteKind::Prohibit => Err(Token::Prohibited),
            RouteKind::Unreachable => Err(Token::HostUnreachable),
            _ => Ok(route.interface().unwrap()),
        },
    };
    assert_eq!(ours, word(kernel), "{flow:?}: {setup}");
}

const FULL_TUNNEL: Option<(Kind, Direction)> = Some((Kind::FullTunnel, Direction::Forward));
const POLICY_RULE: Option<(Kind, Direction)> = Some((Kind::PolicyRule, Direction::Forward));
const SOURCE_RULE: Option<(Kind, Direction)> = Some((Kind::SourceRule, Direction::Forward));
const KILL_SWITCH: Option<(Kind, Direction)> = Some((Kind::KillSwitch, Direction::Forward));
const SHADOW: Option<(Kind, Direction)> = Some((Kind::RouteShadowsSubnet, Direction::Return));

#[tokio::test]
async fn normal() {
    expect("true", Ok("eth0"), Ok("eth0"), Ok("br-edge"), None).await;
}

#[tokio::test]
async fn forwarding_off() {
    for setup in [
        "echo 0 > /proc/sys/net/ipv4/ip_forward",
        "echo 0 > /proc/sys/net/ipv4/conf/br-edge/forwarding",
    ] {
        expect(setup, Ok("eth0"), Err(Token::HostUnreachable), Ok("br-edge"), None).await;
    }
}

#[tokio::test]
async fn openvpn_with_two_halves() {
    let setup = "ip route add 0.0.0.0/1 via 10.8.0.1 dev tun0
        ip route add 128.0.0.0/1 via 10.8.0.1 dev tun0
        ip route add 198.51.100.9 via 192.0.2.1";
    expect(setup, Ok("tun0"), Ok("tun0"), Ok("br-edge"), FULL_TUNNEL).await;
}

const WG_QUICK: &str = "ip route add default dev tun0 table 51820
    ip rule add not fwmark 51820 table 51820";

#[tokio::test]
async fn wg_quick() {
    let setup = format!("{WG_QUICK}\nip rule add table main suppress_prefixlength 0");
    expect(&setup, Ok("tun0"), Ok("tun0"), Ok("br-edge"), POLICY_RULE).await;
    expect(WG_QUICK, Ok("tun0"), Ok("tun0"), Ok("tun0"), POLICY_RULE).await;
}

#[tokio::test]
async fn tailscale_exit_node() {
    let setup = "ip link set tun0 down
        ip link set tun0 name tailscale0
        ip link set tailscale0 mtu 1280 up
        ip route add default dev tailscale0 table 52
        ip rule add priority 5210 fwmark 0x80000/0xff0000 table main
        ip rule add priority 5230 fwmark 0x80000/0xff0000 table default
        ip rule add priority 5250 fwmark 0x80000/0xff0000 unreachable
        ip rule add priority 5270 table 52";
    let tunnel = Ok("tailscale0");
    expect(setup, tunnel, tunnel, tunnel, POLICY_RULE).await;
    let setup = format!("{setup}\nip route add throw 172.18.0.0/16 table 52");
    expect(&setup, tunnel, tunnel, Ok("br-edge"), POLICY_RULE).await;
}

#[tokio::test]
async fn a_rule_against_the_subnet() {
    for (action, token) in [
        ("unreachable", Token::NetworkUnreachable),
        ("blackhole", Token::Blackholed),
        ("prohibit", Token::Prohibited),
    ] {
        let setup = format!("ip rule add from 172.18.0.0/16 {action}");
        expect(&setup, Ok("eth0"), Err(token), Ok("br-edge"), SOURCE_RULE).await;
        let setup = format!("ip rule add iif br-edge {action}");
        expect(&setup, Ok("eth0"), Err(token), Ok("br-edge"), SOURCE_RULE).await;
    }
}

#[tokio::test]
async fn a_kill_switch_route() {
    for (kind, token) in [
        ("unreachable", Token::HostUnreachable),
        ("blackhole", Token::Blackholed),
        ("prohibit", Token::Prohibited),
    ] {
        let setup = format!("ip route del default\nip route add {kind} default");
        expect(&setup, Err(token), Err(token), Ok("br-edge"), KILL_SWITCH).await;
    }
}

#[tokio::test]
async fn no_default_route() {
    let token = Err(Token::NetworkUnreachable);
    expect("ip route del default", token, token, Ok("br-edge"), None).await;
}

#[tokio::test]
async fn a_vpn_route_inside_the_subnet() {
    let setup = "ip route add 172.18.0.0/24 dev tun0";
    expect(setup, Ok("eth0"), Ok("eth0"), Ok("tun0"), SHADOW).await;
    // The container that was asked about is spared, others are not.
    let setup = "ip route add 172.18.200.0/24 dev tun0";
    expect(setup, Ok("eth0"), Ok("eth0"), Ok("br-edge"), SHADOW).await;
}

#[tokio::test]
async fn a_vpn_route_to_the_same_subnet() {
    let setup = "ip route append 172.18.0.0/16 dev tun0 metric 50";
    expect(setup, Ok("eth0"), Ok("eth0"), Ok("br-edge"), None).await;
    let setup = "ip route prepend 172.18.0.0/16 dev tun0";
    expect(setup, Ok("eth0"), Ok("eth0"), Ok("tun0"), SHADOW).await;
}

#[tokio::test]
async fn a_vpn_route_above_the_subnet() {
    let setup = "ip route add 172.16.0.0/12 dev tun0";
    expect(setup, Ok("eth0"), Ok("eth0"), Ok("br-edge"), None).await;
}

#[tokio::test]
async fn the_hosts_own_address_alone_is_spared() {
    let setup = "ip route add default dev tun0 table 100
        ip rule add priority 200 table 100
        ip rule add priority 150 to 172.18.0.0/16 table main
        ip rule add priority 100 from 192.0.2.10 table main";
    expect(setup, Ok("tun0"), Ok("tun0"), Ok("br-edge"), POLICY_RULE).await;
}

#[tokio::test]
async fn a_rule_that_jumps() {
    let setup = "ip rule add priority 100 from 172.18.0.0/16 goto 32766
        ip rule add priority 200 blackhole";
    expect(setup, Err(Token::Blackholed), Ok("eth0"), Err(Token::Blackholed), KILL_SWITCH_BACK)
        .await;
}

const KILL_SWITCH_BACK: Option<(Kind, Direction)> = Some((Kind::KillSwitch, Direction::Return));

#[tokio::test]
async fn a_strict_filter_refuses_the_answer_to_a_subnet_that_is_shadowed() {
    let setup = "echo 1 > /proc/sys/net/ipv4/conf/br-edge/rp_filter
        ip route add 172.18.0.0/24 dev tun0";
    let Some(State { facts, tables, .. }) = state(setup).await else { return };
    assert!(facts.forward.token().is_some(), "{:?}", facts.forward);
    assert_eq!(tables.link("br-edge").unwrap().rp_filter, Some(ReversePathFilter::Strict));
    let found = recognise(&tables, &edge_network(), HUB.parse().unwrap(), None);
    assert_eq!(found[0].kind, Kind::RouteShadowsSubnet);
}

#[tokio::test]
async fn the_way_of_the_answer_is_asked_as_it_comes_in() {
    let setup = "echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter
        echo 0 > /proc/sys/net/ipv4/conf/eth0/rp_filter
        ip rule add iif eth0 to 172.18.0.0/16 prohibit";
    let Some(State { facts, .. }) = state(setup).await else { return };
    assert_eq!(facts.back.interface(), Some("br-edge"));
    assert_eq!(facts.reply.token(), Some(Token::Prohibited));
}

#[tokio::test]
async fn without_the_bridge_the_question_is_skipped() {
    let Some(State { observation, .. }) = state("ip link del br-edge").await else { return };
    assert_eq!(observation.outcome, Outcome::Skipped);
    assert_eq!(observation.id, format!("bridge:azure-iot-edge/edge_route/{HUB}"));
}

#[tokio::test]
async fn links_are_told_by_kind_and_state() {
    let setup = "ip link add br-down type bridge
        ip link add port type veth peer name other
        ip link set port master br-edge";
    let Some(State { tables, .. }) = state(setup).await else { return };
    let kind = |name: &str| tables.link(name).unwrap().kind.clone();
    assert_eq!(kind("lo"), LinkKind::Loopback);
    assert_eq!(kind("eth0"), LinkKind::Veth);
    assert_eq!(kind("br-edge"), LinkKind::Bridge);
    assert_eq!(kind("tun0"), LinkKind::Tun);
    let tunnel = tables.link("tun0").unwrap();
    assert_eq!((tunnel.mtu, tunnel.up, tunnel.carrier), (Some(1420), true, false));
    assert!(!tables.link("br-down").unwrap().up);
    assert_eq!(tables.link("port").unwrap().master.as_deref(), Some("br-edge"));
    assert_eq!(tables.ip_forward, Some(true));
    assert_eq!(tables.link("br-edge").unwrap().forwarding, Some(true));
    let address = "172.18.0.1/16".parse().unwrap();
    assert!(
        tables.addresses.iter().any(|own| own.network == address && own.interface == "br-edge")
    );
}
