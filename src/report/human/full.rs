//! One observation with all that it saw, for `probe`.

use std::fmt::Write as _;

use edgeprobe_facts::{Observation, Outcome};

use super::evidence::sentence;
use crate::language::{Language, Text, Word};
use crate::report::style::{BOLD, DIM, labelled, paint};
use crate::report::words::{say, word};

/// The observation in a sentence, its steps with their times, and its facts.
pub fn full(observation: &Observation, language: Language) -> String {
    let outcome = word(
        match observation.outcome {
            Outcome::Pass => "probe.ok",
            Outcome::Fail => "probe.failed",
            Outcome::Skipped => "probe.skipped",
        },
        language,
    );
    let told = labelled("", 8, &sentence(observation, language));
    let mut out = format!("{}{}\n", paint(BOLD, &format!("{outcome:<8}")), told.trim_start());
    let steps: Vec<String> = observation
        .steps
        .iter()
        .map(|step| {
            let failed = step.outcome == Outcome::Fail;
            let text = Text::new(if failed { "probe.step_failed" } else { "probe.step" })
                .with("step", step.step)
                .with("milliseconds", Word::figure(step.duration_ms, 1));
            say(&text, language)
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
            let words: Vec<String> = items.iter().map(shown).collect();
            if !words.is_empty() {
                flat.push((name.to_owned(), words.join(", ")));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten(&format!("{name}[{index}]"), item, flat);
            }
        }
        scalar => flat.push((name.to_owned(), shown(scalar))),
    }
}

fn shown(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
