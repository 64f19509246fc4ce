//! Every scenario's fault is what it claims to be, by plain tools alone.

use std::slice;

use edgeprobe_lab::servers::Plain;
use edgeprobe_lab::{Row, requirements, run_all, scenarios, sweep, table};

/// How many labs stand at a time; they wait more than they work.
const JOBS: usize = 4;

#[test]
fn every_fault_is_proved_by_plain_tools() {
    let missing = requirements::missing();
    if !missing.is_empty() {
        eprintln!("skipped: the lab needs {}", missing.join(", "));
        return;
    }
    sweep();
    let tell = |row: &Row| {
        if !row.outcome.is_good() {
            eprintln!("{}", table::results(slice::from_ref(row)));
        }
    };
    let rows = run_all(&scenarios::all(), &Plain, None, JOBS, tell);
    let wrong: Vec<Row> = rows.into_iter().filter(|row| !row.outcome.is_good()).collect();
    assert!(wrong.is_empty(), "not proved:\n{}", table::results(&wrong));
}
