//! What this device has: its engine, its images, the runtime's configuration, its identity.

use edgeprobe_facts::engine::{Container, EngineFacts};
use edgeprobe_facts::registry::{Reference, RegistryFacts};
use edgeprobe_facts::runtime::{Part, RuntimeFacts};
use edgeprobe_facts::{Facts, Observation, Outcome};

use super::Evidence;

/// Whether what a registry serves is on this device already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// The engine has the image, or, where none is named, an image of the registry.
    Here,
    /// The engine does not have it, or there is no engine yet.
    Absent,
    /// The engine did not tell.
    Unknown,
}

impl<'o> Evidence<'o> {
    /// What the engine says of itself, where it answered.
    pub(crate) fn engine(&self) -> Option<(&'o Observation, &'o EngineFacts)> {
        self.engine
    }

    /// The installed runtime's configuration, where it was read.
    pub(crate) fn runtime(&self) -> Option<&'o RuntimeFacts> {
        self.all().iter().find_map(|observation| match &observation.facts {
            Facts::Runtime(facts) => Some(&**facts),
            _ => None,
        })
    }

    /// The runtime's configuration, where a runtime is installed.
    pub(crate) fn installed_runtime(&self) -> Option<(&'o Observation, &'o RuntimeFacts)> {
        self.all().iter().find_map(|observation| match &observation.facts {
            Facts::Runtime(facts) if facts.generation.is_some() => Some((observation, &**facts)),
            _ => None,
        })
    }

    /// Whether the runtime is configured with credentials for this registry.
    pub(crate) fn runtime_signs_in(&self, facts: &RegistryFacts) -> bool {
        self.runtime().is_some_and(|runtime| {
            runtime.registries.iter().any(|setting| {
                Reference::parse_registry(&setting.value)
                    .is_ok_and(|known| known.registry() == facts.registry)
            })
        })
    }

    /// Whether Edge Agent runs on this device, so that the device has its identity; nothing where
    /// the engine did not tell.
    pub(crate) fn edge_agent_runs(&self) -> Option<bool> {
        let (observation, facts) = self.engine()?;
        match observation.outcome {
            Outcome::Pass => Some(facts.containers.iter().any(Container::is_edge_agent)),
            // An engine that could not be asked may still run it.
            Outcome::Skipped => observation.failure.is_none().then_some(false),
            Outcome::Fail => None,
        }
    }

    /// Whether the engine has what this registry was asked for.
    pub(crate) fn presence(&self, facts: &RegistryFacts) -> Presence {
        let Some((observation, engine)) = self.engine() else { return Presence::Unknown };
        match (observation.outcome, &observation.failure) {
            (Outcome::Skipped, None) => return Presence::Absent,
            (Outcome::Skipped, Some(_)) => return Presence::Unknown,
            _ => {}
        }
        let running = engine.containers.iter().map(|container| &container.image);
        let names = engine.images.iter().flatten().chain(running);
        let whole = facts.whole();
        let is_it = |name: &String| {
            Reference::parse_image(name).is_ok_and(|known| match facts.image {
                Some(_) => known.to_string() == whole,
                None => known.registry() == facts.registry,
            })
        };
        if names.into_iter().any(is_it) {
            Presence::Here
        } else if engine.images.is_some() {
            Presence::Absent
        } else {
            Presence::Unknown
        }
    }

    /// The part that has the device's identity, and those of its modules, given by the hub: the
    /// identity service, or before 1.2 the daemon itself. Nothing where neither's settings were seen.
    pub(crate) fn gives_identities(&self) -> Option<Part> {
        let settings = self.proxy_settings();
        let daemons = [Part::IdentityService, Part::Daemon];
        daemons.into_iter().find(|part| settings.iter().any(|setting| setting.part == *part))
    }
}
