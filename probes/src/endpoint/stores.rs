//! The trust stores that a chain is held against: the device's own, `--ca-file`, the public roots.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The largest file of certificates that is read, in bytes.
const MAX_CA_FILE: u64 = 1024 * 1024;

/// The three stores. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TrustStores {
    pub(super) device: Store,
    pub(super) ca_file: Option<Store>,
    pub(super) public: Store,
    unreadable: usize,
    roots: Arc<Roots>,
}

/// The roots that are this device's own, to be carried to where the same program has none: the
/// public ones are part of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Roots {
    device: Vec<Root>,
    ca_file: Option<Vec<Root>>,
}

/// A certificate in DER, in base64.
type Root = String;

impl TrustStores {
    /// Reads the device's store and `ca_file`, and takes the public roots that edgeprobe carries.
    ///
    /// A device's store that is empty or damaged is a finding and no error: what cannot be read
    /// of it is counted. A `ca_file` that was asked for and cannot be used is an error.
    pub fn load(ca_file: Option<&Path>) -> Result<Self, TrustStoreError> {
        let native = rustls_native_certs::load_native_certs();
        let (device, unusable) = Store::from_certificates(&native.certs);
        let ca_file = ca_file.map(read_ca_file).transpose()?;
        let roots = Roots {
            device: encoded(&native.certs),
            ca_file: ca_file.as_ref().map(|(certificates, _)| encoded(certificates)),
        };
        let ca_file = ca_file.map(|(_, store)| store);
        let unreadable = native.errors.len() + unusable;
        Ok(Self { device, ca_file, public: Store::bundled(), unreadable, roots: roots.into() })
    }

    /// The stores of another process, from the roots that it carried here.
    pub fn from_roots(roots: &Roots) -> Self {
        let device = decoded(&roots.device);
        let (device, unreadable) = Store::from_certificates(&device);
        let store = |roots: &Vec<Root>| Store::from_certificates(&decoded(roots)).0;
        let ca_file = roots.ca_file.as_ref().map(store);
        Self {
            device,
            ca_file,
            public: Store::bundled(),
            unreadable,
            roots: Arc::new(roots.clone()),
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
        let roots = Roots { device: encoded(device), ca_file: ca_file.map(encoded) };
        let (device, unreadable) = Store::from_certificates(device);
        Self {
            device,
            ca_file: ca_file.map(|roots| Store::from_certificates(roots).0),
            public: Store::from_certificates(public).0,
            unreadable,
            roots: roots.into(),
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
}

/// The file of `--ca-file` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustStoreError {
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

/// One list of roots, ready to verify with; `None` when the list is empty.
#[derive(Clone, Debug)]
pub(super) struct Store {
    pub(super) verifier: Option<Arc<WebPkiServerVerifier>>,
    roots: usize,
}

impl Store {
    fn new(roots: RootCertStore) -> Self {
        let count = roots.len();
        let provider = Arc::new(ring::default_provider());
        // Building fails for an empty list alone: such a store trusts nobody.
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().ok();
        Self { verifier, roots: count }
    }

    /// The public roots that edgeprobe carries.
    fn bundled() -> Self {
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
    let mut pem = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_CA_FILE + 1).read_to_end(&mut pem))
        .map_err(|source| TrustStoreError::Unreadable { path: owned(), source })?;
    if pem.len() as u64 > MAX_CA_FILE {
        return Err(TrustStoreError::TooLarge { path: owned() });
    }

    let certificates = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| damaged(path, &error.to_string()))?;
    if certificates.is_empty() {
        let path = owned();
        return Err(match PrivateKeyDer::from_pem_slice(&pem) {
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
    fn an_empty_store_is_no_error() {
        let stores = TrustStores::from_der(&[], None, &[CertificateDer::from(&b"no"[..])]);
        assert_eq!(stores.device_roots(), 0);
        assert!(stores.device.verifier.is_none());
    }
}
