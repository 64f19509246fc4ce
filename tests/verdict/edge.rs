//! What keeps a container network from the hub while the host reaches it, and what only looks so.

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::endpoint::{Detour, Transport};
use edgeprobe_facts::ports::Holder;
use edgeprobe_facts::route::tables::{LinkKind, ReversePathFilter};
use edgeprobe_facts::trace::{Stage, Trace};
use edgeprobe_facts::{Facts, Observation, Role, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Effect, Status};

use crate::device::*;
use crate::network::*;

#[test]
fn a_healthy_device_seen_from_both_sides_is_confirmed_healthy() {
    let verdict = Device::networked().expect(Status::Healthy, &[]);
    assert_eq!(verdict.confidence, Confidence::Confirmed);
    assert!(verdict.not_tested.is_empty(), "{:#?}", verdict.not_tested);
    for cause in [VpnOverride, BridgeNoRoute, IpForwardDisabled, ForwardBlocked, NatMissing] {
        assert!(verdict.ruled_out.iter().any(|other| other.id == cause), "{cause} not ruled out");
    }
}

#[test]
fn forwarding_off_everywhere_and_off_on_the_bridge_differ() {
    for (global, word) in [(true, "net.ipv4.ip_forward"), (false, "br-edge")] {
        let verdict = Device::networked()
            .retabled(|tables| {
                if global {
                    tables.ip_forward = Some(false);
                } else {
                    let bridge = tables.links.iter_mut().find(|link| link.name == "br-edge");
                    bridge.unwrap().forwarding = Some(false);
                }
            })
            .cut_off(Token::TimedOut)
            .traced(Stage::LostInside, |_| ())
            .sure(&[IpForwardDisabled]);
        assert!(verdict.causes[0].summary.contains(word), "{}", verdict.summary);
    }
}

#[test]
fn a_subnet_that_covers_the_hub_keeps_host_and_containers_from_it() {
    let verdict = Device::networked()
        .changed(is_hub_name, |o| named(o, "172.18.7.7"))
        .without(to_hub)
        .with(closed(Transport::Amqp, "172.18.7.7"))
        .with(closed(Transport::AmqpWs, "172.18.7.7"))
        .with(from(&edge_network(), closed(Transport::Amqp, "172.18.7.7")))
        .with(from(&edge_network(), closed(Transport::AmqpWs, "172.18.7.7")))
        .sure(&[SubnetOverlap]);
    assert!(verdict.causes[0].summary.contains("172.18.7.7"));
}

#[test]
fn a_subnet_that_covers_the_only_name_server_leaves_everybody_without_names() {
    let verdict = Device::networked()
        .without(|o| o.facts.endpoint().is_some() || matches!(o.facts, Facts::Clock(_)))
        .changed(
            |o| at_host(o) && matches!(o.facts, Facts::Dns(_)),
            |o| {
                let Facts::Dns(facts) = &mut o.facts else { unreachable!() };
                if facts.resolver != Resolver::System {
                    facts.resolver = Resolver::Server("172.18.0.53:53".parse().unwrap());
                }
            },
        )
        .changed(|o| matches!(o.facts, Facts::Dns(_)), silent_resolver)
        .sure(&[SubnetOverlap]);
    assert!(verdict.causes[0].summary.contains("172.18.0.53"));
}

#[test]
fn a_covered_name_server_that_is_not_needed_only_warns() {
    let server = Resolver::Server("172.18.0.53:53".parse().unwrap());
    let mut second = name(HUB, Role::Hub, server, &[HUB_ADDRESS]);
    silent_resolver(&mut second);
    let verdict = Device::networked().with(second).expect(Status::Healthy, &[SubnetOverlap]);
    assert_eq!(verdict.causes[0].effect, Effect::Warns);
    assert!(verdict.unexplained.is_empty());
}

#[test]
fn a_name_server_in_a_container_is_where_it_belongs() {
    let server = Resolver::Server("172.18.0.53:53".parse().unwrap());
    Device::networked()
        .with(name(HUB, Role::Hub, server, &[HUB_ADDRESS]))
        .expect(Status::Healthy, &[]);
}

#[test]
fn a_subnet_that_covers_a_hub_which_the_host_has_a_route_to_cuts_the_containers_off() {
    let mut device = Device::networked().changed(is_hub_name, |o| named(o, "172.18.7.7"));
    device = device.without(to_hub).rerouted(&[], &["172.18.7.7/32 via 192.168.1.9 dev eth0"], &[]);
    for transport in [Transport::Amqp, Transport::AmqpWs] {
        device = device
            .with(connection(transport, Role::Hub, "172.18.7.7"))
            .with(from(&edge_network(), closed(transport, "172.18.7.7")));
    }
    device.sure(&[SubnetOverlap]);
}

#[test]
fn a_subnet_that_another_interface_has_a_part_of_only_warns() {
    let verdict = Device::networked()
        .rerouted(&[], &["172.18.99.0/24 dev eth0"], &[])
        .expect(Status::Healthy, &[SubnetOverlap]);
    assert_eq!(verdict.causes[0].effect, Effect::Warns);
    assert!(verdict.causes[0].summary.contains("172.18.99.0/24"));
}

#[test]
fn a_rule_that_sends_the_network_nowhere_is_a_missing_route() {
    let verdict = Device::networked()
        .rerouted(&[], &[], &["100: from 172.18.0.0/16 unreachable"])
        .cut_off(Token::HostUnreachable)
        .traced(Stage::RejectedByHost, |_| ())
        .sure(&[BridgeNoRoute]);
    assert!(verdict.causes[0].summary.contains("from 172.18.0.0/16 unreachable"));
}

#[test]
fn a_rule_that_sends_the_network_by_a_dead_interface_is_a_missing_route() {
    Device::networked()
        .rerouted(
            &[("eth1", edgeprobe_facts::route::tables::LinkKind::Ethernet)],
            &["default via 10.9.9.1 dev eth1 table 100"],
            &["100: from 172.18.0.0/16 lookup 100"],
        )
        .cut_off(Token::TimedOut)
        .traced(Stage::NoReply, |trace| trace.left[0].interface = "eth1".to_owned())
        .sure(&[BridgeNoRoute]);
}

#[test]
fn a_firewall_that_drops_or_rejects_is_named_with_its_rule_where_one_is_known() {
    let rule = "-A FORWARD -i br-edge -j DROP";
    for (stage, token) in
        [(Stage::LostInside, Token::TimedOut), (Stage::RejectedByHost, Token::ConnectionRefused)]
    {
        let cut_off = || Device::networked().cut_off(token);
        // Without a rule that was seen dropping, other things in the kernel take packets as well.
        let unnamed = cut_off().traced(stage, |_| ()).expect(Status::Blocked, &[ForwardBlocked]);
        assert_eq!(unnamed.causes[0].confidence, Confidence::Likely);
        let verdict = cut_off()
            .traced(stage, |trace| trace.dropped_by = vec![dropping(rule)])
            .sure(&[ForwardBlocked]);
        assert!(verdict.causes[0].summary.contains(rule), "{}", verdict.summary);
        assert_eq!(verdict.causes[0].details["rule"], rule);
        assert_eq!(verdict.causes[0].details["network"], "azure-iot-edge");
    }
}

#[test]
fn a_firewall_that_drops_the_answers_is_named() {
    let verdict = Device::networked()
        .cut_off(Token::TimedOut)
        .traced(Stage::ReplyLost, |_| ())
        .expect(Status::Blocked, &[ForwardBlocked]);
    assert!(verdict.causes[0].summary.contains("come back"));
}

#[test]
fn without_a_trace_a_blocked_forward_is_likely() {
    for token in [Token::TimedOut, Token::ConnectionRefused] {
        let verdict = Device::networked().cut_off(token).expect(Status::Blocked, &[ForwardBlocked]);
        assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
        assert_eq!(verdict.confidence, Confidence::Likely);
        assert!(verdict.unexplained.is_empty());
    }
}

#[test]
fn packets_that_are_lost_beyond_the_host_are_not_blamed_on_it() {
    for stage in [Stage::NoReply, Stage::NotEntered, Stage::Delivered] {
        let verdict = Device::networked()
            .cut_off(Token::TimedOut)
            .traced(stage, |_| ())
            .expect(Status::Blocked, &[]);
        assert_eq!(verdict.confidence, Confidence::Likely);
        assert_eq!(verdict.unexplained.len(), 3, "{verdict:#?}");
    }
}

#[test]
fn packets_that_leave_with_their_own_address_lack_translation() {
    let verdict = Device::networked()
        .cut_off(Token::TimedOut)
        .traced(Stage::LeftUntranslated, |trace| trace.masqueraded = Some(false))
        .sure(&[NatMissing]);
    assert!(verdict.causes[0].summary.contains("eth0"));
}

#[test]
fn answers_that_a_strict_filter_expects_elsewhere_are_dropped_by_it() {
    let strict = |name: &str| {
        Device::networked()
            .rerouted(&[("wwan0", LinkKind::Wwan)], &[], &[])
            .retabled(|tables| {
                let link = tables.links.iter_mut().find(|link| link.name == name);
                link.unwrap().rp_filter = Some(ReversePathFilter::Strict);
            })
            .cut_off(Token::TimedOut)
    };
    let by = |name: &str, trace: &mut Trace| trace.reply.as_mut().unwrap().interface = name.into();
    let verdict = strict("wwan0")
        .traced(Stage::ReplyLost, |trace| by("wwan0", trace))
        .sure(&[ReversePathFilter]);
    assert!(verdict.causes[0].summary.contains("strict"));
    // By the interface that the kernel would send by itself, no filter expects them elsewhere.
    strict("eth0").traced(Stage::ReplyLost, |_| ()).expect(Status::Blocked, &[ForwardBlocked]);
}

#[test]
fn names_that_resolve_on_the_host_alone_are_the_containers_fault() {
    let verdict = Device::networked()
        .changed(|o| at_edge(o) && matches!(o.facts, Facts::Dns(_)), silent_resolver)
        .sure(&[DnsContainerFailure]);
    assert!(verdict.causes[0].summary.contains("127.0.0.11"));
    assert!(verdict.outlook.edge_agent.contains("no address"), "{:?}", verdict.outlook);
    // Connections to the address that the host knows were made from there too.
    assert!(verdict.not_tested.is_empty(), "{:#?}", verdict.not_tested);
}

#[test]
fn an_embedded_resolver_that_fails_is_not_said_to_be_silent() {
    let verdict = Device::networked()
        .changed(
            |o| at_edge(o) && matches!(o.facts, Facts::Dns(_)),
            |o| {
                silent_resolver(o);
                fail(o, Step::Resolve, Token::DnsServfail);
            },
        )
        .sure(&[DnsContainerFailure]);
    assert!(verdict.causes[0].summary.contains("127.0.0.11 fails"), "{}", verdict.summary);
}

#[test]
fn without_a_connection_from_the_network_its_names_are_a_likely_fault() {
    let verdict = Device::networked()
        .without(|o| at_edge(o) && to_hub(o))
        .changed(|o| at_edge(o) && matches!(o.facts, Facts::Dns(_)), silent_resolver)
        .expect(Status::Blocked, &[DnsContainerFailure]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
    assert!(verdict.unexplained.is_empty());
}

#[test]
fn names_that_do_not_resolve_on_a_network_that_is_cut_off_are_a_consequence() {
    Device::networked()
        .changed(|o| at_edge(o) && matches!(o.facts, Facts::Dns(_)), silent_resolver)
        .cut_off(Token::TimedOut)
        .traced(Stage::LostInside, |_| ())
        .expect(Status::Blocked, &[ForwardBlocked]);
}

#[test]
fn small_packets_show_that_full_size_ones_vanish_on_the_bridge() {
    let stalled = |of: fn(&Observation) -> bool| {
        Device::networked()
            .failing(move |o| of(o) && to_hub(o), Step::Tls, Token::TimedOut)
            .without(|o| matches!(o.facts, Facts::Clock(_)))
    };
    let verdict =
        stalled(at_edge).with(from(&edge_network(), small_segments())).sure(&[MtuBlackHole]);
    assert!(verdict.causes[0].summary.contains("container network azure-iot-edge"));
    stalled(|_| true)
        .with(small_segments())
        .with(from(&edge_network(), small_segments()))
        .sure(&[MtuBlackHole]);
}

#[test]
fn amqp_that_is_closed_to_containers_alone_degrades() {
    let verdict = Device::networked()
        .failing(|o| at_edge(o) && on(Transport::Amqp)(o), Step::Connect, Token::TimedOut)
        .traced(Stage::NoReply, |_| ())
        .expect(Status::Degraded, &[AmqpPortBlocked]);
    assert!(verdict.causes[0].summary.contains("container network azure-iot-edge"));
    assert!(verdict.outlook.edge_agent.contains("waits 30 s for amqp"));
    assert!(verdict.unexplained.is_empty());
}

#[test]
fn a_dead_preferred_uplink_with_another_that_works_is_the_wrong_uplink() {
    let mut by_the_modem = connection(Transport::Amqp, Role::Detour, HUB_ADDRESS);
    detoured(&mut by_the_modem, Detour::Interface("wwan0".to_owned()));
    Device::networked()
        .rerouted(
            &[("wwan0", edgeprobe_facts::route::tables::LinkKind::Wwan)],
            &["default via 10.64.0.1 dev wwan0 metric 700"],
            &[],
        )
        .failing(|o| o.facts.endpoint().is_some(), Step::Connect, Token::TimedOut)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .with(by_the_modem)
        .sure(&[WrongUplink]);
}

#[test]
fn a_dead_modem_that_is_preferred_is_an_uplink_and_no_vpn() {
    let mut by_the_cable = connection(Transport::Amqp, Role::Detour, HUB_ADDRESS);
    detoured(&mut by_the_cable, Detour::Interface("eth0".to_owned()));
    Device::networked()
        .rerouted(
            &[("ppp0", edgeprobe_facts::route::tables::LinkKind::Ppp)],
            &["default dev ppp0"],
            &[],
        )
        .failing(|o| o.facts.endpoint().is_some(), Step::Connect, Token::TimedOut)
        .changed(is_route, |o| {
            let Facts::Route(facts) = &mut o.facts else { unreachable!() };
            facts.interface = Some("ppp0".to_owned());
            (facts.gateway, facts.gateway_answers) = (None, None);
        })
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .with(by_the_cable)
        .sure(&[WrongUplink]);
}

#[test]
fn an_offline_host_takes_its_networks_along() {
    Device::networked()
        .retabled(|tables| tables.routes.retain(|route| route.destination.prefix_len() > 0))
        .failing(|o| o.facts.endpoint().is_some(), Step::Connect, Token::NetworkUnreachable)
        .failing(is_route, Step::Route, Token::NetworkUnreachable)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .sure(&[HostOffline]);
}

#[test]
fn a_hosts_dead_resolver_takes_its_networks_along() {
    Device::networked()
        .without(|o| o.facts.endpoint().is_some() || matches!(o.facts, Facts::Clock(_)))
        .changed(|o| matches!(o.facts, Facts::Dns(_)), silent_resolver)
        .sure(&[DnsHostFailure]);
}

#[test]
fn an_egress_that_is_closed_to_the_host_is_closed_to_its_networks() {
    Device::networked()
        .failing(to_hub, Step::Connect, Token::TimedOut)
        .traced(Stage::NoReply, |_| ())
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .sure(&[EgressBlocked]);
}

#[test]
fn a_network_that_is_cut_off_and_a_taken_port_are_both_named() {
    Device::networked()
        .cut_off(Token::TimedOut)
        .traced(Stage::LostInside, |_| ())
        .changed(of_port(443), |o| taken(o, Holder { pid: Some(7), ..Holder::default() }))
        .expect(Status::Blocked, &[ForwardBlocked, PortInUse]);
}

#[test]
fn a_silent_engine_accounts_for_the_ports_that_its_proxies_hold() {
    let proxy = Holder {
        pid: Some(900),
        process: Some("docker-proxy".to_owned()),
        user: Some("root".to_owned()),
        ..Holder::default()
    };
    let verdict = Device::healthy()
        .with(engine_fails(Token::EngineNotAnswering))
        .changed(|o| matches!(o.facts, Facts::Ports(_)), |o| taken(o, proxy.clone()))
        .sure(&[EngineUnavailable]);
    let bridge = &verdict.not_tested[0];
    assert!(bridge.why.contains("does not answer"), "{bridge:?}");
}

/// Lets a name server fall silent.
fn silent_resolver(observation: &mut Observation) {
    let Facts::Dns(facts) = &mut observation.facts else { panic!("no name") };
    facts.addresses.clear();
    let system = facts.resolver == Resolver::System;
    let token = if system { Token::DnsNoAnswer } else { Token::DnsTimeout };
    fail(observation, Step::Resolve, token);
}

/// Lets a resolver answer with another address.
fn named(observation: &mut Observation, address: &str) {
    let Facts::Dns(facts) = &mut observation.facts else { panic!("no name") };
    facts.addresses = vec![address.parse::<std::net::IpAddr>().unwrap().into()];
}

/// A connection that finds nobody on the link.
fn closed(transport: Transport, peer: &str) -> Observation {
    let mut observation = connection(transport, Role::Hub, peer);
    fail(&mut observation, Step::Connect, Token::HostUnreachable);
    observation
}

fn small_segments() -> Observation {
    let mut observation = connection(Transport::Amqp, Role::Detour, HUB_ADDRESS);
    detoured(&mut observation, Detour::SmallSegments);
    observation
}
