//! What the device's own logs add: a second proof, here; what no probe could test, `deciding`; faults
//! that come and go, `intermittent`. And what they must not add: the fault of yesterday, or of somebody
//! else.

mod deciding;
mod intermittent;

use edgeprobe_facts::endpoint::TrustResult;
use edgeprobe_facts::logs::{Attempts, Course, LogFacts, LogFinding, Party};
use edgeprobe_facts::ports::Holder;
use edgeprobe_facts::{Facts, Failure, Observation, Outcome, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Language, LoggedState, Status, Verdict, judge};
use serde_json::json;

use crate::device::*;

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

fn allocated(port: u16) -> LogFinding {
    let found = finding("port-allocated", &["port-in-use"]);
    found.with("port", json!(port)).with("holder", json!("container"))
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
