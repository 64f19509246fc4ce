//! How the engine is configured, as far as networks are concerned.

use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::proxy::{NoProxyList, ProxyUrl};

/// A range that the engine cuts subnets from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AddressPool {
    #[schemars(with = "String")]
    pub base: IpNet,
    /// The length of each subnet's prefix.
    pub size: u8,
}

/// The engine's settings that have to do with networks. What is absent is the engine's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EngineSettings {
    /// The file that they come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The flags of the running engine's command line that come before the file, without their values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// Why nothing of that file is known. An engine does not start with a broken one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The name servers that all containers are given; at most 16.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dns: Vec<IpAddr>,
    /// Where new networks' subnets are cut from, by the API or the file; at most 64.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub default_address_pools: Vec<AddressPool>,
    /// The default bridge's own address and subnet.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bip: Option<IpNet>,
    /// The default bridge's MTU, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// Whether the engine writes firewall rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iptables: Option<bool>,
    /// Whether the engine switches the kernel's forwarding on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_forward: Option<bool>,
    /// Whether a process stands behind each published port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userland_proxy: Option<bool>,
    /// The proxy for HTTPS that the running engine goes by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https_proxy: Option<ProxyUrl>,
    /// The hosts that it reaches without one, cleaned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_proxy: Option<NoProxyList>,
    /// The registries that need no certificate, and no TLS: hosts, or networks in CIDR form.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub insecure_registries: Vec<String>,
    /// How many mirrors stand in for Docker Hub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry_mirrors: Option<usize>,
}

impl EngineSettings {
    /// Whether nothing is known of them.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
