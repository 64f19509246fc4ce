//! One scenario or more for each cause: what is observed, and what must be named.

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::endpoint::{HttpFacts, Transport};
use edgeprobe_facts::ports::Holder;
use edgeprobe_facts::{Facts, Role, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Effect, Status};

use crate::device::*;

#[test]
fn a_healthy_host_is_healthy_and_the_bridge_is_said_to_be_untested() {
    let verdict = Device::healthy().expect(Status::Healthy, &[]);
    assert_eq!(verdict.confidence, Confidence::Likely);
    assert_eq!(verdict.not_tested.len(), 1, "{:#?}", verdict.not_tested);
    assert!(verdict.not_tested[0].what.contains("container network"));
    for cause in [EgressBlocked, AmqpPortBlocked, DnsHostFailure, TlsIntercepted, PortInUse] {
        assert!(verdict.ruled_out.iter().any(|other| other.id == cause), "{cause} not ruled out");
    }
}

#[test]
fn nothing_observed_is_inconclusive() {
    Device::unobserved().expect(Status::Inconclusive, &[]);
}

#[test]
fn a_device_without_a_route_is_offline_and_nothing_else() {
    let verdict = Device::healthy()
        .failing(|o| o.facts.endpoint().is_some(), Step::Connect, Token::NetworkUnreachable)
        .failing(is_route, Step::Route, Token::NetworkUnreachable)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Blocked, &[HostOffline]);
    assert_eq!(verdict.confidence, Confidence::Confirmed);
    assert!(verdict.unexplained.is_empty());
}

#[test]
fn a_dead_resolver_behind_a_missing_route_is_a_consequence() {
    let mut way_out = route("20.36.0.1");
    fail(&mut way_out, Step::Route, Token::NetworkUnreachable);
    Device::healthy()
        .nameless(Token::DnsTimeout, Some(Token::DnsTimeout))
        .with(way_out)
        .expect(Status::Blocked, &[HostOffline]);
}

#[test]
fn a_gateway_that_does_not_answer_takes_the_host_offline() {
    let verdict = Device::healthy()
        .failing(|o| o.facts.endpoint().is_some(), Step::Connect, Token::TimedOut)
        .changed(is_route, |o| {
            let Facts::Route(facts) = &mut o.facts else { unreachable!() };
            facts.gateway_answers = Some(false);
        })
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Blocked, &[HostOffline]);
    assert!(verdict.causes[0].summary.contains("192.168.1.1"));
}

#[test]
fn silent_name_servers_are_the_resolvers_fault_and_block() {
    let verdict = Device::healthy()
        .nameless(Token::DnsTimeout, Some(Token::DnsTimeout))
        .expect(Status::Blocked, &[DnsHostFailure]);
    assert!(verdict.causes[0].summary.contains("10.0.0.53"));
    assert!(verdict.unexplained.is_empty());
}

#[test]
fn refusing_failing_and_closed_name_servers_differ() {
    for (token, word) in [
        (Token::DnsRefused, "refuses"),
        (Token::ConnectionRefused, "refuses"),
        (Token::DnsServfail, "SERVFAIL"),
    ] {
        let verdict = Device::healthy()
            .nameless(token, Some(token))
            .expect(Status::Blocked, &[DnsHostFailure]);
        assert!(verdict.causes[0].summary.contains(word), "{}", verdict.causes[0].summary);
    }
}

#[test]
fn one_dead_server_of_two_only_warns() {
    let mut dead =
        name(HUB, Role::Hub, Resolver::Server("10.0.0.54:53".parse().unwrap()), &[HUB_ADDRESS]);
    fail(&mut dead, Step::Resolve, Token::DnsTimeout);
    let verdict = Device::healthy().with(dead).expect(Status::Healthy, &[DnsHostFailure]);
    assert_eq!(verdict.causes[0].effect, Effect::Warns);
}

#[test]
fn a_hub_that_no_server_knows_does_not_exist() {
    let verdict = Device::healthy()
        .nameless(Token::DnsNxdomain, None)
        .expect(Status::Blocked, &[HubNameUnknown]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Confirmed);
    let alone = Device::healthy()
        .nameless(Token::DnsNxdomain, Some(Token::DnsTimeout))
        .expect(Status::Blocked, &[HubNameUnknown]);
    assert_eq!(alone.causes[0].confidence, Confidence::Likely);
}

#[test]
fn servers_that_deny_the_control_as_well_know_no_name_of_the_internet() {
    let verdict = Device::healthy()
        .nameless(Token::DnsNxdomain, Some(Token::DnsNxdomain))
        .expect(Status::Blocked, &[DnsHostFailure]);
    let cause = &verdict.causes[0];
    assert_eq!(cause.confidence, Confidence::Likely);
    assert!(cause.summary.contains("no names of the Internet"), "{}", cause.summary);
    assert!(cause.summary.contains(CONTROL), "{}", cause.summary);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
}

#[test]
fn a_sinkhole_is_a_hijacked_name_and_not_a_blocked_port() {
    let verdict = Device::healthy()
        .changed(is_hub_name, |o| answer(o, "0.0.0.0"))
        .without(|o| to_hub(o) || is_route(o))
        .with(refused(Transport::Amqp, "0.0.0.0"))
        .with(refused(Transport::AmqpWs, "0.0.0.0"))
        .expect(Status::Blocked, &[DnsHijack]);
    assert!(verdict.causes[0].summary.contains("0.0.0.0"));
}

#[test]
fn a_stale_pin_in_the_hosts_file_is_named_as_one() {
    let pinned = "20.50.1.1";
    let verdict = Device::healthy()
        .changed(
            |o| matches!(&o.facts, Facts::Dns(f) if f.role == Role::Hub && f.resolver == Resolver::System),
            |o| {
                answer(o, pinned);
                let Facts::Dns(facts) = &mut o.facts else { unreachable!() };
                facts.hosts_file = vec![pinned.parse().unwrap()];
            },
        )
        .with(silent(Transport::Amqp, pinned))
        .with(silent(Transport::AmqpWs, pinned))
        .expect(Status::Blocked, &[DnsHijack]);
    assert!(verdict.causes[0].summary.contains("hosts file"));
}

#[test]
fn a_private_address_where_the_hub_answers_is_no_fault() {
    let mut device = Device::healthy().changed(is_hub_name, |o| answer(o, "10.1.0.4"));
    device = device.without(to_hub);
    for transport in [Transport::Amqp, Transport::AmqpWs, Transport::Https] {
        device = device.with(connection(transport, Role::Hub, "10.1.0.4"));
    }
    device.expect(Status::Healthy, &[]);
}

#[test]
fn everything_closed_to_the_hub_alone_is_a_blocked_egress() {
    let verdict = Device::healthy()
        .failing(to_hub, Step::Connect, Token::TimedOut)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Blocked, &[EgressBlocked]);
    assert!(verdict.causes[0].summary.contains("other hosts are reached"));
    assert!(verdict.outlook.edge_agent.contains("30 s"));
    assert_eq!(verdict.confidence, Confidence::Confirmed);
}

#[test]
fn a_closed_5671_degrades_and_the_outlook_counts_the_seconds() {
    let verdict = Device::healthy()
        .failing(on(Transport::Amqp), Step::Connect, Token::TimedOut)
        .expect(Status::Degraded, &[AmqpPortBlocked]);
    assert!(verdict.outlook.edge_agent.contains("waits 30 s for amqp"));
    Device::healthy()
        .failing(on(Transport::Amqp), Step::Connect, Token::ConnectionRefused)
        .expect(Status::Degraded, &[AmqpPortBlocked]);
}

#[test]
fn a_closed_443_degrades() {
    Device::healthy()
        .failing(on_443, Step::Connect, Token::TimedOut)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Degraded, &[HttpsPortBlocked]);
}

#[test]
fn a_closed_8883_degrades_when_mqtt_is_asked_for() {
    let mut device = Device::healthy();
    device.target.protocols.push(Transport::Mqtt);
    let mut mqtt = connection(Transport::Mqtt, Role::Hub, HUB_ADDRESS);
    fail(&mut mqtt, Step::Connect, Token::TimedOut);
    device.with(mqtt).expect(Status::Degraded, &[MqttPortBlocked]);
}

#[test]
fn a_refused_upgrade_degrades_with_amqp_and_blocks_without() {
    let refused = || {
        Device::healthy().changed(on(Transport::AmqpWs), |o| {
            fail(o, Step::Upgrade, Token::UpgradeRefused);
            let facts = endpoint_of(o).unwrap();
            facts.http = Some(HttpFacts { status: 403, ..HttpFacts::default() });
        })
    };
    let verdict = refused().expect(Status::Degraded, &[WebsocketBlocked]);
    assert!(verdict.causes[0].summary.contains("403"));
    let verdict = refused()
        .failing(on(Transport::Amqp), Step::Connect, Token::TimedOut)
        .expect(Status::Blocked, &[AmqpPortBlocked, WebsocketBlocked]);
    assert!(verdict.causes.iter().all(|cause| cause.effect == Effect::Blocks));
}

#[test]
fn a_verified_hub_that_wants_a_client_certificate_is_not_blocked() {
    let verdict = Device::healthy()
        .failing(on(Transport::AmqpWs), Step::Upgrade, Token::ClientCertificateWanted)
        .expect(Status::Healthy, &[]);
    assert!(verdict.unexplained.is_empty());
    assert!(verdict.not_tested.iter().any(|missing| missing.what.contains("WebSocket")));
}

#[test]
fn a_taken_port_names_its_owner() {
    let nginx = Holder {
        pid: Some(812),
        process: Some("nginx".to_owned()),
        user: Some("root".to_owned()),
        unit: Some("nginx.service".to_owned()),
        ..Holder::default()
    };
    let verdict = Device::healthy()
        .changed(of_port(443), |o| taken(o, nginx.clone()))
        .expect(Status::Blocked, &[PortInUse]);
    let cause = &verdict.causes[0];
    assert_eq!(cause.details["port"], 443);
    assert_eq!(cause.details["owner"]["process"], "nginx");
    assert_eq!(cause.details["address"], "0.0.0.0");
    let commands: Vec<&str> = cause.remedy.iter().filter_map(|r| r.command.as_deref()).collect();
    assert!(commands.iter().any(|command| command.contains("nginx.service")), "{commands:?}");
}

#[test]
fn edge_hub_on_its_own_ports_is_no_fault() {
    let verdict = Device::healthy()
        .changed(
            |o| matches!(o.facts, Facts::Ports(_)),
            |o| {
                let Facts::Ports(facts) = &mut o.facts else { unreachable!() };
                facts.held_by_edge_hub = true;
            },
        )
        .expect(Status::Healthy, &[]);
    assert!(verdict.outlook.edge_hub.contains("itself"));
}

#[test]
fn a_port_that_may_not_be_bound_blocks() {
    Device::healthy()
        .failing(of_port(8883), Step::Bind, Token::BindNotPermitted)
        .expect(Status::Blocked, &[PortNotPermitted]);
}

#[test]
fn ipv6_that_leads_nowhere_only_warns() {
    let ipv6 = "2603:1030::2";
    let verdict = Device::healthy()
        .changed(is_hub_name, |o| {
            let Facts::Dns(facts) = &mut o.facts else { unreachable!() };
            facts.addresses.push(ipv6.parse::<std::net::IpAddr>().unwrap().into());
        })
        .with(silent(Transport::Amqp, ipv6))
        .with(silent(Transport::AmqpWs, ipv6))
        .with(silent(Transport::Https, ipv6))
        .expect(Status::Healthy, &[Ipv6Broken]);
    assert_eq!(verdict.causes[0].effect, Effect::Warns);
}

#[test]
fn a_long_way_to_the_hub_warns() {
    let verdict = Device::healthy()
        .changed(to_hub, |o| endpoint_of(o).unwrap().round_trip_ms = Some(640.0))
        .expect(Status::Healthy, &[HighLatency]);
    assert!(verdict.causes[0].summary.contains("640 ms"));
}

#[test]
fn two_faults_are_both_named_the_one_that_keeps_edge_agent_out_first() {
    Device::healthy()
        .failing(to_hub, Step::Connect, Token::TimedOut)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .changed(of_port(443), |o| taken(o, Holder::default()))
        .expect(Status::Blocked, &[EgressBlocked, PortInUse]);
}

#[test]
fn what_nothing_explains_is_said_and_never_confirmed() {
    let verdict = Device::healthy()
        .failing(on(Transport::Amqp), Step::Amqp, Token::ConnectionClosed)
        .failing(on(Transport::AmqpWs), Step::Upgrade, Token::ConnectionClosed)
        .failing(on(Transport::Https), Step::Http, Token::ConnectionClosed)
        .expect(Status::Blocked, &[]);
    assert_eq!(verdict.confidence, Confidence::Likely);
    assert_eq!(verdict.unexplained.len(), 3);
}

#[test]
fn an_unreachable_control_host_is_no_fault() {
    let verdict = Device::healthy()
        .failing(to_control, Step::Connect, Token::TimedOut)
        .expect(Status::Healthy, &[]);
    assert!(verdict.unexplained.is_empty());
}

/// Lets a resolver answer with another address.
fn answer(observation: &mut edgeprobe_facts::Observation, address: &str) {
    let Facts::Dns(facts) = &mut observation.facts else { panic!("no name") };
    facts.addresses = vec![address.parse::<std::net::IpAddr>().unwrap().into()];
}

fn refused(transport: Transport, peer: &str) -> edgeprobe_facts::Observation {
    let mut observation = connection(transport, Role::Hub, peer);
    fail(&mut observation, Step::Connect, Token::ConnectionRefused);
    observation
}

fn silent(transport: Transport, peer: &str) -> edgeprobe_facts::Observation {
    let mut observation = connection(transport, Role::Hub, peer);
    fail(&mut observation, Step::Connect, Token::TimedOut);
    observation
}
