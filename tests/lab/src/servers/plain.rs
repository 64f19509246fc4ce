//! Servers that nobody here wrote: dnsmasq as name server, OpenSSL behind every TLS port.

use super::certificates::{Certificates, certificates};
use super::{Running, Servers};
use crate::world::{
    CONTROL, CONTROL_NAME, HUB_IPV6, HUB_NAME, HUB_PORTS, PROVISIONING_NAME, RESOLVER,
};
use crate::{Host, Process, Result, Topology};

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
        Ok(Running::new(certificates.authority, processes))
    }
}

fn install(internet: &Host, certificates: &Certificates) -> Result<()> {
    internet.write("/run/lab/chain.pem", &certificates.chain)?;
    internet.write("/run/lab/key.pem", &certificates.key)
}

/// Starts dnsmasq as the internet's name server.
pub(super) fn start_resolver(internet: &Host, topology: &Topology) -> Result<Process> {
    let mut hub = format!("--host-record={HUB_NAME},{}", topology.hub);
    if topology.hub_has_ipv6 {
        hub = format!("{hub},{HUB_IPV6}");
    }
    let words = [
        "dnsmasq",
        "--no-daemon",
        "--conf-file=/dev/null",
        "--no-hosts",
        "--no-resolv",
        "--user=root",
        "--bind-interfaces",
        &format!("--listen-address={RESOLVER}"),
        // Names that are not here do not exist; without this they would be refused.
        "--local=/#/",
        &hub,
        &format!("--host-record={CONTROL_NAME},{CONTROL}"),
        &format!("--host-record={PROVISIONING_NAME},{CONTROL}"),
    ];
    internet.spawn_ready(&words, "started")
}

fn start_tls(internet: &Host, accept: &str) -> Result<Process> {
    let (chain, key) = ("/run/lab/chain.pem", "/run/lab/key.pem");
    let mut words = vec!["openssl", "s_server", "-accept", accept, "-www"];
    words.extend(["-cert", chain, "-cert_chain", chain, "-key", key]);
    internet.spawn_ready(&words, "ACCEPT")
}
