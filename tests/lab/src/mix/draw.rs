//! Drawing combinations of faults: the same ones for the same seed.

use std::fmt;
use std::ops::RangeInclusive;

use crate::claim::Vantage;
use crate::scenario::{Device, Scenario};
use crate::scenarios::together::{INGREDIENTS, Ingredient, scenario};
use crate::topology::{Beside, Topology};

/// How many faults are tried before a combination stays smaller than was wanted.
const ATTEMPTS: usize = 200;

/// Several faults that can stand together in one lab.
#[derive(Debug, Clone)]
pub struct Combination {
    /// The seed that it was drawn with.
    pub seed: u64,
    /// Its number among those of the seed.
    pub index: u64,
    /// The faults, in the order in which they are applied.
    pub faults: Vec<Scenario>,
}

/// Draws the combination that has this number, of as many faults as `size` says.
pub fn draw(seed: u64, index: u64, size: &RangeInclusive<usize>) -> Combination {
    let mut numbers = Numbers::new(seed, index);
    let (least, most) = (*size.start(), *size.end());
    let wanted = least + numbers.below(most.saturating_sub(least) + 1);
    let causes = causes();
    let mut drawn: Vec<&Ingredient> = Vec::new();
    for _ in 0..ATTEMPTS {
        if drawn.len() >= wanted {
            break;
        }
        // A cause first: some have a dozen scenarios and others one.
        let Some(cause) = numbers.pick(&causes) else { break };
        let of_it: Vec<_> = INGREDIENTS.iter().filter(|it| cause_of(it) == Some(*cause)).collect();
        let Some(ingredient) = numbers.pick(&of_it) else { break };
        if drawn.iter().all(|other| apart(ingredient, other).is_none()) {
            drawn.push(ingredient);
        }
    }
    // Three faults can each go with each other and not all together.
    while topology(&drawn).is_none() {
        drawn.pop();
    }
    drawn.sort_by_key(|one| INGREDIENTS.iter().position(|other| other.0 == one.0));
    Combination { seed, index, faults: drawn.into_iter().filter_map(scenario).collect() }
}

/// Why two faults do not stand together; `None` when they do.
pub(super) fn apart(one: &Ingredient, other: &Ingredient) -> Option<&'static str> {
    if cause_of(one) == cause_of(other) {
        return Some("the cause is the same, so that there is nothing to tell apart");
    }
    if let Some(knob) = one.1.iter().find(|knob| other.1.contains(knob)) {
        return Some(knob.why());
    }
    topology(&[one, other]).is_none().then_some("each needs another device or another hub")
}

/// What all of these stand in; `None` when there is no such lab.
fn topology(ingredients: &[&Ingredient]) -> Option<Topology> {
    let faults: Vec<_> = ingredients.iter().filter_map(|one| scenario(one)).collect();
    shared(&faults)
}

/// What all of these stand in; `None` when there is no such lab.
pub(super) fn shared(faults: &[Scenario]) -> Option<Topology> {
    let normal = Topology::NORMAL;
    let each = |faults: &[Scenario]| faults.iter().map(|it| it.topology).collect::<Vec<_>>();
    let all = each(faults);
    let shared = Topology {
        device: device(faults)?,
        daemon: one(&all, normal.daemon, |it| it.daemon)?,
        engine_proxy: one(&all, normal.engine_proxy, |it| it.engine_proxy)?,
        resolv_conf: one(&all, normal.resolv_conf, |it| it.resolv_conf)?,
        hub: one(&all, normal.hub, |it| it.hub)?,
        hub_has_ipv6: all.iter().any(|it| it.hub_has_ipv6),
        private_link: all.iter().any(|it| it.private_link),
        beside: one(&all, Beside::Nobody, |it| it.beside)?,
        second_uplink: all.iter().any(|it| it.second_uplink),
        round_trip: normal.round_trip,
        line: normal.line,
    };
    Some(shared)
}

/// The one value that is not the usual one; `None` when there are two.
fn one<T: PartialEq + Copy>(all: &[Topology], usual: T, of: fn(&Topology) -> T) -> Option<T> {
    let mut unusual = all.iter().map(of).filter(|value| *value != usual);
    let Some(first) = unusual.next() else { return Some(usual) };
    unusual.all(|other| other == first).then_some(first)
}

/// The device that all of these can be had on: a fault of the whole runtime can be had before Edge
/// Hub has started, and without any container when no claim is made of one.
fn device(faults: &[Scenario]) -> Option<Device> {
    let any = |device| faults.iter().any(|it| it.topology.device == device);
    let of_containers = |fault: &Scenario| {
        let claims = fault.proof.iter().copied().flatten();
        claims.map(|claim| claim.vantage).any(|vantage| vantage == Vantage::Container)
    };
    match (any(Device::Bare), any(Device::Engine), any(Device::Agent)) {
        (false, false, false) => Some(Device::Runtime),
        (false, false, true) => Some(Device::Agent),
        (false, true, false) if !faults.iter().any(of_containers) => Some(Device::Engine),
        _ => None,
    }
}

fn causes() -> Vec<&'static str> {
    let mut causes: Vec<_> = INGREDIENTS.iter().filter_map(cause_of).collect();
    causes.sort_unstable();
    causes.dedup();
    causes
}

fn cause_of(ingredient: &Ingredient) -> Option<&'static str> {
    scenario(ingredient)?.expected.cause
}

impl fmt::Display for Combination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.faults.iter().map(|fault| fault.name).collect();
        formatter.write_str(&names.join(" + "))
    }
}

/// Numbers that look random and are the same in every run (Steele, Lea and Flood 2014: SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn new(seed: u64, index: u64) -> Self {
        let mut numbers = Self(seed);
        let start = numbers.next();
        Self(start ^ index.wrapping_mul(0xd134_2543_de82_ef95))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % limit).unwrap_or_default()
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(seed: u64, index: u64) -> Vec<&'static str> {
        draw(seed, index, &(2..=3)).faults.iter().map(|fault| fault.name).collect()
    }

    #[test]
    fn a_seed_and_an_index_give_the_same_faults_again() {
        assert_eq!(names(7, 12), names(7, 12));
        assert!((0..20).any(|index| names(7, index) != names(8, index)));
    }

    #[test]
    fn what_is_drawn_stands_together() {
        for index in 0..500 {
            let combination = draw(1, index, &(2..=3));
            assert!((2..=3).contains(&combination.faults.len()), "{combination}");
            assert!(shared(&combination.faults).is_some(), "{combination}");
        }
    }

    #[test]
    fn one_tunnel_at_a_time() {
        let find = |name| INGREDIENTS.iter().find(|it| it.0 == name).unwrap();
        let pools = find("address-pool-covered-by-vpn");
        assert_eq!(apart(find("vpn-wg-quick"), pools), Some(Knob::Tunnel.why()));
        assert_eq!(apart(find("vpn-wg-quick"), find("nat-flushed")), None);
    }

    use crate::scenarios::together::Knob;
}
