//! Which parts of the device are told of a proxy, and which way that makes Edge Agent take.

use edgeprobe_probes::endpoint::Via;
use edgeprobe_probes::proxy::ProxyUrl;
use edgeprobe_probes::runtime::{Part, ProxySetting};
use edgeprobe_probes::{Facts, Observation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Target;

/// The port that goes by a proxy, if any does.
const WEB: u16 = 443;

/// The proxy that a run was told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GivenProxy {
    pub url: ProxyUrl,
    /// The hosts that are reached without it, as the environment lists them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_proxy: Option<String>,
    /// The option or the variable that names it.
    pub source: String,
    /// Whether it was chosen for this run, and so stands for what the runtime is told; else it is
    /// what the environment happens to say.
    pub chosen: bool,
}

/// The way that Edge Agent takes to the hub's port 443.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// It is told of no proxy, as far as is known.
    Direct,
    /// It goes by this proxy, and by no other way.
    By(Via),
    /// What Edge Agent is told is not known, and this environment names this proxy: either way may
    /// be its own.
    Either(Via),
}

impl Way {
    /// The proxy of the way, if one may be on it.
    pub fn via(&self) -> Option<&Via> {
        match self {
            Self::Direct => None,
            Self::By(via) | Self::Either(via) => Some(via),
        }
    }
}

impl Target {
    /// What each part of the device is told of a proxy, as far as it is known: this run first, the
    /// rest in the order in which it was seen.
    pub fn proxy_settings(&self, seen: &[Observation]) -> Vec<ProxySetting> {
        let given = self.proxy.iter().map(|given| ProxySetting {
            part: Part::Environment,
            https_proxy: Some(given.url.clone()),
            no_proxy: given.no_proxy.clone(),
            source: given.source.clone(),
        });
        let found = seen.iter().flat_map(|observation| match &observation.facts {
            Facts::Engine(facts) if facts.version.is_some() => vec![ProxySetting {
                part: Part::Engine,
                https_proxy: facts.settings.https_proxy.clone(),
                no_proxy: facts.settings.no_proxy.clone(),
                source: facts.endpoint.clone(),
            }],
            // What this environment says was given to the run, or was not to count.
            Facts::Runtime(facts) => {
                let others = facts.proxies.iter().filter(|own| own.part != Part::Environment);
                others.cloned().collect()
            }
            _ => Vec::new(),
        });
        given.chain(found).collect()
    }

    /// The proxies that parts of the device go by to the hub, each once, with the first part that
    /// names it.
    pub fn proxies_to_the_hub(&self, seen: &[Observation]) -> Vec<Via> {
        let mut proxies: Vec<Via> = Vec::new();
        for setting in self.proxy_settings(seen) {
            if let Some(url) = setting.proxy_to(&self.hub, WEB)
                && !proxies
                    .iter()
                    .any(|known| known.part == setting.part || is_the_same(&known.url, url))
            {
                proxies.push(Via { url: url.clone(), part: setting.part });
            }
        }
        proxies
    }

    /// The way that Edge Agent takes to the hub's port 443.
    pub fn way(&self, seen: &[Observation]) -> Way {
        let settings = self.proxy_settings(seen);
        let own = settings.iter().find(|setting| setting.part == Part::EdgeAgent);
        let via = |setting: &ProxySetting| {
            let url = setting.proxy_to(&self.hub, WEB)?.clone();
            Some(Via { url, part: setting.part })
        };
        let given = settings.iter().find(|s| s.part == Part::Environment).and_then(via);
        let chosen = self.proxy.as_ref().is_some_and(|given| given.chosen);
        match (given, own) {
            (Some(given), _) if chosen => Way::By(given),
            (_, Some(own)) => via(own).map_or(Way::Direct, Way::By),
            (Some(given), None) => Way::Either(given),
            (None, None) => Way::Direct,
        }
    }
}

/// Whether two parts are told of the same proxy. The engine does not tell its credentials, so there
/// those of another part are taken for its own.
fn is_the_same(known: &ProxyUrl, url: &ProxyUrl) -> bool {
    let same_place =
        (known.host(), known.port(), known.tls()) == (url.host(), url.port(), url.tls());
    known == url || (same_place && known.has_credentials() && url.hides_credentials())
}
