//! From lines that match to findings: counted, drawn together, and ended by what ends them.

use std::collections::{BTreeMap, HashMap};

use edgeprobe_facts::logs::{Course, Party};
use serde_json::{Map, Value};

use super::attempts::{Attempts, Life, Mark, SeriesSummary};
use super::chain::{Chain, Line, waits};
use super::clock::Clock;
use super::finding::Finding;
use super::hit::{Hit, Words, shown};
use super::scan::Origin;
use super::set::Signatures;
use super::signature::{Role, Signature};
use super::stamp::Stamp;
use super::tell::{Kept, Sense, tell, value};
use super::time::Moment;
use super::writer::is_a_users_module;
use crate::language::Text;

/// Findings that are kept of one log, and of one signature in it.
const FINDINGS: usize = 256;
const OF_ONE_SIGNATURE: usize = 32;

/// Names of a parent that are kept.
const PARENTS: usize = 8;

/// What repeats while it lasts, and has not for this long, is over; milliseconds. The runtime's own
/// pauses, and those of the engine's restarts, are five minutes at most.
const QUIET: i64 = 15 * 60_000;

/// One log's findings as they grow.
#[derive(Clone, Debug)]
pub(super) struct Fold<'s> {
    signatures: &'s Signatures,
    /// The failure under way.
    chain: Chain,
    kept: HashMap<(Sense, Words), Kept>,
    of_signature: HashMap<usize, usize>,
    agent: Attempts,
    hub: Attempts,
    /// The last line of each party's attempts.
    texts: BTreeMap<Party, String>,
    /// The last success of each signature.
    successes: BTreeMap<String, Stamp>,
    /// Whether lines are Edge Agent's or Edge Hub's, and whether lines are another module's.
    by_runtime: bool,
    by_module: bool,
    /// What the log calls the device's parent.
    parents: Vec<String>,
    hits: u64,
    left_out: u64,
}

impl<'s> Fold<'s> {
    pub(super) fn new(signatures: &'s Signatures) -> Self {
        Self {
            signatures,
            chain: Chain::default(),
            kept: HashMap::new(),
            of_signature: HashMap::new(),
            agent: Attempts::default(),
            hub: Attempts::default(),
            texts: BTreeMap::new(),
            successes: BTreeMap::new(),
            by_runtime: false,
            by_module: false,
            parents: Vec::new(),
            hits: 0,
            left_out: 0,
        }
    }

    pub(super) fn hits(&self) -> u64 {
        self.hits
    }

    /// What works, by the signatures of the lines that tell so, and when each was last seen.
    pub(super) fn successes(&self, clock: &Clock) -> BTreeMap<String, Option<Moment>> {
        let told = |(id, at): (&String, &Stamp)| (id.clone(), clock.moment(*at));
        self.successes.iter().map(told).collect()
    }

    /// The failure under way, to which a line may belong.
    pub(super) fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Takes a line, and what it shows.
    pub(super) fn take(&mut self, line: &Line<'_>, hits: Vec<Hit>) {
        self.hits += hits.len() as u64;
        let goes_on = self.chain.goes_on(line.number, line.at, line.text)
            && !self.chain.is_told_before(&hits, self.signatures);
        if !goes_on {
            self.end_chain();
        }
        let held = |hit: &Hit| self.signatures.get(hit.signature).is_some_and(waits);
        if self.chain.is_open() || hits.iter().any(held) {
            self.chain.take(line, hits, self.signatures);
        } else {
            for hit in &hits {
                self.add(hit);
            }
        }
    }

    /// Tells the failure under way.
    pub(super) fn end_chain(&mut self) {
        if self.chain.is_open() {
            let told = std::mem::take(&mut self.chain).told(self.signatures);
            for hit in &told {
                self.add(hit);
            }
        }
    }

    /// What was too much to keep.
    pub(super) fn left_out(&self) -> Option<Text> {
        (self.left_out > 0).then(|| Text::new("note.left_out").with("count", self.left_out))
    }

    fn add(&mut self, hit: &Hit) {
        let Some(signature) = self.signatures.get(hit.signature) else { return };
        self.by_runtime |= signature.party.is_some();
        match signature.role {
            Role::Fault | Role::Unknown => self.fault(signature, hit),
            Role::Outcome | Role::Instead => {}
            Role::Context => {
                self.by_module |= signature.by_module.is_some();
                if let Some(parent) = hit.words.get("host").filter(|_| self.parents.len() < PARENTS)
                {
                    self.parents.push(parent.clone());
                }
            }
            Role::Start => {
                for party in [Party::EdgeAgent, Party::EdgeHub] {
                    if signature.party.is_none_or(|own| own == party) {
                        self.attempts(party).start();
                    }
                }
            }
            Role::Attempt | Role::Failure => {
                let Some(party) = signature.party else { return };
                let mark = mark(hit);
                self.texts.insert(party, shown(&hit.text));
                if signature.role == Role::Attempt {
                    self.attempts(party).attempt(mark);
                } else {
                    self.attempts(party).failure(mark.at, &mark.client);
                }
            }
            Role::Success => {
                if let Some(party) = signature.party {
                    self.attempts(party).success(&mark(hit));
                }
                self.end(signature, hit);
                self.successes.insert(signature.id.clone(), hit.at);
            }
        }
    }

    fn connected(&self) -> bool {
        self.agent.connected() || self.hub.connected()
    }

    fn attempts(&mut self, party: Party) -> &mut Attempts {
        match party {
            Party::EdgeAgent => &mut self.agent,
            Party::EdgeHub => &mut self.hub,
        }
    }

    fn fault(&mut self, signature: &Signature, hit: &Hit) {
        if self.connected() && !signature.counts_while_connected(hit.place) {
            return;
        }
        let place = hit.place.filter(|_| signature.host.is_some() || signature.by_module.is_some());
        let sense = Sense { signature: hit.signature, place, peer: hit.peer };
        let key = (sense, hit.words.clone());
        if let Some(kept) = self.kept.get_mut(&key) {
            kept.last_line = hit.line;
            kept.first_at = kept.first_at.or(hit.at);
            kept.last_at = hit.at.or(kept.last_at);
            kept.count += 1;
            if kept.over.take().is_some() {
                kept.episodes += 1;
                kept.began = hit.at;
            }
            return;
        }
        let known = self.of_signature.entry(hit.signature).or_default();
        if *known >= OF_ONE_SIGNATURE || self.kept.len() >= FINDINGS {
            self.left_out += 1;
            return;
        }
        *known += 1;
        let kept = Kept {
            first_line: hit.line,
            last_line: hit.line,
            first_at: hit.at,
            last_at: hit.at,
            count: 1,
            episodes: 1,
            began: hit.at,
            over: None,
            text: shown(&hit.text),
        };
        self.kept.insert(key, kept);
    }

    /// Ends every fault that this success ends.
    fn end(&mut self, success: &Signature, hit: &Hit) {
        for ((sense, _), kept) in &mut self.kept {
            let until = sense.until(self.signatures);
            if until.contains(&success.id) && kept.over.is_none() {
                kept.over = Some((hit.line, hit.at));
            }
        }
    }

    /// What was found when the log ends at `end`; and whether a connection stands.
    pub(super) fn findings(
        &self,
        origin: &Origin,
        end: Stamp,
        clock: &Clock,
    ) -> (Vec<Finding>, bool) {
        let signatures = self.signatures;
        let of_a_module = match &origin.container {
            Some(container) => is_a_users_module(container),
            None => self.by_module && !self.by_runtime,
        };
        let mut findings = Vec::new();
        for ((sense, words), kept) in &self.kept {
            let sense = sense.by(of_a_module, signatures);
            let Some(signature) = sense.told(signatures) else { continue };
            let mut kept = kept.clone();
            if kept.over.is_none() && signature.repeats {
                let passed = clock.between(end, kept.last_at);
                let quiet = passed.is_some_and(|passed| passed > QUIET);
                kept.over = quiet.then_some((kept.last_line, end));
            }
            let details: Map<String, Value> = words
                .iter()
                .map(|(name, word)| ((*name).to_owned(), value(word)))
                .chain(signature.details.iter().map(|(name, word)| (name.clone(), value(word))))
                .collect();
            findings.push(tell(sense, signatures, signature, origin, clock, kept, details));
        }
        for (party, attempts) in [(Party::EdgeAgent, &self.agent), (Party::EdgeHub, &self.hub)] {
            for series in attempts.summaries(end) {
                findings.extend(self.series(party, series, origin, clock));
            }
        }
        findings.sort_by(|one, other| {
            (one.first_line, &one.signature, &one.summary).cmp(&(
                other.first_line,
                &other.signature,
                &other.summary,
            ))
        });
        super::upstream::found_in(&mut findings, &self.parents);
        (findings, self.connected())
    }

    /// A series of attempts as a finding.
    fn series(
        &self,
        party: Party,
        series: SeriesSummary,
        origin: &Origin,
        clock: &Clock,
    ) -> Option<Finding> {
        let index = self.signatures.course(party, series.course)?;
        let signature = self.signatures.get(index)?;
        let mut details = Map::new();
        let via: Vec<Value> = series.via.iter().map(|via| value(via)).collect();
        details.insert("via".to_owned(), Value::Array(via));
        details.insert("failed_attempts".to_owned(), series.failed.into());
        if let Some(lasted) = series.lasted {
            details.insert("attempt_ms".to_owned(), lasted.into());
        }
        if let Some(life) = series.life.filter(|_| party == Party::EdgeAgent) {
            let word = match life {
                Life::Exits => "exits",
                Life::Loops => "loops",
                Life::LogEnds => "log_ends",
            };
            details.insert("life".to_owned(), word.into());
        }
        if !series.last.client.is_empty() {
            details.insert("client".to_owned(), value(&series.last.client));
        }
        // A connection by the second choice is the state that lasts, not its first line.
        let last = series.last;
        let kept = Kept {
            first_line: series.first.line,
            last_line: last.line,
            first_at: series.first.at,
            last_at: last.at,
            count: if series.course == Course::Fallback {
                series.failed
            } else {
                series.failed.max(1)
            },
            episodes: series.episodes,
            began: series.began,
            over: series.over,
            text: self.texts.get(&party).cloned().unwrap_or_default(),
        };
        let sense = Sense { signature: index, place: None, peer: None };
        Some(tell(sense, self.signatures, signature, origin, clock, kept, details))
    }
}

fn mark(hit: &Hit) -> Mark {
    Mark { line: hit.line, at: hit.at, via: hit.word("via"), client: hit.word("client") }
}
