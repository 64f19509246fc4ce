//! What the device's own logs add: a second proof, what no probe could test, and faults that come and
//! go. And what they must not add: the fault of yesterday, or of somebody else.

use edgeprobe::verdict::CauseId::{self, *};
use edgeprobe::verdict::{Confidence, Language, LoggedState, Status, Verdict, judge};
use edgeprobe_facts::endpoint::{Transport, TrustResult};
use edgeprobe_facts::logs::{Attempts, Course, LogEffect, LogFacts, LogFinding, Party};
use edgeprobe_facts::ports::Holder;
use edgeprobe_facts::registry::Part;
use edgeprobe_facts::route::tables::Address;
use edgeprobe_facts::{Facts, Failure, Observation, Outcome, Role, Step, Token};
use serde_json::json;

use crate::device::*;
use crate::network::*;
use crate::services::{REGISTRY, failing, registry};

const IMAGE: &str = "contoso.azurecr.io/module:1.0";

/// The candidates of attempts that meet silence, as far as these scenarios need them.
const SILENT: [&str; 6] = [
    "vpn-override",
    "bridge-no-route",
    "egress-blocked",
    "ip-forward-disabled",
    "forward-blocked",
    "nat-missing",
];

/// A finding that lasts, two minutes before the run.
fn finding(signature: &str, candidates: &[&str]) -> LogFinding {
    LogFinding {
        signature: signature.to_owned(),
        summary: format!("{signature}."),
        text: "the text of the line".to_owned(),
        candidates: candidates.iter().map(ToString::to_string).collect(),
        lasts: true,
        count: 37,
        episodes: 1,
        first_at: Some("2026-11-24T09:14:05.120Z".to_owned()),
        since_at: Some("2026-11-24T09:14:05.120Z".to_owned()),
        last_at: Some("2026-11-24T11:58:00Z".to_owned()),
        age_s: Some(120.0),
        ..LogFinding::default()
    }
}

fn attempts(party: Party, course: Course) -> LogFinding {
    let attempts = Some(Attempts { party, course });
    LogFinding { attempts, ..finding("attempts", &SILENT) }
}

fn agent_in_vain() -> LogFinding {
    attempts(Party::EdgeAgent, Course::Silent)
}

fn hub_in_vain(client: &str) -> LogFinding {
    attempts(Party::EdgeHub, Course::Silent).with("client", json!(client))
}

fn allocated(port: u16) -> LogFinding {
    let found = finding("port-allocated", &["port-in-use"]);
    found.with("port", json!(port)).with("holder", json!("container"))
}

fn denied(registry: &str) -> LogFinding {
    finding("image-denied", &["registry-access-denied"]).with("registry", json!(registry))
}

trait Changed: Sized {
    fn with(self, name: &str, value: serde_json::Value) -> Self;
    fn aged(self, seconds: f64) -> Self;
    fn over(self) -> Self;
    fn untimed(self) -> Self;
}

impl Changed for LogFinding {
    fn with(mut self, name: &str, value: serde_json::Value) -> Self {
        self.details.insert(name.to_owned(), value);
        self
    }

    fn aged(self, seconds: f64) -> Self {
        Self { age_s: Some(seconds), ..self }
    }

    fn over(self) -> Self {
        Self { lasts: false, recovered_at: Some("2026-11-24T11:59:00Z".to_owned()), ..self }
    }

    fn untimed(self) -> Self {
        Self { first_at: None, since_at: None, last_at: None, age_s: None, ..self }
    }
}

fn log(container: Option<&str>, findings: impl IntoIterator<Item = LogFinding>) -> Observation {
    let source =
        container.map_or("journal of docker".to_owned(), |name| format!("container {name}"));
    let facts = LogFacts {
        source: source.clone(),
        container: container.map(str::to_owned),
        unit: container.is_none().then(|| "docker".to_owned()),
        lines: 1000,
        read_at: "2026-11-24T12:00:00Z".to_owned(),
        findings: findings.into_iter().collect(),
        ..LogFacts::default()
    };
    passed(&format!("logs/{source}"), &source, Facts::Logs(Box::new(facts)))
}

fn agents(finding: LogFinding) -> Observation {
    log(Some("edgeAgent"), [finding])
}

fn daemons(finding: LogFinding) -> Observation {
    log(None, [finding])
}

fn held_by_web(device: Device) -> Device {
    device.changed(of_port(443), |o| {
        taken(o, Holder { container: Some("web".to_owned()), ..Holder::default() });
    })
}

fn states(verdict: &Verdict) -> Vec<LoggedState> {
    verdict.logged.iter().map(|logged| logged.state).collect()
}

#[test]
fn a_port_that_the_log_names_too_is_one_cause_with_two_proofs() {
    let log = daemons(allocated(443));
    let verdict = held_by_web(Device::networked()).with(log.clone()).sure(&[PortInUse]);
    let cause = &verdict.causes[0];
    assert_eq!(cause.evidence, ["host/ports/443", &log.id]);
    let said = &cause.logged[0];
    assert_eq!(said.state, LoggedState::Agrees);
    assert_eq!(
        said.summary,
        "The journal of docker says the same since 2026-11-24 09:14 UTC, 37 times: port 443 held by \
         another container; found there now: the container web."
    );
    assert!(verdict.logged.is_empty(), "{verdict:#?}");
}

#[test]
fn another_port_in_the_log_is_no_proof() {
    let verdict =
        held_by_web(Device::networked()).with(daemons(allocated(8883))).sure(&[PortInUse]);
    assert_eq!(verdict.causes[0].evidence, ["host/ports/443"]);
    assert!(verdict.causes[0].logged.is_empty());
    assert_eq!(states(&verdict), [LoggedState::Past], "8883 is free now");
}

#[test]
fn a_conflict_that_is_over_is_no_proof_and_no_fault() {
    let over = daemons(allocated(443).over());
    let verdict = held_by_web(Device::networked()).with(over.clone()).sure(&[PortInUse]);
    assert!(verdict.causes[0].logged.is_empty());
    let verdict = Device::networked().with(over).expect(Status::Healthy, &[]);
    assert_eq!(verdict.confidence, Confidence::Confirmed);
    // The engine does not write that a port is free again, but the port shows it.
    let verdict = Device::networked().with(daemons(allocated(443))).expect(Status::Healthy, &[]);
    assert_eq!(states(&verdict), [LoggedState::Past]);
}

#[test]
fn a_port_whose_holder_nobody_may_see_is_decided_by_the_log() {
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
fn a_cause_of_the_network_has_the_log_as_its_second_proof() {
    let device = Device::networked()
        .retabled(|tables| tables.ip_forward = Some(false))
        .cut_off(Token::TimedOut)
        .with(agents(agent_in_vain()));
    let verdict = device.sure(&[IpForwardDisabled]);
    let cause = &verdict.causes[0];
    assert!(cause.evidence.contains(&"host/logs/container edgeAgent".to_owned()));
    assert_eq!(
        cause.logged[0].summary,
        "Edge Agent's log says the same since 2026-11-24 09:14 UTC, 37 times: attempts to connect \
         that get no answer."
    );
    assert!(verdict.logged.is_empty(), "{verdict:#?}");
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
fn what_is_over_or_old_is_at_most_told_as_past() {
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
        LogFinding { effect: LogEffect::Warns, ..finding("clock-out-of-sync", &["clock-skew"]) },
        finding("module-not-found", &[]).aged(10_000.0),
    ] {
        let verdict = Device::networked().with(agents(nothing)).expect(Status::Healthy, &[]);
        assert!(verdict.logged.is_empty(), "{verdict:#?}");
    }
}

#[test]
fn a_single_device_behind_edge_hub_is_no_fault_of_the_network() {
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
fn of_one_fault_a_log_is_told_once() {
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

#[test]
fn a_log_that_was_asked_for_and_not_read_is_said() {
    let mut unread = agents(agent_in_vain());
    unread.outcome = Outcome::Skipped;
    unread.failure = Some(Failure::new(Step::Read, Token::TimedOut, "it was not read in time"));
    let verdict = Device::networked().with(unread).expect(Status::Healthy, &[]);
    assert_eq!(verdict.confidence, Confidence::Likely);
    assert_eq!(verdict.not_tested[0].what, "What the log shows: container edgeAgent");
    assert!(verdict.logged.is_empty());
}

#[test]
fn what_a_report_keeps_leads_to_the_same_verdict() {
    let device = held_by_web(Device::networked())
        .with(daemons(allocated(443)))
        .with(agents(agent_in_vain().with("failed_attempts", json!(74))));
    let kept = serde_json::to_string(&device.observations).unwrap();
    let read: Vec<Observation> = serde_json::from_str(&kept).unwrap();
    let again = judge(&device.target, &read, Language::English);
    assert_eq!(device.expect(Status::Blocked, &[PortInUse]), again);
}

#[test]
fn words_of_a_hostile_log_stay_words() {
    let hostile = LogFinding {
        text: "`; rm -rf / \u{1b}[31m".to_owned(),
        candidates: vec!["no-such-cause".to_owned(), "egress-blocked".to_owned()],
        age_s: Some(f64::NAN),
        last_at: Some("yesterday\u{202e}".to_owned()),
        ..finding("x\u{1b}", &[])
    };
    let verdict = Device::networked().with(agents(hostile)).verdict();
    assert_eq!(verdict.status, Status::Healthy);
    let told = format!("{:?}", verdict.logged);
    assert!(!told.contains("\\u{1b}") && !told.contains("\\u{202e}"), "{told}");
}

fn standing_for(variant: &str, finding: LogFinding) -> LogFinding {
    LogFinding { variant: Some(variant.to_owned()), ..finding }
}

#[test]
fn a_certificate_that_has_ended_in_the_log_settles_nothing_of_the_clock() {
    let late = TrustResult::Expired;
    let device = Device::healthy().without(|o| matches!(o.facts, Facts::Clock(_)));
    let device = device.changed(to_hub, |o| {
        fail(o, Step::Tls, Token::TlsExpired);
        let trust = trust(late, late, TrustResult::Trusted);
        certified(o, "CN=Microsoft Azure RSA TLS Issuing CA 03", &["*.azure-devices.net"], &trust);
    });
    let before = device.expect(Status::Blocked, &[ClockSkew]);
    assert_eq!(before.causes[0].confidence, Confidence::Likely);
    let several = &["clock-skew", "root-ca-missing", "tls-intercepted"];
    for (log, agrees) in [
        (standing_for("expired", finding("certificate-ended-then", several)), true),
        (finding("certificate-time", several), true),
        // One that is not valid yet is of a clock that is behind, and this one would be ahead.
        (
            standing_for("not_yet_valid", finding("certificate-begins-later", &["clock-skew"])),
            false,
        ),
        (standing_for("behind", finding("token-expired", &["clock-skew"])), false),
    ] {
        let signature = log.signature.clone();
        let verdict = device.clone().with(daemons(log)).expect(Status::Blocked, &[ClockSkew]);
        let cause = &verdict.causes[0];
        assert_eq!(cause.confidence, Confidence::Likely, "{signature}");
        assert_eq!(cause.logged.len(), usize::from(agrees), "{signature}");
    }
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
            effect: LogEffect::Degrades,
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
