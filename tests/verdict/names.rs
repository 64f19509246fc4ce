//! Where the hub's name leads: private endpoints, split zones, hosts files, names that are no hub's.

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::endpoint::{Transport, TrustResult};
use edgeprobe_facts::{Facts, Observation, Role, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Effect, Status};

use crate::device::*;
use crate::network::*;

const PRIVATE: &str = "10.1.0.4";
const LINK: &str = "contoso.privatelink.azure-devices.net";

/// The transports that are asked at each address.
const ALL: [Transport; 3] = [Transport::Amqp, Transport::AmqpWs, Transport::Https];

#[test]
fn a_private_endpoint_that_answers_is_no_fault() {
    let verdict = led_by_private_link(Device::networked(), PRIVATE).expect(Status::Healthy, &[]);
    assert_eq!(verdict.confidence, Confidence::Confirmed);
}

#[test]
fn a_private_endpoint_out_of_reach_is_said_to_be_one_and_no_hijack() {
    let verdict = led_by_private_link(Device::healthy(), PRIVATE)
        .failing(to_hub, Step::Connect, Token::TimedOut)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Blocked, &[EgressBlocked]);
    assert!(verdict.causes[0].summary.contains("private endpoint"), "{}", verdict.summary);
}

#[test]
fn a_public_answer_to_a_private_endpoints_name_does_no_harm_while_the_hub_is_open() {
    led_by_private_link(Device::networked(), HUB_ADDRESS).expect(Status::Healthy, &[]);
}

#[test]
fn a_public_answer_where_the_hub_turns_away_is_a_zone_that_is_not_linked() {
    let verdict = led_by_private_link(Device::networked(), HUB_ADDRESS)
        .failing(on(Transport::Amqp), Step::Amqp, Token::ConnectionClosed)
        .failing(on(Transport::AmqpWs), Step::Upgrade, Token::ConnectionClosed)
        .failing(on(Transport::Https), Step::Http, Token::ConnectionClosed)
        .expect(Status::Blocked, &[DnsHijack]);
    assert!(verdict.causes[0].summary.contains("not linked"), "{}", verdict.summary);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
    assert!(verdict.unexplained.is_empty());
}

#[test]
fn a_public_answer_that_the_sites_firewall_stops_is_a_zone_that_is_not_linked() {
    let verdict = led_by_private_link(Device::networked(), HUB_ADDRESS)
        .failing(to_hub, Step::Connect, Token::TimedOut)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Blocked, &[DnsHijack]);
    assert!(verdict.unexplained.is_empty());
    // The same silence everywhere says nothing of the zone.
    led_by_private_link(Device::healthy(), HUB_ADDRESS)
        .failing(|o| to_hub(o) || to_control(o), Step::Connect, Token::TimedOut)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Blocked, &[EgressBlocked]);
}

#[test]
fn a_private_address_without_a_private_endpoint_is_doubted_only_where_no_hub_answers() {
    let verdict = led_to(Device::networked(), PRIVATE)
        .failing(to_hub, Step::Connect, Token::TimedOut)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Blocked, &[DnsHijack]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
    assert!(verdict.unexplained.is_empty());
    led_to(Device::networked(), PRIVATE).expect(Status::Healthy, &[]);
}

#[test]
fn containers_that_are_led_where_the_hub_cannot_be_used_have_another_zone() {
    let verdict = split().expect(Status::Blocked, &[DnsContainerFailure]);
    let cause = &verdict.causes[0];
    assert!(cause.summary.contains(HUB_ADDRESS) && cause.summary.contains(PRIVATE));
    assert_eq!(cause.confidence, Confidence::Confirmed);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    // Both answers are evidence.
    for vantage in ["host/", "bridge:"] {
        let theirs = |id: &String| id.starts_with(vantage) && id.contains("/dns/");
        assert!(cause.evidence.iter().any(theirs), "{:?}", cause.evidence);
    }
}

#[test]
fn containers_that_are_led_to_another_address_that_works_are_well() {
    let mut device = Device::networked();
    device = device.changed(|o| at_edge(o) && is_hub_name(o), |o| named(o, "20.49.110.3"));
    for transport in ALL {
        device = device
            .with(connection(transport, Role::Hub, "20.49.110.3"))
            .with(from(&edge_network(), connection(transport, Role::Hub, "20.49.110.3")));
    }
    device.expect(Status::Healthy, &[]);
}

#[test]
fn a_name_in_the_hosts_file_alone_is_not_inherited_by_containers() {
    let pinned = |o: &mut Observation| {
        let Facts::Dns(facts) = &mut o.facts else { unreachable!() };
        if facts.resolver == Resolver::System && o.id.starts_with("host/") {
            facts.hosts_file = vec![HUB_ADDRESS.parse().unwrap()];
        } else {
            facts.addresses.clear();
            fail(o, Step::Resolve, Token::DnsNxdomain);
        }
    };
    let verdict = Device::networked().changed(is_hub_name, pinned).sure(&[DnsContainerFailure]);
    assert!(verdict.causes[0].summary.contains("hosts file"), "{}", verdict.summary);
    // Where no container is there to ask from, it is a thing to come.
    let verdict = Device::healthy()
        .changed(is_hub_name, pinned)
        .expect(Status::Healthy, &[DnsContainerFailure]);
    assert_eq!(verdict.causes[0].effect, Effect::Warns);
    assert!(verdict.unexplained.is_empty());
}

#[test]
fn a_misspelt_ending_is_corrected_and_a_right_one_is_not() {
    let unknown = |hub: &str| {
        let mut device = Device::healthy().nameless(Token::DnsNxdomain, None);
        device.target.hub = hub.to_owned();
        let verdict = device.expect(Status::Blocked, &[HubNameUnknown]);
        verdict.causes[0].summary.clone()
    };
    assert!(unknown("contoso.azure-device.net").contains("contoso.azure-devices.net"));
    assert!(unknown("contoso.azure-devices.de").contains("closed"));
    for right in ["contoso.azure-devices.cn", "contoso.azure-devices.us", "hub.example.com"] {
        assert!(unknown(right).ends_with(&format!("{right} does not exist.")), "{right}");
    }
}

#[test]
fn the_hub_is_known_in_every_cloud() {
    for ending in ["net", "cn", "us"] {
        let mut device = Device::networked();
        device.target.hub = format!("contoso.azure-devices.{ending}");
        device
            .changed(to_hub, |o| {
                let trusted = TrustResult::Trusted;
                let wildcard = format!("*.azure-devices.{ending}");
                certified(o, "CN=DigiCert", &[&wildcard], &trust(trusted, trusted, trusted));
            })
            .expect(Status::Healthy, &[]);
    }
}

#[test]
fn the_private_endpoints_name_and_another_server_differ() {
    let mismatch = TrustResult::NameMismatch;
    let mut device = Device::healthy()
        .changed(to_hub, |o| {
            fail(o, Step::Tls, Token::TlsNameMismatch);
            certified(
                o,
                "CN=Microsoft Azure RSA TLS Issuing CA 03",
                &["*.azure-devices.net"],
                &trust(mismatch, mismatch, mismatch),
            );
        })
        .without(|o| matches!(o.facts, Facts::Clock(_)));
    device.target.hub = LINK.to_owned();
    let verdict = device.expect(Status::Blocked, &[NotIotHub]);
    assert!(verdict.causes[0].summary.contains(HUB), "{}", verdict.summary);
}

/// The host is led to a private endpoint that works, containers to the public address that the site
/// closes.
fn split() -> Device {
    let mut device = led_by_private_link(Device::networked(), PRIVATE)
        .changed(|o| at_edge(o) && is_hub_name(o), |o| named(o, HUB_ADDRESS));
    for transport in ALL {
        let mut closed = connection(transport, Role::Hub, HUB_ADDRESS);
        fail(&mut closed, Step::Connect, Token::TimedOut);
        device = device.with(from(&edge_network(), closed.clone())).with(closed);
    }
    device
}

/// Every answer leads to this address by way of the private endpoint's zone.
fn led_by_private_link(device: Device, address: &str) -> Device {
    led_to(device, address).changed(is_hub_name, |o| {
        let Facts::Dns(facts) = &mut o.facts else { unreachable!() };
        facts.canonical_names = vec![LINK.to_owned()];
    })
}

/// Every answer leads to this address, at which a hub answers.
fn led_to(device: Device, address: &str) -> Device {
    device.changed(is_hub_name, |o| named(o, address)).changed(to_hub, |o| {
        o.id = o.id.replace(HUB_ADDRESS, address);
        endpoint_of(o).unwrap().peer = address.parse().unwrap();
    })
}

fn named(observation: &mut Observation, address: &str) {
    let Facts::Dns(facts) = &mut observation.facts else { panic!("no name") };
    facts.addresses = vec![address.parse::<std::net::IpAddr>().unwrap().into()];
}
