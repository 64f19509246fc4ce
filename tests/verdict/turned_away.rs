//! IoT Hub itself answers, and does not serve this device.

use edgeprobe_facts::endpoint::{HttpFacts, Transport, TrustResult};
use edgeprobe_facts::{Observation, Step, Token};
use edgeprobe_verdict::{CauseId, Confidence, Status};

use crate::device::*;

#[test]
fn a_hub_that_fails_over_or_throttles_is_the_hub() {
    for status in [429, 500, 503] {
        let verdict = failing_over(Device::networked(), status).expect(Status::Degraded, &[]);
        assert!(verdict.summary.contains(&format!("status {status}")), "{}", verdict.summary);
        assert!(verdict.summary.contains("IoT Hub itself"), "{}", verdict.summary);
        assert_eq!(verdict.confidence, Confidence::Likely);
    }
    let verdict = failing_over(Device::networked(), 503)
        .failing(on(Transport::Amqp), Step::Amqp, Token::ConnectionClosed)
        .expect(Status::Blocked, &[]);
    assert!(verdict.summary.contains("turns it away"), "{}", verdict.summary);
    let hijack = verdict.ruled_out.iter().any(|other| other.id == CauseId::DnsHijack);
    assert!(hijack, "{verdict:#?}");
}

#[test]
fn the_same_status_under_another_certificate_is_not_the_hubs() {
    let mismatch = TrustResult::NameMismatch;
    let verdict = failing_over(Device::healthy(), 503)
        .changed(on_443, |o| {
            certified(o, "CN=DigiCert", &["gw.example"], &trust(mismatch, mismatch, mismatch));
        })
        .verdict();
    assert!(verdict.causes.iter().any(|it| it.id == CauseId::NotIotHub), "{verdict:#?}");
}

#[test]
fn another_status_without_a_mark_of_the_hubs_is_still_something_else() {
    for status in [200, 403, 404] {
        failing_over(Device::healthy(), status).expect(Status::Degraded, &[CauseId::NotIotHub]);
    }
}

#[test]
fn a_filter_of_amqp_is_seen_where_the_hub_answers_by_websocket() {
    for token in [Token::ConnectionReset, Token::ConnectionClosed, Token::TimedOut] {
        let verdict = Device::networked()
            .failing(on(Transport::Amqp), Step::Amqp, token)
            .changed(on(Transport::Amqp), |o| endpoint_of(o).unwrap().amqp = None)
            .expect(Status::Degraded, &[CauseId::AmqpPortBlocked]);
        let cause = &verdict.causes[0];
        assert!(cause.summary.contains("where AMQP begins"), "{}", cause.summary);
        assert_eq!(cause.confidence, Confidence::Likely);
        assert!(cause.would_confirm.as_ref().unwrap().contains("another network"), "{cause:#?}");
        assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    }
}

#[test]
fn a_hub_that_refuses_the_device_everywhere_is_no_filter_on_the_way() {
    let refusing = |status| {
        Device::networked()
            .failing(on(Transport::Amqp), Step::Amqp, Token::ConnectionClosed)
            .failing(on(Transport::AmqpWs), Step::Upgrade, Token::UpgradeRefused)
            .changed(on(Transport::Amqp), |o| endpoint_of(o).unwrap().amqp = None)
            .changed(on(Transport::AmqpWs), move |o| {
                let iothub_errorcode = Some("IotHubUnauthorized".to_owned());
                let http = HttpFacts { status, iothub_errorcode, ..HttpFacts::default() };
                endpoint_of(o).unwrap().http = Some(http);
            })
    };
    for status in [401, 403, 429, 503] {
        let verdict = refusing(status).expect(Status::Blocked, &[]);
        let says_so = format!("on 443 IoT Hub itself turns it away with HTTP status {status}");
        assert!(verdict.summary.contains(&says_so), "{}", verdict.summary);
        assert_eq!(verdict.confidence, Confidence::Likely);
        let port = verdict.ruled_out.iter().any(|it| it.id == CauseId::AmqpPortBlocked);
        assert!(!port, "a port that is cut is not ruled out: {:#?}", verdict.ruled_out);
    }
    // A request whose upgrade was taken out on the way gets the hub's 400 as well.
    let verdict = refusing(400).verdict();
    assert!(verdict.causes.iter().any(|it| it.id == CauseId::WebsocketBlocked), "{verdict:#?}");
}

/// Everything over HTTP is answered so, without a mark of IoT Hub's.
fn failing_over(device: Device, status: u16) -> Device {
    device
        .failing(on(Transport::AmqpWs), Step::Upgrade, Token::UpgradeRefused)
        .failing(on(Transport::Https), Step::Http, Token::HttpNotIotHub)
        .changed(on_443, |o: &mut Observation| {
            let server = Some("Microsoft-HTTPAPI/2.0".to_owned());
            endpoint_of(o).unwrap().http =
                Some(HttpFacts { status, server, ..HttpFacts::default() });
        })
}
