//! What arbitrary bytes become in the place of the kernel's messages.

use edgeprobe_facts::route::tables::Tables;
use ipnet::IpNet;
use netlink_packet_route::RouteNetlinkMessage as Message;

use super::netlink::{Reply, hand_on};
use super::tables::{self, Names};
use super::{lookup, neighbour, rules, xfrm};

/// One datagram of routing messages, read as links, addresses, routes, rules and neighbours.
pub fn messages(datagram: &[u8]) -> Tables {
    let mut read = Tables::default();
    let mut names = Names::from([(1, "lo".to_owned()), (2, "eth0".to_owned())]);
    let bridged: Vec<IpNet> = "172.17.0.0/16".parse().into_iter().collect();
    hand_on(datagram, &mut |reply, _| {
        let Reply::Message(message) = reply else { return false };
        read.complete ^= tables::is_vital(&message, &bridged);
        read.rules.extend(rules::read(&message));
        match *message {
            Message::NewLink(link) => {
                names.extend(tables::link_name(&link));
                read.links.extend(tables::read_link(&link, &names));
            }
            Message::NewAddress(address) => {
                read.addresses.extend(tables::read_address(&address, &names));
            }
            Message::NewRoute(route) => {
                let _ = lookup::way(&route);
                read.routes.extend(tables::read_route(&route, &names));
            }
            Message::NewNeighbour(entry) => {
                let _ = neighbour::address(&entry);
            }
            _ => {}
        }
        false
    });
    read
}

/// One datagram of IPsec's policies.
pub fn policies(datagram: &[u8]) -> Tables {
    let mut policies = Vec::new();
    let _ = xfrm::take(datagram, &mut policies);
    Tables { ipsec: Some(policies), ..Tables::default() }
}
