//! The report as metrics in Prometheus' text format, version 0.0.4, for node_exporter's textfile
//! collector and for Azure's metrics-collector.
//!
//! The text is written here and not by prometheus-client: that crate writes OpenMetrics alone, with a
//! `# EOF` that both readers refuse or skip. No sample has a time stamp, since the textfile collector
//! refuses those.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::Report;
use super::answer::Answer;
use crate::language::Language;
use crate::verdict::Status;

/// With the other series no more than a dozen.
const MOST_CAUSES: usize = 5;

const STATUSES: [Status; 4] =
    [Status::Healthy, Status::Degraded, Status::Blocked, Status::Inconclusive];

/// The metrics of one run. Labels hold ids and fixed words, never free text.
pub fn text(report: &Report) -> String {
    // Nothing that is written depends on the language.
    let answer = Answer::from_report(report, Language::English);
    let mut out = String::new();
    let statuses = STATUSES.map(|status| {
        let value = if status == answer.status { 1.0 } else { 0.0 };
        (vec![("status", status.to_string())], value)
    });
    family(&mut out, "edgeprobe_status", "1 for the status of the last run, else 0.", &statuses);
    let causes: Vec<Sample> = answer
        .causes
        .iter()
        .take(MOST_CAUSES)
        .map(|cause| {
            let confidence = cause.confidence.to_string();
            (vec![("cause", cause.id.to_string()), ("confidence", confidence)], 1.0)
        })
        .collect();
    let help = "1 for each cause that the last run named.";
    family(&mut out, "edgeprobe_cause_info", help, &causes);
    let started = report.run.started_at.parse::<Timestamp>().ok();
    let last: Vec<Sample> =
        started.iter().map(|time| (Vec::new(), time.as_duration().as_secs_f64())).collect();
    let help = "When the last run began, in seconds since 1970.";
    family(&mut out, "edgeprobe_last_run_timestamp_seconds", help, &last);
    let took = [(Vec::new(), report.run.duration_ms / 1_000.0)];
    family(&mut out, "edgeprobe_run_duration_seconds", "How long the last run took.", &took);
    let build = [(vec![("version", report.tool.version.clone())], 1.0)];
    family(&mut out, "edgeprobe_build_info", "The version of edgeprobe.", &build);
    out
}

/// Labels and a value.
type Sample = (Vec<(&'static str, String)>, f64);

/// One gauge: its help and type once, and its samples; nothing where there is no sample.
fn family(out: &mut String, name: &str, help: &str, samples: &[Sample]) {
    let mut samples = samples.iter().filter(|(_, value)| value.is_finite()).peekable();
    if samples.peek().is_none() {
        return;
    }
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
    for (labels, value) in samples {
        let labels: Vec<String> =
            labels.iter().map(|(label, text)| format!("{label}=\"{}\"", escaped(text))).collect();
        let labels =
            if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(out, "{name}{labels} {value}");
    }
}

/// A label's value: a backslash, a quotation mark and a line break are the marks that mean something.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_escaped_and_what_is_no_number_is_left_out() {
        let mut out = String::new();
        let samples = [
            (vec![("a", "x\"\\\ny".to_owned()), ("b", "1".to_owned())], 0.25),
            (Vec::new(), f64::INFINITY),
        ];
        family(&mut out, "n", "h.", &samples);
        assert_eq!(out, "# HELP n h.\n# TYPE n gauge\nn{a=\"x\\\"\\\\\\ny\",b=\"1\"} 0.25\n");
        family(&mut out, "m", "h.", &[(Vec::new(), f64::NAN)]);
        assert!(!out.contains("# HELP m"));
    }
}
