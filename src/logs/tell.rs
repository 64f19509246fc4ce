//! From what is kept of a log to findings in words.

use serde_json::{Map, Value};

use super::clock::Clock;
use super::finding::{Finding, State};
use super::scan::Origin;
use super::set::Signatures;
use super::signature::{Signature, placeholder};
use super::stamp::Stamp;
use super::time::rfc3339;
use super::writer::{Place, is_a_users_module};
use crate::language::{Arguments, Language, Word, render};
use crate::verdict::{CauseId, Effect, PeerInALog, entry};

/// Domains of Azure's services: a name elsewhere is no IoT Hub's.
const AZURE: [&str; 4] =
    [".azure-devices.", "azure-devices-provisioning.", "privatelink.", ".azure."];

/// A finding under way.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) first_line: u64,
    pub(super) last_line: u64,
    pub(super) first_at: Stamp,
    pub(super) last_at: Stamp,
    pub(super) count: u64,
    pub(super) episodes: u64,
    /// When the last episode began.
    pub(super) began: Stamp,
    pub(super) over: Option<(u64, Stamp)>,
    pub(super) text: String,
}

/// What a text means where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sense {
    pub(super) signature: usize,
    /// Where its writer runs.
    pub(super) place: Option<Place>,
    /// The signature of the line around it that names the peer.
    pub(super) peer: Option<usize>,
}

impl Sense {
    /// The signature that tells it: the one that names the peer, where there is one.
    pub(super) fn told(self, signatures: &Signatures) -> Option<&Signature> {
        let own = signatures.get(self.signature)?;
        let peer = self.peer.and_then(|peer| signatures.get(peer));
        Some(peer.filter(|peer| !peer.says.is_empty()).unwrap_or(own))
    }

    /// The same where a module of the user's wrote it.
    pub(super) fn by(self, is_a_module: bool, signatures: &Signatures) -> Self {
        let other = signatures.get(self.signature).and_then(|own| own.by_module.as_ref());
        match other.and_then(|id| signatures.position(id)) {
            Some(signature) if is_a_module && self.place != Some(Place::Host) => {
                Self { signature, ..self }
            }
            _ => self,
        }
    }

    /// The signatures that end it.
    pub(super) fn until(self, signatures: &Signatures) -> &[String] {
        self.told(signatures).map_or(&[], |signature| signature.until_at(self.place))
    }

    /// The causes that it points to, the peer's first.
    fn candidates(self, signatures: &Signatures, host: Option<&str>) -> Vec<CauseId> {
        let peer = self.peer.and_then(|peer| signatures.get(peer));
        let own = signatures.get(self.signature);
        let own = own.map_or(&[][..], |own| own.candidates_at(self.place));
        let of_peer = peer.and_then(|peer| peer.peer);
        if let (Some(cause), Some(true)) = (of_peer, peer.map(|peer| peer.peer_alone)) {
            return vec![cause];
        }
        let other_name = host.is_some_and(|host| !AZURE.iter().any(|zone| host.contains(zone)));
        let rest = own.iter().copied().filter(|id| {
            Some(*id) != of_peer
                && !(other_name && own.len() > 1 && id.peer_in_a_log() == PeerInALog::Hub)
        });
        of_peer.into_iter().chain(rest).collect()
    }
}

/// A finding in the language of its log's origin.
pub(super) fn tell(
    sense: Sense,
    signatures: &Signatures,
    signature: &Signature,
    origin: &Origin,
    clock: &Clock,
    kept: Kept,
    details: Map<String, Value>,
) -> Finding {
    let place = sense.place;
    let word = |name: &str| details.get(name).and_then(Value::as_str);
    let candidates = sense.candidates(signatures, word("host"));
    let module = word("module").filter(|module| is_a_users_module(module));
    let variant = module
        .and_then(|_| module_variant(candidates.first().copied()))
        .or_else(|| signature.variant_at(place).cloned());
    // What keeps one module from starting keeps no other from the hub.
    let effect =
        if module.is_some() { signature.effect.max(Effect::Degrades) } else { signature.effect };
    let words: Arguments = details
        .iter()
        .filter_map(|(name, value)| Some((placeholder(name)?, spoken(value))))
        .collect();
    let moment = |at: Stamp| clock.moment(at).map(rfc3339);
    Finding {
        summary: render(signature.sentence(place, origin.language), &words, origin.language),
        documented: signature.documented(&candidates, origin.language),
        candidates,
        variant,
        signature: signature.id.clone(),
        effect,
        state: if kept.over.is_some() { State::Recovered } else { State::Open },
        source: origin.name.clone(),
        container: origin.container.clone(),
        place,
        first_line: kept.first_line,
        last_line: kept.last_line,
        count: kept.count,
        first_at: moment(kept.first_at),
        last_at: moment(kept.last_at),
        since_at: (kept.episodes > 1).then(|| moment(kept.began)).flatten(),
        episodes: kept.episodes,
        recovered_line: kept.over.map(|(line, _)| line),
        recovered_at: kept.over.and_then(|(_, at)| moment(at)),
        text: kept.text,
        details,
    }
}

/// The sentence of a cause's page for a module that is neither Edge Agent nor Edge Hub.
fn module_variant(cause: Option<CauseId>) -> Option<String> {
    let page = entry(cause?, Language::English);
    page.has_sentence("module").then(|| "module".to_owned())
}

/// A detail as a sentence has it.
fn spoken(value: &Value) -> Word {
    match value {
        Value::String(text) => text.into(),
        Value::Array(items) => Word::listed(items.iter().map(spoken)),
        other => other.to_string().into(),
    }
}

/// A word as JSON: a number where it is one that counts something.
pub(super) fn value(word: &str) -> Value {
    match word.parse::<u32>() {
        Ok(number) if !word.starts_with('0') => number.into(),
        _ => word.into(),
    }
}
