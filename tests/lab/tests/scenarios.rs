//! Every scenario's fault is what it claims to be, by plain tools alone.

use edgeprobe_lab::servers::Plain;
use edgeprobe_lab::{Outcome, Row, requirements, run_all, scenarios, sweep};

#[test]
fn every_fault_is_proved_by_plain_tools() {
    let missing = requirements::missing();
    if !missing.is_empty() {
        eprintln!("skipped: the lab needs {}", missing.join(", "));
        return;
    }
    sweep();
    let rows = run_all(&scenarios::all(), &Plain, None, 2, |_| ());
    let wrong: Vec<_> = rows.iter().filter(|row| !row.outcome.is_good()).map(describe).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn describe(row: &Row) -> String {
    let why = match &row.outcome {
        Outcome::Failed(error) => error.to_string(),
        other => format!("{other:?}"),
    };
    format!("{}: {why}", row.scenario.name)
}
