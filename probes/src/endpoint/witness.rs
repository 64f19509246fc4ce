//! What a TLS handshake brings to light, kept even when the handshake fails.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{self, WebPkiSupportedAlgorithms};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{DigitallySignedStruct, Error, SignatureScheme};

/// Stands where a client verifies the server and chooses its own certificate, and takes notes.
///
/// Every chain is let through: a chain that this device does not trust is evidence, and so is
/// what its owner says next. Nothing secret is ever sent, so nothing is lost to an impostor.
/// The judgement is made afterwards, by each store. That the peer holds the certificate's key is
/// verified all the same, for otherwise the chain would be no evidence of who answered.
#[derive(Debug)]
pub(super) struct Witness {
    algorithms: WebPkiSupportedAlgorithms,
    chain: OnceLock<Vec<CertificateDer<'static>>>,
    asked_for_certificate: AtomicBool,
}

impl Witness {
    pub(super) fn new(algorithms: WebPkiSupportedAlgorithms) -> Arc<Self> {
        Arc::new(Self {
            algorithms,
            chain: OnceLock::new(),
            asked_for_certificate: AtomicBool::new(false),
        })
    }

    /// The certificates that the peer sent, its own first; empty when none came.
    pub(super) fn chain(&self) -> &[CertificateDer<'static>] {
        self.chain.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether the peer asked for a client certificate in the handshake.
    pub(super) fn asked_for_certificate(&self) -> bool {
        self.asked_for_certificate.load(Ordering::Relaxed)
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.chain.get_or_init(|| {
            let all = std::iter::once(end_entity).chain(intermediates);
            // No message of a handshake is longer than 64 KiB, so this is bounded.
            all.map(|der| der.clone().into_owned()).collect()
        });
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ResolvesClientCert for Witness {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked_for_certificate.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}
