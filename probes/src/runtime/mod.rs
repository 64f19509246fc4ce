//! What is the installed runtime configured to do?
//!
//! Files are read from where each generation of the runtime, the engine and the system keep them
//! (`unix.rs`, `windows.rs`), and containers as the engine tells of them. Of files that are full of
//! secrets a few settings are taken by their names and the rest is dropped with the text.

mod daemon;
mod device_info;
mod document;
mod form;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod placeholders;
mod preview;
mod proxies;
mod root;
mod shown;
mod systemd;
mod text;
mod toml;
mod variables;
mod version;
mod yaml;

#[cfg_attr(windows, path = "windows.rs")]
#[cfg_attr(not(windows), path = "unix.rs")]
mod places;

pub use root::Root;
pub use shown::shown;
pub use version::ask_the_program;

use document::Layers;
use edgeprobe_facts::runtime::{Flaw, Generation, Part, RuntimeFacts, SourceState, names};
use edgeprobe_facts::{Facts, Observation, Outcome, Vantage};
use root::Reader;

use crate::recorder::{Recorder, Timeline};

/// Reads what the runtime on this device is configured to do. Only the containers' part is missing,
/// which [`RuntimeFacts::add_containers`] adds.
///
/// Only the newest generation that is configured counts: what an older one left behind does not.
/// Files that cannot be read or understood are listed as such and stop nothing.
pub fn read(root: &Root) -> RuntimeFacts {
    let mut facts = RuntimeFacts::default();
    let mut reader = Reader::new(root);
    let layers = configuration(&mut reader, &mut facts);
    facts.proxies = proxies::read(&mut reader, root);
    let placeholders = placeholders::find(&layers);
    for first in placeholders.iter().take(1) {
        let names = placeholders.iter().filter(|it| it.source == first.source);
        let names: Vec<String> = names.map(|it| format!("`{}`", it.name)).collect();
        let detail = format!("{} still what the template has in its place", names.join(", "));
        reader.broken(&first.source, Some(Flaw::Placeholder), &detail);
    }
    if let Some(first) = layers.iter().next() {
        let environment = daemon::agent_environment(&layers);
        let agent = proxies::setting(&mut reader, Part::EdgeAgent, &environment, &first.source);
        facts.proxies.push(agent);
    }
    facts.version = facts.generation.and_then(|_| version::read(root));
    facts.sources = reader.into_sources();
    facts
}

/// The configuration of the newest generation that is there.
fn configuration(reader: &mut Reader<'_>, facts: &mut RuntimeFacts) -> Layers {
    for place in &places::TOML {
        if let Some(layers) = toml::read(reader, place) {
            facts.generation = Some(Generation::Toml);
            daemon::add(&layers, facts);
            device_info::add(reader, place.state, facts);
            return layers;
        }
    }
    if let Some(layers) = yaml::read(reader) {
        facts.generation = Some(Generation::Yaml);
        daemon::add(&layers, facts);
        device_info::add_of_yaml(reader, facts);
        return layers;
    }
    preview::add(reader, facts);
    Layers::default()
}

/// Where the configured runtime asks its engine; none where no file says so, or none may be read.
pub fn engine_uri(root: &Root) -> Option<String> {
    let mut reader = Reader::new(root);
    configuration(&mut reader, &mut RuntimeFacts::default())
        .setting(daemon::engine_uri)
        .map(|setting| setting.value)
}

/// The facts as an observation. Skipped where no runtime is configured, which is no fault.
pub fn observe(timeline: Timeline, vantage: &Vantage, facts: RuntimeFacts) -> Observation {
    // What is broken says nothing, so that the answer is not a good one.
    let is_broken = facts.sources.iter().any(|source| source.state == SourceState::Broken);
    let installed = facts.generation.is_some() && !is_broken;
    let recorder = Recorder::start(timeline);
    let facts = Facts::Runtime(Box::new(facts));
    let mut observation =
        recorder.finish(vantage, "configuration", "the runtime's configuration", Ok(()), facts);
    if !installed {
        observation.outcome = Outcome::Skipped;
    }
    observation
}

#[cfg(test)]
mod tests;
