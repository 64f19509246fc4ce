//! Processes of an engine that hold a port on behalf of a container.

use std::net::IpAddr;

use edgeprobe_facts::engine::Container;

use super::{SocketProcess, address};

/// Engines, and the helpers that they run to forward ports, by the kernel's name for the process.
const FORWARDERS: [&str; 10] = [
    "docker-proxy",
    "dockerd",
    "rootlesskit",
    "rootlessport",
    // Podman's rootlessport, whose name the kernel cuts at 15 bytes.
    "containers-root",
    "conmon",
    "pasta",
    "pasta.avx2",
    "slirp4netns",
    "netavark",
];

/// Whether the process forwards ports for an engine instead of serving them.
pub(super) fn is_forwarder(process: &SocketProcess) -> bool {
    FORWARDERS.contains(&process.name.as_str())
        // Podman starts rootlessport through `/proc/self/exe`, which then is its name.
        || (process.name == "exe"
            && process.arguments.first().is_some_and(|name| name.ends_with("rootlessport")))
}

/// The container that a forwarder holds `address` and `port` for.
pub(super) fn target<'c>(
    process: &SocketProcess,
    address: IpAddr,
    port: u16,
    containers: &'c [Container],
) -> Option<&'c Container> {
    if !is_forwarder(process) {
        return None;
    }
    let named = option(&process.arguments, "container-ip")
        .and_then(|text| text.parse::<IpAddr>().ok())
        .and_then(|ip| containers.iter().find(|container| container.addresses.contains(&ip)));
    named.or_else(|| publisher(address, port, containers))
}

/// The container that publishes a host port: on this address, or else on any.
fn publisher(address: IpAddr, port: u16, containers: &[Container]) -> Option<&Container> {
    let publishing = || containers.iter().filter(|container| publishes(container, port));
    publishing()
        .find(|container| {
            container
                .published
                .iter()
                .any(|published| published.host_port == port && published.address == address)
        })
        .or_else(|| publishing().next())
}

/// The container that publishes a host port where a listener on this address would be in its way.
pub(super) fn publisher_at(
    listener: IpAddr,
    port: u16,
    containers: &[Container],
) -> Option<&Container> {
    containers.iter().find(|container| {
        let mut published = container.published.iter().filter(|own| own.host_port == port);
        published.any(|own| address::overlap(listener, own.address))
    })
}

/// Whether a container publishes a host port on any address.
fn publishes(container: &Container, port: u16) -> bool {
    container.published.iter().any(|published| published.host_port == port)
}

/// The value of a command line option in any of the forms of Go's flag package.
fn option<'a>(arguments: &'a [String], name: &str) -> Option<&'a str> {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let Some(flag) = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-')) else {
            continue;
        };
        match flag.split_once('=') {
            Some((key, value)) if key == name => return Some(value),
            None if flag == name => return arguments.next().map(String::as_str),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use edgeprobe_facts::engine::PublishedPort;

    use super::*;

    const ANY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

    fn container(name: &str, address: &str, published: &[(&str, u16)]) -> Container {
        Container {
            name: name.to_owned(),
            addresses: vec![address.parse().unwrap()],
            published: published
                .iter()
                .map(|(address, port)| PublishedPort {
                    address: address.parse().unwrap(),
                    host_port: *port,
                    container_port: 443,
                })
                .collect(),
            ..Container::default()
        }
    }

    fn process(command: &str) -> SocketProcess {
        let arguments: Vec<String> = command.split(' ').map(str::to_owned).collect();
        let name = arguments[0].rsplit('/').next().unwrap().chars().take(15).collect();
        SocketProcess { name, arguments, ..SocketProcess::default() }
    }

    #[test]
    fn docker_proxy_is_resolved_by_its_container_address() {
        let containers =
            [container("other", "172.17.0.2", &[]), container("web", "172.18.0.3", &[])];
        for command in [
            // 20.10 to 27.
            "/usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 443 -container-ip 172.18.0.3 -container-port 8443",
            // 28 and later.
            "/usr/bin/docker-proxy -proto tcp -host-ip :: -host-port 443 -container-ip 172.18.0.3 -container-port 8443 -use-listen-fd",
            "docker-proxy --container-ip=172.18.0.3",
        ] {
            let found = target(&process(command), ANY, 443, &containers);
            assert_eq!(found.map(|c| c.name.as_str()), Some("web"), "{command}");
        }
    }

    #[test]
    fn a_helper_without_an_address_is_resolved_by_the_published_port() {
        let containers = [
            container("other", "10.88.0.2", &[("0.0.0.0", 80)]),
            container("loopback", "10.88.0.3", &[("127.0.0.1", 443)]),
            container("web", "10.88.0.4", &[("0.0.0.0", 443)]),
        ];
        for command in [
            "dockerd",
            "/usr/bin/conmon --api-version 1",
            "containers-rootlessport",
            "pasta.avx2",
            "docker-proxy -container-ip nonsense",
        ] {
            let found = target(&process(command), ANY, 443, &containers);
            assert_eq!(found.map(|c| c.name.as_str()), Some("web"), "{command}");
        }
    }

    #[test]
    fn another_process_forwards_nothing() {
        let containers = [container("web", "172.18.0.3", &[("0.0.0.0", 443)])];
        let command = "nginx -container-ip 172.18.0.3";
        assert_eq!(target(&process(command), ANY, 443, &containers), None);
    }

    #[test]
    fn a_cut_command_line_is_no_error() {
        assert_eq!(option(&process("docker-proxy -container-ip").arguments, "container-ip"), None);
    }
}
