//! A conversation that comes to a standstill is begun again, while the first goes on: a packet that is
//! lost once is told from a step that never passes.

use std::future::Future;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use edgeprobe_facts::endpoint::Endpoint;
use edgeprobe_facts::{Step, Tries};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{sleep, timeout};

use super::conversation::{Conversation, Manner, hold};
use super::stores::TrustStores;
use crate::recorder::{FAR, Progress, Recorder, sent_within};

/// How often a conversation is begun at most.
const MOST: usize = 6;

/// How long a standstill lasts before the conversation is begun again: a tenth of the run, within these.
const SHORTEST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(1);

/// How long MQTT's CONNECT waits where one that was sent at once was not answered.
const PAUSE: Duration = Duration::from_millis(500);

/// How often it is repeated that a CONNECT which is sent at once is not answered.
const REPETITIONS: u32 = 2;

/// One try, for as long as the others last.
struct Try {
    progress: Progress,
    begun: Instant,
    is_over: bool,
}

/// Holds the conversation until one of its tries ends otherwise than by silence, or none of them has
/// got further within the run's patience.
pub(super) async fn until_answered(
    recorder: &Recorder,
    endpoint: &Endpoint,
    peer: IpAddr,
    trust: &TrustStores,
    ends_at_once: bool,
) -> Conversation {
    let timeline = recorder.timeline();
    let standstill = (timeline.limit() / 10).clamp(SHORTEST, LONGEST);
    let begin = |number: usize| {
        let recorder = recorder.again();
        let progress = recorder.progress();
        let pause = if number == 0 { Duration::ZERO } else { PAUSE };
        let manner = Manner { ends_at_once, pause };
        let talking = async move { (number, hold(recorder, endpoint, peer, trust, manner).await) };
        (Try { progress, begun: Instant::now(), is_over: false }, Box::pin(talking))
    };
    let (first, talking) = begin(0);
    let mut tries = vec![first];
    let mut under_way = FuturesUnordered::from_iter([talking]);
    let mut furthest: Option<Conversation> = None;
    loop {
        tokio::select! {
            biased;
            Some((number, conversation)) = under_way.next() => {
                if let Some(over) = tries.get_mut(number) {
                    over.is_over = true;
                }
                if !conversation.is_silent() {
                    drop(under_way);
                    return in_light_of(&tries, number, conversation, standstill, || begin(0)).await;
                }
                let is_further = furthest.as_ref().is_none_or(|known| {
                    conversation.failed_step() > known.failed_step()
                });
                let mut known = match furthest.take() {
                    Some(known) if !is_further => known,
                    _ => conversation,
                };
                let step = known.failed_step();
                let is_beyond = |it: &Try| !it.is_over && it.step() > step;
                if !tries.iter().any(is_beyond) {
                    let patience = timeline.patience();
                    known.recorder.count(in_vain(&tries, step, patience));
                    return known;
                }
                furthest = Some(known);
            }
            () = sleep(standstill / 4) => {
                let stands = tries.last().is_some_and(|newest| newest.stands(standstill));
                if stands && tries.len() < MOST && !timeline.remaining().is_zero() {
                    let (next, talking) = begin(tries.len());
                    tries.push(next);
                    under_way.push(talking);
                }
            }
        }
    }
}

/// The conversation that ended, with what the others show of the line and of the peer.
async fn in_light_of<F>(
    tries: &[Try],
    number: usize,
    mut conversation: Conversation,
    standstill: Duration,
    again: impl Fn() -> (Try, F),
) -> Conversation
where
    F: Future<Output = (usize, Conversation)>,
{
    let others = || tries.iter().enumerate().filter(move |(other, _)| *other != number);
    let round_trip = tries.get(number).and_then(Try::round_trip);
    if let Some(round_trip) = round_trip {
        let unconnected = others().filter(|(_, it)| it.step() == Some(Step::Connect));
        for (_, it) in unconnected {
            // Without those whose answer may be on its way.
            let lost = sent_within(Duration::from_secs(1), it.begun.elapsed(), round_trip * 2);
            conversation.recorder.count(Tries { begun: 1, sent: lost, lost, unanswered: 0 });
        }
    }
    let at_once = others().find(|(other, it)| *other == 0 && it.step() == Some(Step::Mqtt));
    let is_answered = conversation.facts.mqtt.is_some();
    if number > 0 && is_answered && at_once.is_some() {
        let patience = standstill * 2 + round_trip.unwrap_or(FAR) * 8;
        let patience = patience.min(conversation.recorder.timeline().remaining());
        let mut lost = 1;
        for _ in 0..REPETITIONS {
            let (repeated, talking) = again();
            match timeout(patience, talking).await {
                // It was the line that had lost the first one.
                Ok((_, answered)) if answered.facts.mqtt.is_some() => {
                    lost = 0;
                    break;
                }
                _ if repeated.step() == Some(Step::Mqtt) => lost += 1,
                _ => {}
            }
        }
        if let Some(mqtt) = conversation.facts.mqtt.as_mut().filter(|_| lost > 1) {
            mqtt.lost_at_once = lost;
        }
    }
    conversation
}

/// The packets that were sent in vain at this step, in all tries that came to it and no further.
fn in_vain(tries: &[Try], step: Option<Step>, patience: Duration) -> Tries {
    let stuck = tries.iter().filter_map(|it| it.progress.now()).filter(|at| Some(at.step) == step);
    let unanswered = stuck.map(|at| at.sent_in_vain(patience));
    let begun = u32::try_from(tries.len().saturating_sub(1)).unwrap_or(u32::MAX);
    Tries { begun, unanswered: unanswered.sum(), ..Tries::default() }
}

impl Try {
    fn step(&self) -> Option<Step> {
        self.progress.now().map(|stage| stage.step)
    }

    fn round_trip(&self) -> Option<Duration> {
        self.progress.now()?.round_trip
    }

    /// Whether its step has been under way for longer than a packet and its answer take.
    fn stands(&self, standstill: Duration) -> bool {
        let Some(stage) = self.progress.now() else { return false };
        if stage.is_own_work {
            return false;
        }
        let usual = stage.round_trip.unwrap_or_default() * 3;
        stage.since.elapsed() >= standstill.max(usual)
    }
}
