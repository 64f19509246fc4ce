//! Authorities, peers and questions that the tests share.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use edgeprobe_facts::endpoint::{Endpoint, EndpointFacts, Transport};
use edgeprobe_facts::{Observation, Role, Vantage};
use edgeprobe_probes::Timeline;
use edgeprobe_probes::endpoint::{TrustStores, probe};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    NameConstraints, date_time_ymd,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::{self, sign::any_supported_type};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio_rustls::server::TlsStream;

pub(crate) const HUB: &str = "contoso.azure-devices.example";
pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The mechanisms that IoT Hub offers, as it encodes them.
pub(crate) const HUB_MECHANISMS: &[u8] = b"\x00\x00\x00\x3f\x02\x01\x00\x00\x00\x53\x40\xc0\x32\
\x01\xe0\x2f\x04\xb3\x00\x00\x00\x08EXTERNAL\x00\x00\x00\x07MSSBCBS\x00\x00\x00\x09ANONYMOUS\
\x00\x00\x00\x05PLAIN";
pub(crate) const SASL_HEADER: &[u8] = b"AMQP\x03\x01\x00\x00";

/// A certificate authority of one name.
pub(crate) struct Authority {
    pub(crate) der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// Years from the first of January to the first of January.
pub(crate) type Years = (i32, i32);
pub(crate) const NOW: Years = (2020, 4000);
pub(crate) const PAST: Years = (2010, 2012);
pub(crate) const FUTURE: Years = (3000, 4000);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = params(&[], name, NOW);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().clone();
        Self { der, issuer: Issuer::new(params, key) }
    }

    /// A server's certificate that issued itself, as `openssl req -x509` makes one.
    pub(crate) fn self_signed(host: &str) -> Identity {
        let mut params = params(&[host], host, NOW);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Identity { chain: vec![params.self_signed(&key).unwrap().der().clone()], key }
    }

    /// An authority that this one issues.
    pub(crate) fn intermediate(&self, name: &str, years: Years) -> Self {
        self.below(params(&[], name, years))
    }

    /// An authority that this one issues for these names alone.
    pub(crate) fn constrained(&self, name: &str, constraints: NameConstraints) -> Self {
        let mut params = params(&[], name, NOW);
        params.name_constraints = Some(constraints);
        self.below(params)
    }

    fn below(&self, mut params: CertificateParams) -> Self {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let der = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        Self { der, issuer: Issuer::new(params, key) }
    }

    pub(crate) fn issue(&self, host: &str, years: Years) -> Identity {
        self.issue_for(&[host.to_owned()], years)
    }

    /// A certificate for the first of these names and the others.
    pub(crate) fn issue_for(&self, hosts: &[String], years: Years) -> Identity {
        let key = KeyPair::generate().unwrap();
        let all: Vec<&str> = hosts.iter().map(String::as_str).collect();
        let leaf = params(&all, &hosts[0], years).signed_by(&key, &self.issuer).unwrap();
        Identity { chain: vec![leaf.der().clone()], key }
    }
}

/// A chain and the key of its first certificate.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: KeyPair,
}

impl Identity {
    pub(crate) fn with(mut self, intermediate: &Authority) -> Self {
        self.chain.push(intermediate.der.clone());
        self
    }

    pub(crate) fn server(&self) -> ServerConfig {
        self.server_of(&[&TLS13, &TLS12])
    }

    pub(crate) fn server_of(&self, versions: &[&'static SupportedProtocolVersion]) -> ServerConfig {
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), self.private_key())
            .unwrap()
    }

    /// A server that shows its chain whatever is in it.
    pub(crate) fn unread_server(&self) -> ServerConfig {
        let key = any_supported_type(&self.private_key()).unwrap();
        let pair = SingleCertAndKey::from(CertifiedKey::new(self.chain.clone(), key));
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(pair))
    }

    /// A server that asks its clients for a certificate of `authority`.
    pub(crate) fn asking_server(&self, authority: &Authority, insisting: bool) -> ServerConfig {
        let mut roots = RootCertStore::empty();
        roots.add(authority.der.clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let verifier = if insisting { verifier } else { verifier.allow_unauthenticated() };
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(self.chain.clone(), self.private_key())
            .unwrap()
    }

    fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }
}

fn params(hosts: &[&str], name: &str, (begin, end): Years) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
    let mut params = CertificateParams::new(hosts).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Contoso");
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(begin, 1, 1);
    params.not_after = date_time_ymd(end, 1, 1);
    params
}

/// A device that trusts one authority, and a hub that holds its certificate.
pub(crate) struct World {
    pub(crate) identity: Identity,
    pub(crate) trust: TrustStores,
}

impl World {
    pub(crate) fn new() -> Self {
        let root = Authority::new("Root");
        let trust = trusting(&root);
        Self { identity: root.issue(HUB, NOW), trust }
    }

    /// Asks a peer that makes the TLS handshake and then does as `behaviour` says.
    pub(crate) async fn ask(
        &self,
        question: Question,
        behaviour: impl AsyncFnOnce(TlsStream<TcpStream>),
    ) -> Observation {
        let config = self.identity.server();
        question.ask(&self.trust, tls(config, behaviour)).await
    }
}

/// Probes run beside each other on any thread.
const _: () = {
    const fn movable<T: Send>(_: &T) {}
    #[expect(dead_code, reason = "that it compiles is the test")]
    fn a_probe_is_movable(vantage: &Vantage, endpoint: &Endpoint, trust: &TrustStores) {
        let timeline = Timeline::start(Duration::ZERO);
        movable(&probe(timeline, vantage, endpoint, LOOPBACK, trust));
    }
};

/// Stores in which the device and the public trust `root`.
pub(crate) fn trusting(root: &Authority) -> TrustStores {
    TrustStores::from_der(std::slice::from_ref(&root.der), None, std::slice::from_ref(&root.der))
}

/// A question to a peer on loopback.
#[derive(Clone, Copy)]
pub(crate) struct Question {
    pub(crate) transport: Transport,
    pub(crate) role: Role,
    pub(crate) limit: Duration,
}

impl Question {
    pub(crate) fn about(transport: Transport) -> Self {
        Self { transport, role: Role::Hub, limit: Duration::from_secs(20) }
    }

    pub(crate) fn control(self) -> Self {
        Self { role: Role::Control, ..self }
    }

    /// Gives up soon: for peers that never answer.
    pub(crate) fn impatient(self) -> Self {
        Self { limit: Duration::from_secs(2), ..self }
    }

    /// Asks a peer that treats its one connection as `behaviour` says.
    pub(crate) async fn ask(
        self,
        trust: &TrustStores,
        behaviour: impl AsyncFnOnce(TcpStream),
    ) -> Observation {
        let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = async {
            behaviour(listener.accept().await.unwrap().0).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            observation = self.ask_port(trust, port) => observation,
            () = serving => unreachable!("a peer is pending when it has done its part"),
        }
    }

    pub(crate) async fn ask_port(self, trust: &TrustStores, port: u16) -> Observation {
        let endpoint = Endpoint {
            transport: self.transport,
            role: self.role,
            server: HUB.to_owned(),
            port,
            detour: None,
            proxy: None,
        };
        let timeline = Timeline::start(self.limit);
        probe(timeline, &Vantage::Host, &endpoint, LOOPBACK, trust).await
    }
}

/// The behaviour of a peer that makes the TLS handshake first.
pub(crate) fn tls(
    config: ServerConfig,
    behaviour: impl AsyncFnOnce(TlsStream<TcpStream>),
) -> impl AsyncFnOnce(TcpStream) {
    async move |socket| {
        if let Ok(stream) = TlsAcceptor::from(Arc::new(config)).accept(socket).await {
            behaviour(stream).await;
        }
    }
}

/// Reads what the client says first, and answers each of `parts` by a write of its own.
pub(crate) async fn answer(mut stream: TlsStream<TcpStream>, parts: &[&[u8]]) {
    let _ = stream.read(&mut [0; 2048]).await;
    for part in parts {
        let _ = stream.write_all(part).await;
        let _ = stream.flush().await;
    }
    hold(stream).await;
}

/// Keeps the connection until the client closes it.
pub(crate) async fn hold(mut stream: impl AsyncRead + Unpin) {
    while stream.read(&mut [0; 2048]).await.is_ok_and(|length| length > 0) {}
}

/// Reads what the client says first, and closes.
pub(crate) async fn close(mut stream: TlsStream<TcpStream>) {
    let _ = stream.read(&mut [0; 2048]).await;
    let _ = stream.shutdown().await;
}

pub(crate) fn facts(observation: &Observation) -> &EndpointFacts {
    observation.facts.endpoint().expect("an endpoint was asked")
}

/// The step and the token of the failure, as a report writes them.
pub(crate) fn failure(observation: &Observation) -> String {
    match &observation.failure {
        Some(failure) => format!("{} {}", failure.step, failure.token),
        None => "none".to_owned(),
    }
}

/// The steps that were taken, with a mark on those that failed.
pub(crate) fn steps(observation: &Observation) -> String {
    let mark = |record: &edgeprobe_facts::StepRecord| match record.outcome {
        edgeprobe_facts::Outcome::Pass => record.step.to_string(),
        _ => format!("{}!", record.step),
    };
    observation.steps.iter().map(mark).collect::<Vec<_>>().join(" ")
}
