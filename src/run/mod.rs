//! Runs a plan: everything at once, from every vantage, under one deadline.

mod ask;
mod joined_networks;

use std::time::Duration;

use edgeprobe_facts::{Observation, Probe, Vantage};
use edgeprobe_probes::endpoint::TrustStores;
use edgeprobe_probes::registry::Access;
use edgeprobe_probes::vantage::Containers;
use edgeprobe_probes::{Timeline, clock, trace};
use tokio::task::JoinSet;

use crate::plan::{Ask, Plan};
use ask::{Asker, tables};
use joined_networks::JoinedNetworks;

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
    let mut posed: Vec<Ask> = Vec::new();
    let mut under_way: JoinSet<Option<Observation>> = JoinSet::new();
    let mut seen = given;
    for observation in &seen {
        tell(Event::Asked);
        tell(Event::Answered(observation));
    }
    loop {
        for ask in plan.questions(&seen) {
            if !posed.contains(&ask) {
                tell(Event::Asked);
                under_way.spawn(asker.clone().ask(ask.clone(), tables(&seen)));
                posed.push(ask);
            }
        }
        let next = tokio::time::timeout(timeline.remaining() + GRACE, under_way.join_next());
        match next.await {
            Ok(Some(Ok(Some(observation)))) => {
                tell(Event::Answered(&observation));
                seen.push(observation);
            }
            Ok(Some(Err(failed))) => tracing::error!("a probe ended abnormally: {failed}"),
            Ok(Some(Ok(None))) => {}
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

/// Puts observations in the order of their vantages, probes and ids.
pub fn put_in_order(observations: &mut [Observation]) {
    observations.sort_by(|one, other| {
        (&one.vantage, one.probe(), &one.id).cmp(&(&other.vantage, other.probe(), &other.id))
    });
}
