//! IoT Hub itself answers, and does not serve this device.

use edgeprobe::verdict::{CauseId, Confidence, Status};
use edgeprobe_probes::endpoint::{HttpFacts, Transport, TrustResult};
use edgeprobe_probes::{Observation, Step, Token};

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
