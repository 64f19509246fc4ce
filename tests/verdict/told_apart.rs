//! What a page says tells a cause from its neighbours: the rule says the same.

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::endpoint::{Detour, Transport};
use edgeprobe_facts::ports::BindResult;
use edgeprobe_facts::route::tables::{LinkKind, Route};
use edgeprobe_facts::{Facts, Observation, Role, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Status, Verdict};

use crate::device::*;

/// The sentence of the first cause.
fn told(verdict: &Verdict) -> &str {
    &verdict.causes[0].summary
}

fn has_ruled_out(verdict: &Verdict, words: &str) -> bool {
    verdict.ruled_out.iter().any(|other| other.because.contains(words))
}

#[test]
fn a_closed_443_is_held_against_another_host_s() {
    let closed = || Device::healthy().failing(on_443, Step::Connect, Token::TimedOut);
    let verdict = closed().expect(Status::Degraded, &[HttpsPortBlocked]);
    assert!(told(&verdict).contains("another host's is open"), "{}", told(&verdict));
    let verdict = closed()
        .failing(to_control, Step::Connect, Token::TimedOut)
        .expect(Status::Degraded, &[HttpsPortBlocked]);
    assert!(told(&verdict).contains("another host alike"), "{}", told(&verdict));
}

#[test]
fn a_443_that_opens_and_is_cut_is_no_closed_port_and_not_ruled_out_as_open() {
    let verdict = Device::healthy()
        .failing(on_443, Step::Tls, Token::ConnectionReset)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Degraded, &[TlsFiltered]);
    assert!(!verdict.ruled_out.iter().any(|other| other.id == HttpsPortBlocked), "{verdict:#?}");
}

#[test]
fn a_far_hub_and_a_slow_way_out_differ() {
    let slow = |observation: &mut Observation| {
        endpoint_of(observation).unwrap().round_trip_ms = Some(640.0);
    };
    let verdict = Device::healthy().changed(to_hub, slow).expect(Status::Healthy, &[HighLatency]);
    assert!(told(&verdict).contains("distance"), "{}", told(&verdict));
    let verdict = Device::healthy()
        .changed(to_hub, slow)
        .changed(to_control, slow)
        .expect(Status::Healthy, &[HighLatency]);
    assert!(told(&verdict).contains("the way out itself is slow"), "{}", told(&verdict));
    assert!(!verdict.causes[0].remedy.iter().any(|it| it.text.contains("region")));
}

#[test]
fn a_server_that_fails_for_one_zone_and_one_that_fails_for_all_differ() {
    let failing = |control| Device::healthy().nameless(Token::DnsServfail, control);
    let verdict = failing(None).expect(Status::Blocked, &[DnsHostFailure]);
    assert!(told(&verdict).contains("answers for other names"), "{}", told(&verdict));
    assert!(verdict.causes[0].remedy.iter().any(|it| it.text.contains("conditional forwarder")));
    let verdict = failing(Some(Token::DnsServfail)).expect(Status::Blocked, &[DnsHostFailure]);
    assert!(told(&verdict).contains("reports that it failed"), "{}", told(&verdict));
}

/// Nothing is reached by the usual way, and there is a modem beside it.
fn beside_a_modem() -> Device {
    Device::networked()
        .rerouted(
            &[("wwan0", LinkKind::Wwan)],
            &["default via 10.64.0.1 dev wwan0 metric 700"],
            &[],
        )
        .nameless(Token::DnsTimeout, Some(Token::DnsTimeout))
        .with(route(HUB_ADDRESS))
}

/// The name server's answer by the modem.
fn by_the_modem() -> Observation {
    let server = Resolver::Server("10.0.0.53:53".parse().unwrap());
    let mut answer = name(HUB, Role::Detour, server, &[HUB_ADDRESS]);
    answer.id += "/by-wwan0";
    let Facts::Dns(facts) = &mut answer.facts else { unreachable!() };
    facts.interface = Some("wwan0".to_owned());
    answer
}

#[test]
fn a_name_server_that_answers_by_another_uplink_makes_it_likely_and_a_connection_certain() {
    let verdict = beside_a_modem().with(by_the_modem()).expect(Status::Blocked, &[WrongUplink]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
    assert!(told(&verdict).contains("a name server answers by wwan0"), "{}", told(&verdict));

    let mut opened = connection(Transport::Amqp, Role::Detour, HUB_ADDRESS);
    detoured(&mut opened, Detour::Interface("wwan0".to_owned()));
    beside_a_modem().with(by_the_modem()).with(opened.clone()).sure(&[WrongUplink]);

    // A name server near by may answer where nothing beyond it is reached.
    fail(&mut opened, Step::Connect, Token::TimedOut);
    let device = beside_a_modem().with(by_the_modem()).with(opened);
    let verdict = device.expect(Status::Blocked, &[WrongUplink]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
}

#[test]
fn a_route_that_leads_out_by_two_uplinks_is_two_ways_out() {
    let device = beside_a_modem().retabled(|tables| {
        let everywhere = |route: &&mut Route| route.destination.prefix_len() == 0;
        let modem = tables.routes.pop_if(|route| route.leaves_by("wwan0")).unwrap();
        let mut defaults = tables.routes.iter_mut().filter(everywhere);
        defaults.next().unwrap().hops.extend(modem.hops);
    });
    let mut opened = connection(Transport::Amqp, Role::Detour, HUB_ADDRESS);
    detoured(&mut opened, Detour::Interface("wwan0".to_owned()));
    let verdict = device.with(by_the_modem()).with(opened).sure(&[WrongUplink]);
    // To take one hop's route away takes the other's with it.
    let mut commands = verdict.causes[0].remedy.iter().filter_map(|step| step.command.as_deref());
    let replaced = "sudo ip route replace default via 10.64.0.1 dev wwan0";
    assert!(commands.clone().any(|command| command == replaced), "{verdict:#?}");
    assert!(!commands.any(|command| command.contains("route del")), "{verdict:#?}");
}

#[test]
fn with_one_way_out_no_other_can_be_the_right_one() {
    let verdict = Device::networked()
        .failing(|o| o.facts.endpoint().is_some(), Step::Connect, Token::TimedOut)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Blocked, &[EgressBlocked]);
    assert!(has_ruled_out(&verdict, "only one interface has a default route"), "{verdict:#?}");
}

#[test]
fn a_handshake_that_goes_on_with_tls_1_2_alone_is_cut_for_its_version() {
    let older = |transport: Transport| {
        let mut control = connection(transport, Role::Detour, HUB_ADDRESS);
        detoured(&mut control, Detour::Tls12);
        control
    };
    let cut = || {
        Device::healthy()
            .failing(to_hub, Step::Tls, Token::ConnectionReset)
            .failing(to_control, Step::Tls, Token::ConnectionReset)
            .without(|o| matches!(o.facts, Facts::Clock(_)))
    };
    let verdict =
        cut().with(older(Transport::Amqp)).with(older(Transport::AmqpWs)).sure(&[TlsFiltered]);
    assert!(told(&verdict).contains("TLS 1.2 alone"), "{}", told(&verdict));
    assert!(verdict.causes[0].remedy.iter().any(|it| it.text.contains("let TLS 1.3 pass")));
    // On another port than the one that is cut it shows nothing of that.
    let mut elsewhere = older(Transport::Mqtt);
    elsewhere.id += "/elsewhere";
    cut().with(elsewhere).expect(Status::Blocked, &[]);
}

#[test]
fn a_route_of_the_site_inside_the_subnet_takes_the_answers_away() {
    let shadowed =
        || Device::networked().rerouted(&[], &["172.18.0.0/24 via 192.168.1.1 dev eth0"], &[]);
    let verdict = shadowed().cut_off(Token::TimedOut).sure(&[SubnetOverlap]);
    assert!(told(&verdict).contains("172.18.0.0/24"), "{}", told(&verdict));
    assert!(told(&verdict).contains("leave by eth0"), "{}", told(&verdict));
    // Where connections open all the same it is no more than a warning.
    shadowed().expect(Status::Healthy, &[SubnetOverlap]);
}

#[test]
fn ipv6_of_the_provisioning_service_is_looked_at_as_the_hub_s_is() {
    let service = |peer: &str| connection(Transport::Https, Role::Provisioning, peer);
    let mut ipv6 = service("2603:1030::9");
    fail(&mut ipv6, Step::Connect, Token::TimedOut);
    let verdict = Device::healthy()
        .with(service("20.62.128.1"))
        .with(ipv6)
        .expect(Status::Healthy, &[Ipv6Broken]);
    assert!(told(&verdict).contains(CONTROL), "{}", told(&verdict));
}

#[test]
fn an_engine_without_root_may_bind_no_more_than_its_user() {
    let unprivileged = || {
        Device::networked().changed(of_port(443), |o| {
            let Facts::Ports(facts) = &mut o.facts else { unreachable!() };
            facts.may_bind = false;
            for bind in &mut facts.binds {
                bind.result = BindResult::NotPermitted;
            }
        })
    };
    unprivileged().expect(Status::Healthy, &[]);
    let verdict = unprivileged()
        .changed(is_engine, |o| {
            let Facts::Engine(facts) = &mut o.facts else { unreachable!() };
            facts.rootless = true;
        })
        .expect(Status::Blocked, &[PortNotPermitted]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
    assert!(verdict.causes[0].remedy[0].text.starts_with("Rootless"), "{verdict:#?}");
}
