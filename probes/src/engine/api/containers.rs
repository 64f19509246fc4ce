//! The running containers, made safe to keep.

use std::net::{IpAddr, Ipv4Addr};

use edgeprobe_facts::engine::{Attachment, Container, PublishedPort};
use edgeprobe_facts::runtime::names;
use serde::{Deserialize, Deserializer};

use crate::clean;
use crate::engine::client::few::{Few, Members, each};
use crate::engine::client::{Client, ClientError, LIST, Path};
use crate::mask::mask;

/// How many containers are kept beside the runtime's own, and how many of those.
const CONTAINERS: usize = 256;
const OWN: usize = 8;

/// How many networks, addresses and published ports of a container are kept.
const NETWORKS: usize = 16;
const ADDRESSES: usize = 64;
const PORTS: usize = 4096;

/// The containers of a list: Edge Agent and Edge Hub wherever they stand in it, and at most 256
/// others.
#[derive(Debug, Default)]
pub(super) struct Containers {
    pub(super) list: Vec<Container>,
    /// How many more there are.
    pub(super) left_out: u32,
}

/// The containers that run.
pub(super) async fn running(client: &Client) -> Result<Containers, ClientError> {
    // Without options the engine lists those that run.
    client.get(&Path::new("/containers/json"), LIST).await
}

/// The containers of the runtime's names, whether they run or not.
pub(super) async fn of_runtime(client: &Client) -> Result<Vec<Container>, ClientError> {
    let names = r#"{"name":["edgeAgent","edgeHub"]}"#;
    let path = Path::new("/containers/json").with("all", "true").with("filters", names);
    let Containers { mut list, .. } = client.get(&path, LIST).await?;
    // The engine's filter takes longer names too.
    list.retain(is_the_runtimes);
    Ok(list)
}

impl<'de> Deserialize<'de> for Containers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut containers = Self::default();
        let (mut own, mut others) = (0, 0);
        each(deserializer, |summary: Summary| {
            let container = container(summary);
            let (kept, most) = if is_the_runtimes(&container) {
                (&mut own, OWN)
            } else {
                (&mut others, CONTAINERS)
            };
            if *kept < most {
                *kept += 1;
                containers.list.push(container);
            } else {
                containers.left_out = containers.left_out.saturating_add(1);
            }
        })?;
        Ok(containers)
    }
}

fn is_the_runtimes(container: &Container) -> bool {
    container.is_edge_agent() || container.is_edge_hub()
}

/// A container in the engine's list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Summary {
    id: Option<String>,
    names: Few<String, 64>,
    image: Option<String>,
    ports: Few<Port, PORTS>,
    host_config: Option<HostConfig>,
    network_settings: Option<NetworkSettings>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HostConfig {
    network_mode: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct NetworkSettings {
    networks: Members<Option<Attached>, ADDRESSES>,
}

/// A container's place on a network, as the engine has it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Attached {
    #[serde(rename = "IPAddress")]
    ip_address: Option<String>,
    #[serde(rename = "GlobalIPv6Address")]
    global_ipv6_address: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Port {
    #[serde(rename = "IP")]
    ip: Option<String>,
    #[serde(rename = "PrivatePort")]
    private: u16,
    #[serde(rename = "PublicPort")]
    public: Option<u16>,
    #[serde(rename = "Type")]
    kind: Option<String>,
}

fn container(summary: Summary) -> Container {
    let networks = summary.network_settings.map(|settings| settings.networks.0);
    let networks = networks.unwrap_or_default();
    let on = networks.iter().filter_map(|(_, network)| network.as_ref());
    let mut addresses: Vec<IpAddr> = on.flat_map(addresses_on).take(ADDRESSES).collect();
    let mut networks: Vec<Attachment> = networks.iter().take(NETWORKS).map(attachment).collect();
    // The engine lists networks in any order; reports should not differ for that.
    addresses.sort_unstable();
    networks.sort_by(|one, other| one.network.cmp(&other.network));
    Container {
        id: clean::line(&summary.id.unwrap_or_default(), 64),
        name: clean::line(own_name(&summary.names.0), 128),
        image: image(&summary.image.unwrap_or_default()),
        addresses,
        published: summary.ports.0.iter().filter_map(published).collect(),
        network_mode: summary
            .host_config
            .and_then(|config| config.network_mode)
            .map(|mode| clean::line(&mode, 128)),
        networks,
        ..Container::default()
    }
}

/// An image's name. Of other text, which may contain a password, the part that may be shown.
fn image(text: &str) -> String {
    names::image(text).unwrap_or_else(|| clean::line(&mask(text), 256))
}

/// The container's own name: links add `/other/alias`, and every name begins with a slash.
fn own_name(names: &[String]) -> &str {
    let mut names = names.iter().map(|name| name.strip_prefix('/').unwrap_or(name));
    let first = names.clone().next().unwrap_or_default();
    names.find(|name| !name.contains('/')).unwrap_or(first)
}

fn attachment((name, network): &(String, Option<Attached>)) -> Attachment {
    let addresses = network.iter().flat_map(addresses_on).collect();
    Attachment { network: clean::line(name, 128), addresses }
}

fn addresses_on(network: &Attached) -> impl Iterator<Item = IpAddr> {
    [&network.ip_address, &network.global_ipv6_address]
        .into_iter()
        .filter_map(|text| text.as_deref()?.parse().ok())
}

/// A TCP port that is published on the host; none for one that is merely exposed.
fn published(port: &Port) -> Option<PublishedPort> {
    let tcp = matches!(port.kind.as_deref(), None | Some("tcp" | ""));
    Some(PublishedPort {
        // Podman leaves it empty for all addresses.
        address: port
            .ip
            .as_deref()
            .and_then(|text| text.parse().ok())
            .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        host_port: port.public.filter(|port| tcp && *port != 0)?,
        container_port: port.private,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Container {
        container(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn a_container_is_read_from_docker_s_list() {
        let container = read(
            r#"{"Id": "abcd", "Names": ["/other/alias", "/edgeHub"], "Image": "hub:1.5",
                "Labels": {"key": "secret"}, "HostConfig": {"NetworkMode": "azure-iot-edge"},
                "Ports": [
                    {"IP": "0.0.0.0", "PrivatePort": 443, "PublicPort": 443, "Type": "tcp"},
                    {"IP": "::", "PrivatePort": 443, "PublicPort": 443, "Type": "tcp"},
                    {"IP": "0.0.0.0", "PrivatePort": 53, "PublicPort": 53, "Type": "udp"},
                    {"PrivatePort": 1883, "Type": "tcp"}],
                "NetworkSettings": {"Networks": {"azure-iot-edge":
                    {"IPAddress": "172.18.0.3", "GlobalIPv6Address": ""}}}}"#,
        );
        assert!(container.is_edge_hub());
        assert_eq!(container.addresses, ["172.18.0.3".parse::<IpAddr>().unwrap()]);
        assert!(container.is_on("azure-iot-edge") && !container.is_on("bridge"));
        assert_eq!(container.network_mode.as_deref(), Some("azure-iot-edge"));
        assert!(!serde_json::to_string(&container).unwrap().contains("secret"));
        let published: Vec<_> =
            container.published.iter().map(|p| (p.address.to_string(), p.host_port)).collect();
        assert_eq!(published, [("0.0.0.0".to_owned(), 443), ("::".to_owned(), 443)]);
    }

    #[test]
    fn the_runtime_s_own_are_kept_however_many_others_there_are() {
        let mut listed: Vec<String> =
            (0..1000).map(|number| format!(r#"{{"Id": "{number}", "Names": ["/m"]}}"#)).collect();
        listed.push(r#"{"Id": "ab", "Names": ["/edgeAgent"]}"#.to_owned());
        let json = format!("[{}]", listed.join(","));
        let containers: Containers = serde_json::from_str(&json).unwrap();
        assert_eq!((containers.list.len(), containers.left_out), (CONTAINERS + 1, 744));
        assert!(containers.list.iter().any(Container::is_edge_agent));
        let none: Containers = serde_json::from_str("null").unwrap();
        assert!(none.list.is_empty());
    }

    #[test]
    fn an_empty_address_means_all() {
        let container = read(
            r#"{"Ports": [{"IP": "", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}]}"#,
        );
        assert!(container.published[0].address.is_unspecified());
    }

    #[test]
    fn hostile_text_is_cleaned() {
        let container = read(r#"{"Names": ["/a\u001b[2Jb"], "Image": "x\ny"}"#);
        assert_eq!(container.name, "a [2Jb");
        assert_eq!(container.image, "x y");
    }
}
