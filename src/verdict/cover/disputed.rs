//! What is left to decide: failures that several candidates explain.

use std::collections::{BTreeMap, BTreeSet};

type Sets = BTreeMap<usize, BTreeSet<usize>>;

/// Candidates by their places in the order of rank, and failures by their numbers. Every failure has
/// a candidate that explains it, and every candidate explains a failure.
#[derive(Clone, Default)]
pub(super) struct Disputed {
    /// What each candidate explains.
    pub(super) candidates: Sets,
    /// Who explains each failure.
    pub(super) failures: Sets,
}

impl Disputed {
    pub(super) fn new(explained: &[BTreeSet<usize>]) -> Self {
        let mut disputed = Self::default();
        for (candidate, explained) in explained.iter().enumerate() {
            for failure in explained {
                disputed.candidates.entry(candidate).or_default().insert(*failure);
                disputed.failures.entry(*failure).or_default().insert(candidate);
            }
        }
        disputed
    }

    /// Takes out what can be decided without a search, and returns the candidates that are in the best
    /// cover for certain. What stays has the same best cover as before.
    pub(super) fn reduce(&mut self) -> Vec<usize> {
        let mut chosen = Vec::new();
        loop {
            chosen.extend(self.take_the_only_explanations());
            let outdone = self.outdone_candidates();
            let implied = self.implied_failures();
            if outdone.is_empty() && implied.is_empty() {
                return chosen;
            }
            for failure in implied {
                self.drop_failure(failure);
            }
            for candidate in outdone {
                self.drop_candidate(candidate);
            }
        }
    }

    /// Chooses every candidate that alone explains a failure, and drops all that these explain.
    fn take_the_only_explanations(&mut self) -> BTreeSet<usize> {
        let alone = |by: &BTreeSet<usize>| by.first().copied().filter(|_| by.len() == 1);
        let needed: BTreeSet<usize> = self.failures.values().filter_map(alone).collect();
        for candidate in &needed {
            for failure in self.candidates.get(candidate).cloned().unwrap_or_default() {
                self.drop_failure(failure);
            }
        }
        needed
    }

    /// The candidates that have a rival of better rank which explains everything that they explain.
    fn outdone_candidates(&self) -> Vec<usize> {
        let is_outdone = |(candidate, explained): &(&usize, &BTreeSet<usize>)| {
            self.rivals(explained).any(|other| {
                other < *candidate
                    && self.candidates.get(other).is_some_and(|it| explained.is_subset(it))
            })
        };
        self.candidates.iter().filter(is_outdone).map(|(candidate, _)| *candidate).collect()
    }

    /// The candidates that explain the one of these failures which the fewest candidates explain.
    fn rivals(&self, failures: &BTreeSet<usize>) -> impl Iterator<Item = &usize> {
        let explaining = failures.iter().filter_map(|failure| self.failures.get(failure));
        explaining.min_by_key(|by| by.len()).into_iter().flatten()
    }

    /// The failures that every candidate explains which explains a certain other failure.
    fn implied_failures(&self) -> BTreeSet<usize> {
        let mut implied = BTreeSet::new();
        for (failure, by) in &self.failures {
            let explained = by.iter().filter_map(|candidate| self.candidates.get(candidate));
            let others = explained.min_by_key(|explained| explained.len()).into_iter().flatten();
            if implied.contains(failure) {
                continue;
            }
            let is_implied = |other: &&usize| {
                let its = self.failures.get(other).filter(|_| *other != failure);
                its.is_some_and(|its| by.is_subset(its))
            };
            implied.extend(others.filter(is_implied).copied());
        }
        implied
    }

    fn drop_failure(&mut self, failure: usize) {
        for candidate in self.failures.remove(&failure).into_iter().flatten() {
            remove(&mut self.candidates, candidate, failure);
        }
    }

    fn drop_candidate(&mut self, candidate: usize) {
        for failure in self.candidates.remove(&candidate).into_iter().flatten() {
            remove(&mut self.failures, failure, candidate);
        }
    }

    /// The parts that share neither a candidate nor a failure: each is covered by itself.
    pub(super) fn connected_parts(&self) -> Vec<Self> {
        let mut left = self.clone();
        let mut parts = Vec::new();
        while let Some((first, _)) = left.candidates.first_key_value() {
            let mut part = Self::default();
            let mut reached = vec![*first];
            while let Some(candidate) = reached.pop() {
                let Some(explained) = left.candidates.remove(&candidate) else { continue };
                for failure in &explained {
                    let by = left.failures.remove(failure);
                    reached.extend(by.iter().flatten().copied());
                    part.failures.extend(by.map(|by| (*failure, by)));
                }
                part.candidates.insert(candidate, explained);
            }
            parts.push(part);
        }
        parts
    }
}

/// Removes a member of a set, and the set with its last one.
fn remove(sets: &mut Sets, set: usize, member: usize) {
    if let Some(members) = sets.get_mut(&set) {
        members.remove(&member);
        if members.is_empty() {
            sets.remove(&set);
        }
    }
}
