//! A scenario: one thing broken, the proof that it is, and the verdict that is right.

use std::fmt;

use crate::claim::Claim;
use crate::{Lab, Result, Topology};

/// What runs on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// No engine.
    Bare,
    /// An engine and nothing else.
    Engine,
    /// An engine, the edge network and Edge Agent: Edge Hub has not started.
    Agent,
    /// The whole runtime, Edge Hub holding its ports.
    Runtime,
}

/// The status of a verdict, which is also the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Edge Agent reaches the hub and Edge Hub can start: exit code 0.
    Healthy,
    /// It works, at a cost: exit code 1.
    Degraded,
    /// It does not work: exit code 2.
    Blocked,
    /// What was seen does not decide: exit code 3.
    Inconclusive,
}

/// The verdict that is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// The status, and with it the exit code.
    pub status: Status,
    /// The first cause's id; `None` when no cause may be named.
    pub cause: Option<&'static str>,
    /// Causes that must be named as well, anywhere after the first.
    pub also: &'static [&'static str],
    /// Causes that must not be named: what a careless reading of the same symptoms says.
    pub never: &'static [&'static str],
    /// Probes whose observations must be among the first cause's evidence.
    pub proofs: &'static [&'static str],
    /// The state of what a log shows beside all causes; `None` when it must show nothing that lasts.
    pub logged: Option<&'static str>,
}

/// One fault and everything that is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// The name, unique, in kebab-case.
    pub name: &'static str,
    /// What is broken, in a line.
    pub broken: &'static str,
    /// What the lab consists of before it is broken.
    pub topology: Topology,
    /// Breaks it.
    pub fault: fn(&mut Lab) -> Result<()>,
    /// What plain tools find then; all of it must hold.
    pub proof: &'static [&'static [Claim]],
    /// Whether the check is told the hub's name; otherwise the device's own configuration has it.
    pub names_hub: bool,
    /// Arguments for `edgeprobe check`, beside the hub and its authority.
    pub arguments: &'static [&'static str],
    /// The verdict that is right.
    pub expected: Expected,
    /// What the tool cannot do yet and the verdict needs; until then the fault alone is proved.
    pub waits_for: Option<&'static str>,
}

impl Scenario {
    /// A healthy device, of which everything else differs in what it names.
    pub const HEALTHY: Self = Self {
        name: "",
        broken: "Nothing",
        topology: Topology::NORMAL,
        fault: |_| Ok(()),
        proof: &[],
        names_hub: true,
        arguments: &[],
        expected: Expected::HEALTHY,
        waits_for: None,
    };
}

impl Expected {
    /// All is well and nothing is named.
    pub const HEALTHY: Self = Self {
        status: Status::Healthy,
        cause: None,
        also: &[],
        never: &[],
        proofs: &[],
        logged: None,
    };

    /// Degraded, and no cause is named: a log shows a fault that comes and goes.
    pub const INTERMITTENT: Self =
        Self { status: Status::Degraded, logged: Some("intermittent"), ..Self::HEALTHY };

    /// Inconclusive, and no cause is named.
    pub const INCONCLUSIVE: Self = Self { status: Status::Inconclusive, ..Self::HEALTHY };

    /// Blocked, by `cause` first.
    pub const fn blocked(cause: &'static str) -> Self {
        Self { status: Status::Blocked, cause: Some(cause), ..Self::HEALTHY }
    }

    /// Degraded, by `cause` first.
    pub const fn degraded(cause: &'static str) -> Self {
        Self { status: Status::Degraded, cause: Some(cause), ..Self::HEALTHY }
    }

    /// Healthy, with `cause` as a warning.
    pub const fn warned(cause: &'static str) -> Self {
        Self { status: Status::Healthy, cause: Some(cause), ..Self::HEALTHY }
    }

    /// With these causes named as well.
    #[must_use]
    pub const fn and(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    /// With observations of these probes as evidence of the first cause.
    #[must_use]
    pub const fn proved_by(self, proofs: &'static [&'static str]) -> Self {
        Self { proofs, ..self }
    }

    /// With these causes not named.
    #[must_use]
    pub const fn never(self, never: &'static [&'static str]) -> Self {
        Self { never, ..self }
    }
}

impl Status {
    /// The word of the report.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Blocked => "blocked",
            Self::Inconclusive => "inconclusive",
        }
    }

    /// The exit code of every command that gives this verdict.
    pub const fn exit_code(self) -> i32 {
        match self {
            Self::Healthy => 0,
            Self::Degraded => 1,
            Self::Blocked => 2,
            Self::Inconclusive => 3,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.status.word())?;
        for cause in self.cause.iter().chain(self.also) {
            write!(formatter, " {cause}")?;
        }
        Ok(())
    }
}
