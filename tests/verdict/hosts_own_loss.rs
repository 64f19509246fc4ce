//! What only one place, one way or one attempt loses, while another beside it shows that the rest
//! is well.

use edgeprobe_facts::endpoint::{Detour, Transport};
use edgeprobe_facts::route::tables::{Hop, LinkKind, Route};
use edgeprobe_facts::{Facts, Observation, Role, Step, Token, Vantage};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Effect, Status};

use crate::device::*;
use crate::network::*;

fn hosts(of: impl Fn(&Observation) -> bool) -> impl Fn(&Observation) -> bool {
    move |observation| observation.vantage == Vantage::Host && of(observation)
}

#[test]
fn a_port_that_only_edge_agent_uses_and_only_the_host_has_closed_is_a_warning() {
    let verdict = Device::networked()
        .failing(hosts(on(Transport::Amqp)), Step::Connect, Token::TimedOut)
        .expect(Status::Healthy, &[AmqpPortBlocked]);
    assert_eq!(verdict.causes[0].effect, Effect::Warns);
    assert!(verdict.outlook.edge_agent.contains("by amqp at its first attempt"));

    let verdict = Device::networked()
        .failing(hosts(on(Transport::AmqpWs)), Step::Upgrade, Token::UpgradeRefused)
        .expect(Status::Healthy, &[WebsocketBlocked]);
    assert_eq!(verdict.causes[0].effect, Effect::Warns);
}

#[test]
fn what_a_network_of_the_device_reaches_and_its_host_does_not_is_stopped_by_the_host_itself() {
    for token in [Token::TimedOut, Token::ConnectionRefused] {
        let verdict = Device::networked()
            .failing(hosts(|o| to_hub(o) || to_control(o)), Step::Connect, token)
            .without(|o| matches!(o.facts, Facts::Clock(_)))
            .sure(&[EgressBlocked]);
        let cause = &verdict.causes[0];
        assert!(cause.summary.contains("this host's own"), "{}", cause.summary);
        assert!(verdict.outlook.edge_agent.contains("daemons on the host"), "{verdict:#?}");
        assert!(
            !cause.remedy.iter().any(|step| step.text.contains("administrator of the firewall"))
        );
    }
    // Where the kernel sends its own packets another way than the network's, that way may be closed.
    let verdict = Device::networked()
        .failing(hosts(to_hub), Step::Connect, Token::TimedOut)
        .changed(is_route, |o| {
            let Facts::Route(facts) = &mut o.facts else { unreachable!() };
            facts.interface = Some("eth1".to_owned());
        })
        .expect(Status::Blocked, &[EgressBlocked]);
    assert!(verdict.summary.contains("leave by eth1"), "{}", verdict.summary);
    assert!(verdict.causes[0].would_confirm.is_some());
}

/// A device whose hub is closed by the usual way, open by a modem.
fn beside_a_modem() -> Device {
    let mut by_the_modem = connection(Transport::Amqp, Role::Detour, HUB_ADDRESS);
    detoured(&mut by_the_modem, Detour::Interface("wwan0".to_owned()));
    Device::networked()
        .rerouted(
            &[("wwan0", LinkKind::Wwan)],
            &["default via 10.64.0.1 dev wwan0 metric 700"],
            &[],
        )
        .with(by_the_modem)
}

#[test]
fn an_uplink_that_reaches_other_hosts_is_not_dead() {
    for token in [Token::TimedOut, Token::ConnectionRefused] {
        let verdict = beside_a_modem().failing(to_hub, Step::Connect, token).sure(&[EgressBlocked]);
        assert!(verdict.summary.ends_with("By wwan0 the hub is reached."), "{}", verdict.summary);
        assert!(verdict.ruled_out.iter().any(|other| other.id == WrongUplink));
    }
    // A tunnel through which others are reached does not lose what somebody behind it refuses.
    let tunnelled = |o: &mut Observation| {
        let Facts::Route(facts) = &mut o.facts else { unreachable!() };
        facts.interface = Some("tun0".to_owned());
        (facts.gateway, facts.gateway_answers) = (None, None);
    };
    let mut by_the_uplink = connection(Transport::Amqp, Role::Detour, HUB_ADDRESS);
    detoured(&mut by_the_uplink, Detour::Interface("eth0".to_owned()));
    Device::networked()
        .rerouted(&[("tun0", LinkKind::Tun)], &["0.0.0.0/1 dev tun0", "128.0.0.0/1 dev tun0"], &[])
        .changed(is_route, tunnelled)
        .failing(to_hub, Step::Connect, Token::TimedOut)
        .with(by_the_uplink)
        .sure(&[EgressBlocked]);
}

/// Ends a handshake before a certificate came.
fn unanswered(token: Token) -> impl Fn(&mut Observation) {
    move |observation| {
        fail(observation, Step::Tls, token);
        let facts = endpoint_of(observation).unwrap();
        (facts.tls, facts.amqp) = (None, None);
    }
}

#[test]
fn one_lost_handshake_while_another_completes_proves_no_filter() {
    let upgrade = |o: &Observation| at_edge(o) && on(Transport::AmqpWs)(o);
    let mut small = connection(Transport::Https, Role::Detour, HUB_ADDRESS);
    detoured(&mut small, Detour::SmallSegments);
    for token in [Token::TimedOut, Token::ConnectionReset] {
        let verdict = Device::networked()
            .changed(upgrade, unanswered(token))
            .with(from(&edge_network(), small.clone()))
            .verdict();
        assert!(verdict.causes.is_empty(), "{token}: {:#?}", verdict.causes);
        assert_eq!(verdict.unexplained.len(), 1, "{token}");
    }
}

#[test]
fn a_route_by_two_uplinks_does_not_show_which_carried_the_answer() {
    let verdict = beside_a_modem()
        .retabled(|tables| {
            let default = |route: &&mut Route| route.destination.prefix_len() == 0;
            let by_both = tables.routes.iter_mut().find(default).unwrap();
            let modem = Some("wwan0".to_owned());
            by_both.hops.push(Hop { interface: modem, gateway: None, dead: false });
        })
        .failing(to_hub, Step::Connect, Token::TimedOut)
        .expect(Status::Blocked, &[WrongUplink]);
    assert!(!verdict.ruled_out.iter().any(|other| other.id == WrongUplink));
}
