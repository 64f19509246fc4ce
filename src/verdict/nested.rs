//! Nested edge: this device connects to its parent alone.

use std::net::IpAddr;

use edgeprobe_facts::dns::DnsFacts;
use edgeprobe_facts::{Facts, Observation, Role};

use super::Target;
use super::causes::CauseId;

/// The port that a documented parent opens for its children in addition to the hub's ports.
pub const PARENT_PORT: u16 = 6617;

impl Target {
    /// The parent device, when this one is a child: as the user named it, else as the runtime's
    /// configuration does.
    pub fn parent_by<'a>(&'a self, seen: &'a [Observation]) -> Option<&'a str> {
        let configured = || {
            seen.iter().find_map(|observation| match &observation.facts {
                Facts::Runtime(facts) => facts.parent.as_ref().map(|parent| parent.value.as_str()),
                _ => None,
            })
        };
        self.parent.as_deref().or_else(configured)
    }
}

/// The observations of a child as the rules read them: its parent takes the hub's place, and
/// observations about the hub are left out.
///
/// So every rule about the way to a hub also holds for the way to a parent. `None` for a device
/// that is not a child.
pub(super) fn as_a_child(
    target: &Target,
    observations: &[Observation],
) -> Option<(Target, Vec<Observation>)> {
    let parent = target.parent_by(observations)?;
    let places = addresses(observations, Role::Parent);
    let elsewhere: Vec<IpAddr> = addresses(observations, Role::Hub)
        .into_iter()
        .filter(|address| !places.contains(address))
        .collect();
    let read = observations
        .iter()
        .filter(|observation| !is_about_the_hub(observation, parent, &elsewhere))
        .map(|observation| {
            let mut observation = observation.clone();
            in_the_hubs_place(&mut observation.facts);
            observation
        })
        .collect();
    let target =
        Target { hub: parent.to_owned(), parent: Some(parent.to_owned()), ..target.clone() };
    Some((target, read))
}

/// Whether a cause can be one of a device with this target.
pub(super) fn applies(id: CauseId, target: &Target) -> bool {
    target.parent.is_none() || id.rule().applies_to_a_child
}

fn addresses(observations: &[Observation], role: Role) -> Vec<IpAddr> {
    let names = observations.iter().filter_map(|observation| match &observation.facts {
        Facts::Dns(facts) if facts.role == role => Some(facts),
        _ => None,
    });
    names.flat_map(DnsFacts::ips).collect()
}

fn is_about_the_hub(observation: &Observation, parent: &str, elsewhere: &[IpAddr]) -> bool {
    let anothers = |role: Role, name: &str| {
        role == Role::Hub || (role == Role::Detour && !name.eq_ignore_ascii_case(parent))
    };
    match &observation.facts {
        Facts::Dns(facts) => anothers(facts.role, &facts.name),
        Facts::Route(facts) => elsewhere.contains(&facts.destination),
        Facts::EdgeRoute(facts) => elsewhere.contains(&facts.destination),
        Facts::Trace(trace) => elsewhere.contains(&IpAddr::V4(*trace.destination.ip())),
        facts => facts.endpoint().is_some_and(|facts| anothers(facts.role, &facts.server)),
    }
}

/// A port that a hub does not have keeps its role.
fn in_the_hubs_place(facts: &mut Facts) {
    match facts {
        Facts::Dns(DnsFacts { role: role @ Role::Parent, .. }) => *role = Role::Hub,
        Facts::Tls(facts) | Facts::Websocket(facts) | Facts::Https(facts)
            if facts.role == Role::Parent && facts.port != PARENT_PORT =>
        {
            facts.role = Role::Hub;
        }
        _ => {}
    }
}
