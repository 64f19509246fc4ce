//! Real networks with real faults on one Linux machine: what edgeprobe's verdicts are held against.
//!
//! A [`Lab`] is a handful of [`Host`]s in namespaces of their own: an IoT Edge device with a real
//! Docker Engine, the router that it hangs on, an internet with a resolver and an IoT Hub, and a
//! company's VPN gateway when a fault needs one. A [`Scenario`] breaks one thing in it, proves with
//! plain tools that it is broken, and says which verdict is right.
//!
//! ```text
//!  device (bridge, engine) ── eth0 ── router ── wan0 ── internet (hub, resolver, control)
//!     ├─ eth1 (a second uplink, when asked) ─┘              │
//!     └─ tun0/wg0 ───────── VPN gateway ────────────────────┘
//! ```
//!
//! **Nothing is left behind, even by SIGKILL.** A host is one process, the first of a PID
//! namespace of its own, which waits for the end of its standard input. When the lab goes, in
//! whatever way, that pipe closes, the process ends, and the kernel takes every other process of
//! the host with it, and with them the namespaces, interfaces, mounts and files (which are kept in
//! memory). No interface and no name of the lab ever stands among the machine's own. Only empty
//! control groups of the engine survive a SIGKILL; [`sweep`] removes those at the next start.
//!
//! The lab needs root and the tools that [`requirements`] lists.

mod claim;
mod command;
pub mod cure;
mod engine;
mod error;
mod host;
mod judge;
mod lab;
mod leg;
mod link;
pub mod mix;
mod name;
mod place;
mod process;
mod provisioning;
mod registry;
pub mod requirements;
mod runner;
mod scenario;
pub mod scenarios;
pub mod servers;
mod sweep;
pub mod table;
mod topology;
mod vpn;
mod wire;
pub mod world;

pub use claim::{Address, Answer, Claim, Question, Vantage, ask};
pub use command::Output;
pub use engine::{Engine, NETWORK};
pub use error::{Error, Result};
pub use host::Host;
pub use judge::{Judge, Verdict};
pub use lab::Lab;
pub use leg::Leg;
pub use name::PREFIX;
pub use place::Place;
pub use process::Process;
pub use runner::{Outcome, Row, run, run_all};
pub use scenario::{Device, Expected, Scenario, Status};
pub use sweep::sweep;
pub use topology::{Beside, Line, Topology};
pub use vpn::{Carries, Tunnel};
