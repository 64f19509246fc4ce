//! One question, asked where it belongs.

use std::sync::Arc;

use edgeprobe_facts::route::tables::Tables;
use edgeprobe_facts::{Facts, Observation, Vantage};
use edgeprobe_probes::vantage::NetworkQuestion;
use edgeprobe_probes::{Timeline, dns, engine, hostname, ports, registry, route, trace, vantage};

use super::Means;
use super::joined_networks::JoinedNetworks;
use crate::plan::{Ask, Question};

/// What every question needs.
#[derive(Clone)]
pub(super) struct Asker {
    pub(super) timeline: Timeline,
    pub(super) means: Means,
    pub(super) joined: JoinedNetworks,
    /// The firewall's rules, as the traces share them.
    pub(super) rules: trace::Readings,
}

impl Asker {
    /// Asks. `None` where the question cannot be asked any more, because its joined is gone.
    pub(super) async fn ask(self, ask: Ask, tables: Option<Arc<Tables>>) -> Option<Observation> {
        let Ask { vantage, question } = ask;
        match question {
            Question::Join { edge } => {
                let network = edge.network.clone();
                let joining =
                    vantage::join(self.timeline, network, &edge.residents, &self.means.containers);
                let (observation, joined) = joining.await;
                self.joined.keep(vantage, joined);
                Some(observation)
            }
            Question::Enter { edge, module } => {
                let network = edge.network.clone();
                let (observation, joined) =
                    vantage::enter(self.timeline, &vantage, network, &module).await;
                self.joined.keep(vantage, joined);
                Some(observation)
            }
            Question::Trace { edge, destination } => {
                let joined = self.joined.get(&vantage)?;
                let place = joined.place()?;
                let tables = tables?;
                let network = &edge.network;
                let rules = &self.rules;
                let following = trace::follow(
                    self.timeline,
                    &vantage,
                    network,
                    place,
                    &tables,
                    destination,
                    rules,
                );
                Some(following.await)
            }
            Question::Server { server, name, role } => {
                self.ask_network(vantage, NetworkQuestion::Server { server, name, role }).await
            }
            Question::Container { resolver, name, role } => {
                self.ask_network(vantage, NetworkQuestion::Container { resolver, name, role }).await
            }
            Question::Connect { endpoint, peer } => {
                self.ask_network(vantage, NetworkQuestion::Connect { endpoint, peer }).await
            }
            question => self.of_the_host(vantage, question).await,
        }
    }

    /// Asks what can be asked from anywhere, where it belongs.
    async fn ask_network(self, vantage: Vantage, question: NetworkQuestion) -> Option<Observation> {
        if vantage == Vantage::Host {
            return Some(question.ask(self.timeline, &vantage, &self.means.trust).await);
        }
        let joined = self.joined.get(&vantage)?;
        let answer = joined.ask(self.timeline, vantage, self.means.trust, question).await;
        answer.map_err(|error| tracing::error!("{error}")).ok()
    }

    /// Asks what only the host can be asked.
    async fn of_the_host(self, vantage: Vantage, question: Question) -> Option<Observation> {
        let timeline = self.timeline;
        let observation = match question {
            Question::System { name, role } => {
                dns::ask_system(timeline, &vantage, &name, role).await
            }
            Question::ServerBy { server, name, interface } => {
                dns::ask_server_by(timeline, &vantage, server, &name, &interface).await
            }
            Question::Route { destination } => route::probe(timeline, &vantage, destination).await,
            Question::Tables => route::probe_tables(timeline, &vantage).await,
            Question::Port { port, addresses, containers } => {
                ports::probe(timeline, &vantage, port, &addresses, &containers).await
            }
            Question::Hostname { given } => hostname::read(timeline, &vantage, given.as_deref()),
            Question::Engine => engine::inspect(timeline, &vantage).await,
            Question::EdgeRoute { edge, destination } => {
                route::edge::probe(timeline, edge.network, destination).await
            }
            Question::Registry { query } => {
                let access = &self.means.registry_access;
                registry::probe(timeline, &vantage, &query, access, &self.means.trust).await
            }
            Question::Server { .. }
            | Question::Connect { .. }
            | Question::Container { .. }
            | Question::Join { .. }
            | Question::Enter { .. }
            | Question::Trace { .. } => return None,
        };
        Some(observation)
    }
}

/// The host's tables, if they have been read.
pub(super) fn tables(seen: &[Observation]) -> Option<Arc<Tables>> {
    seen.iter().find_map(|observation| match &observation.facts {
        Facts::RouteTables(tables) => Some(Arc::new((**tables).clone())),
        _ => None,
    })
}
