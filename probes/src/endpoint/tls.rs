//! The TLS handshake with a peer: who answers, with which certificate, and who trusts it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use edgeprobe_facts::endpoint::{Certificate, TlsFacts, TrustResult};
use edgeprobe_facts::{Failure, Step, Token};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    self, AlertDescription, ClientConfig, ClientConnection, ProtocolVersion,
    SupportedProtocolVersion,
};
use tokio_rustls::{TlsConnector, rustls::Error};

use super::certificate::describe;
use super::stores::TrustStores;
use super::tap::{Tap, Wire};
use crate::clean;
use crate::recorder::io_failure;

/// What TLS runs over: a socket, or a tunnel through a proxy.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

/// What is under a handshake.
pub(crate) type Carriage = Box<dyn Duplex>;

/// The stream that a handshake leaves behind.
pub(super) type Stream = TlsStream<Tap<Carriage>>;

/// The most certificates of a chain that are described.
const MAX_CHAIN: usize = 10;

/// How many characters of an answer that was not the protocol's are kept.
pub(super) const EXCERPT: usize = 120;

static CURRENT: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
static OLDER: [&SupportedProtocolVersion; 1] = [&TLS12];

/// One TLS session in the making. It outlives a handshake that fails or is given up.
pub(super) struct Handshake {
    wire: Wire,
    witness: Arc<super::witness::Witness>,
    server: String,
    /// The versions to offer.
    versions: &'static [&'static SupportedProtocolVersion],
    /// Protocol version and cipher suite, once agreed.
    agreed: Option<(String, String)>,
}

impl Handshake {
    pub(super) fn new(server: &str) -> Self {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        Self {
            wire: Wire::default(),
            witness: super::witness::Witness::new(algorithms),
            server: server.to_owned(),
            versions: &CURRENT,
            agreed: None,
        }
    }

    /// The same handshake, offering TLS 1.2 alone.
    pub(super) fn without_tls_1_3(self) -> Self {
        Self { versions: &OLDER, ..self }
    }

    /// Makes the handshake, whatever the certificate; `alpn` are the protocols to offer.
    pub(super) async fn perform(
        &mut self,
        socket: Carriage,
        alpn: &[&[u8]],
    ) -> Result<Stream, Failure> {
        let name = self.name()?;
        let config = self.config(alpn).map_err(|error| failed(error.to_string()))?;
        let stream = TlsConnector::from(Arc::new(config))
            .connect(name, Tap::new(socket, self.wire.clone()))
            .await
            .map_err(|error| failure(Step::Tls, &error))?;
        self.agreed = Some(agreement(stream.get_ref().1));
        Ok(stream)
    }

    /// What the handshake brought to light so far. What the stores say of the chain is waited for no
    /// longer than `patience`.
    pub(super) async fn facts(&self, trust: &TrustStores, patience: Duration) -> TlsFacts {
        let chain = self.witness.chain();
        let trust = match self.name() {
            Ok(name) => trust.verify(chain, &name, patience).await,
            Err(_) => None,
        };
        TlsFacts {
            established: self.agreed.is_some(),
            version: self.agreed.as_ref().map(|(version, _)| version.clone()),
            cipher: self.agreed.as_ref().map(|(_, cipher)| cipher.clone()),
            chain: chain.iter().take(MAX_CHAIN).map(describe).collect(),
            trust,
            client_certificate_requested: self.witness.asked_for_certificate(),
            renegotiation_requested: self.wire.renegotiation_requested(),
        }
    }

    pub(super) fn wire(&self) -> &Wire {
        &self.wire
    }

    fn name(&self) -> Result<ServerName<'static>, Failure> {
        ServerName::try_from(self.server.clone())
            .map_err(|_| failed(format!("`{}` is no host name", clean::line(&self.server, 64))))
    }

    fn config(&self, alpn: &[&[u8]]) -> Result<ClientConfig, Error> {
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.versions)?
            .dangerous()
            .with_custom_certificate_verifier(self.witness.clone())
            .with_client_cert_resolver(self.witness.clone());
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        config.resumption = Resumption::disabled();
        Ok(config)
    }
}

/// Why this device does not accept the certificate, if it does not.
pub(super) fn mistrust(facts: &TlsFacts, server: &str) -> Result<(), Failure> {
    let (Some(trust), Some(leaf)) = (&facts.trust, facts.chain.first()) else {
        return Err(failed("the peer sent no certificate"));
    };
    let issuer = &leaf.issuer;
    let (token, detail) = match trust.verdict() {
        TrustResult::Trusted => return Ok(()),
        TrustResult::UnknownIssuer => (
            Token::TlsUnknownIssuer,
            format!("issued by \"{issuer}\"; this device does not trust it"),
        ),
        TrustResult::NameMismatch => {
            (Token::TlsNameMismatch, format!("the certificate is {}, not {server}", whose(leaf)))
        }
        TrustResult::Expired => {
            let end = facts.chain.iter().map(|certificate| certificate.not_after).min();
            (Token::TlsExpired, format!("valid until {}", date(end.unwrap_or(leaf.not_after))))
        }
        TrustResult::NotYetValid => {
            let begin = facts.chain.iter().map(|certificate| certificate.not_before).max();
            let begin = date(begin.unwrap_or(leaf.not_before));
            (Token::TlsNotYetValid, format!("valid from {begin}"))
        }
        TrustResult::Bad => (
            Token::TlsBadCertificate,
            format!("issued by \"{issuer}\"; its purpose, encoding or signature is bad"),
        ),
        TrustResult::NotVerified => (
            Token::TlsNotVerified,
            format!("issued by \"{issuer}\"; verifying it takes more than this run has"),
        ),
    };
    let detail = match token {
        Token::TlsExpired | Token::TlsNotYetValid => {
            let now = httpdate::fmt_http_date(std::time::SystemTime::now());
            format!("{detail}, and this device's clock says {now}; issued by \"{issuer}\"")
        }
        _ => detail,
    };
    Err(Failure::new(Step::Tls, token, detail))
}

/// The failure that an error of the TLS stream means at this step.
pub(super) fn failure(step: Step, error: &io::Error) -> Failure {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let token = match inner {
        None => return io_failure(step, error),
        Some(Error::AlertReceived(alert)) => return alert_failure(step, *alert),
        Some(Error::InvalidCertificate(_)) => Token::TlsBadCertificate,
        Some(_) if step == Step::Tls => Token::TlsHandshakeFailed,
        // Records that cannot be decrypted or read, in a session that stood.
        Some(_) => Token::TlsUnexpectedBytes,
    };
    Failure::new(step, token, clean::line(&error.to_string(), 160))
}

/// The failure in the light of what the wire shows and a TLS library does not.
pub(super) fn in_light_of(failure: Failure, wire: &Wire) -> Failure {
    if let Some(bytes) = wire.foreign().filter(|_| failure.step == Step::Tls) {
        let excerpt = clean::bytes(&bytes, EXCERPT);
        let detail = format!("answered the handshake with \"{excerpt}\"");
        return Failure::new(Step::Tls, Token::TlsUnexpectedBytes, detail);
    }
    // IoT Hub's front end reads the request, then asks for a client certificate by a TLS 1.2
    // renegotiation, which rustls declines; the peer then resets, closes, alerts or falls silent.
    // That is the genuine peer, not something between that blocks
    // (https://github.com/Azure/azure-iot-sdk-c/issues/694).
    if failure.step != Step::Tls && unanswered(failure.token) && wire.renegotiation_requested() {
        let detail =
            format!("asked for a client certificate after the request, then: {}", failure.detail);
        return Failure::new(failure.step, Token::ClientCertificateWanted, detail);
    }
    failure
}

fn unanswered(token: Token) -> bool {
    matches!(
        token,
        Token::ConnectionReset
            | Token::ConnectionClosed
            | Token::TimedOut
            | Token::TlsAlert
            | Token::TlsUnexpectedBytes
    )
}

fn alert_failure(step: Step, alert: AlertDescription) -> Failure {
    // A TLS 1.3 server says only after the handshake that it wants a client certificate.
    let wanted = alert == AlertDescription::CertificateRequired;
    let token = if wanted { Token::ClientCertificateWanted } else { Token::TlsAlert };
    Failure::new(step, token, format!("the peer sent the alert {}", alert_name(alert)))
}

/// The alert as RFC 8446 writes it, e.g. `handshake_failure`.
fn alert_name(alert: AlertDescription) -> String {
    let Some(name) = alert.as_str() else { return u8::from(alert).to_string() };
    let mut words = String::new();
    let mut after_small = false;
    for letter in name.chars() {
        if letter.is_uppercase() && after_small {
            words.push('_');
        }
        after_small = letter.is_lowercase();
        words.extend(letter.to_lowercase());
    }
    words
}

fn agreement(session: &ClientConnection) -> (String, String) {
    let version = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2".to_owned(),
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3".to_owned(),
        other => format!("{other:?}"),
    };
    let cipher = session.negotiated_cipher_suite().map(|suite| suite.suite());
    let cipher = cipher.and_then(|suite: rustls::CipherSuite| suite.as_str()).unwrap_or("unknown");
    // rustls marks the suites of TLS 1.3; IANA's registry does not.
    (version, cipher.replacen("TLS13_", "TLS_", 1))
}

fn whose(leaf: &Certificate) -> String {
    match leaf.names.as_slice() {
        [] => format!("for \"{}\"", leaf.subject),
        [first, second, third, _, ..] => format!("for {first}, {second}, {third} and others"),
        names => format!("for {}", names.join(", ")),
    }
}

/// A moment as HTTP writes it; moments before 1970 are shown as 1970.
fn date(seconds: i64) -> String {
    let since = std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let limit = std::time::Duration::from_secs(253_402_300_799); // The last second of year 9999.
    httpdate::fmt_http_date(std::time::SystemTime::UNIX_EPOCH + since.min(limit))
}

fn failed(detail: impl Into<String>) -> Failure {
    Failure::new(Step::Tls, Token::TlsHandshakeFailed, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_named_as_the_rfc_names_them() {
        assert_eq!(alert_name(AlertDescription::HandshakeFailure), "handshake_failure");
        assert_eq!(alert_name(AlertDescription::UnknownCA), "unknown_ca");
        assert_eq!(alert_name(AlertDescription::Unknown(255)), "255");
    }

    #[test]
    fn a_moment_out_of_range_is_no_panic() {
        assert!(date(i64::MAX).contains("9999"));
        assert!(date(i64::MIN).contains("1970"));
    }
}
