//! Every generation of the runtime, as devices have its files.

use std::path::Path;

use edgeprobe_facts::runtime::{Flaw, Setting, Source, SourceState};

use super::*;

fn fixture(name: &str) -> Root {
    Root::at(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/runtime/fixtures").join(name))
}

fn facts(name: &str) -> RuntimeFacts {
    read(&fixture(name))
}

/// A value with its source.
fn told<T: ToString>(setting: Option<&Setting<T>>) -> Option<(String, &str)> {
    setting.map(|setting| (setting.value.to_string(), setting.source.as_str()))
}

fn said<'a>(value: &str, source: &'a str) -> (String, &'a str) {
    (value.to_owned(), source)
}

fn proxy(facts: &RuntimeFacts, part: Part) -> Option<(String, &str)> {
    let setting = facts.proxies.iter().find(|setting| setting.part == part)?;
    let url = setting.https_proxy.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
    Some((url, &setting.source))
}

fn source<'f>(facts: &'f RuntimeFacts, name: &str) -> &'f Source {
    facts.sources.iter().find(|source| source.name == name).unwrap()
}

const CONFIG: &str = "/etc/aziot/config.toml";

#[test]
fn config_toml_and_what_was_made_of_it() {
    let facts = facts("toml");
    assert_eq!(facts.generation, Some(Generation::Toml));
    assert_eq!(told(facts.hub.as_ref()), Some(said("contoso.azure-devices.net", CONFIG)));
    assert_eq!(told(facts.parent.as_ref()), Some(said("parent.corp.example", CONFIG)));
    assert_eq!(told(facts.hostname.as_ref()), Some(said("gateway.corp.example", CONFIG)));
    assert_eq!(told(facts.network.as_ref()), Some(said("site-edge", CONFIG)));
    assert_eq!(told(facts.subnet.as_ref()), Some(said("172.20.0.0/16", CONFIG)));
    // The last fragment counts.
    let last = "/etc/aziot/edged/config.d/50-local.toml";
    assert_eq!(told(facts.upstream_protocol.as_ref()), Some(said("MqttWs", last)));
    let image = &facts.images[0];
    assert_eq!(image.image, "registry.corp.example:5000/azureiotedge-agent:1.5");
    assert_eq!(told(facts.registries.first()), Some(said("registry.corp.example", CONFIG)));
    let provisioning = facts.provisioning.unwrap();
    assert_eq!((provisioning.mode.as_str(), provisioning.endpoint), ("manual", None));
}

#[test]
fn every_part_that_is_here_is_listed_with_its_proxy_or_without() {
    let facts = facts("toml");
    let masked = "http://***@proxy.corp.example:3128";
    let drop_in = |name| format!("/etc/systemd/system/{name}");
    assert_eq!(
        proxy(&facts, Part::Engine),
        Some(said(masked, &drop_in("docker.service.d/proxy.conf")))
    );
    assert_eq!(
        proxy(&facts, Part::Daemon),
        Some(said(
            "http://other-proxy.corp.example:3128",
            &drop_in("aziot-edged.service.d/override.conf")
        ))
    );
    let unit = "/lib/systemd/system/aziot-identityd.service";
    assert_eq!(proxy(&facts, Part::IdentityService), Some(said("none", unit)));
    assert_eq!(proxy(&facts, Part::System), Some(said("none", "/etc/environment")));
    assert_eq!(proxy(&facts, Part::Environment).unwrap().0, "none");
    let fragment = "/etc/aziot/edged/config.d/00-super.toml";
    assert_eq!(proxy(&facts, Part::EdgeAgent), Some(said(masked, fragment)));
    assert_eq!(proxy(&facts, Part::EdgeHub), None, "there is no container");
}

#[test]
fn with_the_provisioning_service_the_hub_is_what_the_daemon_remembers() {
    let remembered = |name: &str| {
        let facts = facts(name);
        let provisioning = facts.provisioning.clone().unwrap();
        assert_eq!(provisioning.mode, "dps");
        let endpoint = provisioning.endpoint.as_deref();
        assert_eq!(endpoint, Some("global.azure-devices-provisioning.net"));
        assert_eq!(facts.parent, None, "the hub stands in the parent's place");
        let (hub, source) = told(facts.hub.as_ref()).unwrap();
        (hub, source.to_owned())
    };
    let assigned = |source: &str| ("assigned.azure-devices.net".to_owned(), source.to_owned());
    assert_eq!(remembered("dps"), assigned("/var/lib/aziot/identityd/device_info"));
    assert_eq!(
        remembered("snap"),
        assigned("/var/snap/azure-iot-identity/current/var/lib/aziot/identityd/device_info")
    );
    assert_eq!(remembered("yaml-dps"), assigned("/var/lib/iotedge/cache/provisioning_backup.json"));
}

#[test]
fn the_snaps_and_their_engine() {
    let facts = facts("snap");
    let fragment =
        "/var/snap/azure-iot-edge/common/shared/config/aziot/edged/config.d/01-snap.toml";
    assert_eq!(told(facts.network.as_ref()), Some(said("azure-iot-edge", fragment)));
    assert_eq!(
        proxy(&facts, Part::Engine),
        Some(said(
            "http://***@proxy.corp.example:8080",
            "/var/snap/docker/current/config/daemon.json"
        ))
    );
    let system = Some(said("http://***@proxy.corp.example:3128", "/etc/environment"));
    assert_eq!(proxy(&facts, Part::Daemon), system);
    assert_eq!(proxy(&facts, Part::IdentityService), system);
}

#[test]
fn config_yaml() {
    let facts = facts("yaml");
    let file = "/etc/iotedge/config.yaml";
    assert_eq!(facts.generation, Some(Generation::Yaml));
    assert_eq!(told(facts.hub.as_ref()), Some(said("contoso.azure-devices.net", file)));
    assert_eq!(told(facts.hostname.as_ref()), Some(said("gateway_one", file)));
    assert_eq!(told(facts.upstream_protocol.as_ref()), Some(said("AmqpWs", file)));
    assert_eq!(told(facts.network.as_ref()), Some(said("azure-iot-edge", file)));
    assert_eq!(told(facts.subnet.as_ref()), Some(said("172.21.0.0/16", file)));
    assert_eq!(told(facts.registries.first()), Some(said("registry.corp.example", file)));
    assert_eq!(
        proxy(&facts, Part::EdgeAgent),
        Some(said("http://***@proxy.corp.example:3128", file))
    );
}

#[test]
fn a_template_that_nobody_filled_in_names_nothing() {
    let facts = facts("yaml-template");
    assert_eq!(facts.generation, Some(Generation::Yaml));
    assert_eq!((facts.hub, facts.hostname), (None, None));
    assert_eq!(facts.images.len(), 1);
}

#[test]
fn the_preview_of_2017() {
    let facts = facts("preview");
    let file = "/etc/azure-iot-edge/config.json";
    assert_eq!(facts.generation, Some(Generation::Preview));
    assert_eq!(told(facts.hub.as_ref()), Some(said("contoso.azure-devices.net", file)));
    assert_eq!(told(facts.upstream_protocol.as_ref()), Some(said("AmqpWs", file)));
    assert_eq!(facts.images[0].image, "microsoft/azureiotedge-agent:1.0-preview");
    assert_eq!(told(facts.registries.first()), Some(said("registry.corp.example", file)));
}

#[test]
fn a_broken_file_is_told_of_and_nothing_older_takes_its_place() {
    let facts = facts("broken");
    assert_eq!(facts.generation, Some(Generation::Toml));
    assert_eq!(facts.hub, None, "config.yaml is a leftover");
    let config = source(&facts, CONFIG);
    assert_eq!(config.state, SourceState::Broken);
    assert_eq!(config.detail.as_deref(), Some("syntax error in line 4"));
    assert_eq!(config.flaw, Some(Flaw::Line(4)));
    assert_eq!(source(&facts, "/etc/docker/daemon.json").state, SourceState::Broken);
    let drop_in = source(&facts, "/etc/systemd/system/docker.service.d/proxy.conf");
    assert_eq!(drop_in.state, SourceState::Broken);
    assert!(drop_in.detail.as_deref().unwrap().contains("socks5"));
    assert_eq!(drop_in.flaw, Some(Flaw::Proxy));
}

#[test]
fn a_device_without_a_runtime_has_no_generation() {
    let folder = tempfile::tempdir().unwrap();
    let facts = read(&Root::at(folder.path()));
    assert_eq!(facts.generation, None);
    assert!(facts.sources.is_empty());
    let observation =
        observe(Timeline::start(std::time::Duration::from_secs(1)), &Vantage::Host, facts);
    assert_eq!(observation.outcome, Outcome::Skipped);
    assert_eq!(observation.id, "host/runtime/configuration");
}

#[test]
fn no_secret_is_kept_of_any_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/runtime/fixtures");
    let mut looked_at = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let facts = read(&Root::at(entry.unwrap().path()));
        let shown = format!("{facts:?} {}", serde_json::to_string(&facts).unwrap());
        for secret in ["cGxhbnRlZC1zZWNyZXQ", "planted", "SharedAccess"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        looked_at += 1;
    }
    assert_eq!(looked_at, 8);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_and_what_is_too_large_stop_nothing() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let etc = folder.path().join("etc/aziot");
    std::fs::create_dir_all(&etc).unwrap();
    symlink("/dev/zero", etc.join("config.toml")).unwrap();
    let facts = read(&Root::at(folder.path()));
    assert_eq!(source(&facts, CONFIG).state, SourceState::Broken);
    std::fs::remove_file(etc.join("config.toml")).unwrap();
    std::fs::File::create(etc.join("config.toml")).unwrap().set_len(1 << 40).unwrap();
    let facts = read(&Root::at(folder.path()));
    assert_eq!(source(&facts, CONFIG).detail.as_deref(), Some("larger than 1 MiB"));
}
