//! Can the ports that Edge Hub maps be bound, and who holds them?
//!
//! The engine binds a published port on `0.0.0.0` and on `[::]`, so the probe binds both, or the
//! addresses that the port is published on alone; it never listens, and closes at once. Who holds a port is read from the kernel's socket tables, the
//! process table, and the engine's list of containers.

mod address;
mod bind;
mod cgroup;
mod forwarder;
mod holders;
mod outcome;
mod passwd;

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "elsewhere.rs")]
mod system;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Instant;

use edgeprobe_facts::engine::Container;
use edgeprobe_facts::ports::{Bind, BindResult, Holder, PortFacts};
use edgeprobe_facts::{Facts, Failure, Observation, Outcome, Step, Vantage};

use crate::recorder::{Recorder, Timeline, io_failure};
use crate::walls;

/// Every address of the host, of either family.
const ALL: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];

/// Asks whether the engine could bind a TCP port for Edge Hub, and who holds it if not.
///
/// Passes when the port is free or held by Edge Hub itself. `addresses` are those of the host that it
/// is published on (`HostIp`); without any it is published on all of them. `containers` are the running ones, as
/// [`crate::engine::inspect`] lists them; without them a container is known by its id alone.
pub async fn probe(
    timeline: Timeline,
    vantage: &Vantage,
    port: u16,
    addresses: &[IpAddr],
    containers: &[Container],
) -> Observation {
    let mut recorder = Recorder::start(timeline);
    let mut facts = PortFacts { port, may_bind: system::may_bind(port), ..PortFacts::default() };
    let mut known = true;
    let result = recorder
        .step(
            Step::Bind,
            timeline.patience(),
            ask(timeline, &mut facts, &mut known, addresses, containers),
        )
        .await;
    let skipped = result.is_ok() && !known;
    let mut observation = recorder.finish(
        vantage,
        &port.to_string(),
        format!("port {port}"),
        result,
        Facts::Ports(facts),
    );
    if skipped {
        observation.outcome = Outcome::Skipped;
    }
    observation
}

/// Fills `facts`; `known` becomes false when neither a bind nor the tables can answer.
async fn ask(
    timeline: Timeline,
    facts: &mut PortFacts,
    known: &mut bool,
    addresses: &[IpAddr],
    containers: &[Container],
) -> Result<(), Failure> {
    // Tables and binds are quick. The process table may be long.
    let tables = system::sockets(facts.port);
    facts.tables_unread = tables.is_none();
    let sockets = tables.as_deref().unwrap_or_default();
    let connections = sockets.iter().any(|socket| !socket.listening);
    let addresses = if addresses.is_empty() { &ALL } else { addresses };
    for &address in addresses {
        let port = facts.port;
        let bound = walls::with_privileges(move || bind::attempt(address, port, connections));
        let result = bound.map_err(|error| io_failure(Step::Bind, &error))?;
        facts.binds.push(Bind { address, result });
    }

    let asked = holders::Asked { port: facts.port, binds: &facts.binds };
    let processes = owners(sockets, timeline).await;
    let found = holders::identify(&asked, sockets, &processes, &system::passwd(), containers);
    facts.holders = found.holders;
    facts.held_by_edge_hub = found.edge_hub;

    *known = tables.is_some() || outcome::kernel_answered(facts);
    outcome::failure(facts, connections, system::sees_every_process()).map_or(Ok(()), Err)
}

/// The processes behind the listening sockets, as far as they can be seen in time.
async fn owners(sockets: &[Socket], timeline: Timeline) -> Vec<SocketProcess> {
    let inodes: Vec<u64> =
        sockets.iter().filter(|socket| socket.listening).map(|socket| socket.inode).collect();
    if inodes.is_empty() {
        return Vec::new();
    }
    // Less than the step's own limit, so that a scan that is cut short still gives what it found.
    let until = Instant::now() + timeline.patience().min(timeline.remaining()) / 2;
    let found = walls::run_with_privileges(move || system::holders(&inodes, until)).await;
    found.map(|found| found.iter().filter_map(system::describe).collect()).unwrap_or_default()
}

/// A TCP socket whose local port is the one in question.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Socket {
    /// The local address, never in IPv4-mapped form.
    address: IpAddr,
    /// Whether it listens; else it is a connection, open or lingering.
    listening: bool,
    /// The number of the user that owns it.
    uid: u32,
    inode: u64,
}

/// A process that has a descriptor of a socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct SocketProcess {
    /// The socket's.
    inode: u64,
    pid: u32,
    parent: u32,
    /// The kernel's name for it (`comm`), at most 15 bytes, as the process chose it.
    name: String,
    arguments: Vec<String>,
    /// The content of its `/proc/PID/cgroup`.
    cgroup: String,
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
