//! The host's own ways out: when they prove that it is offline, and when a firewall beyond it is not
//! to blame.

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::route::RouteFacts;
use edgeprobe_facts::runtime::Part;
use edgeprobe_facts::trace::Stage;
use edgeprobe_facts::{Facts, Observation, Role, Step, Token};
use edgeprobe_verdict::CauseId::{self, *};
use edgeprobe_verdict::{Confidence, Effect, Status, Verdict};

use crate::device::*;
use crate::network::{edge_network, from};
use crate::proxies::{PROXY, is_proxied};

const IPV6: &str = "2603:1030::2";

/// An address that stands for the hub's where its name has none.
const STAND_IN: &str = "20.36.0.1";

fn way(observation: &mut Observation) -> &mut RouteFacts {
    let Facts::Route(facts) = &mut observation.facts else { panic!("no way") };
    facts
}

fn silent_gateway(observation: &mut Observation) {
    way(observation).gateway_answers = Some(false);
}

fn no_way(observation: &mut Observation) {
    *way(observation) = RouteFacts {
        interface: None,
        gateway: None,
        gateway_answers: None,
        ..way(observation).clone()
    };
    fail(observation, Step::Route, Token::NetworkUnreachable);
}

/// Names the hub's address of IPv6 too, and tries it from the host.
fn dual_stack(device: Device) -> Device {
    let mut device = device.changed(is_hub_name, |o| {
        let Facts::Dns(facts) = &mut o.facts else { unreachable!() };
        facts.addresses.push(IPV6.parse::<std::net::IpAddr>().unwrap().into());
    });
    for transport in [Transport::Amqp, Transport::AmqpWs, Transport::Https] {
        device = device.with(connection(transport, Role::Hub, IPV6));
    }
    device.with(route(IPV6)).changed(is_to_ipv6, |o| {
        if matches!(o.facts, Facts::Route(_)) {
            way(o).gateway = Some("fe80::1".parse().unwrap());
        }
    })
}

fn is_to_ipv6(observation: &Observation) -> bool {
    match &observation.facts {
        Facts::Route(facts) => facts.destination.is_ipv6(),
        facts => facts.endpoint().is_some_and(|facts| facts.peer.is_ipv6()),
    }
}

fn is_way_to_ipv4(observation: &Observation) -> bool {
    is_route(observation) && !is_to_ipv6(observation)
}

fn closed(device: Device) -> Device {
    device
        .failing(to_hub, Step::Connect, Token::TimedOut)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
}

#[track_caller]
fn is_not_named(verdict: &Verdict, id: CauseId) {
    assert!(verdict.causes.iter().all(|cause| cause.id != id), "{verdict:#?}");
}

#[test]
fn a_dead_ipv6_router_leaves_a_host_with_an_ipv4_gateway_online() {
    let device = dual_stack(Device::healthy())
        .changed(|o| is_route(o) && is_to_ipv6(o), silent_gateway)
        .failing(to_control, Step::Connect, Token::TimedOut);
    let verdict = closed(device).expect(Status::Blocked, &[EgressBlocked]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Confirmed);
}

#[test]
fn with_both_gateways_dead_and_no_answer_from_anywhere_the_host_is_offline() {
    let device = dual_stack(Device::healthy())
        .changed(is_route, silent_gateway)
        .failing(to_control, Step::Connect, Token::TimedOut)
        .changed(
            |o| is_hub_name(o) || is_control_name(o),
            |o| {
                let Facts::Dns(facts) = &mut o.facts else { unreachable!() };
                facts.resolver = Resolver::System;
            },
        );
    closed(device).expect(Status::Blocked, &[HostOffline]);
}

/// A device without a default route, and with these routes to the site's networks.
fn on_site_routes(routes: &[&str], hub: Token) -> Device {
    Device::networked()
        .retabled(|tables| tables.routes.retain(|route| route.destination.prefix_len() > 0))
        .rerouted(&[], routes, &[])
        .without(|o| !at_host(o))
        .nameless(hub, Some(hub))
        .with(route(STAND_IN))
        .changed(is_route, no_way)
}

#[test]
fn a_stand_in_address_without_a_route_does_not_prove_that_a_device_with_site_routes_is_offline() {
    let site = ["10.0.0.0/8 via 192.168.1.1 dev eth0"];
    is_not_named(&on_site_routes(&site, Token::DnsTimeout).verdict(), HostOffline);
    let verdict = on_site_routes(&site, Token::DnsNxdomain).verdict();
    is_not_named(&verdict, HostOffline);
    assert!(verdict.ruled_out.iter().any(|it| it.id == HostOffline), "{verdict:#?}");
}

#[test]
fn a_name_server_on_a_site_s_route_does_not_hide_that_there_is_no_way_out() {
    let site = ["0.0.0.0/1 via 192.168.1.1 dev eth0"];
    let cut_off = |o: &Observation| to_hub(o) || to_control(o);
    let device = Device::networked()
        .retabled(|tables| tables.routes.retain(|route| route.destination.prefix_len() > 0))
        .rerouted(&[], &site, &[])
        .without(|o| !at_host(o) || matches!(o.facts, Facts::Clock(_)))
        .changed(is_route, no_way)
        .failing(cut_off, Step::Connect, Token::NetworkUnreachable);
    assert!(device.observations.iter().any(|o| is_hub_name(o) && !o.failed()));
    let verdict = device.expect(Status::Blocked, &[HostOffline]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    // Another host that is tried and lost on its way had a route.
    let routed = device.failing(to_control, Step::Connect, Token::TimedOut);
    is_not_named(&routed.verdict(), HostOffline);
}

#[test]
fn without_a_gateway_the_substitute_address_proves_it() {
    on_site_routes(&[], Token::DnsTimeout).expect(Status::Blocked, &[HostOffline]);
}

#[test]
fn a_proxy_on_the_link_that_leads_to_the_hub_shows_a_host_that_is_not_offline() {
    let device = Device::networked()
        .changed(is_route, no_way)
        .told(PROXY, true)
        .asked_by(PROXY, Part::Environment)
        .with(route("10.0.0.1"))
        .changed(|o| o.id.ends_with("route/10.0.0.1"), |o| way(o).gateway = None)
        .failing(
            |o| (to_hub(o) || to_control(o)) && !is_proxied(o),
            Step::Connect,
            Token::NetworkUnreachable,
        )
        .without(|o| matches!(o.facts, Facts::Clock(_)));
    is_not_named(&device.verdict(), HostOffline);
}

#[test]
fn a_way_to_the_hub_that_ends_on_this_host_is_no_firewall_beyond_it() {
    let dead = Device::healthy()
        .failing(to_hub, Step::Connect, Token::HostUnreachable)
        .changed(is_route, silent_gateway)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Blocked, &[EgressBlocked]);
    assert_eq!(dead.causes[0].confidence, Confidence::Likely);
    assert!(dead.summary.contains("gateway 192.168.1.1"), "{}", dead.summary);
    let refused = Device::healthy()
        .failing(to_hub, Step::Connect, Token::HostUnreachable)
        .changed(is_route, no_way)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Blocked, &[EgressBlocked]);
    assert_eq!(refused.causes[0].confidence, Confidence::Likely);
    assert!(refused.summary.contains("its own route"), "{}", refused.summary);
    for verdict in [dead, refused] {
        let texts: Vec<&str> = verdict.causes[0].remedy.iter().map(|it| it.text.as_str()).collect();
        assert!(!texts.iter().any(|text| text.contains("runs the firewall")), "{texts:?}");
    }
}

#[test]
fn where_no_other_host_was_tried_none_is_spoken_of() {
    let verdict =
        closed(Device::healthy().without(to_control)).expect(Status::Blocked, &[EgressBlocked]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
    assert!(verdict.summary.contains("No other host was tried"), "{}", verdict.summary);
}

#[test]
fn a_network_does_not_count_for_a_host_that_was_not_tried() {
    let verdict = Device::networked()
        .without(|o| at_host(o) && o.facts.endpoint().is_some())
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .cut_off(Token::TimedOut)
        .traced(Stage::NoReply, |_| ())
        .expect(Status::Blocked, &[EgressBlocked]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
    assert!(verdict.summary.contains("from the host itself"), "{}", verdict.summary);
}

/// The hosts file pins the hub to an address that no name server names.
fn pinned(observation: &mut Observation) {
    let Facts::Dns(facts) = &mut observation.facts else { unreachable!() };
    if facts.resolver == Resolver::System {
        let pinned: std::net::IpAddr = "20.50.1.1".parse().unwrap();
        facts.addresses = vec![pinned.into()];
        facts.hosts_file = vec![pinned];
    }
}

#[test]
fn a_pinned_address_is_a_warning_if_the_name_servers_address_is_closed_too() {
    let mut device = Device::healthy().changed(is_hub_name, pinned).with(route("20.50.1.1"));
    for transport in [Transport::Amqp, Transport::AmqpWs, Transport::Https] {
        device = device.with(connection(transport, Role::Hub, "20.50.1.1"));
    }
    let verdict = closed(device.clone()).expect(Status::Blocked, &[EgressBlocked, DnsHijack]);
    assert_eq!(verdict.causes[1].effect, Effect::Warns);
    // Where the hub is found at the name servers' address, the pin is the fault.
    let is_pin = |o: &Observation| to_hub(o) && o.id.contains("20.50.1.1");
    let verdict = device
        .failing(is_pin, Step::Connect, Token::TimedOut)
        .expect(Status::Blocked, &[DnsHijack]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Confirmed);
}

/// A device that reaches the hub by IPv6 alone, beside a network that has IPv4 alone.
fn on_ipv6(host: impl Fn(&mut Observation), token: Token) -> Device {
    let mut device = dual_stack(Device::networked());
    for transport in [Transport::Amqp, Transport::AmqpWs] {
        let mut tried = from(&edge_network(), connection(transport, Role::Hub, IPV6));
        fail(&mut tried, Step::Connect, Token::NetworkUnreachable);
        device = device.with(tried);
    }
    device
        .changed(is_way_to_ipv4, host)
        .failing(|o| to_hub(o) && !is_to_ipv6(o), Step::Connect, token)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
}

#[test]
fn an_ipv4_network_on_an_ipv6_host_lacks_a_route() {
    let nat64 = on_ipv6(no_way, Token::NetworkUnreachable)
        .retabled(|tables| tables.routes.retain(|route| route.destination.prefix_len() > 0));
    let dead = on_ipv6(silent_gateway, Token::HostUnreachable);
    for device in [nat64, dead] {
        let verdict = device.expect(Status::Blocked, &[BridgeNoRoute]);
        assert_eq!(verdict.causes[0].confidence, Confidence::Confirmed, "{verdict:#?}");
        assert!(verdict.summary.contains("IPv4 alone"), "{}", verdict.summary);
    }
}

#[test]
fn what_a_network_without_ipv6_does_not_send_is_not_lost_on_this_host() {
    // Something beyond this host closes IPv4, which is not a filter of its own.
    let verdict = on_ipv6(|_| {}, Token::TimedOut).verdict();
    is_not_named(&verdict, ForwardBlocked);
    assert!(verdict.causes.iter().all(|it| it.confidence == Confidence::Likely), "{verdict:#?}");
}
