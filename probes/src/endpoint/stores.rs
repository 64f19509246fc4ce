//! The trust stores that a chain is held against: the device's own, `--ca-file`, the public roots.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use edgeprobe_facts::endpoint::Trust;
use serde::{Deserialize, Serialize};
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};

use super::device_store::{self, Unusable};
use super::verifier::{Stores, Verifier};
use crate::bounded;

/// The largest file of certificates that is read, in bytes.
const MAX_CA_FILE: u64 = 1024 * 1024;

/// The three stores, and who verifies by them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TrustStores {
    device: Store,
    ca_file: Option<Store>,
    public: Store,
    unreadable: usize,
    roots: Arc<Roots>,
    verifier: Arc<Verifier>,
}

/// The roots that are this device's own, to be carried to where the same program has none: the
/// public ones are part of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Roots {
    device: Vec<Root>,
    /// Whether these are all that the device has.
    #[serde(default)]
    is_part: bool,
    ca_file: Option<Vec<Root>>,
}

/// A certificate in DER, in base64.
type Root = String;

impl TrustStores {
    /// Reads the device's store and `ca_file`, and takes the public roots that edgeprobe carries.
    ///
    /// A device's store that is empty or damaged is a finding and no error: what cannot be read
    /// of it is counted. A `ca_file` that was asked for and cannot be used is an error, and so is a
    /// variable that names a pipe or a device in place of the store.
    pub fn load(ca_file: Option<&Path>) -> Result<Self, TrustStoreError> {
        let own = device_store::read().map_err(|Unusable { variable, path, source }| {
            TrustStoreError::NoStore { variable, path, source }
        })?;
        let (device, unusable) = Store::from_certificates(&own.certificates);
        let ca_file = ca_file.map(read_ca_file).transpose()?;
        let roots = Roots {
            device: encoded(&own.certificates),
            is_part: !own.is_whole,
            ca_file: ca_file.as_ref().map(|(certificates, _)| encoded(certificates)),
        };
        Ok(Self {
            device: device.with_all(own.is_whole),
            ca_file: ca_file.map(|(_, store)| store),
            public: Store::bundled(),
            unreadable: own.unreadable + unusable,
            roots: roots.into(),
            verifier: Arc::default(),
        })
    }

    /// The same stores with the certificates of this file in place of `--ca-file`'s.
    pub(crate) fn with_ca_file(&self, path: &Path) -> Result<Self, TrustStoreError> {
        let (_, store) = read_ca_file(path)?;
        Ok(Self { ca_file: Some(store), ..self.clone() })
    }

    /// The same stores for one run of this length, whose verifications share one amount of work and
    /// remember each other.
    #[must_use]
    pub fn for_a_run(&self, length: Duration) -> Self {
        Self { verifier: Verifier::for_a_run(length).into(), ..self.clone() }
    }

    /// The stores of another process, from the roots that it carried here.
    pub fn from_roots(roots: &Roots) -> Self {
        let device = decoded(&roots.device);
        let (device, unreadable) = Store::from_certificates(&device);
        let store = |roots: &Vec<Root>| Store::from_certificates(&decoded(roots)).0;
        let ca_file = roots.ca_file.as_ref().map(store);
        Self {
            device: device.with_all(!roots.is_part),
            ca_file,
            public: Store::bundled(),
            unreadable,
            roots: Arc::new(roots.clone()),
            verifier: Arc::default(),
        }
    }

    /// This device's own roots.
    pub fn roots(&self) -> Arc<Roots> {
        Arc::clone(&self.roots)
    }

    /// Stores made of the given roots, for emulators and tests. What is no certificate is counted.
    pub fn from_der(
        device: &[CertificateDer<'_>],
        ca_file: Option<&[CertificateDer<'_>]>,
        public: &[CertificateDer<'_>],
    ) -> Self {
        let roots =
            Roots { device: encoded(device), is_part: false, ca_file: ca_file.map(encoded) };
        let (device, unreadable) = Store::from_certificates(device);
        Self {
            device,
            ca_file: ca_file.map(|roots| Store::from_certificates(roots).0),
            public: Store::from_certificates(public).0,
            unreadable,
            roots: roots.into(),
            verifier: Arc::default(),
        }
    }

    /// How many roots the device trusts by its own store.
    pub fn device_roots(&self) -> usize {
        self.device.roots
    }

    /// How many files and certificates of the device's store could not be read.
    pub fn unreadable(&self) -> usize {
        self.unreadable
    }

    /// What each store says of the chain that a peer sent; nothing when it sent none. What is not
    /// known within `patience` is not verified.
    pub(super) async fn verify(
        &self,
        sent: &[CertificateDer<'_>],
        name: &ServerName<'static>,
        patience: Duration,
    ) -> Option<Trust> {
        let stores = Stores {
            device: self.device.clone(),
            ca_file: self.ca_file.clone(),
            public: self.public.clone(),
        };
        self.verifier.verify(sent, name, stores, patience).await
    }
}

/// The file of `--ca-file`, or the device's store, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustStoreError {
    /// A variable names a pipe, a device or a huge file in place of the device's store.
    #[error("{variable}: cannot read the certificates in `{}`: {source}", path.display())]
    NoStore { variable: &'static str, path: PathBuf, source: io::Error },
    /// The file does not exist, or this user may not read it.
    #[error("cannot read the certificates in `{}`: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    /// The file is larger than any list of roots.
    #[error("`{}` is larger than 1 MiB, so it is not taken for a list of certificates", path.display())]
    TooLarge { path: PathBuf },
    /// The file holds a key, which is to be kept, and not the certificate, which is to be trusted.
    #[error(
        "`{}` holds a private key and no certificate; hint: give the certificate of the \
         authority that issued it", path.display()
    )]
    PrivateKey { path: PathBuf },
    /// The file has no certificate in PEM form.
    #[error(
        "no certificate in `{}`; hint: it must be PEM, with lines `-----BEGIN CERTIFICATE-----`",
        path.display()
    )]
    NoCertificate { path: PathBuf },
    /// The file begins a certificate that cannot be decoded.
    #[error("a certificate in `{}` is damaged: {reason}", path.display())]
    Damaged { path: PathBuf, reason: String },
}

/// One list of roots, ready to verify with; without a verifier when the list is empty.
#[derive(Clone, Debug)]
pub(super) struct Store {
    pub(super) verifier: Option<Arc<WebPkiServerVerifier>>,
    roots: usize,
    /// Unlike that of every other store of this process.
    id: u64,
    is_whole: bool,
}

impl Store {
    fn new(roots: RootCertStore) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let count = roots.len();
        let provider = Arc::new(ring::default_provider());
        // Building fails for an empty list alone: such a store trusts nobody.
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().ok();
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { verifier, roots: count, id, is_whole: true }
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Whether every root that the store has is known, so that a chain which leads to none of them is
    /// not trusted.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    fn with_all(self, is_whole: bool) -> Self {
        Self { is_whole, ..self }
    }

    /// The public roots that edgeprobe carries.
    pub(super) fn bundled() -> Self {
        Self::new(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect())
    }

    /// The store, and how many of the certificates could not be taken as roots.
    fn from_certificates(certificates: &[CertificateDer<'_>]) -> (Self, usize) {
        let mut roots = RootCertStore::empty();
        let (_, ignored) = roots
            .add_parsable_certificates(certificates.iter().map(|der| der.clone().into_owned()));
        (Self::new(roots), ignored)
    }
}

fn encoded(certificates: &[CertificateDer<'_>]) -> Vec<Root> {
    certificates.iter().map(|certificate| BASE64_STANDARD.encode(certificate)).collect()
}

/// What is no base64 is left out.
fn decoded(roots: &[Root]) -> Vec<CertificateDer<'static>> {
    let decode = |root: &Root| BASE64_STANDARD.decode(root).ok().map(CertificateDer::from);
    roots.iter().filter_map(decode).collect()
}

fn read_ca_file(path: &Path) -> Result<(Vec<CertificateDer<'static>>, Store), TrustStoreError> {
    let owned = || path.to_path_buf();
    let pem = bounded::read(path, MAX_CA_FILE).map_err(|source| match source.kind() {
        io::ErrorKind::FileTooLarge => TrustStoreError::TooLarge { path: owned() },
        _ => TrustStoreError::Unreadable { path: owned(), source },
    })?;
    read_pem(path, &pem)
}

/// The certificates in a file's content.
pub(super) fn read_pem(
    path: &Path,
    pem: &[u8],
) -> Result<(Vec<CertificateDer<'static>>, Store), TrustStoreError> {
    let owned = || path.to_path_buf();
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| damaged(path, &error.to_string()))?;
    if certificates.is_empty() {
        let path = owned();
        return Err(match PrivateKeyDer::from_pem_slice(pem) {
            Ok(_) => TrustStoreError::PrivateKey { path },
            Err(_) => TrustStoreError::NoCertificate { path },
        });
    }
    match Store::from_certificates(&certificates) {
        (store, 0) => Ok((certificates, store)),
        (_, unusable) => {
            let all = certificates.len();
            Err(damaged(path, &format!("{unusable} of {all} cannot be decoded")))
        }
    }
}

fn damaged(path: &Path, reason: &str) -> TrustStoreError {
    TrustStoreError::Damaged { path: path.to_path_buf(), reason: crate::clean::line(reason, 120) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};

    fn load(content: &[u8]) -> Result<TrustStores, TrustStoreError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("roots.pem");
        std::fs::write(&path, content).unwrap();
        TrustStores::load(Some(&path))
    }

    fn root() -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(Vec::<String>::new()).unwrap();
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    #[test]
    fn a_file_of_certificates_is_a_store() {
        let content = format!("# our own\n{}{}", root().0, root().0);
        assert_eq!(load(content.as_bytes()).unwrap().ca_file.unwrap().roots, 2);
    }

    #[test]
    fn each_bad_file_is_named_with_what_is_wrong_with_it() {
        let message = |content: &[u8]| load(content).unwrap_err().to_string();
        assert!(message(b"").contains("no certificate in `"), "{}", message(b""));
        assert!(message(b"\x30\x82\x00").contains("must be PEM"));
        assert!(message(root().1.as_bytes()).contains("private key"));
        assert!(message(&vec![b'#'; 1_100_000]).contains("larger than 1 MiB"));
        let cut = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        assert!(message(cut).contains("damaged"));
        assert!(message(cut).contains("roots.pem"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = TrustStores::load(Some(Path::new("/no/such/roots.pem"))).unwrap_err();
        assert!(error.to_string().starts_with("cannot read the certificates in `/no/such"));
    }

    #[test]
    fn the_device_s_roots_are_the_same_where_they_are_carried_to() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("roots.pem");
        std::fs::write(&path, root().0).unwrap();
        let stores = TrustStores::load(Some(&path)).unwrap();
        let carried = serde_json::to_string(&*stores.roots()).unwrap();
        let there = TrustStores::from_roots(&serde_json::from_str(&carried).unwrap());
        assert_eq!(there.device_roots(), stores.device_roots());
        assert_eq!(there.ca_file.unwrap().roots, 1);
        assert_eq!(there.public.roots, stores.public.roots);
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        for path in ["/dev/zero", "/"] {
            let error = TrustStores::load(Some(Path::new(path))).unwrap_err();
            assert!(matches!(error, TrustStoreError::Unreadable { .. }), "{path}: {error}");
        }
    }

    #[test]
    fn an_empty_store_is_no_error() {
        let stores = TrustStores::from_der(&[], None, &[CertificateDer::from(&b"no"[..])]);
        assert_eq!(stores.device_roots(), 0);
        assert!(stores.device.verifier.is_none());
    }
}
