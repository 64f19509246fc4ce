//! The report's JSON Schema: checked in, and kept by every report.

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::program::{demo, demos, run};
use crate::renew::assert_up_to_date;

fn schema() -> Value {
    run(&["generate", "schema"]).json()
}

#[track_caller]
fn assert_valid(validator: &Validator, report: &Value, what: &str) {
    let errors: Vec<String> = validator
        .iter_errors(report)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{what}: {errors:#?}");
}

/// Holds a report against the schema.
#[track_caller]
pub(crate) fn assert_valid_report(report: &Value) {
    assert_valid(&jsonschema::validator_for(&schema()).unwrap(), report, "the report");
}

#[test]
fn the_schema_of_the_report_is_up_to_date() {
    let generated = run(&["generate", "schema"]).stdout;
    assert_up_to_date("schema", &[("docs/report.schema.json", generated)]);
}

#[test]
fn the_schema_names_itself() {
    let schema = schema();
    assert_eq!(schema["title"], "edgeprobe.report/1");
    assert_eq!(schema["$id"], "urn:edgeprobe:report:1");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    jsonschema::meta::validate(&schema).expect("it is a schema itself");
}

#[test]
fn the_document_tells_what_every_token_means() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reading-a-report.md");
    let text = fs::read_to_string(path).unwrap();
    let schema = schema();
    let tokens = schema["$defs"]["Token"]["oneOf"].as_array().unwrap();
    let words = tokens.iter().map(|token| token["const"].as_str().unwrap());
    let untold: Vec<&str> =
        words.filter(|word| !text.contains(&format!("\n| `{word}` | "))).collect();
    assert!(untold.is_empty(), "docs/reading-a-report.md does not tell of {untold:?}");
}

#[test]
fn every_report_is_valid() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for ((fault, format), outcome) in demos() {
        let what = format!("{fault:?} in {format}");
        match format.as_str() {
            "json" => assert_valid(&validator, &outcome.json(), &what),
            "ndjson" => assert_valid(&validator, &assembled(&outcome.json_lines()), &what),
            _ => {}
        }
    }
}

/// The report whose parts the lines are.
fn assembled(lines: &[Value]) -> Value {
    let (last, before) = lines.split_last().unwrap();
    let mut report = last.clone();
    report["observations"] = before.iter().map(|line| line["observation"].clone()).collect();
    report
}

#[test]
fn what_later_versions_add_is_valid_too() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let mut report = demo(Some("port-in-use"), "json").json();
    report["later"] = json!({"a": 1});
    report["verdict"]["later"] = json!([1]);
    report["verdict"]["causes"][0]["later"] = json!("x");
    report["observations"][0]["later"] = json!(null);
    report["observations"][0]["facts"]["later"] = json!(true);
    assert_valid(&validator, &report, "with fields that are unknown today");
}

#[test]
fn what_the_contract_promises_is_required() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let whole = demo(Some("port-in-use"), "json").json();
    let promised = [
        ("", "schema tool run target verdict observations"),
        ("/tool", "name version"),
        ("/run", "id started_at duration_ms phase privileges"),
        ("/target", "hub"),
        ("/verdict", "status confidence summary outlook causes ruled_out unexplained not_tested"),
        ("/verdict/outlook", "edge_agent edge_hub"),
        ("/verdict/causes/0", "id confidence effect summary documented evidence remedy"),
        ("/verdict/causes/0/documented", "title source"),
        ("/verdict/causes/0/remedy/0", "text"),
        ("/verdict/ruled_out/0", "id because evidence"),
        ("/verdict/not_tested/0", "what why"),
        ("/observations/0", "id vantage probe target outcome started_ms duration_ms steps facts"),
        ("/observations/0/steps/0", "step outcome duration_ms"),
    ];
    for (place, fields) in promised {
        for field in fields.split(' ') {
            let mut report = whole.clone();
            let parent = report.pointer_mut(place).and_then(Value::as_object_mut);
            let removed = parent.unwrap_or_else(|| panic!("{place} is no object")).remove(field);
            assert!(removed.is_some(), "the report has no {place}/{field}");
            assert!(!validator.is_valid(&report), "{place}/{field} is not required");
        }
    }
}
