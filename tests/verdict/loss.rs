//! A line that loses packets, and what a silence on it proves.

use edgeprobe_facts::endpoint::{MqttFacts, Transport};
use edgeprobe_facts::{Facts, Observation, Step, Token, Tries};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Effect, Status, Verdict};

use crate::device::*;

fn is_asked(seen: &Observation) -> bool {
    seen.facts.endpoint().is_some() || matches!(seen.facts, Facts::Dns(_))
}

/// A healthy device of which each of the eight exchanges sent ten packets, and lost so many.
fn losing(lost: u32) -> Device {
    let counted = |seen: &mut Observation| {
        seen.tries = Some(Tries { begun: 1, sent: 10, lost, unanswered: 0 });
    };
    Device::healthy().changed(is_asked, counted)
}

/// Stays silent at a step, after so many packets.
fn silent(step: Step, unanswered: u32) -> impl Fn(&mut Observation) {
    let token = if step == Step::Resolve { Token::DnsTimeout } else { Token::TimedOut };
    move |seen| {
        fail(seen, step, token);
        seen.tries = Some(Tries { begun: 2, unanswered, ..Tries::default() });
    }
}

fn names(verdict: &Verdict, id: edgeprobe_verdict::CauseId) -> Option<Confidence> {
    verdict.causes.iter().find(|cause| cause.id == id).map(|cause| cause.confidence)
}

#[test]
fn a_line_that_loses_some_packets_is_told_and_no_more() {
    losing(0).expect(Status::Healthy, &[]);
    let verdict = losing(1).expect(Status::Healthy, &[LossyLink]);
    let cause = &verdict.causes[0];
    assert_eq!((cause.effect, cause.confidence), (Effect::Warns, Confidence::Confirmed));
    assert!(cause.summary.contains("8 of 80 packets"), "{}", cause.summary);
}

#[test]
fn a_line_that_loses_every_third_packet_costs_edge_agent_its_time_outs() {
    let verdict = losing(4).expect(Status::Degraded, &[LossyLink]);
    assert_eq!(verdict.causes[0].effect, Effect::Degrades);
}

#[test]
fn one_lost_packet_is_no_lossy_line() {
    let once = Tries { begun: 1, sent: 10, lost: 1, unanswered: 0 };
    losing(0)
        .changed(on(Transport::Amqp), |seen| seen.tries = Some(once))
        .expect(Status::Healthy, &[]);
}

#[test]
fn what_chance_may_have_silenced_is_left_open_and_never_confirmed() {
    for (transport, step) in [
        (Transport::Amqp, Step::Connect),
        (Transport::Amqp, Step::Tls),
        (Transport::AmqpWs, Step::Upgrade),
    ] {
        let verdict = losing(1).changed(on(transport), silent(step, 3)).verdict();
        assert_eq!(verdict.status, Status::Inconclusive, "{verdict:#?}");
        let wrong = verdict.causes.iter().filter(|cause| cause.id != LossyLink);
        assert_eq!(wrong.count(), 0, "{verdict:#?}");
        let why: Vec<&str> = verdict.not_tested.iter().map(|it| it.why.as_str()).collect();
        assert!(why.iter().any(|why| why.contains("packets are lost on this line")), "{why:?}");
    }
}

#[test]
fn the_more_is_sent_in_vain_the_surer_the_cause() {
    let of = |unanswered| {
        let verdict =
            losing(1).changed(on(Transport::Amqp), silent(Step::Connect, unanswered)).verdict();
        names(&verdict, AmqpPortBlocked)
    };
    let all: Vec<Option<Confidence>> = (1..30).map(of).collect();
    let mut distinct = all.clone();
    distinct.dedup();
    let expected = [None, Some(Confidence::Likely), Some(Confidence::Confirmed)];
    assert_eq!(distinct, expected, "{all:?}");
}

#[test]
fn on_a_line_that_loses_nothing_a_silence_confirms_as_before() {
    let verdict = losing(0)
        .changed(on(Transport::Amqp), silent(Step::Connect, 8))
        .expect(Status::Degraded, &[AmqpPortBlocked]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Confirmed);
}

#[test]
fn a_silence_that_was_not_counted_confirms_as_before() {
    let verdict = Device::healthy()
        .failing(on(Transport::Amqp), Step::Connect, Token::TimedOut)
        .expect(Status::Degraded, &[AmqpPortBlocked]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Confirmed);
}

#[test]
fn what_is_refused_is_no_packet_lost() {
    let refused = |seen: &mut Observation| {
        fail(seen, Step::Connect, Token::ConnectionRefused);
        seen.tries = Some(Tries { begun: 1, ..Tries::default() });
    };
    let verdict = losing(1).changed(on(Transport::Amqp), refused).verdict();
    assert_eq!(names(&verdict, AmqpPortBlocked), Some(Confidence::Confirmed), "{verdict:#?}");
}

#[test]
fn many_silences_together_are_no_chance_though_each_might_be() {
    let verdict = losing(1)
        .changed(|seen| to_hub(seen) || to_control(seen), silent(Step::Connect, 3))
        .without(|seen| matches!(seen.facts, Facts::Clock(_)))
        .verdict();
    assert_eq!(verdict.status, Status::Blocked, "{verdict:#?}");
    assert_eq!(verdict.causes[0].id, EgressBlocked);
}

#[test]
fn a_silent_name_server_beside_one_that_answers_is_at_most_likely() {
    let is_server = |seen: &Observation| {
        is_hub_name(seen)
            && matches!(&seen.facts, Facts::Dns(facts)
                if facts.resolver != edgeprobe_facts::dns::Resolver::System)
    };
    let verdict = losing(0).changed(is_server, silent(Step::Resolve, 20)).verdict();
    assert_eq!(verdict.status, Status::Healthy, "{verdict:#?}");
    assert_eq!(names(&verdict, DnsHostFailure), Some(Confidence::Likely), "{verdict:#?}");
}

#[test]
fn an_edge_hub_that_loses_an_early_connect_is_no_blocked_port() {
    let mut device = Device::healthy();
    device.target.protocols.push(Transport::Mqtt);
    let mqtt = |lost_at_once| {
        let mut seen = connection(Transport::Mqtt, edgeprobe_facts::Role::Hub, HUB_ADDRESS);
        endpoint_of(&mut seen).unwrap().mqtt = Some(MqttFacts { connack: 5, lost_at_once });
        seen
    };
    device.clone().with(mqtt(0)).expect(Status::Healthy, &[]);
    let verdict = device.clone().with(mqtt(3)).expect(Status::Healthy, &[EdgeHubMqttDefect]);
    assert_eq!(verdict.causes[0].effect, Effect::Warns);
    // Without another way the device does not come up.
    device.target.protocols = vec![Transport::Mqtt];
    let verdict = device.with(mqtt(3)).verdict();
    assert_eq!(verdict.status, Status::Blocked, "{verdict:#?}");
}
