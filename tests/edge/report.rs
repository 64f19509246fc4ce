//! The parts of a report that these tests read.

use edgeprobe_lab::Output;
use serde_json::Value;

/// A report, with the exit code that came with it.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) exit_code: Option<i32>,
    document: Value,
}

impl Report {
    pub(crate) fn from_output(output: &Output) -> Self {
        let document = serde_json::from_str(&output.stdout)
            .unwrap_or_else(|error| panic!("no report ({error}): {}", output.summary()));
        Self { exit_code: output.status.code(), document }
    }

    pub(crate) fn status(&self) -> &str {
        text(&self.document["verdict"]["status"])
    }

    pub(crate) fn confidence(&self) -> &str {
        text(&self.document["verdict"]["confidence"])
    }

    /// The ids of the causes, in order.
    pub(crate) fn causes(&self) -> Vec<&str> {
        list(&self.document["verdict"]["causes"]).map(|cause| text(&cause["id"])).collect()
    }

    /// A line for each thing that was not tested: what, and why.
    pub(crate) fn not_tested(&self) -> Vec<String> {
        list(&self.document["verdict"]["not_tested"])
            .map(|missing| format!("{}: {}", text(&missing["what"]), text(&missing["why"])))
            .collect()
    }

    /// How long the run took, in milliseconds.
    pub(crate) fn duration(&self) -> f64 {
        number(&self.document["run"]["duration_ms"])
    }

    /// The observations, each as it stands in the report.
    pub(crate) fn observations(&self) -> impl Iterator<Item = &Value> {
        list(&self.document["observations"])
    }
}

pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}
