//! The project's own IoT Hub emulator as the internet's server.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use super::beside::{address, prepare};
use super::plain::start_resolver;
use super::{Running, Servers};
use crate::world::{CA_FILE, CONTROL, HUB_NAME, INTERCEPTOR_CA_FILE, PARENT_NAME, RESOLVER};
use crate::{Beside, Host, Process, Result, Topology};

/// The emulator, as a program: it speaks IoT Hub's protocols all the way.
#[derive(Debug, Clone)]
pub struct Emulator {
    /// The path of `edgeprobe-emulator`.
    pub program: PathBuf,
}

/// What stands in the line that the emulator prints once all its ports are open.
const READY: &str = "\"hub_address\"";

/// Where the emulator's name server stands when nobody is to ask it.
const SPARE: Ipv4Addr = Ipv4Addr::new(9, 9, 9, 10);

impl Servers for Emulator {
    fn start(&self, internet: &Host, topology: &Topology) -> Result<Running> {
        let program = self.program.to_string_lossy();
        let mut processes = Vec::new();
        let mut resolver = RESOLVER;
        if topology.hub_has_ipv6 || topology.private_link || topology.beside == Beside::Parent {
            // The emulator's own name server has no such records: dnsmasq answers in its place.
            processes.push(start_resolver(internet, topology)?);
            resolver = SPARE;
            internet.sh(&format!("ip addr add {SPARE}/32 dev lo"))?;
        }
        let (hub, control) = (topology.hub.to_string(), CONTROL.to_string());
        let resolver = resolver.to_string();
        let mut words = vec![&*program, "--hub", HUB_NAME, "--hub-address", &hub];
        words.extend(["--resolver-address", &resolver, "--control-address", &control]);
        words.extend(["--ca-out", CA_FILE]);
        processes.push(internet.spawn_ready(&words, READY)?);
        processes.extend(self.beside(internet, topology.beside)?);
        Ok(Running::new(internet.read(CA_FILE)?, processes))
    }
}

/// Where the second emulator's name server and control host stand, which nobody asks.
const UNASKED: [&str; 2] = ["62.4.18.53", "62.4.18.80"];

impl Emulator {
    /// Starts a second emulator for whoever is there beside the hub.
    fn beside(&self, internet: &Host, beside: Beside) -> Result<Option<Process>> {
        let Some(at) = address(beside) else { return Ok(None) };
        prepare(internet, beside)?;
        let [resolver, control] = UNASKED;
        internet.sh(&format!(
            "for each in {resolver} {control}; do ip addr add $each/32 dev lo; done"
        ))?;
        let (program, at) = (self.program.to_string_lossy(), at.to_string());
        let mut words = vec![&*program, "--hub-address", &at];
        words.extend(["--resolver-address", resolver, "--control-address", control]);
        words.extend(["--ca-out", "/run/lab/beside.pem"]);
        if beside.is_a_parent() {
            words.extend(["--hub", PARENT_NAME]);
        } else {
            words.extend(["--hub", HUB_NAME, "--fault", "tls-intercepted"]);
            words.extend(["--interceptor-ca-out", INTERCEPTOR_CA_FILE]);
        }
        internet.spawn_ready(&words, READY).map(Some)
    }
}
