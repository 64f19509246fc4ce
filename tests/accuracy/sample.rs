//! Which cases are tried: the same ones in every run.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use edgeprobe::verdict::{Status, Verdict};

use crate::examine::{Breach, Case};
use crate::faults::{self, Fault};
use crate::setting::Setting;

/// Numbers that look random and are the same in every run (Steele, Lea and Flood 2014: SplitMix64).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.next() % of.len() as u64).unwrap()]
    }
}

/// A case, and what the verdict on it is worth.
pub(crate) struct Examined {
    pub(crate) case: Case,
    pub(crate) verdict: Verdict,
    pub(crate) truth: Status,
    pub(crate) breaches: Vec<Breach>,
}

// Several tests ask about the same cases, which take most of the time.
pub(crate) static SINGLES: LazyLock<Vec<Examined>> = LazyLock::new(|| examined(singles(100)));
pub(crate) static PAIRS: LazyLock<Vec<Examined>> = LazyLock::new(|| examined(pairs(2)));
pub(crate) static TRIPLES: LazyLock<Vec<Examined>> = LazyLock::new(|| examined(triples(4_000)));

fn examined(cases: Vec<Case>) -> Vec<Examined> {
    let answers = all(&cases, |case| (case.examine(), case.world().truth()));
    let one = |(case, ((verdict, breaches), truth))| Examined { case, verdict, truth, breaches };
    cases.into_iter().zip(answers).map(one).collect()
}

/// Each single fault in this many settings.
pub(crate) fn singles(each: usize) -> Vec<Case> {
    let faults = faults::all();
    faults.iter().flat_map(|fault| in_settings(&[*fault], each)).collect()
}

/// Each pair of faults that can be had together, in this many settings.
fn pairs(each: usize) -> Vec<Case> {
    let faults = faults::all();
    let mut cases = Vec::new();
    for (index, first) in faults.iter().enumerate() {
        for second in &faults[index + 1..] {
            cases.extend(in_settings(&[*first, *second], each));
        }
    }
    cases
}

/// This many sets of three faults, each in one setting.
pub(crate) fn triples(count: usize) -> Vec<Case> {
    let (faults, settings) = (faults::all(), Setting::all());
    let mut numbers = Numbers(3);
    let mut cases = Vec::new();
    while cases.len() < count {
        let three = [(); 3].map(|()| *numbers.pick(&faults));
        let case = Case::new(*numbers.pick(settings), &three);
        if case.is_possible() {
            cases.push(case);
        }
    }
    cases
}

fn in_settings(faults: &[Fault], each: usize) -> Vec<Case> {
    let settings = Setting::all();
    let seed = faults
        .iter()
        .flat_map(|it| it.name.bytes())
        .fold(7, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut numbers = Numbers(seed);
    let drawn = (0..each * 40).map(|_| Case::new(*numbers.pick(settings), faults));
    drawn.filter(Case::is_possible).take(each).collect()
}

/// The answers for all cases, in their order, made on every processor.
pub(crate) fn all<T: Send>(cases: &[Case], ask: impl Fn(&Case) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    let mut answers: Vec<(usize, T)> = std::thread::scope(|scope| {
        let work = || {
            let mut own = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(case) = cases.get(index) else { return own };
                own.push((index, ask(case)));
            }
        };
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
