//! A device's observations, healthy unless a scenario breaks something.

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::{Facts, Observation, Role, Step, Token};
use edgeprobe_verdict::{CauseId, Confidence, Language, Status, Target, Verdict, judge};

use crate::french::assert_french;

pub(crate) use crate::observed::*;
pub(crate) use crate::pick::*;

pub(crate) const HUB: &str = "contoso.azure-devices.net";
pub(crate) const CONTROL: &str = "mcr.microsoft.com";
pub(crate) const HUB_ADDRESS: &str = "20.49.110.2";
const CONTROL_ADDRESS: &str = "13.107.42.16";
const SERVER: &str = "10.0.0.53:53";

/// The observations of one device.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) target: Target,
    pub(crate) observations: Vec<Observation>,
}

impl Device {
    /// A host on which everything works, and which is all that was asked.
    pub(crate) fn healthy() -> Self {
        let target = Target {
            hub: HUB.to_owned(),
            parent: None,
            protocols: vec![Transport::Amqp, Transport::AmqpWs],
            ports: vec![443, 5671, 8883],
            host_alone: true,
            ..Target::default()
        };
        let server = Resolver::Server(SERVER.parse().unwrap());
        let mut observations = vec![
            name(HUB, Role::Hub, Resolver::System, &[HUB_ADDRESS]),
            name(HUB, Role::Hub, server.clone(), &[HUB_ADDRESS]),
            name(CONTROL, Role::Control, Resolver::System, &[CONTROL_ADDRESS]),
            name(CONTROL, Role::Control, server, &[CONTROL_ADDRESS]),
            route(HUB_ADDRESS),
        ];
        for transport in [Transport::Amqp, Transport::AmqpWs, Transport::Https] {
            observations.push(connection(transport, Role::Hub, HUB_ADDRESS));
        }
        observations.push(connection(Transport::Https, Role::Control, CONTROL_ADDRESS));
        observations.extend([443, 5671, 8883].map(port));
        observations.push(clock(0.4));
        Self { target, observations }
    }

    /// As [`Device::healthy`], where the containers' side was to be asked as well.
    pub(crate) fn host_beside_modules() -> Self {
        let mut device = Self::healthy();
        device.target.host_alone = false;
        device
    }

    /// The host is all that was asked, and all that was to be asked.
    pub(crate) fn by_the_host_alone(mut self) -> Self {
        self.target.host_alone = true;
        self
    }

    /// Nothing was observed at all.
    pub(crate) fn unobserved() -> Self {
        Self { observations: Vec::new(), ..Self::healthy() }
    }

    /// Adds an observation.
    pub(crate) fn with(mut self, observation: Observation) -> Self {
        self.observations.push(observation);
        self
    }

    /// Takes observations away.
    pub(crate) fn without(mut self, of: impl Fn(&Observation) -> bool) -> Self {
        self.observations.retain(|observation| !of(observation));
        self
    }

    /// Changes the observations that a filter picks; there must be one.
    pub(crate) fn changed(
        mut self,
        of: impl Fn(&Observation) -> bool,
        change: impl Fn(&mut Observation),
    ) -> Self {
        let mut any = false;
        for observation in self.observations.iter_mut().filter(|observation| of(observation)) {
            change(observation);
            any = true;
        }
        assert!(any, "the scenario changes nothing");
        self
    }

    /// Makes the picked observations fail.
    pub(crate) fn failing(
        self,
        of: impl Fn(&Observation) -> bool,
        step: Step,
        token: Token,
    ) -> Self {
        self.changed(of, |observation| fail(observation, step, token))
    }

    /// No name resolves, so nothing was connected to.
    pub(crate) fn nameless(self, hub: Token, control: Option<Token>) -> Self {
        let device = self
            .without(|o| o.facts.endpoint().is_some())
            .without(is_route)
            .without(|o| matches!(o.facts, Facts::Clock(_)));
        let device = device.changed(is_hub_name, |o| unresolve(o, hub));
        match control {
            None => device,
            Some(token) => device.changed(is_control_name, |o| unresolve(o, token)),
        }
    }

    /// The verdict, as it is judged now.
    pub(crate) fn verdict(&self) -> Verdict {
        judge(&self.target, &self.observations, Language::English)
    }

    /// Judges, and holds the verdict against what is expected: the status, and all causes in order.
    #[track_caller]
    pub(crate) fn expect(&self, status: Status, causes: &[CauseId]) -> Verdict {
        let verdict = self.verdict();
        let named: Vec<CauseId> = verdict.causes.iter().map(|cause| cause.id).collect();
        assert_eq!((verdict.status, named.as_slice()), (status, causes), "{verdict:#?}");
        for text in texts(&verdict) {
            assert!(!text.contains(['{', '[']), "a sentence is missing or unfilled: {text}");
        }
        self.assert_pointers_lead_to_observations(&verdict);
        assert_likely_causes_say_what_would_confirm_them(&verdict);
        self.assert_the_same_in_french(&verdict);
        verdict
    }

    /// Whatever a verdict points to was observed, and an outlook that says more than "not known"
    /// points to something.
    #[track_caller]
    fn assert_pointers_lead_to_observations(&self, verdict: &Verdict) {
        let outlook = &verdict.outlook.evidence;
        let causes = verdict.causes.iter().flat_map(|cause| &cause.evidence);
        let others = verdict.ruled_out.iter().flat_map(|other| &other.evidence);
        let missing = verdict.not_tested.iter().flat_map(|missing| &missing.evidence);
        let outlooks = outlook.edge_agent.iter().chain(&outlook.edge_hub);
        let logs = verdict.causes.iter().flat_map(|cause| &cause.logged).chain(&verdict.logged);
        let logs = logs.flat_map(|logged| &logged.evidence);
        for id in causes.chain(others).chain(logs).chain(missing).chain(outlooks) {
            assert!(self.observations.iter().any(|seen| seen.id == *id), "{id}: {verdict:#?}");
        }
        let unknown = verdict.outlook.edge_agent.starts_with("Not tested");
        assert!(unknown || !outlook.edge_agent.is_empty(), "{verdict:#?}");
        let unknown = verdict.outlook.edge_hub.starts_with("Not known")
            || verdict.outlook.edge_hub.contains("without ports");
        assert!(unknown || !outlook.edge_hub.is_empty(), "{verdict:#?}");
    }

    /// The language changes the words of a verdict, and nothing else of it.
    #[track_caller]
    fn assert_the_same_in_french(&self, english: &Verdict) {
        let french = judge(&self.target, &self.observations, Language::French);
        let shape = |verdict: &Verdict| {
            let causes = verdict.causes.iter().map(|cause| {
                let commands = cause.remedy.iter().map(|remedy| remedy.command.clone());
                (cause.id, cause.confidence, cause.evidence.clone(), commands.collect::<Vec<_>>())
            });
            let others = verdict.ruled_out.iter().map(|other| other.id);
            (verdict.status, causes.collect::<Vec<_>>(), others.collect::<Vec<_>>())
        };
        assert_eq!(shape(english), shape(&french));
        let remedies = french.causes.iter().flat_map(|cause| &cause.remedy);
        for text in texts(&french).into_iter().chain(remedies.map(|remedy| &remedy.text)) {
            assert_french(text);
        }
    }

    /// As [`Device::expect`], of a device that is blocked by these causes beyond doubt.
    #[track_caller]
    pub(crate) fn sure(&self, causes: &[CauseId]) -> Verdict {
        let verdict = self.expect(Status::Blocked, causes);
        assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
        assert_eq!(verdict.confidence, Confidence::Confirmed, "{verdict:#?}");
        verdict
    }
}

/// A cause says what would confirm it exactly where it is not confirmed.
#[track_caller]
fn assert_likely_causes_say_what_would_confirm_them(verdict: &Verdict) {
    for cause in &verdict.causes {
        let likely = cause.confidence == Confidence::Likely;
        assert_eq!(cause.would_confirm.is_some(), likely, "{cause:#?}");
    }
}

/// Every sentence of a verdict that comes from the catalogue.
pub(crate) fn texts(verdict: &Verdict) -> Vec<&String> {
    let mut texts = vec![&verdict.summary, &verdict.outlook.edge_agent, &verdict.outlook.edge_hub];
    texts.extend(verdict.causes.iter().map(|cause| &cause.summary));
    texts.extend(verdict.causes.iter().filter_map(|cause| cause.would_confirm.as_ref()));
    texts.extend(verdict.ruled_out.iter().map(|other| &other.because));
    texts.extend(verdict.not_tested.iter().flat_map(|missing| [&missing.what, &missing.why]));
    let logged = verdict.causes.iter().flat_map(|cause| &cause.logged).chain(&verdict.logged);
    for logged in logged {
        texts.push(&logged.summary);
        texts.extend(logged.remedy.iter().map(|remedy| &remedy.text));
    }
    texts
}
