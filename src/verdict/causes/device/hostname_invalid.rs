//! `hostname-invalid`: the device's own host name is empty, too long, or no DNS name.

use std::net::IpAddr;

use edgeprobe_facts::runtime::Generation;
use edgeprobe_facts::{Facts, Observation, Outcome};

use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::evidence::Evidence;
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::{Confidence, Effect};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Device,
    with_a_proxy: WithAProxy::TheSame,
    applies_to_a_child: true,
    keeps_out: &[],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Device,
    examine,
};

/// The longest common name of a certificate (RFC 5280, appendix A.1), in characters.
const LONGEST: usize = 64;

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    Empty,
    TooLong,
    /// A character that no DNS name has.
    Character,
    /// A part between dots is empty, too long, or begins or ends with a hyphen.
    Label,
}

impl Flaw {
    fn in_name(name: &str) -> Option<Self> {
        if name.is_empty() {
            return Some(Self::Empty);
        }
        if name.chars().count() > LONGEST {
            return Some(Self::TooLong);
        }
        // The runtime takes an address too.
        if name.parse::<IpAddr>().is_ok() {
            return None;
        }
        let is_usual = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if !name.chars().all(is_usual) {
            return Some(Self::Character);
        }
        // RFC 1123, section 2.1: a label may begin with a digit, which RFC 1035 did not allow.
        let is_label = |label: &str| {
            (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
        };
        (!name.split('.').all(is_label)).then_some(Self::Label)
    }

    /// Whether the runtime itself refuses it. It accepts the other flaws, and its peers may refuse
    /// them.
    fn is_refused(self) -> bool {
        matches!(self, Self::Empty | Self::TooLong)
    }

    fn variant(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Character => "character",
            Self::Label => "label",
        }
    }
}

/// A name, its source, and the runtime that uses it or will use it.
#[derive(Clone, Copy)]
struct Named<'o> {
    name: &'o str,
    seen: &'o Observation,
    used_by: Option<Generation>,
    meant_for_it: bool,
}

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let Some(named) = named(evidence) else { return Vec::new() };
    let text = |variant| {
        Text::new(variant).with("name", named.name).with("length", named.name.chars().count())
    };
    let Some(flaw) = Flaw::in_name(named.name) else {
        return refuted(text("valid"), [named.seen]);
    };
    let is_used = named.used_by.is_some() || named.meant_for_it;
    let effect = if is_used && flaw.is_refused() { Effect::Blocks } else { Effect::Warns };
    // From 1.2 on, the issuer of the certificates refuses the name, not the daemons.
    let confidence = match named.used_by {
        Some(Generation::Toml) | None if effect == Effect::Blocks => Confidence::Likely,
        _ => Confidence::Confirmed,
    };
    Proof::confirmed(effect, text(flaw.variant()), [named.seen])
        .with_confidence(confidence)
        .with_detail("hostname", named.name)
        .alone()
}

/// The name to judge: one that the user asks about, else the configured one, else the machine's.
fn named<'o>(evidence: &Evidence<'o>) -> Option<Named<'o>> {
    let own = evidence.all().iter().find_map(|seen| match &seen.facts {
        Facts::Hostname(facts) if seen.outcome == Outcome::Pass => Some((seen, facts)),
        _ => None,
    });
    let runtime = evidence.all().iter().find_map(|seen| match &seen.facts {
        Facts::Runtime(facts) => Some((seen, &**facts)),
        _ => None,
    });
    let generation = runtime.and_then(|(_, facts)| facts.generation);
    let configured = runtime.and_then(|(seen, facts)| {
        let name = facts.hostname.as_ref()?;
        Some(Named { name: &name.value, seen, used_by: generation, meant_for_it: true })
    });
    let own = own.map(|(seen, facts)| Named {
        name: &facts.name,
        seen,
        used_by: generation,
        meant_for_it: facts.given,
    });
    match own {
        Some(given) if given.meant_for_it => Some(given),
        _ => configured.or(own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_the_runtime_and_its_peers_take_have_no_flaw() {
        let longest = format!("{}.example", "a".repeat(56));
        for name in ["edge-01", "EDGE.plant.example", "4711", "3com", "10.0.0.7", "::1", &longest] {
            assert_eq!(Flaw::in_name(name), None, "{name}");
        }
    }

    #[test]
    fn each_flaw_is_recognised() {
        for (name, flaw) in [
            ("", Flaw::Empty),
            (&"a".repeat(65), Flaw::TooLong),
            ("edge_01", Flaw::Character),
            ("kante-ö", Flaw::Character),
            ("edge..plant", Flaw::Label),
            ("-edge", Flaw::Label),
            ("edge-.plant", Flaw::Label),
            (&"a".repeat(64), Flaw::Label),
        ] {
            assert_eq!(Flaw::in_name(name), Some(flaw), "{name}");
        }
    }
}
