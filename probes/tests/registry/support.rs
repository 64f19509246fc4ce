//! Questions, credentials and certificates that the tests share.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use edgeprobe_facts::registry::{NamedBy, Query, Reference, RegistryFacts};
use edgeprobe_facts::runtime::ProxySetting;
use edgeprobe_facts::{Facts, Observation, Vantage};
use edgeprobe_probes::Timeline;
use edgeprobe_probes::endpoint::TrustStores;
use edgeprobe_probes::registry::{Access, Credentials, Names, probe};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio_rustls::rustls::pki_types::CertificateDer;

/// The password that no report may show, and what a cut one would still show.
pub(crate) const PASSWORD: &str = "hunter2-hunter2";
pub(crate) const ENCODED: &str = "ZWRnZTpodW50ZXIyLWh1bnRlcjI=";

/// A registry's name that only a proxy resolves.
pub(crate) const BEHIND_PROXY: &str = "registry.plant";

/// What a test asks with.
pub(crate) struct Asker {
    pub(crate) access: Access,
    pub(crate) trust: TrustStores,
    pub(crate) limit: Duration,
    pub(crate) proxy: Option<ProxySetting>,
    directory: TempDir,
}

impl Asker {
    /// Without credentials, and trusting nobody.
    pub(crate) fn anonymous() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let access = Access {
            names: Names::System,
            credentials: None,
            insecure_credentials: Vec::new(),
            authorities: Some(directory.path().to_path_buf()),
        };
        let trust = TrustStores::from_der(&[], None, &[]);
        Self { access, trust, limit: Duration::from_secs(20), proxy: None, directory }
    }

    /// With the credentials `edge` and the password, for these registries.
    pub(crate) fn signed_in(registries: &[&str]) -> Self {
        let entries: Vec<String> = registries
            .iter()
            .map(|registry| format!(r#""{registry}": {{"auth": "{ENCODED}"}}"#))
            .collect();
        let mut asker = Self::anonymous();
        let path = asker.directory.path().join("config.json");
        fs::write(&path, format!(r#"{{"auths": {{{}}}}}"#, entries.join(","))).unwrap();
        asker.access.credentials = Some(Arc::new(Credentials::load(&path).unwrap()));
        asker
    }

    /// Sends them to this registry over any line.
    pub(crate) fn also_insecurely(mut self, registry: &str) -> Self {
        self.access.insecure_credentials.push(Reference::parse_registry(registry).unwrap());
        self
    }

    /// With this root in the device's store.
    pub(crate) fn trusting(mut self, root: &CertificateDer<'_>) -> Self {
        self.trust = TrustStores::from_der(std::slice::from_ref(root), None, &[]);
        self
    }

    pub(crate) async fn ask(&self, registry: &str) -> Observation {
        self.ask_as(registry, false).await
    }

    pub(crate) async fn ask_as(&self, registry: &str, insecure: bool) -> Observation {
        let reference = Reference::parse_registry(registry).unwrap();
        let query =
            Query { reference, named_by: NamedBy::User, insecure, proxy: self.proxy.clone() };
        let timeline = Timeline::start(self.limit);
        let observation = probe(timeline, &Vantage::Host, &query, &self.access, &self.trust).await;
        let report = serde_json::to_string(&observation).unwrap();
        for secret in [PASSWORD, ENCODED] {
            assert!(!report.contains(secret), "{report}");
            assert!(!format!("{observation:?} {:?}", self.access).contains(secret));
        }
        observation
    }
}

pub(crate) fn facts(observation: &Observation) -> &RegistryFacts {
    let Facts::Registry(facts) = &observation.facts else { panic!("{observation:?}") };
    facts
}

/// An authority, and a certificate of its for localhost: PEM of the chain and of the key.
pub(crate) struct Pki {
    pub(crate) root: CertificateDer<'static>,
    pub(crate) root_pem: String,
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "Plant Root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root_key = KeyPair::generate().unwrap();
        let root = params.self_signed(&root_key).unwrap();
        let issuer = Issuer::new(params, root_key);
        let key = KeyPair::generate().unwrap();
        let names = ["localhost".to_owned(), BEHIND_PROXY.to_owned()];
        let leaf = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
        Self {
            root: root.der().clone(),
            root_pem: root.pem(),
            chain: leaf.pem(),
            key: key.serialize_pem(),
        }
    }
}
