//! From lines that match to findings: counted, drawn together, and ended by what ends them.

use std::collections::{BTreeMap, HashMap};

use edgeprobe_facts::clean;
use edgeprobe_facts::mask::mask;
use serde_json::{Map, Value};

use super::attempts::{Attempts, Course, Life, Mark};
use super::finding::{Finding, State};
use super::scan::Origin;
use super::set::{Match, Signatures};
use super::signature::{Outcome, Party, Role, Signature, placeholder};
use super::time::{Moment, rfc3339};
use crate::language::{Arguments, Text, Word, render};

/// Findings that are kept of one log, and of one signature in it.
const FINDINGS: usize = 256;
const OF_ONE_SIGNATURE: usize = 32;

/// Characters that are kept of a line and of a captured word.
const TEXT: usize = 400;
const WORD: usize = 160;

/// What repeats while it lasts, and has not for this long, is over; milliseconds. The runtime's own
/// pauses, and those of the engine's restarts, are five minutes at most.
const QUIET: i64 = 15 * 60_000;

/// A line that matches a signature.
pub(super) struct Hit<'h> {
    pub(super) found: Match<'h>,
    pub(super) line: u64,
    pub(super) at: Option<Moment>,
    pub(super) text: &'h [u8],
}

/// The words that tell two findings of one signature apart.
type Words = BTreeMap<&'static str, String>;

/// One log's findings as they grow.
#[derive(Debug)]
pub(super) struct Fold<'s> {
    signatures: &'s Signatures,
    kept: HashMap<(usize, Words), Kept>,
    of_signature: HashMap<usize, usize>,
    agent: Attempts,
    hub: Attempts,
    /// The last line of each party's attempts.
    texts: BTreeMap<Party, String>,
    /// The last success of each signature.
    successes: BTreeMap<String, Option<Moment>>,
    hits: u64,
    left_out: u64,
}

/// A finding under way.
#[derive(Clone, Debug)]
struct Kept {
    first_line: u64,
    last_line: u64,
    first_at: Option<Moment>,
    last_at: Option<Moment>,
    count: u64,
    episodes: u64,
    /// When the last episode began.
    began: Option<Moment>,
    over: Option<(u64, Option<Moment>)>,
    text: String,
}

impl<'s> Fold<'s> {
    pub(super) fn new(signatures: &'s Signatures) -> Self {
        Self {
            signatures,
            kept: HashMap::new(),
            of_signature: HashMap::new(),
            agent: Attempts::default(),
            hub: Attempts::default(),
            texts: BTreeMap::new(),
            successes: BTreeMap::new(),
            hits: 0,
            left_out: 0,
        }
    }

    pub(super) fn hits(&self) -> u64 {
        self.hits
    }

    /// What works, by the signatures of the lines that tell so, and when each was last seen.
    pub(super) fn successes(&self) -> &BTreeMap<String, Option<Moment>> {
        &self.successes
    }

    /// What was too much to keep.
    pub(super) fn left_out(&self) -> Option<Text> {
        (self.left_out > 0).then(|| Text::new("note.left_out").with("count", self.left_out))
    }

    pub(super) fn take(&mut self, hit: &Hit<'_>) {
        let Some(signature) = self.signatures.get(hit.found.signature) else { return };
        self.hits += 1;
        let words = words(hit);
        match signature.role {
            Role::Fault => self.fault(signature, words, hit),
            Role::Outcome => {}
            Role::Start => {
                for party in [Party::EdgeAgent, Party::EdgeHub] {
                    if signature.party.is_none_or(|own| own == party) {
                        self.attempts(party).start();
                    }
                }
            }
            Role::Attempt | Role::Failure => {
                let Some(party) = signature.party else { return };
                let mark = mark(&words, hit);
                self.texts.insert(party, shown(hit.text));
                if signature.role == Role::Attempt {
                    self.attempts(party).attempt(mark);
                } else {
                    self.attempts(party).failure(mark.at, &mark.client);
                }
            }
            Role::Success => {
                if let Some(party) = signature.party {
                    self.attempts(party).success(&mark(&words, hit));
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

    fn fault(&mut self, signature: &Signature, words: Words, hit: &Hit<'_>) {
        if signature.unless_connected && self.connected() {
            return;
        }
        let key = (hit.found.signature, words);
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
        let known = self.of_signature.entry(hit.found.signature).or_default();
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
            text: shown(hit.text),
        };
        self.kept.insert(key, kept);
    }

    /// Ends every fault that this success ends.
    fn end(&mut self, success: &Signature, hit: &Hit<'_>) {
        for ((index, _), kept) in &mut self.kept {
            let ends =
                self.signatures.get(*index).is_some_and(|fault| fault.until.contains(&success.id));
            if ends && kept.over.is_none() {
                kept.over = Some((hit.line, hit.at));
            }
        }
    }

    /// The findings so far in the order of their lines, and whether a connection stands.
    pub(super) fn findings(
        &self,
        origin: &Origin,
        end: Option<Moment>,
        signatures: &Signatures,
    ) -> (Vec<Finding>, bool) {
        let mut findings = Vec::new();
        for ((index, words), kept) in &self.kept {
            let Some(signature) = signatures.get(*index) else { continue };
            let mut kept = kept.clone();
            if kept.over.is_none() && signature.repeats {
                let quiet = end.zip(kept.last_at).filter(|(end, last)| end - last > QUIET);
                kept.over = quiet.map(|(end, _)| (kept.last_line, Some(end)));
            }
            let details: Map<String, Value> = words
                .iter()
                .map(|(name, word)| ((*name).to_owned(), value(word)))
                .chain(signature.details.iter().map(|(name, word)| (name.clone(), value(word))))
                .collect();
            findings.push(told(signature, origin, kept, details));
        }
        for (party, attempts) in [(Party::EdgeAgent, &self.agent), (Party::EdgeHub, &self.hub)] {
            for course in attempts.courses(end) {
                findings.extend(self.course(party, course, origin, signatures));
            }
        }
        findings.sort_by(|one, other| {
            (one.first_line, &one.signature, &one.summary).cmp(&(
                other.first_line,
                &other.signature,
                &other.summary,
            ))
        });
        (findings, self.connected())
    }

    /// A course of attempts as a finding.
    fn course(
        &self,
        party: Party,
        course: Course,
        origin: &Origin,
        signatures: &Signatures,
    ) -> Option<Finding> {
        let index = signatures.outcome(party, course.outcome)?;
        let signature = signatures.get(index)?;
        let mut details = Map::new();
        let via: Vec<Value> = course.via.iter().map(|via| value(via)).collect();
        details.insert("via".to_owned(), Value::Array(via));
        details.insert("failed_attempts".to_owned(), course.failed.into());
        if let Some(lasted) = course.lasted {
            details.insert("attempt_ms".to_owned(), lasted.into());
        }
        if let Some(life) = course.life.filter(|_| party == Party::EdgeAgent) {
            let word = match life {
                Life::Exits => "exits",
                Life::Loops => "loops",
                Life::LogEnds => "log_ends",
            };
            details.insert("life".to_owned(), word.into());
        }
        if !course.last.client.is_empty() {
            details.insert("client".to_owned(), value(&course.last.client));
        }
        // A connection by the second choice is the state that lasts, not its first line.
        let last = course.last;
        let kept = Kept {
            first_line: course.first.line,
            last_line: last.line,
            first_at: course.first.at,
            last_at: last.at,
            count: if course.outcome == Outcome::Fallback {
                course.failed
            } else {
                course.failed.max(1)
            },
            episodes: course.episodes,
            began: course.began,
            over: course.over,
            text: self.texts.get(&party).cloned().unwrap_or_default(),
        };
        Some(told(signature, origin, kept, details))
    }
}

fn told(
    signature: &Signature,
    origin: &Origin,
    kept: Kept,
    details: Map<String, Value>,
) -> Finding {
    let words: Arguments = details
        .iter()
        .filter_map(|(name, value)| Some((placeholder(name)?, spoken(value))))
        .collect();
    Finding {
        summary: render(signature.sentence(origin.language), &words, origin.language),
        documented: signature.documented(origin.language),
        candidates: signature.candidates.clone(),
        variant: signature.variant.clone(),
        signature: signature.id.clone(),
        effect: signature.effect,
        state: if kept.over.is_some() { State::Recovered } else { State::Open },
        source: origin.name.clone(),
        container: origin.container.clone(),
        first_line: kept.first_line,
        last_line: kept.last_line,
        count: kept.count,
        first_at: kept.first_at.map(rfc3339),
        last_at: kept.last_at.map(rfc3339),
        since_at: kept.began.filter(|_| kept.episodes > 1).map(rfc3339),
        episodes: kept.episodes,
        recovered_line: kept.over.map(|(line, _)| line),
        recovered_at: kept.over.and_then(|(_, at)| at).map(rfc3339),
        text: kept.text,
        details,
    }
}

/// A detail as a sentence has it.
fn spoken(value: &Value) -> Word {
    match value {
        Value::String(text) => text.into(),
        Value::Array(items) => Word::listed(items.iter().map(spoken)),
        other => other.to_string().into(),
    }
}

fn words(hit: &Hit<'_>) -> Words {
    hit.found
        .words
        .iter()
        .map(|(name, word)| {
            let word = clean::line(&mask(&String::from_utf8_lossy(word)), WORD);
            (*name, word.trim_end_matches(['.', ':']).to_owned())
        })
        .filter(|(_, word)| !word.is_empty())
        .collect()
}

fn mark(words: &Words, hit: &Hit<'_>) -> Mark {
    let word = |name: &str| words.get(name).cloned().unwrap_or_default();
    Mark { line: hit.line, at: hit.at, via: word("via"), client: word("client") }
}

/// A word as JSON: a number where it is one that counts something.
fn value(word: &str) -> Value {
    match word.parse::<u32>() {
        Ok(number) if !word.starts_with('0') => number.into(),
        _ => word.into(),
    }
}

/// A line as it may be shown.
fn shown(text: &[u8]) -> String {
    // Masked before it is cut, so that no secret's beginning is left at the cut.
    let bounded = text.get(..super::lines::LONGEST).unwrap_or(text);
    clean::line(&mask(&String::from_utf8_lossy(bounded)), TEXT)
}
