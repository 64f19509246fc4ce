//! The logs of a check, read while its probes run: each on a separate thread, and none waited for
//! beyond the time that is there.

use std::sync::LazyLock;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use edgeprobe_facts::logs::LogFacts;
use edgeprobe_facts::mask::mask;
use edgeprobe_facts::{Facts, Failure, Observation, Outcome, Step, Token, Vantage, clean};
use edgeprobe_probes::Timeline;
use edgeprobe_probes::recorder::milliseconds;

use super::collect::Collected;
use super::now;
use crate::cli::problem::Problem;
use crate::language::Language;
use crate::logs::{DAY, Moment, Scanned, Signatures, facts};
use crate::sources::{How, Input, Obstacle, Piece, RUNTIME_CONTAINERS, RUNTIME_UNITS, SourceError};

/// Of a container's log and a journal so many lines at the end are read.
const LINES: u32 = 100_000;

/// Logs that the user did not ask for are not waited for longer than this after the probes end.
const UNASKED: Duration = Duration::from_secs(1);

/// A container that is not there is known by then, before anything else is asked.
const NAMED: Duration = Duration::from_secs(1);

/// Readers end within this time after they are asked to.
const ENDING: Duration = Duration::from_millis(200);

/// Logs whose observations are kept; a support bundle has one for each module.
const LOGS: usize = 32;

static BUILT_IN: LazyLock<Option<Signatures>> = LazyLock::new(|| Signatures::load(None).ok());

/// The logs that a check takes as evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) enum Logs {
    /// None.
    #[default]
    None,
    /// What the runtime has written here in the last day.
    Here { asked: bool },
    /// These.
    Named(Vec<Input>),
}

impl Logs {
    /// The same logs, which are waited for.
    pub(in crate::cli) fn asked(self) -> Self {
        match self {
            Self::Here { .. } => Self::Here { asked: true },
            other => other,
        }
    }

    fn inputs(&self) -> Vec<Input> {
        match self {
            Self::None => Vec::new(),
            Self::Here { .. } => {
                let containers = RUNTIME_CONTAINERS.iter().map(ToString::to_string);
                let units = RUNTIME_UNITS.iter().map(ToString::to_string);
                containers.map(Input::Container).chain(units.map(Input::Journal)).collect()
            }
            Self::Named(inputs) => inputs.clone(),
        }
    }
}

/// Logs that are being read.
pub(in crate::cli) struct Reading {
    logs: Logs,
    timeline: Timeline,
    started_ms: f64,
    present: Moment,
    since: Option<Moment>,
    how: How,
    /// What became of each input, in their order.
    inputs: Vec<(Input, Fate)>,
    reports: Receiver<(usize, Report)>,
}

/// What a reader tells.
enum Report {
    /// The log is there.
    Begun,
    Ended(Result<Vec<Scanned>, SourceError>, Duration),
}

enum Fate {
    Reading { begun: bool },
    Read(Vec<Scanned>, Duration),
    Failed(SourceError),
}

impl Reading {
    /// Begins to read. Errors when a container that was named is known not to be there.
    pub(in crate::cli) fn start(logs: &Logs, timeline: Timeline) -> Result<Self, Problem> {
        let present = now();
        // Of logs that the user did not name, only the last day is read.
        let since = matches!(logs, Logs::Here { .. }).then_some(present - DAY);
        let how = How { since, last: Some(LINES), end_alone: true, ..How::default() };
        let (sender, reports) = channel();
        let begun = |input: &Input| !matches!(input, Input::Container(_));
        let inputs: Vec<(Input, Fate)> = logs
            .inputs()
            .into_iter()
            .map(|input| {
                let fate = Fate::Reading { begun: begun(&input) };
                (input, fate)
            })
            .collect();
        for (index, (input, _)) in inputs.iter().enumerate() {
            let (input, how, sender) = (input.clone(), how.clone(), sender.clone());
            let reading = move || read(index, &input, &how, present, &sender);
            std::thread::Builder::new().spawn(reading).map_err(|error| {
                Problem::new(format!("cannot start reading the logs: {error}"))
                    .hint("allow more threads (`ulimit -u`), or skip the logs with --no-logs")
            })?;
        }
        let mut reading = Self {
            logs: logs.clone(),
            timeline,
            started_ms: timeline.elapsed_ms(),
            present,
            since,
            how,
            inputs,
            reports,
        };
        if let Logs::Named(_) = logs {
            let there = |fate: &Fate| !matches!(fate, Fate::Reading { begun: false });
            reading.wait(timeline.remaining().min(NAMED), there);
            reading.refuse()?;
        }
        Ok(reading)
    }

    /// What the logs show, an observation for each. Errors when one that was named cannot be read.
    pub(in crate::cli) fn end(mut self) -> Result<Vec<Observation>, Problem> {
        let asked = !matches!(self.logs, Logs::Here { asked: false });
        let patience = if asked { Duration::MAX } else { UNASKED };
        self.wait(self.timeline.remaining().min(patience), is_settled);
        self.how.stop.store(true, Ordering::Relaxed);
        self.refuse()?;
        let mut observations = self.observations();
        if asked {
            observations.extend(self.unread());
        }
        // The journal's program must not outlive this one.
        let journal =
            |(input, fate): &(Input, Fate)| matches!(input, Input::Journal(_)) && !is_settled(fate);
        if self.inputs.iter().any(journal) {
            self.wait(ENDING, is_settled);
        }
        Ok(observations)
    }

    /// Takes reports until every input is as wanted, or the time is over.
    fn wait(&mut self, patience: Duration, wanted: fn(&Fate) -> bool) {
        let begun = Instant::now();
        while !self.inputs.iter().all(|(_, fate)| wanted(fate)) {
            let left = patience.saturating_sub(begun.elapsed());
            let (index, report) = match self.reports.recv_timeout(left) {
                Ok(report) => report,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            };
            let Some((_, fate)) = self.inputs.get_mut(index) else { continue };
            *fate = match report {
                Report::Begun => Fate::Reading { begun: true },
                Report::Ended(Ok(logs), took) => Fate::Read(logs, took),
                Report::Ended(Err(error), _) => Fate::Failed(error),
            };
        }
    }

    /// An input that the user named and that cannot be read is a usage error.
    fn refuse(&mut self) -> Result<(), Problem> {
        if !matches!(self.logs, Logs::Named(_)) {
            return Ok(());
        }
        let failed = self.inputs.iter().position(|(_, fate)| matches!(fate, Fate::Failed(_)));
        match failed.map(|index| self.inputs.swap_remove(index)) {
            Some((_, Fate::Failed(error))) => Err(Problem::from(error)),
            _ => Ok(()),
        }
    }

    fn observations(&mut self) -> Vec<Observation> {
        let named = matches!(self.logs, Logs::Named(_));
        let Some(signatures) = &*BUILT_IN else { return Vec::new() };
        let mut logs = Vec::new();
        let mut origins = Vec::new();
        for (input, fate) in &mut self.inputs {
            let Fate::Read(scanned, took) = fate else { continue };
            // An input that the user did not name and that gives nothing does not exist.
            for log in scanned.drain(..).filter(|log| named || log.source.lines > 0) {
                logs.push(log);
                origins.push((input.clone(), *took));
            }
        }
        let facts = facts(logs, signatures, self.since, self.present);
        let all = facts.into_iter().zip(origins);
        let mut all: Vec<(LogFacts, (Input, Duration))> = all.collect();
        all.sort_by_key(|(facts, _)| facts.findings.is_empty());
        all.truncate(LOGS);
        let observation = |(mut facts, (input, took)): (LogFacts, (Input, Duration))| {
            if let Input::Journal(unit) = input {
                facts.unit = Some(clean::line(&unit, 80));
            }
            self.observation(facts, Outcome::Pass, None, took)
        };
        all.into_iter().map(observation).collect()
    }

    /// What was asked for and is not known.
    fn unread(&self) -> Vec<Observation> {
        let here = matches!(self.logs, Logs::Here { .. });
        let skipped = |input: &Input, token, detail: String| {
            let source = mask(&input.to_string()).into_owned();
            let facts = LogFacts {
                source,
                read_at: crate::logs::rfc3339(self.present),
                unit: match input {
                    Input::Journal(unit) => Some(clean::line(unit, 80)),
                    _ => None,
                },
                container: match input {
                    Input::Container(name) => Some(clean::line(name, 80)),
                    _ => None,
                },
                ..LogFacts::default()
            };
            let took = Duration::from_secs_f64(
                (self.timeline.elapsed_ms() - self.started_ms).max(0.0) / 1_000.0,
            );
            let failure = Failure::new(Step::Read, token, detail);
            self.observation(facts, Outcome::Skipped, Some(failure), took)
        };
        self.inputs
            .iter()
            .filter_map(|(input, fate)| match fate {
                Fate::Reading { .. } => {
                    let detail = "it was not read to its end in time".to_owned();
                    Some(skipped(input, Token::TimedOut, detail))
                }
                // Units and containers that this device does not have are not missed.
                Fate::Failed(error)
                    if here && matches!(error.obstacle, Obstacle::Absent | Obstacle::NoEngine) =>
                {
                    None
                }
                // An engine's own words may quote what it was asked with.
                Fate::Failed(error) => {
                    let detail = clean::line(&error.to_string(), 240);
                    Some(skipped(input, Token::IoError, mask(&detail).into_owned()))
                }
                Fate::Read(..) => None,
            })
            .collect()
    }

    fn observation(
        &self,
        facts: LogFacts,
        outcome: Outcome,
        failure: Option<Failure>,
        took: Duration,
    ) -> Observation {
        let step = edgeprobe_facts::StepRecord {
            step: Step::Read,
            outcome,
            duration_ms: milliseconds(took),
        };
        Observation {
            id: format!("{}/logs/{}", Vantage::Host, facts.source),
            vantage: Vantage::Host,
            target: facts.source.clone(),
            outcome,
            failure,
            started_ms: self.started_ms,
            duration_ms: milliseconds(took),
            steps: vec![step],
            tries: None,
            facts: Facts::Logs(Box::new(facts)),
        }
    }
}

fn is_settled(fate: &Fate) -> bool {
    !matches!(fate, Fate::Reading { .. })
}

/// Reads one input to its end, and reports.
fn read(
    index: usize,
    input: &Input,
    how: &How,
    present: Moment,
    reports: &Sender<(usize, Report)>,
) {
    let begun = Instant::now();
    let Some(signatures) = &*BUILT_IN else { return };
    // An observation is English; sentences about it have the language of the verdict.
    let mut collected = Collected::new(signatures, how.since, present, Language::English);
    let mut told = false;
    let result = input.read(how, &mut |piece| {
        if matches!(piece, Piece::Begins(_)) && !std::mem::replace(&mut told, true) {
            // The receiver is gone when the run is over.
            let _ = reports.send((index, Report::Begun));
        }
        collected.take(piece)
    });
    // What was not read to its end may have gone well after all.
    let stopped = how.stop.load(Ordering::Relaxed);
    let logs = result.map(|()| if stopped { Vec::new() } else { collected.end() });
    let _ = reports.send((index, Report::Ended(logs, begun.elapsed())));
}
