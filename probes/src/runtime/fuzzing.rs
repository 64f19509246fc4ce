//! What arbitrary text becomes in the place of the runtime's files of settings.

use edgeprobe_facts::runtime::{Part, RuntimeFacts};
use serde_json::{Value, json};

use super::document::{Document, Layers};
use super::root::{Reader, Root};
use super::systemd::Settings;
use super::text::logical_lines;
use super::variables::Variables;
use super::{daemon, proxies, shown};

/// A file of the runtime in the form that its name tells: what is read of it, and what a bundle shows.
pub fn document(name: &str, text: &str) -> Value {
    let mut facts = RuntimeFacts::default();
    let mut layers = Layers::default();
    let parsed = shown::form_of(name).and_then(|form| form.parse(text).ok());
    layers.push(Document::new(name, parsed.unwrap_or_default()));
    daemon::add(&layers, &mut facts);
    let environment = daemon::agent_environment(&layers);
    json!([facts, environment.no_proxy(), masked(name, text)])
}

/// A unit or a file of variables: the proxies that it sets, and what a bundle shows.
pub fn lines(text: &str) -> Value {
    let root = Root::at("/nonexistent");
    let mut reader = Reader::new(&root);
    let mut unit = Settings::default();
    unit.add(text, "unit", "Service", "Environment");
    let mut variables = Variables::of_file(text, "variables");
    variables.extend(unit.variables);
    let setting = proxies::setting(&mut reader, Part::Engine, &variables, "none");
    json!([setting, reader.into_sources(), logical_lines(text).count(), masked("unit", text)])
}

fn masked(name: &str, text: &str) -> Option<String> {
    shown::shown(name, text).ok().map(|masked| masked.text)
}
