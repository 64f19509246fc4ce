//! What the kernel says of itself: tables, routes, the ways of a container network.

use std::net::IpAddr;

use edgeprobe::plan::Edge;
use edgeprobe_facts::route::RouteFacts;
use edgeprobe_facts::route::edge::{EdgeRouteFacts, Lookup, Way as EdgeWay};
use edgeprobe_facts::{Facts, Failure, Observation, Step, Token, Vantage};

use super::kernel::{Packet, Way};
use super::record::{Record, module};
use crate::world::World;

impl World {
    pub(super) fn answer_tables(&self) -> Observation {
        let facts = Facts::RouteTables(Box::new(self.tables.clone()));
        let record = Record::new(&Vantage::Host, "all").step(Step::Route, true);
        record.finish("links, routes and rules", Ok(()), facts)
    }

    pub(super) fn answer_route(&self, destination: IpAddr) -> Observation {
        let mut facts = RouteFacts {
            destination,
            source: None,
            interface: None,
            gateway: None,
            gateway_answers: None,
            mtu: None,
            table: None,
        };
        let way = self.way(Packet::own(destination));
        let result = match way {
            Ok(way) => {
                let uplink = self.uplink_of(&way.interface);
                let asked = way.gateway.and(uplink);
                facts.gateway_answers = asked.and_then(|uplink| uplink.gateway_answers);
                facts.source = way.source;
                facts.gateway = way.gateway;
                facts.mtu = way.mtu;
                facts.table = Some(way.table);
                facts.interface = Some(way.interface);
                Ok(())
            }
            Err(token) => Err(refusal(token)),
        };
        let record = Record::new(&Vantage::Host, &destination.to_string());
        let record = record.step(Step::Route, result.is_ok());
        record.finish(destination.to_string(), result, Facts::Route(facts))
    }

    pub(super) fn answer_edge_route(&self, edge: &Edge, destination: IpAddr) -> Observation {
        let network = edge.network.clone();
        let own = self.network(&network.name);
        let member = own.map_or_else(|| network.subnet.hosts().nth(1).unwrap(), module);
        let vantage = edge.vantage();
        let mut facts = EdgeRouteFacts {
            network,
            destination,
            member: Some(member),
            forward: Lookup::NotAsked,
            reply: Lookup::NotAsked,
            back: Lookup::NotAsked,
            host: Lookup::NotAsked,
            gateway_answers: None,
        };
        let record = Record::new(&vantage, &destination.to_string()).step(Step::Route, true);
        if destination.is_ipv6() {
            let facts = Facts::EdgeRoute(Box::new(facts));
            return record.skip(destination.to_string(), None, facts);
        }
        let bridge = facts.network.bridge.clone();
        let forward = self.way(Packet::coming_in(&bridge, member, destination));
        if let Ok(way) = &forward {
            facts.reply = lookup(self.way(Packet::coming_in(&way.interface, destination, member)));
        }
        let result = forward.as_ref().map(drop).map_err(|token| refusal(*token));
        facts.forward = lookup(forward.map(|way| Way { source: None, ..way }));
        facts.back = lookup(self.way(Packet::own(member)));
        facts.host = lookup(self.way(Packet::own(destination)));
        record.finish(destination.to_string(), result, Facts::EdgeRoute(Box::new(facts)))
    }
}

fn lookup(way: Result<Way, Token>) -> Lookup {
    match way {
        Ok(way) => Lookup::Found(EdgeWay {
            interface: Some(way.interface),
            gateway: way.gateway,
            source: way.source,
            mtu: way.mtu,
            table: Some(way.table),
            local: way.local,
        }),
        Err(token) => Lookup::Refused { token, detail: words(token).to_owned() },
    }
}

fn refusal(token: Token) -> Failure {
    Failure::new(Step::Route, token, words(token))
}

/// The C library's words for the kernel's errors.
fn words(token: Token) -> &'static str {
    match token {
        Token::HostUnreachable => "No route to host",
        Token::Prohibited => "Permission denied",
        Token::Blackholed => "Invalid argument",
        _ => "Network is unreachable",
    }
}
