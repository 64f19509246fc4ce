//! A run with so little time that it cuts its own questions short: their silence proves nothing.

use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::{Facts, Observation, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Status, Verdict};

use crate::device::*;

/// Fails at a step because the run's time was over.
fn cut(step: Step) -> impl Fn(&mut Observation) {
    let token = if step == Step::Resolve { Token::DnsTimeout } else { Token::TimedOut };
    move |seen| {
        fail(seen, step, token);
        seen.failure.as_mut().unwrap().cut_short = true;
    }
}

fn asks_for_more_time(verdict: &Verdict) {
    assert_eq!(verdict.confidence, Confidence::Likely, "{verdict:#?}");
    let missing: Vec<&str> = verdict.not_tested.iter().map(|it| it.why.as_str()).collect();
    assert!(missing.iter().any(|why| why.contains("longer --timeout")), "{missing:?}");
}

#[test]
fn a_connection_that_was_cut_short_is_not_tested_while_the_first_choice_works() {
    for step in [Step::Connect, Step::Tls, Step::Upgrade, Step::Amqp] {
        let verdict = Device::healthy()
            .changed(on(Transport::AmqpWs), cut(step))
            .expect(Status::Healthy, &[]);
        asks_for_more_time(&verdict);
        assert!(verdict.not_tested.iter().any(|it| it.what.contains(HUB)), "{verdict:#?}");
        assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    }
}

#[test]
fn the_same_silence_after_full_patience_still_confirms() {
    let verdict = Device::healthy()
        .failing(on(Transport::AmqpWs), Step::Upgrade, Token::TimedOut)
        .expect(Status::Degraded, &[WebsocketBlocked]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Confirmed);
}

#[test]
fn a_first_choice_that_was_cut_short_is_likely_closed_and_no_more() {
    let verdict = Device::healthy()
        .changed(on(Transport::Amqp), cut(Step::Connect))
        .expect(Status::Inconclusive, &[AmqpPortBlocked]);
    asks_for_more_time(&verdict);
    let wanted = verdict.causes[0].would_confirm.as_deref().unwrap_or_default();
    assert!(wanted.contains("longer --timeout"), "{wanted}");
}

#[test]
fn a_hub_that_was_not_waited_for_decides_nothing() {
    let verdict = Device::healthy()
        .changed(to_hub, cut(Step::Connect))
        .changed(to_control, cut(Step::Connect))
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Inconclusive, &[EgressBlocked]);
    asks_for_more_time(&verdict);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
}

#[test]
fn where_no_cause_is_known_the_verdict_says_that_time_was_short() {
    let verdict = Device::healthy()
        .changed(to_hub, cut(Step::Tls))
        .without(to_control)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Inconclusive, &[]);
    asks_for_more_time(&verdict);
    assert!(verdict.summary.contains("--timeout"), "{}", verdict.summary);
    assert!(verdict.outlook.edge_agent.starts_with("Not known"), "{}", verdict.outlook.edge_agent);
}

#[test]
fn a_resolver_that_was_not_waited_for_is_not_proved_dead() {
    let verdict = Device::healthy()
        .nameless(Token::DnsTimeout, Some(Token::DnsTimeout))
        .changed(|o| is_hub_name(o) || is_control_name(o), cut(Step::Resolve))
        .expect(Status::Inconclusive, &[DnsHostFailure]);
    asks_for_more_time(&verdict);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
}

#[test]
fn a_refusal_is_confirmed_although_another_wait_was_cut_short() {
    let verdict = Device::healthy()
        .failing(on(Transport::Amqp), Step::Connect, Token::ConnectionRefused)
        .changed(on(Transport::Https), cut(Step::Http))
        .expect(Status::Degraded, &[AmqpPortBlocked]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Confirmed, "{verdict:#?}");
}
