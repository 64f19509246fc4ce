//! All scenarios, a file for each family of faults.
//!
//! To add one, write its name, its line, the script that breaks it, the claims that prove it and
//! the right verdict into the family's list; nothing else is needed.

mod addressing;
mod bridge;
mod controls;
mod dns;
mod endpoints;
mod engine;
mod firewall;
mod forwarding;
mod installed;
mod interception;
mod mtu;
mod nested;
mod own_place;
mod ports;
mod provisioning;
mod proxies;
mod registry;
mod several;
pub mod together;
mod tunnels;
mod uplink;
mod upstream;
mod vpn;
mod written;

use crate::claim::{Address, Answer, Claim, Question};
use crate::scenario::Scenario;
use crate::{Lab, Result};

/// Every scenario, healthy ones first.
pub fn all() -> Vec<Scenario> {
    let families: [&[Scenario]; 23] = [
        controls::SCENARIOS,
        vpn::SCENARIOS,
        bridge::SCENARIOS,
        forwarding::SCENARIOS,
        firewall::SCENARIOS,
        addressing::SCENARIOS,
        mtu::SCENARIOS,
        uplink::SCENARIOS,
        upstream::SCENARIOS,
        proxies::SCENARIOS,
        tunnels::SCENARIOS,
        dns::SCENARIOS,
        endpoints::SCENARIOS,
        interception::SCENARIOS,
        nested::SCENARIOS,
        engine::SCENARIOS,
        installed::SCENARIOS,
        own_place::SCENARIOS,
        ports::SCENARIOS,
        registry::SCENARIOS,
        provisioning::SCENARIOS,
        several::SCENARIOS,
        written::SCENARIOS,
    ];
    families.concat()
}

/// Returns the scenario called `name`.
pub fn named(name: &str) -> Option<Scenario> {
    all().into_iter().find(|scenario| scenario.name == name)
}

/// The address at which the site's own name server is asked, where a site has one.
const SITE_RESOLVER: &str = "nameserver 192.168.1.1\n";

/// Starts the site's own name server on the router: dnsmasq, which knows no more than these options
/// say.
fn start_site_resolver(lab: &mut Lab, options: &[&str]) -> Result<()> {
    const DNSMASQ: &str = "dnsmasq --no-daemon --conf-file=/dev/null --no-hosts --no-resolv \
        --user=root --bind-interfaces --listen-address=192.168.1.1";
    let words: Vec<&str> = DNSMASQ.split(' ').chain(options.iter().copied()).collect();
    lab.serve_on_router(&words, "started")
}

/// A connection to the hub's AMQP port.
const AMQPS: Question = Question::Tcp(Address::Hub, 5671);
/// A connection to the hub's HTTPS port.
const HTTPS: Question = Question::Tcp(Address::Hub, 443);

/// The device resolves the hub's name and completes handshakes on both ports.
const HOST_WORKS: &[Claim] = &[
    Claim::host(Question::Dns, Answer::Works),
    Claim::host(Question::Tls(5671), Answer::Works),
    Claim::host(Question::Tls(443), Answer::Works),
];

/// An address on the bridge completes handshakes on both ports.
const BRIDGE_WORKS: &[Claim] = &[
    Claim::bridge(Question::Tls(5671), Answer::Works),
    Claim::bridge(Question::Tls(443), Answer::Works),
];

/// Sets the second uplink's default route behind the first one's.
const BEHIND_THE_FIRST: &str = "ip route replace default via $GATEWAY dev $UPLINK metric 100
    ip route del default metric 0
    ip route add default via 192.168.8.1 dev eth1 metric 600";

/// The hub answers what is sent by the second uplink.
const SECOND_UPLINK_WORKS: Claim = Claim::host(
    Question::Script("curl -sk --max-time 4 --interface eth1 https://$HUB -o /dev/null"),
    Answer::Works,
);

/// From the bridge, nothing comes back from either port.
const BRIDGE_SILENT: &[Claim] =
    &[Claim::bridge(AMQPS, Answer::Silent), Claim::bridge(HTTPS, Answer::Silent)];

/// A container gets an answer from the name server that the engine gives it.
const CONTAINER_RESOLVES: &[Claim] = &[Claim::container(Question::Dns, Answer::Works)];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_scenario_has_a_name_of_its_own_and_a_proof() {
        let mut names = HashSet::new();
        for scenario in all() {
            assert!(names.insert(scenario.name), "{} is there twice", scenario.name);
            let kebab = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
            assert!(scenario.name.chars().all(kebab), "{}", scenario.name);
            assert!(!scenario.proof.concat().is_empty(), "{} proves nothing", scenario.name);
        }
    }

    #[test]
    fn no_expected_verdict_contradicts_itself() {
        for Scenario { name, expected, .. } in all() {
            let forbidden = |cause: &&str| expected.never.contains(cause);
            let named = expected.cause.iter().chain(expected.also);
            assert_eq!(named.copied().find(|cause| forbidden(cause)), None, "{name}");
        }
    }

    #[test]
    fn a_scenario_is_found_by_its_name() {
        assert!(named("healthy-runtime").is_some());
        assert!(named("no such scenario").is_none());
    }
}
