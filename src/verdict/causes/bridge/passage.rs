//! What this host does with the packets of a container network.

use std::net::IpAddr;

use edgeprobe_facts::Observation;
use edgeprobe_facts::route::decision::{Flow, decide};
use edgeprobe_facts::route::edge::{EdgeRouteFacts, Lookup};
use edgeprobe_facts::route::tables::{ReversePathFilter, Route, Tables};
use edgeprobe_facts::trace::{Stage, Trace};

use crate::evidence::EdgeReading;

/// What happens to the packets on this host, as far as the followed ones show it.
pub(super) enum Passage<'o> {
    /// Connections open.
    Opens,
    /// The engine keeps the network inside, by rules of its own.
    KeptInside,
    /// The kernel forwards nothing.
    NotForwarded(NotForwarded<'o>),
    /// A filter takes a packet.
    Filtered(&'o Observation, &'o Trace),
    /// Something takes the replies that the kernel would forward.
    RepliesTaken(&'o Observation),
    /// No packet was followed, and nothing but a filter or a missing translation is left.
    NotFollowed,
    /// A packet leaves under the address of its container.
    NotTranslated(&'o Observation, &'o Trace),
    /// A packet leaves under an address that this host does not have.
    TranslatedToAnother(&'o Observation, &'o Trace),
    /// The replies arrive by another interface than the kernel sends by.
    RepliesUnexpected(&'o Observation, &'o Trace),
    /// The kernel has no way, IPsec takes the packets, or nothing is lost here.
    Otherwise,
}

/// Where the kernel forwards nothing.
#[derive(Clone, Copy)]
pub(super) enum NotForwarded<'o> {
    Anywhere,
    FromTheBridge,
    /// What comes in by this interface, which the network's packets leave by.
    FromTheUplink(&'o str),
}

impl<'o> Passage<'o> {
    /// The passage of a network's packets to these addresses.
    pub(super) fn from_edge(edge: &EdgeReading<'o>, next: &[IpAddr]) -> Self {
        let may_be_filtered =
            edge.is_cut_off() && has_a_way(edge, next) && edge.taken_by_ipsec().is_none();
        let reply = edge.vanished(&[Stage::ReplyLost]);
        let unexpected = reply.filter(|(_, trace)| filters_reverse_paths(edge, trace));
        let is_forwarded = |(_, trace): &(&Observation, &Trace)| {
            unexpected.is_none() && came_in_where_it_is_forwarded(edge, trace)
        };
        let is_silent = |(_, way): (_, &EdgeRouteFacts)| way.gateway_answers == Some(false);
        let untranslated = edge.vanished(&[Stage::LeftUntranslated]);
        let not_forwarded = not_forwarded(edge, next);
        match (taken(edge), reply.filter(is_forwarded), untranslated, unexpected) {
            _ if !edge.opened.is_empty() => Self::Opens,
            _ if edge.is_internal && edge.is_cut_off() => Self::KeptInside,
            _ if let Some(not_forwarded) = not_forwarded => Self::NotForwarded(not_forwarded),
            (Some((seen, trace)), ..) if may_be_filtered => Self::Filtered(seen, trace),
            (_, Some((seen, _)), ..) if may_be_filtered => Self::RepliesTaken(seen),
            _ if may_be_filtered
                && edge.traces.is_empty()
                && !edge.ways_to(next).any(is_silent) =>
            {
                Self::NotFollowed
            }
            (_, _, Some((seen, trace)), _) if edge.is_cut_off() => Self::NotTranslated(seen, trace),
            (.., Some((seen, trace))) => Self::RepliesUnexpected(seen, trace),
            _ => match translated_to_another(edge).filter(|_| edge.is_cut_off()) {
                Some((seen, trace)) => Self::TranslatedToAnother(seen, trace),
                None => Self::Otherwise,
            },
        }
    }
}

/// A packet that left under an address which no interface of this host has, so that no answer finds
/// its way here.
fn translated_to_another<'o>(edge: &EdgeReading<'o>) -> Option<(&'o Observation, &'o Trace)> {
    let (_, tables) = edge.tables.filter(|(_, tables)| tables.complete)?;
    let (seen, trace) = edge.vanished(&[Stage::NoReply])?;
    let source = IpAddr::V4(*trace.left.first()?.source.ip());
    let own = tables.addresses.iter().any(|address| address.network.addr() == source);
    (!own && !tables.addresses.is_empty()).then_some((seen, trace))
}

/// Whether the kernel has a way there and back.
fn has_a_way(edge: &EdgeReading<'_>, next: &[IpAddr]) -> bool {
    edge.ways_to(next)
        // The kernel is not asked about IPv6, which the network does not have.
        .filter(|(_, way)| way.forward != Lookup::NotAsked)
        .all(|(_, way)| way.forward.way().is_some() && way.back.way().is_some())
}

/// A packet that was lost on this host where a filter can have taken it, one whose rule is known
/// first: packets that are followed at once share the rules' counters.
fn taken<'o>(edge: &EdgeReading<'o>) -> Option<(&'o Observation, &'o Trace)> {
    let named = |trace: &Trace| !trace.dropped_by.is_empty();
    let stopped = |trace: &Trace| match trace.stage {
        Stage::LostInside | Stage::RejectedByHost => !edge.is_given_up(trace),
        // A filter on the bridge's port may take it, or something before the bridge.
        Stage::NotEntered => named(trace),
        _ => false,
    };
    let mut lost: Vec<_> = edge.traces.iter().filter(|(_, trace)| stopped(trace)).collect();
    lost.sort_by_key(|(_, trace)| !named(trace));
    lost.first().map(|(seen, trace)| (*seen, *trace))
}

/// Whether the kernel forwards what comes in by the interface that the reply came in by.
fn came_in_where_it_is_forwarded(edge: &EdgeReading<'_>, trace: &Trace) -> bool {
    let (Some((_, tables)), Some(reply)) = (edge.tables, &trace.reply) else { return true };
    tables.link(&reply.interface).and_then(|link| link.forwarding) != Some(false)
}

/// Where the kernel forwards nothing of the network's packets or of their answers.
fn not_forwarded<'o>(edge: &EdgeReading<'o>, next: &[IpAddr]) -> Option<NotForwarded<'o>> {
    let (_, tables) = edge.tables?;
    let bridge = tables.link(&edge.network.bridge).and_then(|link| link.forwarding);
    match (tables.ip_forward, bridge, silent_uplink(edge, tables, next)) {
        (Some(false), ..) => Some(NotForwarded::Anywhere),
        (_, Some(false), _) => Some(NotForwarded::FromTheBridge),
        (.., Some(uplink)) => Some(NotForwarded::FromTheUplink(uplink)),
        (.., None) => None,
    }
}

/// The interface that packets of the network leave by, where the kernel forwards none of the answers
/// that come in by it.
fn silent_uplink<'o>(edge: &EdgeReading<'o>, tables: &Tables, next: &[IpAddr]) -> Option<&'o str> {
    // A packet that is lost before it leaves, or whose answer reaches the bridge, is not lost for this.
    let comes_back = edge.traces.is_empty() || edge.vanished(&[Stage::ReplyLost]).is_some();
    edge.ways_to(next)
        .filter(|(_, way)| comes_back && !matches!(way.reply, Lookup::Found(_)))
        .filter_map(|(_, way)| way.forward.interface())
        .find(|name| tables.link(name).and_then(|link| link.forwarding) == Some(false))
}

/// Whether the interface that the reply came in by checks reverse paths strictly, and the kernel
/// would send to its sender by another one.
fn filters_reverse_paths(edge: &EdgeReading<'_>, trace: &Trace) -> bool {
    let (Some((_, tables)), Some(reply)) = (edge.tables, &trace.reply) else { return false };
    let filter = tables.link(&reply.interface).and_then(|link| link.rp_filter);
    // The reply is for the container by then: its address is what the way back starts from.
    let source = trace.entered.map(|own| IpAddr::V4(*own.ip()));
    let flow = Flow { source, ..Flow::own(IpAddr::V4(reply.from)) };
    let way = decide(tables, &flow).and_then(|decision| decision.route).and_then(Route::interface);
    filter == Some(ReversePathFilter::Strict) && way != Some(reply.interface.as_str())
}
