//! Name servers of which each knows or answers for some names alone.

use std::net::SocketAddr;

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::{Facts, Observation, Role, Token};
use edgeprobe_verdict::CauseId::{DnsContainerFailure, DnsHostFailure};
use edgeprobe_verdict::{Confidence, Effect, Status};

use crate::device::*;

/// The server of a VPN's link, which systemd-resolved asks for the office's names alone.
const OFFICE: &str = "10.8.0.53:53";

fn of_the_office(name_asked: &str, role: Role, token: Token) -> Observation {
    let server: SocketAddr = OFFICE.parse().unwrap();
    let mut answer = name(name_asked, role, Resolver::Server(server), &[]);
    unresolve(&mut answer, token);
    answer
}

/// A device on which both servers stand behind a stub, or both are asked by programs.
fn device(stub: bool, token: Token) -> Device {
    let behind = move |observation: &mut Observation| {
        let Facts::Dns(facts) = &mut observation.facts else { panic!("no name") };
        if stub && facts.resolver == Resolver::System {
            facts.behind_stub = [OFFICE, "10.0.0.53:53"].map(|it| it.parse().unwrap()).to_vec();
        }
    };
    Device::networked()
        .changed(|o| !at_edge(o) && matches!(o.facts, Facts::Dns(_)), behind)
        .with(of_the_office(HUB, Role::Hub, token))
        .with(of_the_office(CONTROL, Role::Control, token))
}

#[test]
fn a_server_that_the_stub_keeps_to_its_own_domain_is_no_fault() {
    for token in [Token::DnsRefused, Token::DnsTimeout, Token::DnsNxdomain, Token::DnsServfail] {
        let verdict = device(true, token).expect(Status::Healthy, &[]);
        assert!(verdict.unexplained.is_empty(), "{token}: {verdict:#?}");
        assert!(verdict.not_tested.is_empty(), "{token}: {verdict:#?}");
        assert!(verdict.ruled_out.iter().any(|other| other.id == DnsHostFailure), "{token}");
    }
}

#[test]
fn a_failing_server_that_programs_ask_is_described_by_its_failure() {
    for (token, how) in [
        (Token::DnsRefused, "refuses"),
        (Token::DnsTimeout, "does not answer"),
        (Token::DnsServfail, "SERVFAIL"),
        (Token::DnsBadAnswer, "no answer that can be used"),
    ] {
        let verdict = device(false, token).expect(Status::Healthy, &[DnsHostFailure]);
        assert_eq!(verdict.causes[0].effect, Effect::Warns);
        assert!(verdict.causes[0].summary.contains(how), "{token}: {verdict:#?}");
    }
}

#[test]
fn a_server_behind_the_stub_is_the_fault_where_none_answers() {
    let verdict = device(true, Token::DnsTimeout)
        .nameless(Token::DnsTimeout, Some(Token::DnsTimeout))
        .verdict();
    assert_eq!(verdict.status, Status::Blocked);
    assert_eq!(verdict.causes[0].id, DnsHostFailure, "{verdict:#?}");
    assert!(verdict.causes[0].summary.contains("10.8.0.53"), "{verdict:#?}");
}

#[test]
fn a_server_that_is_silent_for_the_hubs_zone_alone_is_described_so() {
    let verdict = Device::healthy()
        .nameless(Token::DnsTimeout, None)
        .expect(Status::Blocked, &[DnsHostFailure]);
    let cause = &verdict.causes[0];
    // What it answers for the control's name has left the device.
    assert_eq!(cause.confidence, Confidence::Confirmed);
    assert!(cause.summary.contains("answers for other names"), "{}", cause.summary);
    assert!(cause.summary.contains(HUB), "{}", cause.summary);
    assert!(cause.remedy.iter().any(|remedy| remedy.text.contains("conditional forwarder")));
}

#[test]
fn a_server_that_is_silent_to_containers_for_the_hubs_zone_alone_is_described_so() {
    let verdict = Device::networked()
        .changed(|o| at_edge(o) && is_hub_name(o), |o| unresolve(o, Token::DnsTimeout))
        .expect(Status::Blocked, &[DnsContainerFailure]);
    let summary = &verdict.causes[0].summary;
    assert!(summary.contains("answers there for other names"), "{summary}");
}
