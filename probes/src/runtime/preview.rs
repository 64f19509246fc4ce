//! The preview of 2017: the file that `iotedgectl setup` wrote.

use edgeprobe_facts::runtime::{Generation, ImageSetting, Provisioning, RuntimeFacts, Setting};
use serde_json::Value;

use super::form::Form;
use super::names;
use super::places;
use super::root::Reader;

/// How many registries are kept.
const REGISTRIES: usize = 16;

/// Adds what the file says, where there is one.
pub(super) fn add(reader: &mut Reader<'_>, facts: &mut RuntimeFacts) {
    if !reader.is_there(places::PREVIEW) {
        return;
    }
    facts.generation = Some(Generation::Preview);
    let Some(document) = reader.document(places::PREVIEW, Form::Json) else { return };
    let source = document.source.clone();
    let setting = |value: String| Setting { value, source: source.clone() };
    let text = |path: &[&str]| document.text(path);
    facts.hub = text(&["deviceConnectionString"]).and_then(names::hub_of).map(setting);
    facts.hostname = text(&["hostName"]).and_then(names::own_host).map(setting);
    facts.upstream_protocol = text(&["upstreamProtocol"]).and_then(names::word).map(setting);
    facts.provisioning = facts.hub.as_ref().map(|hub| Provisioning {
        mode: "manual".to_owned(),
        endpoint: None,
        source: hub.source.clone(),
    });
    let image = text(&["deployment", "docker", "edgeRuntimeImage"]).and_then(names::image);
    facts.images.extend(image.map(|image| ImageSetting {
        module: "edgeAgent".to_owned(),
        image,
        source: source.clone(),
    }));
    let registries = document.at(&["deployment", "docker", "registries"]);
    let registries = registries.and_then(Value::as_array).into_iter().flatten();
    let address = |registry: &Value| names::host_of_url(registry.get("address")?.as_str()?);
    facts.registries.extend(registries.filter_map(address).take(REGISTRIES).map(setting));
}
