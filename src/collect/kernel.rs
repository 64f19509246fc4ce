//! The kernel's settings on which forwarding hangs, for all and for each interface.

use std::fs;
use std::path::Path;

use super::Part;
use super::shared::{Until, item, listing, unread};
use crate::bundle::{Content, Item, Missing, What};

const PLACE: &str = "/proc/sys/net";
const PATH: &str = "network/sysctl.txt";

/// Settings that are there once.
const SINGLE: [&str; 8] = [
    "ipv4/ip_forward",
    "ipv4/ip_local_port_range",
    "ipv4/ip_unprivileged_port_start",
    "ipv4/ip_no_pmtu_disc",
    "ipv4/tcp_mtu_probing",
    "bridge/bridge-nf-call-iptables",
    "bridge/bridge-nf-call-ip6tables",
    "netfilter/nf_conntrack_max",
];

/// Settings of each interface, by family.
const OF_EACH: [(&str, &[&str]); 2] = [
    ("ipv4", &["forwarding", "rp_filter", "accept_local", "route_localnet", "src_valid_mark"]),
    ("ipv6", &["forwarding", "disable_ipv6", "accept_ra", "mtu"]),
];

/// The most interfaces that are listed.
const MOST: usize = 512;

pub(super) fn part() -> Part {
    Part::new(PATH, What::KernelSettings, PLACE, |_: &Until| -> Vec<Item> {
        vec![item(PATH, What::KernelSettings, PLACE, settings(Path::new(PLACE)))]
    })
}

/// A line for each setting, as sysctl(8) writes it.
fn settings(place: &Path) -> Result<Content, Missing> {
    fs::read_dir(place).map_err(|error| unread(&error))?;
    let mut lines = Vec::new();
    let mut add = |setting: &str| {
        // A setting that this kernel lacks is not said.
        if let Ok(value) = fs::read_to_string(place.join(setting)) {
            lines.push(format!("net.{} = {}", setting.replace('/', "."), value.trim()));
        }
    };
    for setting in SINGLE {
        add(setting);
    }
    for (family, settings) in OF_EACH {
        let folder = fs::read_dir(place.join(family).join("conf")).into_iter().flatten().flatten();
        let mut interfaces: Vec<String> =
            folder.filter_map(|entry| entry.file_name().into_string().ok()).take(MOST).collect();
        interfaces.sort();
        for interface in interfaces {
            for name in settings {
                add(&format!("{family}/conf/{interface}/{name}"));
            }
        }
    }
    listing(&(lines.join("\n") + "\n"))
}
