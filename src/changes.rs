//! What differs between two readings of the host's links, addresses, routes and rules, or of its
//! resolver's configuration.

use std::collections::HashSet;

use edgeprobe_facts::route::tables::{Link, Tables};
use serde::{Deserialize, Serialize};

/// The schema of a saved baseline.
pub const SCHEMA: &str = "edgeprobe.baseline/1";

/// The number of the table of this host's own addresses.
const LOCAL_TABLE: u32 = 255;

/// A reading of the tables that was kept to compare later ones with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// `edgeprobe.baseline/1`.
    pub schema: String,
    /// When it was read, in RFC 3339, UTC.
    pub taken_at: String,
    pub tables: Tables,
}

/// What has come and gone since an earlier reading, each as a line that `ip` would write.
///
/// The engine's own traffic of interfaces, a container that starts or stops, is left out.
pub fn between(before: &Tables, after: &Tables) -> Vec<String> {
    gone_and_come(&lines(before), &lines(after))
}

/// What has come and gone in the text of a resolver's configuration. Comments, which some programs
/// write the time into, are left out.
pub fn in_resolver_file(name: &str, before: &str, after: &str) -> Vec<String> {
    let lines = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::trim);
        let tells = lines.filter(|line| !line.is_empty() && !line.starts_with(['#', ';']));
        tells.map(|line| format!("{name}: {line}")).collect()
    };
    gone_and_come(&lines(before), &lines(after))
}

fn gone_and_come(before: &[String], after: &[String]) -> Vec<String> {
    let (then, now): (HashSet<&String>, HashSet<&String>) =
        (before.iter().collect(), after.iter().collect());
    let gone = before.iter().filter(|line| !now.contains(line)).map(|line| format!("- {line}"));
    let come = after.iter().filter(|line| !then.contains(line)).map(|line| format!("+ {line}"));
    gone.chain(come).collect()
}

fn lines(tables: &Tables) -> Vec<String> {
    let containers: Vec<&str> =
        tables.links.iter().filter(|link| is_a_containers(link)).map(|l| l.name.as_str()).collect();
    let counts = |name: &str| !containers.contains(&name);
    let mut lines = Vec::new();
    for link in tables.links.iter().filter(|link| counts(&link.name)) {
        let state = if link.up { "up" } else { "down" };
        let mtu = link.mtu.map(|mtu| format!(" mtu {mtu}")).unwrap_or_default();
        lines.push(format!("link {} {state}{mtu}", link.name));
    }
    for address in tables.addresses.iter().filter(|address| counts(&address.interface)) {
        lines.push(format!("address {} dev {}", address.network, address.interface));
    }
    // The routes of the local table follow from the addresses.
    for route in tables.routes.iter().filter(|route| route.table != LOCAL_TABLE) {
        if route.interface().is_none_or(counts) {
            lines.push(format!("route {route}"));
        }
    }
    lines.extend(tables.rules.iter().map(|rule| format!("rule {rule}")));
    if let Some(forward) = tables.ip_forward {
        lines.push(format!("net.ipv4.ip_forward = {}", u8::from(forward)));
    }
    lines
}

/// Whether the link is the host's end of a container's.
fn is_a_containers(link: &Link) -> bool {
    use edgeprobe_facts::route::tables::LinkKind;
    link.kind == LinkKind::Veth && link.master.is_some()
}

#[cfg(test)]
mod tests {
    use edgeprobe_facts::route::tables::LinkKind;

    use super::*;

    fn link(name: &str, kind: LinkKind, master: Option<&str>) -> Link {
        Link {
            name: name.to_owned(),
            kind,
            mtu: Some(1420),
            up: true,
            carrier: true,
            master: master.map(str::to_owned),
            forwarding: None,
            rp_filter: None,
        }
    }

    #[test]
    fn a_tunnel_that_comes_up_is_told_and_a_container_is_not() {
        let before = Tables::default();
        let mut after = Tables::default();
        after.links.push(link("wg0", LinkKind::Wireguard, None));
        after.links.push(link("veth1", LinkKind::Veth, Some("br-edge")));
        assert_eq!(between(&before, &after), ["+ link wg0 up mtu 1420"]);
        assert_eq!(between(&after, &before), ["- link wg0 up mtu 1420"]);
    }

    #[test]
    fn another_name_server_is_told_and_a_comment_is_not() {
        let before = "# at 10:00\nnameserver 192.168.1.1\nsearch site\n";
        let after = "# at 10:05\nnameserver 10.8.0.1\nsearch site\n";
        assert_eq!(
            in_resolver_file("/etc/resolv.conf", before, after),
            [
                "- /etc/resolv.conf: nameserver 192.168.1.1",
                "+ /etc/resolv.conf: nameserver 10.8.0.1"
            ]
        );
        let later = before.replace("10:00", "10:30");
        assert!(in_resolver_file("/etc/resolv.conf", before, &later).is_empty());
    }
}
