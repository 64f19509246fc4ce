//! One observation with all that it saw, for `probe`.

use std::fmt::Write as _;

use edgeprobe_probes::{Observation, Outcome};

use super::evidence::sentence;
use crate::report::style::{BOLD, DIM, labelled, paint};

/// The observation in a sentence, its steps with their times, and its facts.
pub fn full(observation: &Observation) -> String {
    let word = match observation.outcome {
        Outcome::Pass => "ok",
        Outcome::Fail => "FAILED",
        Outcome::Skipped => "skipped",
    };
    let told = labelled("", 8, &sentence(observation));
    let mut out = format!("{}{}\n", paint(BOLD, &format!("{word:<8}")), told.trim_start());
    let steps: Vec<String> = observation
        .steps
        .iter()
        .map(|step| {
            let failed = if step.outcome == Outcome::Fail { " failed" } else { "" };
            format!("{}{failed} {:.1} ms", step.step, step.duration_ms)
        })
        .collect();
    if !steps.is_empty() {
        out += &labelled("", 8, &steps.join(", "));
        out.push('\n');
    }
    for (name, value) in facts(observation) {
        let _ = writeln!(out, "{}", paint(DIM, &labelled("", 8, &format!("{name}: {value}"))));
    }
    out
}

/// The facts as name and value, nested names joined by dots, empty ones left out.
fn facts(observation: &Observation) -> Vec<(String, String)> {
    let mut flat = Vec::new();
    if let Ok(serde_json::Value::Object(mut fields)) = serde_json::to_value(&observation.facts)
        && let Some(facts) = fields.remove("facts")
    {
        flatten("", &facts, &mut flat);
    }
    flat
}

fn flatten(name: &str, value: &serde_json::Value, flat: &mut Vec<(String, String)>) {
    use serde_json::Value;
    let below = |part: &str| match (name, part.contains('.')) {
        ("", _) | (_, true) => part.to_owned(),
        (name, false) => format!("{name}.{part}"),
    };
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (part, value) in fields {
                flatten(&below(part), value, flat);
            }
        }
        Value::Array(items) if items.iter().all(|item| !item.is_object()) => {
            let words: Vec<String> = items.iter().map(word).collect();
            if !words.is_empty() {
                flat.push((name.to_owned(), words.join(", ")));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten(&format!("{name}[{index}]"), item, flat);
            }
        }
        scalar => flat.push((name.to_owned(), word(scalar))),
    }
}

fn word(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
