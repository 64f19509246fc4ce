//! Which parts of the device are told of a proxy, and which way that makes Edge Agent take.

use edgeprobe_facts::endpoint::Via;
use edgeprobe_facts::engine::EngineFacts;
use edgeprobe_facts::proxy::{NoProxyList, ProxyUrl};
use edgeprobe_facts::runtime::{Part, ProxySetting};
use edgeprobe_facts::{Facts, Observation, Vantage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Target;

/// The port that goes by a proxy, if any does.
const WEB: u16 = 443;

/// The provisioning service of the public cloud.
pub const GLOBAL_PROVISIONING: &str = "global.azure-devices-provisioning.net";

/// The proxy that a run was told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GivenProxy {
    pub url: ProxyUrl,
    /// The hosts that are reached without it, as the environment lists them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_proxy: Option<NoProxyList>,
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
            Facts::Engine(facts) => of_the_running_engine(facts).into_iter().collect(),
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

    /// The proxies to the hub of parts other than Edge Agent, from each part's settings.
    pub fn proxies_of_parts(&self, seen: &[Observation]) -> Vec<(Part, ProxyUrl)> {
        let beside_edge_agent =
            |part| matches!(part, Part::Daemon | Part::IdentityService | Part::EdgeHub);
        let settings = self.proxy_settings(seen).into_iter();
        let mut looked_at: Vec<Part> = Vec::new();
        settings
            .filter(|setting| beside_edge_agent(setting.part))
            // Where a part is told twice, its first word is what it goes by.
            .filter(|setting| {
                let first = !looked_at.contains(&setting.part);
                looked_at.push(setting.part);
                first
            })
            .filter_map(|setting| Some((setting.part, setting.proxy_to(&self.hub, WEB)?.clone())))
            .collect()
    }

    /// What the engine is told of a proxy: the running engine's own word, else its files'. Where
    /// neither is known, as before it is installed, what this run is told.
    pub fn engine_s_proxy(&self, seen: &[Observation]) -> Option<ProxySetting> {
        let running = seen.iter().find_map(|observation| match &observation.facts {
            Facts::Engine(facts) => of_the_running_engine(facts),
            _ => None,
        });
        let settings = self.proxy_settings(seen);
        let of = |part| settings.iter().filter(move |setting| setting.part == part);
        let Some(mut setting) = running else {
            return of(Part::Engine).chain(of(Part::Environment)).next().cloned();
        };
        // The running engine does not tell its credentials. Those of its files are for the same
        // proxy only.
        if let Some(masked) = setting.https_proxy.clone().filter(ProxyUrl::hides_credentials) {
            let mut known = of(Part::Engine).filter_map(|own| own.https_proxy.as_ref());
            let whole = known.find(|url| !url.hides_credentials() && is_the_same(url, &masked));
            setting.https_proxy = Some(whole.cloned().unwrap_or(masked));
        }
        Some(setting)
    }

    /// The provisioning service that this device uses, if it uses one: the one that was named for
    /// this run, else the configured one, else the public cloud's.
    pub fn provisioning_by(&self, seen: &[Observation]) -> Option<String> {
        if self.provisioning.is_some() {
            return self.provisioning.clone();
        }
        let configured = seen.iter().find_map(|observation| match &observation.facts {
            Facts::Runtime(facts) => facts.provisioning.as_ref(),
            _ => None,
        })?;
        let endpoint = configured.endpoint.as_deref().unwrap_or(GLOBAL_PROVISIONING);
        (configured.mode == "dps").then(|| endpoint.to_owned())
    }

    /// The way that whoever provisions this device takes to a host's port 443: the identity
    /// service, or before 1.2 the daemon itself.
    pub fn way_to_provisioning(&self, host: &str, seen: &[Observation]) -> Way {
        let settings = self.proxy_settings(seen);
        let of = |part| settings.iter().find(|setting| setting.part == part);
        let via = |setting: &ProxySetting| {
            let url = setting.proxy_to(host, WEB)?.clone();
            Some(Via { url, part: setting.part })
        };
        let own = of(Part::IdentityService).or_else(|| of(Part::Daemon));
        let given = of(Part::Environment).and_then(via);
        self.chosen_before(given, own.map(|own| via(own).map_or(Way::Direct, Way::By)))
    }

    /// Whether the engine's files have the credentials for a proxy that it does not tell itself.
    pub fn files_have_credentials(&self, url: &ProxyUrl, seen: &[Observation]) -> bool {
        let settings = seen.iter().filter_map(|observation| match &observation.facts {
            Facts::Runtime(facts) => Some(facts.proxies.iter()),
            _ => None,
        });
        settings.flatten().filter(|setting| setting.part == Part::Engine).any(|setting| {
            let own = setting.https_proxy.as_ref();
            own.is_some_and(|own| own.has_credentials() && is_at(own, url))
        })
    }

    /// Whether a failure by this part's proxy says nothing of the device: it is what this
    /// environment happens to say, and nobody is known to go by it.
    pub fn is_by_chance(&self, part: Part) -> bool {
        part == Part::Environment && !self.proxy.as_ref().is_some_and(|given| given.chosen)
    }

    /// The way that Edge Agent takes to the hub's port 443.
    pub fn way(&self, seen: &[Observation]) -> Way {
        self.way_of(Part::EdgeAgent, seen)
    }

    /// The way that whoever is at a vantage takes there.
    pub fn way_from(&self, vantage: &Vantage, seen: &[Observation]) -> Way {
        match vantage {
            Vantage::Module(_) => self.way_of(Part::EdgeHub, seen),
            Vantage::Host | Vantage::Bridge(_) => self.way(seen),
        }
    }

    fn way_of(&self, part: Part, seen: &[Observation]) -> Way {
        let settings = self.proxy_settings(seen);
        let own = settings.iter().find(|setting| setting.part == part);
        let via = |setting: &ProxySetting| {
            let url = setting.proxy_to(&self.hub, WEB)?.clone();
            Some(Via { url, part: setting.part })
        };
        let given = settings.iter().find(|s| s.part == Part::Environment).and_then(via);
        self.chosen_before(given, own.map(|own| via(own).map_or(Way::Direct, Way::By)))
    }

    /// The way of a part, from the proxy that this run was given and from its own setting, where
    /// that was seen.
    fn chosen_before(&self, given: Option<Via>, own: Option<Way>) -> Way {
        let chosen = self.proxy.as_ref().is_some_and(|given| given.chosen);
        match (given, own) {
            (Some(given), _) if chosen => Way::By(given),
            (_, Some(own)) => own,
            (Some(given), None) => Way::Either(given),
            (None, None) => Way::Direct,
        }
    }
}

/// What a running engine says that it is told.
fn of_the_running_engine(facts: &EngineFacts) -> Option<ProxySetting> {
    facts.version.as_ref()?;
    Some(ProxySetting {
        part: Part::Engine,
        https_proxy: facts.settings.https_proxy.clone(),
        no_proxy: facts.settings.no_proxy.clone(),
        source: facts.endpoint.clone(),
    })
}

/// Whether two parts are told of the same proxy. The engine does not tell its credentials, so there
/// those of another part are taken for its own.
fn is_the_same(known: &ProxyUrl, url: &ProxyUrl) -> bool {
    known == url || (is_at(known, url) && known.has_credentials() && url.hides_credentials())
}

/// Whether both are one proxy, whatever their credentials.
fn is_at(known: &ProxyUrl, url: &ProxyUrl) -> bool {
    (known.host(), known.port(), known.tls()) == (url.host(), url.port(), url.tls())
}
