//! What a verdict is told of logs: which log ends which fault, and what speaks for all.

use edgeprobe::logs::{Moment, Origin, Scanned, Scanner, Signatures, facts, parse_moment};
use edgeprobe_facts::logs::{Attempts, Course, LogFacts, LogFinding, Party};

fn signatures() -> Signatures {
    Signatures::load(None).unwrap()
}

fn now() -> Moment {
    parse_moment("2026-11-24T12:00:00Z").unwrap()
}

fn scanned(signatures: &Signatures, name: &str, container: Option<&str>, log: &str) -> Scanned {
    let origin = Origin {
        name: name.to_owned(),
        container: container.map(str::to_owned),
        now: Some(now()),
        ..Origin::default()
    };
    let mut scanner = Scanner::new(signatures, origin);
    scanner.feed(log.as_bytes());
    scanner.finish();
    scanner.scanned()
}

fn facts_of(logs: &[(&str, Option<&str>, &str)]) -> Vec<LogFacts> {
    let signatures = signatures();
    let scanned = logs.iter().map(|(name, of, log)| scanned(&signatures, name, *of, log));
    facts(scanned.collect(), &signatures, None, now())
}

fn only(facts: &LogFacts) -> &LogFinding {
    assert_eq!(facts.findings.len(), 1, "{facts:#?}");
    &facts.findings[0]
}

fn attempt(minute: u32, client: Option<&str>) -> String {
    let line = |second: u32, via: &str| match client {
        Some(client) => format!(
            "2026-11-24 11:{minute:02}:{second:02}.000 +00:00 [INF] - Attempting to connect to IoT \
             Hub for client {client} via {via}...\n"
        ),
        None => format!(
            "2026-11-24 11:{minute:02}:{second:02}.000 +00:00 [INF] - Edge agent attempting to \
             connect to IoT Hub via {via}...\n"
        ),
    };
    line(0, "AMQP") + &line(30, "AMQP over WebSocket")
}

const AGENT_CONNECTED: &str =
    "2026-11-24 11:59:00.000 +00:00 [INF] - Edge agent connected to IoT Hub via AMQP.\n";

const DPS: &str =
    "2026-11-24T11:50:00Z aziot-identityd[7]: Provisioning failed to communicate with DPS\n";

#[test]
fn the_agent_s_connection_ends_the_daemon_s_fault_and_not_that_of_edge_hub() {
    let of_edge_hub = attempt(55, Some("dev/$edgeHub")) + &attempt(57, Some("dev/$edgeHub"));
    let logs = facts_of(&[
        ("container edgeAgent", Some("edgeAgent"), AGENT_CONNECTED),
        ("container edgeHub", Some("edgeHub"), &of_edge_hub),
        ("journal of aziot-identityd", None, DPS),
    ]);
    let hub = only(&logs[1]);
    assert!(hub.lasts, "{hub:#?}");
    let attempts = Attempts { party: Party::EdgeHub, course: Course::Silent };
    assert_eq!(hub.attempts, Some(attempts));
    assert_eq!(hub.age_s, Some(150.0), "from the last attempt on");
    let daemon = only(&logs[2]);
    assert!(!daemon.lasts, "{daemon:#?}");
    assert_eq!(daemon.recovered_at.as_deref(), Some("2026-11-24T11:59:00Z"));
    // A connection before the fault ends nothing.
    let later = DPS.replace("11:50", "11:59").replace("00Z", "30Z");
    let logs = facts_of(&[
        ("container edgeAgent", Some("edgeAgent"), AGENT_CONNECTED),
        ("journal of aziot-identityd", None, &later),
    ]);
    assert!(only(&logs[1]).lasts);
}

#[test]
fn a_name_that_edge_hub_does_not_find_is_ended_by_edge_hub_alone() {
    let no_name = "2026-11-24 11:58:00.000 +00:00 [WRN] - Temporary failure in name resolution\n";
    let logs = facts_of(&[
        ("container edgeAgent", Some("edgeAgent"), AGENT_CONNECTED),
        ("container edgeHub", Some("edgeHub"), no_name),
    ]);
    assert!(only(&logs[1]).lasts, "{:#?}", logs[1]);
    let logs = facts_of(&[(
        "container edgeAgent",
        Some("edgeAgent"),
        &(no_name.to_owned() + AGENT_CONNECTED),
    )]);
    assert!(!only(&logs[0]).lasts, "a restarted process ends its own");
}

#[test]
fn edge_hub_s_own_connection_speaks_for_all() {
    let both = attempt(55, Some("dev/$edgeHub")) + &attempt(57, Some("dev/leaf"));
    let all = attempt(57, Some("dev/leaf")) + &attempt(58, Some("dev/leaf"));
    for (log, client) in
        [(both + &attempt(58, Some("dev/leaf")), "dev/$edgeHub"), (all, "dev/leaf")]
    {
        let logs = facts_of(&[("container edgeHub", Some("edgeHub"), &log)]);
        assert_eq!(only(&logs[0]).details["client"], client, "{log}");
    }
}

#[test]
fn since_when_is_told_of_the_last_outage_alone() {
    let log = attempt(10, None)
        + "2026-11-24 11:20:00.000 +00:00 [INF] - Edge agent connected to IoT Hub via AMQP.\n"
        + &attempt(50, None)
        + &attempt(52, None);
    let logs = facts_of(&[("edgeAgent.log", None, &log)]);
    let finding = only(&logs[0]);
    assert_eq!(finding.episodes, 2);
    assert_eq!(finding.first_at.as_deref(), Some("2026-11-24T11:10:00Z"));
    assert_eq!(finding.since_at.as_deref(), Some("2026-11-24T11:50:00Z"));
    assert!(!finding.from_the_begin);
    let signatures = signatures();
    let log = attempt(50, None) + &attempt(52, None);
    let since = parse_moment("2026-11-24T11:48:00Z");
    let read = vec![scanned(&signatures, "edgeAgent.log", None, &log)];
    let finding = only(&facts(read, &signatures, since, now())[0]).clone();
    assert!(finding.from_the_begin && finding.since_at == finding.first_at, "{finding:#?}");
}

#[test]
fn of_a_long_line_the_telling_part_is_kept() {
    let line = format!(
        "2026-11-24T11:58:00Z level=error msg=\"{} Bind for 0.0.0.0:443 failed: port is already \
         allocated\"\n",
        "word ".repeat(60)
    );
    let logs = facts_of(&[("docker.log", None, &line)]);
    let finding = only(&logs[0]);
    assert!(finding.text.ends_with("port is already allocated\""), "{}", finding.text);
    assert!(finding.text.starts_with('\u{2026}') && finding.text.chars().count() <= 161);
    assert_eq!((finding.details["port"].as_u64(), finding.candidates.len()), (Some(443), 1));
    let page = format!(
        "2026-11-24T11:58:00Z docker: error parsing HTTP 403 response body: invalid character '<' \
         looking for beginning of value: \"<html>{}</html>\"\n",
        "<p>".repeat(60)
    );
    let logs = facts_of(&[("docker.log", None, &page)]);
    let finding = only(&logs[0]);
    assert!(
        finding.text.starts_with("\u{2026}error parsing HTTP 403 response body"),
        "{}",
        finding.text
    );
}
