//! Asking the tool under test for its verdict.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

use crate::command::{self, Output};
use crate::scenario::{Expected, Scenario};
use crate::world::{CA_FILE, HUB_NAME};
use crate::{Error, Lab, Result};

/// How long the tool may take, in seconds, beyond any limit that it sets itself.
const LIMIT: &str = "60";

/// The tool under test.
#[derive(Debug, Clone)]
pub struct Judge {
    /// The path of `edgeprobe`, static or at least runnable in the lab.
    pub program: PathBuf,
    /// Arguments for every check, beside the hub, its authority and the scenario's own.
    pub arguments: Vec<String>,
    /// A folder to keep each scenario's report in, as `lab-NAME.json`.
    pub record: Option<PathBuf>,
}

/// What the tool said, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The word of the status; empty when there was no report.
    pub status: String,
    /// The ids of the causes, in order.
    pub causes: Vec<String>,
    /// The ids of the observations that prove the first cause.
    pub evidence: Vec<String>,
    /// The states of what the logs show beside all causes.
    pub logged: Vec<String>,
    /// The exit code.
    pub exit_code: Option<i32>,
}

impl Judge {
    /// Runs `edgeprobe check` on the device of `lab`.
    pub fn verdict(&self, lab: &Lab, scenario: &Scenario) -> Result<Verdict> {
        let report = self.examine(lab, scenario)?;
        if let Some(folder) = &self.record {
            let file = folder.join(format!("lab-{}.json", scenario.name));
            fs::write(&file, &report.text).map_err(|error| Error::Record(file.clone(), error))?;
        }
        Ok(Verdict::from(&report))
    }

    /// The report of a check as the scenario asks for it.
    pub(crate) fn examine(&self, lab: &Lab, scenario: &Scenario) -> Result<Report> {
        let hub: &[&str] = if scenario.names_hub { &["--hub", HUB_NAME] } else { &[] };
        self.check(lab, &[hub, scenario.arguments].concat())
    }

    /// The report of a check that is told the hub's name, and these arguments.
    pub(crate) fn report(&self, lab: &Lab, arguments: &[&str]) -> Result<Report> {
        self.check(lab, &[&["--hub", HUB_NAME], arguments].concat())
    }

    fn check(&self, lab: &Lab, arguments: &[&str]) -> Result<Report> {
        let program = self.program.to_string_lossy();
        let mut words = vec!["timeout", LIMIT, &*program, "check", "--format", "json"];
        words.extend(["--ca-file", CA_FILE]);
        words.extend(self.arguments.iter().map(String::as_str));
        words.extend(arguments);
        let output = lab.device().run(&words)?;
        Ok(Report::read(&output))
    }

    /// Judges a report's observations again, and returns a line when the verdict is not the same.
    pub(crate) fn replay(&self, report: &Report) -> Result<Option<String>> {
        let mut command = Command::new(&self.program);
        command.args(["replay", "-", "--format", "json"]).env("LC_ALL", "C");
        let again = Report::read(&command::run(&mut command, &report.text)?);
        let same = again.exit_code == report.exit_code && again.whole() == report.whole();
        Ok((!same).then(|| format!("replayed it is {}", Verdict::from(&again))))
    }
}

impl Verdict {
    /// Returns what is wrong with the verdict; empty when it is the expected one.
    pub fn differences(&self, expected: &Expected) -> Vec<String> {
        let first = self.causes.first().map(String::as_str);
        let named = |cause: &&&str| self.causes.iter().any(|got| got == **cause);
        let code = expected.status.exit_code();
        let mut wrong = Vec::new();
        if self.status != expected.status.word() {
            wrong.push(format!("status is not {}", expected.status.word()));
        }
        if first != expected.cause {
            wrong.push(format!("first cause is not {}", expected.cause.unwrap_or("absent")));
        }
        if self.exit_code != Some(code) {
            wrong.push(format!("exit code is not {code}"));
        }
        let missing = expected.also.iter().filter(|cause| !named(cause));
        wrong.extend(missing.map(|cause| format!("{cause} is missing")));
        let surplus = expected.never.iter().filter(named);
        wrong.extend(surplus.map(|cause| format!("{cause} is named")));
        let of =
            |probe: &&&str| self.evidence.iter().any(|id| id.split('/').nth(1) == Some(**probe));
        let missing = expected.proofs.iter().filter(|probe| !of(probe));
        wrong.extend(missing.map(|probe| format!("{probe} is no proof")));
        let lasts = self.logged.iter().find(|state| *state != "past").map(String::as_str);
        if lasts != expected.logged {
            wrong.push(format!("the logs show {}", lasts.unwrap_or("nothing that lasts")));
        }
        wrong
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = if self.status.is_empty() { "no report" } else { &self.status };
        write!(formatter, "{status} {}", self.causes.join(" "))?;
        match self.exit_code {
            Some(code) => write!(formatter, " ({code})"),
            None => write!(formatter, " (killed)"),
        }
    }
}

impl From<&Report> for Verdict {
    fn from(report: &Report) -> Self {
        Self {
            status: report.verdict.status.clone(),
            causes: report.verdict.causes.iter().map(|cause| cause.id.clone()).collect(),
            evidence: report.verdict.causes.first().map_or_else(Vec::new, |c| c.evidence.clone()),
            logged: report.verdict.logged.iter().map(|logged| logged.state.clone()).collect(),
            exit_code: report.exit_code,
        }
    }
}

/// The part of the report that the lab holds the tool to; all else may be there or not.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Report {
    pub(crate) verdict: ReportVerdict,
    /// The exit code of whoever wrote it.
    #[serde(skip)]
    pub(crate) exit_code: Option<i32>,
    /// All of it.
    #[serde(skip)]
    pub(crate) text: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ReportVerdict {
    pub(crate) status: String,
    pub(crate) causes: Vec<ReportCause>,
    logged: Vec<ReportLogged>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ReportCause {
    pub(crate) id: String,
    pub(crate) effect: String,
    pub(crate) remedy: Vec<ReportRemedy>,
    evidence: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ReportRemedy {
    pub(crate) command: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ReportLogged {
    state: String,
}

impl Report {
    /// A report that cannot be read is a wrong verdict, not a fault of the lab.
    fn read(output: &Output) -> Self {
        let read: Self = serde_json::from_str(&output.stdout).unwrap_or_default();
        Self { exit_code: output.status.code(), text: output.stdout.clone(), ..read }
    }

    /// The id of the first cause.
    pub(crate) fn first(&self) -> Option<String> {
        self.verdict.causes.first().map(|cause| cause.id.clone())
    }

    /// The verdict to its last word.
    fn whole(&self) -> Option<Value> {
        serde_json::from_str::<Value>(&self.text).ok()?.get("verdict").cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: &str, causes: &[&str], code: i32) -> Verdict {
        let causes = causes.iter().map(|&cause| cause.to_owned()).collect();
        Verdict {
            status: status.to_owned(),
            causes,
            evidence: vec!["host/ports/443".to_owned()],
            logged: Vec::new(),
            exit_code: Some(code),
        }
    }

    #[test]
    fn the_expected_verdict_has_no_differences() {
        let expected = Expected::blocked("forward-blocked").never(&["nat-missing"]);
        let got = verdict("blocked", &["forward-blocked", "ipv6-broken"], 2);
        assert_eq!(got.differences(&expected), Vec::<String>::new());
    }

    #[test]
    fn a_false_companion_and_a_missing_one_are_told() {
        let expected =
            Expected::blocked("forward-blocked").and(&["port-in-use"]).never(&["nat-missing"]);
        let got = verdict("blocked", &["forward-blocked", "nat-missing"], 2);
        assert_eq!(got.differences(&expected), ["port-in-use is missing", "nat-missing is named"]);
    }

    #[test]
    fn a_proof_that_is_missing_and_a_log_that_is_not_heard_are_told() {
        let got = verdict("blocked", &["port-in-use"], 2);
        let expected = Expected::blocked("port-in-use").proved_by(&["ports", "logs"]);
        assert_eq!(got.differences(&expected), ["logs is no proof"]);
        let got = verdict("degraded", &[], 1);
        assert_eq!(got.differences(&Expected::INTERMITTENT), ["the logs show nothing that lasts"]);
    }

    #[test]
    fn a_cause_on_a_healthy_device_is_wrong() {
        let got = verdict("healthy", &["vpn-override"], 0);
        assert_eq!(got.differences(&Expected::HEALTHY), ["first cause is not absent"]);
    }
}
