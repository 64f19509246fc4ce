//! What works and what does not, read from the observations apart from all causes.
//!
//! The status never hangs on whether a cause was recognised: a device whose Edge Agent reaches the
//! hub on no transport is blocked, even where nothing documented explains it.

use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::ports::PortFacts;
use edgeprobe_facts::{Observation, Role, Token};

use super::Status;
use super::evidence::{Evidence, Manner, View};
use super::needs::Needs;

/// How Edge Agent fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Agent {
    /// Its first choice works.
    FirstChoice(Transport),
    /// Its first choice fails and a later one works.
    Fallback { first: Transport, manner: Manner, used: Transport },
    /// Every transport that it may use fails.
    Unreachable { first: Manner, last: Manner },
    /// The hub's name has no address.
    Nameless,
    /// Nothing that decides was tested.
    Unknown,
}

/// How Edge Hub fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hub {
    /// Its ports are free, or it was made without any.
    CanStart,
    /// It holds its ports already.
    Running,
    /// Another holds a port of its, or it may not be bound.
    CannotStart,
    /// Its ports were not tested.
    Unknown,
}

/// How Edge Agent fares, seen from where it runs.
pub(super) fn agent(evidence: &Evidence<'_>) -> Agent {
    let view = evidence.agent();
    let tested: Vec<(Transport, bool)> = view
        .transports()
        .iter()
        .filter_map(|transport| Some((*transport, view.works(*transport)?)))
        .collect();
    let working = tested.iter().find(|(_, works)| *works).map(|(transport, _)| *transport);
    if view.name_was_asked() && view.hub_addresses().is_empty() {
        // A proxy looks for the hub by itself. Otherwise, connections that were made to addresses
        // which another vantage knows do not help a program that finds none.
        return match (evidence.is_carried(), working, view.transports().first()) {
            (true, Some(used), Some(first)) if *first == used => Agent::FirstChoice(used),
            (true, Some(used), Some(first)) => {
                Agent::Fallback { first: *first, manner: Manner::Refused, used }
            }
            _ => Agent::Nameless,
        };
    }
    match (tested.first(), working) {
        (None, _) => Agent::Unknown,
        (Some((first, _)), Some(used)) if *first == used => Agent::FirstChoice(used),
        (Some((first, _)), Some(used)) => {
            Agent::Fallback { first: *first, manner: manner(&view, *first), used }
        }
        (Some((first, _)), None) => {
            let last = tested.last().map_or(*first, |(transport, _)| *transport);
            Agent::Unreachable { first: manner(&view, *first), last: manner(&view, last) }
        }
    }
}

/// Whether Edge Agent reaches the hub by no transport, and none was waited for as long as it needs.
pub(super) fn ran_out_of_time(evidence: &Evidence<'_>) -> bool {
    let view = evidence.agent();
    let connections = view.on_the_way();
    let names: Vec<&Observation> =
        view.deciding_answers(Role::Hub).iter().map(|answer| answer.observation).collect();
    let tried: Vec<&Observation> = if connections.is_empty() {
        names
    } else {
        connections.iter().map(|connection| connection.observation).collect()
    };
    !tried.is_empty() && tried.iter().all(|seen| seen.is_cut_short())
}

/// Whether a transport keeps Edge Agent waiting or says no at once.
fn manner(view: &View<'_>, transport: Transport) -> Manner {
    let silent =
        view.on(transport).iter().any(|connection| connection.token() == Some(Token::TimedOut));
    if silent { Manner::Silent } else { Manner::Refused }
}

/// How Edge Hub fares.
pub(super) fn hub(evidence: &Evidence<'_>) -> Hub {
    let mut missed = evidence.missed_ports();
    let taken = |(_, facts): (&Observation, &PortFacts)| !evidence.may_be_edge_hubs(facts);
    let target = evidence.target;
    let maps_nothing =
        target.ports.is_empty() && target.sources.ports.as_deref() == Some("edgeHub");
    if missed.any(taken) {
        Hub::CannotStart
    } else if maps_nothing {
        Hub::CanStart
    } else if evidence.ports().next().is_none() || evidence.missed_ports().next().is_some() {
        Hub::Unknown
    } else if evidence.ports().any(|(_, facts)| facts.has_edge_hub()) {
        Hub::Running
    } else {
        Hub::CanStart
    }
}

/// The status that what works and what does not amounts to.
pub(super) fn status(
    evidence: &Evidence<'_>,
    needs: &Needs<'_>,
    agent: &Agent,
    hub: Hub,
) -> Status {
    let by_agent = match agent {
        Agent::FirstChoice(_) if a_transport_is_lost(evidence) => Some(Status::Degraded),
        Agent::FirstChoice(_) => Some(Status::Healthy),
        Agent::Fallback { .. } => Some(Status::Degraded),
        Agent::Unreachable { .. } | Agent::Nameless => Some(Status::Blocked),
        Agent::Unknown => None,
    };
    let by_hub = match hub {
        Hub::CanStart | Hub::Running => Some(Status::Healthy),
        Hub::CannotStart => Some(Status::Blocked),
        Hub::Unknown => None,
    };
    let mut lost_by_parts = needs.lost_by_other_parts();
    let by_parts = lost_by_parts.any(|need| !evidence.is_unused(&need.from));
    let by_parts = by_parts.then_some(Status::Degraded);
    match by_agent.max(by_hub) {
        // What nothing else is known of, a part's loss alone does not decide.
        None => Status::Inconclusive,
        known => known.max(by_parts).unwrap_or(Status::Inconclusive),
    }
}

/// Whether a transport that Edge Agent may use works nowhere, though another does.
fn a_transport_is_lost(evidence: &Evidence<'_>) -> bool {
    let view = evidence.agent();
    view.transports().iter().any(|transport| view.works(*transport) == Some(false))
}
