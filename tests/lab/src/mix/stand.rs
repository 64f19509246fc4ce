//! A lab with several faults at once: what of them still shows, and the tool's verdict.

use crate::claim::{Answer, Claim, Question, ask};
use crate::judge::Report;
use crate::scenario::Scenario;
use crate::servers::Servers;
use crate::{Error, Judge, Lab, Result};

use super::draw::shared;

/// What was found in a lab with several faults.
#[derive(Debug, Clone)]
pub(super) struct Stand {
    /// The faults that plain tools still see, each by every failure that it is known by. Another
    /// fault may hide one: a tunnel goes past the site's firewall.
    pub(super) seen: Vec<Scenario>,
    /// What the tool reported; `None` when it was not asked.
    pub(super) report: Option<Report>,
    /// What should hold of any lab and did not: a line for each.
    pub(super) wrong: Vec<String>,
}

/// Builds a lab with all `faults`, proves what can be proved, and asks the tool.
pub(super) fn stand(
    faults: &[Scenario],
    servers: &dyn Servers,
    judge: Option<&Judge>,
) -> Result<Stand> {
    let Some(topology) = shared(faults) else {
        return Err(Error::Apart(faults.iter().map(|it| it.name).collect::<Vec<_>>().join(", ")));
    };
    let mut lab = Lab::build(topology, servers)?;
    for fault in faults {
        (fault.fault)(&mut lab)?;
    }
    let mut stand = prove(&lab, faults)?;
    if let Some(judge) = judge {
        let report = judge.report(&lab, &arguments(faults))?;
        stand.wrong.extend(judge.replay(&report)?);
        stand.report = Some(report);
    }
    Ok(stand)
}

/// Arguments for the check, each option once.
fn arguments(faults: &[Scenario]) -> Vec<&'static str> {
    let mut groups: Vec<&[&'static str]> = Vec::new();
    for fault in faults {
        if !groups.contains(&fault.arguments) {
            groups.push(fault.arguments);
        }
    }
    groups.concat()
}

fn prove(lab: &Lab, faults: &[Scenario]) -> Result<Stand> {
    let mut stand = Stand { seen: Vec::new(), report: None, wrong: Vec::new() };
    for fault in faults {
        let claims: Vec<_> = claims(fault).filter_map(|claim| still(claim, faults)).collect();
        if ask(lab, &[&claims])?.is_empty() {
            stand.seen.push(*fault);
        }
    }
    if stand.seen.is_empty() {
        stand.wrong.push("no fault shows".to_owned());
    }
    // What all of them leave alone works as before.
    let works: Vec<_> = faults.first().into_iter().flat_map(claims).collect();
    let works = works.into_iter().filter(|claim| is_common(claim, faults)).cloned();
    let works: Vec<Claim> = works.collect();
    stand.wrong.extend(ask(lab, &[&works])?);
    Ok(stand)
}

fn claims(fault: &Scenario) -> impl Iterator<Item = &'static Claim> + use<> {
    fault.proof.iter().copied().flatten()
}

/// What is left of a claim where other faults stand as well. What fails still fails, though by
/// another fault it may do so in another way; what works may have been taken away.
fn still(claim: &Claim, faults: &[Scenario]) -> Option<Claim> {
    if faults.len() == 1 {
        return Some(claim.clone());
    }
    (claim.answer != Answer::Works).then(|| Claim { answer: Answer::Fails, ..claim.clone() })
}

/// Whether every fault leaves alone what this claim is about. A script says what proves its own
/// fault.
fn is_common(claim: &Claim, faults: &[Scenario]) -> bool {
    let plain = !matches!(claim.question, Question::Script(_));
    plain && claim.answer == Answer::Works && faults.iter().all(|it| claims(it).any(|c| c == claim))
}
