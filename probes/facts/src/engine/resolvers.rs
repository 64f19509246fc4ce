//! Which name servers does a container ask, and from where?

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::{EngineFacts, EngineKind};
use super::network::Network;
use crate::dns::resolv_conf;

/// How many servers are asked: by the engine's own resolver as by the C library (resolv.conf(5)).
const SERVERS: usize = 3;

/// systemd-resolved's stub on the host.
const STUB: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 53));

/// What the engine falls back on when it knows no server: Google's public ones.
const PUBLIC_IPV4: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8)), IpAddr::V4(Ipv4Addr::new(8, 8, 4, 4))];
const PUBLIC_IPV6: [IpAddr; 2] = [
    IpAddr::V6(Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8844)),
];

/// The name servers that stand behind a container's resolv.conf.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContainerDns {
    /// The servers that answer in the end, in the order in which they are asked; at most 3.
    pub servers: Vec<ContainerServer>,
    /// Whether the container asks the engine's own resolver (Docker's 127.0.0.11), which passes
    /// the question on to these.
    pub through_embedded: bool,
    /// Whether the engine found no server that a container could use and gave it public ones.
    pub fallback_to_public: bool,
}

/// One name server of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContainerServer {
    pub address: SocketAddr,
    pub asked_from: AskedFrom,
}

/// The network namespace that a question leaves from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskedFrom {
    /// The host's: the container's own way out has no part in it.
    Host,
    /// The container's: over the bridge, and 127.0.0.1 is the container itself.
    Container,
}

/// The servers that a container on this network would ask if it were started now.
///
/// `resolv_conf` is the text of the host's /etc/resolv.conf, empty when there is none; `resolved`
/// that of /run/systemd/resolve/resolv.conf, which names the servers behind systemd-resolved's stub.
pub fn container_resolvers(
    network: &Network,
    engine: &EngineFacts,
    resolv_conf: &str,
    resolved: Option<&str>,
) -> ContainerDns {
    // Podman has no resolver inside the container. Its aardvark, where it runs, asks the host's own
    // servers for whatever is not a container's name; a container elsewhere is given them itself.
    let through_embedded = engine.kind != Some(EngineKind::Podman) && !network.is_default();
    let host = name_servers(resolv_conf);
    let mut servers = if !engine.settings.dns.is_empty() {
        // Taken as they are, loopback included: that is then the container's own.
        from_container(engine.settings.dns.iter().copied())
    } else if !through_embedded {
        // Nothing in the container could reach the stub, so the engine copies what is behind it.
        let behind_stub = resolved.filter(|_| host == [STUB]);
        from_container(usable(behind_stub.map_or(host, name_servers), network))
    } else if engine.is_docker_before(26) {
        asked_by_old_engine(host, network)
    } else {
        host.into_iter().map(|address| server(address, AskedFrom::Host)).collect()
    };

    let fallback_to_public = servers.is_empty();
    if fallback_to_public {
        let ipv6 = PUBLIC_IPV6.into_iter().filter(|_| network.has_ipv6());
        servers = from_container(PUBLIC_IPV4.into_iter().chain(ipv6));
    }
    servers.truncate(SERVERS);
    ContainerDns { servers, through_embedded, fallback_to_public }
}

/// Before 26 (moby/moby#47512) the embedded resolver asks from the host's namespace only what
/// listens on the host's IPv4 loopback; it leaves IPv6 servers to the container.
fn asked_by_old_engine(host: Vec<IpAddr>, network: &Network) -> Vec<ContainerServer> {
    let (ipv4, ipv6): (Vec<_>, Vec<_>) = host.into_iter().partition(IpAddr::is_ipv4);
    let ipv4 = ipv4.into_iter().map(|address| {
        let from = if address.is_loopback() { AskedFrom::Host } else { AskedFrom::Container };
        server(address, from)
    });
    ipv4.chain(from_container(usable(ipv6, network))).collect()
}

/// The servers that a container can reach by itself.
fn usable(servers: Vec<IpAddr>, network: &Network) -> impl Iterator<Item = IpAddr> {
    let ipv6 = network.has_ipv6();
    servers.into_iter().filter(move |address| !address.is_loopback() && (address.is_ipv4() || ipv6))
}

fn from_container(servers: impl Iterator<Item = IpAddr>) -> Vec<ContainerServer> {
    servers.map(|address| server(address, AskedFrom::Container)).collect()
}

fn server(address: IpAddr, asked_from: AskedFrom) -> ContainerServer {
    ContainerServer { address: SocketAddr::new(address, 53), asked_from }
}

/// The servers of a resolv.conf(5), as the engine reads it: it passes over what is no plain address.
fn name_servers(resolv_conf: &str) -> Vec<IpAddr> {
    resolv_conf::name_servers(resolv_conf).filter_map(|address| address.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{EngineSettings, NetworkSubnet};

    const RESOLVED: &str = "nameserver 10.0.0.53\nnameserver fd00::53\nsearch site\n";
    const STUB_ONLY: &str = "# by systemd-resolved\nnameserver 127.0.0.53\noptions edns0\n";

    fn network(name: &str, subnets: &[&str]) -> Network {
        Network {
            name: name.to_owned(),
            driver: "bridge".to_owned(),
            subnets: subnets
                .iter()
                .map(|text| NetworkSubnet { subnet: text.parse().unwrap(), gateway: None })
                .collect(),
            ..Network::default()
        }
    }

    fn edge() -> Network {
        network("azure-iot-edge", &["172.18.0.0/16"])
    }

    fn default_bridge() -> Network {
        network("bridge", &["172.17.0.0/16"])
    }

    fn engine(version: &str, dns: &[&str]) -> EngineFacts {
        EngineFacts {
            version: Some(version.to_owned()),
            settings: EngineSettings {
                dns: dns.iter().map(|text| text.parse().unwrap()).collect(),
                ..EngineSettings::default()
            },
            ..EngineFacts::default()
        }
    }

    /// The servers as the engine's own comment has them: `host(A)` or `A`.
    fn shown(dns: &ContainerDns) -> Vec<String> {
        let show = |server: &ContainerServer| match server.asked_from {
            AskedFrom::Host => format!("host({})", server.address.ip()),
            AskedFrom::Container => server.address.ip().to_string(),
        };
        dns.servers.iter().map(show).collect()
    }

    #[test]
    fn the_edge_network_asks_the_host_s_stub_from_the_host() {
        for version in ["20.10.24", "27.3.1"] {
            let dns =
                container_resolvers(&edge(), &engine(version, &[]), STUB_ONLY, Some(RESOLVED));
            assert_eq!(shown(&dns), ["host(127.0.0.53)"]);
            assert!(dns.through_embedded && !dns.fallback_to_public);
        }
    }

    #[test]
    fn the_edge_network_asks_other_servers_from_the_container_until_version_26() {
        let text = "nameserver 10.0.0.53\nnameserver fd00::53\n";
        let old = container_resolvers(&edge(), &engine("25.0.5", &[]), text, None);
        assert_eq!(shown(&old), ["10.0.0.53"]);
        let dual = network("azure-iot-edge", &["172.18.0.0/16", "fd00:1::/64"]);
        let old = container_resolvers(&dual, &engine("25.0.5", &[]), text, None);
        assert_eq!(shown(&old), ["10.0.0.53", "fd00::53"]);
        let new = container_resolvers(&edge(), &engine("26.0.0", &[]), text, None);
        assert_eq!(shown(&new), ["host(10.0.0.53)", "host(fd00::53)"]);
    }

    #[test]
    fn podman_gives_its_containers_the_host_s_servers() {
        let podman = EngineFacts { kind: Some(EngineKind::Podman), ..engine("4.3.1", &[]) };
        let dns = container_resolvers(&edge(), &podman, STUB_ONLY, Some(RESOLVED));
        assert_eq!(shown(&dns), ["10.0.0.53"]);
        assert!(!dns.through_embedded);
    }

    #[test]
    fn the_engine_s_own_setting_replaces_the_host_s_servers_on_every_network() {
        let engine = engine("27.3.1", &["10.1.1.1", "127.0.0.1"]);
        for (network, embedded) in [(edge(), true), (default_bridge(), false)] {
            let dns = container_resolvers(&network, &engine, STUB_ONLY, Some(RESOLVED));
            assert_eq!(shown(&dns), ["10.1.1.1", "127.0.0.1"]);
            assert_eq!(dns.through_embedded, embedded);
            assert!(!dns.fallback_to_public);
        }
    }

    #[test]
    fn the_default_bridge_gets_what_is_behind_the_stub() {
        let dns = container_resolvers(
            &default_bridge(),
            &engine("27.3.1", &[]),
            STUB_ONLY,
            Some(RESOLVED),
        );
        assert_eq!(shown(&dns), ["10.0.0.53"]);
        assert!(!dns.through_embedded && !dns.fallback_to_public);
    }

    #[test]
    fn the_default_bridge_gets_the_host_s_servers_without_those_on_loopback() {
        let text = "nameserver 127.0.0.53\nnameserver 10.9.9.9\nnameserver fd00::1\nnameserver ::1";
        let dns = container_resolvers(&default_bridge(), &engine("20.10.24", &[]), text, None);
        assert_eq!(shown(&dns), ["10.9.9.9"]);
        let dual = network("bridge", &["172.17.0.0/16", "fd00:2::/64"]);
        let dns = container_resolvers(&dual, &engine("20.10.24", &[]), text, None);
        assert_eq!(shown(&dns), ["10.9.9.9", "fd00::1"]);
    }

    #[test]
    fn without_a_usable_server_the_default_bridge_gets_public_ones() {
        let cases = [
            // dnsmasq on the host, or the stub without what is behind it.
            ("nameserver 127.0.0.1\n", None),
            (STUB_ONLY, None),
            (STUB_ONLY, Some("# no server yet\n")),
            ("", None),
            ("nameserver fd00::53\n", None),
        ];
        for (text, resolved) in cases {
            let dns =
                container_resolvers(&default_bridge(), &engine("27.3.1", &[]), text, resolved);
            assert_eq!(shown(&dns), ["8.8.8.8", "8.8.4.4"], "{text}");
            assert!(dns.fallback_to_public);
        }
    }

    #[test]
    fn without_any_server_the_edge_network_gets_public_ones() {
        for version in ["20.10.24", "27.3.1"] {
            let dns = container_resolvers(&edge(), &engine(version, &[]), "search site\n", None);
            assert_eq!(shown(&dns), ["8.8.8.8", "8.8.4.4"]);
            assert!(dns.through_embedded && dns.fallback_to_public);
        }
    }

    #[test]
    fn only_three_servers_are_ever_asked_and_nonsense_is_passed_over() {
        let text = "nameserver\nnameserver x\n#nameserver 10.0.0.9\nnameserver 10.0.0.1\n\
                    nameserver 10.0.0.2\n nameserver 10.0.0.3 # third\nnameserver 10.0.0.4\n";
        let dns = container_resolvers(&edge(), &engine("20.10.24", &[]), text, None);
        assert_eq!(shown(&dns), ["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    }
}
