//! Registries and the provisioning service.

pub(super) mod image_not_found;
mod provisioning;
pub(super) mod provisioning_unreachable;
pub(super) mod registry_access_denied;
pub(super) mod registry_unreachable;

use crate::Effect;
use crate::evidence::{Evidence, Presence, RegistryReading};

/// The result of a question to a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RegistryState {
    /// The registry refuses, with credentials or without.
    Refused,
    /// It has no such image, or none for this platform.
    NotThere,
    Served,
    /// It was asked by a proxy that the engine does not use.
    SaysNothing,
    /// The hub fails at the same step, for the same reason.
    LostWithTheHub,
    OutOfReach,
}

/// The registries that matter to this device, each with its result.
fn registries<'o>(evidence: &Evidence<'o>) -> Vec<(RegistryReading<'o>, RegistryState)> {
    let state = |reading: &RegistryReading<'o>| match reading {
        _ if reading.is_refused() => RegistryState::Refused,
        _ if reading.is_not_there() => RegistryState::NotThere,
        _ if !reading.observation.failed() => RegistryState::Served,
        _ if evidence.failed_otherwise(reading) => RegistryState::SaysNothing,
        _ if evidence.shared_with_the_hub(reading.observation).is_some() => {
            RegistryState::LostWithTheHub
        }
        _ => RegistryState::OutOfReach,
    };
    evidence.registries().into_iter().map(|reading| (reading, state(&reading))).collect()
}

/// Those of the questions that have this state.
fn in_state<'o>(
    registries: &[(RegistryReading<'o>, RegistryState)],
    state: RegistryState,
) -> Vec<RegistryReading<'o>> {
    let of_it = registries.iter().filter(|(_, own)| *own == state);
    of_it.map(|(reading, _)| *reading).collect()
}

/// The key of the sentence for what it means to this device.
fn consequence(
    evidence: &Evidence<'_>,
    reading: &RegistryReading<'_>,
    effect: Effect,
) -> &'static str {
    match (evidence.presence(reading.facts), effect) {
        _ if reading.is_by_default() => "by_default",
        (_, Effect::Blocks) => "cannot_start",
        (Presence::Here, _) => "is_here",
        _ => "may_be_here",
    }
}
