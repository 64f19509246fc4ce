//! The report as JUnit's XML, which Jenkins, GitLab and their like read.
//!
//! There is no one schema. What is written is valid by Jenkins' junit-10.xsd and by that of Ant's
//! task, which asks for more and allows less: no attribute of `testsuites`, one child of a
//! `testcase`, a time without a zone.

use std::io;

use edgeprobe_facts::Facts;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::answer::{Answer, evidence_of};
use super::human::evidence::sentence;
use super::words::{self, say, word};
use super::{Report, legs};
use crate::language::{Language, Text};
use crate::verdict::{Cause, Effect, Status};

/// A test case.
struct Case {
    /// What Jenkins groups by: it takes what stands before the last full stop for a package.
    class: String,
    name: String,
    seconds: f64,
    result: Outcome,
}

/// How a test case ended. Failures and errors have a kind, a message of one line, and a text.
enum Outcome {
    Passed,
    Skipped(String),
    Failed(String, String, String),
    Error(String, String, String),
}

/// The XML document.
pub fn text(report: &Report, language: Language) -> io::Result<String> {
    let answer = Answer::from_report(report, language);
    let cases = cases(report, &answer, language);
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer.create_element("testsuites").write_inner_content(|writer| {
        suite(writer, report, &answer, &cases, language)?;
        Ok(())
    })?;
    let mut text = String::from_utf8(writer.into_inner()).map_err(io::Error::other)?;
    text.push('\n');
    Ok(text)
}

fn suite<'w>(
    writer: &'w mut Writer<Vec<u8>>,
    report: &Report,
    answer: &Answer<'_>,
    cases: &[Case],
    language: Language,
) -> io::Result<&'w mut Writer<Vec<u8>>> {
    let count = |wanted: fn(&Outcome) -> bool| {
        cases.iter().filter(|case| wanted(&case.result)).count().to_string()
    };
    // RFC 3339 without its fraction and zone.
    let timestamp: String = report.run.started_at.chars().take(19).collect();
    let attributes = [
        ("name", "edgeprobe".to_owned()),
        ("package", "edgeprobe".to_owned()),
        ("id", "0".to_owned()),
        ("hostname", device(report)),
        ("timestamp", allowed(&timestamp)),
        ("tests", cases.len().to_string()),
        ("failures", count(|result| matches!(result, Outcome::Failed(..)))),
        ("errors", count(|result| matches!(result, Outcome::Error(..)))),
        ("skipped", count(|result| matches!(result, Outcome::Skipped(_)))),
        ("time", seconds(report.run.duration_ms / 1_000.0)),
    ];
    let mut told = vec![answer.summary.clone()];
    if report.vpn.is_none() {
        let outlook = &report.verdict.outlook;
        told.extend([outlook.edge_agent.clone(), outlook.edge_hub.clone()]);
        told.extend(report.verdict.ruled_out.iter().map(|other| {
            let because = format!("{}. {}", other.id, other.because);
            let label = word("label.ruled_out", language);
            say(&Text::new("labelled").with("label", label).with("text", because), language)
        }));
    }
    let element = writer.create_element("testsuite");
    element.with_attributes(borrowed(&attributes)).write_inner_content(|writer| {
        properties(writer, report)?;
        for case in cases {
            one(writer, case)?;
        }
        let told = allowed(&told.join("\n"));
        writer.create_element("system-out").write_text_content(BytesText::new(&told))?;
        writer.create_element("system-err").write_empty()?;
        Ok(())
    })
}

/// What a reader needs to know about the run in addition to its cases.
fn properties(writer: &mut Writer<Vec<u8>>, report: &Report) -> io::Result<()> {
    let properties = [
        ("edgeprobe.version", report.tool.version.clone()),
        ("run.id", report.run.id.clone()),
        ("target.hub", report.target.hub.clone()),
    ];
    writer.create_element("properties").write_inner_content(|writer| {
        for (name, value) in properties {
            let attributes = [("name", name.to_owned()), ("value", allowed(&value))];
            let element = writer.create_element("property");
            element.with_attributes(borrowed(&attributes)).write_empty()?;
        }
        Ok(())
    })?;
    Ok(())
}

fn one(writer: &mut Writer<Vec<u8>>, case: &Case) -> io::Result<()> {
    let attributes = [
        ("classname", allowed(&case.class)),
        ("name", allowed(&case.name)),
        ("time", seconds(case.seconds)),
    ];
    let element = writer.create_element("testcase");
    let element = element.with_attributes(borrowed(&attributes));
    let (name, kind, message, text) = match &case.result {
        Outcome::Passed => {
            element.write_empty()?;
            return Ok(());
        }
        Outcome::Skipped(message) => ("skipped", None, message, None),
        Outcome::Failed(kind, message, text) => ("failure", Some(kind), message, Some(text)),
        Outcome::Error(kind, message, text) => ("error", Some(kind), message, Some(text)),
    };
    let mut attributes = vec![("message", allowed(message))];
    attributes.extend(kind.map(|kind| ("type", allowed(kind))));
    element.write_inner_content(|writer| {
        let inner = writer.create_element(name).with_attributes(borrowed(&attributes));
        match text {
            Some(text) => inner.write_text_content(BytesText::new(&allowed(text)))?,
            None => inner.write_empty()?,
        };
        Ok(())
    })?;
    Ok(())
}

/// The verdict, each cause that was named or ruled out, each leg of the way to the hub, and what was
/// not tested. Only what makes the verdict worse than healthy fails.
fn cases(report: &Report, answer: &Answer<'_>, language: Language) -> Vec<Case> {
    let mut cases = vec![verdict(report, answer, language)];
    for cause in &answer.causes {
        cases.push(Case {
            class: "edgeprobe.causes".to_owned(),
            name: cause.id.to_string(),
            seconds: 0.0,
            result: cause_outcome(cause, report, language),
        });
    }
    if report.vpn.is_none() {
        cases.extend(report.verdict.ruled_out.iter().map(|other| Case {
            class: "edgeprobe.causes".to_owned(),
            name: other.id.to_string(),
            seconds: 0.0,
            result: Outcome::Passed,
        }));
    }
    cases
        .extend(legs::from_report(report).iter().map(|leg| leg_case(leg, answer.status, language)));
    cases.extend(report.verdict.not_tested.iter().map(|missing| Case {
        class: "edgeprobe.not-tested".to_owned(),
        name: missing.what.clone(),
        seconds: 0.0,
        result: Outcome::Skipped(missing.why.clone()),
    }));
    cases
}

fn verdict(report: &Report, answer: &Answer<'_>, language: Language) -> Case {
    let status = words::status(answer.status, language);
    let text = Text::new("status_and_summary").with("status", status);
    let message = say(&text.with("summary", &answer.summary), language);
    let kind = answer.status.to_string();
    let unexplained: Vec<String> = report
        .observations
        .iter()
        .filter(|seen| report.verdict.unexplained.contains(&seen.id))
        .map(|seen| sentence(seen, language))
        .collect();
    Case {
        class: "edgeprobe".to_owned(),
        name: "verdict".to_owned(),
        seconds: report.run.duration_ms / 1_000.0,
        result: match answer.status {
            Status::Healthy => Outcome::Passed,
            Status::Degraded | Status::Blocked => {
                Outcome::Failed(kind, message, unexplained.join("\n"))
            }
            Status::Inconclusive => Outcome::Error(kind, message, unexplained.join("\n")),
        },
    }
}

/// A cause that blocks or degrades is a failure; one that only warns is not a failure, and is
/// written as left aside.
fn cause_outcome(cause: &Cause, report: &Report, language: Language) -> Outcome {
    if cause.effect == Effect::Warns {
        return Outcome::Skipped(cause.summary.clone());
    }
    let mut text = evidence_of(cause, report, language);
    text.extend(cause.logged.iter().map(|logged| logged.summary.clone()));
    for remedy in &cause.remedy {
        text.push(remedy.text.clone());
        text.extend(remedy.command.iter().map(|command| format!("  {command}")));
    }
    Outcome::Failed(cause.confidence.to_string(), cause.summary.clone(), text.join("\n"))
}

fn leg_case(leg: &legs::Leg<'_>, status: Status, language: Language) -> Case {
    let told: Vec<String> = leg.observations.iter().map(|seen| sentence(seen, language)).collect();
    let first = told.first().cloned().unwrap_or_default();
    let token = leg.observations.iter().find_map(|seen| seen.token());
    let kind = token.map_or_else(|| "fail".to_owned(), |token| token.to_string());
    let result = match (leg.milliseconds(), leg.failed(), status) {
        (Some(_), ..) => Outcome::Passed,
        (None, true, Status::Degraded | Status::Blocked) => {
            Outcome::Failed(kind, first, told.join("\n"))
        }
        // A warning, or an inconclusive answer, does not fail a build.
        _ => Outcome::Skipped(first),
    };
    let longest = leg.observations.iter().map(|seen| seen.duration_ms).fold(0.0, f64::max);
    Case {
        class: format!("edgeprobe.legs.{}", leg.vantage),
        name: leg.name.clone(),
        seconds: leg.milliseconds().unwrap_or(longest) / 1_000.0,
        result,
    }
}

/// The device's name, as far as the run has read it; the schema wants one.
fn device(report: &Report) -> String {
    let name = report.observations.iter().find_map(|seen| match &seen.facts {
        Facts::Hostname(facts) if !facts.given && !facts.name.is_empty() => Some(&facts.name),
        _ => None,
    });
    name.map_or_else(|| "localhost".to_owned(), |name| allowed(name))
}

fn seconds(seconds: f64) -> String {
    format!("{:.3}", if seconds.is_finite() { seconds.max(0.0) } else { 0.0 })
}

fn borrowed<'a>(attributes: &'a [(&'a str, String)]) -> impl Iterator<Item = (&'a str, &'a str)> {
    attributes.iter().map(|(name, value)| (*name, value.as_str()))
}

/// The text without the characters that XML 1.0 has no way to write.
fn allowed(text: &str) -> String {
    let is_char = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().filter(is_char).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_write_is_left_out() {
        assert_eq!(allowed("a\u{0}\u{1b}\u{ffff}b\n<é>"), "ab\n<é>");
    }
}
