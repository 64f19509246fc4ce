//! The course of attempts to connect: pairs, how long each lasted, what came of them.
//!
//! Edge Agent tries AMQP, gives it 30 s, then tries AMQP over WebSocket. An attempt that lasted that
//! long met silence; one that ended within seconds was refused, or found no address. Edge Hub does
//! the same for each client, with 20 s. Until 1.0.0-preview014 the process ends after the second
//! attempt; every later one goes on for ever, with pauses of up to 60 s.

use std::collections::BTreeMap;

use edgeprobe_facts::logs::Course;

use super::stamp::Stamp;

/// Shorter than this, an attempt was refused; milliseconds.
const REFUSED: i64 = 5_000;
/// Longer than this, it met silence: less than Edge Hub's 20 s.
const SILENT: i64 = 12_000;
/// An attempt may be under way for as long as this without having failed.
const UNDER_WAY: i64 = 45_000;
/// The most clients of Edge Hub that are distinguished.
const CLIENTS: usize = 64;

/// A line that tells of an attempt, or a connection.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) line: u64,
    pub(super) at: Stamp,
    pub(super) via: String,
    pub(super) client: String,
}

/// What became of a series of attempts.
#[derive(Clone, Debug)]
pub(super) struct SeriesSummary {
    pub(super) course: Course,
    pub(super) first: Mark,
    pub(super) last: Mark,
    /// Attempts that failed.
    pub(super) failed: u64,
    /// How long the first attempt of a known length lasted, in milliseconds.
    pub(super) lasted: Option<i64>,
    /// The transports that were tried, in order.
    pub(super) via: Vec<String>,
    pub(super) life: Option<Life>,
    pub(super) episodes: u64,
    /// When the last of the episodes began.
    pub(super) began: Stamp,
    /// The line after which it was over.
    pub(super) over: Option<(u64, Stamp)>,
}

/// What the process does between series of attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// It ends after the last attempt, and is started again.
    Exits,
    /// It goes on for ever.
    Loops,
    /// The log ends with the last attempt.
    LogEnds,
}

/// The attempts of one party.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempts {
    clients: BTreeMap<String, Client>,
    /// Series without a connection.
    lost: Option<Series>,
    /// Connections by the second choice.
    fallback: Option<Series>,
    connected: Option<bool>,
    restarts: u64,
    /// Attempts since the process began.
    in_this_run: u64,
    most_in_a_run: u64,
}

/// One client's attempts since its last connection.
#[derive(Clone, Debug, Default)]
struct Client {
    pending: Option<Mark>,
    failures: Vec<Failure>,
    /// Failures that were not kept one by one.
    more: u64,
    last: Option<Mark>,
}

#[derive(Clone, Debug)]
struct Failure {
    mark: Mark,
    lasted: Option<i64>,
}

/// Failures of a client that are kept one by one; a loop brings thousands.
const KEPT: usize = 8;

#[derive(Clone, Debug)]
struct Series {
    first: Mark,
    last: Mark,
    failed: u64,
    silent: u64,
    refused: u64,
    lasted: Option<i64>,
    via: Vec<String>,
    episodes: u64,
    began: Stamp,
    over: Option<(u64, Stamp)>,
}

impl Attempts {
    /// Whether the last that is known of this party is a connection.
    pub(super) fn connected(&self) -> bool {
        self.connected == Some(true)
    }

    pub(super) fn attempt(&mut self, mark: Mark) {
        self.connected = Some(false);
        self.in_this_run += 1;
        self.most_in_a_run = self.most_in_a_run.max(self.in_this_run);
        if let Some(client) = self.client(&mark.client) {
            // Only within a pair does the next attempt follow at once; elsewhere there is a pause.
            let pair = client.pending.as_ref().is_some_and(|first| is_direct(&first.via));
            client.fail(if pair && !is_direct(&mark.via) { mark.at } else { Stamp::default() });
            client.pending = Some(mark);
        }
    }

    /// A line says that an attempt has failed. It names its client, or is about all.
    pub(super) fn failure(&mut self, at: Stamp, client: &str) {
        for (name, attempts) in &mut self.clients {
            if client.is_empty() || name == client {
                attempts.fail(at);
            }
        }
    }

    /// The process begins anew; what was under way has failed.
    pub(super) fn start(&mut self) {
        self.connected = Some(false);
        if self.in_this_run > 0 {
            self.restarts += 1;
        }
        self.in_this_run = 0;
        for client in self.clients.values_mut() {
            // A pause of unknown length lies between the attempt's end and this.
            client.fail(Stamp::default());
        }
    }

    pub(super) fn success(&mut self, mark: &Mark) {
        self.connected = Some(true);
        self.in_this_run = 0;
        let Some(client) = self.client(&mark.client) else { return };
        client.pending = None;
        let client = std::mem::take(client);
        let here = (mark.line, mark.at);
        let first_choice_failed = client.last.as_ref().is_some_and(|last| is_direct(&last.via));
        let by_second_choice = first_choice_failed && !is_direct(&mark.via);
        if by_second_choice {
            let last = client.failures.last().map(std::slice::from_ref).unwrap_or_default();
            add(&mut self.fallback, last, 0);
        }
        if let Some(fallback) = &mut self.fallback {
            if by_second_choice {
                fallback.last = mark.clone();
                fallback.via.retain(|via| *via != mark.via);
                fallback.via.push(mark.via.clone());
            } else if is_direct(&mark.via) {
                fallback.over = fallback.over.or(Some(here));
            }
        }
        // A series in which the second choice failed too was an outage.
        if client.failures.len() > usize::from(by_second_choice) {
            add(&mut self.lost, &client.failures, client.more);
            if let (Some(lost), Some(last)) = (&mut self.lost, client.last) {
                lost.last = last;
            }
        }
        if let Some(lost) = &mut self.lost {
            lost.over = lost.over.or(Some(here));
        }
    }

    /// What became of all attempts, when the log ends at `end`.
    pub(super) fn summaries(&self, end: Stamp) -> Vec<SeriesSummary> {
        let mut lost = self.lost.clone();
        let mut ends_pending = false;
        for client in self.clients.values() {
            let mut failures = client.failures.clone();
            if let Some(pending) = &client.pending {
                let lasted = end.since(pending.at);
                ends_pending = true;
                if lasted.is_some_and(|lasted| lasted > UNDER_WAY) {
                    failures.push(Failure { mark: pending.clone(), lasted: None });
                }
            }
            if failures.is_empty() {
                continue;
            }
            add(&mut lost, &failures, client.more);
            if let (Some(lost), Some(last)) =
                (&mut lost, client.pending.as_ref().or(client.last.as_ref()))
            {
                if !lost.via.contains(&last.via) {
                    lost.via.push(last.via.clone());
                }
                lost.last = last.clone();
            }
        }
        let life = self.life(ends_pending);
        let lost = lost.map(|mut series| {
            // Edge Hub's own connection speaks for all; that of a device behind it for itself.
            if let Some(own) = self.clients.iter().find(|(name, it)| is_own(name) && it.is_lost()) {
                series.last.client.clone_from(own.0);
            }
            let course = match (series.silent, series.refused) {
                (0, 0) => Course::Untimed,
                (_, 0) => Course::Silent,
                (0, _) => Course::Refused,
                _ => Course::Mixed,
            };
            series.summary(course, life)
        });
        let fallback = self.fallback.clone().map(|series| series.summary(Course::Fallback, None));
        lost.into_iter().chain(fallback).collect()
    }

    fn life(&self, ends_pending: bool) -> Option<Life> {
        if self.most_in_a_run > 2 {
            Some(Life::Loops)
        } else if self.restarts > 0 {
            Some(Life::Exits)
        } else {
            ends_pending.then_some(Life::LogEnds)
        }
    }

    fn client(&mut self, name: &str) -> Option<&mut Client> {
        if self.clients.len() >= CLIENTS && !self.clients.contains_key(name) {
            return None;
        }
        Some(self.clients.entry(name.to_owned()).or_default())
    }
}

impl Client {
    fn is_lost(&self) -> bool {
        !self.failures.is_empty()
    }

    fn fail(&mut self, at: Stamp) {
        let Some(mark) = self.pending.take() else { return };
        let lasted = at.since(mark.at).filter(|lasted| *lasted >= 0);
        self.last = Some(mark.clone());
        if self.failures.len() < KEPT {
            self.failures.push(Failure { mark, lasted });
        } else {
            self.more += 1;
        }
    }
}

/// Adds failures to a series. They are a new episode where the series was over.
fn add(series: &mut Option<Series>, failures: &[Failure], more: u64) {
    let Some(first) = failures.first() else { return };
    let series = series.get_or_insert_with(|| Series {
        first: first.mark.clone(),
        last: first.mark.clone(),
        failed: 0,
        silent: 0,
        refused: 0,
        lasted: None,
        via: Vec::new(),
        episodes: 1,
        began: first.mark.at,
        over: None,
    });
    if series.over.take().is_some() {
        series.episodes += 1;
        series.began = first.mark.at;
    }
    series.failed += more;
    for failure in failures {
        series.failed += 1;
        series.silent += u64::from(failure.lasted.is_some_and(|lasted| lasted > SILENT));
        series.refused += u64::from(failure.lasted.is_some_and(|lasted| lasted < REFUSED));
        series.lasted = series.lasted.or(failure.lasted);
        series.last = failure.mark.clone();
        if !series.via.contains(&failure.mark.via) {
            series.via.push(failure.mark.via.clone());
        }
    }
}

impl Series {
    fn summary(self, course: Course, life: Option<Life>) -> SeriesSummary {
        let Self { first, last, failed, lasted, via, episodes, began, over, .. } = self;
        SeriesSummary { course, first, last, failed, lasted, via, life, episodes, began, over }
    }
}

/// Whether a client is Edge Hub itself.
fn is_own(client: &str) -> bool {
    client.ends_with("$edgeHub")
}

/// Whether a transport has a dedicated port, in any version's words.
fn is_direct(via: &str) -> bool {
    !via.to_ascii_lowercase().contains("websocket")
}
