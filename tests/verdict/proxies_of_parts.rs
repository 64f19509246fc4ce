//! The proxies that the daemons and Edge Hub go by, beside Edge Agent's way.

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::endpoint::{Transport, TrustResult};
use edgeprobe_facts::engine::Container;
use edgeprobe_facts::runtime::Part;
use edgeprobe_facts::{Facts, Observation, Role, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Effect, Status};

use crate::device::*;
use crate::network::*;
use crate::proxies::{PROXY, is_proxied, proxied};

/// What a part's proxy brings, over HTTPS and WebSocket, from the host or the edge network.
fn asked(
    mut device: Device,
    part: Part,
    url: &str,
    place: fn(Observation) -> Observation,
) -> Device {
    for transport in [Transport::AmqpWs, Transport::Https] {
        device.observations.push(place(proxied(transport, Role::Hub, url, part)));
    }
    device
}

fn on_the_host(seen: Observation) -> Observation {
    seen
}

fn on_the_network(seen: Observation) -> Observation {
    from(&edge_network(), seen)
}

impl Device {
    /// Edge Agent runs on this device.
    fn with_edge_agent(self) -> Self {
        self.changed(is_engine, |seen| {
            let Facts::Engine(facts) = &mut seen.facts else { unreachable!() };
            let name = "edgeAgent".to_owned();
            facts.containers.push(Container { name, ..Container::default() });
        })
    }
}

/// A device in the open on which these parts are told of a proxy, and are asked for it on the host.
fn told(parts: &[Part]) -> Device {
    let settings: Vec<_> = parts.iter().map(|part| (*part, Some(PROXY))).collect();
    let device = Device::networked().with_edge_agent().set(&settings);
    asked(device, parts[0], PROXY, on_the_host)
}

fn dead(device: Device) -> Device {
    device.failing(is_proxied, Step::Connect, Token::TimedOut)
}

#[test]
fn a_dead_proxy_of_the_daemons_degrades_a_device_whose_direct_way_is_open() {
    let parts = [Part::Daemon, Part::IdentityService];
    told(&parts).expect(Status::Healthy, &[]);
    let verdict = dead(told(&parts)).expect(Status::Degraded, &[ProxyRejects]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    assert_eq!(verdict.confidence, Confidence::Confirmed, "{verdict:#?}");
    for word in [PROXY, "aziot-edged and aziot-identityd", "new identity"] {
        assert!(verdict.summary.contains(word), "{}", verdict.summary);
    }
    assert_eq!(verdict.causes[0].details["source"], serde_json::json!(["a file", "a file"]));
}

#[test]
fn a_device_whose_edge_agent_does_not_run_yet_gets_no_identity_by_a_dead_proxy() {
    let device = |part| {
        let device = Device::networked().set(&[(part, Some(PROXY))]);
        dead(asked(device, part, PROXY, on_the_host))
    };
    for part in [Part::IdentityService, Part::Daemon] {
        let verdict = device(part).sure(&[ProxyRejects]);
        assert!(verdict.outlook.edge_agent.contains("identity"), "{}", verdict.outlook.edge_agent);
    }
    // Where another part gives identities, the daemon's own loss stops nothing.
    let device =
        Device::networked().set(&[(Part::Daemon, Some(PROXY)), (Part::IdentityService, None)]);
    let device = dead(asked(device, Part::Daemon, PROXY, on_the_host));
    device.expect(Status::Degraded, &[ProxyRejects]);
}

#[test]
fn a_proxy_that_no_part_of_the_runtime_uses_is_no_fault() {
    for part in [Part::Environment, Part::System, Part::Engine] {
        let device = Device::networked().with_edge_agent().set(&[(part, Some(PROXY))]);
        let verdict = dead(asked(device, part, PROXY, on_the_host)).expect(Status::Healthy, &[]);
        assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    }
}

#[test]
fn a_proxy_that_refuses_websocket_does_not_affect_the_daemons() {
    let refused = |o: &Observation| is_proxied(o) && on(Transport::AmqpWs)(o);
    told(&[Part::Daemon])
        .failing(refused, Step::Upgrade, Token::UpgradeRefused)
        .expect(Status::Healthy, &[]);
}

#[test]
fn one_address_of_a_proxy_that_works_is_enough() {
    let url = "http://proxy.plant:3128";
    let device = Device::networked().with_edge_agent().set(&[(Part::Daemon, Some(url))]);
    let mut device = asked(device, Part::Daemon, url, on_the_host).with(name(
        "proxy.plant",
        Role::Proxy,
        Resolver::System,
        &["10.0.0.1", "10.0.0.2"],
    ));
    for transport in [Transport::AmqpWs, Transport::Https] {
        let mut second = proxied(transport, Role::Hub, url, Part::Daemon);
        endpoint_of(&mut second).unwrap().peer = "10.0.0.2".parse().unwrap();
        second.id += "/second";
        fail(&mut second, Step::Connect, Token::TimedOut);
        device.observations.push(second);
    }
    let verdict = device.expect(Status::Healthy, &[]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
}

#[test]
fn two_proxies_that_are_lost_are_two_findings() {
    let other = "http://10.0.0.2:3128";
    let device = Device::networked()
        .with_edge_agent()
        .set(&[(Part::Daemon, Some(other)), (Part::EdgeAgent, Some(PROXY))]);
    let device = asked(device, Part::EdgeAgent, PROXY, on_the_host);
    let device = asked(device, Part::EdgeAgent, PROXY, on_the_network);
    let device = asked(device, Part::Daemon, other, on_the_host);
    let verdict = dead(device.clone().by_websocket_alone())
        .expect(Status::Blocked, &[ProxyRejects, ProxyRejects]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    assert!(verdict.causes[1].summary.contains(other), "{}", verdict.causes[1].summary);
    // One that both go by is one.
    let device = Device::networked()
        .with_edge_agent()
        .set(&[(Part::Daemon, Some(PROXY)), (Part::EdgeAgent, Some(PROXY))]);
    let device = asked(device, Part::Daemon, PROXY, on_the_host);
    let device = asked(device, Part::Daemon, PROXY, on_the_network).by_websocket_alone();
    dead(device).expect(Status::Blocked, &[ProxyRejects]);
}

#[test]
fn edge_hub_s_dead_proxy_degrades_it_or_shuts_it_in() {
    let device = Device::networked().with_edge_agent().set(&[(Part::EdgeHub, Some(PROXY))]);
    let device = asked(device, Part::EdgeHub, PROXY, on_the_network);
    device.expect(Status::Healthy, &[]);
    let verdict = dead(device.clone()).expect(Status::Degraded, &[ProxyRejects]);
    for word in ["edgeHub", "azure-iot-edge", "port 443"] {
        assert!(verdict.summary.contains(word), "{}", verdict.summary);
    }
    let verdict = dead(device.by_websocket_alone()).sure(&[ProxyRejects]);
    assert_eq!(verdict.causes[0].effect, Effect::Blocks);
    assert!(verdict.outlook.edge_hub.contains("does not reach"), "{}", verdict.outlook.edge_hub);
    assert!(verdict.outlook.edge_agent.contains("first attempt"));
}

#[test]
fn a_container_name_that_only_the_engine_knows_is_no_fault() {
    let url = "http://proxy-module:3128";
    let unknown = |resolver: &str| {
        let resolver = Resolver::Server(resolver.parse().unwrap());
        let mut unknown = name("proxy-module", Role::Proxy, resolver, &[]);
        fail(&mut unknown, Step::Resolve, Token::DnsNxdomain);
        from(&edge_network(), unknown)
    };
    let device = Device::networked().with_edge_agent().set(&[(Part::EdgeHub, Some(url))]);
    let verdict = device.clone().with(unknown("10.0.0.53:53")).expect(Status::Healthy, &[]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    let verdict = device.with(unknown("127.0.0.11:53")).expect(Status::Degraded, &[ProxyRejects]);
    assert!(verdict.summary.contains("proxy-module"), "{}", verdict.summary);
}

#[test]
fn a_network_that_is_cut_off_loses_edge_hub_s_proxy_with_it() {
    let device = Device::networked().with_edge_agent().set(&[(Part::EdgeHub, Some(PROXY))]);
    let verdict = asked(device, Part::EdgeHub, PROXY, on_the_network)
        .cut_off(Token::TimedOut)
        .retabled(|tables| tables.ip_forward = Some(false))
        .expect(Status::Blocked, &[IpForwardDisabled]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
}

#[test]
fn a_stranger_s_certificate_by_the_daemons_proxy_is_not_hidden() {
    let unknown = TrustResult::UnknownIssuer;
    let foreign = trust(unknown, unknown, unknown);
    let verdict = told(&[Part::Daemon])
        .failing(is_proxied, Step::Tls, Token::TlsUnknownIssuer)
        .changed(is_proxied, |seen| certified(seen, "CN=Corp Inspect", &[HUB], &foreign))
        .expect(Status::Degraded, &[TlsIntercepted]);
    assert!(verdict.summary.contains("Corp Inspect"), "{}", verdict.summary);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
}
