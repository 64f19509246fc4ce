//! A run that itself lacked something: files, memory, a permission, work for a certificate.

use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::{Facts, Failure, Observation, Outcome, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Status, Verdict};

use crate::device::*;

const LACKS: [Token; 5] =
    [Token::OwnLimit, Token::OwnPermission, Token::OwnPause, Token::OwnLoss, Token::TlsNotVerified];

/// Was not asked, for what the run itself lacked.
fn lacking(token: Token) -> impl Fn(&mut Observation) {
    move |seen| {
        let step = if token == Token::TlsNotVerified { Step::Tls } else { Step::Connect };
        seen.outcome = Outcome::Skipped;
        seen.failure = Some(Failure::new(step, token, "Too many open files"));
    }
}

fn says_what_it_lacked(verdict: &Verdict) {
    assert_eq!(verdict.confidence, Confidence::Likely, "{verdict:#?}");
    let missing = verdict.not_tested.iter().any(|it| it.what.contains("this run itself lacked"));
    assert!(missing, "{:#?}", verdict.not_tested);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
}

#[test]
fn nothing_that_was_not_asked_is_a_fault() {
    for token in LACKS {
        let every = |seen: &Observation| {
            let is_asked = seen.facts.endpoint().is_some() || matches!(seen.facts, Facts::Dns(_));
            is_asked || matches!(seen.facts, Facts::Ports(_) | Facts::Route(_))
        };
        let verdict = Device::healthy()
            .changed(every, lacking(token))
            .without(|seen| matches!(seen.facts, Facts::Clock(_)))
            .expect(Status::Inconclusive, &[]);
        says_what_it_lacked(&verdict);
        assert!(verdict.summary.contains("itself lacked"), "{}", verdict.summary);
        let left_out = |what: &str| what.contains("Edge Agent reaches") || what.contains("ports");
        assert!(!verdict.not_tested.iter().any(|it| left_out(&it.what)), "{verdict:#?}");
    }
}

#[test]
fn what_works_is_inconclusive_where_the_run_lacked_something() {
    for part in [to_hub as fn(&Observation) -> bool, is_hub_name] {
        let verdict = Device::healthy()
            .changed(|seen| part(seen) && !on_443(seen), lacking(Token::OwnLimit))
            .expect(Status::Inconclusive, &[]);
        says_what_it_lacked(&verdict);
    }
    let ports = |seen: &Observation| matches!(seen.facts, Facts::Ports(_));
    let verdict = Device::healthy()
        .changed(ports, lacking(Token::OwnPermission))
        .expect(Status::Inconclusive, &[]);
    says_what_it_lacked(&verdict);
}

#[test]
fn what_only_sheds_light_leaves_the_verdict_as_it_is() {
    let verdict = Device::healthy()
        .changed(to_control, lacking(Token::OwnLimit))
        .expect(Status::Healthy, &[]);
    says_what_it_lacked(&verdict);
}

#[test]
fn a_failed_transport_confirms_nothing_while_another_was_not_asked() {
    let verdict = Device::healthy()
        .failing(on(Transport::Amqp), Step::Connect, Token::ConnectionRefused)
        .changed(on_443, lacking(Token::OwnLimit))
        .verdict();
    assert_eq!(verdict.status, Status::Inconclusive, "{verdict:#?}");
    assert!(verdict.causes.iter().all(|cause| cause.confidence == Confidence::Likely));
    assert!(verdict.outlook.edge_agent.starts_with("Not known"), "{}", verdict.outlook.edge_agent);
}

#[test]
fn other_evidence_decides() {
    let refused = Device::healthy()
        .failing(on(Transport::Amqp), Step::Connect, Token::ConnectionRefused)
        .changed(of_port(8883), lacking(Token::OwnLimit))
        .expect(Status::Degraded, &[AmqpPortBlocked]);
    says_what_it_lacked(&refused);
    let holder = edgeprobe_facts::ports::Holder {
        process: Some("nginx".to_owned()),
        pid: Some(812),
        ..Default::default()
    };
    let held = Device::healthy()
        .changed(of_port(443), |port| taken(port, holder.clone()))
        .changed(to_hub, lacking(Token::TlsNotVerified))
        .verdict();
    assert_eq!((held.status, held.causes[0].id), (Status::Blocked, PortInUse), "{held:#?}");
}

#[test]
fn what_is_certain_apart_from_the_way_stays_so() {
    let verdict = Device::networked()
        .changed(is_engine, |engine| fail(engine, Step::Engine, Token::EngineNotAnswering))
        .without(|seen| at_edge(seen) || at_default(seen))
        .failing(on(Transport::Amqp), Step::Connect, Token::ConnectionRefused)
        .changed(on_443, lacking(Token::OwnLimit))
        .verdict();
    assert_eq!(verdict.status, Status::Blocked, "{verdict:#?}");
    let engine = verdict.causes.iter().find(|cause| cause.id == EngineUnavailable).unwrap();
    assert_eq!(engine.confidence, Confidence::Confirmed);
}

#[test]
fn an_engine_that_was_not_asked_is_not_absent() {
    let verdict = Device::networked()
        .changed(is_engine, lacking(Token::OwnLimit))
        .without(|seen| at_edge(seen) || at_default(seen))
        .verdict();
    assert!(verdict.causes.iter().all(|cause| cause.id != EngineUnavailable), "{verdict:#?}");
    let why = verdict.not_tested.iter().find(|it| it.what.contains("container networks")).unwrap();
    assert!(why.why.contains("Too many open files"), "{why:#?}");
}
