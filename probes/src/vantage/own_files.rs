//! What a container's C library goes by: the files of its own root, read from outside.

use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use edgeprobe_facts::vantage::{ContainerResolver, HostsEntry, Libc};
use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};

use crate::{bounded, clean, walls};

/// Bytes; a container's hosts file and resolv.conf have some hundred.
const LARGEST: u64 = 64 * 1024;

/// The C libraries ask three servers at most (MAXNS).
const SERVERS: usize = 3;

/// How many domains, options and entries are kept.
const DOMAINS: usize = 16;
const OPTIONS: usize = 16;
const ENTRIES: usize = 64;
const NAMES: usize = 16;

/// The most that glibc takes for `ndots` (RES_MAXNDOTS).
const MOST_DOTS: u8 = 15;

/// The open files of a container that its C library goes by.
struct OpenFiles {
    configuration: Option<File>,
    hosts: Option<File>,
    libc: Libc,
}

/// Reads what the C library of a process's container goes by. Blocks; needs the right to trace the
/// process.
pub(super) fn read(pid: u32) -> io::Result<ContainerResolver> {
    // Opened with privileges and read without them.
    let OpenFiles { configuration, hosts, libc } = walls::with_privileges(move || open_files(pid))?;
    let configuration = configuration.and_then(text).unwrap_or_default();
    let hosts = hosts.and_then(text).unwrap_or_default();
    Ok(ContainerResolver { libc, hosts: entries(&hosts), ..configured(&configuration) })
}

fn open_files(pid: u32) -> io::Result<OpenFiles> {
    let root: PathBuf = ["/proc", &pid.to_string(), "root"].iter().collect();
    // Nothing that follows leaves this root: the links in it are the container's to choose.
    let root = open(&root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    Ok(OpenFiles {
        configuration: open_inside(&root, "etc/resolv.conf").ok(),
        hosts: open_inside(&root, "etc/hosts").ok(),
        libc: if has_musl(&root) { Libc::Musl } else { Libc::Glibc },
    })
}

/// Opens a regular file below the root.
fn open_inside(root: &OwnedFd, path: &str) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(openat2(root, path, flags, Mode::empty(), inside())?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok(file)
}

/// The content of a file, up to its limit.
fn text(file: File) -> Option<String> {
    let content = bounded::beginning(file, LARGEST).ok()?;
    Some(String::from_utf8_lossy(&content).into_owned())
}

fn inside() -> ResolveFlags {
    ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS
}

/// Whether the image has musl's loader, which is its C library.
fn has_musl(root: &OwnedFd) -> bool {
    let there = |name: &str| {
        let path = format!("lib/ld-musl-{name}.so.1");
        openat2(root, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), inside()).is_ok()
    };
    ["x86_64", "aarch64", "armhf", "arm", "i386", "riscv64"].into_iter().any(there)
}

/// The configuration, by resolv.conf(5). Of `search` and `domain` the last line counts.
fn configured(text: &str) -> ContainerResolver {
    let mut resolver = ContainerResolver { ndots: 1, ..ContainerResolver::default() };
    for line in text.lines() {
        // A comment begins a line; further on it is text.
        let mut words = line.split_whitespace();
        match words.next() {
            Some("nameserver") => {
                let server: Option<IpAddr> =
                    words.next().and_then(|text| text.split('%').next()?.parse().ok());
                resolver.name_servers.extend(server);
            }
            Some("search" | "domain") => {
                let domains = words.map(|word| clean::line(word.trim_end_matches('.'), 253));
                resolver.search = domains.filter(|it| !it.is_empty()).take(DOMAINS).collect();
            }
            Some("options") => resolver.options.extend(words.map(|word| clean::line(word, 64))),
            _ => {}
        }
    }
    resolver.name_servers.truncate(SERVERS);
    resolver.options.truncate(OPTIONS);
    let dots = resolver.options.iter().filter_map(|option| option.strip_prefix("ndots:"));
    if let Some(dots) = dots.filter_map(|dots| dots.parse::<u32>().ok()).next_back() {
        resolver.ndots = u8::try_from(dots).unwrap_or(MOST_DOTS).min(MOST_DOTS);
    }
    resolver
}

/// The entries for names with a dot, by hosts(5): others are the container's own.
fn entries(text: &str) -> Vec<HostsEntry> {
    let entry = |line: &str| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address: IpAddr = words.next()?.split('%').next()?.parse().ok()?;
        let names = words.filter(|name| name.contains('.')).map(|name| clean::line(name, 253));
        let names: Vec<String> = names.take(NAMES).collect();
        (!names.is_empty()).then_some(HostsEntry { address, names })
    };
    text.lines().filter_map(entry).take(ENTRIES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_search_list_and_the_last_ndots_count() {
        let resolver = configured(
            "# by the engine\nnameserver 127.0.0.11\nnameserver fe80::1%eth0\nnameserver x\n\
             domain plant.example\nsearch corp.example. lab.example\n\
             options ndots:2 edns0\noptions ndots:99 timeout:1\n; options ndots:1\n",
        );
        assert_eq!(
            resolver.name_servers,
            ["127.0.0.11", "fe80::1"].map(|text| text.parse::<IpAddr>().unwrap())
        );
        assert_eq!(resolver.search, ["corp.example", "lab.example"]);
        assert_eq!(resolver.ndots, 15);
        assert_eq!(resolver.options, ["ndots:2", "edns0", "ndots:99", "timeout:1"]);
        assert_eq!(configured("").ndots, 1);
    }

    #[test]
    fn what_the_hosts_file_pins_is_kept_and_the_container_s_own_name_is_not() {
        let text = "127.0.0.1 localhost\n172.18.0.2 0123456789ab\n\
                    10.9.9.9 Contoso.Azure-Devices.net contoso # 10.1.1.1\nx y.z\n";
        let resolver = ContainerResolver { hosts: entries(text), ..ContainerResolver::default() };
        assert_eq!(resolver.hosts.len(), 1);
        let pinned = resolver.pinned("contoso.azure-devices.net.");
        assert_eq!(pinned, ["10.9.9.9".parse::<IpAddr>().unwrap()]);
        assert!(resolver.pinned("other.azure-devices.net").is_empty());
    }

    #[test]
    fn a_link_of_the_container_s_leads_nowhere_outside_of_its_root() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "nameserver 10.0.0.1").unwrap();
        let inside = tempfile::tempdir().unwrap();
        std::fs::create_dir(inside.path().join("etc")).unwrap();
        let link = inside.path().join("etc/resolv.conf");
        std::os::unix::fs::symlink(outside.path().join("secret"), &link).unwrap();
        let folder = |path: &std::path::Path| {
            open(path, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap()
        };
        let content = |path: &str| text(open_inside(&folder(inside.path()), path).ok()?);
        assert_eq!(content("etc/resolv.conf"), None);
        // A link to another file of the container's own is followed.
        std::fs::remove_file(&link).unwrap();
        std::fs::write(inside.path().join("kept"), "nameserver 10.0.0.2").unwrap();
        std::os::unix::fs::symlink("/kept", &link).unwrap();
        assert!(content("etc/resolv.conf").unwrap().contains("10.0.0.2"));
        assert_eq!(content("etc"), None);
    }

    #[test]
    fn this_process_s_own_root_can_be_read() {
        let here = read(std::process::id()).unwrap();
        assert!(here.name_servers.len() <= SERVERS);
    }
}
