//! The host's other uplinks, and what was reached by them.

use edgeprobe_facts::dns::{DnsFacts, Resolver};
use edgeprobe_facts::endpoint::Detour;
use edgeprobe_facts::{Facts, Observation, Role};

use crate::evidence::{Connection, View, was_answered};

/// The controls by another interface than this one that were answered: connections to the hub that
/// opened, then answers for its name.
pub(in crate::causes) fn opened_by_another_uplink<'o>(
    host: &View<'o>,
    interface: &str,
) -> Vec<&'o Observation> {
    let by_another = |name: Option<&str>| name.is_some_and(|name| name != interface);
    // A server that also answers by the usual way shows nothing of another one.
    let answers_anyway = |resolver: &Resolver| {
        host.answers(Role::Hub)
            .any(|own| own.facts.resolver == *resolver && was_answered(own.observation))
    };
    let by = |connection: &Connection<'o>| match &connection.facts.detour {
        Some(Detour::Interface(name)) => Some(name.as_str()),
        _ => None,
    };
    let tried: Vec<Connection<'o>> = host.connections(Role::Detour).collect();
    let names = host
        .answers(Role::Detour)
        .filter(|answer| !answers_anyway(&answer.facts.resolver))
        .filter(|answer| was_answered(answer.observation))
        .filter(|answer| by_another(answer.facts.interface.as_deref()))
        .map(|answer| answer.observation);
    let connections = tried.iter().filter(|it| it.connected() && by_another(by(it)));
    connections.map(|connection| connection.observation).chain(names).collect()
}

/// The interface that a control was taken by.
pub(in crate::causes) fn interface(control: &Observation) -> Option<&str> {
    if let Facts::Dns(DnsFacts { interface, .. }) = &control.facts {
        return interface.as_deref();
    }
    match control.facts.endpoint()?.detour.as_ref()? {
        Detour::Interface(name) => Some(name),
        Detour::SmallSegments | Detour::Tls12 => None,
    }
}
