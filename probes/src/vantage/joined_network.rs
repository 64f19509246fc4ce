//! Joining a container network, by the gentlest means that there is.

use super::container::{ContainerError, Containers, HelperContainer};
use edgeprobe_facts::route::edge::EdgeNetwork;
use edgeprobe_facts::route::tables::Tables;
use edgeprobe_facts::vantage::{ContainerResolver, Means, Resident, VantageFacts};
use edgeprobe_facts::{Facts, Failure, Observation, Outcome, Step, Token, Vantage};

use super::borrow::{BorrowError, Borrowed, borrow};
use super::network_question::NetworkQuestion;
use super::own_files;
use super::place::{Place, PlaceError};
use crate::endpoint::TrustStores;
use crate::recorder::{Recorder, Timeline, io_failure};
use crate::{blocking, clean, route};

/// A place on a container network, for as long as this is kept.
#[derive(Debug)]
pub enum JoinedNetwork {
    /// A place that this process may enter.
    Place {
        place: Place,
        /// Gives its address back when it is dropped.
        borrowed: Option<Borrowed>,
    },
    /// A container that answers for this process.
    Container(HelperContainer),
}

/// A question could not be asked from a joined.
#[derive(Debug, thiserror::Error)]
pub enum JoinedNetworkError {
    /// The place cannot be entered any more.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The container has ended, or did not answer in time.
    #[error("container {0} did not answer")]
    Silent(String),
}

impl JoinedNetwork {
    /// The place itself, where this process may enter it.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Place { place, .. } => Some(place),
            Self::Container(_) => None,
        }
    }

    /// Asks a question from there.
    pub async fn ask(
        &self,
        timeline: Timeline,
        vantage: Vantage,
        trust: TrustStores,
        question: NetworkQuestion,
    ) -> Result<Observation, JoinedNetworkError> {
        match self {
            Self::Place { place, .. } => {
                let ask = move || async move { question.ask(timeline, &vantage, &trust).await };
                Ok(place.run(ask).await?)
            }
            Self::Container(container) => {
                let silent = || JoinedNetworkError::Silent(container.name().to_owned());
                container.ask(timeline, question).await.ok_or_else(silent)
            }
        }
    }
}

/// Joins the network: by the place of a container that runs on it, else by an address that nobody
/// uses, else, for want of privilege alone, by a container of edgeprobe's own. Nothing of it
/// outlives the run.
///
/// The observation is skipped, with the reason as its failure, when none can be had.
pub async fn join(
    timeline: Timeline,
    network: EdgeNetwork,
    residents: &[Resident],
    containers: &Containers,
) -> (Observation, Option<JoinedNetwork>) {
    let mut recorder = Recorder::start(timeline);
    let vantage = Vantage::Bridge(clean::line(&network.name, 64));
    let work = find_place(timeline, &network, residents, containers, &vantage);
    let joined = recorder.step(Step::Route, timeline.patience(), work).await;
    let (means, joined, reason) = match joined {
        Ok((means, joined)) => (Some(means), Some(joined), None),
        Err(failure) => (None, None, Some(failure)),
    };
    let own = match (&means, joined.as_ref().and_then(JoinedNetwork::place)) {
        (Some(Means::Container { name }), Some(place)) => {
            let entered =
                residents.iter().find(|resident| clean::line(&resident.name, 64) == *name);
            own_settings(timeline, entered, place).await
        }
        _ => OwnSettings::default(),
    };
    let target = format!("a place on {}", clean::line(&network.name, 64));
    let OwnSettings { resolver, tables } = own;
    let facts = Facts::Vantage(Box::new(VantageFacts { network, means, resolver, tables }));
    let mut observation = recorder.finish(&vantage, "joined", target, Ok(()), facts);
    if reason.is_some() {
        observation.outcome = Outcome::Skipped;
        observation.failure = reason;
    }
    (observation, joined)
}

/// Enters the place of one container, and of no other.
///
/// The observation is skipped, with the reason as its failure, when it cannot be entered.
pub async fn enter(
    timeline: Timeline,
    vantage: &Vantage,
    network: EdgeNetwork,
    resident: &Resident,
) -> (Observation, Option<JoinedNetwork>) {
    let mut recorder = Recorder::start(timeline);
    let name = clean::line(&resident.name, 64);
    let work =
        async { enterable(resident.pid).await.map_err(|error| reason(&BorrowError::Place(error))) };
    let entered = recorder.step(Step::Route, timeline.patience(), work).await;
    let (means, own, place, failure) = match entered {
        Ok(place) => {
            let own = own_settings(timeline, Some(resident), &place).await;
            (Some(Means::Container { name: name.clone() }), own, Some(place), None)
        }
        Err(failure) => (None, OwnSettings::default(), None, Some(failure)),
    };
    let OwnSettings { resolver, tables } = own;
    let facts = Facts::Vantage(Box::new(VantageFacts { network, means, resolver, tables }));
    let target = format!("the place of {name}");
    let mut observation = recorder.finish(vantage, "joined", target, Ok(()), facts);
    if failure.is_some() {
        observation.outcome = Outcome::Skipped;
        observation.failure = failure;
    }
    (observation, place.map(|place| JoinedNetwork::Place { place, borrowed: None }))
}

/// What a container has of its own beside its network's.
#[derive(Default)]
struct OwnSettings {
    resolver: Option<ContainerResolver>,
    tables: Option<Box<Tables>>,
}

/// Reads them; what cannot be read is absent.
async fn own_settings(
    timeline: Timeline,
    resident: Option<&Resident>,
    place: &Place,
) -> OwnSettings {
    let Some(resident) = resident.filter(|resident| resident.is_the_runtimes) else {
        return OwnSettings::default();
    };
    let (pid, vantage) = (resident.pid, Vantage::Host);
    let resolver = blocking::run(move || own_files::read(pid).ok());
    let tables = place.run(move || async move { route::probe_tables(timeline, &vantage).await });
    let (resolver, tables) = tokio::join!(resolver, tables);
    let tables = tables.ok().and_then(|seen| match (seen.outcome, seen.facts) {
        (Outcome::Pass, Facts::RouteTables(tables)) => Some(tables),
        _ => None,
    });
    OwnSettings { resolver: resolver.ok().flatten(), tables }
}

async fn find_place(
    timeline: Timeline,
    network: &EdgeNetwork,
    residents: &[Resident],
    containers: &Containers,
    vantage: &Vantage,
) -> Result<(Means, JoinedNetwork), Failure> {
    let refused = match join_by_own_privileges(timeline, network, residents).await {
        Ok(place) => return Ok(place),
        Err(error) => error,
    };
    let failure = reason(&refused);
    if failure.token != Token::Prohibited {
        return Err(failure);
    }
    match containers.start(timeline, &network.name, vantage).await {
        Ok(container) => {
            let means = Means::OwnContainer { name: container.name().to_owned() };
            Ok((means, JoinedNetwork::Container(container)))
        }
        Err(error @ ContainerError::Refused { .. }) => {
            Err(Failure { detail: clean::line(&error.to_string(), 240), ..failure })
        }
        // What this process itself lacks says more than that there is no other way.
        Err(error) => {
            tracing::debug!("{error}");
            Err(failure)
        }
    }
}

/// A place on the network by this process's own privileges.
async fn join_by_own_privileges(
    timeline: Timeline,
    network: &EdgeNetwork,
    residents: &[Resident],
) -> Result<(Means, JoinedNetwork), BorrowError> {
    for resident in residents {
        match enterable(resident.pid).await {
            Ok(place) => {
                let means = Means::Container { name: clean::line(&resident.name, 64) };
                return Ok((means, JoinedNetwork::Place { place, borrowed: None }));
            }
            Err(error) => tracing::debug!("{} is not entered: {error}", resident.name),
        }
    }
    let borrowed = borrow(timeline, network.clone(), network.members.clone()).await?;
    let means = Means::BorrowedAddress {
        address: borrowed.address().into(),
        gateway_answers: borrowed.gateway_answers(),
    };
    let place = borrowed.place().clone();
    Ok((means, JoinedNetwork::Place { place, borrowed: Some(borrowed) }))
}

/// The place of a process, once it is known that it can be entered.
async fn enterable(pid: u32) -> Result<Place, PlaceError> {
    let place = Place::of_process(pid)?;
    place.run(|| async {}).await?;
    Ok(place)
}

fn reason(error: &BorrowError) -> Failure {
    let detail = clean::line(&error.to_string(), 240);
    match error {
        BorrowError::Refused { source, .. }
        | BorrowError::Place(PlaceError::NotMade { source } | PlaceError::NotEntered { source }) => {
            Failure { detail, ..io_failure(Step::Route, source) }
        }
        BorrowError::TimedOut { .. } => Failure::new(Step::Route, Token::TimedOut, detail),
        _ => Failure::new(Step::Route, Token::AddressNotAvailable, detail),
    }
}
