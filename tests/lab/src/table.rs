//! The scenarios and their results as tables.

use comfy_table::{ContentArrangement, Table, presets};

use crate::cure::Treated;
use crate::mix::Examined;
use crate::{Outcome, Row, Scenario};

/// Columns of a table: what a log of a build server shows without wrapping.
const WIDTH: u16 = 110;

/// The scenarios, what is broken in each and the right verdict.
pub fn list(scenarios: &[Scenario]) -> String {
    let mut table = new(&["scenario", "what is broken", "expected"]);
    for scenario in scenarios {
        table.add_row([
            scenario.name.to_owned(),
            scenario.broken.to_owned(),
            scenario.expected.to_string(),
        ]);
    }
    table.to_string()
}

/// The results: scenario, expected, got, time.
pub fn results(rows: &[Row]) -> String {
    let mut table = new(&["scenario", "expected", "got", "time"]);
    for row in rows {
        let (word, why) = got(&row.outcome);
        let lines = std::iter::once(word).chain(why).collect::<Vec<_>>().join("\n");
        table.add_row([
            row.scenario.name.to_owned(),
            row.scenario.expected.to_string(),
            lines,
            seconds(row),
        ]);
    }
    table.to_string()
}

/// One line for a scenario that has just been run.
pub fn progress(row: &Row) -> String {
    format!("{} {} ({})", row.scenario.name, got(&row.outcome).0, seconds(row))
}

/// The combinations: seed and index, faults, the verdicts, and whether every property holds.
pub fn mixes(all: &[Examined]) -> String {
    let mut table = new(&["seed", "index", "faults", "got", "judged", "time"]);
    for one in all {
        let combination = &one.combination;
        let faults = combination.faults.iter().map(|fault| {
            let hidden = one.hidden.contains(&fault.name);
            format!("{}{}", fault.name, if hidden { " (hidden)" } else { "" })
        });
        table.add_row([
            combination.seed.to_string(),
            combination.index.to_string(),
            faults.collect::<Vec<_>>().join("\n"),
            one.verdicts.iter().map(ToString::to_string).collect::<Vec<_>>().join("\nthen "),
            judged(one),
            format!("{:.1} s", one.took.as_secs_f64()),
        ]);
    }
    table.to_string()
}

/// One line for a combination that has just been examined.
pub fn mixed(one: &Examined) -> String {
    format!("{} {}: {}", one.combination.index, one.combination, judged(one))
}

/// The devices that were treated: what was done, and the verdicts before and after.
pub fn cures(all: &[Treated]) -> String {
    let mut table = new(&["scenario", "what was done", "verdicts"]);
    for one in all {
        let verdicts = one.verdicts.iter().map(ToString::to_string);
        let failed = one.failed.iter().map(|error| format!("FAILED: {error}"));
        table.add_row([
            one.scenario.name.to_owned(),
            one.commands.join("\n"),
            verdicts.chain(failed).collect::<Vec<_>>().join("\nthen "),
        ]);
    }
    table.to_string()
}

fn judged(one: &Examined) -> String {
    match &one.failed {
        Some(error) => format!("FAILED: {error}"),
        None if one.wrong.is_empty() && one.verdicts.is_empty() => "proved".to_owned(),
        None if one.wrong.is_empty() => "ok".to_owned(),
        None => format!("WRONG: {}", one.wrong.join("\n")),
    }
}

/// Says in a word what became of a scenario, and in lines why.
fn got(outcome: &Outcome) -> (String, Vec<String>) {
    match outcome {
        Outcome::Proved => ("proved".to_owned(), Vec::new()),
        Outcome::Waits(reason) => (format!("proved; waits for {reason}"), Vec::new()),
        Outcome::Right(verdict) => (format!("ok: {verdict}"), Vec::new()),
        Outcome::Wrong(verdict, why) => (format!("WRONG: {verdict}"), why.clone()),
        Outcome::NotProved(why) => ("NOT PROVED".to_owned(), why.clone()),
        Outcome::Failed(error) => ("FAILED".to_owned(), vec![error.to_string()]),
    }
}

fn seconds(row: &Row) -> String {
    format!("{:.1} s", row.took.as_secs_f64())
}

fn new(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(WIDTH);
    table.set_header(header.iter().copied());
    table
}
