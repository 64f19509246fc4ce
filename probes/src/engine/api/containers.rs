//! The running containers, made safe to keep.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{ContainerSummary, EndpointSettings, PortSummary, PortSummaryTypeEnum};
use bollard::query_parameters::ListContainersOptionsBuilder;
use edgeprobe_facts::engine::{Attachment, Container, PublishedPort};
use edgeprobe_facts::runtime::names;

use crate::clean;
use crate::mask::mask;

/// How many containers are kept, and of each how many networks, addresses and published ports.
const CONTAINERS: usize = 256;
const NETWORKS: usize = 16;
const ADDRESSES: usize = 64;
const PORTS: usize = 4096;

/// The containers that run, at most 256.
pub(super) async fn running(docker: &Docker) -> Result<Vec<Container>, Error> {
    // Without options the engine lists those that run.
    let listed = docker.list_containers(None).await?;
    Ok(listed.into_iter().take(CONTAINERS).map(container).collect())
}

/// The containers of the runtime's names, whether they run or not.
pub(super) async fn of_the_runtime(docker: &Docker) -> Result<Vec<Container>, Error> {
    let names = ["edgeAgent", "edgeHub"].map(str::to_owned).to_vec();
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&HashMap::from([("name".to_owned(), names)]))
        .build();
    let listed = docker.list_containers(Some(options)).await?;
    let all = listed.into_iter().take(CONTAINERS).map(container);
    // The engine's filter takes longer names too.
    Ok(all.filter(|container| container.is_edge_agent() || container.is_edge_hub()).collect())
}

fn container(summary: ContainerSummary) -> Container {
    let networks = summary.network_settings.and_then(|settings| settings.networks);
    let networks = networks.unwrap_or_default();
    let mut addresses: Vec<IpAddr> =
        networks.values().flat_map(addresses_on).take(ADDRESSES).collect();
    let mut networks: Vec<Attachment> = networks.iter().take(NETWORKS).map(attachment).collect();
    // The engine lists networks in any order; reports should not differ for that.
    addresses.sort_unstable();
    networks.sort_by(|one, other| one.network.cmp(&other.network));
    let ports = summary.ports.unwrap_or_default();
    Container {
        id: clean::line(&summary.id.unwrap_or_default(), 64),
        name: clean::line(own_name(&summary.names.unwrap_or_default()), 128),
        image: image(&summary.image.unwrap_or_default()),
        addresses,
        published: ports.iter().filter_map(published).take(PORTS).collect(),
        network_mode: summary
            .host_config
            .and_then(|config| config.network_mode)
            .map(|mode| clean::line(&mode, 128)),
        networks,
        ..Container::default()
    }
}

/// An image's name; of what is none, which may hold a password, what may be shown.
fn image(text: &str) -> String {
    names::image(text).unwrap_or_else(|| clean::line(&mask(text), 256))
}

/// The container's own name: links add `/other/alias`, and every name begins with a slash.
fn own_name(names: &[String]) -> &str {
    let mut names = names.iter().map(|name| name.strip_prefix('/').unwrap_or(name));
    let first = names.clone().next().unwrap_or_default();
    names.find(|name| !name.contains('/')).unwrap_or(first)
}

fn attachment((name, network): (&String, &EndpointSettings)) -> Attachment {
    Attachment { network: clean::line(name, 128), addresses: addresses_on(network).collect() }
}

fn addresses_on(network: &EndpointSettings) -> impl Iterator<Item = IpAddr> {
    [&network.ip_address, &network.global_ipv6_address]
        .into_iter()
        .filter_map(|text| text.as_deref()?.parse().ok())
}

/// A TCP port that is published on the host; none for one that is merely exposed.
fn published(port: &PortSummary) -> Option<PublishedPort> {
    let tcp =
        matches!(port.typ, None | Some(PortSummaryTypeEnum::TCP | PortSummaryTypeEnum::EMPTY));
    Some(PublishedPort {
        // Podman leaves it empty for all addresses.
        address: port
            .ip
            .as_deref()
            .and_then(|text| text.parse().ok())
            .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        host_port: port.public_port.filter(|port| tcp && *port != 0)?,
        container_port: port.private_port,
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
