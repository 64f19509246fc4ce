//! Certificate authorities of the emulator's own, and the identities that they issue.

use std::fmt;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

const DAY: Duration = Duration::from_hours(24);

/// A certificate authority whose key lives and dies with this value.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// What a server sends after its leaf: the certificates between it and the root.
    intermediates: Vec<CertificateDer<'static>>,
    root: CertificateDer<'static>,
    root_pem: String,
}

impl Authority {
    /// A root of this name, valid from ten years ago for twenty.
    pub fn root(name: &str) -> Result<Self, AuthorityError> {
        let issuer = CertifiedIssuer::self_signed(authority_params(name), KeyPair::generate()?)?;
        let root = issuer.der().clone();
        let root_pem = issuer.pem();
        Ok(Self { issuer, intermediates: Vec::new(), root, root_pem })
    }

    /// An authority below this one: what it issues chains through it to the same root.
    pub fn intermediate(&self, name: &str) -> Result<Self, AuthorityError> {
        let key = KeyPair::generate()?;
        let issuer = CertifiedIssuer::signed_by(authority_params(name), key, &self.issuer)?;
        let mut intermediates = vec![issuer.der().clone()];
        intermediates.extend(self.intermediates.iter().cloned());
        let (root, root_pem) = (self.root.clone(), self.root_pem.clone());
        Ok(Self { issuer, intermediates, root, root_pem })
    }

    /// A server's certificate and key; the first of `names` is also the subject's common name.
    ///
    /// Fails when a name is no DNS name.
    pub fn issue(&self, names: &[&str], validity: Validity) -> Result<Identity, AuthorityError> {
        let common_name = names.first().ok_or(AuthorityError::NoName)?;
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = distinguished_name(common_name);
        params.not_before = validity.from.into();
        params.not_after = validity.until.into();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;

        let key = KeyPair::generate()?;
        let leaf = params.signed_by(&key, &self.issuer)?;
        let mut chain = vec![leaf.der().clone()];
        chain.extend(self.intermediates.iter().cloned());
        Ok(Identity { chain, key: PrivatePkcs8KeyDer::from(key.serialize_der()).into() })
    }

    /// The root that a store must hold to trust what this authority issues.
    pub fn root_certificate(&self) -> &CertificateDer<'static> {
        &self.root
    }

    /// The same root in PEM, for `--ca-file` and `SSL_CERT_FILE`.
    pub fn root_pem(&self) -> &str {
        &self.root_pem
    }
}

// By hand: the key has no business in a log.
impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

/// What a TLS server shows and signs with.
#[derive(Debug)]
pub struct Identity {
    /// The leaf, then the intermediates up to the root, without it.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's key.
    pub key: PrivateKeyDer<'static>,
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

/// The period that a certificate is valid in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// Its first moment.
    pub from: SystemTime,
    /// Its last moment.
    pub until: SystemTime,
}

impl Validity {
    /// Ninety days around `now`, begun thirty days before.
    pub fn around(now: SystemTime) -> Self {
        Self { from: now - 30 * DAY, until: now + 60 * DAY }
    }

    /// Not begun at `now`: it begins after `wait`, and lasts ninety days.
    pub fn beginning_after(now: SystemTime, wait: Duration) -> Self {
        Self { from: now + wait, until: now + wait + 90 * DAY }
    }

    /// Over at `now`: it lasted ninety days and ended `ago`.
    pub fn ended(now: SystemTime, ago: Duration) -> Self {
        Self { from: now - ago - 90 * DAY, until: now - ago }
    }
}

/// A certificate cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A certificate was asked for nobody.
    #[error("a certificate needs at least one name")]
    NoName,
    /// A name is no DNS name, or the key could not be made.
    #[error("the certificate cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
}

fn authority_params(name: &str) -> CertificateParams {
    let now = SystemTime::now();
    let mut params = CertificateParams::default();
    params.distinguished_name = distinguished_name(name);
    params.not_before = (now - 10 * 365 * DAY).into();
    params.not_after = (now + 10 * 365 * DAY).into();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params
}

fn distinguished_name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "edgeprobe emulator");
    name.push(DnType::CommonName, common_name);
    name
}
