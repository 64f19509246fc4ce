//! The smallest set of causes that explains every failure.
//!
//! Parsimonious covering (Reggia, Nau and Wang 1983; Peng and Reggia 1990): of all sets of proved
//! causes, take the smallest that accounts for all that can be accounted for. A failure that a
//! chosen cause explains is a consequence and needs no other cause.
//!
//! The problem is first made smaller without a change of its answer (`disputed.rs`): a candidate that
//! alone explains a failure is in every cover. Only what is still disputed is searched (`search.rs`).

mod disputed;
mod search;

use std::collections::{BTreeMap, BTreeSet};

use disputed::Disputed;

/// A proved cause, as far as covering is concerned.
pub(super) struct Candidate<'p> {
    /// The failures that it would bring about.
    pub(super) explains: BTreeSet<&'p str>,
    /// Smaller is preferred between sets of equal size: what blocks, and what lies earlier on the
    /// path, before the rest. No two candidates have the same.
    pub(super) rank: usize,
}

/// The indices of the chosen candidates, in their order.
///
/// A candidate that explains no failure (a warning) is chosen, unless another candidate explains
/// everything that it shows.
pub(super) fn smallest_cover(
    candidates: &[Candidate<'_>],
    failures: &BTreeSet<String>,
) -> Vec<usize> {
    let mut by_rank: Vec<(usize, &Candidate<'_>)> = candidates.iter().enumerate().collect();
    by_rank.sort_by_key(|(_, candidate)| candidate.rank);
    let numbers: BTreeMap<&str, usize> =
        failures.iter().enumerate().map(|(number, failure)| (failure.as_str(), number)).collect();
    let explained = |candidate: &Candidate<'_>| -> BTreeSet<usize> {
        candidate.explains.iter().filter_map(|id| numbers.get(id).copied()).collect()
    };
    let explained: Vec<BTreeSet<usize>> =
        by_rank.iter().map(|(_, candidate)| explained(candidate)).collect();

    let mut chosen = Chosen::default();
    for place in best_cover(Disputed::new(&explained)) {
        if let Some((index, candidate)) = by_rank.get(place) {
            chosen.add(*index, candidate);
        }
    }
    let warnings = by_rank.iter().zip(&explained).filter(|(_, explained)| explained.is_empty());
    for ((index, warning), _) in warnings {
        if !chosen.bring_about(warning) {
            chosen.add(*index, warning);
        }
    }
    let mut indices: Vec<usize> = chosen.indices.into_iter().collect();
    indices.sort_unstable();
    indices
}

/// The candidates of the best cover, by their places in the order of rank.
fn best_cover(mut disputed: Disputed) -> Vec<usize> {
    let mut chosen = disputed.reduce();
    for part in disputed.connected_parts() {
        chosen.extend(search::cover(&part));
    }
    chosen
}

/// The chosen candidates, and which of them explain a failure.
#[derive(Default)]
struct Chosen<'c, 'p> {
    indices: Vec<usize>,
    by_failure: BTreeMap<&'p str, Vec<&'c Candidate<'p>>>,
}

impl<'c, 'p> Chosen<'c, 'p> {
    fn add(&mut self, index: usize, candidate: &'c Candidate<'p>) {
        self.indices.push(index);
        for failure in &candidate.explains {
            self.by_failure.entry(failure).or_default().push(candidate);
        }
    }

    /// Whether one of them explains everything that a warning shows.
    fn bring_about(&self, warning: &Candidate<'p>) -> bool {
        let first = warning.explains.first().and_then(|first| self.by_failure.get(first));
        first.is_some_and(|causes| causes.iter().any(|it| warning.explains.is_subset(&it.explains)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidate<'p>(explains: &[&'p str], rank: usize) -> Candidate<'p> {
        Candidate { explains: explains.iter().copied().collect(), rank }
    }

    fn failures(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_root_cause_makes_its_consequences_disappear() {
        let candidates =
            [candidate(&["dns", "amqp", "ws"], 0), candidate(&["dns"], 1), candidate(&["ws"], 2)];
        assert_eq!(smallest_cover(&candidates, &failures(&["dns", "amqp", "ws"])), [0]);
    }

    #[test]
    fn two_faults_are_both_named() {
        let candidates = [candidate(&["amqp"], 0), candidate(&["port"], 1)];
        assert_eq!(smallest_cover(&candidates, &failures(&["amqp", "port"])), [0, 1]);
    }

    #[test]
    fn of_two_single_explanations_the_earlier_on_the_path_is_taken() {
        let candidates = [candidate(&["a"], 5), candidate(&["a"], 2)];
        assert_eq!(smallest_cover(&candidates, &failures(&["a"])), [1]);
    }

    #[test]
    fn a_warning_that_explains_no_failure_is_kept() {
        assert_eq!(smallest_cover(&[candidate(&[], 3)], &failures(&[])), [0]);
    }

    #[test]
    fn a_warning_that_another_cause_explains_is_dropped() {
        let candidates = [candidate(&["dns", "late"], 0), candidate(&["late"], 3)];
        assert_eq!(smallest_cover(&candidates, &failures(&["dns"])), [0]);
        assert_eq!(smallest_cover(&candidates, &failures(&[])), [0]);
    }

    #[test]
    fn an_unexplained_failure_does_not_stop_the_cover() {
        assert_eq!(smallest_cover(&[candidate(&["a"], 0)], &failures(&["a", "b"])), [0]);
    }

    #[test]
    fn a_thousand_independent_faults_are_all_named() {
        let names: Vec<String> = (0..1_000).map(|port| format!("port {port:04}")).collect();
        let own = names.iter().enumerate().map(|(rank, name)| candidate(&[name], rank));
        let candidates: Vec<Candidate<'_>> = own.collect();
        let all: BTreeSet<String> = names.iter().cloned().collect();
        assert_eq!(smallest_cover(&candidates, &all), (0..1_000).collect::<Vec<_>>());
    }

    /// A ring has no candidate that is in every cover, and none that another is better than.
    #[test]
    fn a_ring_of_candidates_is_covered() {
        let names: Vec<String> = (0..60).map(|number| format!("{number:02}")).collect();
        let next = |at: usize| names[(at + 1) % names.len()].as_str();
        let ring = (0..names.len()).map(|at| candidate(&[&names[at], next(at)], at));
        let candidates: Vec<Candidate<'_>> = ring.collect();
        let all: BTreeSet<String> = names.iter().cloned().collect();
        let chosen = smallest_cover(&candidates, &all);
        let covered: BTreeSet<&str> =
            chosen.iter().flat_map(|index| candidates[*index].explains.iter().copied()).collect();
        assert_eq!(covered.len(), names.len());
        assert!(chosen.len() <= 45, "{chosen:?}");
    }

    const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

    /// The best cover by trying every set.
    fn tried_one_by_one(candidates: &[Candidate<'_>], failures: &BTreeSet<String>) -> Vec<usize> {
        let relevant = |index: usize| {
            let explains = candidates[index].explains.iter().copied();
            explains.filter(|id| failures.contains(*id)).collect::<BTreeSet<&str>>()
        };
        let members = |set: u32| {
            (0..candidates.len()).filter(move |index| set & (1 << index) != 0).collect::<Vec<_>>()
        };
        let covered =
            |set: u32| members(set).into_iter().flat_map(relevant).collect::<BTreeSet<_>>();
        let everything = (1 << candidates.len()) - 1;
        let all = covered(everything);
        let sets = (0..=everything).filter(|set| covered(*set) == all).map(members);
        sets.min_by_key(|set| (set.len(), set.clone())).unwrap()
    }

    proptest! {
        #[test]
        fn the_reduction_does_not_change_the_cover(
            sets in prop::collection::vec(prop::collection::btree_set(0..8_usize, 1..5), 0..11),
            known in prop::collection::btree_set(0..8_usize, 0..9),
        ) {
            let candidates: Vec<Candidate<'_>> = sets.iter().enumerate().map(|(rank, set)| {
                Candidate { explains: set.iter().map(|at| NAMES[*at]).collect(), rank }
            }).collect();
            let failures: BTreeSet<String> = known.iter().map(|at| NAMES[*at].to_owned()).collect();
            let mut chosen = smallest_cover(&candidates, &failures);
            chosen.retain(|index| {
                candidates[*index].explains.iter().any(|id| failures.contains(*id))
            });
            prop_assert_eq!(chosen, tried_one_by_one(&candidates, &failures));
        }
    }
}
