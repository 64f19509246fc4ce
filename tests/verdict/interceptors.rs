//! Interceptors whose root this host trusts.

use edgeprobe_facts::endpoint::{HttpFacts, Transport, TrustResult};
use edgeprobe_facts::{Observation, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Effect, Status, Verdict};

use crate::device::*;

#[test]
fn a_trusted_interceptor_that_answers_in_the_hubs_place_is_no_other_server() {
    for (status, body) in [(403, None), (200, Some("<html>blocked</html>"))] {
        let device = kept_back(Device::networked(), status, body);
        let verdict = device
            .failing(on(Transport::Amqp), Step::Connect, Token::TimedOut)
            .sure(&[TlsIntercepted]);
        let cause = &verdict.causes[0];
        assert!(cause.summary.contains(&format!("HTTP status {status}")), "{}", cause.summary);
        assert_eq!(cause.effect, Effect::Blocks);
        rules_out_nothing_by_the_hubs_own_answer(&verdict);
    }
}

#[test]
fn where_one_port_is_let_through_a_block_page_costs_the_other() {
    let verdict =
        kept_back(Device::networked(), 403, None).expect(Status::Degraded, &[TlsIntercepted]);
    assert_eq!(verdict.causes[0].effect, Effect::Degrades);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
}

#[test]
fn a_trusted_interceptor_that_closes_everything_blocks_and_is_likely() {
    let verdict = Device::healthy()
        .changed(to_hub, intercepted)
        .failing(on(Transport::Amqp), Step::Amqp, Token::ConnectionClosed)
        .failing(on(Transport::AmqpWs), Step::Upgrade, Token::ConnectionClosed)
        .failing(on(Transport::Https), Step::Http, Token::ConnectionClosed)
        .changed(to_hub, |o| {
            let facts = endpoint_of(o).unwrap();
            (facts.http, facts.amqp) = (None, None);
        })
        .expect(Status::Blocked, &[TlsIntercepted]);
    assert_eq!(verdict.causes[0].effect, Effect::Blocks);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
    rules_out_nothing_by_the_hubs_own_answer(&verdict);
}

#[track_caller]
fn rules_out_nothing_by_the_hubs_own_answer(verdict: &Verdict) {
    let by_the_hub = verdict.ruled_out.iter().filter(|it| it.because.contains("IoT Hub"));
    assert_eq!(by_the_hub.count(), 0, "{:#?}", verdict.ruled_out);
}

/// Everything on 443 is answered by an interceptor's page.
fn kept_back(device: Device, status: u16, body: Option<&str>) -> Device {
    device
        .failing(on(Transport::AmqpWs), Step::Upgrade, Token::UpgradeRefused)
        .failing(on(Transport::Https), Step::Http, Token::HttpNotIotHub)
        .changed(on_443, |o| {
            intercepted(o);
            endpoint_of(o).unwrap().http = Some(HttpFacts {
                status,
                server: Some("WebGateway".to_owned()),
                body: body.map(str::to_owned),
                ..HttpFacts::default()
            });
        })
}

/// The certificate is for the hub's name, by an authority that this host alone trusts.
fn intercepted(observation: &mut Observation) {
    let (trusted, unknown) = (TrustResult::Trusted, TrustResult::UnknownIssuer);
    certified(observation, "CN=Web Gateway CA", &[HUB], &trust(trusted, unknown, trusted));
}
