//! Connections: how far they come, and what is said on them.

use std::net::{IpAddr, SocketAddr};

use edgeprobe_facts::endpoint::{
    Certificate, Detour, Endpoint, EndpointFacts, TlsFacts, Transport, Trust, TrustResult,
};
use edgeprobe_facts::{Facts, Failure, Observation, Role, Step, Token, Vantage};

use super::path::{Cargo, Ending, Start};
use super::record::Record;
use crate::services::{DATA, PROVISIONING, REGISTRY};
use crate::world::{CONTROL, HUB, Middlebox, PARENT, Peer, World};

/// The true time of every run, in seconds since 1970.
pub(super) const NOW: f64 = 1_795_400_000.5;

const DAY: i64 = 86_400;
/// Beside the hub's own ports, a parent has this one open.
const PARENT_PORT: u16 = 6617;

const HUB_ISSUER: &str = "CN=Microsoft Azure RSA TLS Issuing CA 03, O=Microsoft Corporation";
const GATEWAY_ISSUER: &str = "CN=Site Web Gateway CA, O=Site";

/// Whom a connection leads to, once everybody on the way has had a say.
pub(super) enum Met {
    Peer(Peer),
    /// A box on the way that answers by itself.
    Portal,
    /// The peer behind a box that holds another certificate before it.
    Intercepted {
        trusted: bool,
    },
    /// The handshake is cut.
    Reset,
    /// The handshake stalls.
    Stall,
}

impl World {
    pub(crate) fn answer_connection(
        &self,
        vantage: &Vantage,
        start: Start<'_>,
        endpoint: &Endpoint,
        peer: IpAddr,
    ) -> Observation {
        let mut facts = facts_of(endpoint, peer);
        let mut record = Record::new(vantage, &subject(endpoint, peer));
        let result = self.converse(start, endpoint, &mut facts, &mut record);
        let facts = match endpoint.transport {
            Transport::Amqp | Transport::Mqtt => Facts::Tls(facts),
            Transport::AmqpWs | Transport::MqttWs => Facts::Websocket(facts),
            Transport::Https | Transport::Http => Facts::Https(facts),
        };
        record.finish(format!("{} to {peer}", endpoint.transport), result, facts)
    }

    pub(super) fn converse(
        &self,
        start: Start<'_>,
        endpoint: &Endpoint,
        facts: &mut EndpointFacts,
        record: &mut Record,
    ) -> Result<(), Failure> {
        let start = match (start, &endpoint.detour) {
            (Start::Host { .. }, Some(Detour::Interface(name))) => {
                Start::Host { bound: Some(name) }
            }
            (start, _) => start,
        };
        let met = match endpoint.proxy {
            Some(_) => self.meet_by_proxy(start, endpoint, facts, record)?,
            None => self.meet(start, endpoint, facts, record)?,
        };
        if endpoint.transport == Transport::Http {
            // Whoever answers there in this world is the portal.
            return self.speak(&met, facts, record);
        }
        let tls = |established, chain, trust| TlsFacts {
            established,
            version: established.then(|| "TLSv1.2".to_owned()),
            cipher: None,
            chain,
            trust,
            client_certificate_requested: false,
            renegotiation_requested: false,
        };
        let cut = match met {
            Met::Reset => Some(Token::ConnectionReset),
            Met::Stall => Some(Token::TimedOut),
            _ => None,
        };
        if let Some(token) = cut {
            facts.tls = Some(tls(false, Vec::new(), None));
            record.add(Step::Tls, false);
            return Err(failure(Step::Tls, token));
        }
        let (certificate, trust) = self.certificate(&met, &endpoint.server);
        let accepted = match trust.device {
            // A parent's authority is its own, and known to modules alone.
            TrustResult::UnknownIssuer if endpoint.role == Role::Parent => Ok(()),
            device => mistrust(device),
        };
        facts.tls = Some(tls(true, vec![certificate], Some(trust)));
        record.add(Step::Tls, accepted.is_ok());
        record.took(facts.round_trip_ms.unwrap_or(1.0));
        let spoken = self.speak(&met, facts, record);
        accepted.and(spoken)
    }

    /// Connects, and says who answers.
    fn meet(
        &self,
        start: Start<'_>,
        endpoint: &Endpoint,
        facts: &mut EndpointFacts,
        record: &mut Record,
    ) -> Result<Met, Failure> {
        let journey = self.follow(start, facts.peer, Cargo::Tcp(facts.port));
        let mut refuse = |token| {
            record.add(Step::Connect, false);
            Err(failure(Step::Connect, token))
        };
        let way = match journey.ending {
            Ending::Arrived { by } => by,
            Ending::Here => return refuse(Token::ConnectionRefused),
            Ending::Silence => return refuse(Token::TimedOut),
            Ending::Error(token) => return refuse(token),
        };
        let uplink = self.uplink_of(&way.interface);
        let of_the_site = uplink.is_some_and(|uplink| uplink.of_the_site);
        let box_ = self.site.middlebox.as_ref().filter(|_| of_the_site);
        let peer = self.peers.iter().find(|(address, _)| *address == facts.peer).map(|it| it.1);
        let met = match (box_, peer) {
            (Some(Middlebox::Portal), _) if [80, 443].contains(&facts.port) => Met::Portal,
            (Some(Middlebox::Portal), _) | (_, None) => return refuse(Token::TimedOut),
            // Nobody of this internet serves plain HTTP.
            _ if facts.port == 80 => return refuse(Token::ConnectionRefused),
            (_, Some(Peer::Page | Peer::Control | Peer::Service)) if facts.port != 443 => {
                return refuse(Token::ConnectionRefused);
            }
            (_, Some(Peer::Hub)) if facts.port == PARENT_PORT => {
                return refuse(Token::ConnectionRefused);
            }
            (Some(Middlebox::Interceptor { ports, trusted }), Some(_))
                if ports.contains(&facts.port) =>
            {
                Met::Intercepted { trusted: *trusted }
            }
            (Some(Middlebox::NameFilter { ports }), Some(_))
                if ports.contains(&facts.port) && endpoint.server == HUB =>
            {
                Met::Reset
            }
            (Some(Middlebox::VersionFilter), Some(_)) if endpoint.detour != Some(Detour::Tls12) => {
                Met::Reset
            }
            (_, Some(peer)) => Met::Peer(peer),
        };
        record.add(Step::Connect, true);
        facts.round_trip_ms = uplink.map(|uplink| uplink.round_trip_ms);
        facts.local = match start {
            Start::Host { .. } => way.source,
            Start::Module { address, .. } => Some(address),
        };
        let mtu = match start {
            Start::Host { .. } => way.mtu,
            Start::Module { network, .. } => {
                self.tables.link(&network.bridge).and_then(|it| it.mtu)
            }
        };
        let small = endpoint.detour == Some(Detour::SmallSegments);
        let swallowed = of_the_site
            && self.site.swallows_above.is_some_and(|most| mtu.is_some_and(|mtu| mtu > most));
        Ok(if swallowed && !small { Met::Stall } else { met })
    }

    /// The certificate that is shown, and what each store says of it for this name.
    fn certificate(&self, met: &Met, server: &str) -> (Certificate, Trust) {
        let (issuer, names): (&str, Vec<&str>) = match met {
            Met::Portal => (GATEWAY_ISSUER, vec!["portal.site.example"]),
            Met::Intercepted { .. } => (GATEWAY_ISSUER, vec![server]),
            Met::Peer(Peer::Control) => (HUB_ISSUER, vec![CONTROL]),
            Met::Peer(Peer::Service) => (HUB_ISSUER, vec![REGISTRY, DATA, PROVISIONING]),
            Met::Peer(Peer::Parent) => ("CN=iotedgeca edge-l4", vec![PARENT]),
            Met::Peer(Peer::Page) => ("CN=Page CA, O=Page", vec!["page.example"]),
            Met::Peer(Peer::Hub | Peer::Broker) | Met::Reset | Met::Stall => {
                (HUB_ISSUER, vec!["*.azure-devices.net"])
            }
        };
        let is_for = |name: &str| {
            name == server || name.strip_prefix('*').is_some_and(|rest| server.ends_with(rest))
        };
        let is_made_out = names.iter().any(|name| is_for(name));
        let now = (NOW + self.clock_ahead_s) as i64;
        let not_before = NOW as i64 - 30 * DAY;
        let not_after = NOW as i64 + 60 * DAY;
        let in_time = match now {
            now if now < not_before => TrustResult::NotYetValid,
            now if now > not_after => TrustResult::Expired,
            _ => TrustResult::Trusted,
        };
        // Stores look for the issuer first, then at the name, then at the time.
        let says = |knows: bool, timed: bool| match (knows, is_made_out) {
            (false, _) => TrustResult::UnknownIssuer,
            (true, false) => TrustResult::NameMismatch,
            (true, true) if timed => in_time,
            (true, true) => TrustResult::Trusted,
        };
        let public =
            matches!(met, Met::Peer(Peer::Hub | Peer::Broker | Peer::Control | Peer::Service));
        let device = match met {
            Met::Intercepted { trusted } => *trusted,
            _ => public && !self.lacks_root,
        };
        let trust = Trust {
            device: says(device, true),
            ca_file: None,
            public: says(public, true),
            within_validity: says(device || public, false),
        };
        let certificate = Certificate {
            subject: format!("CN={}", names.first().unwrap()),
            issuer: issuer.to_owned(),
            names: names.iter().map(ToString::to_string).collect(),
            not_before,
            not_after,
            sha256: format!("{issuer}{names:?}"),
        };
        (certificate, trust)
    }
}

fn subject(endpoint: &Endpoint, peer: IpAddr) -> String {
    let transport = endpoint.transport;
    let port = endpoint.proxy.as_ref().map_or(endpoint.port, |via| via.url.port());
    let peer = SocketAddr::new(peer, port);
    let who = match endpoint.role {
        Role::Control | Role::Provisioning | Role::Parent => {
            format!("{transport}/{}/{peer}", endpoint.server)
        }
        _ => format!("{transport}/{peer}"),
    };
    let who = match &endpoint.proxy {
        None => who,
        Some(via) => format!("{who}/{via}"),
    };
    match &endpoint.detour {
        None => who,
        Some(Detour::SmallSegments) => format!("{who}/in-small-segments"),
        Some(Detour::Interface(name)) => format!("{who}/by-{name}"),
        Some(Detour::Tls12) => format!("{who}/with-tls-1.2-alone"),
    }
}

/// What is known of a connection before it is tried.
pub(super) fn facts_of(endpoint: &Endpoint, peer: IpAddr) -> EndpointFacts {
    EndpointFacts {
        transport: endpoint.transport,
        role: endpoint.role,
        server: endpoint.server.clone(),
        port: endpoint.port,
        peer,
        detour: endpoint.detour.clone(),
        proxy: None,
        local: None,
        round_trip_ms: None,
        kernel_round_trip_ms: None,
        round_trips: None,
        tls: None,
        http: None,
        amqp: None,
        mqtt: None,
        unexpected: None,
    }
}

pub(super) fn failure(step: Step, token: Token) -> Failure {
    Failure::new(step, token, token.to_string())
}

fn mistrust(device: TrustResult) -> Result<(), Failure> {
    let token = match device {
        TrustResult::Trusted => return Ok(()),
        TrustResult::UnknownIssuer => Token::TlsUnknownIssuer,
        TrustResult::NameMismatch => Token::TlsNameMismatch,
        TrustResult::Expired => Token::TlsExpired,
        TrustResult::NotYetValid => Token::TlsNotYetValid,
        TrustResult::Bad => Token::TlsBadCertificate,
        TrustResult::NotVerified => Token::TlsNotVerified,
    };
    Err(failure(Step::Tls, token))
}
