//! Which links are watched, where a device has more of them than can be.

use edgeprobe_facts::route::tables::{Link, LinkKind, Tables};

use crate::route::linux::index_of;

/// The most links that are watched at once; a device has a handful besides its containers'.
const LIMIT: usize = 32;

/// The links that are watched, by index and name, and how many are not.
pub(super) struct Watched {
    pub(super) links: Vec<(u32, String)>,
    pub(super) left_out: u32,
}

/// The bridge first, then those by which a packet from it could leave the host, the likeliest first.
/// `way_out` is the one that the kernel names for it.
pub(super) fn watched(tables: &Tables, bridge: &str, way_out: Option<&str>) -> Watched {
    let (names, left_out) = choose(tables, bridge, way_out, LIMIT);
    let links =
        names.iter().filter_map(|name| Some((index_of(name).ok()?, (*name).to_owned()))).collect();
    Watched { links, left_out }
}

fn choose<'a>(
    tables: &'a Tables,
    bridge: &'a str,
    way_out: Option<&str>,
    limit: usize,
) -> (Vec<&'a str>, u32) {
    let mut others: Vec<&Link> = tables
        .links
        .iter()
        .filter(|link| {
            link.up
                && link.master.is_none()
                && link.kind != LinkKind::Loopback
                && link.name != bridge
        })
        .collect();
    others.sort_by_key(|link| likelihood(tables, link, way_out));
    let beyond = others.split_off(others.len().min(limit.saturating_sub(1)));
    // Another network of the engine's leads out only where a route names it.
    let missed = beyond.iter().filter(|link| !is_an_engines(link)).count();
    let names = std::iter::once(bridge).chain(others.iter().map(|link| link.name.as_str()));
    (names.collect(), u32::try_from(missed).unwrap_or(u32::MAX))
}

/// The smaller, the likelier it is that a packet leaves by this link.
fn likelihood(tables: &Tables, link: &Link, way_out: Option<&str>) -> u8 {
    if Some(link.name.as_str()) == way_out || has_a_default_route(tables, link) {
        0
    } else if is_a_tunnel(link) {
        1
    } else if is_an_engines(link) {
        5
    } else if !link.carrier {
        4
    } else if matches!(link.kind, LinkKind::Veth | LinkKind::Bridge) {
        3
    } else {
        2
    }
}

/// Whether a route for all of the Internet, or for half of it, leads out by the link.
fn has_a_default_route(tables: &Tables, link: &Link) -> bool {
    tables.routes.iter().any(|route| {
        route.destination.addr().is_ipv4()
            && route.destination.prefix_len() <= 1
            && route.leaves_by(&link.name)
    })
}

fn is_a_tunnel(link: &Link) -> bool {
    match link.kind {
        LinkKind::Tun
        | LinkKind::Wireguard
        | LinkKind::Ipsec
        | LinkKind::Ppp
        | LinkKind::IpTunnel
        | LinkKind::Wwan
        | LinkKind::Other(_) => true,
        LinkKind::Loopback | LinkKind::Ethernet | LinkKind::Bridge | LinkKind::Veth => false,
    }
}

/// Whether it has a name that a container engine gives to the bridge of a network.
fn is_an_engines(link: &Link) -> bool {
    let of_an_id = |id: &str| id.len() == 12 && id.bytes().all(|digit| digit.is_ascii_hexdigit());
    let name = link.name.as_str();
    link.kind == LinkKind::Bridge
        && (name == "docker0"
            || name.starts_with("podman")
            || name.strip_prefix("br-").is_some_and(of_an_id))
}

#[cfg(test)]
mod tests {
    use edgeprobe_facts::route::testing::device;

    use super::*;

    #[test]
    fn the_ways_out_and_the_tunnels_are_watched_before_what_only_may_lead_out() {
        let bridges: Vec<String> = (0..30).map(|number| format!("br-{number:012x}")).collect();
        let mut links: Vec<(&str, LinkKind)> =
            bridges.iter().map(|name| (name.as_str(), LinkKind::Bridge)).collect();
        let veths: Vec<String> = (0..30).map(|number| format!("cali{number}")).collect();
        links.extend(veths.iter().map(|name| (name.as_str(), LinkKind::Veth)));
        links.push(("eth1", LinkKind::Ethernet));
        links.push(("wg0", LinkKind::Wireguard));
        links.push(("wan0", LinkKind::Ethernet));
        let tables = device(&links, &["default via 198.51.100.1 dev eth1 table 100"], &[]);
        let (names, left_out) = choose(&tables, "br-edge", Some("eth0"), 6);
        assert_eq!(names, ["br-edge", "eth0", "eth1", "wg0", "wan0", "cali0"]);
        assert_eq!(left_out, 29);
        let (names, left_out) = choose(&tables, "br-edge", Some("eth0"), 40);
        assert_eq!((names.len(), left_out), (40, 0));
        let (names, _) = choose(&tables, "br-edge", Some("br-00000000001d"), 4);
        assert_eq!(names, ["br-edge", "eth0", "br-00000000001d", "eth1"]);
    }
}
