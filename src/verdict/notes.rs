//! What is worth knowing of a device and is no fault.

use super::Note;
use super::catalogue::message;
use super::evidence::{Evidence, Pin, PinnedBy, pins};
use super::rule::ids;
use super::words::listed;
use edgeprobe_facts::Role;
use edgeprobe_language::{Language, Text};

/// The notes of a run, in the order of the way to the hub.
pub(super) fn notes(evidence: &Evidence<'_>, language: Language) -> Vec<Note> {
    let pinned_by_a_file = |pin: &Pin<'_>| !matches!(pin.by, PinnedBy::SearchList(_));
    let pins = pins(evidence).into_iter().filter(pinned_by_a_file);
    let right = pins.filter(|pin| is_right(evidence, pin));
    right.map(|pin| pinned(evidence, &pin, language)).collect()
}

/// Whether IoT Hub answers at an address that is pinned, or the name servers say the same.
fn is_right(evidence: &Evidence<'_>, pin: &Pin<'_>) -> bool {
    let views = evidence.views();
    let answers = || views.iter().flat_map(|view| view.connections(Role::Hub));
    let is_the_hubs = answers().any(|it| it.is_genuine() && pin.addresses.contains(&it.facts.peer));
    let said = views.iter().flat_map(|view| view.answers(Role::Hub));
    let mut said = said.filter(|answer| !answer.facts.from_hosts_file());
    is_the_hubs || said.any(|answer| answer.facts.ips().any(|it| pin.addresses.contains(&it)))
}

fn pinned(evidence: &Evidence<'_>, pin: &Pin<'_>, language: Language) -> Note {
    let is_an_option = pin.by == PinnedBy::CreateOptions;
    let key = if is_an_option { "note.extra_hosts" } else { "note.hosts_file" };
    let text = Text::new(key)
        .with("module", &pin.module)
        .with("hub", &evidence.target.hub)
        .with("address", listed(&pin.addresses));
    Note { text: message(&text, language), evidence: ids([pin.seen]) }
}
