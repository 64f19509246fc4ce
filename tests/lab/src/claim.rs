//! What a scenario claims about its own fault, and asking plain tools whether it is so.

mod tools;

use std::net::Ipv4Addr;
use std::thread;

use crate::world::{CONTROL, RESOLVER};
use crate::{Lab, Result};

/// A name server that does not answer keeps the container's nslookup for much longer.
const IN_CONTAINER: [&str; 5] = ["timeout", "4", "docker", "exec", "edgeAgent"];

/// From where a claim is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vantage {
    /// The device itself.
    Host,
    /// A borrowed address on the edge network's bridge.
    Bridge,
    /// The container edgeAgent, with the name server that the engine gives it.
    Container,
}

/// A server of the lab's internet, or any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// The hub, wherever the scenario has put it.
    Hub,
    /// The control.
    Control,
    /// The name server.
    Resolver,
    /// Somebody else.
    Of(Ipv4Addr),
}

/// What is asked, each with a plain tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Does it answer an echo request (busybox's ping)?
    Ping(Address),
    /// Can a TCP connection be opened (bash)?
    Tcp(Address, u16),
    /// Does the hub complete a TLS handshake with a certificate that the lab's authority signed
    /// (`openssl s_client`)?
    Tls(u16),
    /// Does the vantage's own name server resolve the hub's name (busybox's nslookup)?
    Dns,
    /// Does a shell script succeed?
    Script(&'static str),
}

/// The answer that is claimed, or given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It works.
    Works,
    /// Nothing comes back.
    Silent,
    /// Refused at once.
    Refused,
    /// "No route to host".
    HostUnreachable,
    /// "Network is unreachable".
    NetworkUnreachable,
    /// "Permission denied", the answer of a prohibit route.
    Prohibited,
    /// "Invalid argument", the answer of a blackhole route.
    Invalid,
    /// It fails in any way.
    Fails,
    /// It fails, and what it prints contains this.
    FailsWith(&'static str),
    /// It fails and prints this; given as an answer, never claimed.
    Failed(String),
}

/// One line of a scenario's proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// From where.
    pub vantage: Vantage,
    /// What is asked.
    pub question: Question,
    /// What the answer must be.
    pub answer: Answer,
}

impl Claim {
    /// Claims something of the device itself.
    pub const fn host(question: Question, answer: Answer) -> Self {
        Self { vantage: Vantage::Host, question, answer }
    }

    /// Claims something of an address on the bridge.
    pub const fn bridge(question: Question, answer: Answer) -> Self {
        Self { vantage: Vantage::Bridge, question, answer }
    }

    /// Claims something of a container.
    pub const fn container(question: Question, answer: Answer) -> Self {
        Self { vantage: Vantage::Container, question, answer }
    }

    fn holds(&self, given: &Answer) -> bool {
        match (&self.answer, given) {
            (Answer::Fails, Answer::Works) => false,
            (Answer::Fails, _) => true,
            (Answer::FailsWith(text), Answer::Failed(output)) => output.contains(text),
            (claimed, given) => claimed == given,
        }
    }
}

/// Asks whether all `claims` hold, at once, and returns a line for each that does not.
pub fn ask(lab: &Lab, claims: &[&[Claim]]) -> Result<Vec<String>> {
    let claims: Vec<_> = claims.iter().copied().flatten().collect();
    let leg = claims.iter().any(|claim| claim.vantage == Vantage::Bridge);
    let leg = leg.then(|| lab.leg()).transpose()?;
    // One handshake after the other: a plain TLS server talks to one client at a time.
    let (handshakes, others): (Vec<_>, Vec<_>) =
        claims.into_iter().partition(|claim| matches!(claim.question, Question::Tls(_)));
    let mut batches: Vec<Vec<_>> = others.into_iter().map(|claim| vec![claim]).collect();
    batches.push(handshakes);
    let device = lab.device().place();
    let bridge = leg.as_deref().unwrap_or(device);
    let container = device.inside(IN_CONTAINER);
    let hub = lab.topology().hub;
    let check = |claim: &Claim| -> Result<Option<String>> {
        let place = match claim.vantage {
            Vantage::Host => device,
            Vantage::Bridge => bridge,
            Vantage::Container => &container,
        };
        let mut given = tools::answer(place, claim, hub)?;
        if !claim.holds(&given) {
            // The kernel gives up on a neighbour after about as long as the tools wait: on a loaded
            // machine either may come first, and by the second time the kernel knows.
            given = tools::answer(place, claim, hub)?;
        }
        Ok((!claim.holds(&given)).then(|| format!("{claim:?} but {given:?}")))
    };
    thread::scope(|scope| {
        let workers: Vec<_> = batches
            .iter()
            .map(|batch| scope.spawn(|| batch.iter().map(|claim| check(claim)).collect::<Vec<_>>()))
            .collect();
        let answers = workers.into_iter().flat_map(|worker| match worker.join() {
            Ok(answers) => answers,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        answers.filter_map(Result::transpose).collect()
    })
}

impl Address {
    fn given(self, hub: Ipv4Addr) -> Ipv4Addr {
        match self {
            Self::Hub => hub,
            Self::Control => CONTROL,
            Self::Resolver => RESOLVER,
            Self::Of(address) => address,
        }
    }
}
