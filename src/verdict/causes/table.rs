//! The table of causes, in the order in which they lie on the way to IoT Hub: each with its id, the word
//! that scripts know it by and that its texts' file is named after, and the module of its rule.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::attributes::{Party, PeerInALog};
use crate::rule::Rule;

macro_rules! cause_ids {
    ($($(#[$doc:meta])* $variant:ident = $word:literal in $stage:ident::$module:ident,)*) => {
        /// A documented root cause.
        ///
        /// The order of the variants is the order of the path: device, container network, host,
        /// name, uplink and beyond, TLS, protocol; then causes that stop Edge Hub; then causes that
        /// the connection to the hub does not depend on. Of two causes with the same effect the
        /// earlier one comes first.
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
            pub(crate) fn texts(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(concat!("../catalogue/", $word, ".toml")),)*
                }
            }

            /// What it declares of itself, and how it is recognised.
            pub(crate) fn rule(self) -> &'static Rule {
                match self { $(Self::$variant => &super::$stage::$module::RULE,)* }
            }
        }
    };
}

cause_ids! {
    HostnameInvalid = "hostname-invalid" in device::hostname_invalid,
    EngineUnavailable = "engine-unavailable" in device::engine_unavailable,
    EngineRefusesRuntime = "engine-refuses-runtime" in device::engine_refuses_runtime,
    AddressPoolExhausted = "address-pool-exhausted" in device::address_pool_exhausted,
    IpForwardDisabled = "ip-forward-disabled" in bridge::ip_forward_disabled,
    VpnOverride = "vpn-override" in bridge::vpn_override,
    BridgeNoRoute = "bridge-no-route" in bridge::bridge_no_route,
    SubnetOverlap = "subnet-overlap" in bridge::subnet_overlap,
    ForwardBlocked = "forward-blocked" in bridge::forward_blocked,
    NatMissing = "nat-missing" in bridge::nat_missing,
    ReversePathFilter = "reverse-path-filter" in bridge::reverse_path_filter,
    HostOffline = "host-offline" in uplink::host_offline,
    WrongUplink = "wrong-uplink" in uplink::wrong_uplink,
    DnsHostFailure = "dns-host-failure" in names::dns_host_failure,
    DnsContainerFailure = "dns-container-failure" in names::dns_container_failure,
    HubNameUnknown = "hub-name-unknown" in names::hub_name_unknown,
    DnsHijack = "dns-hijack" in names::dns_hijack,
    CaptivePortal = "captive-portal" in tls::captive_portal,
    ProxyRequired = "proxy-required" in proxy::proxy_required,
    ProxyRejects = "proxy-rejects" in proxy::proxy_rejects,
    EgressBlocked = "egress-blocked" in uplink::egress_blocked,
    AmqpPortBlocked = "amqp-port-blocked" in uplink::amqp_port_blocked,
    HttpsPortBlocked = "https-port-blocked" in uplink::https_port_blocked,
    MqttPortBlocked = "mqtt-port-blocked" in uplink::mqtt_port_blocked,
    MtuBlackHole = "mtu-black-hole" in uplink::mtu_black_hole,
    TlsFiltered = "tls-filtered" in tls::tls_filtered,
    ClockSkew = "clock-skew" in device::clock_skew,
    TlsIntercepted = "tls-intercepted" in tls::tls_intercepted,
    RootCaMissing = "root-ca-missing" in tls::root_ca_missing,
    NotIotHub = "not-iot-hub" in hub::not_iot_hub,
    WebsocketBlocked = "websocket-blocked" in hub::websocket_blocked,
    ParentUnreachable = "parent-unreachable" in hub::parent_unreachable,
    EdgeHubMqttDefect = "edge-hub-mqtt-defect" in hub::edge_hub_mqtt_defect,
    ProvisioningUnreachable = "provisioning-unreachable" in services::provisioning_unreachable,
    RegistryUnreachable = "registry-unreachable" in services::registry_unreachable,
    RegistryAccessDenied = "registry-access-denied" in services::registry_access_denied,
    ImageNotFound = "image-not-found" in services::image_not_found,
    PortInUse = "port-in-use" in ports::port_in_use,
    PortNotPermitted = "port-not-permitted" in ports::port_not_permitted,
    Ipv6Broken = "ipv6-broken" in uplink::ipv6_broken,
    LossyLink = "lossy-link" in uplink::lossy_link,
    HighLatency = "high-latency" in uplink::high_latency,
}

impl CauseId {
    /// Whether it is what `edgeprobe vpn` asks about.
    pub fn is_about_a_vpn(self) -> bool {
        self.rule().is_about_a_vpn
    }

    /// Who can end it.
    pub fn ended_by(self) -> Party {
        self.rule().ended_by
    }

    /// The peer that a log's finding must be about, to point to it.
    pub fn peer_in_a_log(self) -> PeerInALog {
        self.rule().peer_in_a_log
    }
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
            given: edgeprobe_facts::clean::line(text, 60),
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
