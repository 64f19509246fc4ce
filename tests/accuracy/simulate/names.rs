//! Names, of the system's resolver, of single servers and of the engine's own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use edgeprobe_facts::dns::{DnsFacts, RecordOutcome, Resolver};
use edgeprobe_facts::{Facts, Failure, Observation, Role, Step, Token, Vantage};

use super::kernel::Way;
use super::path::{Cargo, Ending, Start};
use super::record::{Record, module};
use crate::world::{HUB, Network, STUB, Says, World};

/// The engine's own resolver, inside every container on a network of the user's making.
pub(crate) const EMBEDDED: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 11));

/// What the engine gives to containers when it knows no server that they could use.
const FALLBACK: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8)), IpAddr::V4(Ipv4Addr::new(8, 8, 4, 4))];

/// Addresses, or why there are none.
pub(crate) type Answer = Result<Vec<IpAddr>, Token>;

impl World {
    /// What one server says when it is asked from here.
    pub(crate) fn server_says(&self, start: Start<'_>, server: IpAddr, name: &str) -> Answer {
        if server == EMBEDDED {
            return match start {
                Start::Module { network, address } => self.embedded_says(network, address, name),
                Start::Host { .. } => Err(Token::ConnectionRefused),
            };
        }
        if server.is_loopback() {
            return match start {
                // systemd-resolved listens on the host alone.
                Start::Host { .. } if server == STUB && !self.names.behind_stub.is_empty() => {
                    self.first_of(&self.names.behind_stub, Start::Host { bound: None }, name)
                }
                _ => Err(Token::ConnectionRefused),
            };
        }
        match self.follow(start, server, Cargo::Udp).ending {
            // A router passes questions on by its own way out.
            Ending::Arrived { by } if self.is_stranded(&by) => Err(Token::DnsServfail),
            Ending::Arrived { .. } => self.truth_of(server, name),
            Ending::Here => Err(Token::ConnectionRefused),
            Ending::Silence => Err(Token::DnsTimeout),
            Ending::Error(token) => Err(token),
        }
    }

    fn is_stranded(&self, way: &Way) -> bool {
        way.gateway.is_none()
            && self.uplink_of(&way.interface).is_some_and(|it| it.of_the_site && !it.alive)
    }

    fn truth_of(&self, server: IpAddr, name: &str) -> Answer {
        let honest = || match Self::honest_address(name) {
            _ if name == self.upstream() => Ok(self.names.hub.clone()),
            Some(address) => Ok(vec![address]),
            None => Err(Token::DnsNxdomain),
        };
        let odd = self.names.odd.iter().find(|(address, _)| *address == server);
        match odd.map(|(_, says)| *says) {
            Some(Says::Nothing) => Err(Token::DnsTimeout),
            Some(Says::Closed) => Err(Token::ConnectionRefused),
            Some(Says::Servfail) => Err(Token::DnsServfail),
            Some(Says::Refused) => Err(Token::DnsRefused),
            Some(Says::NoSuchHub) if name == self.upstream() => Err(Token::DnsNxdomain),
            Some(Says::Lie(address)) if name == self.upstream() => Ok(vec![address]),
            None | Some(Says::NoSuchHub | Says::Lie(_)) => honest(),
        }
    }

    /// The first server that says anything about the name.
    fn first_of(&self, servers: &[IpAddr], start: Start<'_>, name: &str) -> Answer {
        let mut last = Err(Token::DnsServfail);
        for server in servers {
            last = self.server_says(start, *server, name);
            if matches!(last, Ok(_) | Err(Token::DnsNxdomain)) {
                return last;
            }
        }
        // A forwarder whose servers are silent is silent; others' refusals it passes on as failures.
        match last {
            Err(Token::DnsTimeout) => Err(Token::DnsTimeout),
            Err(_) => Err(Token::DnsServfail),
            answer => answer,
        }
    }

    /// What programs on the host get.
    pub(crate) fn system_says(&self, name: &str) -> Answer {
        if name == self.upstream() && !self.names.hosts_file.is_empty() {
            return Ok(self.names.hosts_file.clone());
        }
        self.first_of(&self.names.configured, Start::Host { bound: None }, name)
    }

    fn embedded_says(&self, network: &Network, address: IpAddr, name: &str) -> Answer {
        let module = Start::Module { network, address };
        let host = Start::Host { bound: None };
        let servers = self.servers_of(network);
        let mut last = Err(Token::DnsServfail);
        for (server, from_host) in servers {
            last = self.server_says(if from_host { host } else { module }, server, name);
            if matches!(last, Ok(_) | Err(Token::DnsNxdomain)) {
                return last;
            }
        }
        match last {
            Err(Token::DnsTimeout) => Err(Token::DnsTimeout),
            Err(_) => Err(Token::DnsServfail),
            answer => answer,
        }
    }

    /// The servers behind a network's containers, and whether they are asked from the host.
    fn servers_of(&self, network: &Network) -> Vec<(IpAddr, bool)> {
        let engine = self.engine.as_ref().unwrap();
        let is_old = engine.version.starts_with("20.");
        let from_module = |it: &[IpAddr]| it.iter().map(|it| (*it, false)).collect::<Vec<_>>();
        let configured = &self.names.configured;
        let servers = if !engine.dns.is_empty() {
            from_module(&engine.dns)
        } else if network.name == "bridge" {
            let usable = if *configured == [STUB] { &self.names.behind_stub } else { configured };
            let usable: Vec<_> = usable.iter().copied().filter(|it| !it.is_loopback()).collect();
            from_module(&usable)
        } else {
            configured.iter().map(|it| (*it, !is_old || it.is_loopback())).collect()
        };
        if servers.is_empty() { from_module(&FALLBACK) } else { servers }
    }

    /// What a module on the network gets when it asks for a name.
    pub(crate) fn module_gets(&self, network: &Network, name: &str) -> Answer {
        let address = module(network);
        if network.name == "bridge" {
            let servers: Vec<IpAddr> =
                self.servers_of(network).into_iter().map(|it| it.0).collect();
            return self.first_of(&servers, Start::Module { network, address }, name);
        }
        self.embedded_says(network, address, name)
    }

    pub(super) fn answer_system(&self, name: &str, role: Role) -> Observation {
        // The C library waits longer than the run does, and seldom says why there is nothing.
        let answer = self.system_says(name).map_err(|token| match token {
            Token::DnsTimeout => Token::DnsTimeout,
            _ => Token::DnsNoAnswer,
        });
        let mut facts = self.facts(name, role, Resolver::System, &answer);
        (facts.ipv4, facts.ipv6) = (None, None);
        if name == self.upstream() {
            facts.hosts_file.clone_from(&self.names.hosts_file);
        }
        let record = Record::new(&Vantage::Host, &format!("system/{name}"));
        let target = format!("{name} by the system's resolver");
        finish(record, target, answer, facts)
    }

    pub(super) fn answer_server(
        &self,
        vantage: &Vantage,
        start: Start<'_>,
        server: SocketAddr,
        name: &str,
        role: Role,
    ) -> Observation {
        let answer = self.server_says(start, server.ip(), name);
        let mut facts = self.facts(name, role, Resolver::Server(server), &answer);
        let by = match start {
            Start::Host { bound: Some(interface) } => {
                facts.interface = Some(interface.to_owned());
                format!("/by-{interface}")
            }
            _ => String::new(),
        };
        let record = Record::new(vantage, &format!("{}/{name}{by}", server.ip()));
        finish(record, format!("{name} at {}", server.ip()), answer, facts)
    }

    fn facts(&self, name: &str, role: Role, resolver: Resolver, answer: &Answer) -> DnsFacts {
        let addresses: Vec<IpAddr> = answer.clone().unwrap_or_default();
        let kind = |ipv6: bool| match answer {
            Ok(addresses) if addresses.iter().any(|it| it.is_ipv6() == ipv6) => {
                RecordOutcome::Answered
            }
            Ok(_) => RecordOutcome::NoRecords,
            Err(Token::DnsNxdomain) => RecordOutcome::Nxdomain,
            Err(Token::DnsServfail) => RecordOutcome::Servfail,
            Err(Token::DnsRefused) => RecordOutcome::Refused,
            Err(Token::DnsTimeout) => RecordOutcome::Timeout,
            Err(_) => RecordOutcome::Unreachable,
        };
        let honest = answer.as_ref().is_ok_and(|it| *it == self.names.hub);
        let private = name == HUB && self.names.private_link && honest;
        DnsFacts {
            name: name.to_owned(),
            role,
            resolver,
            addresses: addresses.into_iter().map(Into::into).collect(),
            canonical_names: private
                .then(|| "contoso.privatelink.azure-devices.net".to_owned())
                .into_iter()
                .collect(),
            ipv4: Some(kind(false)),
            ipv6: Some(kind(true)),
            over_tcp: None,
            interface: None,
            hosts_file: Vec::new(),
            behind_stub: Vec::new(),
        }
    }
}

fn finish(record: Record, target: String, answer: Answer, facts: DnsFacts) -> Observation {
    let result = answer.map(drop);
    let record = record.step(Step::Resolve, result.is_ok());
    let failure = result.map_err(|token| Failure::new(Step::Resolve, token, token.to_string()));
    record.finish(target, failure, Facts::Dns(facts))
}
