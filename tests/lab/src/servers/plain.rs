//! Servers that nobody here wrote: dnsmasq as name server, OpenSSL behind every TLS port.

use super::certificates::{Certificates, certificates};
use super::{Running, Servers, beside};
use crate::world::{
    CONTROL, CONTROL_NAME, HUB_IPV6, HUB_NAME, HUB_PORTS, PARENT, PARENT_NAME, PRIVATE_LINK_NAME,
    PROVISIONING_NAME, RESOLVER,
};
use crate::{Beside, Host, Process, Result, Topology};

/// dnsmasq and `openssl s_server`: enough for names, connections and handshakes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plain;

impl Servers for Plain {
    fn start(&self, internet: &Host, topology: &Topology) -> Result<Running> {
        let certificates = certificates()?;
        install(internet, &certificates)?;
        let mut processes = vec![start_resolver(internet, topology)?];
        for port in HUB_PORTS {
            processes.push(start_tls(internet, &format!("{}:{port}", topology.hub))?);
        }
        processes.push(start_tls(internet, &format!("{CONTROL}:443"))?);
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

fn start_tls(internet: &Host, accept: &str) -> Result<Process> {
    start_tls_with(internet, accept, "/run/lab/chain.pem", "/run/lab/key.pem")
}

/// Starts OpenSSL's server with this certificate.
pub(super) fn start_tls_with(
    internet: &Host,
    accept: &str,
    chain: &str,
    key: &str,
) -> Result<Process> {
    let mut words = vec!["openssl", "s_server", "-accept", accept, "-www"];
    words.extend(["-cert", chain, "-cert_chain", chain, "-key", key]);
    internet.spawn_ready(&words, "ACCEPT")
}
