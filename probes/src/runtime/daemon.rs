//! What the configurations of all daemons since 1.0 have in common, in TOML and in YAML alike.

use edgeprobe_facts::runtime::{ImageSetting, Provisioning, RuntimeFacts, Setting};
use ipnet::IpNet;
use serde_json::Value;

use super::document::{Document, Layers};
use super::names;
use super::variables::Variables;

/// The module that the daemon itself starts.
const AGENT: &str = "edgeAgent";

/// Adds what these files say. Of what they hold beside it, keys, credentials and options of
/// containers, nothing is looked at.
pub(super) fn add(layers: &Layers, facts: &mut RuntimeFacts) {
    facts.hostname =
        layers.setting(|document| document.text(&["hostname"]).and_then(names::own_host));
    facts.parent = layers.setting(parent);
    facts.network = layers.setting(network);
    facts.subnet = layers.setting(subnet);
    facts.engine_uri = layers.setting(engine_uri);
    facts.provisioning = provisioning(layers);
    let by_hand = facts.provisioning.as_ref().is_none_or(Provisioning::is_manual);
    facts.hub = if by_hand { layers.setting(hub) } else { None };
    facts.upstream_protocol =
        agent_environment(layers).any_case("UpstreamProtocol").and_then(|(value, source)| {
            Some(Setting { value: names::word(value)?, source: source.to_owned() })
        });
    let image =
        |document: &Document| document.text(&["agent", "config", "image"]).and_then(names::image);
    if let Some(Setting { value, source }) = layers.setting(image) {
        facts.images.push(ImageSetting { module: AGENT.to_owned(), image: value, source });
    }
    let registry = |document: &Document| {
        names::host_of_url(document.text(&["agent", "config", "auth", "serveraddress"])?)
    };
    facts.registries.extend(layers.setting(registry));
}

/// The environment that the daemon gives to edgeAgent before the first deployment.
pub(super) fn agent_environment(layers: &Layers) -> Variables {
    let mut variables = Variables::default();
    for document in layers.iter() {
        let entries = document.at(&["agent", "env"]).and_then(Value::as_object);
        for (name, value) in entries.into_iter().flatten() {
            if let Some(value) = value.as_str() {
                variables.set(name, value, &document.source);
            }
        }
    }
    variables
}

/// The parent under each of its names: in config.toml, in the identity service's own file, and in
/// what is made of either.
fn parent(document: &Document) -> Option<String> {
    let named = [
        &["parent_hostname"][..],
        &["local_gateway_hostname"],
        &["provisioning", "local_gateway_hostname"],
    ];
    named.into_iter().find_map(|path| names::host(document.text(path)?))
}

/// The network's name, which stands alone or in a table.
fn network(document: &Document) -> Option<String> {
    let network = document.at(&["moby_runtime", "network"])?;
    names::network(network.as_str().or_else(|| network.get("name")?.as_str())?)
}

/// Where the daemon asks the engine: a socket or a host, and nothing that could be a secret.
pub(super) fn engine_uri(document: &Document) -> Option<String> {
    let uri = document.text(&["moby_runtime", "uri"])?;
    let is_known = uri.starts_with("unix:///") || uri.starts_with("tcp://");
    let is_plain = uri.len() <= 256 && uri.bytes().all(|it| it.is_ascii_graphic() && it != b'@');
    (is_known && is_plain).then(|| uri.to_owned())
}

/// The first IPv4 subnet that the daemon is to make the network with.
fn subnet(document: &Document) -> Option<IpNet> {
    let ranges = document.at(&["moby_runtime", "network", "ipam", "config"])?.as_array()?;
    let subnet = |range: &Value| range.get("subnet")?.as_str()?.parse::<IpNet>().ok();
    ranges.iter().filter_map(subnet).find(|subnet| subnet.addr().is_ipv4())
}

fn hub(document: &Document) -> Option<String> {
    let whole = ["connection_string", "device_connection_string"]
        .into_iter()
        .find_map(|key| names::hub_of(document.text(&["provisioning", key])?));
    let named = [
        &["provisioning", "iothub_hostname"][..],
        // With an X.509 certificate in 1.1.
        &["provisioning", "authentication", "iothub_hostname"],
    ];
    whole.or_else(|| named.into_iter().find_map(|path| names::host(document.text(path)?)))
}

fn provisioning(layers: &Layers) -> Option<Provisioning> {
    let mode = |document: &Document| {
        let given = document.text(&["provisioning", "source"]).and_then(names::word);
        // The first versions knew but one way and had no word for it.
        given.or_else(|| hub(document).map(|_| "manual".to_owned()))
    };
    let Setting { value: mode, source } = layers.setting(mode)?;
    let key = match mode.as_str() {
        "dps" => "global_endpoint",
        "external" => "endpoint",
        _ => return Some(Provisioning { mode, endpoint: None, source }),
    };
    let endpoint = layers
        .setting(|document| names::host_of_url(document.text(&["provisioning", key])?))
        .map(|setting| setting.value);
    Some(Provisioning { mode, endpoint, source })
}
