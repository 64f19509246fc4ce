//! A closer look at a few containers: those whose place on a network can be borrowed.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use edgeprobe_facts::engine::{Container, CreateOptions, ExtraHost, PublishedPort};
use futures_util::future::join_all;
use serde::Deserialize;
use tokio::time::timeout;

use super::environment;
use crate::clean;
use crate::engine::client::few::{Few, Members};
use crate::engine::client::{Client, Path, SINGLE};

/// How many containers are looked at: all together, and of each network.
const LOOKS: usize = 8;
const LOOKS_PER_NETWORK: usize = 2;

/// How many ports are kept of one that does not run.
const PORTS: usize = 64;

/// How much is kept of what create options set.
const HOSTS: usize = 64;
const SERVERS: usize = 8;
const DOMAINS: usize = 16;
const SYSCTLS: usize = 32;

/// How many variables of an environment are looked at; a module has some thirty.
const VARIABLES: usize = 4096;

/// Adds the process, the network namespace and the hub's name to a few of the containers, all
/// asked for at once. A container that has ended meanwhile, or an answer that is late, adds nothing.
pub(super) async fn add(client: &Client, containers: &mut [Container], patience: Duration) {
    let looks = worth_a_look(containers).into_iter().map(|id| async move {
        let path = Path::new("/containers").part(&id).then("/json");
        let answer = timeout(patience, client.get::<Inspected>(&path, SINGLE)).await;
        Some((id, answer.ok()?.ok()?))
    });
    for (id, answer) in join_all(looks).await.into_iter().flatten() {
        if let Some(container) = containers.iter_mut().find(|container| container.id == id) {
            fill(container, answer);
        }
    }
}

/// The ids of the runtime's own containers, and of others until two of each network are known: one
/// of them may end before it is used.
fn worth_a_look(containers: &[Container]) -> Vec<String> {
    let mut known: HashMap<&str, usize> = HashMap::new();
    let (runtime, others): (Vec<&Container>, _) = containers
        .iter()
        // An id becomes part of a request's path.
        .filter(|container| container.id.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .partition(|container| container.is_edge_agent() || container.is_edge_hub());
    let mut chosen = Vec::new();
    for container in runtime.into_iter().chain(others) {
        let mut wanted = container.is_edge_agent() || container.is_edge_hub();
        for attachment in container.networks.iter().filter(|on| !on.addresses.is_empty()) {
            let looks = known.entry(&attachment.network).or_default();
            wanted |= *looks < LOOKS_PER_NETWORK;
            *looks += 1;
        }
        if wanted && chosen.len() < LOOKS {
            chosen.push(container.id.clone());
        }
    }
    chosen
}

/// The answer for one container, as far as it is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Inspected {
    state: Option<State>,
    config: Option<Config>,
    host_config: Option<HostConfig>,
    network_settings: Option<NetworkSettings>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct State {
    pid: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Config {
    env: Few<String, VARIABLES>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HostConfig {
    port_bindings: PortMap,
    extra_hosts: Few<String, HOSTS>,
    dns: Few<String, SERVERS>,
    dns_search: Few<String, DOMAINS>,
    dns_options: Few<String, DOMAINS>,
    sysctls: Members<String, SYSCTLS>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct NetworkSettings {
    sandbox_key: Option<String>,
}

/// The ports of a container, such as `443/tcp`, each with the places of the host that it is bound to.
type PortMap = Members<Few<Binding, PORTS>, PORTS>;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Binding {
    host_ip: Option<String>,
    host_port: Option<String>,
}

/// Keeps a few things of an answer that is full of secrets.
pub(super) fn fill(container: &mut Container, answer: Inspected) {
    let pid = answer.state.and_then(|state| state.pid);
    // The engine writes 0 for a container that does not run.
    container.pid = pid.and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid != 0);
    container.network_namespace = answer
        .network_settings
        .and_then(|settings| settings.sandbox_key)
        .filter(|path| path.starts_with('/'))
        .map(|path| clean::line(&path, 256));
    let environment = answer.config.map(|config| config.env.0).unwrap_or_default();
    container.iot_hub = environment::hub(&environment);
    if container.is_edge_agent() || container.is_edge_hub() {
        container.environment = Some(Box::new(environment::read(&environment)));
    }
    let host_config = answer.host_config.unwrap_or_default();
    if container.is_edge_agent() || container.is_edge_hub() {
        let options = create_options(&host_config);
        container.create_options = Some(Box::new(options)).filter(|options| !options.is_empty());
    }
    let bindings = host_config.port_bindings;
    if container.pid.is_none() && container.published.is_empty() {
        container.published = to_be_published(&bindings);
    }
}

/// What is kept of a container's `HostConfig`.
fn create_options(config: &HostConfig) -> CreateOptions {
    let lines = |texts: &[String]| {
        let texts = texts.iter().filter(|text| !text.is_empty());
        texts.map(|text| clean::line(text, 253)).collect()
    };
    // The engine writes `name:address`, and takes `name=address` as well; an IPv6 address has colons.
    let host = |text: &String| {
        let (name, address) = text.split_once([':', '='])?;
        let address = address.trim_start_matches('[').trim_end_matches(']');
        Some(ExtraHost { name: clean::line(name, 253), address: clean::line(address, 64) })
    };
    let of_the_network = |(name, _): &&(String, String)| name.starts_with("net.");
    let sysctls = config.sysctls.0.iter().filter(of_the_network);
    CreateOptions {
        extra_hosts: config.extra_hosts.0.iter().filter_map(host).collect(),
        dns: lines(&config.dns.0),
        dns_search: lines(&config.dns_search.0),
        dns_options: lines(&config.dns_options.0),
        sysctls: sysctls
            .map(|(name, value)| clean::line(&format!("{name}={value}"), 128))
            .collect(),
    }
}

/// What a container that does not run will publish when it starts.
fn to_be_published(bindings: &PortMap) -> Vec<PublishedPort> {
    let mut published = Vec::new();
    for (port, hosts) in &bindings.0 {
        let container_port = match port.split_once('/') {
            Some((port, "tcp")) => port.parse(),
            Some(_) => continue,
            None => port.parse(),
        };
        let Ok(container_port) = container_port else { continue };
        for host in &hosts.0 {
            let address = host.host_ip.as_deref().and_then(|text| text.parse().ok());
            let host_port = host.host_port.as_deref().and_then(|text| text.parse().ok());
            published.extend(host_port.filter(|port| *port != 0).map(|host_port| PublishedPort {
                address: address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
                host_port,
                container_port,
            }));
        }
    }
    published.sort_unstable_by_key(|port| (port.host_port, port.address));
    published.truncate(PORTS);
    published
}

#[cfg(test)]
mod tests {
    use edgeprobe_facts::engine::Attachment;

    use super::*;

    fn container(id: &str, name: &str, networks: &[&str]) -> Container {
        Container {
            id: id.to_owned(),
            name: name.to_owned(),
            networks: networks
                .iter()
                .map(|network| Attachment {
                    network: (*network).to_owned(),
                    addresses: vec!["172.18.0.2".parse().unwrap()],
                })
                .collect(),
            ..Container::default()
        }
    }

    #[test]
    fn the_runtime_comes_first_and_no_network_is_forgotten() {
        let mut containers: Vec<_> = (0..20)
            .map(|number| container(&format!("a{number}"), "module", &["azure-iot-edge"]))
            .collect();
        containers.push(container("b1", "web", &["bridge"]));
        containers.push(container("c1", "edgeHub", &["azure-iot-edge"]));
        containers.push(container("c2", "edgeAgent", &["azure-iot-edge"]));
        assert_eq!(worth_a_look(&containers), ["c1", "c2", "b1"]);
        assert_eq!(worth_a_look(&containers[..21]), ["a0", "a1", "b1"]);
    }

    #[test]
    fn no_more_than_a_few_are_looked_at_and_none_by_a_strange_id() {
        let many: Vec<_> = (0..20)
            .map(|number| container(&format!("a{number}"), "web", &[&format!("net{number}")]))
            .collect();
        assert_eq!(worth_a_look(&many).len(), LOOKS);
        assert!(worth_a_look(&[container("../images", "edgeAgent", &["bridge"])]).is_empty());
    }

    #[test]
    fn only_the_process_the_namespace_and_the_hub_are_kept() {
        let mut container = container("ab", "module", &[]);
        let answer = r#"{"State": {"Pid": 4711},
            "Config": {"Env": ["IOTEDGE_IOTHUBHOSTNAME=hub.azure-devices.net",
                "EdgeHubConnectionString=HostName=hub;SharedAccessKey=secret"],
                "Labels": {"key": "secret"}},
            "NetworkSettings": {"SandboxKey": "/var/run/docker/netns/0123456789ab"}}"#;
        fill(&mut container, serde_json::from_str(answer).unwrap());
        assert_eq!(container.pid, Some(4711));
        assert_eq!(
            container.network_namespace.as_deref(),
            Some("/var/run/docker/netns/0123456789ab")
        );
        assert_eq!(container.iot_hub.as_deref(), Some("hub.azure-devices.net"));
        assert!(!serde_json::to_string(&container).unwrap().contains("secret"));
    }

    #[test]
    fn what_is_no_process_and_no_name_is_left_out() {
        let mut container = Container::default();
        let answer = r#"{"State": {"Pid": 0}, "NetworkSettings": {"SandboxKey": ""},
            "Config": {"Env": ["IOTEDGE_IOTHUBHOSTNAME=hub;SharedAccessKey=secret="]}}"#;
        fill(&mut container, serde_json::from_str(answer).unwrap());
        assert_eq!(container, Container::default());
    }

    #[test]
    fn what_create_options_set_of_names_is_kept_of_the_runtimes_own() {
        let answer = r#"{"HostConfig": {"ExtraHosts": ["hub.azure-devices.net:10.9.9.9",
            "v6.example:[fd00::1]", "broken"], "Dns": ["10.1.1.1"], "DnsSearch": ["corp.example"],
            "DnsOptions": ["ndots:5"], "Sysctls": {"net.ipv4.ip_default_ttl": "1", "kernel.x": "2"}}}"#;
        let mut agent = container("ab", "edgeAgent", &[]);
        fill(&mut agent, serde_json::from_str(answer).unwrap());
        let options = agent.create_options.unwrap();
        let hosts: Vec<_> =
            options.extra_hosts.iter().map(|it| (it.name.as_str(), it.address.as_str())).collect();
        assert_eq!(hosts, [("hub.azure-devices.net", "10.9.9.9"), ("v6.example", "fd00::1")]);
        assert_eq!(options.dns, ["10.1.1.1"]);
        assert_eq!(options.sysctls, ["net.ipv4.ip_default_ttl=1"]);
        let mut other = container("cd", "module", &[]);
        fill(&mut other, serde_json::from_str(answer).unwrap());
        assert_eq!(other.create_options, None);
    }

    #[test]
    fn one_that_does_not_run_has_the_ports_of_its_creation() {
        let mut container = container("ab", "edgeHub", &[]);
        let answer = r#"{"State": {"Pid": 0}, "HostConfig": {"PortBindings": {
            "443/tcp": [{"HostIp": "", "HostPort": "8443"}],
            "5671/tcp": [{"HostIp": "127.0.0.1", "HostPort": "5671"}, {"HostPort": ""}],
            "53/udp": [{"HostPort": "53"}], "8883/tcp": null}}}"#;
        fill(&mut container, serde_json::from_str(answer).unwrap());
        let published: Vec<_> = container
            .published
            .iter()
            .map(|port| (port.address.to_string(), port.host_port, port.container_port))
            .collect();
        assert_eq!(
            published,
            [("127.0.0.1".to_owned(), 5671, 5671), ("0.0.0.0".to_owned(), 8443, 443)]
        );
    }
}
