//! Runs a plan: everything at once, under one deadline.

use std::time::Duration;

use edgeprobe_probes::endpoint::TrustStores;
use edgeprobe_probes::{
    Observation, Probe, Timeline, Vantage, clock, dns, endpoint, engine, ports, route,
};
use tokio::task::JoinSet;

use crate::plan::{Plan, Question};

/// What a run tells while it goes on.
#[derive(Debug)]
pub enum Event<'e> {
    /// One more question is under way.
    Asked,
    /// A question was answered.
    Answered(&'e Observation),
}

/// Probes end by themselves within the timeline. One that an operating system holds up longer, a
/// name look-up in the C library for example, is left behind after this.
const GRACE: Duration = Duration::from_millis(200);

/// Where a question stands: its number among the opening ones, then its number among those that
/// followed from that answer, and so on.
type Place = Vec<usize>;

/// Asks all that the plan wants to know from the host.
///
/// Tells each answer as it comes, and returns them in the order of the questions, so that two runs
/// on one device can be laid side by side.
pub async fn observe(
    plan: &Plan,
    trust: &TrustStores,
    timeline: Timeline,
    mut tell: impl FnMut(Event<'_>),
) -> Vec<Observation> {
    let mut asked: Vec<Question> = Vec::new();
    let mut under_way = JoinSet::new();
    let mut answered: Vec<(Place, Observation)> = Vec::new();
    let mut questions = plan.opening();
    let mut parent = Place::new();
    loop {
        for (number, question) in questions.drain(..).enumerate() {
            if asked.contains(&question) {
                continue;
            }
            tell(Event::Asked);
            let place: Place = parent.iter().copied().chain([number]).collect();
            let answer = ask(question.clone(), trust.clone(), timeline);
            under_way.spawn(async move { (place, answer.await) });
            asked.push(question);
        }
        let next = tokio::time::timeout(timeline.remaining() + GRACE, under_way.join_next());
        match next.await {
            Ok(Some(Ok((place, observation)))) => {
                tell(Event::Answered(&observation));
                questions = plan.follow_up(&observation);
                parent.clone_from(&place);
                answered.push((place, observation));
            }
            Ok(Some(Err(failed))) => tracing::error!("a probe ended abnormally: {failed}"),
            Ok(None) | Err(_) => break,
        }
    }
    answered.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut observations: Vec<Observation> =
        answered.into_iter().map(|(_, observation)| observation).collect();
    if plan.probes.contains(&Probe::Clock)
        && let Some(clock) = clock::compare(timeline, &Vantage::Host, &observations)
    {
        tell(Event::Answered(&clock));
        observations.push(clock);
    }
    observations
}

async fn ask(question: Question, trust: TrustStores, timeline: Timeline) -> Observation {
    let vantage = Vantage::Host;
    match question {
        Question::System { name, role } => dns::ask_system(timeline, &vantage, &name, role).await,
        Question::Server { server, name, role } => {
            dns::ask_server(timeline, &vantage, server, &name, role).await
        }
        Question::Route { destination } => route::probe(timeline, &vantage, destination).await,
        Question::Connect { endpoint, peer } => {
            endpoint::probe(timeline, &vantage, &endpoint, peer, &trust).await
        }
        Question::Port { port, containers } => {
            ports::probe(timeline, &vantage, port, &containers).await
        }
        Question::Engine => engine::inspect(timeline, &vantage).await,
    }
}
