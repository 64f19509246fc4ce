//! One question, asked where it belongs.

use std::sync::Arc;

use edgeprobe_probes::endpoint::TrustStores;
use edgeprobe_probes::registry::{self, Access};
use edgeprobe_probes::route::tables::Tables;
use edgeprobe_probes::{
    Facts, Observation, Timeline, Vantage, dns, endpoint, engine, ports, route, trace, vantage,
};

use super::foothold::Footholds;
use crate::plan::{Ask, Question};

/// What every question needs.
#[derive(Clone)]
pub(super) struct Asker {
    pub(super) timeline: Timeline,
    pub(super) trust: TrustStores,
    pub(super) footholds: Footholds,
    pub(super) registry_access: Access,
}

impl Asker {
    /// Asks. `None` where the question cannot be asked any more, because its foothold is gone.
    pub(super) async fn ask(self, ask: Ask, tables: Option<Arc<Tables>>) -> Option<Observation> {
        let Ask { vantage, question } = ask;
        match question {
            Question::Join { edge } => {
                let (observation, foothold) =
                    vantage::join(self.timeline, edge.network.clone(), &edge.residents).await;
                self.footholds.keep(vantage, foothold);
                Some(observation)
            }
            Question::Trace { edge, destination } => {
                let place = self.footholds.place(&vantage)?;
                let tables = tables?;
                let network = &edge.network;
                Some(trace::follow(self.timeline, network, &place, &tables, destination).await)
            }
            question => match vantage {
                Vantage::Host => self.simple(vantage, question).await,
                Vantage::Bridge(_) => {
                    let place = self.footholds.place(&vantage)?;
                    let answer = place.run(move || self.simple(vantage, question)).await;
                    answer.map_err(|error| tracing::error!("{error}")).ok().flatten()
                }
            },
        }
    }

    /// Asks a question that needs nothing but the thread that it is asked on.
    async fn simple(self, vantage: Vantage, question: Question) -> Option<Observation> {
        let timeline = self.timeline;
        let observation = match question {
            Question::System { name, role } => {
                dns::ask_system(timeline, &vantage, &name, role).await
            }
            Question::Server { server, name, role } => {
                dns::ask_server(timeline, &vantage, server, &name, role).await
            }
            Question::ServerBy { server, name, interface } => {
                dns::ask_server_by(timeline, &vantage, server, &name, &interface).await
            }
            Question::Route { destination } => route::probe(timeline, &vantage, destination).await,
            Question::Tables => route::probe_tables(timeline, &vantage).await,
            Question::Connect { endpoint, peer } => {
                endpoint::probe(timeline, &vantage, &endpoint, peer, &self.trust).await
            }
            Question::Port { port, containers } => {
                ports::probe(timeline, &vantage, port, &containers).await
            }
            Question::Engine => engine::inspect(timeline, &vantage).await,
            Question::EdgeRoute { edge, destination } => {
                route::edge::probe(timeline, edge.network, destination).await
            }
            Question::Registry { query } => {
                let access = &self.registry_access;
                registry::probe(timeline, &vantage, &query, access, &self.trust).await
            }
            Question::Join { .. } | Question::Trace { .. } => return None,
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
