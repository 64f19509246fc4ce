//! What a report says to do is done on the device: does that cure it?

use crate::judge::Report;
use crate::runner::{caught, in_turns};
use crate::servers::Servers;
use crate::{Error, Judge, Lab, Scenario, Verdict};

/// How the commands begin that change something and need no more than the lab has: the kernel's
/// own tools, and the engine.
const CHANGES: [&str; 10] = [
    "sudo ip rule add ",
    "sudo ip route add ",
    "sudo ip link set ",
    "sudo nft insert ",
    "sudo iptables -t ",
    "sudo iptables -I ",
    "sudo sysctl -w ",
    "sudo kill ",
    "docker stop ",
    "sudo docker network create ",
];

/// What `sudo` is on a device where everybody is root.
const SUDO: &str = "sudo() { \"$@\"; }";

/// A device, and what became of it.
#[derive(Debug)]
pub struct Treated {
    /// The scenario.
    pub scenario: Scenario,
    /// The commands that the reports gave, in the order in which they were run.
    pub commands: Vec<String>,
    /// The verdicts: before, and after each command.
    pub verdicts: Vec<Verdict>,
    /// What kept the lab from finding out.
    pub failed: Option<Error>,
}

impl Treated {
    /// Whether there was something to do and the device is healthy after it.
    pub fn is_cured(&self) -> bool {
        let healthy = self.verdicts.last().is_some_and(|last| last.status == "healthy");
        self.failed.is_none() && !self.commands.is_empty() && healthy
    }
}

/// Does on each scenario's device what the reports say, `jobs` devices at a time, and returns what
/// became of them in the scenarios' order.
pub fn cure_all(
    scenarios: &[Scenario],
    servers: &dyn Servers,
    judge: &Judge,
    jobs: usize,
    progress: impl Fn(&Treated) + Sync,
) -> Vec<Treated> {
    in_turns(scenarios, jobs, |scenario| {
        let treated = cure(scenario, servers, judge);
        progress(&treated);
        treated
    })
}

/// For each cause that the device has, the first command that its report gives for it.
fn cure(scenario: &Scenario, servers: &dyn Servers, judge: &Judge) -> Treated {
    let (mut commands, mut verdicts) = (Vec::new(), Vec::new());
    let failed = caught(|| {
        let mut lab = Lab::build(scenario.topology, servers)?;
        (scenario.fault)(&mut lab)?;
        let mut treated = Vec::new();
        loop {
            let report = judge.examine(&lab, scenario)?;
            verdicts.push(Verdict::from(&report));
            let Some((cause, command)) = next(&report, &treated) else { return Ok(()) };
            lab.sh(&format!("{SUDO}; {command}"))?;
            treated.push(cause);
            commands.push(command);
        }
    })
    .err();
    Treated { scenario: *scenario, commands, verdicts, failed }
}

/// The first cause that was not treated yet, and its first command that changes something.
fn next(report: &Report, treated: &[String]) -> Option<(String, String)> {
    let mut causes = report.verdict.causes.iter().filter(|cause| !treated.contains(&cause.id));
    causes.find_map(|cause| {
        let mut commands = cause.remedy.iter().filter_map(|remedy| remedy.command.as_deref());
        let command = commands.find(|it| CHANGES.iter().any(|change| it.starts_with(change)))?;
        Some((cause.id.clone(), command.to_owned()))
    })
}
