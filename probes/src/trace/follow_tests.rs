//! A real kernel drops, refuses, translates and loses packets; the trace says where.

use std::future::pending;

use edgeprobe_facts::Observation;
use edgeprobe_facts::route::testing::edge_network;
use edgeprobe_facts::trace::{Answer, Stage};
use tokio::net::TcpListener;

use super::*;
use crate::route::probe_tables;
use crate::vantage::borrow;
use crate::vantage::testing::{HUB, Lab, lab};

/// A connection from a borrowed place to the hub, after these changes to the device and to the
/// internet.
async fn followed(device: &str, internet: &str) -> Option<(Observation, Trace)> {
    followed_after(Duration::ZERO, device, internet).await
}

/// The same, once so much of the run's time is over.
async fn followed_after(
    after: Duration,
    device: &str,
    internet: &str,
) -> Option<(Observation, Trace)> {
    let Lab { device: host, internet: outside } = lab().await?;
    host.set_up(device).await;
    outside.set_up(internet).await;
    let (ready, is_ready) = tokio::sync::oneshot::channel();
    let place = outside.place.clone();
    let server = tokio::spawn(async move {
        let serve = || async move {
            let _listener = TcpListener::bind((HUB, 5671)).await.unwrap();
            ready.send(()).unwrap();
            pending::<()>().await;
        };
        place.run(serve).await
    });
    is_ready.await.unwrap();
    let check = move || async move {
        // Long enough for the kernel to try a second time, so that what is sent twice is met.
        let timeline = Timeline::start((after * 2).max(Duration::from_secs(4)));
        let Facts::RouteTables(tables) = probe_tables(timeline, &Vantage::Host).await.facts else {
            panic!("no tables");
        };
        let borrowed = borrow(timeline, edge_network(), Vec::new()).await.unwrap();
        let hub = SocketAddrV4::new(HUB.parse().unwrap(), 5671);
        let readings = Readings::default();
        let late = after.saturating_sub(timeline.limit().saturating_sub(timeline.remaining()));
        tokio::time::sleep(late).await;
        let vantage = edgeprobe_facts::Vantage::Bridge("edge".to_owned());
        follow(timeline, &vantage, &edge_network(), borrowed.place(), &tables, hub, &readings).await
    };
    let observation = host.place.run(check).await.unwrap();
    server.abort();
    let Facts::Trace(trace) = observation.facts.clone() else { panic!("no trace") };
    Some((observation, *trace))
}

async fn stage(device: &str, internet: &str) -> Option<Stage> {
    followed(device, internet).await.map(|(_, trace)| trace.stage)
}

#[tokio::test]
async fn a_healthy_device_delivers_the_answer() {
    let Some((observation, trace)) = followed("true", "true").await else { return };
    assert_eq!(trace.stage, Stage::Delivered, "{trace:?}");
    assert_eq!(observation.token(), None);
    assert_eq!(observation.id, format!("bridge:edge/trace/{HUB}:5671"));
    assert!(trace.entered.unwrap().ip().to_string().starts_with("172.18.255."));
    assert_eq!(trace.left.len(), 1);
    assert_eq!(trace.left[0].interface, "eth0");
    assert_eq!(trace.left[0].source.ip().to_string(), "192.0.2.10");
    assert_eq!(trace.delivered.unwrap().answer, Answer::Accepted);
}

#[tokio::test]
async fn a_refusal_by_the_hub_is_delivered_like_an_answer() {
    let refuse = "iptables -A INPUT -p tcp --dport 5671 -j REJECT --reject-with tcp-reset";
    let Some((observation, trace)) = followed("true", refuse).await else { return };
    assert_eq!(trace.stage, Stage::Delivered, "{trace:?}");
    assert_eq!(trace.reply.unwrap().answer, Answer::Reset);
    assert_eq!(observation.token(), Some(Token::ConnectionRefused));
}

#[tokio::test]
async fn what_the_host_does_not_forward_is_lost_inside() {
    for setup in
        ["echo 0 > /proc/sys/net/ipv4/ip_forward", "iptables -A FORWARD -i br-edge -j DROP"]
    {
        let Some((observation, trace)) = followed(setup, "true").await else { return };
        assert_eq!(trace.stage, Stage::LostInside, "{setup}: {trace:?}");
        assert_eq!(observation.token(), Some(Token::TimedOut));
    }
}

#[tokio::test]
async fn a_filter_that_rejects_is_told_from_one_that_drops() {
    let setup = "iptables -A FORWARD -i br-edge -j REJECT --reject-with icmp-admin-prohibited";
    let Some((_, trace)) = followed(setup, "true").await else { return };
    assert_eq!(trace.stage, Stage::RejectedByHost, "{trace:?}");
    assert_eq!(trace.delivered.unwrap().answer, Answer::Unreachable { code: 13 });
}

#[tokio::test]
async fn without_translation_the_containers_own_address_leaves() {
    let Some(stage) = stage("iptables -t nat -F", "true").await else { return };
    assert_eq!(stage, Stage::LeftUntranslated);
}

#[tokio::test]
async fn a_drop_beyond_the_host_gives_no_reply() {
    let drop = "iptables -A INPUT -p tcp --dport 5671 -j DROP";
    let Some((_, trace)) = followed("true", drop).await else { return };
    assert_eq!(trace.stage, Stage::NoReply, "{trace:?}");
    assert_eq!(trace.left.len(), 1, "what is sent twice is told once");
}

#[tokio::test]
async fn a_reply_that_the_host_drops_is_lost_on_the_way_back() {
    let drop = "iptables -t mangle -A PREROUTING -i eth0 -p tcp -j DROP";
    let Some((_, trace)) = followed(drop, "true").await else { return };
    assert_eq!(trace.stage, Stage::ReplyLost, "{trace:?}");
    assert_eq!(trace.reply.unwrap().interface, "eth0");
}

#[tokio::test]
async fn a_tunnel_that_swallows_everything_is_named() {
    let tunnel = "ip link add wg0 type veth peer name far
        ip link set far up
        ip link set wg0 up
        ip addr add 10.8.0.2/24 dev wg0
        ip neigh add 10.8.0.1 lladdr 02:00:00:00:00:09 dev wg0
        ip route add 0.0.0.0/1 via 10.8.0.1 dev wg0
        ip route add 128.0.0.0/1 via 10.8.0.1 dev wg0";
    let Some((_, trace)) = followed(tunnel, "true").await else { return };
    assert_eq!(trace.stage, Stage::NoReply, "{trace:?}");
    assert_eq!(trace.left[0].interface, "wg0");
    assert_eq!(trace.left[0].source.ip().to_string(), "10.8.0.2");
}

#[tokio::test]
async fn a_dead_tunnel_device_takes_the_packet_out_of_sight() {
    let tunnel = "ip tuntap add tun0 mode tun
        ip addr add 10.8.0.2/24 dev tun0
        ip link set tun0 up
        ip route add 0.0.0.0/1 dev tun0
        ip route add 128.0.0.0/1 dev tun0";
    let Some(stage) = stage(tunnel, "true").await else { return };
    assert_eq!(stage, Stage::LostInside);
}

/// Whether a program that the test needs is there; a note if not.
fn has(program: &str) -> bool {
    let found = std::process::Command::new(program).arg("--version").output().is_ok();
    if !found {
        println!("skipped: {program} is not installed");
    }
    found
}

/// What the trace names: each rule's text, and whether it is inferred.
fn named(trace: &Trace) -> Vec<(&str, bool)> {
    trace.dropped_by.iter().map(|rule| (rule.text.as_str(), rule.inferred)).collect()
}

#[tokio::test]
async fn the_rule_that_drops_is_named() {
    let user = "iptables -N DOCKER-USER
        iptables -A FORWARD -j DOCKER-USER
        iptables -A DOCKER-USER -d 198.51.100.0/24 -j DROP
        iptables -A DOCKER-USER -p tcp --dport 5671 -j DROP";
    let user_rule = "-A DOCKER-USER -p tcp -m tcp --dport 5671 -j DROP";
    let nft = "nft 'add table inet own
        add chain inet own forward { type filter hook forward priority 0; }
        add rule inet own forward tcp dport 8883 counter drop
        add rule inet own forward tcp dport 5671 counter drop'";
    for (setup, expected) in [
        ("iptables -P FORWARD DROP", "-P FORWARD DROP"),
        (user, user_rule),
        (
            "iptables -t raw -A PREROUTING -i br-edge -p tcp -j DROP",
            "-A PREROUTING -i br-edge -p tcp -j DROP",
        ),
        (nft, "tcp dport 5671 counter drop"),
        ("iptables-legacy -A FORWARD -i br-edge -j DROP", "-A FORWARD -i br-edge -j DROP"),
    ] {
        let tool = setup.split(' ').next().unwrap();
        if !has(tool) {
            continue;
        }
        let Some((_, trace)) = followed(setup, "true").await else { return };
        // Where `bridge-nf-call-iptables` is on, the rule of `raw` takes it from the bridge's port.
        let is_lost = matches!(trace.stage, Stage::LostInside | Stage::NotEntered);
        assert!(is_lost, "{setup}: {trace:?}");
        assert_eq!(named(&trace), [(expected, false)], "{setup}");
        assert!(trace.dropped_by[0].packets >= Some(1));
        assert_eq!(trace.masqueraded, Some(true));
    }
}

#[tokio::test]
async fn the_rule_that_rejects_is_named() {
    let setup = "iptables -A FORWARD -i br-edge -j REJECT --reject-with icmp-admin-prohibited";
    let Some((observation, trace)) = followed(setup, "true").await else { return };
    let rule = "-A FORWARD -i br-edge -j REJECT --reject-with icmp-admin-prohibited";
    assert_eq!(named(&trace), [(rule, false)], "{observation:?}");
}

#[tokio::test]
async fn a_policy_of_nft_that_does_not_count_is_inferred() {
    if !has("nft") {
        return;
    }
    let setup = "nft 'add table inet own
        add chain inet own forward { type filter hook forward priority 0; policy drop; }'";
    let Some((_, trace)) = followed(setup, "true").await else { return };
    assert_eq!(named(&trace), [("type filter hook forward priority 0; policy drop;", true)]);
}

#[tokio::test]
async fn the_rule_that_drops_the_reply_is_named() {
    let drop = "iptables -t mangle -A PREROUTING -i eth0 -p tcp -j DROP";
    let Some((_, trace)) = followed(drop, "true").await else { return };
    assert_eq!(named(&trace), [("-A PREROUTING -i eth0 -p tcp -j DROP", false)]);
}

#[tokio::test]
async fn missing_translation_is_told_from_translation_for_another_way() {
    let Some((_, trace)) = followed("iptables -t nat -F", "true").await else { return };
    assert_eq!((trace.masqueraded, named(&trace)), (Some(false), vec![]));
    let elsewhere = "iptables -t nat -F
        iptables -t nat -A POSTROUTING -s 172.18.0.0/16 -o wg0 -j MASQUERADE";
    let Some((_, trace)) = followed(elsewhere, "true").await else { return };
    assert_eq!(trace.stage, Stage::LeftUntranslated);
    assert_eq!(trace.masqueraded, Some(true));
}

#[tokio::test]
async fn nothing_is_named_where_no_rule_drops() {
    let drops_others = "iptables -A FORWARD -s 10.0.0.0/8 -j DROP";
    let Some((_, trace)) = followed(drops_others, "true").await else { return };
    assert_eq!(trace.stage, Stage::Delivered);
    assert_eq!((named(&trace), trace.masqueraded), (vec![], None));
    let stopped = format!("{drops_others}\necho 0 > /proc/sys/net/ipv4/ip_forward");
    let Some((_, trace)) = followed(&stopped, "true").await else { return };
    assert_eq!(trace.stage, Stage::LostInside);
    assert_eq!(named(&trace), []);
}

#[test]
fn a_report_from_before_rules_were_named_is_read() {
    let report = r#"{"destination":"203.0.113.10:5671","stage":"lost_inside"}"#;
    let trace: Trace = serde_json::from_str(report).unwrap();
    assert_eq!(trace.stage, Stage::LostInside);
    assert!(serde_json::to_string(&trace).unwrap().len() <= report.len());
}

#[tokio::test]
async fn a_rule_is_named_though_the_attempt_began_when_half_of_the_time_was_over() {
    let drop = "iptables -A FORWARD -i br-edge -j DROP";
    let Some((_, trace)) = followed_after(Duration::from_secs(3), drop, "true").await else {
        return;
    };
    assert_eq!(trace.stage, Stage::LostInside);
    assert_eq!(named(&trace), [("-A FORWARD -i br-edge -j DROP", false)], "{trace:?}");
    assert_eq!((trace.rules_unread, trace.silent_neighbour), (None, None));
}

#[tokio::test]
async fn a_gateway_that_answers_nobody_is_told_from_a_rule_that_drops() {
    let setup = "ip link add eth1 type veth peer name far1
        ip addr add 198.51.100.2/24 dev eth1
        ip link set eth1 up
        ip link set far1 arp off up
        ip route add default via 198.51.100.1 dev eth1 table 100
        ip rule add from 172.18.0.0/16 lookup 100";
    let Some((_, trace)) = followed(setup, "true").await else { return };
    assert!(trace.is_given_up_by_the_kernel(), "{trace:?}");
    let silent = trace.silent_neighbour.unwrap();
    assert_eq!(
        (silent.interface.as_str(), silent.address),
        ("eth1", "198.51.100.1".parse().unwrap())
    );
}

#[tokio::test]
async fn a_tunnel_is_watched_behind_any_number_of_other_links() {
    let many = "for number in $(seq 40); do
            ip link add veth$number type veth peer name peer$number
            ip link set veth$number up
            ip link set peer$number up
        done
        ip link add wg0 type veth peer name far
        ip link set far up
        ip link set wg0 up
        ip addr add 10.8.0.2/24 dev wg0
        ip neigh add 10.8.0.1 lladdr 02:00:00:00:00:09 dev wg0
        ip route add 0.0.0.0/1 via 10.8.0.1 dev wg0
        ip route add 128.0.0.0/1 via 10.8.0.1 dev wg0";
    let Some((_, trace)) = followed(many, "true").await else { return };
    assert_eq!(trace.stage, Stage::NoReply, "{trace:?}");
    assert_eq!(trace.left[0].interface, "wg0");
    assert!(trace.unwatched > 0);
}

#[tokio::test]
async fn a_policy_of_ipsec_takes_the_packet_out_of_sight_and_the_kernel_counts_it() {
    let setup = "ip xfrm policy add src 172.18.0.0/16 dst 0.0.0.0/0 dir out \
        tmpl src 192.0.2.10 dst 198.51.100.9 proto esp mode tunnel";
    let Some((_, trace)) = followed(setup, "true").await else { return };
    assert_eq!(trace.stage, Stage::LostInside, "{trace:?}");
    assert_eq!(named(&trace), []);
    assert!(trace.ipsec_errors.keys().any(|name| name.starts_with("Xfrm")), "{trace:?}");
}
