//! A line to a host of a registry: resolved, connected, and secured as the engine would do it.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use edgeprobe_facts::dns::DnsFacts;
use edgeprobe_facts::endpoint::{TrustResult, Via, ViaFacts};
use edgeprobe_facts::registry::{Doubt, HostFacts, Part, Scheme};
use edgeprobe_facts::runtime::ProxySetting;
use edgeprobe_facts::{Facts, Failure, Role, Step, Token, Vantage};
use futures_util::future::{BoxFuture, FutureExt, select_ok};
use tokio::net::{TcpSocket, TcpStream};

use super::Names;
use crate::dns;
use crate::endpoint::{Carriage, Stream, TrustStores, secure, through, unsecured};
use crate::own;
use crate::recorder::{Recorder, io_failure};
use crate::walls;

/// How many addresses of a host are connected to, all at once.
const ADDRESSES: usize = 8;

/// How many files of a registry's own authorities are read.
const AUTHORITIES: usize = 8;

/// Registries, and their token services, whose certificates come from public authorities alone.
/// A certificate from another authority is an interceptor's.
const PUBLIC_REGISTRIES: [&str; 12] = [
    "azurecr.io",
    "azurecr.cn",
    "azurecr.us",
    "mcr.microsoft.com",
    "docker.io",
    "docker.com",
    "ghcr.io",
    "quay.io",
    "gcr.io",
    "pkg.dev",
    "amazonaws.com",
    "gitlab.com",
];

/// A host to reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host {
    pub(super) part: Part,
    pub(super) server: String,
    pub(super) port: u16,
    pub(super) scheme: Scheme,
    /// Whether the engine takes any certificate from it.
    pub(super) unverified: bool,
}

impl Host {
    /// Whether it is the same service at the same place.
    pub(super) fn is_same_service(&self, other: &Self) -> bool {
        (&self.server, self.port, self.scheme) == (&other.server, other.port, other.scheme)
    }
}

/// A stream to a host, ready for requests.
pub(super) struct Line {
    pub(super) stream: Box<dyn Stream>,
    pub(super) host: Host,
    standing: Standing,
}

/// How far it is certain who is at the other end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Public roots vouch for it, or roots that were named for it.
    Verified,
    /// The device's own store vouches for it, and no public root.
    ByDeviceAlone,
    /// On this device itself, as is the registry that is asked for.
    OnThisDevice,
    /// This device does not trust its certificate.
    Unverified,
    /// It has no certificate.
    InClear,
}

impl Line {
    /// Why credentials may not be sent here, if they may not: never in the clear, never to an
    /// interceptor.
    pub(super) fn doubt(&self) -> Option<Doubt> {
        match self.standing {
            Standing::Verified | Standing::OnThisDevice => None,
            // A company's own authority vouches for the company's own registry, or for an
            // interceptor in front of somebody else's.
            Standing::ByDeviceAlone => is_public(&self.host.server).then_some(Doubt::Intercepted),
            Standing::Unverified => Some(Doubt::Unverified),
            Standing::InClear => Some(Doubt::InClear),
        }
    }
}

fn is_public(server: &str) -> bool {
    PUBLIC_REGISTRIES.iter().any(|known| {
        server.strip_suffix(known).is_some_and(|sub| sub.is_empty() || sub.ends_with('.'))
    })
}

/// What opening lines needs.
pub(super) struct Opener<'a> {
    pub(super) recorder: &'a mut Recorder,
    pub(super) names: Names,
    pub(super) trust: &'a TrustStores,
    /// The folder of authorities that the engine trusts for single registries.
    pub(super) authorities: Option<&'a Path>,
    /// What the engine is told of a proxy.
    pub(super) proxy: Option<&'a ProxySetting>,
    /// Whether the registry is this device's own by its name. Another's name may lead here too, by
    /// a hosts file or a name server that is not its own.
    pub(super) on_this_device: bool,
}

impl Opener<'_> {
    /// Opens a line to a host, and adds what was seen of it to `seen`.
    ///
    /// With a certificate that the engine would not accept there is a line all the same, and the
    /// reason beside it: what is said there tells who answers.
    pub(super) async fn open(
        &mut self,
        host: Host,
        seen: &mut Vec<HostFacts>,
    ) -> Result<(Line, Result<(), Failure>), Failure> {
        let mut facts = HostFacts {
            part: host.part,
            server: host.server.clone(),
            port: host.port,
            addresses: Vec::new(),
            peer: None,
            proxy: self.way_to(&host),
            tls: None,
        };
        // A host that was connected to before keeps its addresses.
        let before = seen.iter().find(|known| {
            let same_way = match (&known.proxy, &facts.proxy) {
                (None, None) => known.server == host.server,
                (Some(known), Some(proxy)) => known.url == proxy.url,
                _ => false,
            };
            same_way && !known.addresses.is_empty()
        });
        let result = match (before.map(|known| known.addresses.clone()), &facts.proxy) {
            (Some(addresses), _) => Ok(addresses),
            (None, None) => self.resolve(&host.server).await,
            // The proxy asks for the host's name itself.
            (None, Some(proxy)) => self.resolve(proxy.url.host()).await,
        };
        let opened = match result {
            Ok(addresses) => {
                facts.addresses = addresses;
                // Boxed, for a TLS session is large.
                Box::pin(self.connect_and_secure(host, &mut facts)).await
            }
            Err(failure) => Err(failure),
        };
        seen.push(facts);
        opened
    }

    /// The proxy that the engine goes by to a host, if it goes by one. In plain HTTP it would go by
    /// another setting, of which nothing is known here.
    fn way_to(&self, host: &Host) -> Option<ViaFacts> {
        let setting = self.proxy.filter(|_| host.scheme == Scheme::Https)?;
        let url = setting.proxy_to(&host.server, host.port)?.clone();
        Some(ViaFacts::from_via(&Via { url, part: setting.part }))
    }

    async fn resolve(&mut self, name: &str) -> Result<Vec<IpAddr>, Failure> {
        if let Ok(address) = name.parse() {
            return Ok(vec![address]);
        }
        let timeline = self.recorder.timeline();
        let names = self.names.clone();
        let server = name.to_owned();
        // Boxed, as a session is below: what one step needs, the others need not carry along.
        let asking = Box::pin(async move {
            let vantage = &Vantage::Host;
            let answer = match names {
                Names::System => dns::ask_system(timeline, vantage, &server, Role::Registry).await,
                Names::Server(address) => {
                    dns::ask_server(timeline, vantage, address, &server, Role::Registry).await
                }
            };
            match (answer.failure, answer.facts) {
                (None, Facts::Dns(facts)) => Ok(addresses(&facts)),
                (Some(failure), _) => Err(failure),
                (None, _) => Ok(Vec::new()),
            }
        });
        self.recorder.step(Step::Resolve, timeline.remaining(), asking).await
    }

    async fn connect_and_secure(
        &mut self,
        host: Host,
        facts: &mut HostFacts,
    ) -> Result<(Line, Result<(), Failure>), Failure> {
        let limit = self.recorder.timeline().patience();
        let port = facts.proxy.as_ref().map_or(host.port, |proxy| proxy.url.port());
        let connecting = connect(&facts.addresses, port);
        let socket = self.recorder.step(Step::Connect, limit, connecting).await?;
        // Questions are small and each waits for its answer. Failing to say so costs time alone.
        let _ = socket.set_nodelay(true);
        facts.peer = socket.peer_addr().map(|peer| peer.ip()).ok();
        // A proxy on this device does not make a host one of its own.
        let loopback = self.on_this_device
            && facts.proxy.is_none()
            && facts.peer.is_some_and(|peer| peer.is_loopback());
        let socket: Carriage = match &mut facts.proxy {
            None => Box::new(socket),
            Some(proxy) => {
                let tunnel = through(socket, proxy, (&host.server, host.port), self.trust, limit);
                self.recorder.step(Step::Proxy, limit, tunnel).await?
            }
        };
        if host.scheme == Scheme::Http {
            let standing = if loopback { Standing::OnThisDevice } else { Standing::InClear };
            return Ok((Line { stream: unsecured(socket), host, standing }, Ok(())));
        }
        let own = self.own_authorities(&host);
        let stores: Vec<&TrustStores> = std::iter::once(self.trust).chain(&own).collect();
        let secured = secure(self.recorder, limit, socket, &host.server, &stores).await;
        let trust = secured.facts.trust.clone();
        facts.tls = Some(secured.facts);
        let Some(stream) = secured.stream else {
            // Without a session the handshake has failed.
            return Err(secured.accepted.err().unwrap_or_else(|| {
                Failure::new(Step::Tls, Token::TlsHandshakeFailed, "there is no session")
            }));
        };
        let standing = match (&trust, &secured.accepted) {
            (Some(trust), Ok(()))
                if trust.public == TrustResult::Trusted
                    || trust.ca_file == Some(TrustResult::Trusted) =>
            {
                Standing::Verified
            }
            (_, Ok(())) => Standing::ByDeviceAlone,
            (_, Err(_)) if loopback => Standing::OnThisDevice,
            (_, Err(_)) => Standing::Unverified,
        };
        let accepted = if host.unverified { Ok(()) } else { secured.accepted };
        Ok((Line { stream, host, standing }, accepted))
    }

    /// The authorities that the engine trusts for this registry beside the device's own store:
    /// `/etc/docker/certs.d/HOST[:PORT]/*.crt`.
    fn own_authorities(&self, host: &Host) -> Vec<TrustStores> {
        let Some(folder) = self.authorities else { return Vec::new() };
        let name = if host.server.contains(':') {
            format!("[{}]", host.server)
        } else {
            host.server.clone()
        };
        let folders = match host.port {
            443 => vec![folder.join(&name)],
            port => vec![folder.join(format!("{name}:{port}"))],
        };
        let mut files: Vec<PathBuf> = folders
            .iter()
            .filter_map(|folder| walls::opened_with_privileges(folder, |it| fs::read_dir(it)).ok())
            .flat_map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "crt"))
            .take(AUTHORITIES)
            .collect();
        files.sort();
        files.iter().filter_map(|file| self.trust.with_ca_file(file).ok()).collect()
    }
}

fn addresses(facts: &DnsFacts) -> Vec<IpAddr> {
    facts.ips().take(ADDRESSES).collect()
}

/// Connects to the first of these addresses that takes the connection. The one way by which this
/// probe opens sockets.
async fn connect(addresses: &[IpAddr], port: u16) -> Result<TcpStream, Failure> {
    let attempts: Vec<BoxFuture<'_, Result<TcpStream, Failure>>> =
        addresses.iter().map(|address| attempt(SocketAddr::new(*address, port)).boxed()).collect();
    if attempts.is_empty() {
        let detail = "the name has no address";
        return Err(Failure::new(Step::Connect, Token::AddressNotAvailable, detail));
    }
    select_ok(attempts).await.map(|(socket, _)| socket)
}

async fn attempt(peer: SocketAddr) -> Result<TcpStream, Failure> {
    let socket = if peer.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let connecting = async {
        let connected = socket.map_err(own::denied)?.connect(peer).await;
        connected.map_err(|error| own::of_connecting(error, peer))
    };
    connecting.await.map_err(|error| {
        let failure = io_failure(Step::Connect, &error);
        Failure { detail: format!("{peer}: {}", failure.detail), ..failure }
    })
}
