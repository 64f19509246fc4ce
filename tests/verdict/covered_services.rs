//! A bridge's subnet that covers what the engine and the daemons ask for from the host.

use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::registry::Part;
use edgeprobe_facts::{Observation, Role, Step, Token, runtime};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Status};

use crate::device::*;
use crate::proxies::{PROXY, is_proxied, proxied};
use crate::services::{PROVISIONING, REGISTRY, registry};

/// An address inside the subnet of the runtime's network.
const COVERED: &str = "172.18.44.1";

fn led_to_the_bridge() -> Device {
    Device::networked().rerouted(&[], &["172.18.0.0/16 dev br-edge"], &[])
}

fn provisioning(token: Token) -> Observation {
    let mut service = connection(Transport::Https, Role::Provisioning, COVERED);
    PROVISIONING.clone_into(&mut endpoint_of(&mut service).unwrap().server);
    fail(&mut service, Step::Connect, token);
    service
}

fn registry_at(address: &str, name: &str) -> Observation {
    let seen = crate::services::failing(
        registry(Some("module:1.0")),
        Part::Registry,
        Step::Connect,
        Token::HostUnreachable,
    );
    crate::services::of(seen, |facts| {
        name.clone_into(&mut facts.registry);
        name.clone_into(&mut facts.hosts[0].server);
        facts.hosts[0].addresses = vec![address.parse().unwrap()];
    })
}

#[test]
fn a_provisioning_service_inside_a_subnet_is_looked_for_on_the_bridge() {
    let verdict = led_to_the_bridge()
        .with(provisioning(Token::HostUnreachable))
        .expect(Status::Blocked, &[SubnetOverlap]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    assert_eq!(verdict.confidence, Confidence::Confirmed);
    for word in [COVERED, PROVISIONING, "br-edge", "172.18.0.0/16"] {
        assert!(verdict.summary.contains(word), "{}", verdict.summary);
    }
    // Who refuses is there, and what the kernel sends elsewhere is no bridge's.
    led_to_the_bridge()
        .with(provisioning(Token::ConnectionRefused))
        .expect(Status::Blocked, &[ProvisioningUnreachable]);
    let elsewhere = led_to_the_bridge().rerouted(&[], &["172.18.44.0/24 dev eth0"], &[]);
    let verdict = elsewhere.with(provisioning(Token::TimedOut)).verdict();
    assert!(verdict.causes.iter().any(|it| it.id == ProvisioningUnreachable), "{verdict:#?}");
}

#[test]
fn a_registry_inside_a_subnet_is_one_of_this_host_s_own_or_covered() {
    let device = |name: &str| led_to_the_bridge().with(registry_at(COVERED, name));
    let verdict = device(REGISTRY).verdict();
    assert_eq!(verdict.causes[0].id, SubnetOverlap, "{verdict:#?}");
    assert_eq!(verdict.causes.len(), 1, "{verdict:#?}");
    assert_eq!(verdict.causes[0].confidence, Confidence::Confirmed);
    // A registry of the plant's may be a container of this device.
    let verdict = device("registry.plant").verdict();
    assert_eq!(verdict.causes[0].id, SubnetOverlap, "{verdict:#?}");
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
    // Where one has the address, it is.
    let member = led_to_the_bridge().with(registry_at("172.18.0.2", "registry.plant")).verdict();
    assert!(member.causes.iter().all(|it| it.id != SubnetOverlap), "{member:#?}");
}

#[test]
fn a_proxy_of_the_daemons_inside_a_subnet_is_probably_covered() {
    let url = format!("http://{COVERED}:3128");
    let mut by_it = proxied(Transport::Https, Role::Hub, &url, runtime::Part::Daemon);
    endpoint_of(&mut by_it).unwrap().peer = COVERED.parse().unwrap();
    let told = |url: &str| {
        led_to_the_bridge()
            .set(&[(runtime::Part::Daemon, Some(url)), (runtime::Part::IdentityService, None)])
    };
    let verdict = told(&url)
        .with(by_it)
        .failing(is_proxied, Step::Connect, Token::HostUnreachable)
        .expect(Status::Degraded, &[SubnetOverlap]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    let apart = proxied(Transport::Https, Role::Hub, PROXY, runtime::Part::Daemon);
    told(PROXY)
        .with(apart)
        .failing(is_proxied, Step::Connect, Token::HostUnreachable)
        .expect(Status::Degraded, &[ProxyRejects]);
}
