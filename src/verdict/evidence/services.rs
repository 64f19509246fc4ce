//! What was seen of registries and of the provisioning service, and what they share with the hub.

use edgeprobe_facts::endpoint::Via;
use edgeprobe_facts::proxy::ProxyUrl;
use edgeprobe_facts::registry::{CredentialUse, NamedBy, RegistryFacts};
use edgeprobe_facts::runtime::Part;
use edgeprobe_facts::{Facts, Observation, Probe, Role, Step, Token};

use super::{ByProxy, Connection, Evidence};
use crate::Way;

/// One registry, or one image of it.
#[derive(Clone, Copy)]
pub(crate) struct RegistryReading<'o> {
    pub(crate) observation: &'o Observation,
    pub(crate) facts: &'o RegistryFacts,
}

impl RegistryReading<'_> {
    pub(crate) fn token(&self) -> Option<Token> {
        self.observation.token()
    }

    /// Whether the registry refused, with credentials or without.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.token(), Some(Token::HttpUnauthorized | Token::HttpForbidden))
    }

    /// Whether the registry was reached and knows no such image, or none for this platform.
    pub(crate) fn is_not_there(&self) -> bool {
        matches!(self.token(), Some(Token::HttpNotFound | Token::ImageOtherPlatform))
    }

    /// Whether a refusal says no more than that credentials are needed, which were not sent: only
    /// an image is asked for by name, and an address that is refused is refused to everybody.
    pub(crate) fn wants_credentials(&self) -> bool {
        self.is_refused()
            && self.facts.image.is_some()
            && self.facts.refused_address.is_none()
            && self.facts.credentials != CredentialUse::Sent
    }

    /// Whether the registry alone was asked, and did not get the credentials that it wants.
    pub(crate) fn could_not_sign_in(&self) -> bool {
        self.facts.image.is_none() && self.facts.credentials == CredentialUse::Withheld
    }

    pub(crate) fn is_by_default(&self) -> bool {
        self.facts.named_by == NamedBy::Default
    }

    pub(crate) fn is_by_the_runtime(&self) -> bool {
        matches!(self.facts.named_by, NamedBy::Runtime { .. })
    }
}

impl<'o> Evidence<'o> {
    /// The registries that matter to this device: the one that nobody named only where there is no
    /// other.
    pub(crate) fn registries(&self) -> Vec<RegistryReading<'o>> {
        let all: Vec<RegistryReading<'o>> = self
            .all()
            .iter()
            .filter_map(|observation| match &observation.facts {
                Facts::Registry(facts) => Some(RegistryReading { observation, facts }),
                _ => None,
            })
            .collect();
        let named = all.iter().any(|reading| !reading.is_by_default());
        all.into_iter().filter(|reading| !named || !reading.is_by_default()).collect()
    }

    /// The host's connections to the provisioning service, those by a proxy last.
    pub(crate) fn provisioning(&self) -> Vec<Connection<'o>> {
        let host = self.host();
        host.connections(Role::Provisioning).chain(host.proxied(Role::Provisioning)).collect()
    }

    /// Whether that a registry was not reached by a proxy says nothing of the engine: it need not go
    /// by this proxy, or has credentials for it that it keeps to itself.
    pub(crate) fn failed_otherwise(&self, reading: &RegistryReading<'_>) -> bool {
        let on_the_way = reading.observation.failed_step() <= Some(Step::Tls);
        let Some(proxy) = reading.facts.failing_proxy().filter(|_| on_the_way) else {
            return false;
        };
        let kept_secret = reading.token() == Some(Token::ProxyAuthenticationRequired)
            && proxy.part == Part::Engine
            && proxy.url.has_credentials()
            && !self.target.files_have_credentials(&proxy.url, self.all());
        reading.observation.failed() && (kept_secret || self.target.is_by_chance(proxy.part))
    }

    /// Whether the host's own connection to the hub opened, so that packets leave this device.
    pub(crate) fn host_reaches_the_hub(&self) -> Vec<&'o Observation> {
        let opened = self.host().hub().into_iter().filter(Connection::connected);
        opened.map(|connection| connection.observation).take(1).collect()
    }

    /// Whether a device without its identity is kept from the provisioning service by this proxy
    /// already.
    pub(crate) fn keeps_from_provisioning(&self, by: &ByProxy<'o>) -> bool {
        let gives = self.gives_identities().is_some_and(|part| by.parts.contains(&part));
        let lost = !self.lost_before_provisioning(by).is_empty();
        let nameless = !by.nameless.is_empty() && self.is_to_be_provisioned_by(&by.via);
        gives && self.edge_agent_runs() != Some(true) && (lost || nameless)
    }

    /// What a device with an identity loses of the provisioning service without this proxy.
    pub(crate) fn unprovisioned_by(&self, by: &ByProxy<'o>) -> Vec<&'o Observation> {
        self.lost_before_provisioning(by)
    }

    /// What the parts that go by this proxy to the hub miss there, where it is lost to them on the way
    /// to the provisioning service already.
    pub(crate) fn missed_by_the_same_proxy(&self, via: &Via) -> Vec<&'o Observation> {
        let of_it = self.parts_by_proxy(&self.host()).into_iter();
        let of_it = of_it.filter(|by| is_at_one_place(&by.via.url, &via.url));
        of_it.flat_map(|by| by.missed()).filter(|missed| is_lost_at_the_proxy(missed)).collect()
    }

    /// The connections to the provisioning service that end at this proxy.
    fn lost_before_provisioning(&self, by: &ByProxy<'o>) -> Vec<&'o Observation> {
        let connections = self.provisioning();
        if connections.iter().any(|connection| !connection.observation.failed()) {
            return Vec::new();
        }
        let by_it = connections.into_iter().filter(|connection| {
            let proxy = connection.facts.proxy.as_ref();
            proxy.is_some_and(|proxy| is_at_one_place(&proxy.url, &by.via.url))
        });
        by_it.map(|c| c.observation).filter(|seen| is_lost_at_the_proxy(seen)).collect()
    }

    fn is_to_be_provisioned_by(&self, via: &Via) -> bool {
        let host = self.target.provisioning_by(self.all());
        host.is_some_and(|host| {
            let way = self.target.way_to_provisioning(&host, self.all());
            matches!(way, Way::By(own) if is_at_one_place(&own.url, &via.url))
        })
    }

    /// Whether a proxy leads to the provisioning service, so that its name need not resolve here.
    fn is_provisioned_by_proxy(&self) -> bool {
        let works = |connection: Connection<'o>| !connection.observation.failed();
        self.host().proxied(Role::Provisioning).any(works)
    }

    /// The failures of registries and of the provisioning service that the verdict has to account
    /// for.
    pub(crate) fn is_a_needed_service(&self, observation: &Observation) -> bool {
        match &observation.facts {
            Facts::Registry(facts) => {
                let reading = RegistryReading { observation, facts };
                !reading.is_by_default()
                    && !reading.wants_credentials()
                    && !self.failed_otherwise(&reading)
            }
            Facts::Dns(_) => !self.is_provisioned_by_proxy(),
            facts => facts.endpoint().is_some_and(|facts| {
                facts.role == Role::Provisioning
                    && !self.provisioning().iter().any(|c| !c.observation.failed())
            }),
        }
    }
}

/// Whether two URLs name one proxy, whatever their credentials.
fn is_at_one_place(one: &ProxyUrl, other: &ProxyUrl) -> bool {
    (one.host(), one.port()) == (other.host(), other.port())
}

/// Whether it was the proxy itself that was not reached, or refused.
fn is_lost_at_the_proxy(observation: &Observation) -> bool {
    matches!(observation.failed_step(), Some(Step::Resolve | Step::Connect | Step::Proxy))
}

/// Whether the observation is of a registry or of the provisioning service.
pub(crate) fn is_of_a_service(observation: &Observation) -> bool {
    let role = match &observation.facts {
        Facts::Dns(facts) => Some(facts.role),
        facts => facts.endpoint().map(|facts| facts.role),
    };
    observation.probe() == Probe::Registry || role == Some(Role::Provisioning)
}
