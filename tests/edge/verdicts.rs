//! Every scenario of the lab is judged right, and so are random combinations of their faults.

use std::slice;

use edgeprobe_lab::mix::{Examined, draw, examine_all};
use edgeprobe_lab::{Judge, Row, run_all, scenarios, table};

use crate::support::{EDGEPROBE, internet, machine};

/// How many labs stand at a time.
pub(crate) const JOBS: usize = 2;

/// What is silent is waited for to the end of the run: less than the ten seconds that are usual.
const TIMEOUT: &str = "6s";

#[test]
fn every_scenario_is_judged_right() {
    let Some(_machine) = machine() else { return };
    let judge = judge();
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

/// What `edgeprobe-lab mix --seed 1` draws first; scripts/bench accuracy runs more of them.
#[test]
fn random_combinations_of_faults_have_the_properties_of_every_verdict() {
    let Some(_machine) = machine() else { return };
    let drawn: Vec<_> = (0..4).map(|index| draw(1, index, &(2..=3))).collect();
    let all = examine_all(&drawn, &internet(), Some(&judge()), JOBS, |_| ());
    println!("{}", table::mixes(&all));
    let wrong: Vec<Examined> = all.into_iter().filter(|one| !one.is_good()).collect();
    assert!(wrong.is_empty(), "not as expected:\n{}", table::mixes(&wrong));
}

pub(crate) fn judge() -> Judge {
    let arguments = ["--timeout", TIMEOUT].map(str::to_owned).to_vec();
    Judge { program: EDGEPROBE.into(), arguments, record: None }
}
