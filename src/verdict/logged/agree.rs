//! Which findings of logs say the same as a proved cause.

use super::Supported;
use super::decide::repository;
use crate::attributes::{SameInALog, SeenByTheEngine};
use crate::causes::CauseId;
use crate::evidence::LogReading;
use crate::rule::Proof;
use crate::{Confidence, Effect};

/// The most findings that are listed with a cause; one of each log is enough.
const MOST: usize = 3;

/// Whether a finding may be of this cause, and where both name a port or an image, of the same.
pub(super) fn agrees(reading: &LogReading<'_>, id: CauseId, proof: &Proof) -> bool {
    reading.may_speak_of_now()
        && reading.candidates().contains(&id)
        && !reading.is_of_one_client()
        && accounts_for(reading, id, proof)
        && same_place(reading, id, proof)
}

/// Whether a cause as grave as this one may bring about what the log shows: what only warns keeps
/// nobody from the hub. That a registry refuses may weigh more than its answer alone could tell.
fn accounts_for(reading: &LogReading<'_>, id: CauseId, proof: &Proof) -> bool {
    id.rule().seen_by_the_engine != SeenByTheEngine::TheSame || proof.effect <= reading.effect()
}

fn same_place(reading: &LogReading<'_>, id: CauseId, proof: &Proof) -> bool {
    match id.rule().same_in_a_log {
        SameInALog::Cause => true,
        SameInALog::Port => {
            let port = proof.details.get("port").and_then(serde_json::Value::as_u64);
            port.is_some() && port == reading.port().map(u64::from)
        }
        SameInALog::Registry => same_registry(reading, proof),
        // That one image is not there says nothing of another.
        SameInALog::Image => same_registry(reading, proof) && same_image(reading, proof),
        SameInALog::Clock => {
            let own = reading.variant().and_then(is_behind);
            let other = is_behind(proof.summary.key());
            own.zip(other).is_none_or(|(own, other)| own == other)
        }
    }
}

fn same_registry(reading: &LogReading<'_>, proof: &Proof) -> bool {
    let registry = proof.details.get("registry").and_then(|value| value.as_str());
    reading.registry().is_none_or(|own| Some(own.as_str()) == registry)
}

fn same_image(reading: &LogReading<'_>, proof: &Proof) -> bool {
    let detail = |name| proof.details.get(name).and_then(|value| value.as_str());
    let own = reading.detail("image").and_then(repository);
    let (Some(own), Some(registry), Some(image)) = (own, detail("registry"), detail("image"))
    else {
        return true;
    };
    repository(&format!("{registry}/{image}")).is_none_or(|other| own == other)
}

/// Whether the device's clock is behind by this sentence of the page, or else ahead.
fn is_behind(variant: &str) -> Option<bool> {
    match variant {
        "behind" | "not_yet_valid" => Some(true),
        "ahead" | "expired" => Some(false),
        _ => None,
    }
}

/// Takes a finding as a further proof of a cause.
pub(super) fn support<'o>(cause: &mut Supported<'o>, reading: LogReading<'o>) {
    let proof = &mut cause.proof;
    if !proof.evidence.contains(&reading.observation.id) {
        proof.evidence.push(reading.observation.id.clone());
    }
    // A text that has no other cause, of a fault that is there now, settles what the probes found
    // but could not settle. One that leaves several causes settles nothing.
    let settles = reading.decides() == Some(cause.id) && reading.stands();
    if settles && proof.confidence == Confidence::Likely {
        proof.confidence = Confidence::Confirmed;
        let graver = cause.id.rule().seen_by_the_engine;
        if let (SeenByTheEngine::Graver { sentence, consequence }, Effect::Warns) =
            (graver, proof.effect)
        {
            // That a registry refuses who comes without credentials is no fault. That it refuses
            // the engine, which has what there is, is one.
            proof.effect = reading.effect();
            proof.summary = proof.summary.clone().with_key(sentence).followed_by(consequence);
        }
    }
    let of_same_log = |known: &LogReading<'_>| known.observation.id == reading.observation.id;
    match cause.agreeing.iter().position(of_same_log) {
        None if cause.agreeing.len() < MOST => cause.agreeing.push(reading),
        Some(index) => {
            if let Some(known) = cause.agreeing.get_mut(index)
                && telling(&reading) < telling(known)
            {
                *known = reading;
            }
        }
        None => {}
    }
}

/// What decides and lasts tells most: smaller is better.
fn telling(reading: &LogReading<'_>) -> (bool, usize) {
    (!reading.stands(), reading.finding.candidates.len())
}
