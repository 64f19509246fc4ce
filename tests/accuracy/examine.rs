//! What must hold of the verdict on any device, however it is broken.

use std::fmt;

use edgeprobe::verdict::{CauseId, Confidence, Effect, Status, Verdict};

use crate::added::never_better;
use crate::exceptions::{UNEXPLAINED, UNSEEN, excused, is_hidden, sees_all};
use crate::faults::Fault;
use crate::setting::{Device, Setting};
use crate::simulate::Run;
use crate::world::World;

/// A device and what is broken on it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) setting: Setting,
    pub(crate) faults: Vec<Fault>,
}

/// A property that a verdict does not have.
#[derive(Clone, Debug)]
pub(crate) struct Breach {
    pub(crate) property: &'static str,
    pub(crate) detail: String,
}

impl Case {
    pub(crate) fn new(setting: Setting, faults: &[Fault]) -> Self {
        Self { setting, faults: faults.to_vec() }
    }

    pub(crate) fn world(&self) -> World {
        let mut world = self.setting.world();
        for fault in &self.faults {
            (fault.inject)(&mut world);
        }
        world
    }

    /// Whether all of the faults can be had together here.
    pub(crate) fn is_possible(&self) -> bool {
        let fits = self.faults.iter().all(|fault| fault.is_of(&self.setting));
        let mut slots: Vec<&str> = self.faults.iter().map(|fault| fault.slot).collect();
        slots.sort_unstable();
        fits && slots.windows(2).all(|pair| pair[0] != pair[1])
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.world().check().verdict()
    }

    /// The same without the faults of one cause.
    fn without(&self, cause: CauseId) -> Self {
        let rest = self.faults.iter().copied().filter(|fault| fault.cause != cause);
        Self { setting: self.setting, faults: rest.collect() }
    }

    /// The same without one of the faults.
    pub(crate) fn but(&self, index: usize) -> Self {
        let mut fewer = self.clone();
        fewer.faults.remove(index);
        fewer
    }

    /// The verdict, and every property that it does not have.
    pub(crate) fn examine(&self) -> (Verdict, Vec<Breach>) {
        let world = self.world();
        let run = world.check();
        let verdict = run.verdict();
        let mut breaches = self.breaches(&verdict, world.truth());
        breaches.extend(self.step_by_step(&verdict));
        breaches.extend(never_better(self, &verdict));
        (verdict, breaches)
    }

    /// Whether a cause is one of the injected, or one that an expert would name here as well.
    pub(crate) fn may_be_named(&self, id: CauseId) -> bool {
        self.faults.iter().any(|fault| fault.cause == id) || excused(self, id)
    }

    fn breaches(&self, verdict: &Verdict, truth: Status) -> Vec<Breach> {
        let mut breaches = Vec::new();
        let mut must = |property, holds: bool| {
            if !holds {
                let detail = format!("truth {truth}, {}", shown(verdict));
                breaches.push(Breach { property, detail });
            }
        };
        must(
            "every named cause is an injected one",
            verdict.causes.iter().all(|it| self.may_be_named(it.id)),
        );
        must(
            "a cause says what would confirm it exactly where it is likely",
            verdict
                .causes
                .iter()
                .all(|it| it.would_confirm.is_some() == (it.confidence == Confidence::Likely)),
        );
        must(
            "the status is never worse than the truth",
            verdict.status <= truth || self.is_left_open(verdict.status),
        );
        let blames = |cause: &edgeprobe::verdict::Cause| cause.effect != Effect::Warns;
        if sees_all(&self.setting) {
            must(
                "with every privilege the status is the truth",
                verdict.status == truth || is_hidden(UNSEEN, self),
            );
            must(
                "with every privilege a device that does not work has a cause",
                truth == Status::Healthy
                    || verdict.causes.iter().any(blames)
                    || is_hidden(UNEXPLAINED, self),
            );
            must(
                "with every privilege nothing is unexplained",
                verdict.unexplained.is_empty() || is_hidden(UNEXPLAINED, self),
            );
        } else {
            must(
                "a status that is better than the truth is not confirmed",
                verdict.status == truth || verdict.confidence == Confidence::Likely,
            );
            must(
                "what could not be tested is said, and is never confirmed to be good",
                verdict.status == Status::Blocked
                    || (!verdict.not_tested.is_empty() && verdict.confidence == Confidence::Likely),
            );
        }
        if self.setting.device == Device::Bare {
            must(
                "without an engine its networks are said not to be tested",
                !verdict.not_tested.is_empty(),
            );
        }
        breaches
    }

    /// Whether the modules of this device were not asked, so that a host that is well decides nothing.
    pub(crate) fn is_left_open(&self, status: Status) -> bool {
        let has_modules = self.setting.device != Device::Bare;
        // What silence proves on a sound line, it leaves open where packets are lost.
        let is_lossy = self.has("lossy");
        status == Status::Inconclusive && has_modules && (is_lossy || !sees_all(&self.setting))
    }

    /// Mending the first cause shows the next, until all is well.
    fn step_by_step(&self, verdict: &Verdict) -> Option<Breach> {
        let first = verdict.causes.iter().find(|cause| cause.effect != Effect::Warns)?;
        let rest = self.without(first.id);
        if rest.faults.len() == self.faults.len() {
            // Named in another's place: the exceptions say when that may be.
            return None;
        }
        let (mended, truth) = (rest.verdict(), rest.world().truth());
        let known =
            |id: CauseId| rest.faults.iter().any(|fault| fault.cause == id) || excused(&rest, id);
        let next = mended.causes.iter().find(|cause| cause.effect != Effect::Warns);
        let holds = match next {
            Some(next) => known(next.id),
            None => {
                !sees_all(&self.setting)
                    || truth == Status::Healthy
                    || is_hidden(UNEXPLAINED, &rest)
            }
        };
        // A fault that hid another may have made the status look better.
        (!holds).then(|| Breach {
            property: "mending the first cause shows the next, or health",
            detail: format!("was {}; mended: truth {truth}, {}", shown(verdict), shown(&mended)),
        })
    }
}

/// Whether a report of the run gives the same verdict when it is read back.
pub(crate) fn replays(run: &Run, verdict: &Verdict) -> bool {
    let text = serde_json::to_string(&run.observations).unwrap();
    let observations = serde_json::from_str(&text).unwrap();
    Run { observations, ..run.clone() }.verdict() == *verdict
}

/// A verdict in a line.
pub(crate) fn shown(verdict: &Verdict) -> String {
    let causes: Vec<String> = verdict
        .causes
        .iter()
        .map(|cause| format!("{} ({:?} {})", cause.id, cause.effect, cause.confidence))
        .collect();
    format!(
        "{} {} [{}] unexplained {:?}",
        verdict.status,
        verdict.confidence,
        causes.join(", "),
        verdict.unexplained
    )
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} on {}", self.faults, self.setting)
    }
}
