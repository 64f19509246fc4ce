//! What a daemon remembers of its provisioning: with the Device Provisioning Service, the hub's
//! name stands nowhere else.

use edgeprobe_facts::runtime::{RuntimeFacts, Setting};

use super::document::Document;
use super::form::Form;
use super::names;
use super::places;
use super::root::Reader;

/// What the identity service writes while it has no hub.
const NOT_YET: &str = "unprovisioned";

/// Adds the hub, and the parent, that the identity service of 1.2 and later remembers.
pub(super) fn add(reader: &mut Reader<'_>, folder: &str, facts: &mut RuntimeFacts) {
    if facts.hub.is_some() {
        return;
    }
    let path = format!("{folder}/device_info");
    // It is in TOML, but for this one word.
    if reader.text(&path).is_none_or(|text| text.trim() == NOT_YET) {
        return;
    }
    let Some(document) = reader.document(&path, Form::Toml) else { return };
    let name = |key: &str| host(&document, key);
    let hub = name("hub_name");
    // Without a parent the hub stands in its place.
    let parent = name("local_gateway_hostname").filter(|parent| hub.as_ref() != Some(parent));
    let setting = |value| Setting { value, source: document.source.clone() };
    facts.hub = hub.map(setting);
    facts.parent = facts.parent.take().or_else(|| parent.map(setting));
}

/// Adds the hub that the daemon of 1.0 and 1.1 remembers.
pub(super) fn add_of_yaml(reader: &mut Reader<'_>, facts: &mut RuntimeFacts) {
    if facts.hub.is_some() {
        return;
    }
    let Some(document) = reader.document(places::YAML_STATE, Form::Json) else { return };
    facts.hub =
        host(&document, "hub_name").map(|value| Setting { value, source: document.source.clone() });
}

fn host(document: &Document, key: &str) -> Option<String> {
    names::host(document.text(&[key])?)
}
