//! The ids of the causes, in the order in which they lie on the way to IoT Hub.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! cause_ids {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)*) => {
        /// A documented root cause.
        ///
        /// The order of the variants is the order of the path: device, container network, host, name,
        /// uplink and beyond, TLS, protocol; then what keeps Edge Hub from starting; then what the
        /// connection to the hub does not depend on. Of two causes with the same effect the earlier is
        /// told first.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        pub enum CauseId {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)*
        }

        impl CauseId {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The id as scripts know it.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The cause's texts in both languages, as TOML.
            pub(super) fn texts(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(concat!("catalogue/", $word, ".toml")),)*
                }
            }
        }
    };
}

cause_ids! {
    HostnameInvalid = "hostname-invalid",
    EngineUnavailable = "engine-unavailable",
    AddressPoolExhausted = "address-pool-exhausted",
    IpForwardDisabled = "ip-forward-disabled",
    VpnOverride = "vpn-override",
    BridgeNoRoute = "bridge-no-route",
    SubnetOverlap = "subnet-overlap",
    ForwardBlocked = "forward-blocked",
    NatMissing = "nat-missing",
    ReversePathFilter = "reverse-path-filter",
    HostOffline = "host-offline",
    WrongUplink = "wrong-uplink",
    DnsHostFailure = "dns-host-failure",
    DnsContainerFailure = "dns-container-failure",
    HubNameUnknown = "hub-name-unknown",
    DnsHijack = "dns-hijack",
    CaptivePortal = "captive-portal",
    ProxyRequired = "proxy-required",
    ProxyRejects = "proxy-rejects",
    EgressBlocked = "egress-blocked",
    AmqpPortBlocked = "amqp-port-blocked",
    HttpsPortBlocked = "https-port-blocked",
    MqttPortBlocked = "mqtt-port-blocked",
    MtuBlackHole = "mtu-black-hole",
    TlsFiltered = "tls-filtered",
    ClockSkew = "clock-skew",
    TlsIntercepted = "tls-intercepted",
    RootCaMissing = "root-ca-missing",
    NotIotHub = "not-iot-hub",
    WebsocketBlocked = "websocket-blocked",
    ParentUnreachable = "parent-unreachable",
    ProvisioningUnreachable = "provisioning-unreachable",
    RegistryUnreachable = "registry-unreachable",
    RegistryAccessDenied = "registry-access-denied",
    ImageNotFound = "image-not-found",
    PortInUse = "port-in-use",
    PortNotPermitted = "port-not-permitted",
    Ipv6Broken = "ipv6-broken",
    HighLatency = "high-latency",
}

impl fmt::Display for CauseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The word is no cause's id.
#[derive(Debug, thiserror::Error)]
#[error("`{given}` is no cause")]
pub struct UnknownCause {
    given: String,
    /// The id that was probably meant, if one comes close.
    pub nearest: Option<CauseId>,
}

impl FromStr for CauseId {
    type Err = UnknownCause;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = text.trim().to_lowercase().replace(['_', ' '], "-");
        Self::ALL.iter().copied().find(|id| id.word() == wanted).ok_or_else(|| UnknownCause {
            given: edgeprobe_probes::clean::line(text, 60),
            nearest: nearest(&wanted),
        })
    }
}

/// The id that shares the most words with the text.
fn nearest(text: &str) -> Option<CauseId> {
    let shared = |id: CauseId| {
        id.word().split('-').filter(|part| text.split('-').any(|word| word == *part)).count()
    };
    CauseId::ALL
        .iter()
        .copied()
        .filter(|id| shared(*id) > 0)
        .max_by_key(|id| (shared(*id), std::cmp::Reverse(*id)))
}
