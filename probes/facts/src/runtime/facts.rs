//! What the installed runtime is configured to do, as far as its files and its containers say.

use std::fmt;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::{ASKED_FROM_1_6, ASKED_UP_TO_1_5, ApiVersion, EDGE_HUB};
use crate::proxy::{NoProxy, NoProxyList, ProxyUrl};
use crate::vocabulary::Vantage;

/// The installed runtime's settings that bear on the network. No secret is among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuntimeFacts {
    /// Which generation's configuration was found; absent when none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<Generation>,
    /// The installed version, e.g. `1.5.21`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Setting<String>>,
    /// The IoT Hub's host name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hub: Option<Setting<String>>,
    /// The host name of the parent device, in nested edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Setting<String>>,
    /// The device's host name, as the runtime uses it for Edge Hub's certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<Setting<String>>,
    /// `UpstreamProtocol` of edgeAgent, in the spelling that was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_protocol: Option<Setting<String>>,
    /// The container network that the runtime uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Setting<String>>,
    /// The IPv4 subnet that the runtime is to make this network with.
    #[schemars(with = "Option<Setting<String>>")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet: Option<Setting<IpNet>>,
    /// Where the runtime asks its container engine (`moby_runtime.uri`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_uri: Option<Setting<String>>,
    /// How the device gets its identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioning: Option<Provisioning>,
    /// The images that are configured, and with them the registries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ImageSetting>,
    /// Registries for which the runtime has credentials, by host name; the credentials are not read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registries: Vec<Setting<String>>,
    /// The proxy setting of each part. A part that was read and has none is listed too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proxies: Vec<ProxySetting>,
    /// The ports of the host that Edge Hub is configured to map.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PortBinding>,
    /// Every file and service that was looked at, and whether it could be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
}

impl RuntimeFacts {
    /// The versions of the engine's API of which the runtime asks for one: a single one where its own
    /// version is known.
    pub fn asks_the_engine_for(&self) -> Vec<ApiVersion> {
        let of_the_version = || {
            let mut numbers = self.version.as_ref()?.value.split('.');
            let mut number = || numbers.next()?.parse::<u32>().ok();
            Some((number()?, number()?))
        };
        match (self.generation, of_the_version()) {
            (Some(Generation::Preview), _) => Vec::new(),
            (Some(Generation::Yaml), _) => vec![ASKED_UP_TO_1_5],
            (_, Some(version)) if version < (1, 6) => vec![ASKED_UP_TO_1_5],
            (_, Some(_)) => vec![ASKED_FROM_1_6],
            (_, None) => vec![ASKED_UP_TO_1_5, ASKED_FROM_1_6],
        }
    }
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Setting<T> {
    pub value: T,
    /// The file or container that says so, e.g. `/etc/aziot/config.toml` or `edgeAgent`.
    pub source: String,
}

/// The generations of the runtime's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Generation {
    /// The preview of 2017, set up by `iotedgectl`.
    Preview,
    /// 1.0 and 1.1: /etc/iotedge/config.yaml.
    Yaml,
    /// 1.2 and later: /etc/aziot/config.toml and its fragments.
    Toml,
}

/// How the device gets its identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Provisioning {
    /// The mode in the configuration's own word: `manual`, `dps` or `external`.
    pub mode: String,
    /// The host name of the Device Provisioning Service, when it is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    pub source: String,
}

impl Provisioning {
    /// Whether the configuration itself names the hub.
    pub fn is_manual(&self) -> bool {
        self.mode == "manual"
    }
}

/// An image that the configuration names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImageSetting {
    /// The module that it is for, e.g. `edgeAgent`.
    pub module: String,
    /// E.g. `mcr.microsoft.com/azureiotedge-agent:1.5`.
    pub image: String,
    pub source: String,
}

/// The parts of a device that each have a separate proxy setting.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The environment of the user who runs this program.
    Environment,
    /// The system: /etc/environment and the service manager's defaults.
    System,
    /// The container engine, which pulls images.
    Engine,
    /// `aziot-edged`, or `iotedge` before 1.2.
    Daemon,
    /// `aziot-identityd`, which provisions.
    IdentityService,
    /// The edgeAgent container.
    EdgeAgent,
    /// The edgeHub container.
    EdgeHub,
}

impl Part {
    /// The name by which an administrator knows the part.
    pub fn word(self) -> &'static str {
        match self {
            Self::Environment => "this environment",
            Self::System => "the system",
            Self::Engine => "the engine",
            Self::Daemon => "aziot-edged",
            Self::IdentityService => "aziot-identityd",
            Self::EdgeAgent => "edgeAgent",
            Self::EdgeHub => "edgeHub",
        }
    }
}

impl Part {
    /// Whether the part reads `no_proxy`.
    ///
    /// edgeAgent and edgeHub make a proxy of `https_proxy` alone (Microsoft.Azure.Devices.Edge.Util,
    /// Proxy.cs), and the daemons one that takes everything (hyper-proxy's `Intercept::All`).
    pub fn heeds_no_proxy(self) -> bool {
        match self {
            Self::Environment | Self::System | Self::Engine => true,
            Self::Daemon | Self::IdentityService | Self::EdgeAgent | Self::EdgeHub => false,
        }
    }

    /// Whether this is a part of the runtime that goes by a proxy of its own from here: the daemons
    /// from the host, Edge Agent and Edge Hub from a container network.
    pub fn is_at(self, vantage: &Vantage) -> bool {
        match self {
            Self::Daemon | Self::IdentityService => *vantage == Vantage::Host,
            Self::EdgeAgent => matches!(vantage, Vantage::Bridge(_)),
            Self::EdgeHub => match vantage {
                Vantage::Host => false,
                Vantage::Bridge(_) => true,
                Vantage::Module(name) => name == EDGE_HUB,
            },
            Self::Environment | Self::System | Self::Engine => false,
        }
    }

    /// Whether the part runs in a container, so that its loopback is not this host's.
    pub fn is_in_a_container(self) -> bool {
        matches!(self, Self::EdgeAgent | Self::EdgeHub)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The proxy setting of one part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProxySetting {
    pub part: Part,
    /// `https_proxy`; absent when the part has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub https_proxy: Option<ProxyUrl>,
    /// `no_proxy`, cleaned; absent when the part has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_proxy: Option<NoProxyList>,
    pub source: String,
}

impl ProxySetting {
    /// The proxy that the part goes by to a host's port, if it goes by one.
    pub fn proxy_to(&self, host: &str, port: u16) -> Option<&ProxyUrl> {
        let list = self.no_proxy.as_deref().filter(|_| self.part.heeds_no_proxy());
        let excepted = list.is_some_and(|list| NoProxy::read(list).covers(host, port));
        self.https_proxy.as_ref().filter(|_| !excepted)
    }
}

/// A port of the host that Edge Hub is configured to map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PortBinding {
    pub host_port: u16,
    pub container_port: u16,
    pub source: String,
}

/// A file or a service that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// A path, or the name of a container or of a unit.
    pub name: String,
    pub state: SourceState,
    /// What is wrong with it, in a line; no content of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The same as a kind, where it is one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flaw: Option<Flaw>,
}

/// Why a source cannot be understood. It shows nothing of the text, which may hold secrets.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error,
)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// The line that its reader could not go on from, from 1.
    #[error("syntax error in line {0}")]
    Line(u64),
    /// It ended early, or is nested or repeated beyond all measure.
    #[error("syntax error")]
    Somewhere,
    /// It is larger than any configuration.
    #[error("larger than 1 MiB")]
    TooLarge,
    /// It is no text.
    #[error("not in UTF-8")]
    NotText,
    /// A folder, a device or a pipe stands in its place.
    #[error("not a regular file")]
    NotAFile,
    /// The runtime cannot use its `https_proxy`.
    #[error("`https_proxy` is no proxy that the runtime could use")]
    Proxy,
    /// A value of it is still what the template has in its place.
    #[error("a value is still the template's placeholder")]
    Placeholder,
}

/// Whether a source could be read. One that is not there is not listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// It was read and understood.
    Read,
    /// This user may not read it.
    Unreadable,
    /// It is not in the form that it should have.
    Broken,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_asks_for_the_version_of_its_generation() {
        let asks = |generation, version: Option<&str>| {
            let version = version.map(|value| Setting {
                value: value.to_owned(),
                source: "/var/lib/dpkg/status".to_owned(),
            });
            RuntimeFacts { generation, version, ..RuntimeFacts::default() }.asks_the_engine_for()
        };
        let toml = Some(Generation::Toml);
        assert_eq!(asks(toml, Some("1.5.21")), [ASKED_UP_TO_1_5]);
        assert_eq!(asks(toml, Some("1.6.0~rc1-1")), [ASKED_FROM_1_6]);
        assert_eq!(asks(toml, Some("1.10.0")), [ASKED_FROM_1_6]);
        assert_eq!(asks(Some(Generation::Yaml), None), [ASKED_UP_TO_1_5]);
        assert_eq!(asks(Some(Generation::Preview), None), []);
        assert_eq!(asks(toml, None), [ASKED_UP_TO_1_5, ASKED_FROM_1_6]);
        assert_eq!(asks(None, Some("main")), [ASKED_UP_TO_1_5, ASKED_FROM_1_6]);
    }
}
