//! The routing of Linux, over netlink.

#[cfg(test)]
mod agreement;
mod changes;
mod edge;
mod files;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub(crate) mod lookup;
pub(crate) mod neighbour;
pub(crate) mod netlink;
mod rules;
mod settings;
#[cfg(test)]
mod states;
pub(crate) mod tables;
pub(crate) mod xfrm;

use std::io;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::time::Duration;

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{LinkAttribute, LinkMessage};
use rustix::net::netdevice::name_to_index;

pub use self::changes::Changes;
pub(super) use self::edge::ask_edge;
use self::lookup::{Query, look_up};
use self::netlink::Netlink;
pub(super) use self::tables::read as read_tables;
use super::{RouteFacts, portable};

/// The longest name that the kernel gives an interface.
const NAME_LENGTH: usize = 15;

/// Asks the kernel for the way to a destination. An error is its answer.
pub(super) fn way_to(destination: IpAddr, patience: Duration) -> io::Result<RouteFacts> {
    // Sandboxes without netlink exist (gVisor, seccomp); there a socket knows as much as can be had.
    let Ok(mut netlink) = Netlink::open() else { return portable::way_to(destination, patience) };
    let way = look_up(&mut netlink, &Query::own(destination))?;
    let link = way.output.and_then(|index| link(&mut netlink, index).ok());
    let gateway_answers = match (way.output, way.gateway) {
        (Some(interface), Some(gateway)) => {
            neighbour::answers(interface, gateway, patience).unwrap_or(None)
        }
        _ => None,
    };
    Ok(RouteFacts {
        destination,
        source: way.source,
        interface: link.as_ref().map(|link| link.name.clone()),
        gateway: way.gateway,
        gateway_answers,
        mtu: way.mtu.or(link.and_then(|link| link.mtu)),
        table: way.table,
    })
}

/// The index of the interface of this name.
pub(crate) fn index_of(name: &str) -> io::Result<u32> {
    // Any socket will do for asking.
    Ok(name_to_index(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?, name)?)
}

/// What is read of a single interface.
pub(crate) struct Link {
    pub(crate) name: String,
    pub(crate) mtu: Option<u32>,
}

pub(crate) fn link(netlink: &mut Netlink, index: u32) -> io::Result<Link> {
    let mut question = LinkMessage::default();
    question.header.index = index;
    let RouteNetlinkMessage::NewLink(answer) =
        netlink.ask(RouteNetlinkMessage::GetLink(question))?
    else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let mut link = Link { name: format!("#{index}"), mtu: None };
    for attribute in answer.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name = crate::clean::line(&name, 15),
            LinkAttribute::Mtu(mtu) => link.mtu = Some(mtu),
            _ => {}
        }
    }
    Ok(link)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use edgeprobe_facts::{Facts, Observation, Token, Vantage};

    use crate::Timeline;
    use crate::vantage::testing::sandbox;

    /// A device with an uplink whose far end is in the same namespace and answers ARP for nobody.
    const UPLINK: &str = "ip link set lo up
        ip link add eth0 mtu 1400 type veth peer name far
        ip addr add 192.0.2.10/24 dev eth0
        ip link set eth0 up
        ip link set far arp off up";

    async fn ask(setup: &str, destination: &'static str) -> Option<Observation> {
        let sandbox = sandbox()?;
        sandbox.set_up(UPLINK).await;
        sandbox.set_up(setup).await;
        let timeline = Timeline::start(Duration::from_secs(10));
        let destination = destination.parse().unwrap();
        let probe =
            move || async move { crate::route::probe(timeline, &Vantage::Host, destination).await };
        Some(sandbox.place.run(probe).await.unwrap())
    }

    #[tokio::test]
    async fn the_kernel_names_source_interface_gateway_mtu_and_table() {
        let setup = "ip route add default via 192.0.2.1 table 7
            ip rule add to 198.51.100.0/24 lookup 7
            ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent";
        let Some(observation) = ask(setup, "198.51.100.1").await else { return };
        assert_eq!(observation.token(), None);
        assert_eq!(observation.id, "host/route/198.51.100.1");
        let Facts::Route(facts) = observation.facts else { panic!("no route facts") };
        assert_eq!(facts.source, Some("192.0.2.10".parse().unwrap()));
        assert_eq!(facts.interface.as_deref(), Some("eth0"));
        assert_eq!(facts.gateway, Some("192.0.2.1".parse().unwrap()));
        assert_eq!(facts.gateway_answers, Some(true));
        assert_eq!(facts.mtu, Some(1400));
        assert_eq!(facts.table, Some(7));
    }

    #[tokio::test]
    async fn a_gateway_that_the_kernel_gave_up_on_does_not_answer() {
        let setup = "ip route add default via 192.0.2.1 mtu 1300
            ip neigh add 192.0.2.1 dev eth0 nud failed";
        let Some(observation) = ask(setup, "198.51.100.1").await else { return };
        let Facts::Route(facts) = observation.facts else { panic!("no route facts") };
        assert_eq!(facts.gateway_answers, Some(false));
        assert_eq!(facts.mtu, Some(1300), "the route's own MTU");
    }

    #[tokio::test]
    async fn a_gateway_that_is_being_asked_is_waited_for() {
        let Some(sandbox) = sandbox() else { return };
        sandbox.set_up(UPLINK).await;
        sandbox
            .set_up(
                "ip route add default via 192.0.2.1
                ip neigh add 192.0.2.1 dev eth0 nud incomplete",
            )
            .await;
        let timeline = Timeline::start(Duration::from_secs(20));
        let destination = "198.51.100.1".parse().unwrap();
        let probe =
            move || async move { crate::route::probe(timeline, &Vantage::Host, destination).await };
        let answer = "ip neigh replace 192.0.2.1 lladdr 02:00:00:00:00:01 dev eth0 nud reachable";
        let (observation, ()) = tokio::join!(sandbox.place.run(probe), sandbox.set_up(answer));
        let Facts::Route(facts) = observation.unwrap().facts else { panic!("no route facts") };
        assert_eq!(facts.gateway_answers, Some(true));
    }

    #[tokio::test]
    async fn a_table_of_the_internet_hides_neither_policies_tables_nor_what_containers_need() {
        let Some(sandbox) = sandbox() else { return };
        sandbox.set_up(UPLINK).await;
        sandbox
            .set_up(
                "ip link add br-edge type bridge
                ip addr add 172.18.0.1/16 dev br-edge
                ip link set br-edge up
                for one in $(seq 40); do for two in $(seq 225); do
                    echo route add 100.$one.$two.0/24 dev eth0
                done; done | ip -batch -
                ip route add 172.18.200.0/24 dev eth0
                ip route add 203.0.113.0/24 dev eth0 table 4000",
            )
            .await;
        let read = || async { super::read_tables() };
        let tables = sandbox.place.run(read).await.unwrap().unwrap();
        assert!(!tables.complete);
        for route in ["172.18.200.0/24", "203.0.113.0/24", "172.18.0.0/16"] {
            let is_there =
                |it: &edgeprobe_facts::route::tables::Route| it.destination.to_string() == route;
            assert!(tables.routes.iter().any(is_there), "{route}");
        }
        assert!(tables.routes.len() < 9_000);
    }

    #[tokio::test]
    async fn a_gateway_that_nobody_asked_is_not_judged() {
        let Some(observation) = ask("ip route add default via 192.0.2.1", "198.51.100.1").await
        else {
            return;
        };
        let Facts::Route(facts) = observation.facts else { panic!("no route facts") };
        assert_eq!(facts.gateway_answers, None);
    }

    #[tokio::test]
    async fn a_neighbour_on_the_own_link_has_no_gateway() {
        let Some(observation) = ask("true", "192.0.2.77").await else { return };
        let Facts::Route(facts) = observation.facts else { panic!("no route facts") };
        assert_eq!((facts.interface.as_deref(), facts.gateway), (Some("eth0"), None));
    }

    #[tokio::test]
    async fn each_refusal_has_its_own_token() {
        for (setup, token) in [
            ("true", Token::NetworkUnreachable),
            ("ip route add unreachable default", Token::HostUnreachable),
            ("ip route add prohibit default", Token::Prohibited),
            ("ip route add blackhole default", Token::Blackholed),
            ("ip rule add from all unreachable priority 100", Token::NetworkUnreachable),
        ] {
            let Some(observation) = ask(setup, "198.51.100.1").await else { return };
            assert_eq!(observation.token(), Some(token), "{setup}");
        }
    }

    #[tokio::test]
    async fn ipv6_is_refused_in_the_same_words() {
        for (setup, token) in [
            ("true", Token::NetworkUnreachable),
            ("ip -6 route add blackhole default", Token::Blackholed),
            ("ip -6 route add prohibit default", Token::Prohibited),
            ("ip -6 route add unreachable default", Token::HostUnreachable),
        ] {
            let Some(observation) = ask(setup, "2001:db8::1").await else { return };
            assert_eq!(observation.token(), Some(token), "{setup}");
        }
    }
}
