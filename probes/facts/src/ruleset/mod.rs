//! The rules of the host's firewall that drop, refuse and translate what is forwarded.

mod vpn;

use std::fmt;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clean;
use crate::route::vpn::Vpn;

/// The longest text of a rule that is kept, in characters.
pub const MAX_TEXT: usize = 400;

/// The longest name of a table or a chain that is kept; the kernel's own limit is below it.
const MAX_NAME: usize = 256;

/// The rules that IPv4 packets meet on this host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ruleset {
    pub chains: Vec<Chain>,
    /// Tools whose rules exist, or may, and could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Tool>,
    /// Why the first of them could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Unread>,
}

/// Why rules could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unread {
    /// None of the tools that list them is installed.
    NoTool,
    /// There are more than are worth reading: a listing of more than 8 MiB.
    TooMany,
    /// They were not listed in time.
    TooSlow,
    /// The tool failed, or lists what is not understood.
    Failed,
}

/// A chain of rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Chain {
    pub tool: Tool,
    pub family: Family,
    pub table: String,
    pub name: String,
    /// Where packets enter it; absent for a chain that only other chains lead to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<Hook>,
    /// What happens to a packet that no rule decides about, for a chain with a hook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<FilterRule>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<FilterRule>,
}

/// A rule, or a chain's policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FilterRule {
    pub tool: Tool,
    pub family: Family,
    pub table: String,
    pub chain: String,
    pub at: Position,
    /// As the tool writes it, without the counter's figures.
    pub text: String,
    /// How many packets met all its conditions, so far or between two readings; absent for a rule
    /// that does not count them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packets: Option<u64>,
    /// Absent for a rule that decides nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// The chains that it may lead to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leads_to: Vec<String>,
    /// The source addresses that it is for; empty for any.
    #[schemars(with = "Vec<String>")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<IpNet>,
    /// Whether it asks for more than a source, interfaces and TCP.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub narrowed: bool,
    /// The VPN that its names speak of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpn: Option<Vpn>,
    /// Whether it is named although it does not count, because nothing that counts accounts for
    /// the loss.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inferred: bool,
}

/// The program that lists a rule, and that changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    Nft,
    /// Whichever of the two iptables the device calls by that name.
    Iptables,
    /// The older of the two, where `iptables` is the newer.
    IptablesLegacy,
}

/// Writes the program's name.
impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nft => "nft",
            Self::Iptables => "iptables",
            Self::IptablesLegacy => "iptables-legacy",
        })
    }
}

/// The families of tables whose rules IPv4 packets that are forwarded can meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    Ip,
    /// IPv4 and IPv6.
    Inet,
    /// Everything that an interface takes or sends.
    Netdev,
}

/// Writes the word that nft takes.
impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ip => "ip",
            Self::Inet => "inet",
            Self::Netdev => "netdev",
        })
    }
}

/// The points on a packet's way at which the kernel asks the rules.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Hook {
    Ingress,
    Prerouting,
    Input,
    Forward,
    Output,
    Postrouting,
    Egress,
}

/// How the tool identifies the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// The rule's number in its chain, from 1, as `iptables -D CHAIN NUMBER` takes it.
    Number(u32),
    /// As `nft delete rule TABLE CHAIN handle HANDLE` takes it.
    Handle(u64),
    /// The chain's policy, which is no rule.
    Policy,
}

/// What a rule does with a packet that meets its conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is dropped without an answer.
    Drop,
    /// It is rejected: its sender gets an answer.
    Reject,
    Accept,
    /// It goes on in the chain that led here.
    Return,
    /// Its source becomes the address of the interface that it leaves by.
    Masquerade,
    /// Its source becomes an address that the rule names.
    SourceNat,
    /// Another chain is asked, and this one goes on if it does not decide.
    Jump,
    /// Another chain is asked instead of the rest of this one.
    Goto,
    /// It depends on the packet: a verdict map.
    Map,
    /// Another verdict, such as a mark or a translation of the destination.
    Other,
}

impl FilterRule {
    /// The VPN that its names speak of, also where it was recorded before they were read.
    pub fn speaks_of(&self) -> Option<Vpn> {
        self.vpn.or_else(|| vpn::vpn_of(self))
    }

    /// Whether every TCP connection from the subnet meets the rule's conditions, on some interface.
    pub fn is_for(&self, subnet: &IpNet) -> bool {
        let covers = |source: &IpNet| source.contains(subnet);
        !self.narrowed && (self.sources.is_empty() || self.sources.iter().any(covers))
    }

    /// A rule of which only this is known; `text` is from outside.
    pub fn from_text(tool: Tool, family: Family, at: Position, text: &str) -> Self {
        Self {
            tool,
            family,
            table: String::new(),
            chain: String::new(),
            at,
            text: clean::line(text, MAX_TEXT),
            packets: None,
            verdict: None,
            leads_to: Vec::new(),
            sources: Vec::new(),
            narrowed: false,
            vpn: None,
            inferred: false,
        }
    }

    /// The rule, with the VPN that its names speak of.
    #[must_use]
    pub fn with_vpn(self) -> Self {
        Self { vpn: vpn::vpn_of(&self), ..self }
    }
}

/// The name of a table or a chain, made safe to show.
pub fn name(text: &str) -> String {
    clean::line(text, MAX_NAME)
}
