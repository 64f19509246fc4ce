//! What to connect to, and how: the question whose answer is an observation.

use serde::{Deserialize, Serialize};

use super::{Detour, Transport, Via};
use crate::vocabulary::Role;

/// A host's port, the protocol to use there, and the way to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Endpoint {
    pub transport: Transport,
    pub role: Role,
    /// The host's name: sent in SNI and in the Host header, and looked for in the certificate.
    pub server: String,
    pub port: u16,
    /// Another way of sending than programs on this device use; `None` for theirs.
    pub detour: Option<Detour>,
    /// A proxy that opens a tunnel to the host; none to connect to the host itself.
    pub proxy: Option<Via>,
}
