//! The best cover of one connected part of what is disputed.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::disputed::Disputed;

/// As many candidates at most are tried in every set: 4,096 sets.
const EXACT: usize = 12;

/// The candidates of the best cover. It is the smallest one, and of equal ones that of the best ranks,
/// unless there are too many candidates to try every set.
pub(super) fn cover(part: &Disputed) -> Vec<usize> {
    if part.candidates.len() <= EXACT { smallest(part) } else { greedy(part) }
}

fn smallest(part: &Disputed) -> Vec<usize> {
    let candidates: Vec<usize> = part.candidates.keys().copied().collect();
    let bit = |candidate: &usize| {
        candidates.iter().position(|known| known == candidate).map_or(0, |at| 1_u32 << at)
    };
    let explained_by: BTreeSet<u32> =
        part.failures.values().map(|by| by.iter().map(bit).sum()).collect();
    let covers = |set: &u32| explained_by.iter().all(|by| by & set != 0);
    let sets = 0..(1_u32 << candidates.len());
    // Of two sets of one size, the one with the smallest member that the other lacks is the better.
    let best =
        sets.filter(covers).min_by_key(|set| (set.count_ones(), Reverse(set.reverse_bits())));
    candidates
        .into_iter()
        .enumerate()
        .filter(|(at, _)| best.is_some_and(|set| set & (1 << at) != 0))
        .map(|(_, it)| it)
        .collect()
}

/// Takes the candidate that explains most of what is left, again and again, and then leaves out those,
/// the last ranks first, whose failures the others explain too.
fn greedy(part: &Disputed) -> Vec<usize> {
    let mut left: BTreeSet<usize> = part.failures.keys().copied().collect();
    let mut chosen: BTreeSet<usize> = BTreeSet::new();
    while !left.is_empty() {
        let more = |(candidate, explained): &(&usize, &BTreeSet<usize>)| {
            (explained.intersection(&left).count(), Reverse(**candidate))
        };
        let Some((candidate, explained)) = part.candidates.iter().max_by_key(more) else { break };
        left.retain(|failure| !explained.contains(failure));
        chosen.insert(*candidate);
    }
    for candidate in chosen.clone().into_iter().rev() {
        let others = |by: &BTreeSet<usize>| {
            by.iter().any(|other| *other != candidate && chosen.contains(other))
        };
        let explained = part.candidates.get(&candidate);
        let mut explained = explained.into_iter().flatten().filter_map(|it| part.failures.get(it));
        if explained.all(others) {
            chosen.remove(&candidate);
        }
    }
    chosen.into_iter().collect()
}
