//! What it does to this device that a registry or the provisioning service is not reached.

use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::runtime::Part;
use edgeprobe_facts::{Facts, Observation};

use super::{Evidence, Presence, RegistryReading, View, is_of_a_service};
use crate::{Confidence, Effect};

impl<'o> Evidence<'o> {
    /// The effect of a registry that does not serve this device: a warning where the image is here
    /// or where the user named no registry.
    pub(crate) fn effect_of_registry(&self, reading: &RegistryReading<'_>) -> Effect {
        let mirrored = reading.facts.registry == "docker.io"
            && self.engine().is_some_and(|(_, facts)| facts.settings.registry_mirrors.is_some());
        if reading.is_by_default() || mirrored {
            return Effect::Warns;
        }
        match self.presence(reading.facts) {
            Presence::Here => Effect::Warns,
            Presence::Absent => Effect::Blocks,
            Presence::Unknown => Effect::Degrades,
        }
    }

    /// The effect of a lost provisioning service. A device with an identity keeps it.
    pub(crate) fn effect_of_provisioning(&self) -> Effect {
        match self.edge_agent_runs() {
            Some(true) => Effect::Warns,
            Some(false) => Effect::Blocks,
            None => Effect::Degrades,
        }
    }

    /// The effect of a lost proxy on the parts that use it, and the key of its sentence.
    pub(crate) fn effect_on_parts(
        &self,
        view: &View<'_>,
        parts: &[Part],
    ) -> (Effect, &'static str) {
        if view.vantage.is_in_a_container() {
            // Edge Hub needs no proxy where its own port works.
            let direct = view.hub();
            let is_open = |transport: &Transport| {
                direct.iter().any(|c| c.facts.transport == *transport && c.works())
            };
            let own_port = |transport: &&Transport| transport.default_port() != 443;
            return if view.transports().iter().filter(own_port).any(is_open) {
                (Effect::Degrades, "edge_hub")
            } else {
                (Effect::Blocks, "edge_hub_shut_in")
            };
        }
        let gives_identities = self.gives_identities().is_some_and(|part| parts.contains(&part));
        match self.edge_agent_runs() {
            Some(false) if gives_identities => (Effect::Blocks, "identity"),
            _ => (Effect::Degrades, "daemons"),
        }
    }

    /// The effect of this failure of a service.
    pub(crate) fn effect_of_service(&self, failed: &'o Observation) -> Effect {
        match &failed.facts {
            Facts::Registry(facts) => {
                let reading = RegistryReading { observation: failed, facts };
                // A default registry matters only where no other is named, and can only warn.
                if reading.is_by_default() {
                    Effect::Warns
                } else {
                    self.effect_of_registry(&reading)
                }
            }
            _ => self.effect_of_provisioning(),
        }
    }

    /// Whether it is a failure of a service that the verdict has to account for.
    pub(crate) fn misses_a_service(&self, seen: &Observation) -> bool {
        seen.failed() && is_of_a_service(seen) && self.is_a_needed_service(seen)
    }

    /// How sure a finding is that could also come from a fault of the way out.
    pub(crate) fn beside_the_hub(&self) -> Confidence {
        if self.host_reaches_the_hub().is_empty() {
            Confidence::Likely
        } else {
            Confidence::Confirmed
        }
    }
}
