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

/// Asks all that the plan wants to know from the host, in the order of their answers.
pub async fn observe(
    plan: &Plan,
    trust: &TrustStores,
    timeline: Timeline,
    mut tell: impl FnMut(Event<'_>),
) -> Vec<Observation> {
    let mut asked: Vec<Question> = Vec::new();
    let mut under_way = JoinSet::new();
    let mut observations = Vec::new();
    let mut questions = plan.opening();
    loop {
        for question in questions.drain(..) {
            if asked.contains(&question) {
                continue;
            }
            tell(Event::Asked);
            under_way.spawn(ask(question.clone(), trust.clone(), timeline));
            asked.push(question);
        }
        let next = tokio::time::timeout(timeline.remaining() + GRACE, under_way.join_next());
        match next.await {
            Ok(Some(Ok(observation))) => {
                tell(Event::Answered(&observation));
                questions = plan.follow_up(&observation);
                observations.push(observation);
            }
            Ok(Some(Err(failed))) => tracing::error!("a probe ended abnormally: {failed}"),
            Ok(None) | Err(_) => break,
        }
    }
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
