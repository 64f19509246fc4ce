//! A container network's resolvers' answers for the hub's name.

use std::net::IpAddr;

use edgeprobe_facts::dns::{DnsFacts, Resolver};
use edgeprobe_facts::route::signature::Mechanism;
use edgeprobe_facts::{Facts, Observation, Role};

use crate::evidence::{Answer, EdgeReading, Evidence};

pub(in crate::causes) enum ContainersNames<'o> {
    NotAsked,
    /// By these answers.
    Answered(Vec<&'o Observation>),
    /// The network reaches nothing, including its resolvers.
    CutOff,
    BehindAVpn(Box<BehindAVpn<'o>>),
    /// By these answers.
    Failing(Vec<Answer<'o>>),
}

/// Every name server that the network asks lies behind a VPN, and answers the host alone.
pub(in crate::causes) struct BehindAVpn<'o> {
    /// What they answer the network.
    pub(in crate::causes) answers: Vec<Answer<'o>>,
    pub(in crate::causes) servers: Vec<IpAddr>,
    pub(in crate::causes) vpn: Mechanism,
    /// What they answer the host.
    pub(in crate::causes) to_the_host: Vec<&'o Observation>,
}

impl<'o> ContainersNames<'o> {
    pub(in crate::causes) fn from_edge(evidence: &Evidence<'o>, edge: &EdgeReading<'o>) -> Self {
        let answers: Vec<Answer<'o>> = edge.view.deciding_answers(Role::Hub);
        let all = answers.iter().map(|answer| answer.observation);
        let answered: Vec<&Observation> = all.filter(|seen| !seen.failed()).collect();
        let is_cut_off = edge.is_cut_off() || edge.fails_alone();
        match (answers.is_empty(), is_cut_off) {
            (true, _) => Self::NotAsked,
            _ if !answered.is_empty() => Self::Answered(answered),
            (_, true) => Self::CutOff,
            _ => match BehindAVpn::from_answers(evidence, edge, &answers) {
                Some(behind) => Self::BehindAVpn(Box::new(behind)),
                None => Self::Failing(answers),
            },
        }
    }
}

impl<'o> BehindAVpn<'o> {
    fn from_answers(
        evidence: &Evidence<'o>,
        edge: &EdgeReading<'o>,
        answers: &[Answer<'o>],
    ) -> Option<Self> {
        if answers.iter().any(Answer::denies) {
            return None;
        }
        let behind = behind_a_vpn(evidence, edge)?;
        let (_, vpn) = behind.first()?;
        let servers: Vec<IpAddr> = behind.iter().map(|(server, _)| *server).collect();
        let to_the_host = answers_to_the_host(evidence, &servers);
        let carries = behind.iter().any(|(_, vpn)| carries_the_network(edge, vpn));
        let vpn = vpn.clone();
        let answers = answers.to_vec();
        (!carries && !to_the_host.is_empty()).then_some(Self { answers, servers, vpn, to_the_host })
    }
}

/// The name servers that the network asks, with the VPN that the kernel leads its questions to;
/// nothing where one of them lies elsewhere.
fn behind_a_vpn(
    evidence: &Evidence<'_>,
    edge: &EdgeReading<'_>,
) -> Option<Vec<(IpAddr, Mechanism)>> {
    let known = known_servers(evidence);
    edge.ways
        .iter()
        .map(|(_, way)| way.destination)
        .filter(|destination| known.contains(destination))
        .map(|server| {
            // A network without IPv6 reaches no IPv6 server, VPN or not.
            let mut mechanisms = edge.mechanisms(server).into_iter().filter(|_| server.is_ipv4());
            Some((server, mechanisms.find(|it| it.vpn.is_some() && it.interface.is_some())?))
        })
        .collect()
}

/// The addresses that are known to be name servers. The kernel was asked for routes to other
/// addresses too.
fn known_servers(evidence: &Evidence<'_>) -> Vec<IpAddr> {
    let asked = evidence.all().iter().filter_map(|observation| match &observation.facts {
        Facts::Dns(DnsFacts { resolver: Resolver::Server(at), .. }) => Some(at.ip()),
        _ => None,
    });
    let given = evidence.engine().into_iter().flat_map(|(_, engine)| engine.settings.dns.clone());
    asked.chain(given).collect()
}

/// Whether the VPN carries the network's connections to the hub. Then it passes the network's
/// packets, and something else stops its questions.
fn carries_the_network(edge: &EdgeReading<'_>, vpn: &Mechanism) -> bool {
    edge.opened.iter().any(|connection| {
        let mechanisms = edge.mechanisms(connection.facts.peer);
        mechanisms.iter().any(|mechanism| mechanism.interface == vpn.interface)
    })
}

/// The host's answers from these servers.
fn answers_to_the_host<'o>(evidence: &Evidence<'o>, servers: &[IpAddr]) -> Vec<&'o Observation> {
    let asked = |answer: &Answer<'_>| matches!(answer.facts.resolver, Resolver::Server(at) if servers.contains(&at.ip()));
    let host = evidence.host();
    let answers: Vec<Answer<'o>> = host.answers(Role::Hub).filter(asked).collect();
    answers.into_iter().map(|answer| answer.observation).filter(|seen| !seen.failed()).collect()
}
