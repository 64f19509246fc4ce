//! What the kernel itself does to a container network's packets: a gateway that does not answer, a
//! link that forwards nothing, IPsec's policies, tables too long to be read.

use edgeprobe_facts::route::tables::{IpsecDirection, IpsecPolicy, LinkKind};
use edgeprobe_facts::ruleset::Unread;
use edgeprobe_facts::trace::{Answer, Neighbour, Reply, Stage, Trace};
use edgeprobe_facts::{Facts, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Status, Verdict};

use crate::device::*;
use crate::network::*;

/// A network with an uplink of its own, which the kernel refuses by ICMP's word.
fn by_its_own_uplink() -> Device {
    Device::networked()
        .rerouted(
            &[("eth1", LinkKind::Ethernet)],
            &["default via 198.51.100.1 dev eth1 table 100"],
            &["100: from 172.18.0.0/16 lookup 100"],
        )
        .cut_off(Token::HostUnreachable)
}

fn refused_by_the_host(trace: &mut Trace, code: u8) {
    let from = "172.18.0.1".parse().unwrap();
    let answer = Answer::Unreachable { code };
    trace.delivered = Some(Reply { interface: "br-edge".to_owned(), from, answer });
}

fn answering(device: Device, answers: bool) -> Device {
    device.changed(is_edge_route, |observation| {
        let Facts::EdgeRoute(facts) = &mut observation.facts else { unreachable!() };
        facts.gateway_answers = Some(answers);
        let edgeprobe_facts::route::edge::Lookup::Found(way) = &mut facts.forward else {
            panic!("no way")
        };
        way.gateway = Some("198.51.100.1".parse().unwrap());
    })
}

fn is_untested(verdict: &Verdict, what: &str, why: &str) -> bool {
    verdict.not_tested.iter().any(|it| it.what.contains(what) && it.why.contains(why))
}

#[test]
fn a_gateway_that_does_not_answer_is_no_firewall() {
    for code in [0, 1] {
        by_its_own_uplink()
            .traced(Stage::RejectedByHost, |trace| refused_by_the_host(trace, code))
            .sure(&[BridgeNoRoute]);
    }
    let verdict = by_its_own_uplink()
        .traced(Stage::LostInside, |trace| {
            let address = "198.51.100.1".parse().unwrap();
            trace.silent_neighbour = Some(Neighbour { interface: "eth1".to_owned(), address });
        })
        .sure(&[BridgeNoRoute]);
    assert!(verdict.summary.contains("198.51.100.1"), "{}", verdict.summary);
    // Without a trace, the kernel's neighbour table says it.
    let verdict = answering(by_its_own_uplink(), false).sure(&[BridgeNoRoute]);
    assert!(verdict.summary.contains("198.51.100.1"), "{}", verdict.summary);
}

#[test]
fn a_firewall_that_uses_the_kernels_words_is_known_by_its_rule_or_by_a_gateway_that_answers() {
    by_its_own_uplink()
        .traced(Stage::RejectedByHost, |trace| {
            refused_by_the_host(trace, 1);
            trace.dropped_by = vec![dropping("-A FORWARD -j REJECT")];
        })
        .sure(&[ForwardBlocked]);
    answering(by_its_own_uplink(), true)
        .traced(Stage::RejectedByHost, |trace| refused_by_the_host(trace, 1))
        .expect(Status::Blocked, &[ForwardBlocked]);
    by_its_own_uplink()
        .traced(Stage::RejectedByHost, |trace| refused_by_the_host(trace, 13))
        .sure(&[ForwardBlocked]);
}

#[test]
fn a_tunnel_that_says_it_leads_nowhere_is_the_vpns() {
    Device::networked()
        .rerouted(
            &[("wg0", LinkKind::Wireguard)],
            &["0.0.0.0/1 dev wg0", "128.0.0.0/1 dev wg0"],
            &[],
        )
        .cut_off(Token::HostUnreachable)
        .traced(Stage::RejectedByHost, |trace| {
            refused_by_the_host(trace, 1);
            trace.masqueraded = Some(true);
        })
        .sure(&[VpnOverride]);
}

#[test]
fn the_packet_with_a_known_rule_is_named_first() {
    let rule = "-A FORWARD -p tcp -j DROP";
    let verdict = Device::networked()
        .cut_off(Token::TimedOut)
        .traced(Stage::LostInside, |trace| {
            if trace.destination.port() == 443 {
                trace.dropped_by = vec![dropping(rule)];
            }
        })
        .sure(&[ForwardBlocked]);
    assert!(verdict.summary.contains(rule), "{}", verdict.summary);
}

#[test]
fn a_packet_that_may_have_left_by_a_link_out_of_sight_is_not_said_to_have_stayed() {
    let verdict = Device::networked()
        .cut_off(Token::TimedOut)
        .traced(Stage::LostInside, |trace| trace.unwatched = 3)
        .expect(Status::Blocked, &[ForwardBlocked]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
    assert!(!verdict.summary.contains("left by no interface"), "{}", verdict.summary);
}

#[test]
fn an_uplink_that_forwards_nothing_keeps_the_answers() {
    let device = || {
        Device::networked()
            .retabled(|tables| {
                let uplink = tables.links.iter_mut().find(|link| link.name == "eth0");
                uplink.unwrap().forwarding = Some(false);
            })
            .cut_off(Token::TimedOut)
    };
    let verdict = device().sure(&[IpForwardDisabled]);
    assert!(verdict.summary.contains("eth0"), "{}", verdict.summary);
    let verdict = device().traced(Stage::ReplyLost, |_| ()).sure(&[IpForwardDisabled]);
    let shown = format!("{:?}", verdict.causes[0].remedy);
    assert!(shown.contains("net.ipv4.conf.eth0.forwarding=1"), "{shown}");
    // What does not leave is not lost for the answers' sake.
    device().traced(Stage::LostInside, |_| ()).expect(Status::Blocked, &[ForwardBlocked]);
}

fn policy(source: &str, destination: &str, direction: IpsecDirection) -> IpsecPolicy {
    IpsecPolicy {
        direction,
        source: source.parse().unwrap(),
        destination: destination.parse().unwrap(),
        priority: 400_000,
        blocks: false,
        encrypts: true,
    }
}

fn with_policy(policy: &IpsecPolicy) -> Device {
    let device = Device::networked().retabled(|tables| tables.ipsec = Some(vec![policy.clone()]));
    device.cut_off(Token::TimedOut)
}

#[test]
fn a_policy_of_ipsec_needs_no_interface_to_be_a_vpn() {
    let out = policy("172.18.0.0/16", "0.0.0.0/0", IpsecDirection::Out);
    let known = |trace: &mut Trace| trace.masqueraded = Some(true);
    let verdict = with_policy(&out).traced(Stage::LostInside, known).sure(&[VpnOverride]);
    assert!(verdict.summary.contains("src 172.18.0.0/16"), "{}", verdict.summary);
    assert_eq!(verdict.causes[0].details["mechanism"], "ipsec-policy");
    // Rules that were not read may have dropped it as well.
    let verdict =
        with_policy(&out).traced(Stage::LostInside, |_| ()).expect(Status::Blocked, &[VpnOverride]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
    let back = policy("0.0.0.0/0", "172.18.0.0/16", IpsecDirection::Forward);
    with_policy(&back).traced(Stage::ReplyLost, known).sure(&[VpnOverride]);
    // A rule that is known to have dropped it is the firewall's.
    with_policy(&out)
        .traced(Stage::LostInside, |trace| {
            known(trace);
            trace.dropped_by = vec![dropping("-A FORWARD -j DROP")];
        })
        .sure(&[ForwardBlocked]);
}

#[test]
fn policies_for_others_leave_a_nameless_loss_likely_and_no_vpn_unsaid() {
    let other = policy("10.0.0.0/8", "10.1.0.0/16", IpsecDirection::Out);
    let verdict = with_policy(&other)
        .traced(Stage::LostInside, |trace| trace.masqueraded = Some(true))
        .expect(Status::Blocked, &[ForwardBlocked]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
    assert!(!verdict.ruled_out.iter().any(|it| it.id == VpnOverride), "{verdict:#?}");
}

#[test]
fn what_ipsec_counted_while_a_packet_was_lost_is_a_likely_cause() {
    let verdict = Device::networked()
        .cut_off(Token::TimedOut)
        .traced(Stage::LostInside, |trace| {
            trace.ipsec_errors = [("XfrmOutNoStates".to_owned(), 3)].into();
        })
        .expect(Status::Blocked, &[VpnOverride]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
    assert!(verdict.summary.contains("XfrmOutNoStates"), "{}", verdict.summary);
    // What others' packets raise on the way in says nothing of one that did not get out.
    Device::networked()
        .cut_off(Token::TimedOut)
        .traced(Stage::LostInside, |trace| {
            trace.ipsec_errors = [("XfrmInNoStates".to_owned(), 3)].into();
        })
        .expect(Status::Blocked, &[ForwardBlocked]);
}

#[test]
fn unread_rules_are_named() {
    for (why, word) in [
        (Unread::TooMany, "8 MiB"),
        (Unread::TooSlow, "--timeout"),
        (Unread::NoTool, "nft"),
        (Unread::Failed, "root"),
    ] {
        let verdict = Device::networked()
            .cut_off(Token::TimedOut)
            .traced(Stage::LostInside, |trace| trace.rules_unread = Some(why))
            .expect(Status::Blocked, &[ForwardBlocked]);
        assert!(is_untested(&verdict, "rule", word), "{:#?}", verdict.not_tested);
    }
}

#[test]
fn tables_that_were_not_read_whole_make_a_likely_verdict() {
    let halves = ["0.0.0.0/1 via 10.8.0.1 dev tun0", "128.0.0.0/1 via 10.8.0.1 dev tun0"];
    let verdict = Device::networked()
        .rerouted(&[("tun0", LinkKind::Tun)], &halves, &[])
        .retabled(|tables| tables.complete = false)
        .cut_off(Token::TimedOut)
        .traced(Stage::NoReply, |trace| trace.left[0].interface = "tun0".to_owned())
        .expect(Status::Blocked, &[VpnOverride]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
    assert!(is_untested(&verdict, "routes", "likely"), "{:#?}", verdict.not_tested);
}

#[test]
fn networks_that_were_left_out_are_counted() {
    let device = Device::networked().changed(is_engine, |observation| {
        let Facts::Engine(facts) = &mut observation.facts else { unreachable!() };
        facts.networks_left_out = 7;
    });
    let verdict = device.expect(Status::Healthy, &[]);
    assert!(is_untested(&verdict, "7", "64"), "{:#?}", verdict.not_tested);
}
