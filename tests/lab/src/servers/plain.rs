//! Servers that nobody here wrote: dnsmasq as name server, nginx behind every TLS port.

use std::net::{Ipv4Addr, SocketAddrV4};

use super::certificates::{Certificates, certificates};
use super::{Running, Servers, beside};
use crate::world::{
    CONTROL, CONTROL_NAME, HUB_IPV6, HUB_NAME, HUB_PORTS, PARENT, PARENT_NAME, PRIVATE_LINK_NAME,
    PROVISIONING_NAME, RESOLVER,
};
use crate::{Beside, Host, Process, Result, Topology};

/// dnsmasq and nginx: enough for names, connections and handshakes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plain;

impl Servers for Plain {
    fn start(&self, internet: &Host, topology: &Topology) -> Result<Running> {
        let certificates = certificates()?;
        install(internet, &certificates)?;
        let mut processes = vec![start_resolver(internet, topology)?];
        let mut places = places(topology.hub);
        places.push(SocketAddrV4::new(CONTROL, 443));
        let (chain, key) = ("/run/lab/chain.pem", "/run/lab/key.pem");
        processes.push(start_tls(internet, "hub", &places, chain, key)?);
        processes.extend(beside::start(internet, topology.beside)?);
        Ok(Running::new(certificates.authority, processes))
    }
}

fn install(internet: &Host, certificates: &Certificates) -> Result<()> {
    internet.write("/run/lab/chain.pem", &certificates.chain)?;
    internet.write("/run/lab/key.pem", &certificates.key)
}

/// Starts dnsmasq as the internet's name server.
pub(super) fn start_resolver(internet: &Host, topology: &Topology) -> Result<Process> {
    let name = if topology.private_link { PRIVATE_LINK_NAME } else { HUB_NAME };
    let mut hub = format!("--host-record={name},{}", topology.hub);
    if topology.hub_has_ipv6 {
        hub = format!("{hub},{HUB_IPV6}");
    }
    let mut more: Vec<String> = Vec::new();
    if topology.private_link {
        more.push(format!("--cname={HUB_NAME},{PRIVATE_LINK_NAME}"));
    }
    if topology.beside == Beside::Parent {
        more.push(format!("--host-record={PARENT_NAME},{PARENT}"));
    }
    let listen = format!("--listen-address={RESOLVER}");
    let control = format!("--host-record={CONTROL_NAME},{CONTROL}");
    let provisioning = format!("--host-record={PROVISIONING_NAME},{CONTROL}");
    let mut words = vec![
        "dnsmasq",
        "--no-daemon",
        "--conf-file=/dev/null",
        "--no-hosts",
        "--no-resolv",
        "--user=root",
        "--bind-interfaces",
        &listen,
        // Names that are not here do not exist; without this they would be refused.
        "--local=/#/",
        &hub,
        &control,
        &provisioning,
    ];
    words.extend(more.iter().map(String::as_str));
    internet.spawn_ready(&words, "started")
}

/// The places at which the hub, or whoever stands in for it, answers.
pub(super) fn places(address: Ipv4Addr) -> Vec<SocketAddrV4> {
    HUB_PORTS.iter().map(|port| SocketAddrV4::new(address, *port)).collect()
}

/// Starts nginx, which completes handshakes with this certificate at these places.
///
/// A client that a middlebox cuts off keeps its connection here: a server for one client at a time,
/// as OpenSSL's is, would have no ear for the next.
pub(super) fn start_tls(
    internet: &Host,
    name: &str,
    places: &[SocketAddrV4],
    chain: &str,
    key: &str,
) -> Result<Process> {
    let listen: Vec<String> = places.iter().map(|place| format!("listen {place} ssl;")).collect();
    let listen = listen.join(" ");
    let file = format!("/run/lab/nginx-{name}.conf");
    let configuration = format!(
        "daemon off; pid /run/lab/nginx-{name}.pid; error_log stderr notice; events {{}}\n\
         http {{ access_log off; server {{\n\
           {listen}\n\
           ssl_certificate {chain}; ssl_certificate_key {key};\n\
           ssl_protocols TLSv1.2 TLSv1.3;\n\
           location / {{ return 200; }} }} }}\n"
    );
    internet.write(&file, &configuration)?;
    internet.spawn_ready(&["nginx", "-e", "stderr", "-c", &file], "start worker process")
}
