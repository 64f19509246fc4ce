//! The resolvers' answers, from one vantage.

use std::collections::BTreeSet;
use std::net::IpAddr;

use edgeprobe_facts::dns::{DnsFacts, Resolver};
use edgeprobe_facts::{Observation, Role, Token};

use super::View;
use crate::catalogue::Text;
use crate::words::resolver;
use edgeprobe_language::Word;

/// One resolver's answer.
#[derive(Clone, Copy)]
pub(crate) struct Answer<'o> {
    pub(crate) observation: &'o Observation,
    pub(crate) facts: &'o DnsFacts,
}

impl Answer<'_> {
    /// The server that was asked, as a person would write it.
    pub(crate) fn server(&self) -> Word {
        resolver(&self.facts.resolver)
    }

    /// Whether the server works and says that there is no such name, or no address for it.
    pub(crate) fn denies(&self) -> bool {
        denies(self.observation)
    }

    /// The sentence, with the server's address and port as commands take them; the system's own
    /// resolver has none.
    pub(crate) fn to_ask_again(self, text: Text) -> Text {
        match self.facts.resolver {
            Resolver::System => text,
            Resolver::Server(address) => {
                text.with("resolver_address", address.ip()).with("resolver_port", address.port())
            }
        }
    }
}

impl<'o> View<'o> {
    /// Every answer for a name of this role.
    pub(crate) fn answers(&self, role: Role) -> impl Iterator<Item = Answer<'o>> + '_ {
        self.seen.answers.iter().copied().filter(move |answer| answer.facts.role == role)
    }

    /// The answers that decide what programs get: the system's, or, where another resolver was
    /// asked in its place, that one's.
    pub(crate) fn deciding_answers(&self, role: Role) -> Vec<Answer<'o>> {
        let system: Vec<Answer<'o>> =
            self.answers(role).filter(|answer| answer.facts.resolver == Resolver::System).collect();
        if system.is_empty() { self.answers(role).collect() } else { system }
    }

    /// The addresses that a program connecting to the hub would use.
    pub(crate) fn hub_addresses(&self) -> Vec<IpAddr> {
        let addresses = || {
            let answers = self.deciding_answers(Role::Hub);
            let mut known = BTreeSet::new();
            let all = answers.iter().flat_map(|answer| answer.facts.ips());
            all.filter(|address| known.insert(*address)).collect()
        };
        self.seen.hub_addresses.get_or_init(addresses).clone()
    }

    /// The denials by servers that deny the hub's name and the control's, where no server denies
    /// the hub's alone. Such servers know no names of the Internet, and their denial of the hub's
    /// shows nothing.
    pub(crate) fn denials_of_everything(&self) -> Vec<Answer<'o>> {
        let controls: Vec<Answer<'o>> = self.answers(Role::Control).collect();
        let deniers: Vec<Answer<'o>> = self
            .answers(Role::Hub)
            .filter(|answer| answer.denies() && answer.facts.resolver != Resolver::System)
            .collect();
        let on_the_control = |denier: &Answer<'o>| {
            controls.iter().find(|control| control.facts.resolver == denier.facts.resolver).copied()
        };
        let all: Option<Vec<[Answer<'o>; 2]>> = deniers
            .iter()
            // A server that leads to a private endpoint knows the hub's own name.
            .map(|denier| match denier.lacking_record() {
                Some(_) => None,
                None => Some([*denier, on_the_control(denier).filter(Answer::denies)?]),
            })
            .collect();
        all.unwrap_or_default().into_iter().flatten().collect()
    }

    /// Whether this is the failure of a name server behind a stub, while others answer for the
    /// name: the stub may keep the server to one link or one domain, and then asks it for no name of
    /// the hub's.
    pub(crate) fn is_passed_over(&self, failure: &Answer<'_>) -> bool {
        let asked = |answer: &Answer<'_>| answer.facts.name == failure.facts.name;
        let mut answers = self.answers(failure.facts.role).filter(asked);
        let system = answers.find(|answer| answer.facts.resolver == Resolver::System);
        // A line of the hosts file says nothing of the name servers.
        let Some(system) = system.filter(|answer| !answer.facts.from_hosts_file()) else {
            return false;
        };
        let is_behind = |answer: &Answer<'_>| match answer.facts.resolver {
            Resolver::Server(server) => system.facts.behind_stub.contains(&server),
            Resolver::System => false,
        };
        let others_answer = || {
            let mut answers = self.answers(failure.facts.role).filter(asked);
            answers.any(|answer| !answer.observation.failed() && !is_behind(&answer))
        };
        failure.observation.failed() && is_behind(failure) && others_answer()
    }

    /// Whether each of these resolvers answers for the control's name.
    pub(crate) fn answer_for_another(&self, resolvers: &[Answer<'_>]) -> bool {
        let answers = |asked: &Answer<'_>| {
            self.answers(Role::Control).any(|control| {
                control.facts.resolver == asked.facts.resolver && !control.observation.failed()
            })
        };
        !resolvers.is_empty() && resolvers.iter().all(answers)
    }

    /// Whether the hub's name was asked for at all.
    pub(crate) fn name_was_asked(&self) -> bool {
        self.answers(Role::Hub).next().is_some()
    }
}

/// Whether a name server answered that there is no such name, or no address for it.
pub(crate) fn denies(observation: &Observation) -> bool {
    matches!(observation.token(), Some(Token::DnsNxdomain | Token::DnsNoAddress))
}
