//! The way from a name to an address.

pub(super) mod containers;
pub(super) mod dns_container_failure;
pub(super) mod dns_hijack;
pub(super) mod dns_host_failure;
pub(super) mod hub_name_unknown;

use edgeprobe_facts::{Observation, Role};

use crate::evidence::{Answer, Evidence, Knowledge};

/// The host's resolvers' answers for the hub's name.
enum HostsNames<'o> {
    NotAsked,
    /// Programs get an address, by these answers.
    Resolved(Vec<&'o Observation>),
    /// The servers deny every name of the internet, the hub's and the control's, by these answers.
    IgnorantServers(Vec<Answer<'o>>),
    /// No server denies the name, and none has an address for programs.
    Unanswered,
    /// A private zone that replaces the public one lacks the hub's record.
    NoPrivateRecord,
    /// A server denies the name, and another source knows it.
    Disputed(Knowledge<'o>),
    /// A server denies the name, and another here gives a wrong answer.
    Contradicted,
    /// A server denies the name, and no source knows it.
    Denied,
}

impl<'o> HostsNames<'o> {
    fn from_evidence(evidence: &Evidence<'o>) -> Self {
        let host = evidence.host();
        let answers: Vec<Answer<'o>> = host.answers(Role::Hub).collect();
        let deciding = host.deciding_answers(Role::Hub).into_iter().map(|it| it.observation);
        let resolved: Vec<&Observation> = deciding.filter(|seen| !seen.failed()).collect();
        let of_everything = host.denials_of_everything();
        let is_denied = answers.iter().any(Answer::denies);
        let lacks_record = answers.iter().any(|answer| answer.lacking_record().is_some());
        let another_answers = answers.iter().any(|answer| !answer.observation.failed());
        match evidence.knowing_the_hub().into_iter().next() {
            _ if answers.is_empty() => Self::NotAsked,
            _ if !resolved.is_empty() => Self::Resolved(resolved),
            _ if !of_everything.is_empty() => Self::IgnorantServers(of_everything),
            _ if !is_denied => Self::Unanswered,
            _ if lacks_record && another_answers => Self::Contradicted,
            _ if lacks_record => Self::NoPrivateRecord,
            Some(known) => Self::Disputed(known),
            None if another_answers => Self::Contradicted,
            None => Self::Denied,
        }
    }
}
