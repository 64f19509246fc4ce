//! A VPN beside the container networks: when it takes their traffic away, and when it does not.

use edgeprobe_facts::endpoint::{Detour, Transport};
use edgeprobe_facts::route::tables::LinkKind;
use edgeprobe_facts::route::vpn::Vpn;
use edgeprobe_facts::trace::Stage;
use edgeprobe_facts::vantage::Means;
use edgeprobe_facts::{Facts, Role, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Effect, Status};
use serde_json::json;

use crate::device::*;
use crate::network::*;

const TUN: &[(&str, LinkKind)] = &[("tun0", LinkKind::Tun)];
const HALVES: [&str; 2] = ["0.0.0.0/1 via 10.8.0.1 dev tun0", "128.0.0.0/1 via 10.8.0.1 dev tun0"];
const SHADOW: &str = "172.18.0.0/24 dev tun0";
const KILL_SWITCH: &str = "unreachable default table 200";
/// A route of the VPN's own beside what its kill switch rejects.
const SITE: &str = "10.0.0.0/8 dev tun0 table 200";
const IDLE_TAILSCALE: &[(&str, LinkKind)] = &[("tailscale0", LinkKind::Tun)];
const TAILSCALES_OWN: &str = "100.100.100.100/32 dev tailscale0 table 52";

fn full_tunnel() -> Device {
    Device::networked().rerouted(TUN, &HALVES, &[])
}

#[test]
fn a_full_tunnel_that_loses_the_networks_packets_overrides_it() {
    let verdict = full_tunnel()
        .cut_off(Token::TimedOut)
        .traced(Stage::NoReply, |trace| trace.left[0].interface = "tun0".to_owned())
        .sure(&[VpnOverride]);
    let cause = &verdict.causes[0];
    assert!(cause.summary.contains("OpenVPN") && cause.summary.contains("tun0"));
    assert_eq!(cause.details["mechanism"], "full-tunnel");
    assert_eq!(cause.details["interface"], "tun0");
    assert_eq!(cause.details["network"], "azure-iot-edge");
    assert_eq!(cause.details["routes"].as_array().unwrap().len(), 2);
}

#[test]
fn wireguard_that_leads_the_network_into_its_own_table_overrides_it() {
    let verdict = Device::networked()
        .rerouted(
            &[("wg0", LinkKind::Wireguard)],
            &["default dev wg0 table 51820"],
            &[
                "32764: from all lookup 254 suppress_prefixlength 0",
                "32765: not from all fwmark 51820 lookup 51820",
            ],
        )
        .cut_off(Token::TimedOut)
        .traced(Stage::NoReply, |trace| trace.left[0].interface = "wg0".to_owned())
        .sure(&[VpnOverride]);
    assert!(verdict.causes[0].summary.contains("WireGuard"));
    assert_eq!(verdict.causes[0].details["mechanism"], "policy-rule");
}

#[test]
fn a_tunnel_that_packets_enter_untranslated_is_the_vpns_doing() {
    let entered = |masqueraded| {
        full_tunnel().cut_off(Token::TimedOut).traced(Stage::LeftUntranslated, move |trace| {
            trace.left[0].interface = "tun0".to_owned();
            trace.masqueraded = masqueraded;
        })
    };
    entered(Some(true)).sure(&[VpnOverride]);
    // Where the rules cannot be read, nothing may be translated by any interface.
    let verdict = entered(None).expect(Status::Blocked, &[VpnOverride]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
    entered(Some(false)).sure(&[NatMissing]);
    // What is known of one packet's way out holds for the other that was followed beside it.
    full_tunnel()
        .cut_off(Token::TimedOut)
        .traced(Stage::LeftUntranslated, |trace| {
            trace.left[0].interface = "tun0".to_owned();
            trace.masqueraded = (trace.destination.port() == 443).then_some(false);
        })
        .sure(&[NatMissing]);
}

#[test]
fn a_tunnel_that_packets_never_enter_is_not_the_cause() {
    let rule = dropping("-A DOCKER-USER -i br-edge -j DROP");
    full_tunnel()
        .cut_off(Token::TimedOut)
        .traced(Stage::LostInside, |trace| trace.dropped_by = vec![rule.clone()])
        .sure(&[ForwardBlocked]);
}

#[test]
fn a_shadowing_route_that_spares_the_borrowed_address_still_cuts_the_modules_off() {
    let verdict = Device::networked()
        .rerouted(TUN, &["172.18.0.0/24 dev tun0"], &[])
        .changed(is_vantage, |observation| {
            let Facts::Vantage(facts) = &mut observation.facts else { unreachable!() };
            let address = "172.18.255.250".parse().unwrap();
            facts.means = Some(Means::BorrowedAddress { address, gateway_answers: true });
        })
        .expect(Status::Blocked, &[VpnOverride]);
    assert_eq!(verdict.causes[0].details["mechanism"], "route-shadows-subnet");
}

#[test]
fn a_full_tunnel_that_carries_the_network_is_healthy() {
    let verdict = full_tunnel().expect(Status::Healthy, &[]);
    assert!(verdict.ruled_out.iter().any(|other| other.id == VpnOverride));
}

#[test]
fn a_split_tunnel_is_healthy() {
    let verdict = Device::networked()
        .rerouted(TUN, &["10.0.0.0/8 dev tun0", "172.16.0.0/12 dev tun0"], &[])
        .expect(Status::Healthy, &[]);
    assert!(verdict.ruled_out.iter().any(|other| other.id == VpnOverride));
}

#[test]
fn a_vpn_is_not_the_cause_of_another_programs_filter() {
    Device::networked()
        .rerouted(TUN, &["10.0.0.0/8 dev tun0"], &[])
        .cut_off(Token::TimedOut)
        .traced(Stage::LostInside, |trace| trace.dropped_by = vec![dropping("-P FORWARD DROP")])
        .sure(&[ForwardBlocked]);
}

#[test]
fn a_route_inside_the_subnet_takes_the_answers_away() {
    let verdict = Device::networked()
        .rerouted(TUN, &[SHADOW], &[])
        .cut_off(Token::TimedOut)
        .traced(Stage::ReplyLost, |_| ())
        .sure(&[VpnOverride]);
    assert!(verdict.causes[0].summary.contains(SHADOW));
    assert_eq!(verdict.causes[0].details["mechanism"], "route-shadows-subnet");
}

#[test]
fn a_kill_switch_that_rejects_private_addresses_rejects_the_answers() {
    let verdict = Device::networked()
        .rerouted(TUN, &["unreachable 172.16.0.0/12 table 200", SITE], &["50: from all lookup 200"])
        .cut_off(Token::TimedOut)
        .traced(Stage::ReplyLost, |_| ())
        .sure(&[VpnOverride]);
    assert_eq!(verdict.causes[0].details["mechanism"], "kill-switch");
    assert!(verdict.causes[0].summary.contains("unreachable 172.16.0.0/12"));
}

#[test]
fn a_rule_that_rejects_the_network_in_a_vpns_own_table_is_the_vpns() {
    let verdict = Device::networked()
        .rerouted(TUN, &[KILL_SWITCH, SITE], &["51: from 172.18.0.0/16 lookup 200"])
        .cut_off(Token::HostUnreachable)
        .traced(Stage::RejectedByHost, |_| ())
        .sure(&[VpnOverride]);
    assert_eq!(verdict.causes[0].details["mechanism"], "source-rule");
}

#[test]
fn a_tunnel_of_no_known_make_is_called_a_vpn() {
    let verdict = Device::networked()
        .rerouted(TUN, &["20.49.0.0/16 dev tun0"], &[])
        .cut_off(Token::TimedOut)
        .traced(Stage::NoReply, |trace| trace.left[0].interface = "tun0".to_owned())
        .sure(&[VpnOverride]);
    assert!(verdict.causes[0].summary.starts_with("The traffic of azure-iot-edge"));
    assert_eq!(verdict.causes[0].details["mechanism"], "tunnel-route");
}

#[test]
fn a_rule_for_the_subnet_that_leads_into_a_tunnel_is_a_source_rule() {
    let verdict = Device::networked()
        .rerouted(TUN, &["default dev tun0 table 100"], &["100: from 172.18.0.0/16 lookup 100"])
        .cut_off(Token::TimedOut)
        .traced(Stage::NoReply, |trace| trace.left[0].interface = "tun0".to_owned())
        .sure(&[VpnOverride]);
    assert_eq!(verdict.causes[0].details["mechanism"], "source-rule");
}

#[test]
fn a_filter_rule_that_a_vpn_wrote_is_its_kill_switch() {
    let rule = "-A FORWARD ! -o tun0 -m comment --comment nordvpn -j DROP";
    let verdict = Device::networked()
        .rerouted(TUN, &["10.0.0.0/8 dev tun0"], &[])
        .cut_off(Token::TimedOut)
        .traced(Stage::LostInside, |trace| {
            let mut dropping = dropping(rule);
            dropping.vpn = Some(Vpn::Other);
            trace.dropped_by = vec![dropping];
        })
        .sure(&[VpnOverride]);
    assert!(verdict.causes[0].summary.contains(rule));
}

#[test]
fn a_dead_tunnel_takes_the_host_too_while_another_uplink_answers() {
    let mut by_the_uplink = connection(Transport::Amqp, Role::Detour, HUB_ADDRESS);
    detoured(&mut by_the_uplink, Detour::Interface("eth0".to_owned()));
    let verdict = full_tunnel()
        .failing(|o| o.facts.endpoint().is_some(), Step::Connect, Token::TimedOut)
        .traced(Stage::NoReply, |trace| trace.left[0].interface = "tun0".to_owned())
        .changed(is_route, |o| {
            let Facts::Route(facts) = &mut o.facts else { unreachable!() };
            (facts.interface, facts.gateway_answers) = (Some("tun0".to_owned()), None);
        })
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .with(by_the_uplink)
        .sure(&[VpnOverride]);
    let cause = &verdict.causes[0];
    assert!(cause.summary.contains("another uplink"));
    assert_eq!(cause.details["network"], "azure-iot-edge");
    assert_eq!(cause.details["networks"][0], "azure-iot-edge");
    assert_eq!(cause.details["routes"], json!(HALVES));
    assert_eq!(cause.details["rule"], json!(null));
}

#[test]
fn a_kill_switch_that_rejects_the_host_rejects_its_networks() {
    let verdict = Device::networked()
        .rerouted(TUN, &[KILL_SWITCH, SITE], &["50: from all lookup 200"])
        .failing(|o| o.facts.endpoint().is_some(), Step::Connect, Token::HostUnreachable)
        .failing(is_route, Step::Route, Token::HostUnreachable)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .sure(&[VpnOverride]);
    let cause = &verdict.causes[0];
    assert_eq!(cause.details["mechanism"], "kill-switch");
    assert_eq!(cause.details["network"], "azure-iot-edge");
    assert_eq!(cause.details["routes"], json!([KILL_SWITCH]));
    assert_eq!(cause.details["rule"], "50: from all lookup 200");
    assert_eq!(cause.effect, Effect::Blocks);
}

#[test]
fn a_shadowing_route_is_proved_by_the_kernel_alone() {
    let verdict = Device::unprivileged()
        .rerouted(TUN, &[SHADOW], &[])
        .expect(Status::Blocked, &[VpnOverride]);
    assert!(verdict.unexplained.is_empty());
}

#[test]
fn a_full_tunnel_is_not_blamed_where_no_packet_was_sent() {
    let device = Device::unprivileged().rerouted(TUN, &HALVES, &[]);
    let verdict = device.expect(Status::Inconclusive, &[]);
    assert!(!verdict.not_tested.is_empty());
}

#[test]
fn a_tunnel_is_not_the_cause_of_a_silence_that_the_host_gets_too() {
    // The host's file pins one address, which is dead; containers are led to one that is on their
    // own link.
    let inside = "172.18.5.4";
    let mut device = full_tunnel()
        .failing(to_hub, Step::Connect, Token::TimedOut)
        .traced(Stage::NoReply, |trace| trace.left[0].interface = "tun0".to_owned());
    for transport in [Transport::Amqp, Transport::AmqpWs, Transport::Https] {
        let opened = connection(transport, Role::Hub, inside);
        let mut closed = from(&edge_network(), opened.clone());
        fail(&mut closed, Step::Connect, Token::HostUnreachable);
        device.observations.extend([opened, closed]);
    }
    let verdict = device.verdict();
    assert!(verdict.causes.iter().all(|cause| cause.id != VpnOverride), "{verdict:#?}");
}

#[test]
fn a_rule_that_rejects_the_network_is_not_an_idle_vpns() {
    for (links, own) in [(TUN, "10.0.0.0/8 dev tun0"), (IDLE_TAILSCALE, TAILSCALES_OWN)] {
        for rule in ["51: from 172.18.0.0/16 lookup 200", "51: from 172.18.0.0/16 unreachable"] {
            let verdict = Device::networked()
                .rerouted(links, &[KILL_SWITCH, own], &[rule, "5270: from all lookup 52"])
                .cut_off(Token::HostUnreachable)
                .traced(Stage::RejectedByHost, |_| ())
                .sure(&[BridgeNoRoute]);
            assert!(verdict.causes[0].summary.contains("51: from 172.18.0.0/16"));
        }
    }
}

#[test]
fn rejected_answers_lack_a_route_whatever_an_idle_vpn() {
    let routes = ["unreachable 172.16.0.0/12 table 200", "10.0.0.0/8 dev tun0"];
    let verdict = Device::networked()
        .rerouted(TUN, &routes, &["50: from all lookup 200"])
        .cut_off(Token::TimedOut)
        .traced(Stage::ReplyLost, |_| ())
        .sure(&[BridgeNoRoute]);
    assert!(verdict.causes[0].summary.contains("50: from all lookup 200"), "{}", verdict.summary);
    let way = verdict.causes[0].remedy[0].command.as_deref();
    let expected = "sudo ip rule add to 172.18.0.0/16 lookup main priority 49";
    assert_eq!(way, Some(expected));
}

#[test]
fn a_host_whose_route_rejects_is_offline_whatever_an_idle_vpn() {
    for (links, own) in [(TUN, "10.0.0.0/8 dev tun0"), (IDLE_TAILSCALE, TAILSCALES_OWN)] {
        Device::networked()
            .rerouted(links, &[KILL_SWITCH, own], &["50: from all lookup 200"])
            .failing(|o| o.facts.endpoint().is_some(), Step::Connect, Token::HostUnreachable)
            .failing(is_route, Step::Route, Token::HostUnreachable)
            .without(|o| matches!(o.facts, Facts::Clock(_)))
            .sure(&[HostOffline]);
    }
}

#[test]
fn a_tunnel_that_no_packet_was_followed_into_is_likely_and_says_what_would_decide() {
    let verdict = Device::in_own_container()
        .rerouted(TUN, &HALVES, &[])
        .cut_off(Token::TimedOut)
        .expect(Status::Blocked, &[VpnOverride]);
    let cause = &verdict.causes[0];
    assert_eq!((cause.confidence, verdict.confidence), (Confidence::Likely, Confidence::Likely));
    assert!(cause.summary.contains("was not seen"), "{}", cause.summary);
    assert!(cause.would_confirm.as_ref().unwrap().contains("as root"));
    assert!(cause.remedy.iter().any(|it| it.text.contains("table of its own")), "{cause:#?}");
}

#[test]
fn connections_that_are_refused_at_once_are_not_lost_in_a_tunnel() {
    let verdict = Device::in_own_container()
        .rerouted(TUN, &HALVES, &[])
        .cut_off(Token::ConnectionRefused)
        .expect(Status::Blocked, &[ForwardBlocked]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
}

#[test]
fn a_modem_as_second_uplink_is_no_vpn() {
    let verdict = Device::in_own_container()
        .rerouted(&[("ppp0", LinkKind::Ppp)], &["default dev ppp0"], &[])
        .retabled(|tables| {
            tables.routes.retain(|it| it.destination.prefix_len() > 0 || it.leaves_by("ppp0"));
        })
        .rerouted(&[], &["10.0.0.0/8 via 192.168.1.1 dev eth0"], &[])
        .cut_off(Token::TimedOut)
        .expect(Status::Blocked, &[ForwardBlocked]);
    assert!(verdict.ruled_out.iter().any(|other| other.id == VpnOverride), "{verdict:#?}");
}
