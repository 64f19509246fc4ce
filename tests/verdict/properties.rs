//! What holds of every verdict, whatever was observed.

use edgeprobe::verdict::{Confidence, Effect, Status};
use edgeprobe_probes::{Observation, Step, Token};
use proptest::prelude::*;

use crate::device::{Device, fail};

const STEPS: [Step; 7] =
    [Step::Resolve, Step::Route, Step::Connect, Step::Tls, Step::Upgrade, Step::Amqp, Step::Bind];

const TOKENS: [Token; 12] = [
    Token::DnsTimeout,
    Token::DnsNxdomain,
    Token::NetworkUnreachable,
    Token::TimedOut,
    Token::ConnectionRefused,
    Token::ConnectionReset,
    Token::TlsUnknownIssuer,
    Token::TlsNameMismatch,
    Token::UpgradeRefused,
    Token::AmqpNotIotHub,
    Token::AddressInUse,
    Token::ClientCertificateWanted,
];

/// Devices whose observations fail in any way, even in ways that no network could bring about.
fn broken_devices() -> impl Strategy<Value = Device> {
    let count = Device::healthy().observations.len();
    let fault = proptest::option::weighted(
        0.3,
        (prop::sample::select(&STEPS[..]), prop::sample::select(&TOKENS[..])),
    );
    prop::collection::vec(fault, count).prop_map(|faults| {
        let mut device = Device::healthy();
        for (observation, fault) in device.observations.iter_mut().zip(faults) {
            if let Some((step, token)) = fault {
                fail(observation, step, token);
            }
        }
        device
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn the_same_observations_give_the_same_verdict(device in broken_devices()) {
        prop_assert_eq!(device.verdict(), device.verdict());
    }

    #[test]
    fn evidence_points_to_observations_that_exist(device in broken_devices()) {
        let verdict = device.verdict();
        let ids: Vec<&String> = device.observations.iter().map(|o| &o.id).collect();
        let cited = verdict.causes.iter().flat_map(|cause| &cause.evidence)
            .chain(verdict.ruled_out.iter().flat_map(|other| &other.evidence))
            .chain(&verdict.unexplained);
        for id in cited {
            prop_assert!(ids.contains(&id), "{} does not exist", id);
        }
    }

    #[test]
    fn a_cause_is_never_named_and_ruled_out_at_once(device in broken_devices()) {
        let verdict = device.verdict();
        for cause in &verdict.causes {
            prop_assert!(!verdict.ruled_out.iter().any(|other| other.id == cause.id), "{}", cause.id);
        }
    }

    #[test]
    fn the_status_is_no_better_than_its_causes(device in broken_devices()) {
        let verdict = device.verdict();
        let blocks = verdict.causes.iter().any(|cause| cause.effect == Effect::Blocks);
        prop_assert!(!blocks || verdict.status == Status::Blocked);
        let effects: Vec<Effect> = verdict.causes.iter().map(|cause| cause.effect).collect();
        prop_assert!(effects.is_sorted(), "{:?}", effects);
    }

    #[test]
    fn what_is_unexplained_is_never_confirmed(device in broken_devices()) {
        let verdict = device.verdict();
        prop_assert!(verdict.unexplained.is_empty() || verdict.confidence == Confidence::Likely);
    }

    #[test]
    fn the_order_of_answers_does_not_matter(device in broken_devices()) {
        let mut reversed = device.clone();
        reversed.observations.reverse();
        let names = |device: &Device| {
            let verdict = device.verdict();
            let ids: Vec<_> = verdict.causes.iter().map(|cause| cause.id).collect();
            (verdict.status, ids)
        };
        prop_assert_eq!(names(&device), names(&reversed));
    }

    #[test]
    fn a_healthy_device_is_healthy_whatever_is_left_out(kept in prop::collection::vec(any::<bool>(), 13)) {
        let mut device = Device::healthy();
        let mut keep = kept.into_iter();
        device.observations.retain(|_: &Observation| keep.next().unwrap_or(true));
        let verdict = device.verdict();
        prop_assert!(verdict.causes.is_empty(), "{:#?}", verdict.causes);
        prop_assert!(verdict.status != Status::Blocked && verdict.status != Status::Degraded);
    }
}
