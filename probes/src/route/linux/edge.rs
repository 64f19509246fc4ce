//! The kernel's lookups for an edge network.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use edgeprobe_facts::Step;
use edgeprobe_facts::route::edge::{EdgeNetwork, EdgeRouteFacts, Lookup, Way};

use super::lookup::{Query, look_up};
use super::netlink::Netlink;
use super::{index_of, link, neighbour};
use crate::recorder::io_failure;

/// How long the kernel may take to begin to ask a gateway of the network's own: the first packet
/// from there is sent at about the same time.
const BEGINS: Duration = Duration::from_secs(1);

/// Asks for every way between the network and the destination. A gateway that is being asked whether
/// it is there is waited for within `patience`. An error means that the kernel could not be asked at
/// all.
pub(crate) fn ask_edge(
    network: EdgeNetwork,
    destination: IpAddr,
    patience: Duration,
) -> io::Result<EdgeRouteFacts> {
    let mut netlink = Netlink::open()?;
    let mut facts = EdgeRouteFacts::unasked(network, destination);
    facts.host = answer(&mut netlink, &Query::own(destination)).0;
    let Some(member) = facts.member.filter(|member| member.is_ipv4() == destination.is_ipv4())
    else {
        return Ok(facts);
    };
    facts.back = answer(&mut netlink, &Query::own(member)).0;
    let Ok(bridge) = index_of(&facts.network.bridge) else { return Ok(facts) };
    let forward = Query { destination, source: Some(member), input: Some(bridge) };
    let (lookup, output) = answer(&mut netlink, &forward);
    facts.forward = lookup;
    if output.is_some() && output != Some(bridge) {
        let reply = Query { destination: member, source: Some(destination), input: output };
        facts.reply = answer(&mut netlink, &reply).0;
    }
    if let (Some(output), Some(way)) = (output, facts.forward.way())
        && let Some(gateway) = way.gateway
    {
        // The host's own gateway is asked all the time.
        let shared = facts.host.way().and_then(|host| host.gateway) == way.gateway;
        let begins = if shared { Duration::ZERO } else { BEGINS.min(patience / 2) };
        facts.gateway_answers =
            neighbour::answers_soon(output, gateway, begins, patience).unwrap_or(None);
    }
    Ok(facts)
}

/// The answer in names, and the index of the interface that the packet would leave by.
fn answer(netlink: &mut Netlink, query: &Query) -> (Lookup, Option<u32>) {
    match look_up(netlink, query) {
        Ok(way) => {
            let link = way.output.and_then(|index| link(netlink, index).ok());
            let found = Way {
                interface: link.as_ref().map(|link| link.name.clone()),
                gateway: way.gateway,
                source: way.source,
                mtu: way.mtu.or(link.and_then(|link| link.mtu)),
                table: way.table,
                local: way.local,
            };
            (Lookup::Found(found), way.output)
        }
        Err(error) => {
            let failure = io_failure(Step::Route, &error);
            if failure.token.is_own() {
                return (Lookup::NotAsked, None);
            }
            (Lookup::Refused { token: failure.token, detail: failure.detail }, None)
        }
    }
}
