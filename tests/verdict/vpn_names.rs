//! Name servers behind a VPN that answer the host and not its containers, and what only looks so.

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::route::tables::LinkKind;
use edgeprobe_facts::{Facts, Observation, Role, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Effect, Status, Verdict};

use crate::device::*;
use crate::network::*;

const TUN: &[(&str, LinkKind)] = &[("tun0", LinkKind::Tun)];
const HALVES: [&str; 2] = ["0.0.0.0/1 via 10.8.0.1 dev tun0", "128.0.0.0/1 via 10.8.0.1 dev tun0"];
const INTRANET: &str = "10.0.0.0/8 dev tun0";
/// The server that the host asks.
const BEHIND: &str = "10.0.0.53";
const ELSEWHERE: &str = "192.168.1.1";

/// The kernel was asked the network's way to another address as well.
fn with_way_to(mut device: Device, destination: &str) -> Device {
    let mut way = device.observations.iter().find(|o| is_edge_route(o)).unwrap().clone();
    way.id = way.id.replace(HUB_ADDRESS, destination);
    destination.clone_into(&mut way.target);
    let Facts::EdgeRoute(facts) = &mut way.facts else { unreachable!() };
    facts.destination = destination.parse().unwrap();
    device.observations.push(way);
    device
}

/// The host asks this server too, and is answered.
fn answering_the_host(device: Device, server: &str) -> Device {
    let server = Resolver::Server(format!("{server}:53").parse().unwrap());
    device.with(name(HUB, Role::Hub, server, &[HUB_ADDRESS]))
}

fn at_edge_name(observation: &Observation) -> bool {
    at_edge(observation) && (is_hub_name(observation) || is_control_name(observation))
}

/// Containers get no answer to any question.
fn unanswered(device: Device) -> Device {
    device.changed(at_edge_name, |o| unresolve(o, Token::DnsTimeout))
}

/// A split tunnel, and behind it the name server that the host and its containers ask.
fn split_tunnel() -> Device {
    with_way_to(Device::networked(), BEHIND).rerouted(TUN, &[INTRANET], &[])
}

fn mechanism(verdict: &Verdict) -> &serde_json::Value {
    &verdict.causes[0].details["mechanism"]
}

#[test]
fn name_servers_of_a_vpn_that_answer_the_host_alone_are_the_vpns_doing() {
    let verdict = unanswered(split_tunnel()).expect(Status::Blocked, &[VpnOverride]);
    let cause = &verdict.causes[0];
    assert_eq!(mechanism(&verdict), "dns");
    assert_eq!(cause.details["interface"], "tun0");
    assert!(cause.summary.contains(BEHIND) && cause.summary.contains("tun0"), "{}", cause.summary);
    // A filter for questions alone would look the same.
    assert_eq!(cause.confidence, Confidence::Likely);
    assert!(cause.would_confirm.as_ref().unwrap().contains("behind no VPN"));
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    assert!(cause.remedy.iter().any(|it| it.text.contains("daemon.json")), "{:#?}", cause.remedy);
}

#[test]
fn behind_a_proxy_it_is_one_warning_and_not_two() {
    let device = crate::proxies::behind_a_proxy().by_websocket_alone();
    // The proxy is on the device's own side.
    let device = with_way_to(device, BEHIND).rerouted(TUN, &["10.0.0.32/27 dev tun0"], &[]);
    let verdict = unanswered(device).verdict();
    let of_names = |id| id == VpnOverride || id == DnsContainerFailure;
    let named: Vec<_> = verdict.causes.iter().filter(|cause| of_names(cause.id)).collect();
    assert_eq!(named.len(), 1, "{verdict:#?}");
    assert_eq!((named[0].id, named[0].effect), (VpnOverride, Effect::Warns), "{verdict:#?}");
}

#[test]
fn servers_that_refuse_containers_count_like_silent_ones() {
    for token in [Token::DnsServfail, Token::DnsRefused] {
        split_tunnel()
            .changed(at_edge_name, |o| unresolve(o, token))
            .expect(Status::Blocked, &[VpnOverride]);
    }
}

#[test]
fn name_servers_of_a_vpn_that_answer_containers_are_no_fault() {
    let verdict = split_tunnel().expect(Status::Healthy, &[]);
    assert_eq!(verdict.confidence, Confidence::Confirmed);
    assert!(verdict.ruled_out.iter().any(|other| other.id == VpnOverride));
}

#[test]
fn silent_name_servers_behind_no_vpn_are_the_containers_own_fault() {
    // The tunnel is up, and leads elsewhere.
    unanswered(with_way_to(Device::networked(), BEHIND).rerouted(
        TUN,
        &["10.20.0.0/16 dev tun0"],
        &[],
    ))
    .sure(&[DnsContainerFailure]);
    unanswered(with_way_to(Device::networked(), BEHIND)).sure(&[DnsContainerFailure]);
}

#[test]
fn a_host_that_the_same_server_does_not_answer_proves_nothing_of_it() {
    let own = |o: &Observation| {
        let asked = |facts: &edgeprobe_facts::dns::DnsFacts| facts.resolver != Resolver::System;
        at_host(o) && matches!(&o.facts, Facts::Dns(facts) if asked(facts))
    };
    let verdict =
        unanswered(split_tunnel().changed(own, |o| unresolve(o, Token::DnsTimeout))).verdict();
    assert_eq!(verdict.status, Status::Blocked, "{verdict:#?}");
    assert!(verdict.causes.iter().all(|cause| cause.id != VpnOverride), "{verdict:#?}");
}

#[test]
fn a_server_of_the_engines_that_the_host_never_asks_proves_nothing() {
    // daemon.json names another server behind the tunnel than the one that answers the host.
    let device = with_way_to(Device::networked(), "10.0.0.99").rerouted(TUN, &[INTRANET], &[]);
    unanswered(told_by_the_engine(device, "10.0.0.99")).sure(&[DnsContainerFailure]);
}

#[test]
fn one_server_that_lies_behind_no_vpn_clears_the_vpn() {
    let daemon_json = told_by_the_engine(with_way_to(split_tunnel(), ELSEWHERE), ELSEWHERE);
    unanswered(daemon_json).sure(&[DnsContainerFailure]);
    unanswered(answering_the_host(with_way_to(split_tunnel(), ELSEWHERE), ELSEWHERE))
        .sure(&[DnsContainerFailure]);
}

#[test]
fn servers_that_the_engine_asks_from_the_host_have_no_way_of_the_networks() {
    // Since version 26 the kernel is asked about none, and 127.0.0.11 alone is silent.
    unanswered(Device::networked().rerouted(TUN, &[INTRANET], &[])).sure(&[DnsContainerFailure]);
}

#[test]
fn a_way_to_what_is_no_name_server_neither_proves_nor_clears() {
    // Where the engine answers before any name server, a way to somewhere is asked for.
    let somewhere = "20.36.0.1";
    let verdict =
        unanswered(with_way_to(split_tunnel(), somewhere)).expect(Status::Blocked, &[VpnOverride]);
    assert_eq!(mechanism(&verdict), "dns");
    let by_the_tunnel = ["20.36.0.0/16 dev tun0"];
    let alone = with_way_to(Device::networked(), somewhere).rerouted(TUN, &by_the_tunnel, &[]);
    unanswered(alone).sure(&[DnsContainerFailure]);
    // Nor does the hub's other address, which only another server names.
    let mut device = with_way_to(split_tunnel(), "20.49.110.3");
    device = answering_the_host(device, "10.0.0.54").changed(
        |o| o.id.contains("10.0.0.54"),
        |o| {
            let Facts::Dns(facts) = &mut o.facts else { unreachable!() };
            facts.addresses = vec!["20.49.110.3".parse::<std::net::IpAddr>().unwrap().into()];
        },
    );
    unanswered(device).expect(Status::Blocked, &[VpnOverride]);
}

#[test]
fn a_tunnel_that_carries_containers_to_the_hub_passes_their_packets() {
    // All of the Internet is behind it, name servers too: what stops the questions is not the VPN.
    let full = with_way_to(Device::networked(), BEHIND).rerouted(TUN, &HALVES, &[]);
    full.clone().expect(Status::Healthy, &[]);
    unanswered(full).sure(&[DnsContainerFailure]);
}

#[test]
fn an_ipv6_server_is_out_of_the_networks_reach_with_and_without_a_vpn() {
    let server = "fd00::53";
    let device = with_way_to(Device::networked(), server).rerouted(
        TUN,
        &["fd00::/8 dev tun0"],
        &["0: from all lookup 255"],
    );
    let device = device.retabled(|tables| {
        let ipv6 = tables.rules.iter().filter(|rule| !rule.ipv6).cloned();
        let ipv6: Vec<_> =
            ipv6.map(|rule| edgeprobe_facts::route::tables::Rule { ipv6: true, ..rule }).collect();
        tables.rules.extend(ipv6);
    });
    let device = told_by_the_engine(device, server);
    let asked = Resolver::Server(format!("[{server}]:53").parse().unwrap());
    unanswered(device.with(name(HUB, Role::Hub, asked, &[HUB_ADDRESS])))
        .expect(Status::Blocked, &[DnsContainerFailure]);
}

#[test]
fn a_hub_that_no_server_of_the_containers_knows_is_a_matter_of_zones() {
    split_tunnel()
        .changed(at_edge_name, |o| unresolve(o, Token::DnsNxdomain))
        .expect(Status::Blocked, &[DnsContainerFailure]);
}

#[test]
fn a_network_that_is_cut_off_has_that_for_its_fault() {
    let rule = dropping("-A DOCKER-USER -j DROP");
    unanswered(split_tunnel())
        .cut_off(Token::TimedOut)
        .traced(edgeprobe_facts::trace::Stage::LostInside, |trace| {
            trace.dropped_by = vec![rule.clone()];
        })
        .expect(Status::Blocked, &[ForwardBlocked]);
}

#[test]
fn where_no_connection_could_be_tried_either_the_vpn_is_no_more_than_likely() {
    let blocked = |o: &Observation| to_hub(o) || to_control(o);
    let verdict = unanswered(split_tunnel().failing(blocked, Step::Connect, Token::TimedOut))
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .verdict();
    assert!(verdict.causes.iter().any(|cause| cause.id == EgressBlocked), "{verdict:#?}");
    let vpn = verdict.causes.iter().find(|cause| cause.id == VpnOverride);
    assert!(vpn.is_none_or(|cause| cause.confidence == Confidence::Likely), "{verdict:#?}");
}

/// What daemon.json gives to containers.
fn told_by_the_engine(device: Device, server: &str) -> Device {
    device.changed(is_engine, |o| {
        let Facts::Engine(facts) = &mut o.facts else { unreachable!() };
        facts.settings.dns = vec![server.parse().unwrap()];
    })
}
