//! How many packets this run saw lost, and how likely that makes a silence.

use edgeprobe_facts::{Observation, Tries};

/// What a run counted of packets that were to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Loss {
    pub(super) sent: u32,
    pub(super) lost: u32,
}

impl Loss {
    /// The sum over all observations; nothing where none of them was answered, or none counted.
    pub(super) fn measured(observations: &[Observation]) -> Option<Self> {
        let tries = observations.iter().filter_map(|seen| seen.tries);
        let Tries { sent, lost, .. } = tries.fold(Tries::default(), Tries::and);
        (sent > 0).then_some(Self { sent, lost: lost.min(sent) })
    }

    /// The part that was lost: 0 to 1.
    pub(super) fn part(self) -> f64 {
        f64::from(self.lost) / f64::from(self.sent)
    }

    /// The least part that is likely to be lost, by as many packets as were counted.
    pub(super) fn at_least(self) -> f64 {
        (self.part() - self.uncertainty(self.part())).max(0.0)
    }

    /// How likely it is at the most that a packet or the answer to it is lost.
    pub(super) fn of_an_exchange(self) -> f64 {
        // Laplace's rule of succession: what was not seen is not impossible.
        let part = f64::from(self.lost + 1) / f64::from(self.sent + 2);
        let part = if self.lost == 0 { part } else { part + self.uncertainty(part) };
        1.0 - (1.0 - part.min(1.0)).powi(2)
    }

    /// How far the true part may be from the counted one: once in twenty it is further.
    fn uncertainty(self, part: f64) -> f64 {
        1.645 * (part * (1.0 - part) / f64::from(self.sent + 2)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_packets_leave_more_open_than_many() {
        let of = |sent, lost| Loss { sent, lost }.of_an_exchange();
        assert!(of(20, 1) > of(200, 10));
        assert!(of(200, 10) > 0.0975, "{}", of(200, 10));
        assert!(of(200, 0) < 0.01);
        assert!(of(1, 1) <= 1.0);
    }

    #[test]
    fn the_least_part_is_below_the_counted_one() {
        let loss = Loss { sent: 100, lost: 20 };
        assert!(loss.at_least() < loss.part() && loss.at_least() > 0.1);
        assert!(Loss { sent: 10, lost: 1 }.at_least() < 0.01);
    }
}
