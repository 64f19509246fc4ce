//! `high-latency`: the round trip makes throughput suffer.

use edgeprobe_facts::{Outcome, Step};

use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::causes::shared::{at_each_vantage, controls, observations, place, those};
use crate::evidence::{Connection, Evidence, View};
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::{Confidence, Effect};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::TheSame,
    applies_to_a_child: true,
    keeps_out: &[],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Unknown,
    examine,
};

/// Edge Hub sends messages in batches of 10 by default and waits for each batch, so 300 ms hold it
/// below some thirty messages a second for each client.
const SLOW_MS: f64 = 300.0;

/// How many measured times make sure that a round trip is long.
const ENOUGH: usize = 3;

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    at_each_vantage(evidence, examine_view)
}

fn examine_view(view: &View<'_>) -> Vec<Finding> {
    // What was sent again measures the loss and not the way.
    let lost = |c: &Connection<'_>| c.observation.tries.is_some_and(|tries| tries.lost > 0);
    let timed =
        those(&view.hub(), |c| c.connected() && c.facts.round_trip_ms.is_some() && !lost(c));
    let agreed = exchanges_agree(&timed);
    let Some(quickest) = quickest(&timed, agreed) else { return Vec::new() };
    let samples = samples(&timed);
    let longest = samples.iter().copied().fold(quickest, f64::max);
    let text = |variant| {
        Text::new(variant)
            .with("round_trip", format!("{quickest:.0} ms"))
            .with("longest", format!("{longest:.0} ms"))
            .with("samples", samples.len())
            .with("place", place(&view.vantage))
    };
    if quickest < SLOW_MS {
        let proof = those(&timed, |c| self::quickest(&[*c], agreed).is_some_and(|ms| ms < SLOW_MS));
        return refuted(text("quick"), observations(&proof).into_iter().take(1));
    }
    // Another host shows whether the hub is far or the way out is slow.
    let others = those(&controls(view), |c| c.facts.round_trip_ms.is_some());
    let nearest = self::quickest(&others, agreed);
    let variant = match nearest {
        None => "slow",
        Some(nearest) if nearest < SLOW_MS => "far",
        Some(_) => "uplink",
    };
    let nearest = nearest.map(|nearest| format!("{nearest:.0} ms"));
    let text = text(variant).with_any("other_round_trip", nearest);
    // One that was slow may be this device's own slowness, or a packet that was sent again.
    let confidence =
        if samples.len() >= ENOUGH { Confidence::Confirmed } else { Confidence::Likely };
    Proof::confirmed(Effect::Warns, text, observations(&timed))
        .with_confidence(confidence)
        .supported_by(observations(&others))
        .with_detail("round_trip_ms", quickest)
        .with_detail("round_trips_ms", samples)
        // What fails on a slow connection has another cause.
        .explaining_nothing()
        .alone()
}

/// Every time that was measured on these connections, in milliseconds: of each TCP handshake, of each
/// exchange, and the kernel's average.
fn samples(connections: &[Connection<'_>]) -> Vec<f64> {
    let of_one = |connection: &Connection<'_>| {
        let kernels = connection.facts.round_trips.map(|trips| trips.usual_ms);
        let handshake = handshake(connection).into_iter().chain(kernels);
        handshake.chain(exchanges(connection)).collect::<Vec<f64>>()
    };
    connections.iter().flat_map(of_one).collect()
}

/// Whether two exchanges or more were made, and not one of them was quick. A single slow one may be
/// this device's own slowness, or the peer's.
fn exchanges_agree(connections: &[Connection<'_>]) -> bool {
    let all: Vec<f64> = connections.iter().flat_map(exchanges).collect();
    all.len() > 1 && all.iter().all(|ms| *ms >= SLOW_MS)
}

/// The quickest round trip of these connections, in milliseconds. A connection whose first packet was
/// lost measures its repetition, so the quickest counts.
fn quickest(connections: &[Connection<'_>], agreed: bool) -> Option<f64> {
    let all = connections.iter().filter_map(|connection| round_trip(connection, agreed));
    all.min_by(f64::total_cmp)
}

/// The round trip of a connection, in milliseconds: of the TCP handshake, or of the quickest exchange
/// where that takes longer and the exchanges agree, because satellite links answer TCP on the ground. No
/// exchange is quicker than a round trip.
fn round_trip(connection: &Connection<'_>, agreed: bool) -> Option<f64> {
    let handshake = handshake(connection)?;
    match exchanges(connection).min_by(f64::total_cmp) {
        Some(exchange) if agreed => Some(handshake.max(exchange)),
        Some(exchange) if exchange < SLOW_MS && handshake >= SLOW_MS => Some(exchange),
        Some(exchange) if exchange < SLOW_MS => Some(handshake.max(exchange)),
        // Its handshake may have been answered on the ground.
        None if agreed && handshake < SLOW_MS => None,
        _ => Some(handshake),
    }
}

/// The TCP handshake's time, in milliseconds: the kernel's, which a busy device does not lengthen, or
/// this program's own.
fn handshake(connection: &Connection<'_>) -> Option<f64> {
    connection.facts.kernel_round_trip_ms.or(connection.facts.round_trip_ms)
}

/// The times of what was asked of the peer itself and answered, in milliseconds.
fn exchanges<'o>(connection: &Connection<'o>) -> impl Iterator<Item = f64> + use<'o> {
    let asked =
        |step| matches!(step, Step::Tls | Step::Amqp | Step::Mqtt | Step::Upgrade | Step::Http);
    let steps = connection.observation.steps.iter();
    steps
        .filter(move |record| record.outcome == Outcome::Pass && asked(record.step))
        .map(|record| record.duration_ms)
}
