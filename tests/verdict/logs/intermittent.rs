//! Logs of faults that the probes do not see: intermittent, past, or open.

use edgeprobe_facts::Effect;
use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::logs::{Course, LogFinding, Party};
use edgeprobe_facts::{Facts, Role, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, LoggedState, Status};
use serde_json::json;

use super::*;
use crate::device::*;

fn hub_in_vain(client: &str) -> LogFinding {
    attempts(Party::EdgeHub, Course::Silent).with("client", json!(client))
}

#[test]
fn attempts_up_to_now_and_probes_that_succeed_are_an_intermittent_fault() {
    for finding in [agent_in_vain(), hub_in_vain("dev/$edgeHub"), agent_in_vain().aged(800.0)] {
        let verdict = Device::networked().with(agents(finding)).expect(Status::Degraded, &[]);
        assert_eq!(verdict.confidence, Confidence::Likely);
        assert_eq!(states(&verdict), [LoggedState::Intermittent]);
        assert!(verdict.summary.contains("an intermittent fault"), "{}", verdict.summary);
        assert!(verdict.summary.contains("since 2026-11-24 09:14 UTC, 37 times"));
        assert!(verdict.outlook.edge_agent.starts_with("Its way is open now."));
        let logged = &verdict.logged[0];
        assert!(logged.ruled_out_now.contains(&IpForwardDisabled), "{logged:#?}");
        assert!(logged.candidates.contains(&IpForwardDisabled), "{logged:#?}");
        let command = |text: &str| logged.remedy.iter().any(|r| r.command.as_deref() == Some(text));
        assert!(command("sudo edgeprobe check --hub contoso.azure-devices.net --quiet"));
        assert!(command("sudo edgeprobe vpn --hub contoso.azure-devices.net --watch"));
    }
}

#[test]
fn an_ended_or_old_fault_is_at_most_past() {
    for past in [
        agent_in_vain().over(),
        agent_in_vain().aged(15.0 * 60.0 + 1.0),
        agent_in_vain().aged(86_400.0 * 7.0),
        // A log of another zone, or of a clock that was put back.
        agent_in_vain().aged(-3_600.0),
        agent_in_vain().untimed(),
    ] {
        let verdict = Device::networked().with(agents(past)).expect(Status::Healthy, &[]);
        assert_eq!(verdict.confidence, Confidence::Confirmed);
        assert_eq!(states(&verdict), [LoggedState::Past]);
        assert!(verdict.logged[0].summary.starts_with("Past: Edge Agent's log"));
        assert!(verdict.logged[0].remedy.is_empty());
    }
    for nothing in [
        LogFinding { effect: Effect::Warns, ..finding("clock-out-of-sync", &["clock-skew"]) },
        finding("module-not-found", &[]).aged(10_000.0),
    ] {
        let verdict = Device::networked().with(agents(nothing)).expect(Status::Healthy, &[]);
        assert!(verdict.logged.is_empty(), "{verdict:#?}");
    }
}

#[test]
fn a_fault_of_one_device_behind_edge_hub_is_not_the_networks() {
    let log = log(Some("edgeHub"), [hub_in_vain("dev/leaf")]);
    let verdict = Device::networked().with(log).expect(Status::Healthy, &[]);
    assert_eq!(states(&verdict), [LoggedState::Open]);
    assert!(verdict.logged[0].summary.contains("for dev/leaf"), "{}", verdict.logged[0].summary);
}

#[test]
fn where_only_the_host_was_asked_nothing_is_said_to_be_intermittent() {
    let device = Device::unprivileged().with(agents(agent_in_vain()));
    let verdict = device.expect(Status::Degraded, &[]);
    assert_eq!(states(&verdict), [LoggedState::Open]);
    assert!(verdict.summary.contains("from the container networks this run did not ask"));
    // The daemons run on the host.
    let daemon = LogFinding {
        attempts: None,
        ..finding("daemon-name-failure", &["dns-host-failure", "hub-name-unknown"])
    };
    let verdict = Device::unprivileged().with(daemons(daemon)).expect(Status::Degraded, &[]);
    assert_eq!(states(&verdict), [LoggedState::Intermittent]);
}

#[test]
fn what_was_not_tested_is_not_taken_for_good() {
    let device = Device::healthy().without(|o| !matches!(o.facts, Facts::Ports(_)));
    assert_eq!(device.verdict().status, Status::Healthy);
    let verdict = device.with(agents(agent_in_vain())).expect(Status::Degraded, &[]);
    assert_eq!(states(&verdict), [LoggedState::Open]);
    let verdict = Device::unobserved().with(agents(agent_in_vain())).verdict();
    assert_eq!(verdict.status, Status::Inconclusive);
}

#[test]
fn what_the_probes_see_too_is_no_second_fault() {
    let other = LogFinding {
        candidates: vec!["dns-host-failure".to_owned(), "dns-hijack".to_owned()],
        ..agent_in_vain()
    };
    let device = Device::networked()
        .retabled(|tables| tables.ip_forward = Some(false))
        .cut_off(Token::TimedOut);
    let verdict = device.with(agents(other)).sure(&[IpForwardDisabled]);
    assert_eq!(states(&verdict), [LoggedState::Open]);
    assert!(!verdict.logged[0].summary.contains("intermittent"));
}

#[test]
fn what_only_warns_does_not_account_for_a_log_without_a_connection() {
    let ipv6 = "2603:1030::2";
    let mut device = Device::networked().changed(
        |o| at_host(o) && is_hub_name(o),
        |o| {
            let Facts::Dns(facts) = &mut o.facts else { unreachable!() };
            facts.addresses.push(ipv6.parse::<std::net::IpAddr>().unwrap().into());
        },
    );
    for transport in [Transport::Amqp, Transport::AmqpWs, Transport::Https] {
        let mut broken = connection(transport, Role::Hub, ipv6);
        fail(&mut broken, Step::Connect, Token::TimedOut);
        device = device.with(broken);
    }
    device.expect(Status::Healthy, &[Ipv6Broken]);
    let log = agents(finding("network-unreachable", &["host-offline", "ipv6-broken"]));
    let verdict = device.with(log).expect(Status::Degraded, &[Ipv6Broken]);
    assert!(verdict.causes[0].logged.is_empty());
    assert_eq!(states(&verdict), [LoggedState::Intermittent]);
}

#[test]
fn what_kept_the_engine_from_making_a_network_is_past_once_there_is_one() {
    for id in ["address-pool-exhausted", "engine-unavailable", "hostname-invalid"] {
        let log = daemons(finding("local", &[id]));
        let verdict = Device::networked().with(log).expect(Status::Healthy, &[]);
        assert_eq!(states(&verdict), [LoggedState::Past], "{id}");
    }
}

#[test]
fn a_log_names_one_fault_once() {
    let findings = [
        finding("name-temporary-failure", &["dns-container-failure", "dns-host-failure"]),
        agent_in_vain(),
        finding("empty-agent-config", &["egress-blocked", "dns-host-failure", "vpn-override"]),
        allocated(443).over(),
    ];
    let verdict =
        Device::networked().with(log(Some("edgeAgent"), findings)).expect(Status::Degraded, &[]);
    assert_eq!(states(&verdict), [LoggedState::Intermittent, LoggedState::Past]);
    assert_eq!(verdict.logged[0].signature, "attempts");
}
