//! Joining a container network, by the gentlest means that there is.

use super::borrow::{BorrowError, Borrowed, borrow};
use super::facts::{Means, VantageFacts};
use super::place::{Place, PlaceError};
use crate::clean;
use crate::observation::{Facts, Failure, Observation, Outcome, Step, Token, Vantage};
use crate::recorder::{Recorder, Timeline, io_failure};
use crate::route::edge::EdgeNetwork;

/// A container that runs on a network, and whose place may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resident {
    pub name: String,
    /// The id of its first process.
    pub pid: u32,
}

/// A place on a container network, for as long as this is kept.
#[derive(Debug)]
pub struct Foothold {
    place: Place,
    /// Gives its address back when it is dropped.
    _borrowed: Option<Borrowed>,
}

impl Foothold {
    pub fn place(&self) -> &Place {
        &self.place
    }
}

/// Joins the network: by the place of a container that runs on it, else by an address that nobody
/// uses. Nothing of it outlives this process.
///
/// The observation is skipped, with the reason as its failure, when neither can be had.
pub async fn join(
    timeline: Timeline,
    network: EdgeNetwork,
    residents: &[Resident],
) -> (Observation, Option<Foothold>) {
    let mut recorder = Recorder::start(timeline);
    let vantage = Vantage::Bridge(clean::line(&network.name, 64));
    let work = async { Ok(footing(timeline, &network, residents).await) };
    let joined = recorder.step(Step::Route, timeline.patience(), work).await;
    let (means, foothold, reason) = match joined {
        Ok(Ok((means, foothold))) => (Some(means), Some(foothold), None),
        Ok(Err(error)) => (None, None, Some(reason(&error))),
        Err(timed_out) => (None, None, Some(timed_out)),
    };
    let target = format!("a place on {}", clean::line(&network.name, 64));
    let facts = Facts::Vantage(Box::new(VantageFacts { network, means }));
    let mut observation = recorder.finish(&vantage, "joined", target, Ok(()), facts);
    if reason.is_some() {
        observation.outcome = Outcome::Skipped;
        observation.failure = reason;
    }
    (observation, foothold)
}

async fn footing(
    timeline: Timeline,
    network: &EdgeNetwork,
    residents: &[Resident],
) -> Result<(Means, Foothold), BorrowError> {
    for resident in residents {
        match enterable(resident.pid).await {
            Ok(place) => {
                let means = Means::Container { name: clean::line(&resident.name, 64) };
                return Ok((means, Foothold { place, _borrowed: None }));
            }
            Err(error) => tracing::debug!("{} is not entered: {error}", resident.name),
        }
    }
    let borrowed = borrow(timeline, network.clone(), network.members.clone()).await?;
    let means = Means::BorrowedAddress {
        address: borrowed.address().into(),
        gateway_answers: borrowed.gateway_answers(),
    };
    Ok((means, Foothold { place: borrowed.place().clone(), _borrowed: Some(borrowed) }))
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
