//! Asked from the container networks alone: what rests on a comparison with the host is no more than
//! likely, or not said.

use edgeprobe_facts::Token;
use edgeprobe_facts::route::tables::LinkKind;
use edgeprobe_facts::trace::Stage;
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Status};

use crate::device::*;
use crate::network::*;
use crate::pick::at_edge;

/// A device that was asked from its container network alone.
fn alone() -> Device {
    Device::networked().without(|o| !at_edge(o) && o.facts.endpoint().is_some())
}

#[test]
fn a_network_that_reaches_the_hub_is_healthy_and_the_host_is_said_to_be_left_out() {
    let verdict = alone().expect(Status::Healthy, &[]);
    assert_eq!(verdict.confidence, Confidence::Likely);
    assert!(verdict.not_tested.iter().any(|missing| missing.what.contains("host itself")));
}

#[test]
fn a_network_that_reaches_nothing_does_not_prove_a_filter() {
    let verdict = alone().cut_off(Token::TimedOut).expect(Status::Blocked, &[]);
    assert!(!verdict.unexplained.is_empty());
    assert_eq!(verdict.confidence, Confidence::Likely);
}

#[test]
fn a_packet_that_left_and_was_not_answered_is_likely_lost_beyond_this_device() {
    let verdict = alone()
        .cut_off(Token::TimedOut)
        .traced(Stage::NoReply, |_| ())
        .expect(Status::Blocked, &[EgressBlocked]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
}

/// As [`alone`], with a tunnel that everything is led into.
fn behind_a_tunnel() -> Device {
    let halves = ["0.0.0.0/1 via 10.8.0.1 dev tun0", "128.0.0.0/1 via 10.8.0.1 dev tun0"];
    alone().rerouted(&[("tun0", LinkKind::Tun)], &halves, &[])
}

#[test]
fn silence_behind_a_tunnel_is_likely_the_vpns_though_no_packet_was_followed() {
    let verdict =
        behind_a_tunnel().cut_off(Token::TimedOut).expect(Status::Blocked, &[VpnOverride]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
    assert!(!verdict.causes[0].summary.contains("host"), "{}", verdict.summary);
    let verdict = behind_a_tunnel().cut_off(Token::ConnectionRefused).verdict();
    assert!(verdict.causes.iter().all(|cause| cause.id != VpnOverride), "{verdict:#?}");
}

#[test]
fn a_packet_that_is_lost_behind_a_tunnel_is_likely_the_vpns_loss() {
    let verdict = behind_a_tunnel()
        .cut_off(Token::TimedOut)
        .traced(Stage::NoReply, |trace| trace.left[0].interface = "tun0".to_owned())
        .expect(Status::Blocked, &[VpnOverride]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
}

#[test]
fn a_rule_that_is_seen_to_drop_needs_no_comparison() {
    let rule = dropping("-A DOCKER-USER -i br-edge -j DROP");
    let verdict = alone()
        .cut_off(Token::TimedOut)
        .traced(Stage::LostInside, |trace| trace.dropped_by = vec![rule.clone()])
        .expect(Status::Blocked, &[ForwardBlocked]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Confirmed);
}
