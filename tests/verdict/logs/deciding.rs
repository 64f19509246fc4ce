//! Logs that decide what no probe could test: refused images, a port's hidden holder, an address that
//! the host lacks.

use edgeprobe_facts::Effect;
use edgeprobe_facts::logs::LogFinding;
use edgeprobe_facts::ports::Holder;
use edgeprobe_facts::registry::Part;
use edgeprobe_facts::route::tables::Address;
use edgeprobe_facts::{Facts, Step, Token};
use edgeprobe_verdict::CauseId::{self, *};
use edgeprobe_verdict::{Confidence, LoggedState, Status};
use serde_json::json;

use super::*;
use crate::device::*;
use crate::network::*;
use crate::services::{REGISTRY, failing, registry};

const IMAGE: &str = "contoso.azurecr.io/module:1.0";

fn denied(registry: &str) -> LogFinding {
    finding("image-denied", &["registry-access-denied"]).with("registry", json!(registry))
}

#[test]
fn the_log_decides_about_a_port_with_an_unseen_holder() {
    let unseen = |device: Device| {
        [443, 5671, 8883].into_iter().fold(device, |device, port| {
            device.changed(of_port(port), |o| {
                taken(o, Holder { user: Some("root".to_owned()), ..Holder::default() });
            })
        })
    };
    let device = unseen(Device::networked().without(is_engine))
        .with(engine_fails(Token::EnginePermissionDenied));
    assert!(device.verdict().causes.is_empty());
    let verdict = device.with(agents(allocated(443))).expect(Status::Blocked, &[PortInUse]);
    let cause = &verdict.causes[0];
    assert_eq!(cause.confidence, Confidence::Likely);
    assert_eq!(cause.details["port"], 443);
    assert!(cause.summary.contains("Edge Agent's log since"), "{}", cause.summary);
}

#[test]
fn a_refused_image_that_nothing_was_asked_of_is_likely() {
    for text in [
        denied(REGISTRY),
        // Of the two causes of a 401 the clock's own comparison rules one out.
        finding("image-unauthorized", &["registry-access-denied", "clock-skew"]),
    ] {
        let log = daemons(text);
        let device = Device::networked().with(log.clone());
        let verdict = device.expect(Status::Blocked, &[RegistryAccessDenied]);
        let cause = &verdict.causes[0];
        assert_eq!(cause.confidence, Confidence::Likely);
        assert_eq!(cause.evidence, [log.id]);
        assert!(cause.summary.contains("`the text of the line`"), "{}", cause.summary);
    }
    // Yesterday's is no cause today.
    for past in
        [denied(REGISTRY).aged(20_000.0), denied(REGISTRY).over(), denied(REGISTRY).untimed()]
    {
        let verdict = Device::networked().with(daemons(past)).expect(Status::Healthy, &[]);
        assert_eq!(states(&verdict), [LoggedState::Past]);
    }
}

#[test]
fn an_image_that_the_registry_gives_now_is_refused_no_more() {
    let served =
        Device::networked().with(registry(Some("module:1.0"))).with(daemons(denied(REGISTRY)));
    let verdict = served.expect(Status::Degraded, &[]);
    assert_eq!(states(&verdict), [LoggedState::Intermittent]);
    let here = served.changed(is_engine, |o| {
        let Facts::Engine(facts) = &mut o.facts else { unreachable!() };
        facts.images = Some(vec![IMAGE.to_owned()]);
    });
    let verdict = here.expect(Status::Healthy, &[]);
    assert_eq!(states(&verdict), [LoggedState::Past], "it was pulled since");
    // The engine's own words leave the tag out, and need no question.
    let named = denied(REGISTRY).with("image", json!("contoso.azurecr.io/module"));
    let unasked = here.without(|o| matches!(o.facts, Facts::Registry(_) | Facts::Logs(_)));
    let verdict = unasked.with(daemons(named)).expect(Status::Healthy, &[]);
    assert_eq!(states(&verdict), [LoggedState::Past]);
}

#[test]
fn a_registry_that_refuses_strangers_and_the_engine_is_a_cause_beyond_doubt() {
    let refused = |device: Device| {
        let mut asked = registry(Some("module:1.0"));
        fail(&mut asked, Step::Http, Token::HttpUnauthorized);
        device.with(asked)
    };
    let device = refused(Device::networked());
    let before = device.expect(Status::Healthy, &[RegistryAccessDenied]);
    assert_eq!(before.causes[0].confidence, Confidence::Likely);
    let verdict = device
        .clone()
        .with(daemons(denied(REGISTRY)))
        .expect(Status::Blocked, &[RegistryAccessDenied]);
    let cause = &verdict.causes[0];
    assert_eq!((cause.confidence, cause.logged.len()), (Confidence::Confirmed, 1));
    assert_eq!(cause.evidence.len(), 2);
    // Another registry's refusal is another matter.
    let other = daemons(denied("fabrikam.azurecr.io"));
    let verdict = device.with(other).verdict();
    let named: Vec<CauseId> = verdict.causes.iter().map(|cause| cause.id).collect();
    assert_eq!(named, [RegistryAccessDenied, RegistryAccessDenied], "{verdict:#?}");
    assert_eq!(verdict.causes[0].details["registry"], "fabrikam.azurecr.io");
    assert!(verdict.causes.iter().all(|cause| cause.confidence == Confidence::Likely));
}

#[test]
fn an_address_that_the_host_lacks_is_decided_by_the_log_though_the_port_is_free() {
    let missing =
        standing_for("no_such_address", finding("port-address-missing", &["port-not-permitted"]))
            .with("port", json!(443))
            .with("address", json!("203.0.113.50"));
    let device = Device::networked();
    let verdict = device.clone().with(daemons(missing.clone()));
    let verdict = verdict.expect(Status::Blocked, &[PortNotPermitted]);
    let cause = &verdict.causes[0];
    assert_eq!(cause.confidence, Confidence::Likely);
    assert!(verdict.ruled_out.iter().all(|out| out.id != PortNotPermitted), "{verdict:#?}");
    let told: Vec<&str> = cause.remedy.iter().map(|remedy| remedy.text.as_str()).collect();
    assert!(
        told[0].starts_with("Correct `HostIp`") && told[0].contains("203.0.113.50"),
        "{told:#?}"
    );
    // The host has it by now.
    let has = device.retabled(|tables| {
        let own =
            Address { interface: "eth0".to_owned(), network: "203.0.113.50/24".parse().unwrap() };
        tables.addresses.push(own);
    });
    let verdict = has.with(daemons(missing)).expect(Status::Healthy, &[]);
    assert_eq!(states(&verdict), [LoggedState::Past]);
}

#[test]
fn a_manifest_that_the_engine_was_refused_confirms_for_the_same_image_alone() {
    // A 404 that may be somebody else's page.
    let asked = failing(registry(Some("module:1.0")), Part::Image, Step::Http, Token::HttpNotFound);
    let device = Device::networked().with(asked);
    let before = device.verdict();
    assert_eq!(before.causes[0].confidence, Confidence::Likely, "{before:#?}");
    for (image, confidence, logs) in [
        (IMAGE, Confidence::Confirmed, 1),
        ("contoso.azurecr.io/module", Confidence::Confirmed, 1),
        ("contoso.azurecr.io/other:1.0", Confidence::Likely, 0),
    ] {
        let unknown = LogFinding {
            effect: Effect::Degrades,
            ..standing_for("unknown", finding("image-unknown", &["image-not-found"]))
        };
        let log = daemons(unknown.with("image", json!(image)));
        let verdict = device.clone().with(log).verdict();
        let cause =
            verdict.causes.iter().find(|cause| !cause.evidence[0].contains("logs")).unwrap();
        assert_eq!((cause.confidence, cause.logged.len()), (confidence, logs), "{image}");
    }
}

#[test]
fn what_is_to_be_done_about_a_cause_of_the_log_is_for_its_sentence() {
    let told = |variant: &str| {
        let finding =
            standing_for(variant, finding("forwarding-disabled", &["ip-forward-disabled"]));
        let device = Device::unobserved().with(daemons(finding));
        let verdict = device.verdict();
        let cause = verdict.causes.first().unwrap_or_else(|| panic!("{verdict:#?}"));
        cause
            .remedy
            .iter()
            .any(|one| one.command.as_deref() == Some("sudo sysctl -w net.ipv4.ip_forward=1"))
    };
    assert!(told("everywhere"));
    assert!(!told("bridge"));
}
