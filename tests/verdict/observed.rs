//! Single observations of a healthy device, and ways to break one.

use std::net::IpAddr;

use edgeprobe_facts::clock::{ClockFacts, ClockSource};
use edgeprobe_facts::dns::{DnsFacts, RecordOutcome, Resolver};
use edgeprobe_facts::endpoint::{
    AmqpFacts, Certificate, Detour, EndpointFacts, HttpFacts, TlsFacts, Transport, Trust,
    TrustResult,
};
use edgeprobe_facts::ports::{Bind, BindResult, Holder, PortFacts};
use edgeprobe_facts::route::RouteFacts;
use edgeprobe_facts::{Facts, Failure, Observation, Outcome, Role, Step, Token, Vantage};

use crate::device::{CONTROL, HUB};

pub(crate) fn fail(observation: &mut Observation, step: Step, token: Token) {
    observation.outcome = Outcome::Fail;
    observation.failure = Some(Failure::new(step, token, token.to_string()));
    if let Some(facts) = endpoint_of(observation) {
        let before_tls = step <= Step::Connect;
        let before_certificate = step == Step::Tls && !is_about_the_certificate(token);
        if before_tls {
            facts.tls = None;
            facts.round_trip_ms = None;
            facts.kernel_round_trip_ms = None;
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

pub(crate) fn unresolve(observation: &mut Observation, token: Token) {
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
            behind_stub: Vec::new(),
            over_tcp: None,
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
        kernel_round_trip_ms: None,
        round_trips: None,
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
        tries: None,
        facts,
    }
}
