//! What a log shows, in sentences.

use edgeprobe_facts::clean;
use edgeprobe_facts::logs::{Course, LogFinding, Party};
use serde_json::{Map, Value};

use super::{Standing, UnexplainedFault};
use crate::attributes::Subject;
use crate::catalogue::{entry, message};
use crate::causes::CauseId;
use crate::evidence::{Evidence, LogReading};
use crate::rule::Proof;
use crate::words::duration;
use crate::{Logged, LoggedState, Remedy};
use edgeprobe_language::{Arguments, Language, Text, Word, render_command};

/// The key of the sentence of a cause that a log alone decides.
pub(crate) const FROM_A_LOG: &str = "logged.decides";

/// Characters of a line that are quoted in a sentence.
const QUOTED: usize = 170;

/// A cause that a log alone decides, in a sentence.
pub(crate) fn decided(id: CauseId, summary: &Text, language: Language) -> String {
    let line = entry(id, language).line.trim_end_matches('.').to_owned();
    message(&summary.clone().with("line", line), language)
}

/// What would confirm a cause that a log alone decides.
pub(crate) fn would_confirm(language: Language) -> String {
    message(&Text::new("logged.would_confirm"), language)
}

/// A sentence with the words of a finding, for the page's remedies too.
pub(super) fn words(reading: &LogReading<'_>, text: Text) -> Text {
    let text = text
        .with("log", log(reading))
        .with("when", when(reading.finding))
        .with("what", what(reading));
    let known = words_of(&reading.finding.details).into_iter();
    known.fold(text, |text, (name, word)| text.with(name, word))
}

/// The words of a log's finding that a page's remedies may want.
pub fn words_of(details: &Map<String, Value>) -> Vec<(&'static str, String)> {
    const WANTED: [&str; 13] = [
        "port",
        "module",
        "address",
        "container",
        "image",
        "registry",
        "hub",
        "network",
        "process",
        "subnet",
        "bridge",
        "firewall",
        "platform",
    ];
    let said = |name: &'static str| {
        let value = details.get(name)?;
        let word = value.as_str().map_or_else(|| value.to_string(), |text| clean::line(text, 120));
        Some((name, word))
    };
    WANTED.into_iter().filter_map(said).collect()
}

/// That a log says the same as a cause's other proofs.
pub(super) fn agreeing(reading: &LogReading<'_>, proof: &Proof, language: Language) -> String {
    let holder = holder(proof).filter(|_| reading.subject() == Subject::Port);
    let text = match holder {
        Some(holder) => Text::new("logged.agrees_port").with("holder", holder),
        None => Text::new("logged.agrees"),
    };
    sentence(&words(reading, text), language)
}

/// Who holds the port, as the probes found.
fn holder(proof: &Proof) -> Option<Word> {
    let owner = proof.details.get("owner")?;
    let of = |name: &str| owner.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    if let Some(container) = of("container") {
        return Some(Text::new("holder.container").with("container", container).into());
    }
    let pid = owner.get("pid").and_then(serde_json::Value::as_u64)?;
    Some(Text::new("holder.process").with("process", of("process")?).with("pid", pid).into())
}

/// The faults of logs that no cause explains.
pub(super) fn unexplained(
    evidence: &Evidence<'_>,
    fault: &UnexplainedFault<'_>,
    language: Language,
) -> String {
    let reading = &fault.reading;
    let key = match (fault.standing, reading.subject()) {
        (Standing::Intermittent, Subject::Hub) => "logged.intermittent",
        (Standing::Intermittent, Subject::Registry) => "logged.intermittent_registry",
        (Standing::Intermittent, _) => "logged.intermittent_provisioning",
        (Standing::HostAlone, _) => "logged.host_alone",
        (Standing::Untested, _) => "logged.untested",
        (Standing::OneClient, _) => "logged.one_client",
        (Standing::SeenToo, _) => "logged.seen_too",
        (Standing::Past, _) => "logged.past",
    };
    let text = words(reading, Text::new(key)).with("hub", &evidence.target.hub);
    let ago = reading.finding.age_s.unwrap_or_default().max(0.0);
    let text = text.with("ago", duration(ago));
    let is_past = fault.standing == Standing::Past;
    let text = if is_past { text.with("when", then(reading.finding)) } else { text };
    let client = reading.detail("client").map(|client| clean::line(client, 80));
    let text = client.into_iter().fold(text, |text, client| text.with("client", client));
    sentence(&text, language)
}

/// A sentence that may begin with a log's name.
fn sentence(text: &Text, language: Language) -> String {
    let said = message(text, language);
    let mut letters = said.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// What to do about a fault that no cause accounts for.
pub(super) fn remedy(
    evidence: &Evidence<'_>,
    fault: &UnexplainedFault<'_>,
    language: Language,
) -> Vec<Remedy> {
    let hub = &evidence.target.hub;
    let words = Arguments::from([("hub", hub.into())]);
    let say = |key: &'static str| message(&Text::new(key).with("hub", hub), language);
    let with =
        |key, command| Remedy { text: say(key), command: Some(render_command(command, &words)) };
    match fault.standing {
        Standing::Intermittent => {
            let mut all = vec![
                with("logged.do.look", "sudo edgeprobe logs --since 1d"),
                with("logged.do.repeat", "sudo edgeprobe check --hub {hub} --quiet"),
            ];
            if fault.reading.candidates().into_iter().any(CauseId::is_about_a_vpn) {
                all.push(with("logged.do.vpn", "sudo edgeprobe vpn --hub {hub} --watch"));
            }
            if fault.reading.subject() == Subject::Hub {
                all.push(with("logged.do.identity", "sudo iotedge check"));
            }
            all
        }
        Standing::HostAlone => vec![with("logged.do.root", "sudo edgeprobe check --hub {hub}")],
        Standing::OneClient => {
            vec![Remedy { text: say("logged.do.client"), command: None }]
        }
        Standing::Untested => vec![with("logged.do.all", "sudo edgeprobe check --hub {hub}")],
        Standing::SeenToo | Standing::Past => Vec::new(),
    }
}

/// The common part of what is reported of a finding.
pub(super) fn base(reading: &LogReading<'_>, state: LoggedState, summary: String) -> Logged {
    let finding = reading.finding;
    let time = |at: &Option<String>| at.as_deref().map(|at| clean::line(at, 40));
    Logged {
        state,
        summary,
        signature: clean::line(&finding.signature, 80),
        source: clean::line(&reading.facts.source, 300),
        first_at: time(&finding.first_at),
        since_at: time(&finding.since_at),
        last_at: time(&finding.last_at),
        count: finding.count,
        candidates: reading.candidates(),
        ruled_out_now: Vec::new(),
        evidence: vec![reading.observation.id.clone()],
        remedy: Vec::new(),
    }
}

/// The log's name, as a sentence begins with it.
fn log(reading: &LogReading<'_>) -> Word {
    let facts = reading.facts;
    let party = reading.finding.attempts.map(|attempts| attempts.party);
    let text = match (facts.container.as_deref(), party, &facts.unit) {
        (Some("edgeAgent"), ..) | (None, Some(Party::EdgeAgent), _) => {
            Text::new("witness.edge_agent")
        }
        (Some("edgeHub"), ..) | (None, Some(Party::EdgeHub), _) => Text::new("witness.edge_hub"),
        (Some(name), ..) => Text::new("witness.container").with("container", clean::line(name, 80)),
        (None, None, Some(unit)) => Text::new("witness.unit").with("unit", clean::line(unit, 80)),
        (None, None, None) => {
            Text::new("witness.other").with("name", clean::line(&facts.source, 120))
        }
    };
    text.into()
}

/// Since when, how often: of a fault that lasts.
fn when(finding: &LogFinding) -> Word {
    let since = finding.since_at.as_deref().or(finding.first_at.as_deref());
    let text = match since {
        None if finding.count == 1 => Text::new("when.once"),
        None => Text::new("when.times"),
        Some(_) if finding.count == 1 => Text::new("when.at"),
        Some(_) if finding.episodes > 1 => Text::new("when.again"),
        Some(_) if finding.from_the_begin => Text::new("when.since_or_earlier"),
        Some(_) => Text::new("when.since"),
    };
    timed(finding, text).into()
}

/// When and how often: of a fault that is over.
fn then(finding: &LogFinding) -> Word {
    let text = match (&finding.first_at, &finding.last_at) {
        (Some(first), Some(last)) if first != last => Text::new("when.from_to"),
        (Some(_), _) => Text::new("when.at"),
        _ if finding.count == 1 => Text::new("when.once"),
        _ => Text::new("when.times"),
    };
    timed(finding, text).into()
}

fn timed(finding: &LogFinding, text: Text) -> Text {
    let since = finding.since_at.as_deref().or(finding.first_at.as_deref()).map(moment);
    let first = finding.first_at.as_deref().map(moment);
    let last = finding.last_at.as_deref().map(moment);
    let text = text.with("count", finding.count).with("episodes", finding.episodes);
    let text = since.into_iter().fold(text, |text, since| text.with("since", since));
    let text = first.into_iter().fold(text, |text, first| text.with("from", first));
    last.into_iter().fold(text, |text, last| text.with("until", last))
}

/// A time as people write it: `2026-11-24 09:14 UTC`.
fn moment(at: &str) -> String {
    let is_whole = at.len() >= 16 && at.is_ascii() && at.ends_with('Z');
    match (is_whole, at.get(..10), at.get(11..16)) {
        (true, Some(date), Some(time)) => clean::line(&format!("{date} {time} UTC"), 40),
        _ => clean::line(at, 40),
    }
}

/// What the log shows: attempts in words, another program's text as it is.
fn what(reading: &LogReading<'_>) -> Word {
    let finding = reading.finding;
    if let Some(attempts) = finding.attempts {
        let text = Text::new(match attempts.course {
            Course::Silent => "what.silent",
            Course::Refused => "what.refused",
            Course::Mixed | Course::Untimed => "what.failed",
            Course::Fallback => "what.fallback",
        });
        return text.into();
    }
    if let Some(port) = reading.port().filter(|_| reading.subject() == Subject::Port) {
        let text = Text::new(match reading.detail("holder") {
            Some("container") => "what.port_container",
            Some("process") => "what.port_process",
            _ => "what.port",
        });
        return text.with("port", port).into();
    }
    // A backtick would end the quotation.
    format!("`{}`", clean::line(&finding.text.replace('`', "'"), QUOTED)).into()
}
