//! The smallest set of causes that explains every failure.
//!
//! Parsimonious covering (Reggia, Nau and Wang 1983; Peng and Reggia 1990): of all sets of proved
//! causes, take the smallest that accounts for all that can be accounted for. What a chosen cause
//! already explains is a consequence and names no cause of its own.

use std::collections::BTreeSet;

/// A proved cause, as far as covering is concerned.
pub(super) struct Candidate {
    /// The failures that it would bring about.
    pub(super) explains: BTreeSet<String>,
    /// Smaller is preferred between sets of equal size: what blocks, and what lies earlier on the
    /// path, before the rest.
    pub(super) rank: usize,
}

/// The indices of the chosen candidates, in their order.
///
/// A candidate that explains no failure stands on its own (a warning) and is chosen unless all that it
/// shows is what another brings about. The search is exact: it tries sets by size, and there are never
/// more candidates than causes.
pub(super) fn smallest_cover(candidates: &[Candidate], failures: &BTreeSet<String>) -> Vec<usize> {
    let relevant: Vec<BTreeSet<&String>> = candidates
        .iter()
        .map(|candidate| candidate.explains.intersection(failures).collect())
        .collect();
    let explainable: BTreeSet<&String> = relevant.iter().flatten().copied().collect();
    let (standing_alone, explaining): (Vec<usize>, Vec<usize>) =
        (0..candidates.len()).partition(|index| is_empty(&relevant, *index));

    let mut chosen = (0..=explaining.len())
        .find_map(|size| best_of_size(size, &explaining, &relevant, &explainable, candidates))
        .unwrap_or_default();
    for warning in by_rank(standing_alone, candidates) {
        if !chosen.iter().any(|other| brings_about(candidates, *other, warning)) {
            chosen.push(warning);
        }
    }
    chosen.sort_unstable();
    chosen
}

fn by_rank(mut indices: Vec<usize>, candidates: &[Candidate]) -> Vec<usize> {
    indices.sort_by_key(|index| candidates.get(*index).map(|candidate| candidate.rank));
    indices
}

fn brings_about(candidates: &[Candidate], cause: usize, consequence: usize) -> bool {
    let (Some(cause), Some(consequence)) = (candidates.get(cause), candidates.get(consequence))
    else {
        return false;
    };
    !consequence.explains.is_empty() && consequence.explains.is_subset(&cause.explains)
}

fn is_empty(relevant: &[BTreeSet<&String>], index: usize) -> bool {
    relevant.get(index).is_none_or(BTreeSet::is_empty)
}

/// The set of this size that covers everything and whose ranks are smallest, if one covers.
fn best_of_size(
    size: usize,
    explaining: &[usize],
    relevant: &[BTreeSet<&String>],
    explainable: &BTreeSet<&String>,
    candidates: &[Candidate],
) -> Option<Vec<usize>> {
    combinations(explaining, size)
        .into_iter()
        .filter(|set| {
            let covered: BTreeSet<&String> =
                set.iter().filter_map(|index| relevant.get(*index)).flatten().copied().collect();
            covered.len() == explainable.len()
        })
        .min_by_key(|set| {
            let mut ranks: Vec<usize> =
                set.iter().filter_map(|index| candidates.get(*index)).map(|c| c.rank).collect();
            ranks.sort_unstable();
            ranks
        })
}

/// All subsets of this size, in order.
fn combinations(items: &[usize], size: usize) -> Vec<Vec<usize>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let Some((first, rest)) = items.split_first() else { return Vec::new() };
    let mut sets = combinations(rest, size - 1);
    for set in &mut sets {
        set.insert(0, *first);
    }
    sets.extend(combinations(rest, size));
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(explains: &[&str], rank: usize) -> Candidate {
        Candidate { explains: explains.iter().map(ToString::to_string).collect(), rank }
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
    fn a_warning_of_what_another_cause_brings_about_is_none_of_its_own() {
        let candidates = [candidate(&["dns", "late"], 0), candidate(&["late"], 3)];
        assert_eq!(smallest_cover(&candidates, &failures(&["dns"])), [0]);
        assert_eq!(smallest_cover(&candidates, &failures(&[])), [0]);
    }

    #[test]
    fn what_nothing_explains_does_not_hinder() {
        assert_eq!(smallest_cover(&[candidate(&["a"], 0)], &failures(&["a", "b"])), [0]);
    }
}
