//! What the device's own logs show.

use edgeprobe_facts::logs::{Attempts, Course, LogFacts, LogFinding, Party};
use edgeprobe_facts::{Facts, Observation, Outcome};

use super::Evidence;
use crate::Effect;
use crate::attributes::Subject;
use crate::causes::CauseId;

/// A fault that was seen this long ago may stand still: the runtime's own pauses and those of the
/// engine's restarts are five minutes at most, so that it would have been seen again three times.
/// Seconds.
const RECENT: f64 = 15.0 * 60.0;

/// What is this far in the future was written by another clock, or in another zone. Seconds.
const AHEAD: f64 = -60.0;

/// What is older than this says nothing of the fault that the probes see now. Seconds.
const A_DAY: f64 = 24.0 * 60.0 * 60.0;

/// A client of Edge Hub that is Edge Hub itself.
const EDGE_HUB_ITSELF: &str = "$edgeHub";

/// One finding of a log.
#[derive(Clone, Copy)]
pub(crate) struct LogReading<'o> {
    pub(crate) observation: &'o Observation,
    pub(crate) facts: &'o LogFacts,
    pub(crate) finding: &'o LogFinding,
}

impl<'o> LogReading<'o> {
    /// The causes that it points to, the most likely first.
    pub(crate) fn candidates(&self) -> Vec<CauseId> {
        self.finding.candidates.iter().filter_map(|id| id.parse().ok()).collect()
    }

    /// The cause that its text decides.
    pub(crate) fn decides(&self) -> Option<CauseId> {
        match self.candidates().as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// The sentence of the first candidate's page that it stands for.
    pub(crate) fn variant(&self) -> Option<&'o str> {
        self.finding.variant.as_deref()
    }

    /// What it is about, and so which probes test it.
    pub(crate) fn subject(&self) -> Subject {
        let named = self.detail("registry").or(self.detail("image")).is_some();
        match self.candidates().first().map(|id| id.rule().subject) {
            _ if self.finding.attempts.is_some() => Subject::Hub,
            Some(Subject::Port) => Subject::Port,
            _ if named => Subject::Registry,
            Some(subject) => subject,
            None => Subject::Device,
        }
    }

    pub(crate) fn effect(&self) -> Effect {
        self.finding.effect
    }

    /// Whether the log shows it up to now: nothing ended it, and it was seen so lately that the
    /// runtime, which repeats what fails, had no time to show otherwise.
    pub(crate) fn stands(&self) -> bool {
        let recent = |age| (AHEAD..=RECENT).contains(&age);
        self.finding.lasts && self.finding.age_s.is_some_and(recent)
    }

    /// Whether it may speak of a fault that is there now: nothing ended it, and it is of the last
    /// day, or of a time that the log does not tell.
    pub(crate) fn may_speak_of_now(&self) -> bool {
        let recent = |age| (AHEAD..=A_DAY).contains(&age);
        self.finding.lasts && self.finding.age_s.is_none_or(recent)
    }

    /// Whether it is about a device or module behind Edge Hub alone, whose fault need not be anyone
    /// else's.
    pub(crate) fn is_of_one_client(&self) -> bool {
        let of_edge_hub = |attempts: Attempts| attempts.party == Party::EdgeHub;
        let client = self.detail("client").unwrap_or_default();
        self.finding.attempts.is_some_and(of_edge_hub)
            && !client.is_empty()
            && !client.ends_with(EDGE_HUB_ITSELF)
    }

    /// Whether it is a connection, by the second choice.
    pub(crate) fn is_a_fallback(&self) -> bool {
        self.finding.attempts.is_some_and(|attempts| attempts.course == Course::Fallback)
    }

    pub(crate) fn port(&self) -> Option<u16> {
        let port = self.finding.details.get("port")?.as_u64()?;
        u16::try_from(port).ok()
    }

    /// The registry that it speaks of, where it names one or an image of it.
    pub(crate) fn registry(&self) -> Option<String> {
        let of_image = || {
            let reference =
                edgeprobe_facts::registry::Reference::parse_image(self.detail("image")?);
            Some(reference.ok()?.registry())
        };
        self.detail("registry").map(str::to_owned).or_else(of_image)
    }

    pub(crate) fn detail(&self, name: &str) -> Option<&'o str> {
        self.finding.details.get(name)?.as_str()
    }
}

impl<'o> Evidence<'o> {
    /// Every finding of every log that was read, but those that only warn.
    pub(crate) fn log_readings(&self) -> Vec<LogReading<'o>> {
        let read = |observation: &'o Observation| match &observation.facts {
            Facts::Logs(facts) if observation.outcome == Outcome::Pass => {
                Some((observation, &**facts))
            }
            _ => None,
        };
        self.all()
            .iter()
            .filter_map(read)
            .flat_map(|(observation, facts)| {
                facts.findings.iter().map(move |finding| LogReading { observation, facts, finding })
            })
            .filter(|reading| reading.effect() != Effect::Warns)
            .collect()
    }

    /// The logs that were to be read and were not.
    pub(crate) fn unread_logs(&self) -> Vec<(&'o Observation, &'o LogFacts)> {
        let all = self.all().iter().filter(|observation| observation.outcome == Outcome::Skipped);
        all.filter_map(|observation| match &observation.facts {
            Facts::Logs(facts) => Some((observation, &**facts)),
            _ => None,
        })
        .collect()
    }
}
