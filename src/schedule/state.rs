//! What is installed, when it runs next, and how it ran last.

use std::fs;
use std::path::{Path, PathBuf};

use edgeprobe_probes::bounded;
use jiff::{SignedDuration, Timestamp, Zoned};
use serde::Serialize;

use super::install::ours;
use super::job::{LAST_REPORT, RECORD, STATE_FOLDER};
use super::manager::systemctl;
use super::record::Running;
use super::systemd::TIMER;
use super::words::{say, word};
use super::{Machine, Manager, Record, Times, times_in};
use crate::language::{Language, Text};
use crate::verdict::Status;

/// The name and version of the JSON form.
const SCHEMA: &str = "edgeprobe.schedule/1";

/// A report has some hundred kilobytes.
const LARGEST_REPORT: u64 = 16 * 1024 * 1024;

/// What there is to say of this device's schedule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct State {
    /// `edgeprobe.schedule/1`
    pub schema: String,
    /// `systemd` or `cron`; absent where none is installed.
    pub manager: Option<String>,
    /// As `--every` or `--cron` was given.
    pub times: Option<String>,
    pub files: Vec<PathBuf>,
    /// RFC 3339, UTC; absent where it is not known, because nothing is going to start a run.
    pub next_run_at: Option<String>,
    /// Whether runs have stayed away that should have been.
    pub overdue: bool,
    /// A run that is under way.
    pub running: Option<Running>,
    pub last_run: Option<Result>,
}

/// How the last run ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Result {
    /// RFC 3339, UTC.
    pub started_at: String,
    pub ended_at: String,
    pub exit_code: u8,
    /// The verdict; absent where edgeprobe itself failed.
    pub status: Option<Status>,
    /// What kept it from a verdict.
    pub error: Option<String>,
    /// The verdict's sentence and the ids of its causes, where the run's report is in its usual place.
    pub summary: Option<String>,
    pub causes: Vec<String>,
}

impl State {
    /// This device's.
    pub fn read() -> Self {
        let [timer_unit, service, table] = ours();
        let times_of = |path: &Path| times_in(&fs::read_to_string(path).unwrap_or_default());
        let (manager, times) = match (times_of(&timer_unit), times_of(&table)) {
            (Some(times), _) => (Some(Manager::Systemd), Some(times)),
            (None, Some(times)) => (Some(Manager::Cron), Some(times)),
            (None, None) => (None, None),
        };
        let next = match (manager, &times) {
            (Some(Manager::Systemd), _) => next_of_timer(),
            (Some(Manager::Cron), Some(times)) => next_of_cron(times, &Machine::this()),
            _ => None,
        };
        let files = [timer_unit, service, table].into_iter();
        let files = files.filter(|path| times_of(path).is_some()).collect();
        let folder = Path::new(STATE_FOLDER);
        let record = Record::read(&folder.join(RECORD)).unwrap_or_default();
        let last_run = record.last.map(|ended| {
            let told = told(&folder.join(LAST_REPORT), &ended.started_at, &ended.ended_at);
            let (summary, causes) = told.unwrap_or_default();
            Result {
                status: status(ended.exit_code).filter(|_| ended.error.is_none()),
                started_at: ended.started_at,
                ended_at: ended.ended_at,
                exit_code: ended.exit_code,
                error: ended.error,
                summary,
                causes,
            }
        });
        let overdue = match (&times, &last_run) {
            (Some(times), Some(last)) => is_overdue(times, &last.started_at),
            _ => false,
        };
        Self {
            schema: SCHEMA.to_owned(),
            manager: manager.map(|manager| manager.word().to_owned()),
            times: times.map(|times| times.to_string()),
            files,
            next_run_at: next.map(|next| next.to_string()),
            overdue,
            running: record.running.filter(is_there),
            last_run,
        }
    }

    /// The state for a person.
    pub fn text(&self, language: Language) -> String {
        let mut lines: Vec<(&'static str, String)> = Vec::new();
        match (&self.manager, &self.times) {
            (Some(manager), Some(times)) => {
                let text = Text::new("by").with("times", shown(times, language));
                let text = text.with("manager", manager);
                lines.push(("label.schedule", say(&text, language)));
                let next = match &self.next_run_at {
                    Some(time) => with_distance(time, language),
                    None => word("never", language),
                };
                lines.push(("label.next", next));
            }
            _ => lines.push(("label.schedule", word("none", language))),
        }
        if let Some(running) = &self.running {
            let text = Text::new("running").with("pid", running.pid);
            let text = text.with("time", with_distance(&running.started_at, language));
            lines.push(("label.running", say(&text, language)));
        }
        if let Some(last) = &self.last_run {
            let mut time = with_distance(&last.started_at, language);
            if self.overdue {
                time = format!("{time}; {}", word("overdue", language));
            }
            lines.push(("label.last", time));
            lines.push(("label.result", result(last, language)));
            let told = last.summary.as_ref().or(last.error.as_ref());
            lines.extend(told.map(|told| ("", told.clone())));
        } else if self.manager.is_some() {
            lines.push(("label.last", word("not_yet", language)));
        }
        for (index, path) in self.files.iter().enumerate() {
            let label = if index == 0 { "label.files" } else { "" };
            lines.push((label, path.display().to_string()));
        }
        let mut out = String::new();
        for (label, text) in lines {
            let label = if label.is_empty() { String::new() } else { word(label, language) };
            out += &crate::report::style::labelled(&label, 16, &text);
            out.push('\n');
        }
        out
    }
}

/// The times as a person reads them: an interval in words, an expression of cron as it is.
pub fn shown(times: &str, language: Language) -> String {
    match times.strip_prefix("every ") {
        Some(interval) => say(&Text::new("every").with("interval", interval), language),
        None => times.to_owned(),
    }
}

/// The result in words, with the exit code.
fn result(last: &Result, language: Language) -> String {
    let status = match last.status {
        Some(status) => crate::report::words::status(status, language),
        None => word("failed", language),
    };
    let key = if last.causes.is_empty() { "result" } else { "result_causes" };
    let text = Text::new(key).with("status", status).with("code", last.exit_code);
    say(&text.with("causes", last.causes.join(", ")), language)
}

fn status(exit_code: u8) -> Option<Status> {
    let all = [Status::Healthy, Status::Degraded, Status::Blocked, Status::Inconclusive];
    all.into_iter().find(|status| status.exit_code() == exit_code)
}

/// A time and how far it is from now.
fn with_distance(time: &str, language: Language) -> String {
    let Ok(at) = time.parse::<Timestamp>() else {
        return edgeprobe_facts::clean::line(time, 40);
    };
    let distance = at.duration_since(Timestamp::now());
    let key = if distance.is_negative() { "ago" } else { "ahead" };
    let text = Text::new(key)
        .with("time", at.strftime("%Y-%m-%d %H:%M:%S UTC"))
        .with("distance", rounded(distance));
    say(&text, language)
}

/// The greatest unit and the one below it.
fn rounded(distance: SignedDuration) -> String {
    let distance = distance.abs();
    match (distance.as_hours(), distance.as_mins()) {
        (0, 0) => format!("{} s", distance.as_secs()),
        (0, minutes) => format!("{minutes} min"),
        (hours @ ..24, minutes) => format!("{hours} h {} min", minutes % 60),
        (hours, _) => format!("{} d {} h", hours / 24, hours % 24),
    }
}

/// When systemd starts the next run.
fn next_of_timer() -> Option<Timestamp> {
    let told = systemctl(&["show", TIMER, "--property=NextElapseUSecRealtime", "--value"]).ok()?;
    // Such as `Tue 2026-12-01 00:00:37 UTC`.
    let mut words = told.split_whitespace().skip(1);
    let (date, time) = (words.next()?, words.next()?);
    format!("{date}T{time}Z").parse().ok()
}

/// When cron starts the next run: at its minute, and the seconds of this machine after it.
fn next_of_cron(times: &Times, machine: &Machine) -> Option<Timestamp> {
    let delay = machine.share_of(times.longest_delay());
    let delay = SignedDuration::try_from(delay).ok()?;
    let now = Zoned::now();
    let next = times.after(&now.checked_sub(delay).ok()?)?;
    Some(next.checked_add(delay).ok()?.timestamp())
}

/// Whether two runs have stayed away since this one.
fn is_overdue(times: &Times, started_at: &str) -> bool {
    let Ok(started) = started_at.parse::<Timestamp>() else { return false };
    let second = times
        .after(&started.to_zoned(jiff::tz::TimeZone::system()))
        .and_then(|first| times.after(&first));
    let Some(second) = second else { return false };
    let delay = SignedDuration::try_from(times.longest_delay()).unwrap_or_default();
    Timestamp::now().duration_since(second.timestamp()) > delay
}

/// The sentence and the causes of a report, if it is of the run between these times.
fn told(path: &Path, from: &str, to: &str) -> Option<(Option<String>, Vec<String>)> {
    let report = bounded::text(path, LARGEST_REPORT).ok()?;
    let report: serde_json::Value = serde_json::from_str(&report).ok()?;
    let time = |text: &str| text.parse::<Timestamp>().ok();
    let started = time(report.pointer("/run/started_at")?.as_str()?)?;
    if started < time(from)? || started > time(to)? {
        return None;
    }
    let clean = |value: &serde_json::Value| {
        value.as_str().map(|text| edgeprobe_facts::clean::line(text, 400))
    };
    let summary = report.pointer("/verdict/summary").and_then(clean);
    let causes = report.pointer("/verdict/causes").and_then(|causes| causes.as_array());
    let ids = causes.into_iter().flatten().filter_map(|cause| clean(cause.get("id")?)).collect();
    Some((summary, ids))
}

/// Whether the process of a run is still there: one that was killed could not say that it ended.
fn is_there(running: &Running) -> bool {
    !cfg!(target_os = "linux") || Path::new(&format!("/proc/{}", running.pid)).is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_short() {
        let of = |seconds| rounded(SignedDuration::from_secs(seconds));
        assert_eq!(
            [of(5), of(-725), of(3_700), of(90_000)],
            ["5 s", "12 min", "1 h 1 min", "1 d 1 h"]
        );
    }

    #[test]
    fn cron_runs_at_its_time_and_the_machines_seconds() {
        let times = Times::Every(15);
        let machine = Machine::from_id("a");
        let delay = machine.share_of(times.longest_delay()).as_secs();
        let next = next_of_cron(&times, &machine).unwrap();
        let now = Timestamp::now();
        assert!(next > now && next.duration_since(now).as_secs() <= 900, "{next}");
        assert_eq!(next.as_second().unsigned_abs() % 900, delay);
    }

    #[test]
    fn one_run_that_is_late_is_not_overdue() {
        let ago = |minutes| (Timestamp::now() - SignedDuration::from_mins(minutes)).to_string();
        assert!(!is_overdue(&Times::Every(15), &ago(16)));
        assert!(is_overdue(&Times::Every(15), &ago(46)));
    }
}
