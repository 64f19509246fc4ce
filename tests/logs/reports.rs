//! Texts of public reports, and inputs that were read wrongly once: what must be said of each.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use edgeprobe::language::Language;
use edgeprobe::logs::{LogReport, Origin, Scanner, judge};
use edgeprobe::verdict::Status;
use serde::Deserialize;

use crate::built_in;
use crate::renew::assert_up_to_date;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    report: Vec<Report>,
}

/// One text, and what must be said of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    /// The address of a report that has it, with other names; or the kind of error that it stands for.
    seen: String,
    text: String,
    /// The container that wrote it.
    #[serde(default)]
    container: Option<String>,
    status: String,
    /// The first cause is one of these.
    #[serde(default)]
    first: Vec<String>,
    /// These are among the first three causes.
    #[serde(default)]
    among: Vec<String>,
    /// These are no cause.
    #[serde(default)]
    never: Vec<String>,
    /// A finding has these details.
    #[serde(default)]
    details: BTreeMap<String, serde_json::Value>,
}

/// The reports of every family.
fn families() -> Vec<(String, Vec<Report>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs/reports");
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        let file: File =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), file.report)
    };
    paths.iter().map(|path| read(path)).collect()
}

fn read(report: &Report, piece: usize) -> LogReport {
    let origin = Origin {
        name: "test.log".to_owned(),
        container: report.container.clone(),
        ..Origin::default()
    };
    let mut scanner = Scanner::new(built_in(), origin);
    report.text.as_bytes().chunks(piece).for_each(|bytes| scanner.feed(bytes));
    scanner.finish();
    judge(vec![scanner.scanned()], Language::English)
}

/// The signatures that the reports show.
pub(crate) fn signatures() -> Vec<String> {
    let reports = families().into_iter().flat_map(|(_, reports)| reports);
    let findings = reports.flat_map(|report| read(&report, 4096).findings);
    findings.map(|finding| finding.signature).collect()
}

fn causes(report: &LogReport) -> Vec<String> {
    report.verdict.causes.iter().map(|cause| cause.id.word().to_owned()).collect()
}

/// What is wrong with what is said of a report.
fn problems(report: &Report) -> Vec<String> {
    let told = read(report, 4096);
    let causes = causes(&told);
    let mut problems = Vec::new();
    let status = told.verdict.status.to_string();
    if status != report.status {
        problems.push(format!("status {status}, not {}", report.status));
    }
    let first = causes.first();
    let is_first = match first {
        Some(first) if report.among.is_empty() => report.first.contains(first),
        Some(_) => true,
        None => report.first.is_empty() && report.among.is_empty(),
    };
    if !is_first {
        problems.push(format!("causes {causes:?}, and the first not one of {:?}", report.first));
    }
    let top = causes.iter().take(3).collect::<Vec<_>>();
    for cause in report.among.iter().filter(|cause| !top.contains(cause)) {
        problems.push(format!("{cause} is not among {top:?}"));
    }
    for cause in report.never.iter().filter(|cause| causes.contains(cause)) {
        problems.push(format!("{cause} is a cause"));
    }
    let has = |finding: &edgeprobe::logs::Finding| {
        report.details.iter().all(|(name, value)| finding.details.get(name) == Some(value))
    };
    if !told.findings.iter().any(has) && !report.details.is_empty() {
        let all: Vec<_> = told.findings.iter().map(|finding| &finding.details).collect();
        problems.push(format!("details {:?} not in {all:?}", report.details));
    }
    if !problems.is_empty() {
        let found: Vec<String> = told
            .findings
            .iter()
            .map(|finding| {
                let Finding { signature, place, state, .. } = Finding::from_log(finding);
                format!("{signature} {place} {state}")
            })
            .collect();
        problems.push(format!("found {found:?}"));
    }
    problems
}

/// What of a finding is shown where a test fails.
struct Finding {
    signature: String,
    place: String,
    state: String,
}

impl Finding {
    fn from_log(finding: &edgeprobe::logs::Finding) -> Self {
        Self {
            signature: finding.signature.clone(),
            place: format!("{:?}", finding.place),
            state: format!("{:?}", finding.state),
        }
    }
}

#[test]
fn public_reports_are_read_right() {
    let mut wrong = 0;
    for (family, reports) in families() {
        for report in reports {
            let problems = problems(&report);
            if !problems.is_empty() {
                wrong += 1;
                println!("{family}: {}\n{}\n{}\n", report.seen, report.text, problems.join("\n"));
            }
        }
    }
    assert_eq!(wrong, 0, "reports are read wrongly; see above");
}

#[test]
fn pieces_and_a_second_text_behind_it_change_nothing() {
    for (_, reports) in families() {
        for report in reports {
            let whole = read(&report, usize::MAX);
            assert_eq!(read(&report, 7), whole, "{}", report.text);
        }
    }
}

#[test]
fn the_table_of_reports_is_up_to_date() {
    assert_up_to_date("log-corpus", &[("docs/log-corpus.md", table())]);
}

fn table() -> String {
    let mut table = String::from(
        "# Texts of public reports\n\nEach stands in tests/logs/reports, with names and addresses \
         invented and shortened to what tells, and with what `edgeprobe logs` must say of it. The \
         address is that of a report of the failure. The table is renewed with \
         `scripts/renew log-corpus`.\n",
    );
    for (family, reports) in families() {
        let public: Vec<&Report> =
            reports.iter().filter(|report| report.seen.starts_with("https://")).collect();
        if public.is_empty() {
            continue;
        }
        write!(
            table,
            "\n## {family}\n\n| text | status | first cause | seen |\n|---|---|---|---|\n"
        )
        .unwrap();
        for report in public {
            let told = read(report, 4096);
            let first = causes(&told).first().cloned().unwrap_or_else(|| "none".to_owned());
            let line = told.findings.last().map_or_else(
                || report.text.trim().lines().next().unwrap_or_default().to_owned(),
                |finding| finding.text.clone(),
            );
            let status = if told.verdict.status == Status::Inconclusive {
                "inconclusive".to_owned()
            } else {
                told.verdict.status.to_string()
            };
            let seen = report.seen.trim_start_matches("https://github.com/");
            writeln!(
                table,
                "| {} | {status} | {first} | [{seen}]({}) |",
                shortened(&line),
                report.seen
            )
            .unwrap();
        }
    }
    table
}

/// The end of a line, which tells most, as a cell of a table.
fn shortened(line: &str) -> String {
    let line = line.trim().replace('|', "\\|").replace(['`', '<', '>', '*', '_'], " ");
    let letters = line.chars().count();
    let from = letters.saturating_sub(90);
    let dots = if from > 0 { "…" } else { "" };
    format!("{dots}{}", line.chars().skip(from).collect::<String>())
}
