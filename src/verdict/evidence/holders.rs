//! Who holds the ports that Edge Hub maps, as far as it could be seen.

use edgeprobe_facts::Observation;
use edgeprobe_facts::ports::{Holder, PortFacts};

use super::Evidence;

/// The processes that hold ports for an engine's containers.
const ENGINES: [&str; 4] = ["docker-proxy", "dockerd", "rootlessport", "conmon"];

impl<'o> Evidence<'o> {
    /// The ports that Edge Hub does not hold and could not bind, as far as the run saw.
    pub(crate) fn missed_ports(&self) -> impl Iterator<Item = (&'o Observation, &'o PortFacts)> {
        self.ports().filter(|(port, facts)| port.failed() && !facts.has_edge_hub())
    }

    /// Whether Edge Hub itself may hold this port: the engine does not list its containers, and one
    /// of the engine's own processes or an unseen process holds the port. Each port counts alone,
    /// because a deployment may map only some of them.
    pub(crate) fn may_be_edge_hubs(&self, facts: &PortFacts) -> bool {
        let engine = self.engine().map(|(engine, _)| engine);
        let answers = match engine {
            // An engine that was not asked counts like one that does not answer.
            Some(engine) => engine.failure.is_none(),
            None => !facts.tables_unread,
        };
        if answers {
            return false;
        }
        facts.holders.iter().any(is_an_engines) || facts.holders.iter().all(is_unseen)
    }
}

fn is_an_engines(holder: &Holder) -> bool {
    let process = holder.process.as_deref();
    holder.container.is_some() || process.is_some_and(|name| ENGINES.contains(&name))
}

fn is_unseen(holder: &Holder) -> bool {
    holder.pid.is_none() && holder.container.is_none()
}
