//! Who plays the internet: the seam behind which the hub, the name server and the control stand.

mod beside;
mod certificates;
mod emulator;
mod plain;

pub use emulator::Emulator;
pub use plain::Plain;

use crate::{Host, Process, Result, Topology};

/// Servers for the lab's internet.
pub trait Servers: Sync {
    /// Starts the servers on `internet` for the addresses of `topology` and
    /// [`world`](crate::world), and returns once they answer.
    fn start(&self, internet: &Host, topology: &Topology) -> Result<Running>;
}

/// Servers that run; dropping them ends them.
#[derive(Debug)]
pub struct Running {
    authority: String,
    #[expect(dead_code, reason = "held: their drop ends them")]
    processes: Vec<Process>,
}

impl Running {
    /// Keeps `processes`, whose certificates `authority` (PEM) has signed.
    pub fn new(authority: String, processes: Vec<Process>) -> Self {
        Self { authority, processes }
    }

    /// The certificate authority of the servers, PEM.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}
