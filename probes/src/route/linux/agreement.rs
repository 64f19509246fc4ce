//! The tables alone must come to the kernel's answer, whatever they hold: random tables and rules
//! in a network namespace, and packets from everywhere to everywhere.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use edgeprobe_facts::route::decision::Flow;
use edgeprobe_facts::route::edge::Lookup;
use edgeprobe_facts::route::testing::edge_network;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::edge::ask_edge;
use super::states::{DEVICE, agree};
use super::tables;
use crate::vantage::testing::sandbox;

const DESTINATIONS: [&str; 5] =
    ["203.0.113.10", "10.1.1.1", "172.18.0.77", "172.20.1.1", "198.51.100.1"];

const NETWORKS: [&str; 8] = [
    "default",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "172.18.0.0/24",
    "203.0.113.0/24",
    "203.0.113.10/32",
];

const TABLES: [&str; 3] = ["main", "100", "51820"];

fn route() -> impl Strategy<Value = String> {
    let kind = prop_oneof![
        4 => Just(("", "dev tun0")),
        4 => Just(("", "via 192.0.2.1 dev eth0")),
        1 => Just(("unreachable", "")),
        1 => Just(("blackhole", "")),
        1 => Just(("prohibit", "")),
        1 => Just(("throw", "")),
    ];
    let choice = (kind, prop::sample::select(&NETWORKS[..]), prop::sample::select(&TABLES[..]));
    (choice, 0..3_u32).prop_map(|(((kind, way), network, table), metric)| {
        format!("ip route add {kind} {network} {way} table {table} metric {metric}")
    })
}

fn rule() -> impl Strategy<Value = String> {
    let selector = prop::sample::select(vec![
        "from all",
        "from 172.18.0.0/16",
        "from 192.0.2.10",
        "iif br-edge",
        "iif lo",
        "to 203.0.113.0/24",
        "not to 203.0.113.0/24",
        "fwmark 0x1",
        "not fwmark 0x1",
        "fwmark 0x0/0xff",
        "not from 172.18.0.0/16",
        "ipproto udp",
        "ipproto tcp",
        "dport 443",
    ]);
    let action = prop::sample::select(vec![
        "table main",
        "table 100",
        "table 51820",
        "table main suppress_prefixlength 0",
        "table main suppress_prefixlength 8",
        "blackhole",
        "prohibit",
        "unreachable",
        "goto 32766",
        "nop",
    ]);
    (selector, action, 1..1000_u32).prop_map(|(selector, action, priority)| {
        format!("ip rule add priority {priority} {selector} {action}")
    })
}

#[tokio::test]
async fn the_tables_come_to_the_kernels_answer() {
    let strategy = (prop::collection::vec(route(), 0..8), prop::collection::vec(rule(), 0..6));
    // The same tables in every run, so that a failure can be met again.
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    for _ in 0..60 {
        let (routes, rules) = strategy.new_tree(&mut runner).unwrap().current();
        let mut setup = String::from("echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter\n");
        for line in routes.iter().chain(&rules) {
            // Some exist already, and the kernel refuses them.
            writeln!(setup, "{line} 2>/dev/null || :").unwrap();
        }
        if compare(&setup).await.is_none() {
            return;
        }
    }
}

async fn compare(setup: &str) -> Option<()> {
    let sandbox = sandbox()?;
    sandbox.set_up(DEVICE).await;
    sandbox.set_up(setup).await;
    let ask = || async {
        let answers = DESTINATIONS
            .map(|to| ask_edge(edge_network(), to.parse().unwrap(), Duration::ZERO).unwrap());
        (tables::read().unwrap(), answers)
    };
    let (tables, answers) = sandbox.place.run(ask).await.unwrap();
    for facts in answers {
        let (to, member): (IpAddr, _) = (facts.destination, facts.member.unwrap());
        agree(&tables, &Flow::own(to), &facts.host, setup);
        agree(&tables, &Flow::own(member), &facts.back, setup);
        agree(&tables, &Flow::forwarded(member, "br-edge", to), &facts.forward, setup);
        if facts.reply != Lookup::NotAsked {
            let input = facts.forward.interface().unwrap();
            agree(&tables, &Flow::forwarded(to, input, member), &facts.reply, setup);
        }
    }
    Some(())
}
