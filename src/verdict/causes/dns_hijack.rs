//! `dns-hijack`: the name resolves, but not to IoT Hub.

use std::net::{IpAddr, Ipv4Addr};

use edgeprobe_probes::dns::AddressKind;
use edgeprobe_probes::{Facts, Observation, Role};

use super::shared::{observations, those};
use crate::verdict::catalogue::Text;
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::{Answer, Connection, Evidence, View};
use crate::verdict::rule::{Finding, Proof, Rule, refuted};
use crate::verdict::words::listed;
use crate::verdict::{Confidence, Effect};

pub(super) const RULE: Rule = Rule { id: CauseId::DnsHijack, examine };

/// Why an address cannot be IoT Hub's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Suspicion {
    /// No address of the internet: what filters and portals answer.
    Sinkhole,
    /// Pinned in the hosts file, while the name servers say something else.
    HostsFile,
    /// Private, with no sign of a private endpoint.
    Private,
    /// Another resolver names an address where IoT Hub does answer.
    Contradicted,
}

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let host = evidence.host();
    let addresses = host.hub_addresses();
    let connections: Vec<Connection<'_>> = host.connections(Role::Hub).collect();
    let genuine =
        |address: IpAddr| connections.iter().any(|c| c.facts.peer == address && c.is_genuine());
    if let Some(real) = addresses.iter().find(|address| genuine(**address)) {
        let at = those(&connections, |c| c.facts.peer == *real && c.is_genuine());
        return refuted(Text::new("genuine").with("address", real), observations(&at));
    }

    let mut wrong: Vec<(IpAddr, Suspicion)> = Vec::new();
    // A demonstration's own hub is on localhost.
    let is_candidate = |address: &&IpAddr| {
        !(evidence.target.embedded && **address == IpAddr::V4(Ipv4Addr::LOCALHOST))
    };
    for address in addresses.iter().filter(is_candidate) {
        wrong.extend(suspicion(&host, *address, &connections).map(|why| (*address, why)));
    }
    let Some((_, why)) = wrong.first().copied() else { return Vec::new() };
    let addresses: Vec<IpAddr> = wrong.iter().map(|(address, _)| *address).collect();
    let named_by: Vec<&Observation> = host
        .answers(Role::Hub)
        .filter(|answer| answer.facts.ips().any(|ip| addresses.contains(&ip)))
        .map(|answer| answer.observation)
        .collect();
    let reached: Vec<Connection<'_>> =
        those(&connections, |c| addresses.contains(&c.facts.peer) && c.observation.failed());
    let routes = host.all().filter(|observation| {
        observation.failed()
            && matches!(&observation.facts, Facts::Route(f) if addresses.contains(&f.destination))
    });
    let confidence =
        if why == Suspicion::Private { Confidence::Likely } else { Confidence::Confirmed };
    let text = Text::new(variant(why))
        .with("hub", &evidence.target.hub)
        .with("address", listed(&addresses));
    Proof::confirmed(Effect::Blocks, text, named_by)
        .with_confidence(confidence)
        .explaining(observations(&reached))
        .explaining(routes)
        .alone()
}

/// What speaks against an address at which no IoT Hub answered.
fn suspicion(
    host: &View<'_>,
    address: IpAddr,
    connections: &[Connection<'_>],
) -> Option<Suspicion> {
    let answers: Vec<Answer<'_>> = host.answers(Role::Hub).collect();
    let elsewhere = connections.iter().any(|c| c.facts.peer != address && c.is_genuine());
    let pinned = answers.iter().any(|a| a.facts.hosts_file.contains(&address));
    let by_a_server =
        answers.iter().any(|a| !a.facts.from_hosts_file() && a.facts.ips().any(|ip| ip == address));
    let by_others = answers.iter().any(|a| !a.facts.from_hosts_file() && !a.observation.failed());
    let private_endpoint =
        answers.iter().flat_map(|a| &a.facts.canonical_names).any(|n| n.contains(".privatelink."));
    if pinned && !by_a_server && by_others {
        return Some(Suspicion::HostsFile);
    }
    match AddressKind::of(address) {
        AddressKind::Sinkhole | AddressKind::Loopback | AddressKind::LinkLocal => {
            Some(Suspicion::Sinkhole)
        }
        AddressKind::Private if !private_endpoint => Some(Suspicion::Private),
        _ if elsewhere => Some(Suspicion::Contradicted),
        _ => None,
    }
}

fn variant(why: Suspicion) -> &'static str {
    match why {
        Suspicion::Sinkhole => "sinkhole",
        Suspicion::HostsFile => "hosts_file",
        Suspicion::Private => "private",
        Suspicion::Contradicted => "contradicted",
    }
}
