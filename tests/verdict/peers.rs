//! Scenarios of who answers: certificates, clocks, interceptors, portals and strangers.

use edgeprobe_facts::endpoint::{HttpFacts, Transport, TrustResult};
use edgeprobe_facts::{Facts, Role, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Effect, Status};

use crate::device::*;

#[test]
fn a_handshake_that_is_cut_on_the_hubs_name_alone_is_filtered() {
    let mut other = connection(Transport::Https, Role::Control, HUB_ADDRESS);
    fail(&mut other, Step::Tls, Token::TlsNameMismatch);
    let verdict = Device::healthy()
        .failing(on_443, Step::Tls, Token::ConnectionReset)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .with(other)
        .expect(Status::Degraded, &[TlsFiltered]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Confirmed);
    assert!(verdict.causes[0].summary.contains(CONTROL));
}

#[test]
fn a_clock_that_is_days_behind_explains_the_refused_certificates() {
    let early = TrustResult::NotYetValid;
    let verdict = Device::healthy()
        .changed(to_hub, |o| {
            fail(o, Step::Tls, Token::TlsNotYetValid);
            certified(
                o,
                "CN=Microsoft Azure RSA TLS Issuing CA 03",
                &["*.azure-devices.net"],
                &trust(early, early, TrustResult::Trusted),
            );
        })
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .with(clock(-3.0 * 86_400.0))
        .expect(Status::Blocked, &[ClockSkew]);
    assert!(verdict.causes[0].summary.contains("3 days behind"), "{}", verdict.summary);
}

#[test]
fn a_clock_that_is_ten_minutes_ahead_only_warns() {
    let verdict = Device::healthy()
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .with(clock(600.0))
        .expect(Status::Healthy, &[ClockSkew]);
    assert_eq!(verdict.causes[0].effect, Effect::Warns);
}

#[test]
fn an_interceptor_is_named_by_its_issuer() {
    let unknown = TrustResult::UnknownIssuer;
    let verdict = Device::healthy()
        .changed(to_hub, |o| {
            fail(o, Step::Tls, Token::TlsUnknownIssuer);
            certified(o, "CN=Contoso SSL Inspection", &[HUB], &trust(unknown, unknown, unknown));
        })
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Blocked, &[TlsIntercepted]);
    assert!(verdict.causes[0].summary.contains("Contoso SSL Inspection"));
}

#[test]
fn interception_of_one_port_degrades_and_names_the_port_that_is_left_alone() {
    type Picks = fn(&edgeprobe_facts::Observation) -> bool;
    let ports: [(Picks, &str, &str, &str); 2] = [
        (on_443, "not on 5671", "`Amqp`", "azure-devices.net:443 "),
        (|o| on(Transport::Amqp)(o), "not on 443", "`AmqpWs`", "azure-devices.net:5671 "),
    ];
    for (intercepted, rest, protocol, asked) in ports {
        let verdict = Device::healthy()
            .changed(intercepted, inspected)
            .expect(Status::Degraded, &[TlsIntercepted]);
        let summary = &verdict.causes[0].summary;
        assert!(summary.contains(rest) && summary.contains("Contoso SSL Inspection"), "{summary}");
        assert!(verdict.unexplained.is_empty());
        let remedy = &verdict.causes[0].remedy;
        let set = remedy.iter().filter(|step| step.text.contains("UpstreamProtocol"));
        assert!(set.map(|step| step.text.contains(protocol)).eq([true]), "{remedy:#?}");
        let mut commands = remedy.iter().filter_map(|step| step.command.as_deref());
        assert!(commands.any(|command| command.contains(asked)), "{remedy:#?}");
    }
}

#[test]
fn an_interceptor_that_the_host_trusts_leaves_the_containers_open() {
    let verdict = Device::healthy()
        .changed(to_hub, |o| {
            let trusted = TrustResult::Trusted;
            certified(
                o,
                "CN=Contoso SSL Inspection",
                &[HUB],
                &trust(trusted, TrustResult::UnknownIssuer, trusted),
            );
        })
        .expect(Status::Degraded, &[TlsIntercepted]);
    assert_eq!(verdict.causes[0].effect, Effect::Degrades);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
    assert!(verdict.causes[0].summary.contains("trust bundle"));
    assert!(verdict.not_tested.iter().any(|missing| missing.what.contains("containers trust")));
}

#[test]
fn a_company_root_that_did_not_sign_the_hubs_certificate_is_no_fault() {
    Device::healthy()
        .changed(to_control, |o| {
            let trusted = TrustResult::Trusted;
            certified(
                o,
                "CN=Contoso SSL Inspection",
                &[CONTROL],
                &trust(trusted, TrustResult::UnknownIssuer, trusted),
            );
        })
        .expect(Status::Healthy, &[]);
    // Nor is one that the user has named.
    Device::healthy()
        .changed(to_hub, |o| {
            let unknown = TrustResult::UnknownIssuer;
            let mut trust = trust(unknown, unknown, TrustResult::Trusted);
            trust.ca_file = Some(TrustResult::Trusted);
            certified(o, "CN=Contoso SSL Inspection", &[HUB], &trust);
        })
        .expect(Status::Healthy, &[]);
}

#[test]
fn a_root_that_browsers_dropped_is_no_interception() {
    Device::healthy()
        .changed(to_hub, |o| {
            let trusted = TrustResult::Trusted;
            certified(
                o,
                "CN=DigiCert SHA2 Secure Server CA, O=DigiCert Inc",
                &["*.azure-devices.net"],
                &trust(trusted, TrustResult::UnknownIssuer, trusted),
            );
        })
        .expect(Status::Healthy, &[]);
}

#[test]
fn an_inspector_of_a_great_makers_name_is_an_inspector() {
    let trusted = TrustResult::Trusted;
    let inspected = |issuer: &'static str, public| {
        Device::healthy().changed(to_hub, move |o| {
            certified(o, issuer, &["*.azure-devices.net"], &trust(trusted, public, trusted));
        })
    };
    let forefront =
        "CN=Microsoft Forefront TMG HTTPS Inspection Certification Authority, O=Contoso";
    inspected(forefront, TrustResult::UnknownIssuer).expect(Status::Degraded, &[TlsIntercepted]);
    // Nobody has to know an authority that the public roots vouch for.
    inspected("CN=Microsoft TLS CA 99, O=Microsoft TLS Ltd", trusted).expect(Status::Healthy, &[]);
}

#[test]
fn the_hubs_own_chain_without_its_root_is_a_missing_root() {
    Device::healthy()
        .changed(to_hub, |o| {
            fail(o, Step::Tls, Token::TlsUnknownIssuer);
            certified(
                o,
                "CN=DigiCert Global Root G2",
                &["*.azure-devices.net"],
                &trust(TrustResult::UnknownIssuer, TrustResult::Trusted, TrustResult::Trusted),
            );
        })
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Blocked, &[RootCaMissing]);
}

#[test]
fn an_amqp_broker_that_is_not_the_hub_is_said_to_be_one() {
    let verdict = Device::healthy()
        .changed(to_hub, |o| {
            let amqp = endpoint_of(o).unwrap();
            if let Some(amqp) = &mut amqp.amqp {
                amqp.mechanisms = vec!["PLAIN".to_owned(), "AMQPLAIN".to_owned()];
                fail(o, Step::Amqp, Token::AmqpNotIotHub);
            } else {
                amqp.http.as_mut().unwrap().iothub_errorcode = None;
                fail(o, Step::Http, Token::HttpNotIotHub);
            }
        })
        .expect(Status::Blocked, &[NotIotHub]);
    assert!(verdict.causes[0].summary.contains("AMQPLAIN"));
}

#[test]
fn another_sites_certificate_is_another_server() {
    let mismatch = TrustResult::NameMismatch;
    let verdict = Device::healthy()
        .changed(to_hub, |o| {
            fail(o, Step::Tls, Token::TlsNameMismatch);
            certified(
                o,
                "CN=R11, O=Let's Encrypt",
                &["www.example.com"],
                &trust(mismatch, mismatch, mismatch),
            );
            let facts = endpoint_of(o).unwrap();
            (facts.amqp, facts.http) = (None, None);
        })
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Blocked, &[NotIotHub]);
    assert!(verdict.causes[0].summary.contains("www.example.com"));
}

#[test]
fn a_portal_that_sends_everything_to_its_login_is_a_portal() {
    let unknown = TrustResult::UnknownIssuer;
    let portal = |o: &mut edgeprobe_facts::Observation| {
        fail(o, Step::Tls, Token::TlsUnknownIssuer);
        certified(o, "CN=Hotel", &["login.hotel.example"], &trust(unknown, unknown, unknown));
        let facts = endpoint_of(o).unwrap();
        facts.amqp = None;
        facts.http = Some(HttpFacts {
            status: 302,
            location: Some("https://login.hotel.example/".to_owned()),
            ..HttpFacts::default()
        });
    };
    let verdict = Device::healthy()
        .changed(|o| on_443(o) || to_control(o), portal)
        .failing(on(Transport::Amqp), Step::Connect, Token::TimedOut)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .expect(Status::Blocked, &[CaptivePortal]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Confirmed);
}

#[test]
fn a_portal_that_shows_itself_on_plain_http_alone_is_a_portal() {
    let look = |role, location: &str| {
        let address = if role == Role::Detour { HUB_ADDRESS } else { "13.107.42.16" };
        let mut look = connection(Transport::Http, role, address);
        let facts = endpoint_of(&mut look).unwrap();
        (facts.tls, facts.amqp) = (None, None);
        facts.http = Some(HttpFacts {
            status: 302,
            location: Some(location.to_owned()),
            ..HttpFacts::default()
        });
        look
    };
    let closed = || {
        Device::networked()
            .failing(|o| to_hub(o) || to_control(o), Step::Connect, Token::TimedOut)
            .without(|o| matches!(o.facts, Facts::Clock(_)))
            .with(look(Role::Detour, "http://login.hotel.example/?to=contoso"))
    };
    let verdict = closed()
        .with(look(Role::Control, "http://login.hotel.example/?to=mcr"))
        .sure(&[CaptivePortal]);
    assert!(verdict.summary.contains("login.hotel.example"), "{}", verdict.summary);
    let mut commands = verdict.causes[0].remedy.iter().filter_map(|r| r.command.as_deref());
    assert!(commands.any(|command| command == "ip link show eth0"), "{verdict:#?}");
    // A website in the hub's place sends its visitors on as well, and to its own place.
    closed()
        .with(look(Role::Control, "https://mcr.microsoft.com/"))
        .expect(Status::Blocked, &[EgressBlocked]);
}

/// Puts an inspector's chain, which nobody trusts, in place of the hub's.
fn inspected(observation: &mut edgeprobe_facts::Observation) {
    let unknown = TrustResult::UnknownIssuer;
    fail(observation, Step::Tls, Token::TlsUnknownIssuer);
    let trust = trust(unknown, unknown, unknown);
    certified(observation, "CN=Contoso SSL Inspection", &[HUB], &trust);
}
