//! An engine is installed and does not answer.

use super::HOST_WORKS;
use crate::claim::{Answer, Claim, Question};
use crate::scenario::{Expected, Scenario};
use crate::{Engine, Lab, Result};

const UNAVAILABLE: Expected = Expected::blocked("engine-unavailable").never(&[
    "forward-blocked",
    "bridge-no-route",
    "port-in-use",
    "dns-container-failure",
]);

fn with_engine(lab: &Lab, fault: fn(&Engine) -> Result<()>) -> Result<()> {
    lab.engine().map_or(Ok(()), fault)
}

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "engine-dead",
        broken: "The engine was killed: its socket is still there and nobody listens on it",
        fault: |lab| with_engine(lab, Engine::kill),
        proof: &[
            HOST_WORKS,
            &[
                Claim::host(Question::Script("test -S /var/run/docker.sock"), Answer::Works),
                Claim::host(
                    Question::Script("docker version"),
                    Answer::FailsWith("Cannot connect to the Docker daemon"),
                ),
            ],
        ],
        expected: UNAVAILABLE,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "engine-silent",
        broken: "The engine hangs: its socket takes connections and never answers",
        fault: |lab| with_engine(lab, Engine::freeze),
        proof: &[HOST_WORKS, &[Claim::host(Question::Script("docker version"), Answer::Silent)]],
        expected: UNAVAILABLE,
        ..Scenario::HEALTHY
    },
];
