//! The project's own IoT Hub emulator as the internet's server.

use std::path::PathBuf;

use super::{Running, Servers};
use crate::world::{CA_FILE, CONTROL, HUB_IPV6, HUB_NAME, RESOLVER};
use crate::{Host, Result, Topology};

/// The emulator, as a program: it speaks IoT Hub's protocols all the way.
#[derive(Debug, Clone)]
pub struct Emulator {
    /// The path of `edgeprobe-emulator`.
    pub program: PathBuf,
}

/// What the emulator prints once all its ports are open.
const READY: &str = "ready";

impl Servers for Emulator {
    fn start(&self, internet: &Host, topology: &Topology) -> Result<Running> {
        let program = self.program.to_string_lossy();
        let (hub, resolver) = (topology.hub.to_string(), RESOLVER.to_string());
        let (control, ipv6) = (CONTROL.to_string(), HUB_IPV6.to_string());
        let mut words = vec![&*program, "--hub", HUB_NAME, "--hub-address", &hub];
        words.extend(["--resolver-address", &resolver, "--control-address", &control]);
        words.extend(["--ca-out", CA_FILE]);
        if topology.hub_has_ipv6 {
            words.extend(["--hub-ipv6-address", &ipv6]);
        }
        let process = internet.spawn_ready(&words, READY)?;
        Ok(Running::new(internet.read(CA_FILE)?, vec![process]))
    }
}
