//! Listings of the real tools, made in network namespaces: an engine's chains with Tailscale's, and
//! tables of nft as firewalld, wg-quick and the engine make them.

use std::time::Duration;

use edgeprobe_facts::route::vpn::Vpn;
use edgeprobe_facts::ruleset::MAX_TEXT;
use ipnet::IpNet;
use proptest::prelude::*;

use super::combine::{Listings, combine};
use super::iptables::Listing;
use super::*;
use crate::vantage::testing::sandbox;

const DOCKER: &str = include_str!("fixtures/docker.iptables-save");
const DOCKER_JSON: &str = include_str!("fixtures/docker.json");
const DOCKER_TEXT: &str = include_str!("fixtures/docker.nft");
const NATIVE_JSON: &str = include_str!("fixtures/native.json");
const NATIVE_TEXT: &str = include_str!("fixtures/native.nft");

const SUBNET: &str = "172.18.0.0/16";

fn iptables(text: &str) -> Ruleset {
    Ruleset { chains: iptables::parse(Tool::Iptables, text).chains, ..Ruleset::default() }
}

fn native(json: &str) -> Ruleset {
    Ruleset { chains: nft::parse(json, NATIVE_TEXT).unwrap(), ..Ruleset::default() }
}

fn chain<'a>(ruleset: &'a Ruleset, table: &str, name: &str) -> &'a Chain {
    let mut chains = ruleset.chains.iter();
    chains.find(|chain| (chain.table.as_str(), chain.name.as_str()) == (table, name)).unwrap()
}

fn texts(rules: &[FilterRule]) -> Vec<&str> {
    rules.iter().map(|rule| rule.text.as_str()).collect()
}

/// The engine's chains with the counters of these rules at 3.
fn docker_after(rules: &[&str]) -> Ruleset {
    let mut text = DOCKER.to_owned();
    for rule in rules {
        let line = format!("[0:0] {rule}");
        assert!(text.contains(&line), "{rule}");
        text = text.replace(&line, &format!("[3:180] {rule}"));
    }
    iptables(&text)
}

fn masquerading(ruleset: &Ruleset, subnet: &str) -> Vec<String> {
    let rules = masquerades(ruleset, &subnet.parse().unwrap());
    rules.into_iter().map(|rule| rule.text.clone()).collect()
}

#[test]
fn a_rule_of_iptables_is_read_whole() {
    let ruleset = iptables(DOCKER);
    let rule = &chain(&ruleset, "filter", "DOCKER-USER").rules[0];
    assert_eq!(rule.at, Position::Number(1));
    assert_eq!(rule.packets, Some(0));
    assert_eq!(rule.verdict, Some(Verdict::Drop));
    assert_eq!(rule.sources, [SUBNET.parse::<IpNet>().unwrap()]);
    assert!(rule.narrowed, "it is for one port");
    assert!(rule.text.starts_with("-A DOCKER-USER -s 172.18.0.0/16 -p tcp"), "{}", rule.text);
    let forward = chain(&ruleset, "filter", "FORWARD");
    assert_eq!(forward.hook, Some(Hook::Forward));
    assert_eq!(forward.policy.as_ref().unwrap().text, "-P FORWARD DROP");
    assert_eq!(forward.policy.as_ref().unwrap().packets, Some(0));
    assert_eq!(forward.rules[0].leads_to, ["ts-forward"]);
    assert_eq!(chain(&ruleset, "filter", "ts-forward").rules[1].vpn, Some(Vpn::Tailscale));
}

#[test]
fn a_rule_of_nft_is_read_whole() {
    let ruleset = native(NATIVE_JSON);
    let rules = &chain(&ruleset, "firewalld", "filter_FWD_public").rules;
    assert_eq!(
        texts(rules),
        [
            "ip saddr 172.18.0.0/16 counter drop",
            "counter ip daddr 1.2.3.4 drop",
            "tcp dport { 5671, 8883 } counter log prefix \"no: \" reject with tcp reset comment \
             \"two # handle 99 ports\"",
            "oifname \"eth0\" limit rate 1/second counter drop",
        ]
    );
    let packets: Vec<_> = rules.iter().map(|rule| rule.packets).collect();
    // What is counted before a condition is not what the rule drops.
    assert_eq!(packets, [Some(0), None, Some(0), Some(0)]);
    assert_eq!(rules[2].verdict, Some(Verdict::Reject));
    assert_eq!(rules[0].at, Position::Handle(14));
    assert_eq!(rules[0].family, Family::Inet);
    let wireguard = chain(&ruleset, "wg-quick-wg0", "preraw");
    assert_eq!(wireguard.hook, Some(Hook::Prerouting));
    assert_eq!(wireguard.rules[0].vpn, Some(Vpn::Wireguard));
    let policy = chain(&ruleset, "docker-bridges", "filter-FORWARD").policy.as_ref().unwrap();
    assert_eq!(policy.text, "type filter hook forward priority 0; policy drop;");
}

#[test]
fn verdict_maps_lead_on() {
    let ruleset = native(NATIVE_JSON);
    let rules = &chain(&ruleset, "docker-bridges", "filter-FORWARD").rules;
    assert_eq!(rules[0].leads_to, ["filter-forward-in__br-edge"], "by a named map");
    assert_eq!(rules[1].leads_to, ["filter-forward-in__br-edge"], "by one of its own");
    let after = native(&NATIVE_JSON.replace(
        r#""comment": "UNPUBLISHED PORT DROP", "expr": [{"counter": {"packets": 0"#,
        r#""comment": "UNPUBLISHED PORT DROP", "expr": [{"counter": {"packets": 2"#,
    ));
    let dropped = dropped_between(&ruleset, &after);
    assert_eq!(texts(&dropped), ["counter drop comment \"UNPUBLISHED PORT DROP\""]);
    assert_eq!(dropped[0].packets, Some(2));
}

#[test]
fn the_newer_iptables_rules_stand_once_and_in_its_own_words() {
    let ruleset = combine(Listings {
        nft: Ok(Some(nft::parse(DOCKER_JSON, DOCKER_TEXT).unwrap())),
        iptables: Ok(Some(iptables::parse(Tool::Iptables, DOCKER))),
        legacy: Ok(None),
        are_legacy_tables_loaded: false,
    })
    .unwrap();
    assert_eq!(ruleset, iptables(DOCKER));
}

#[test]
fn without_iptables_its_rules_are_read_as_nft_shows_them() {
    let ruleset =
        Ruleset { chains: nft::parse(DOCKER_JSON, DOCKER_TEXT).unwrap(), ..Ruleset::default() };
    let reject = &chain(&ruleset, "filter", "ts-forward").rules[1];
    assert_eq!(reject.text, "iifname \"eth0\" counter reject with icmp type admin-prohibited");
    assert_eq!((reject.verdict, reject.packets), (Some(Verdict::Reject), Some(0)));
    assert_eq!(masquerading(&ruleset, SUBNET).len(), 1);
}

#[test]
fn both_iptables_at_once_are_both_read() {
    let listings = |iptables: &str| Listings {
        nft: Ok(None),
        iptables: Ok(Some(iptables::parse(Tool::Iptables, iptables))),
        legacy: Ok(Some(iptables::parse(Tool::IptablesLegacy, DOCKER))),
        are_legacy_tables_loaded: true,
    };
    let count = DOCKER.lines().filter(|line| line.starts_with(':')).count();
    assert_eq!(combine(listings(DOCKER)).unwrap().chains.len(), 2 * count);
    // Where `iptables` is the older one itself, it is not read twice.
    let older = DOCKER.replace(" (nf_tables)", "");
    assert_eq!(combine(listings(&older)).unwrap().chains.len(), count);
}

#[test]
fn what_cannot_be_read_is_said() {
    let failed = |program| RulesetError::TimedOut { program, limit: Duration::from_secs(1) };
    let none = || Listings {
        nft: Ok(None),
        iptables: Ok(None),
        legacy: Ok(None),
        are_legacy_tables_loaded: false,
    };
    let error = combine(none()).unwrap_err();
    assert!(matches!(error, RulesetError::NoTool), "{error}");
    let error = combine(Listings { nft: Err(failed("nft")), ..none() }).unwrap_err();
    assert!(matches!(error, RulesetError::TimedOut { program: "nft", .. }), "{error}");
    let partial = Listing { is_partial: true, of_nf_tables: true, ..Listing::default() };
    let listings =
        Listings { iptables: Ok(Some(partial)), are_legacy_tables_loaded: true, ..none() };
    assert_eq!(combine(listings).unwrap().unread, [Tool::Nft, Tool::IptablesLegacy]);
}

#[test]
fn a_drop_is_named_by_the_way_that_led_to_it() {
    let before = iptables(DOCKER);
    let drop = "-A DOCKER-USER -s 172.18.0.0/16";
    let dropped = dropped_between(&before, &docker_after(&["-A FORWARD -j DOCKER-USER", drop]));
    assert_eq!(dropped.len(), 1);
    assert_eq!((dropped[0].chain.as_str(), dropped[0].packets), ("DOCKER-USER", Some(3)));
    // Nothing that is forwarded comes to a chain that no chain met leads to.
    assert_eq!(dropped_between(&before, &docker_after(&[drop])), []);
    assert_eq!(dropped_between(&before, &docker_after(&["-A DOCKER !"])), []);
    let raw = dropped_between(&before, &docker_after(&["-A PREROUTING -d 172.18.0.2/32"]));
    assert_eq!(raw[0].table, "raw");
}

#[test]
fn a_counting_policy_is_named_when_it_moved() {
    let after = DOCKER.replace(":FORWARD DROP [0:0]", ":FORWARD DROP [2:120]");
    let dropped = dropped_between(&iptables(DOCKER), &iptables(&after));
    assert_eq!(texts(&dropped), ["-P FORWARD DROP"]);
    assert_eq!((dropped[0].packets, dropped[0].inferred), (Some(2), false));
}

#[test]
fn a_policy_that_does_not_count_is_inferred() {
    let before = native(NATIVE_JSON);
    let dropped = dropped_between(&before, &before);
    assert_eq!(texts(&dropped), ["type filter hook forward priority 0; policy drop;"]);
    assert!(dropped[0].inferred);
    // Unless what was accepted in its chain did not come to it.
    let accepted = NATIVE_JSON.replace(
        r#"{"counter": {"packets": 0, "bytes": 0}}, {"accept""#,
        r#"{"counter": {"packets": 1, "bytes": 60}}, {"accept""#,
    );
    assert_eq!(dropped_between(&before, &native(&accepted)), []);
}

#[test]
fn a_rule_put_before_others_does_not_move_their_counters() {
    let counted = DOCKER.replace("[0:0]", "[7:420]");
    let line = "[7:420] -A FORWARD -j ts-forward";
    let inserted =
        counted.replace(line, &format!("[1:60] -A FORWARD -s 10.0.0.1/32 -j DROP\n{line}"));
    let dropped = dropped_between(&iptables(&counted), &iptables(&inserted));
    assert_eq!(texts(&dropped), ["-A FORWARD -s 10.0.0.1/32 -j DROP"]);
    // A table that could not be read before says nothing.
    assert_eq!(dropped_between(&Ruleset::default(), &iptables(&counted)), []);
}

#[test]
fn translation_covers_a_subnet_or_not() {
    let docker = iptables(DOCKER);
    let engine = "-A POSTROUTING -s 172.18.0.0/16 ! -o br-edge -j MASQUERADE";
    assert_eq!(masquerading(&docker, SUBNET), [engine]);
    assert_eq!(masquerading(&docker, "10.1.0.0/16").len(), 1, "SNAT for all of 10.0.0.0/8");
    // The rule that asks for a mark is not for everything.
    assert!(masquerading(&docker, "172.19.0.0/16").is_empty());
    let native = native(NATIVE_JSON);
    assert_eq!(
        masquerading(&native, SUBNET),
        [
            "meta nfproto ipv4 oifname != \"lo\" masquerade",
            "ip saddr { 10.0.0.0/8, 172.18.0.0/16 } ip daddr != 172.18.0.0/16 masquerade",
        ]
    );
}

#[test]
fn a_ruleset_is_read_back_as_it_was_written() {
    let ruleset = native(NATIVE_JSON);
    let json = serde_json::to_string(&ruleset).unwrap();
    assert_eq!(serde_json::from_str::<Ruleset>(&json).unwrap(), ruleset);
}

#[tokio::test]
async fn the_tools_rules_are_read_where_the_thread_is() {
    let Some(sandbox) = sandbox() else { return };
    let set_up = "command -v iptables nft > /dev/null || exit 0
        iptables -P FORWARD DROP
        nft add table inet own
        nft 'add chain inet own forward { type filter hook forward priority 0; policy drop; }'
        nft add rule inet own forward ip saddr 172.18.0.0/16 counter drop
        echo ready";
    if sandbox.shell(set_up).await.is_empty() {
        println!("skipped: iptables and nft are not both installed");
        return;
    }
    let ruleset = sandbox.place.run(|| read(Duration::from_secs(10))).await.unwrap().unwrap();
    assert_eq!(ruleset.unread, []);
    let own = chain(&ruleset, "own", "forward");
    assert_eq!(own.rules[0].text, "ip saddr 172.18.0.0/16 counter drop");
    let policies: Vec<_> = ruleset
        .chains
        .iter()
        .filter(|chain| chain.hook == Some(Hook::Forward))
        .map(|chain| (chain.tool, chain.policy.as_ref().unwrap().packets))
        .collect();
    assert_eq!(policies, [(Tool::Nft, None), (Tool::Iptables, Some(0))]);
}

#[tokio::test]
async fn reading_loads_no_table() {
    let Some(sandbox) = sandbox() else { return };
    let look = "cat /proc/net/ip_tables_names 2> /dev/null || true
        command -v nft > /dev/null && nft list ruleset || true";
    let before = sandbox.shell(look).await;
    drop(sandbox.place.run(|| read(Duration::from_secs(10))).await.unwrap());
    assert_eq!(sandbox.shell(look).await, before);
}

proptest! {
    #[test]
    fn no_listing_makes_it_fail(text: String, bytes: Vec<u8>) {
        iptables::parse(Tool::Iptables, &text);
        iptables::parse(Tool::Iptables, &String::from_utf8_lossy(&bytes));
        let _ = nft::parse(&text, &text);
    }

    #[test]
    fn a_real_listing_that_was_damaged_is_bounded_and_clean(
        place in 0..DOCKER.len(), damage in "[\\[\\]:*\"\\\\ !\u{1b}\u{202e}\n-]{0,40}",
    ) {
        let text = format!("{}{damage}{}", &DOCKER[..place], &DOCKER[place..]);
        for chain in iptables::parse(Tool::Iptables, &text).chains {
            for rule in chain.rules.iter().chain(&chain.policy) {
                prop_assert!(rule.text.chars().count() <= MAX_TEXT + 1);
                let is_clean = !rule.text.contains(['\u{1b}', '\u{202e}', '\n']);
                prop_assert!(is_clean);
            }
        }
    }

    #[test]
    fn damaged_json_and_text_never_fail(place in 0..NATIVE_JSON.len(), damage in ".{0,8}") {
        let json = format!("{}{damage}{}", &NATIVE_JSON[..place], &NATIVE_JSON[place..]);
        let cut = NATIVE_TEXT.get(..place.min(NATIVE_TEXT.len())).unwrap_or_default();
        let _ = nft::parse(&json, cut);
    }

    #[test]
    fn no_statement_makes_it_fail(
        name in "match|counter|vmap|xt|jump|snat|drop|[a-z]{1,5}",
        text: String,
        number: u64,
    ) {
        let contents = [
            serde_json::json!({ "op": text, "left": { "payload": { "protocol": "ip", "field":
                "saddr" } }, "right": { "prefix": { "addr": text, "len": number } } }),
            serde_json::json!({ "op": "==", "left": { "payload": { "protocol": "ip", "field":
                "saddr" } }, "right": { "range": ["0.0.0.1", "255.255.255.254"] } }),
            serde_json::json!({ "key": number, "data": { "set": [[text, { "jump": text }], text] } }),
            serde_json::json!(text),
        ];
        for content in contents {
            let expression = vec![serde_json::json!({ name.as_str(): content })];
            statement::Effect::from_statements(&expression, |_| Vec::new());
        }
    }
}
