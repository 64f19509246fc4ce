//! What is asked of the services beside the hub, and by a proxy.

use std::net::IpAddr;

use edgeprobe_facts::endpoint::{Endpoint, EndpointFacts, Transport, Via, ViaFacts};
use edgeprobe_facts::proxy::ProxyAnswer;
use edgeprobe_facts::registry::{
    AnswerFacts, CredentialUse, HostFacts, Part, Query, RegistryFacts, Scheme,
};
use edgeprobe_facts::{Facts, Failure, Observation, Role, Step, Token, Vantage};

use super::names::Answer;
use super::path::{Cargo, Ending, Start};
use super::peers::{Met, facts_of, failure};
use super::record::Record;
use crate::services::{DATA, Image, PROXY_ADDRESS, ProxySays};
use crate::world::{HUB, Peer, World};

/// The address by which the registry's firewall knows the site.
const SITE: &str = "62.4.16.2";

impl World {
    /// The configuration, as it is read before everything else.
    pub(super) fn read_configuration(&self) -> Option<Observation> {
        let facts = Facts::Runtime(Box::new(self.runtime()?));
        let record = Record::new(&Vantage::Host, "configuration");
        Some(record.finish("the runtime's configuration", Ok(()), facts))
    }

    /// Connects to the proxy and asks it for a tunnel, and says who answers at its end.
    pub(super) fn meet_by_proxy(
        &self,
        start: Start<'_>,
        endpoint: &Endpoint,
        facts: &mut EndpointFacts,
        record: &mut Record,
    ) -> Result<Met, Failure> {
        let via = endpoint.proxy.as_ref().unwrap();
        let mut told = ViaFacts { url: via.url.clone(), part: via.part, answer: None, tls: None };
        let journey = self.follow(start, facts.peer, Cargo::Tcp(via.url.port()));
        let refusal = match journey.ending {
            Ending::Arrived { .. } if facts.peer == PROXY_ADDRESS => None,
            Ending::Arrived { .. } | Ending::Silence => Some(Token::TimedOut),
            Ending::Here => Some(Token::ConnectionRefused),
            Ending::Error(token) => Some(token),
        };
        record.add(Step::Connect, refusal.is_none());
        if let Some(token) = refusal {
            facts.proxy = Some(told);
            return Err(failure(Step::Connect, token));
        }
        facts.round_trip_ms = Some(1.0);
        let proxy = self.services.proxy.as_ref().unwrap();
        let (status, token) = match proxy.says {
            ProxySays::WhoAreYou => (407, Some(Token::ProxyAuthenticationRequired)),
            ProxySays::NotTheHub if endpoint.server == HUB => (403, Some(Token::ProxyForbidden)),
            ProxySays::CannotConnect => (502, Some(Token::ProxyBadGateway)),
            _ if !self.uplinks[0].alive => (504, Some(Token::ProxyBadGateway)),
            ProxySays::Yes | ProxySays::NotTheHub => (200, None),
        };
        told.answer = Some(ProxyAnswer { status, ..ProxyAnswer::default() });
        facts.proxy = Some(told);
        record.add(Step::Proxy, token.is_none());
        if let Some(token) = token {
            return Err(failure(Step::Proxy, token));
        }
        // The proxy asks its own resolvers, and is beyond what else the site does.
        let address = match endpoint.server.as_str() {
            HUB => self.names.hub.first().copied(),
            name => Self::honest_address(name),
        };
        let peer = self.peers.iter().find(|(known, _)| Some(*known) == address);
        Ok(Met::Peer(peer.map_or(Peer::Page, |(_, peer)| *peer)))
    }

    /// What programs on the host get for a name that the engine or the daemons ask for.
    fn addresses_for(&self, via: Option<&Via>, name: &str) -> Answer {
        match via {
            Some(via) => match via.url.address() {
                Some(address) => Ok(vec![address]),
                None => self.system_says(via.url.host()),
            },
            None => self.system_says(name),
        }
    }

    pub(super) fn answer_registry(&self, query: &Query) -> Observation {
        let reference = &query.reference;
        let mut facts = RegistryFacts {
            registry: reference.registry(),
            image: reference.image().map(ToString::to_string),
            named_by: query.named_by.clone(),
            server: reference.server().to_owned(),
            port: 443,
            scheme: Scheme::Https,
            insecure: false,
            part: None,
            hosts: Vec::new(),
            answers: Vec::new(),
            challenge: None,
            credentials: CredentialUse::NotAsked,
            withheld: None,
            refused_address: None,
            platform: None,
            platforms: Vec::new(),
        };
        let mut record = Record::new(&Vantage::Host, &reference.to_string());
        let result = self.pull(query, &mut facts, &mut record);
        record.finish(reference.to_string(), result, Facts::Registry(Box::new(facts)))
    }

    fn pull(
        &self,
        query: &Query,
        facts: &mut RegistryFacts,
        record: &mut Record,
    ) -> Result<(), Failure> {
        let server = facts.server.clone();
        self.reach(Part::Registry, &server, query, facts, record)?;
        facts.answers.push(answer(Part::Registry, 401));
        if facts.image.is_none() {
            return Ok(());
        }
        facts.part = Some(Part::Image);
        let refused = match self.services.image {
            Image::Served => None,
            Image::AddressRefused => Some((403, Token::HttpForbidden)),
            Image::CredentialsWanted => Some((401, Token::HttpUnauthorized)),
            Image::Missing => Some((404, Token::HttpNotFound)),
        };
        record.add(Step::Http, refused.is_none());
        if let Some((status, token)) = refused {
            facts.answers.push(answer(Part::Image, status));
            facts.refused_address = (status == 403).then(|| SITE.parse().unwrap());
            return Err(failure(Step::Http, token));
        }
        facts.answers.push(answer(Part::Image, 200));
        self.reach(Part::Data, DATA, query, facts, record)?;
        facts.part = None;
        Ok(())
    }

    /// Opens TLS to one of the registry's hosts, as the engine would.
    fn reach(
        &self,
        part: Part,
        server: &str,
        query: &Query,
        facts: &mut RegistryFacts,
        record: &mut Record,
    ) -> Result<(), Failure> {
        facts.part = Some(part);
        let setting = query.proxy.as_ref();
        let via = setting.and_then(|setting| {
            let url = setting.proxy_to(server, 443)?.clone();
            Some(Via { url, part: setting.part })
        });
        let addresses = self.addresses_for(via.as_ref(), server);
        let mut host = HostFacts {
            part,
            server: server.to_owned(),
            port: 443,
            addresses: addresses.clone().unwrap_or_default(),
            peer: None,
            proxy: via.as_ref().map(|via| ViaFacts {
                url: via.url.clone(),
                part: via.part,
                answer: None,
                tls: None,
            }),
            tls: None,
        };
        record.add(Step::Resolve, addresses.is_ok());
        let peer = match addresses {
            Ok(addresses) => addresses[0],
            Err(token) => {
                facts.hosts.push(host);
                let token = if token == Token::DnsTimeout { token } else { Token::DnsNoAnswer };
                return Err(failure(Step::Resolve, token));
            }
        };
        let endpoint = Endpoint {
            transport: Transport::Https,
            role: Role::Registry,
            server: server.to_owned(),
            port: 443,
            detour: None,
            proxy: via,
        };
        let mut seen = facts_of(&endpoint, peer);
        let result = self.converse(Start::Host { bound: None }, &endpoint, &mut seen, record);
        host.peer = record.passed(Step::Connect).then_some(peer);
        host.proxy = seen.proxy.or(host.proxy);
        host.tls = seen.tls;
        facts.hosts.push(host);
        result
    }

    /// Whether what the engine is to pull can be pulled.
    pub(crate) fn serves_its_image(&self) -> bool {
        let Some(runtime) = self.runtime() else { return true };
        let setting = runtime.images.first().unwrap();
        let engines = runtime
            .proxies
            .into_iter()
            .find(|it| it.part == edgeprobe_facts::runtime::Part::Engine);
        let query = Query {
            reference: edgeprobe_facts::registry::Reference::parse_image(&setting.image).unwrap(),
            named_by: edgeprobe_facts::registry::NamedBy::User,
            insecure: false,
            proxy: engines,
        };
        !self.answer_registry(&query).failed()
    }

    /// Whether the identity service reaches the provisioning service.
    pub(crate) fn is_provisioned(&self) -> bool {
        let via = self.proxy_of(edgeprobe_facts::runtime::Part::IdentityService);
        let name = crate::services::PROVISIONING;
        let Ok(addresses) = self.addresses_for(via.as_ref(), name) else { return false };
        let endpoint = Endpoint {
            transport: Transport::Https,
            role: Role::Provisioning,
            server: name.to_owned(),
            port: 443,
            detour: None,
            proxy: via,
        };
        let start = Start::Host { bound: None };
        addresses.into_iter().any(|peer: IpAddr| {
            !self.answer_connection(&Vantage::Host, start, &endpoint, peer).failed()
        })
    }
}

fn answer(part: Part, status: u16) -> AnswerFacts {
    AnswerFacts {
        part,
        status,
        server: None,
        via: None,
        names_interface: true,
        redirected_to: None,
        code: (status >= 400).then(|| "DENIED".to_owned()),
        message: None,
    }
}
