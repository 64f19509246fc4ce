//! One scenario or more for each cause: what is observed, and what must be named.

use edgeprobe::verdict::CauseId::*;
use edgeprobe::verdict::{Confidence, Effect, Status};
use edgeprobe_probes::dns::Resolver;
use edgeprobe_probes::endpoint::{HttpFacts, Transport, TrustResult};
use edgeprobe_probes::ports::Holder;
use edgeprobe_probes::{Facts, Role, Step, Token};

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
fn refusing_failing_and_closed_name_servers_are_told_apart() {
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
fn a_refused_upgrade_degrades_beside_amqp_and_blocks_without_it() {
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
fn a_handshake_that_is_cut_on_the_hubs_name_alone_is_filtered() {
    let mut other = connection(Transport::Https, Role::Control, HUB_ADDRESS);
    fail(&mut other, Step::Tls, Token::TlsNameMismatch);
    let verdict = Device::healthy()
        .failing(on_443, Step::Tls, Token::ConnectionReset)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .with(other)
        .expect(Status::Degraded, &[TlsFiltered]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Confirmed);
    assert!(verdict.causes[0].summary.contains(CONTROL));
}

#[test]
fn a_clock_that_is_days_behind_explains_the_refused_certificates() {
    let early = TrustResult::NotYetValid;
    let verdict = Device::healthy()
        .changed(to_hub, |o| {
            fail(o, Step::Tls, Token::TlsNotYetValid);
            certified(
                o,
                "CN=Microsoft Azure RSA TLS Issuing CA 03",
                &["*.azure-devices.net"],
                &trust(early, early, TrustResult::Trusted),
            );
        })
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .with(clock(-3.0 * 86_400.0))
        .expect(Status::Blocked, &[ClockSkew]);
    assert!(verdict.causes[0].summary.contains("3 days behind"), "{}", verdict.summary);
}

#[test]
fn a_clock_that_is_ten_minutes_ahead_only_warns() {
    let verdict = Device::healthy()
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .with(clock(600.0))
        .expect(Status::Healthy, &[ClockSkew]);
    assert_eq!(verdict.causes[0].effect, Effect::Warns);
}

#[test]
fn an_interceptor_is_named_by_its_issuer() {
    let unknown = TrustResult::UnknownIssuer;
    let verdict = Device::healthy()
        .changed(to_hub, |o| {
            fail(o, Step::Tls, Token::TlsUnknownIssuer);
            certified(o, "CN=Contoso SSL Inspection", &[HUB], &trust(unknown, unknown, unknown));
        })
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Blocked, &[TlsIntercepted]);
    assert!(verdict.causes[0].summary.contains("Contoso SSL Inspection"));
}

#[test]
fn interception_on_443_alone_degrades() {
    let unknown = TrustResult::UnknownIssuer;
    Device::healthy()
        .changed(on_443, |o| {
            fail(o, Step::Tls, Token::TlsUnknownIssuer);
            certified(o, "CN=Contoso SSL Inspection", &[HUB], &trust(unknown, unknown, unknown));
        })
        .expect(Status::Degraded, &[TlsIntercepted]);
}

#[test]
fn an_interceptor_that_the_device_trusts_only_warns() {
    let verdict = Device::healthy()
        .changed(to_hub, |o| {
            let trusted = TrustResult::Trusted;
            certified(
                o,
                "CN=Contoso SSL Inspection",
                &[HUB],
                &trust(trusted, TrustResult::UnknownIssuer, trusted),
            );
        })
        .expect(Status::Healthy, &[TlsIntercepted]);
    assert_eq!(verdict.causes[0].effect, Effect::Warns);
}

#[test]
fn a_root_that_browsers_dropped_is_no_interception() {
    Device::healthy()
        .changed(to_hub, |o| {
            let trusted = TrustResult::Trusted;
            certified(
                o,
                "CN=DigiCert SHA2 Secure Server CA, O=DigiCert Inc",
                &["*.azure-devices.net"],
                &trust(trusted, TrustResult::UnknownIssuer, trusted),
            );
        })
        .expect(Status::Healthy, &[]);
}

#[test]
fn the_hubs_own_chain_without_its_root_is_a_missing_root() {
    Device::healthy()
        .changed(to_hub, |o| {
            fail(o, Step::Tls, Token::TlsUnknownIssuer);
            certified(
                o,
                "CN=DigiCert Global Root G2",
                &["*.azure-devices.net"],
                &trust(TrustResult::UnknownIssuer, TrustResult::Trusted, TrustResult::Trusted),
            );
        })
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Blocked, &[RootCaMissing]);
}

#[test]
fn an_amqp_broker_that_is_not_the_hub_is_said_to_be_one() {
    let verdict = Device::healthy()
        .changed(to_hub, |o| {
            let amqp = endpoint_of(o).unwrap();
            if let Some(amqp) = &mut amqp.amqp {
                amqp.mechanisms = vec!["PLAIN".to_owned(), "AMQPLAIN".to_owned()];
                fail(o, Step::Amqp, Token::AmqpNotIotHub);
            } else {
                amqp.http.as_mut().unwrap().iothub_errorcode = None;
                fail(o, Step::Http, Token::HttpNotIotHub);
            }
        })
        .expect(Status::Blocked, &[NotIotHub]);
    assert!(verdict.causes[0].summary.contains("AMQPLAIN"));
}

#[test]
fn another_sites_certificate_is_another_server() {
    let mismatch = TrustResult::NameMismatch;
    let verdict = Device::healthy()
        .changed(to_hub, |o| {
            fail(o, Step::Tls, Token::TlsNameMismatch);
            certified(
                o,
                "CN=R11, O=Let's Encrypt",
                &["www.example.com"],
                &trust(mismatch, mismatch, mismatch),
            );
            let facts = endpoint_of(o).unwrap();
            (facts.amqp, facts.http) = (None, None);
        })
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Blocked, &[NotIotHub]);
    assert!(verdict.causes[0].summary.contains("www.example.com"));
}

#[test]
fn a_portal_that_sends_everything_to_its_login_is_a_portal() {
    let unknown = TrustResult::UnknownIssuer;
    let portal = |o: &mut edgeprobe_probes::Observation| {
        fail(o, Step::Tls, Token::TlsUnknownIssuer);
        certified(o, "CN=Hotel", &["login.hotel.example"], &trust(unknown, unknown, unknown));
        let facts = endpoint_of(o).unwrap();
        facts.amqp = None;
        facts.http = Some(HttpFacts {
            status: 302,
            location: Some("https://login.hotel.example/".to_owned()),
            ..HttpFacts::default()
        });
    };
    let verdict = Device::healthy()
        .changed(|o| on_443(o) || to_control(o), portal)
        .failing(on(Transport::Amqp), Step::Connect, Token::TimedOut)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Blocked, &[CaptivePortal]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Confirmed);
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
        .expect(Status::Degraded, &[]);
    assert_eq!(verdict.confidence, Confidence::Likely);
    assert_eq!(verdict.unexplained.len(), 1);
}

#[test]
fn a_control_host_that_is_out_of_reach_is_no_fault_of_its_own() {
    let verdict = Device::healthy()
        .failing(to_control, Step::Connect, Token::TimedOut)
        .expect(Status::Healthy, &[]);
    assert!(verdict.unexplained.is_empty());
}

/// Lets a resolver answer with another address.
fn answer(observation: &mut edgeprobe_probes::Observation, address: &str) {
    let Facts::Dns(facts) = &mut observation.facts else { panic!("no name") };
    facts.addresses = vec![address.parse::<std::net::IpAddr>().unwrap().into()];
}

fn refused(transport: Transport, peer: &str) -> edgeprobe_probes::Observation {
    let mut observation = connection(transport, Role::Hub, peer);
    fail(&mut observation, Step::Connect, Token::ConnectionRefused);
    observation
}

fn silent(transport: Transport, peer: &str) -> edgeprobe_probes::Observation {
    let mut observation = connection(transport, Role::Hub, peer);
    fail(&mut observation, Step::Connect, Token::TimedOut);
    observation
}
