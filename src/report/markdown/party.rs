//! Who has to act on a cause, and what to write to them.

use crate::language::{Language, Text, Word};
use crate::report::Report;
use crate::report::words::say;
use crate::verdict::{Cause, Party};

/// The sentence to the one who has to act; nothing where the report does not say who that is.
pub(super) fn asked(cause: &Cause, report: &Report, language: Language) -> Option<String> {
    let party = cause.id.ended_by();
    let key = match party {
        Party::Device => "markdown.ask.device",
        Party::Network => "markdown.ask.network",
        Party::Vpn => "markdown.ask.vpn",
        Party::Azure => "markdown.ask.azure",
        Party::Unknown => return None,
    };
    let target = &report.target;
    let hub = target.parent.as_ref().unwrap_or(&target.hub);
    let mut text = Text::new(key).with("summary", &cause.summary);
    if party == Party::Device {
        // What to do first is the request.
        text = text.with("remedy", &cause.remedy.first()?.text);
    } else if hub.is_empty() {
        return None;
    }
    let ports = target.protocols.iter().map(|transport| transport.default_port()).chain([443]);
    let ports: std::collections::BTreeSet<u16> = ports.collect();
    let ports = Word::listed(ports.into_iter().map(|port| port.to_string()));
    Some(say(&text.with("hub", hub).with("ports", ports), language))
}
