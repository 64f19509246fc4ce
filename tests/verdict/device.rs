//! A device's observations, healthy unless a scenario breaks something.

use std::net::IpAddr;

use edgeprobe::verdict::{CauseId, Confidence, Language, Status, Target, Verdict, judge};
use edgeprobe_probes::clock::{ClockFacts, ClockSource};
use edgeprobe_probes::dns::{DnsFacts, RecordOutcome, Resolver};
use edgeprobe_probes::endpoint::{
    AmqpFacts, Certificate, Detour, EndpointFacts, HttpFacts, TlsFacts, Transport, Trust,
    TrustResult,
};
use edgeprobe_probes::ports::{Bind, BindResult, Holder, PortFacts};
use edgeprobe_probes::route::RouteFacts;
use edgeprobe_probes::{Facts, Failure, Observation, Outcome, Role, Step, Token, Vantage};

use crate::french::assert_french;

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
    /// A host on which everything works.
    pub(crate) fn healthy() -> Self {
        let target = Target {
            hub: HUB.to_owned(),
            parent: None,
            protocols: vec![Transport::Amqp, Transport::AmqpWs],
            ports: vec![443, 5671, 8883],
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

pub(crate) fn fail(observation: &mut Observation, step: Step, token: Token) {
    observation.outcome = Outcome::Fail;
    observation.failure = Some(Failure::new(step, token, token.to_string()));
    if let Some(facts) = endpoint_of(observation) {
        let before_tls = step <= Step::Connect;
        let before_certificate = step == Step::Tls && !is_about_the_certificate(token);
        if before_tls {
            facts.tls = None;
            facts.round_trip_ms = None;
        } else if before_certificate {
            facts.tls = Some(TlsFacts::default());
        }
        if step <= Step::Upgrade && !is_about_the_certificate(token) {
            facts.amqp = None;
        }
        if step <= Step::Tls && !is_about_the_certificate(token) {
            facts.http = None;
        }
    }
}

fn is_about_the_certificate(token: Token) -> bool {
    matches!(
        token,
        Token::TlsUnknownIssuer
            | Token::TlsNameMismatch
            | Token::TlsExpired
            | Token::TlsNotYetValid
            | Token::TlsBadCertificate
    )
}

fn unresolve(observation: &mut Observation, token: Token) {
    let Facts::Dns(facts) = &mut observation.facts else { panic!("no name") };
    facts.addresses.clear();
    let token = match facts.resolver {
        Resolver::System if token != Token::DnsTimeout => Token::DnsNoAnswer,
        _ => token,
    };
    fail(observation, Step::Resolve, token);
}

/// The facts of a connection, to be changed.
pub(crate) fn endpoint_of(observation: &mut Observation) -> Option<&mut EndpointFacts> {
    match &mut observation.facts {
        Facts::Tls(facts) | Facts::Websocket(facts) | Facts::Https(facts) => Some(facts),
        _ => None,
    }
}

/// Makes a connection one that was taken in another way.
pub(crate) fn detoured(observation: &mut Observation, detour: Detour) {
    observation.id = format!("{}/{detour:?}", observation.id);
    let Some(facts) = endpoint_of(observation) else { panic!("no connection") };
    facts.detour = Some(detour);
}

/// What a trust store set says of the hub's chain.
pub(crate) fn trust(device: TrustResult, public: TrustResult, within: TrustResult) -> Trust {
    Trust { device, ca_file: None, public, within_validity: within }
}

/// Puts another chain and other opinions of it into the picked connections.
pub(crate) fn certified(
    observation: &mut Observation,
    issuer: &str,
    names: &[&str],
    trust: &Trust,
) {
    let Some(facts) = endpoint_of(observation) else { panic!("no connection") };
    let tls = facts.tls.as_mut().expect("a session");
    tls.chain = vec![certificate(issuer, names)];
    tls.trust = Some(trust.clone());
}

/// A resolver's good answer.
pub(crate) fn name(name: &str, role: Role, resolver: Resolver, addresses: &[&str]) -> Observation {
    let who = match &resolver {
        Resolver::System => "system".to_owned(),
        Resolver::Server(address) => address.ip().to_string(),
    };
    let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
    passed(
        &format!("dns/{who}/{name}"),
        name,
        Facts::Dns(DnsFacts {
            name: name.to_owned(),
            role,
            resolver,
            addresses: addresses.into_iter().map(Into::into).collect(),
            canonical_names: Vec::new(),
            ipv4: Some(RecordOutcome::Answered),
            ipv6: Some(RecordOutcome::NoRecords),
            hosts_file: Vec::new(),
            interface: None,
        }),
    )
}

/// A way out through a gateway.
pub(crate) fn route(destination: &str) -> Observation {
    passed(
        &format!("route/{destination}"),
        destination,
        Facts::Route(RouteFacts {
            destination: destination.parse().unwrap(),
            source: Some("192.168.1.50".parse().unwrap()),
            interface: Some("eth0".to_owned()),
            gateway: Some("192.168.1.1".parse().unwrap()),
            gateway_answers: Some(true),
            mtu: Some(1500),
            table: None,
        }),
    )
}

/// A connection on which everything is as IoT Hub does it.
pub(crate) fn connection(transport: Transport, role: Role, peer: &str) -> Observation {
    let server = if role == Role::Hub { HUB } else { CONTROL };
    let trusted = TrustResult::Trusted;
    let tls = TlsFacts {
        established: true,
        version: Some("TLSv1.2".to_owned()),
        chain: vec![certificate(
            "CN=Microsoft Azure RSA TLS Issuing CA 03",
            &["*.azure-devices.net"],
        )],
        trust: Some(trust(trusted, trusted, trusted)),
        ..TlsFacts::default()
    };
    let speaks_amqp = matches!(transport, Transport::Amqp | Transport::AmqpWs);
    let http = HttpFacts {
        status: if transport == Transport::Https { 400 } else { 101 },
        iothub_errorcode: (transport == Transport::Https).then(|| "InvalidProtocolVersion".into()),
        ..HttpFacts::default()
    };
    let facts = EndpointFacts {
        transport,
        role,
        server: server.to_owned(),
        port: transport.default_port(),
        peer: peer.parse().unwrap(),
        detour: None,
        proxy: None,
        local: None,
        round_trip_ms: Some(20.0),
        tls: Some(tls),
        http: (transport != Transport::Amqp).then_some(http),
        amqp: speaks_amqp.then(|| AmqpFacts {
            header: "AMQP 3.1.0.0".to_owned(),
            mechanisms: ["EXTERNAL", "MSSBCBS", "ANONYMOUS", "PLAIN"].map(str::to_owned).to_vec(),
        }),
        mqtt: None,
        unexpected: None,
    };
    let port = transport.default_port();
    let facts = match transport {
        Transport::Amqp | Transport::Mqtt => Facts::Tls(facts),
        Transport::AmqpWs | Transport::MqttWs => Facts::Websocket(facts),
        Transport::Https | Transport::Http => Facts::Https(facts),
    };
    let id = match role {
        Role::Hub | Role::Detour => format!("{}/{transport}/{peer}:{port}", facts.probe()),
        _ => format!("{}/{transport}/{server}/{peer}:{port}", facts.probe()),
    };
    passed(&id, &format!("{server}:{port}"), facts)
}

fn certificate(issuer: &str, names: &[&str]) -> Certificate {
    Certificate {
        subject: format!("CN={}", names.first().copied().unwrap_or_default()),
        issuer: issuer.to_owned(),
        names: names.iter().map(ToString::to_string).collect(),
        not_before: 1_780_000_000,
        not_after: 1_810_000_000,
        sha256: format!("{issuer}{names:?}"),
    }
}

/// A free port.
pub(crate) fn port(port: u16) -> Observation {
    let bind = |address: &str| Bind { address: address.parse().unwrap(), result: BindResult::Free };
    passed(
        &format!("ports/{port}"),
        &format!("port {port}"),
        Facts::Ports(PortFacts {
            port,
            binds: vec![bind("0.0.0.0"), bind("::")],
            may_bind: true,
            ..PortFacts::default()
        }),
    )
}

/// Gives a port to a holder.
pub(crate) fn taken(observation: &mut Observation, holder: Holder) {
    let Facts::Ports(facts) = &mut observation.facts else { panic!("no port") };
    facts.holders.push(holder);
    fail(observation, Step::Bind, Token::AddressInUse);
}

/// A comparison of clocks; it fails from five minutes on.
pub(crate) fn clock(offset_s: f64) -> Observation {
    let source = ClockSource { observation: "host/https".to_owned(), offset_s, uncertainty_s: 0.5 };
    let facts =
        ClockFacts { device_time: 1_795_000_000, offset_s: Some(offset_s), sources: vec![source] };
    let mut observation = passed("clock/http-date", "the hub's clock", Facts::Clock(facts));
    if offset_s.abs() > 300.0 {
        let token = if offset_s < 0.0 { Token::ClockBehind } else { Token::ClockAhead };
        fail(&mut observation, Step::Compare, token);
    }
    observation
}

pub(crate) fn passed(id: &str, target: &str, facts: Facts) -> Observation {
    Observation {
        id: format!("host/{id}"),
        vantage: Vantage::Host,
        target: target.to_owned(),
        outcome: Outcome::Pass,
        failure: None,
        started_ms: 0.0,
        duration_ms: 1.0,
        steps: Vec::new(),
        facts,
    }
}
