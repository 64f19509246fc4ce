//! What the lab needs of the machine.

use std::path::Path;
use std::{env, fs};

/// The tools that are needed, with the Debian package of each.
const TOOLS: [(&str, &str); 18] = [
    ("bash", "bash"),
    ("busybox", "busybox-static"),
    ("curl", "curl"),
    ("dnsmasq", "dnsmasq-base"),
    ("docker", "docker.io"),
    ("docker-registry", "docker-registry"),
    ("dockerd", "docker.io"),
    ("ip", "iproute2"),
    ("iptables", "iptables"),
    ("ncat", "ncat"),
    ("nft", "nftables"),
    ("nginx", "nginx-light"),
    ("nsenter", "util-linux"),
    ("openssl", "openssl"),
    ("squid", "squid-openssl"),
    ("sysctl", "procps"),
    ("tinyproxy", "tinyproxy-bin"),
    ("unshare", "util-linux"),
];

/// Returns a line for everything that is missing; empty when the lab can be built here.
pub fn missing() -> Vec<String> {
    let root = effective_user() == Some(0);
    let mut missing = Vec::new();
    if !root {
        missing.push("root".to_owned());
    }
    if !Path::new("/dev/net/tun").exists() {
        missing.push("/dev/net/tun".to_owned());
    }
    let absent = TOOLS.iter().filter(|(tool, _)| !installed(tool));
    missing.extend(absent.map(|(tool, package)| format!("{tool} (package {package})")));
    missing
}

fn effective_user() -> Option<u32> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn installed(tool: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin"].map(Into::into);
    env::split_paths(&path).chain(system).any(|folder| folder.join(tool).is_file())
}
