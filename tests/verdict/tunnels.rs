//! A proxy that opens the tunnel: what it carries through it, and to whom.

use edgeprobe_facts::endpoint::{Transport, TrustResult};
use edgeprobe_facts::runtime::Part;
use edgeprobe_facts::{Observation, Role, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Status};

use crate::device::*;
use crate::nested::{PARENT, as_the_parents, child};
use crate::network::*;
use crate::proxies::{PROXY, PROXY_ADDRESS, behind_a_proxy, is_proxied, proxied};

/// The control host by the same proxy, from the host.
fn control() -> Observation {
    proxied(Transport::Https, Role::Control, PROXY, Part::Environment)
}

/// The proxy opens every tunnel, and no handshake comes through.
fn dead(token: Token) -> Device {
    behind_a_proxy().failing(is_proxied, Step::Tls, token)
}

fn lost(token: Token) -> Observation {
    let mut control = control();
    fail(&mut control, Step::Tls, token);
    control
}

#[test]
fn a_proxy_that_lets_nothing_through_its_tunnels_is_at_fault() {
    for (token, word) in [
        (Token::TimedOut, "no answer comes"),
        (Token::ConnectionReset, "cuts it"),
        (Token::ConnectionClosed, "cuts it"),
    ] {
        let verdict = dead(token).with(lost(token)).sure(&[ProxyRejects]);
        assert!(verdict.summary.contains(word), "{}", verdict.summary);
        let remedies = &verdict.causes[0].remedy;
        assert!(remedies.iter().any(|it| it.text.contains("inspection of TLS")), "{remedies:#?}");
        assert!(!remedies.iter().any(|it| it.text.contains("credentials")), "{remedies:#?}");
    }
}

#[test]
fn without_a_control_or_with_one_that_passes_the_proxy_is_likely() {
    for (device, word) in [
        (dead(Token::ConnectionReset), "cuts it"),
        (dead(Token::ConnectionReset).with(control()), "carries another host's"),
    ] {
        let verdict = device.expect(Status::Blocked, &[ProxyRejects]);
        assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
        assert!(verdict.summary.contains(word), "{}", verdict.summary);
        assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    }
}

#[test]
fn a_tunnel_that_carries_rules_the_proxy_out() {
    let verdict = behind_a_proxy().by_websocket_alone().expect(Status::Healthy, &[]);
    assert!(verdict.ruled_out.iter().any(|other| other.id == ProxyRejects));
}

fn at_amqp(observation: &Observation) -> bool {
    observation.facts.endpoint().is_some_and(|facts| facts.transport == Transport::Amqp)
}

/// A child whose way to its parent is a proxy: nothing else passes.
fn child_by_a_proxy() -> Device {
    let mut device = child()
        .without(at_amqp)
        .failing(|o| o.facts.endpoint().is_some(), Step::Connect, Token::TimedOut)
        .told(PROXY, true);
    device.target.protocols = vec![Transport::AmqpWs];
    for transport in [Transport::AmqpWs, Transport::Https] {
        let mut seen = proxied(transport, Role::Hub, PROXY, Part::Environment);
        as_the_parents(&mut seen, None);
        endpoint_of(&mut seen).unwrap().peer = PROXY_ADDRESS.parse().unwrap();
        device.observations.push(from(&edge_network(), seen.clone()));
        device.observations.push(seen);
    }
    device
}

#[test]
fn a_child_may_reach_its_parent_by_a_proxy() {
    let verdict = child_by_a_proxy().expect(Status::Healthy, &[]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    assert!(verdict.outlook.edge_agent.contains(PROXY), "{}", verdict.outlook.edge_agent);
}

#[test]
fn a_child_s_proxy_that_refuses_is_no_parent_s_fault() {
    let verdict = child_by_a_proxy()
        .failing(is_proxied, Step::Proxy, Token::ProxyForbidden)
        .expect(Status::Blocked, &[ProxyRejects]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
}

#[test]
fn what_answers_behind_a_child_s_proxy_may_be_no_parent() {
    let unknown = TrustResult::UnknownIssuer;
    let foreign = trust(unknown, unknown, unknown);
    let verdict = child_by_a_proxy()
        .failing(is_proxied, Step::Tls, Token::TlsUnknownIssuer)
        .changed(is_proxied, |o| certified(o, "CN=Other CA", &["printer.plant"], &foreign))
        .expect(Status::Blocked, &[ParentUnreachable]);
    assert!(verdict.summary.contains("printer.plant") && verdict.summary.contains(PARENT));
}
