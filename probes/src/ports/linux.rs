//! The kernel's socket tables, the process table and the user list of Linux.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Instant;

use procfs::FromBufReadSI;
use procfs::net::{TcpNetEntries, TcpState};
use procfs::process::{FDTarget, Process, all_processes};
use rustix::io::Errno;

use super::{Socket, SocketProcess};
use crate::privileges::may_bind_every_port;
use crate::{bounded, clean, walls};

/// `SO_REUSEADDR` binds beside what lingers, and never beside a socket that listens.
pub(super) const REUSE_TELLS_LISTENERS_APART: bool = true;

/// The kernel lists listening sockets first, so these bytes hold every one of them.
const TABLE_LIMIT: u64 = 4 << 20;
const FILE_LIMIT: u64 = 1 << 20;
const CGROUP_LIMIT: u64 = 16 << 10;
const ARGUMENTS_LIMIT: u64 = 8 << 10;
const DESCRIPTORS_LIMIT: usize = 1 << 20;

/// Whether IPv6 (or IPv4) is not in this kernel.
pub(super) fn lacks_address_family(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::AFNOSUPPORT.raw_os_error())
}

/// Whether a bind of this port would not fail for want of privilege.
pub(super) fn may_bind(port: u16) -> bool {
    port >= first_unprivileged_port() || (may_bind_every_port() && in_first_user_namespace())
}

/// Whether this user sees the descriptors of every process.
pub(super) fn sees_every_process() -> bool {
    rustix::process::geteuid().is_root()
}

/// Every TCP socket with this local port in the thread's network namespace; none when the tables
/// cannot be read.
pub(super) fn sockets(port: u16) -> Option<Vec<Socket>> {
    // Of the thread, because `/proc/net` is that of the process's first thread.
    let mut entries = table("/proc/thread-self/net/tcp")?;
    // A kernel without IPv6 has no such table.
    entries.extend(table("/proc/thread-self/net/tcp6").unwrap_or_default());
    Some(entries.into_iter().filter(|socket| socket.0 == port).map(|socket| socket.1).collect())
}

/// The processes that have one of these sockets open, each with the socket's inode, as far as they are
/// seen before `until`. Those of other users are seen with CAP_SYS_PTRACE.
pub(super) fn holders(inodes: &[u64], until: Instant) -> Vec<(Process, u64)> {
    let mut found = Vec::new();
    let mut left = DESCRIPTORS_LIMIT;
    let Ok(processes) = all_processes() else { return found };
    // Those that end meanwhile or belong to others give errors, and are passed over.
    for process in processes.flatten() {
        let Ok(descriptors) = process.fd() else { continue };
        let mut held = Vec::new();
        for descriptor in descriptors {
            if left == 0 || Instant::now() >= until {
                return found;
            }
            left -= 1;
            if let Ok(FDTarget::Socket(inode)) = descriptor.map(|descriptor| descriptor.target)
                && inodes.contains(&inode)
                && !held.contains(&inode)
            {
                held.push(inode);
                let Ok(process) = Process::new(process.pid()) else { break };
                found.push((process, inode));
            }
        }
    }
    found
}

/// The content of `/etc/passwd`; empty when it cannot be read.
pub(super) fn passwd() -> String {
    read("/etc/passwd", FILE_LIMIT).unwrap_or_default()
}

/// What a process says of itself, read through its folder, which is open.
pub(super) fn describe((process, inode): &(Process, u64)) -> Option<SocketProcess> {
    let stat = process.stat().ok()?;
    let arguments = process.open_relative("cmdline").ok().and_then(|f| text(f, ARGUMENTS_LIMIT));
    let cgroup = process.open_relative("cgroup").ok().and_then(|f| text(f, CGROUP_LIMIT));
    Some(SocketProcess {
        inode: *inode,
        pid: u32::try_from(stat.pid).ok()?,
        parent: u32::try_from(stat.ppid).unwrap_or_default(),
        name: clean::line(&stat.comm, 32),
        arguments: arguments
            .unwrap_or_default()
            .split('\0')
            .filter(|argument| !argument.is_empty())
            .map(str::to_owned)
            .collect(),
        cgroup: cgroup.unwrap_or_default(),
    })
}

/// The sockets of one table, each with its local port.
fn table(path: &str) -> Option<Vec<(u16, Socket)>> {
    let mut text = read(path, TABLE_LIMIT)?;
    // What was cut off in the middle of a line is no entry.
    text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
    let entries = TcpNetEntries::from_buf_read(text.as_bytes(), procfs::current_system_info());
    let sockets = entries.ok()?.0.into_iter().map(|entry| {
        let socket = Socket {
            address: entry.local_address.ip().to_canonical(),
            listening: entry.state == TcpState::Listen,
            uid: entry.uid,
            inode: entry.inode,
        };
        (entry.local_address.port(), socket)
    });
    Some(sockets.collect())
}

/// 1024 unless the sysctl says otherwise; kernels before 4.11 have none.
fn first_unprivileged_port() -> u16 {
    read("/proc/sys/net/ipv4/ip_unprivileged_port_start", 16)
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(1024)
}

/// Whether capabilities count for the host's network: those of a rootless container's root do not.
fn in_first_user_namespace() -> bool {
    // A kernel without user namespaces has no map.
    read("/proc/self/uid_map", 4096)
        .is_none_or(|map| map.split_whitespace().eq(["0", "0", "4294967295"]))
}

fn read(path: &str, limit: u64) -> Option<String> {
    text(walls::open(Path::new(path)).ok()?, limit)
}

fn text(file: File, limit: u64) -> Option<String> {
    let bytes = bounded::beginning(file, limit).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
