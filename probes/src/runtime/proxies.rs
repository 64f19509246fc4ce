//! What each part of the device is told of a proxy.

use edgeprobe_facts::proxy::ProxyUrl;
use edgeprobe_facts::runtime::{Flaw, Part, ProxySetting};
use serde_json::Value;

use super::form::Form;
use super::places;
use super::root::{Reader, Root};
use super::systemd::{self, Service};
use super::variables::Variables;

/// The units of each part, by packages and by snaps.
const ENGINE: [&str; 4] =
    ["docker.service", "snap.docker.dockerd.service", "podman.service", "containerd.service"];
const DAEMON: [&str; 3] =
    ["aziot-edged.service", "snap.azure-iot-edge.aziot-edged.service", "iotedge.service"];
const IDENTITY: [&str; 2] =
    ["aziot-identityd.service", "snap.azure-iot-identity.identityd.service"];

/// What the name of this program's own environment is.
const OWN: &str = "the environment of edgeprobe";

/// One setting for each part that is here, but for the containers.
pub(super) fn read(reader: &mut Reader<'_>, root: &Root) -> Vec<ProxySetting> {
    let defaults = systemd::defaults(reader);
    let mut settings = vec![of_this_environment(reader, root), of_the_system(reader, &defaults)];
    settings.extend(of_the_engine(reader, &defaults));
    for (part, units) in [(Part::Daemon, &DAEMON[..]), (Part::IdentityService, &IDENTITY)] {
        if let Some(Service { source, variables }) = systemd::service(reader, units, &defaults) {
            settings.push(setting(reader, part, &variables, &source));
        }
    }
    settings
}

/// What an environment tells a part; `otherwise` is the source of an environment without a proxy.
///
/// A proxy that cannot be understood makes its source a broken one. The part has none then.
pub(super) fn setting(
    reader: &mut Reader<'_>,
    part: Part,
    variables: &Variables,
    otherwise: &str,
) -> ProxySetting {
    let mut source = otherwise;
    let mut https_proxy = None;
    if let Some((value, from)) = variables.lower_or_upper("https_proxy") {
        source = from;
        match value.parse::<ProxyUrl>() {
            Ok(url) => https_proxy = Some(url),
            Err(error) => {
                reader.broken(from, Some(Flaw::Proxy), &format!("https_proxy: {error}"));
            }
        }
    }
    ProxySetting { part, https_proxy, no_proxy: variables.no_proxy(), source: source.to_owned() }
}

fn of_this_environment(reader: &mut Reader<'_>, root: &Root) -> ProxySetting {
    let mut variables = Variables::default();
    for (name, value) in &root.environment {
        variables.set(name, value, OWN);
    }
    setting(reader, Part::Environment, &variables, OWN)
}

fn of_the_system(reader: &mut Reader<'_>, defaults: &Variables) -> ProxySetting {
    let mut variables = defaults.clone();
    let file = places::ENVIRONMENT.unwrap_or_default();
    if let Some(content) = places::ENVIRONMENT.and_then(|path| reader.text(path)) {
        variables.extend(Variables::of_file(&content, file));
    }
    setting(reader, Part::System, &variables, file)
}

/// The engine's own file of settings comes before its service's environment.
fn of_the_engine(reader: &mut Reader<'_>, defaults: &Variables) -> Option<ProxySetting> {
    let service = systemd::service(reader, &ENGINE, defaults);
    let file = places::ENGINE.into_iter().find(|path| reader.is_there(path));
    let (mut variables, otherwise) = match (service, file) {
        (Some(service), _) => (service.variables, service.source),
        (None, Some(file)) => (Variables::default(), file.to_owned()),
        (None, None) => return None,
    };
    if let Some(document) = file.and_then(|path| reader.document(path, Form::Json)) {
        for (key, name) in [("https-proxy", "https_proxy"), ("no-proxy", "no_proxy")] {
            if let Some(value) = document.at(&["proxies", key]).and_then(Value::as_str) {
                variables.set(name, value, &document.source);
            }
        }
    }
    Some(setting(reader, Part::Engine, &variables, &otherwise))
}
