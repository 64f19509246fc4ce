//! `high-latency`: the round trip makes throughput suffer.

use edgeprobe_probes::{Outcome, Step};

use super::shared::{at_each_vantage, controls, observations, place, those};
use crate::verdict::Effect;
use crate::verdict::catalogue::Text;
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::{Connection, Evidence, View};
use crate::verdict::rule::{Finding, Proof, Rule, refuted};

pub(super) const RULE: Rule = Rule { id: CauseId::HighLatency, examine };

/// Edge Hub sends messages in batches of 10 by default and waits for each batch, so 300 ms hold it
/// below some thirty messages a second for each client.
const SLOW_MS: f64 = 300.0;

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    at_each_vantage(evidence, examine_view)
}

fn examine_view(view: &View<'_>) -> Vec<Finding> {
    let timed = those(&view.hub(), |c| c.connected() && c.facts.round_trip_ms.is_some());
    // A connection whose first packet was lost measures its repetition, so the quickest counts.
    let quickest = timed.iter().filter_map(round_trip).min_by(f64::total_cmp);
    let Some(quickest) = quickest else { return Vec::new() };
    let text = |variant| {
        Text::new(variant)
            .with("round_trip", format!("{quickest:.0} ms"))
            .with("place", place(&view.vantage))
    };
    if quickest < SLOW_MS {
        let proof = those(&timed, |c| round_trip(c).is_some_and(|ms| ms < SLOW_MS));
        return refuted(text("quick"), observations(&proof).into_iter().take(1));
    }
    // Another host tells the distance to the hub from a way out that is slow as such.
    let others = controls(view);
    let nearest = others.iter().filter_map(|c| c.facts.round_trip_ms).min_by(f64::total_cmp);
    let variant = match nearest {
        None => "slow",
        Some(nearest) if nearest < SLOW_MS => "far",
        Some(_) => "uplink",
    };
    let text = nearest.into_iter().fold(text(variant), |text, nearest| {
        text.with("other_round_trip", format!("{nearest:.0} ms"))
    });
    Proof::confirmed(Effect::Warns, text, observations(&timed))
        .supported_by(observations(&those(&others, |c| c.facts.round_trip_ms.is_some())))
        .with_detail("round_trip_ms", quickest)
        .alone()
}

/// The round trip of a connection, in milliseconds: of the TCP handshake, or of the quickest
/// exchange where that takes longer, because satellite links answer TCP on the ground.
fn round_trip(connection: &Connection<'_>) -> Option<f64> {
    let exchange = connection
        .observation
        .steps
        .iter()
        .filter(|step| step.outcome == Outcome::Pass)
        .filter(|step| matches!(step.step, Step::Amqp | Step::Mqtt | Step::Upgrade | Step::Http))
        .map(|step| step.duration_ms)
        .min_by(f64::total_cmp);
    Some(connection.facts.round_trip_ms?.max(exchange.unwrap_or(0.0)))
}
