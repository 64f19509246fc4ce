//! What a resolver answered.

use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::address::AddressKind;
use crate::vocabulary::Role;

/// One name asked of one resolver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DnsFacts {
    /// The name that was asked for.
    #[serde(rename = "dns.question.name")]
    pub name: String,
    pub role: Role,
    /// Who was asked.
    pub resolver: Resolver,
    /// The addresses that were answered, IPv4 first.
    #[serde(rename = "dns.answers")]
    pub addresses: Vec<NamedAddress>,
    /// The names that the answer leads through, in order (CNAME records).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub canonical_names: Vec<String>,
    /// How the question for IPv4 addresses (A) ended; absent when it was not asked on its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv4: Option<RecordOutcome>,
    /// How the question for IPv6 addresses (AAAA) ended; absent when it was not asked on its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<RecordOutcome>,
    /// How the same question ended over TCP, which was put where UDP stayed silent; programs seldom do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_tcp: Option<RecordOutcome>,
    /// The interface that the question was forced through; absent where the routes decided.
    #[serde(rename = "network.interface.name", default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// What the hosts file says of the name; only of the system's own resolver.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts_file: Vec<IpAddr>,
    /// The name servers behind a stub on this device, which may keep them to one link or one domain
    /// and never ask them for this name; only of the system's own resolver.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub behind_stub: Vec<SocketAddr>,
}

impl DnsFacts {
    /// The answered addresses alone.
    pub fn ips(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.addresses.iter().map(|named| named.address)
    }

    /// Whether the system's answer comes from the hosts file.
    pub fn from_hosts_file(&self) -> bool {
        !self.hosts_file.is_empty() && self.ips().all(|ip| self.hosts_file.contains(&ip))
    }
}

/// Who was asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resolver {
    /// What programs on this device get: the hosts file, the name service switch, the servers.
    System,
    /// One name server, asked directly.
    Server(SocketAddr),
}

/// An address and what kind of address it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamedAddress {
    pub address: IpAddr,
    pub kind: AddressKind,
}

impl From<IpAddr> for NamedAddress {
    fn from(address: IpAddr) -> Self {
        Self { address, kind: AddressKind::from_address(address) }
    }
}

/// How a name server answered for one type of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordOutcome {
    /// With at least one record.
    Answered,
    /// The name exists and has no record of this type.
    NoRecords,
    /// The name does not exist (NXDOMAIN).
    Nxdomain,
    /// The server failed (SERVFAIL).
    Servfail,
    /// The server refused (REFUSED).
    Refused,
    /// The server did not answer.
    Timeout,
    /// The question could not be sent, or the port is closed.
    Unreachable,
    /// The answer was no DNS message, or had another error code.
    BadAnswer,
}
