//! Examining a combination: judged whole, then once more with its first cause mended.

use std::time::{Duration, Instant};

use crate::judge::{Report, Verdict};
use crate::runner::{caught, in_turns};
use crate::scenario::Scenario;
use crate::servers::Servers;
use crate::{Error, Judge, Result};

use super::draw::Combination;
use super::properties::{broken, is_of};
use super::stand::stand;

/// What became of a combination.
#[derive(Debug)]
pub struct Examined {
    /// Which.
    pub combination: Combination,
    /// The verdicts: on the whole, and with the first cause mended; empty without a judge.
    pub verdicts: Vec<Verdict>,
    /// The reports that the verdicts are of, JSON.
    pub reports: Vec<String>,
    /// The faults that another hides.
    pub hidden: Vec<&'static str>,
    /// A line for each property that does not hold.
    pub wrong: Vec<String>,
    /// That the lab itself failed.
    pub failed: Option<Error>,
    /// How long it took, labs and all.
    pub took: Duration,
}

impl Examined {
    /// Whether every property holds.
    pub fn is_good(&self) -> bool {
        self.wrong.is_empty() && self.failed.is_none()
    }
}

/// Examines `combinations`, `jobs` at a time, and hands each to `progress` as it is done.
///
/// A lab that fails is built once more, and `progress` sees both; a property that does not hold is
/// final.
pub fn examine_all(
    combinations: &[Combination],
    servers: &dyn Servers,
    judge: Option<&Judge>,
    jobs: usize,
    progress: impl Fn(&Examined) + Sync,
) -> Vec<Examined> {
    in_turns(combinations, jobs, |combination| {
        let mut examined = examine(combination, servers, judge);
        if examined.failed.is_some() {
            progress(&examined);
            examined = examine(combination, servers, judge);
        }
        progress(&examined);
        examined
    })
}

fn examine(combination: &Combination, servers: &dyn Servers, judge: Option<&Judge>) -> Examined {
    let start = Instant::now();
    let mut examined = Examined {
        combination: combination.clone(),
        verdicts: Vec::new(),
        reports: Vec::new(),
        hidden: Vec::new(),
        wrong: Vec::new(),
        failed: None,
        took: Duration::ZERO,
    };
    let attempt = caught(|| {
        let whole = examined.judge(&combination.faults, servers, judge)?;
        let Some(first) = whole.and_then(|report| report.first()) else { return Ok(()) };
        let mended = |fault: &&Scenario| !is_of(fault, &first);
        let rest: Vec<_> = combination.faults.iter().filter(mended).copied().collect();
        if rest.is_empty() || rest.len() == combination.faults.len() {
            // All are one cause; or the first is none of theirs, which has been said.
            return Ok(());
        }
        examined.judge(&rest, servers, judge).map(drop)
    });
    examined.failed = attempt.err();
    examined.took = start.elapsed();
    examined
}

impl Examined {
    /// Judges a lab with `faults`, and keeps what is wrong.
    fn judge(
        &mut self,
        faults: &[Scenario],
        servers: &dyn Servers,
        judge: Option<&Judge>,
    ) -> Result<Option<Report>> {
        let stand = stand(faults, servers, judge)?;
        let seen = |fault: &&Scenario| stand.seen.iter().any(|it| it.name == fault.name);
        if self.verdicts.is_empty() {
            let hidden = faults.iter().filter(|fault| !seen(fault));
            self.hidden = hidden.map(|fault| fault.name).collect();
        }
        let mut wrong = stand.wrong;
        if let Some(report) = &stand.report {
            wrong.extend(broken(report, faults, &stand.seen));
            self.verdicts.push(Verdict::from(report));
            self.reports.push(report.text.clone());
        }
        let names: Vec<_> = faults.iter().map(|fault| fault.name).collect();
        self.wrong.extend(wrong.into_iter().map(|line| format!("{}: {line}", names.join(" + "))));
        Ok(stand.report)
    }
}
