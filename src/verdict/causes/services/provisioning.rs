//! The state of the way to the provisioning service.

use edgeprobe_facts::endpoint::Via;
use edgeprobe_facts::{Observation, Role};

use crate::Way;
use crate::causes::shared::{observations, those};
use crate::evidence::{Answer, Connection, Evidence};

pub(super) enum Provisioning<'o> {
    NotAsked,
    /// By these connections.
    Reached(Vec<Connection<'o>>),
    /// The hub fails at the same step, for the same reason.
    LostWithTheHub,
    Lost(Lost<'o>),
}

/// How it is lost.
pub(super) enum Lost<'o> {
    /// No connection gets there.
    Connections(Vec<Connection<'o>>),
    /// Its name has no address, by these answers.
    Name(Vec<Answer<'o>>),
    /// A proxy leads to it, and the proxy's name has no address, by these answers.
    ProxysName { host: String, via: Via, answers: Vec<Answer<'o>> },
}

impl<'o> Lost<'o> {
    /// The failures that show the loss.
    pub(super) fn seen(&self) -> Vec<&'o Observation> {
        match self {
            Self::Connections(connections) => observations(connections),
            Self::Name(answers) | Self::ProxysName { answers, .. } => {
                answers.iter().map(|answer| answer.observation).collect()
            }
        }
    }
}

impl<'o> Provisioning<'o> {
    pub(super) fn from_evidence(evidence: &Evidence<'o>) -> Self {
        let connections = evidence.provisioning();
        let reached = those(&connections, |connection| !connection.observation.failed());
        let names = evidence.host().deciding_answers(Role::Provisioning);
        let lost = match (connections.is_empty(), names.is_empty()) {
            _ if !reached.is_empty() => return Self::Reached(reached),
            (false, _) => Some(Lost::Connections(connections)),
            (true, true) => lost_proxy(evidence),
            (true, false) => all_failed(names).map(Lost::Name),
        };
        let Some(lost) = lost else { return Self::NotAsked };
        let first = lost.seen().first().copied();
        match first.and_then(|first| evidence.shared_with_the_hub(first)) {
            Some(_) => Self::LostWithTheHub,
            None => Self::Lost(lost),
        }
    }
}

/// The proxy that leads to the service has a name, and no resolver here has an address for it.
fn lost_proxy<'o>(evidence: &Evidence<'o>) -> Option<Lost<'o>> {
    let host = evidence.target.provisioning_by(evidence.all())?;
    let Way::By(via) = evidence.target.way_to_provisioning(&host, evidence.all()) else {
        return None;
    };
    let answers = all_failed(evidence.host().proxy_answers(&via))?;
    Some(Lost::ProxysName { host, via, answers })
}

fn all_failed(answers: Vec<Answer<'_>>) -> Option<Vec<Answer<'_>>> {
    answers.iter().all(|answer| answer.observation.failed()).then_some(answers)
}
