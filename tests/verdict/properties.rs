//! What holds of every verdict, whatever was observed.

use edgeprobe_facts::route::edge::Lookup;
use edgeprobe_facts::route::tables::{LinkKind, ReversePathFilter};
use edgeprobe_facts::trace::Stage;
use edgeprobe_facts::{Facts, Observation, Step, Token, Vantage};
use edgeprobe_verdict::{CauseId, Confidence, Effect, Status};
use proptest::prelude::*;

use crate::device::{Device, fail, texts};
use crate::network::{dropping, not_joined};
use crate::pick::{at_default, at_edge};

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

const STAGES: [Stage; 8] = [
    Stage::NotEntered,
    Stage::LostInside,
    Stage::RejectedByHost,
    Stage::AnsweredByHost,
    Stage::LeftUntranslated,
    Stage::NoReply,
    Stage::ReplyLost,
    Stage::Delivered,
];

/// Changes of the host's tables that take a network's traffic away, or seem to.
#[derive(Clone, Copy, Debug)]
enum Turn {
    FullTunnel,
    Shadow,
    KillSwitch,
    SourceRule,
    NoForwarding,
    StrictFilter,
    Overlap,
    NoDefaultRoute,
}

const TURNS: [Turn; 8] = [
    Turn::FullTunnel,
    Turn::Shadow,
    Turn::KillSwitch,
    Turn::SourceRule,
    Turn::NoForwarding,
    Turn::StrictFilter,
    Turn::Overlap,
    Turn::NoDefaultRoute,
];

fn turned(device: Device, turn: Turn) -> Device {
    let tunnel = [("tun0", LinkKind::Tun)];
    let unreachable = ["unreachable default table 200"];
    match turn {
        Turn::FullTunnel => {
            device.rerouted(&tunnel, &["0.0.0.0/1 dev tun0", "128.0.0.0/1 dev tun0"], &[])
        }
        Turn::Shadow => device.rerouted(&tunnel, &["172.18.0.0/24 dev tun0"], &[]),
        Turn::KillSwitch => device.rerouted(&tunnel, &unreachable, &["50: from all lookup 200"]),
        Turn::SourceRule => device.rerouted(&[], &[], &["40: from 172.18.0.0/16 unreachable"]),
        Turn::NoForwarding => device.retabled(|tables| tables.ip_forward = Some(false)),
        Turn::StrictFilter => device.retabled(|tables| {
            tables.links.iter_mut().for_each(|it| it.rp_filter = Some(ReversePathFilter::Strict));
        }),
        Turn::Overlap => device.rerouted(&[], &["172.18.99.0/24 dev eth0"], &[]),
        Turn::NoDefaultRoute => {
            device.retabled(|tables| tables.routes.retain(|it| it.destination.prefix_len() > 0))
        }
    }
}

/// A fault that fits the probe: one that was not joined is skipped, and tables do not fail.
fn strike(observation: &mut Observation, step: Step, token: Token) {
    match &mut observation.facts {
        Facts::Vantage(_) => not_joined(observation),
        Facts::RouteTables(_) | Facts::Trace(_) => {}
        Facts::EdgeRoute(facts) => {
            facts.forward = Lookup::Refused { token, detail: token.to_string() };
            fail(observation, Step::Route, token);
        }
        _ => fail(observation, step, token),
    }
}

/// Devices whose observations fail in any way, even in ways that no network could bring about, seen
/// from the host, the runtime's network and the engine's default one.
fn broken_devices() -> impl Strategy<Value = Device> {
    let count = Device::networked().with_default_network().observations.len();
    let fault = || {
        let any = (prop::sample::select(&STEPS[..]), prop::sample::select(&TOKENS[..]));
        proptest::option::weighted(0.3, any)
    };
    let faults = prop::collection::vec(fault(), count);
    // A whole place that is cut off is likelier than chance would have it.
    let outage = proptest::option::weighted(0.3, prop::sample::select(&TOKENS[..]));
    let turn = proptest::option::weighted(0.5, prop::sample::select(&TURNS[..]));
    let stage = proptest::option::weighted(0.5, prop::sample::select(&STAGES[..]));
    (faults, outage, turn, stage, any::<bool>()).prop_map(
        |(faults, outage, turn, stage, by_rule)| {
            let mut device = Device::networked().with_default_network();
            device = turn.map_or(device.clone(), |turn| turned(device, turn));
            for (observation, fault) in device.observations.iter_mut().zip(faults) {
                if let Some((step, token)) = fault {
                    strike(observation, step, token);
                }
            }
            if let Some(token) = outage {
                device = device.cut_off(token);
            }
            let rules = if by_rule { vec![dropping("-P FORWARD DROP")] } else { Vec::new() };
            let trace =
                |device: Device, stage| device.traced(stage, |it| it.dropped_by.clone_from(&rules));
            stage.map_or(device.clone(), |stage| trace(device, stage))
        },
    )
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
    fn a_network_that_the_runtime_does_not_use_can_only_warn(device in broken_devices()) {
        let healthy = Device::networked().with_default_network();
        let mut mixed = healthy.without(at_default);
        mixed.observations.extend(device.observations.into_iter().filter(at_default));
        let verdict = mixed.verdict();
        prop_assert_eq!(verdict.status, Status::Healthy, "{:#?}", verdict.causes);
        let effects: Vec<Effect> = verdict.causes.iter().map(|cause| cause.effect).collect();
        prop_assert!(effects.iter().all(|effect| *effect == Effect::Warns), "{:#?}", verdict.causes);
    }

    #[test]
    fn a_cause_of_the_networks_is_named_once(device in broken_devices()) {
        let verdict = device.verdict();
        let mut named: Vec<_> = verdict.causes.iter().map(|cause| cause.id).collect();
        named.retain(|id| !matches!(id, CauseId::PortInUse | CauseId::PortNotPermitted));
        let once: std::collections::BTreeSet<_> = named.iter().collect();
        prop_assert_eq!(once.len(), named.len(), "{:?}", named);
    }

    #[test]
    fn every_sentence_is_whole(device in broken_devices()) {
        for text in texts(&device.verdict()) {
            prop_assert!(!text.contains(['{', '[']), "a sentence is missing or unfilled: {}", text);
        }
    }

    #[test]
    fn a_network_that_no_question_was_asked_from_is_said_to_be_untested(device in broken_devices()) {
        let device = device.without(|o| matches!(o.vantage, Vantage::Bridge(_)) && !at_edge(o));
        let device = device.without(|o| at_edge(o) && !matches!(o.facts, Facts::EdgeRoute(_)));
        let verdict = device.verdict();
        let told = |text: &str| text.starts_with("The container network azure-iot-edge");
        prop_assert!(verdict.not_tested.iter().any(|it| told(&it.what)), "{:#?}", verdict);
        prop_assert!(verdict.status != Status::Healthy || verdict.confidence == Confidence::Likely);
    }

    #[test]
    fn a_healthy_device_is_healthy_whatever_is_left_out(kept in prop::collection::vec(any::<bool>(), 32)) {
        let mut device = Device::networked().with_default_network();
        let mut keep = kept.into_iter();
        device.observations.retain(|_: &Observation| keep.next().unwrap_or(true));
        let verdict = device.verdict();
        prop_assert!(verdict.causes.is_empty(), "{:#?}", verdict.causes);
        prop_assert!(verdict.status != Status::Blocked && verdict.status != Status::Degraded);
    }
}
