//! How long the way to the hub is, told from how slow this device is.

use edgeprobe_facts::{Observation, Outcome, Step, StepRecord};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::Status;

use crate::device::*;

/// The steps of a connection, with the milliseconds that each took.
fn timed(steps: &[(Step, f64)]) -> impl Fn(&mut Observation) {
    move |seen| {
        seen.steps = steps
            .iter()
            .map(|(step, ms)| StepRecord { step: *step, outcome: Outcome::Pass, duration_ms: *ms })
            .collect();
        endpoint_of(seen).unwrap().round_trip_ms = steps.first().map(|(_, ms)| *ms);
    }
}

#[test]
fn a_handshake_that_was_long_for_this_device_alone_is_no_long_way() {
    let by_the_kernel = |ms| {
        move |seen: &mut Observation| {
            let facts = endpoint_of(seen).unwrap();
            facts.round_trip_ms = Some(420.0);
            facts.kernel_round_trip_ms = Some(ms);
        }
    };
    Device::healthy().changed(to_hub, by_the_kernel(3.0)).expect(Status::Healthy, &[]);
    let verdict = Device::healthy()
        .changed(to_hub, by_the_kernel(415.0))
        .expect(Status::Healthy, &[HighLatency]);
    assert!(verdict.causes[0].summary.contains("415 ms"), "{}", verdict.causes[0].summary);
}

#[test]
fn a_single_slow_exchange_is_no_long_way() {
    let quick = [(Step::Connect, 1.0), (Step::Tls, 40.0), (Step::Amqp, 30.0)];
    let slow = [(Step::Connect, 1.0), (Step::Tls, 40.0), (Step::Amqp, 660.0)];
    Device::healthy().changed(to_hub, timed(&slow)).expect(Status::Healthy, &[]);
    Device::healthy().changed(to_hub, timed(&quick)).expect(Status::Healthy, &[]);
}

#[test]
fn a_satellite_that_answers_tcp_on_the_ground_is_a_slow_way_out() {
    let slow = [(Step::Connect, 1.0), (Step::Tls, 700.0), (Step::Http, 660.0)];
    let verdict = Device::healthy()
        .changed(to_hub, timed(&slow))
        .changed(to_control, timed(&slow))
        .expect(Status::Healthy, &[HighLatency]);
    assert!(verdict.causes[0].summary.contains("the way out itself"), "{}", verdict.summary);
    assert!(verdict.causes[0].summary.contains("660 ms"), "{}", verdict.causes[0].summary);
}

#[test]
fn one_slow_handshake_on_a_busy_device_is_no_long_way() {
    // The handshake took 514 ms, and what followed it 23 ms.
    let busy = [(Step::Connect, 514.0), (Step::Tls, 23.0), (Step::Amqp, 24.0)];
    Device::healthy()
        .without(|seen| to_hub(seen) && on_443(seen))
        .changed(to_hub, timed(&busy))
        .expect(Status::Healthy, &[]);
}

#[test]
fn fewer_than_three_measured_times_make_it_likely_at_the_most() {
    let once = [(Step::Connect, 514.0)];
    let confidence = |device: Device| {
        let verdict = device.changed(to_hub, timed(&once)).verdict();
        let cause = verdict.causes.iter().find(|cause| cause.id == HighLatency).cloned();
        cause.map(|cause| {
            (cause.confidence, cause.details["round_trips_ms"].as_array().unwrap().len())
        })
    };
    let alone = Device::healthy().without(|seen| to_hub(seen) && on_443(seen));
    assert_eq!(confidence(alone), Some((edgeprobe_verdict::Confidence::Likely, 1)));
    assert_eq!(confidence(Device::healthy()), Some((edgeprobe_verdict::Confidence::Confirmed, 3)));
}

#[test]
fn what_was_sent_again_is_no_long_way() {
    let lossy = [(Step::Connect, 1_020.0), (Step::Tls, 640.0), (Step::Amqp, 410.0)];
    let lost = |seen: &mut Observation| {
        seen.tries = Some(edgeprobe_facts::Tries { begun: 1, sent: 9, lost: 2, unanswered: 0 });
    };
    let verdict = Device::healthy().changed(to_hub, timed(&lossy)).changed(to_hub, lost).verdict();
    assert!(verdict.causes.iter().all(|cause| cause.id != HighLatency), "{verdict:#?}");
}
