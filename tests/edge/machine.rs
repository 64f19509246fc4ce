//! All of a device that a check could leave something in, or change.

use std::collections::{BTreeMap, BTreeSet};

use edgeprobe_lab::{Place, Result};

/// What is looked at, by name. Counters and ages are left out: they change by themselves.
const VIEWS: &[(&str, &str)] = &[
    ("links", "ip -o link"),
    ("addresses", "ip -o addr"),
    ("rules", "ip rule; ip -6 rule"),
    ("routes", "ip route show table all; ip -6 route show table all"),
    ("bridge ports", "bridge link"),
    ("settings", "sysctl -a --pattern 'forward|rp_filter|arp_|proxy_arp' 2>/dev/null"),
    ("iptables", r"iptables-save | sed -e '/^#/d' -e 's/\[[0-9:]*\]//'"),
    ("nftables", "nft --stateless list ruleset"),
    ("named namespaces", "ip netns"),
    ("namespaces", "lsns --noheadings --output NS,TYPE,PID | sort | grep -w net"),
    ("containers", "docker ps -a --format '{{.ID}} {{.Names}} {{.State}}'"),
    ("images", "docker images --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}'"),
    ("networks", "docker network ls --format '{{.ID}} {{.Name}}'"),
    ("volumes", "docker volume ls --quiet"),
    ("files", "find /tmp /var/lib /run -maxdepth 1 | sort"),
    ("mounts", "sort /proc/mounts"),
    ("processes", "ps -C edgeprobe -o args= || true"),
];

/// The device as it is at one moment.
#[derive(Debug)]
pub(crate) struct Machine {
    views: BTreeMap<String, BTreeSet<String>>,
    neighbours: BTreeSet<String>,
}

impl Machine {
    /// # Errors
    ///
    /// The engine and `find` fail over what is removed while they list it, so this may fail for as
    /// long as something is still being removed.
    pub(crate) fn look(device: &Place) -> Result<Self> {
        let script: Vec<String> =
            VIEWS.iter().map(|(name, script)| format!("echo '== {name}'\n{script}\n")).collect();
        let script = script.concat();
        let text = device.sh(&script)?;
        let mut views: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut lines = None;
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("== ") {
                lines = Some(views.entry(name.to_owned()).or_default());
            } else if let Some(lines) = &mut lines {
                lines.insert(line.trim_end().to_owned());
            }
        }
        assert_eq!(views.len(), VIEWS.len(), "{text}");
        Ok(Self { views, neighbours: lasting_neighbours(&device.sh("ip neigh")?) })
    }

    /// Whether nothing of an earlier check is still on its way: no bridge has a carrier, for there
    /// is no container, and the kernel has seen that nobody else has the bridges' addresses.
    pub(crate) fn is_at_rest(&self) -> bool {
        let bridge = |line: &&String| line.contains(": docker0:") || line.contains(": br-");
        let silent = |line: &String| line.contains("NO-CARRIER");
        self.views["links"].iter().filter(bridge).all(silent)
            && !self.views["addresses"].iter().any(|line| line.contains("tentative"))
    }

    /// A line for everything that has come or gone since `before`.
    pub(crate) fn differences(&self, before: &Self) -> Vec<String> {
        let mut all = Vec::new();
        for (name, lines) in &self.views {
            let earlier = &before.views[name];
            all.extend(lines.difference(earlier).map(|line| format!("{name}: + {line}")));
            all.extend(earlier.difference(lines).map(|line| format!("{name}: - {line}")));
        }
        let more = self.neighbours.difference(&before.neighbours);
        all.extend(more.map(|line| format!("neighbours: + {line}")));
        let fewer = before.neighbours.difference(&self.neighbours);
        all.extend(fewer.map(|line| format!("neighbours: - {line}")));
        all
    }
}

/// The neighbours that somebody has set. Those that the kernel has learnt are its cache: they come
/// with every packet and age by themselves.
fn lasting_neighbours(table: &str) -> BTreeSet<String> {
    let lasting = |line: &&str| line.contains("PERMANENT") || line.contains("NOARP");
    table.lines().filter(lasting).map(str::to_owned).collect()
}
