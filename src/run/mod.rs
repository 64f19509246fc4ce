//! Runs a plan: everything at once, from every vantage, under one deadline.

mod ask;
mod joined_networks;
mod posed;

use std::sync::Arc;
use std::time::Duration;

use edgeprobe_facts::route::tables::Tables;
use edgeprobe_facts::{Observation, Probe, Vantage};
use edgeprobe_probes::endpoint::TrustStores;
use edgeprobe_probes::registry::Access;
use edgeprobe_probes::vantage::Containers;
use edgeprobe_probes::{Timeline, clock, pauses, trace};
use tokio::task::JoinSet;

use crate::plan::{Ask, Plan};
use ask::{Asker, tables};
use joined_networks::JoinedNetworks;
use posed::Posed;

/// What a run tells while it goes on.
#[derive(Debug)]
pub enum Event<'e> {
    /// One more question is under way.
    Asked,
    /// A question was answered.
    Answered(&'e Observation),
}

/// Probes end by themselves within the timeline. One that an operating system holds up longer is
/// left behind after this.
const GRACE: Duration = Duration::from_millis(200);

/// What asking needs beside the questions.
#[derive(Clone, Debug)]
pub struct Means {
    pub trust: TrustStores,
    /// The containers by which container networks may be asked, which are removed again.
    pub containers: Containers,
    pub registry_access: Access,
}

/// Asks all that the plan wants to know and `given` does not say.
///
/// Tells each answer as it comes, and returns them in the order of their vantages, probes and ids,
/// so that two runs on one device can be laid side by side.
pub async fn observe(
    plan: &Plan,
    means: &Means,
    timeline: Timeline,
    given: Vec<Observation>,
    mut tell: impl FnMut(Event<'_>),
) -> Vec<Observation> {
    let asker = Asker {
        timeline,
        means: Means { trust: means.trust.for_a_run(timeline.limit()), ..means.clone() },
        joined: JoinedNetworks::default(),
        rules: trace::Readings::default(),
    };
    // Beside the questions: it shows when this process stood still.
    let mut beating = JoinSet::new();
    beating.spawn(pauses::watch());
    let mut posed = Posed::default();
    let mut under_way: JoinSet<(Ask, Option<Observation>)> = JoinSet::new();
    let mut seen = given;
    for observation in &seen {
        tell(Event::Asked);
        tell(Event::Answered(observation));
    }
    loop {
        for ask in plan.questions(&seen) {
            if posed.add(&ask) {
                tell(Event::Asked);
                under_way.spawn(put(asker.clone(), ask, tables(&seen)));
            }
        }
        let limit = timeline.remaining() + GRACE;
        match tokio::time::timeout(limit, under_way.join_next()).await {
            Ok(Some(Ok((ask, Some(observation))))) => {
                if posed.is_to_be_repeated(&ask, &observation, timeline) {
                    under_way.spawn(put(asker.clone(), ask, tables(&seen)));
                } else {
                    tell(Event::Answered(&observation));
                    seen.push(observation);
                }
            }
            Ok(Some(Err(failed))) => tracing::error!("a probe ended abnormally: {failed}"),
            Ok(Some(Ok((_, None)))) => {}
            // A process that stood still gets its time back.
            Err(_) if !timeline.remaining().is_zero() => {}
            Ok(None) | Err(_) => break,
        }
    }
    // Nobody asks any more. Containers that are not gone in time are removed all the same.
    under_way.abort_all();
    means.containers.close(timeline.remaining() + GRACE).await;
    if plan.probes.contains(&Probe::Clock)
        && let Some(clock) = clock::compare(timeline, &Vantage::Host, &seen)
    {
        tell(Event::Answered(&clock));
        seen.push(clock);
    }
    put_in_order(&mut seen);
    seen
}

/// Puts a question, and says which it was.
async fn put(asker: Asker, ask: Ask, tables: Option<Arc<Tables>>) -> (Ask, Option<Observation>) {
    // Boxed, for many questions wait at once.
    let answer = Box::pin(asker.ask(ask.clone(), tables)).await;
    (ask, answer)
}

/// Puts observations in the order of their vantages, probes and ids.
pub fn put_in_order(observations: &mut [Observation]) {
    observations.sort_by(|one, other| {
        (&one.vantage, one.probe(), &one.id).cmp(&(&other.vantage, other.probe(), &other.id))
    });
}
