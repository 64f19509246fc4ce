//! Every scenario of the lab is judged right.

use std::slice;

use edgeprobe_lab::{Judge, Row, run_all, scenarios, table};

use crate::support::{EDGEPROBE, internet, turn};

/// How many labs stand at a time.
const JOBS: usize = 2;

/// What is silent is waited for to the end of the run: less than the ten seconds that are usual.
const TIMEOUT: &str = "6s";

#[test]
fn every_scenario_is_judged_right() {
    let Some(_turn) = turn() else { return };
    let arguments = ["--timeout", TIMEOUT].map(str::to_owned).to_vec();
    let judge = Judge { program: EDGEPROBE.into(), arguments, record: None };
    let tell = |row: &Row| {
        if !row.outcome.is_good() {
            eprintln!("{}", table::results(slice::from_ref(row)));
        }
    };
    let rows = run_all(&scenarios::all(), &internet(), Some(&judge), JOBS, tell);
    println!("{}", table::results(&rows));
    let wrong: Vec<Row> = rows.into_iter().filter(|row| !row.outcome.is_good()).collect();
    assert!(wrong.is_empty(), "not as expected:\n{}", table::results(&wrong));
}
