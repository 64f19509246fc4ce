//! The name servers that the device is configured with.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::path::Path;

use edgeprobe_facts::dns::resolv_conf;

use super::{file, platform};

/// The port that resolv.conf means; it has no way to name another.
const PORT: u16 = 53;

/// How many name servers of one file are kept. The C library itself asks only the first three.
const MAX_SERVERS: usize = 8;

/// Where systemd-resolved listens on this device: its stub, and the stub that only forwards.
const STUBS: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(127, 0, 0, 53)), IpAddr::V4(Ipv4Addr::new(127, 0, 0, 54))];

/// The device's name servers, in the order in which they are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfiguredServers {
    /// The servers that programs ask; at most 8. When the file names none, this is empty,
    /// and the C library asks 127.0.0.1.
    pub direct: Vec<SocketAddr>,
    /// The servers behind systemd-resolved's stub, when the stub is among `direct`; at most 8.
    ///
    /// Servers that systemd-resolved keeps to one link or one domain may be among them.
    pub behind_stub: Vec<SocketAddr>,
}

/// Reads the device's name servers.
///
/// # Errors
///
/// Fails when resolv.conf cannot be read, and with [`io::ErrorKind::Unsupported`] on a system whose
/// configuration is not known here. That the stub's servers cannot be read is no failure.
pub fn configured_servers() -> io::Result<ConfiguredServers> {
    let files = platform::RESOLVER_FILES.ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::Unsupported,
            "the name servers of this system are not known here",
        )
    })?;
    ConfiguredServers::read(&files, platform::interface_index)
}

/// Files in the format of resolv.conf(5).
#[derive(Clone, Copy)]
pub(super) struct ResolverFiles<'a> {
    /// The servers that programs ask.
    pub(super) resolv_conf: &'a str,
    /// The servers that a stub on this device asks.
    pub(super) behind_stub: &'a str,
}

impl ConfiguredServers {
    /// Reads them from these files. `interface` gives the number of an interface by its name.
    fn read(
        files: &ResolverFiles<'_>,
        interface: impl Fn(&str) -> Option<u32>,
    ) -> io::Result<Self> {
        let direct = parse(&file::read(Path::new(files.resolv_conf))?, &interface);
        let mut behind_stub = Vec::new();
        if direct.iter().any(|server| STUBS.contains(&server.ip()))
            && let Ok(upstream) = file::read(Path::new(files.behind_stub))
        {
            behind_stub = parse(&upstream, &interface);
            behind_stub.retain(|server| !direct.contains(server));
        }
        Ok(Self { direct, behind_stub })
    }
}

/// The servers that a file in the format of resolv.conf(5) names. What it cannot read it skips, as
/// the C library does.
pub(super) fn parse(content: &[u8], interface: &impl Fn(&str) -> Option<u32>) -> Vec<SocketAddr> {
    let mut servers = Vec::new();
    for word in resolv_conf::name_servers(&String::from_utf8_lossy(content)) {
        let address = word.split(['#', ';']).next().unwrap_or_default();
        if let Some(server) = server(address, interface)
            && !servers.contains(&server)
        {
            servers.push(server);
        }
        if servers.len() == MAX_SERVERS {
            break;
        }
    }
    servers
}

/// An address, or an IPv6 address with the name or number of an interface after `%` (RFC 4007).
fn server(text: &str, interface: &impl Fn(&str) -> Option<u32>) -> Option<SocketAddr> {
    let Some((address, scope)) = text.split_once('%') else {
        return Some(SocketAddr::new(text.parse().ok()?, PORT));
    };
    let address: Ipv6Addr = address.parse().ok()?;
    // An unknown interface leaves the scope out: that the server cannot be asked is then a finding
    // of its own, where a server left out would be silence.
    let scope = scope.parse().ok().or_else(|| interface(scope)).unwrap_or_default();
    Some(SocketAddr::V6(SocketAddrV6::new(address, PORT, 0, scope)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn servers(content: &str) -> Vec<String> {
        parse(content.as_bytes(), &|name| (name == "eth0").then_some(7))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn servers_are_read_in_order_and_once() {
        let content = "# by NetworkManager\nsearch plant.example\nnameserver 10.0.0.53 # first\n\
                       nameserver\t192.168.1.1;old\nnameserver 10.0.0.53\noptions edns0\n";
        assert_eq!(servers(content), ["10.0.0.53:53", "192.168.1.1:53"]);
    }

    #[test]
    fn scopes_are_names_or_numbers_of_interfaces() {
        let content = "nameserver fe80::1%eth0\nnameserver fe80::2%3\nnameserver fe80::3%gone\n\
                       nameserver 2001:db8::53\n";
        assert_eq!(
            servers(content),
            ["[fe80::1%7]:53", "[fe80::2%3]:53", "[fe80::3]:53", "[2001:db8::53]:53"]
        );
    }

    #[test]
    fn what_is_no_server_is_skipped() {
        let content = "nameserver\nnameserver dns.example\nnameserver 10.0.0.1.2\n\
                       ;nameserver 10.0.0.9\nnameserverx 10.0.0.8\nnameserver 10.0.0.7%eth0\n\
                       \u{0}\nnameserver 10.0.0.53\r\n";
        assert_eq!(servers(content), ["10.0.0.53:53"]);
        assert!(servers("").is_empty());
    }

    #[test]
    fn at_most_eight_servers_are_kept() {
        let lines: Vec<String> = (0..20).map(|n| format!("nameserver 10.0.0.{n}")).collect();
        assert_eq!(servers(&lines.join("\n")).len(), MAX_SERVERS);
    }

    #[test]
    fn the_servers_behind_the_stub_are_kept_apart() {
        let directory = std::env::temp_dir().join(format!("edgeprobe-stub-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
        let (stub, upstream, missing) = (path("stub"), path("upstream"), path("missing"));
        std::fs::write(&stub, "nameserver 127.0.0.53\noptions edns0 trust-ad\n").unwrap();
        std::fs::write(&upstream, "nameserver 10.0.0.53\nnameserver 10.0.0.54\n").unwrap();
        let read = |resolv_conf, behind_stub| {
            ConfiguredServers::read(&ResolverFiles { resolv_conf, behind_stub }, |_| None)
        };

        let behind = read(&stub, &upstream).unwrap();
        let without = read(&upstream, &upstream).unwrap();
        let unknown = read(&stub, &missing).unwrap();
        let missing = read(&missing, &upstream);
        std::fs::remove_dir_all(&directory).unwrap();

        assert_eq!(behind.direct, ["127.0.0.53:53".parse().unwrap()]);
        assert_eq!(
            behind.behind_stub,
            ["10.0.0.53:53".parse().unwrap(), "10.0.0.54:53".parse().unwrap()]
        );
        assert!(without.behind_stub.is_empty(), "nothing stands behind servers asked directly");
        assert!(unknown.behind_stub.is_empty());
        assert_eq!(missing.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    proptest! {
        #[test]
        fn no_content_makes_it_fail(content: Vec<u8>) {
            parse(&content, &|_| None);
        }

        #[test]
        fn no_server_makes_it_fail(text in "nameserver [0-9a-f:.%]{0,40}") {
            parse(text.as_bytes(), &|_| None);
        }
    }
}
