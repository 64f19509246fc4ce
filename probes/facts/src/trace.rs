//! Where on this host does a container's packet, or the answer to it, vanish?

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ruleset::{FilterRule, Unread};

/// The way of one attempt to connect from a container network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trace {
    #[schemars(with = "String")]
    pub destination: SocketAddrV4,
    /// The source address with which the attempt came in by the bridge.
    #[schemars(with = "Option<String>")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entered: Option<SocketAddrV4>,
    /// Where it left the host; more than one place when the host changed its mind between two
    /// attempts of the kernel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Departure>,
    /// What came back to the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    /// What the host handed on to the bridge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<Reply>,
    pub stage: Stage,
    /// The firewall's rules and policies that dropped or refused packets on the way of this one
    /// while it was lost, and how many each; empty where none has a part in it, or none can be
    /// named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped_by: Vec<FilterRule>,
    /// Whether the firewall has a rule that translates the source addresses of the network, by
    /// whichever interface; absent where the rules were not read, or the attempt was not lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masqueraded: Option<bool>,
    /// The rule that gave it its source address, where that stands in the rule and nothing came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub translated_by: Option<FilterRule>,
    /// Why the rules could not be read, or not all of them, so that the one at work may have no
    /// name; absent also where the attempt was not lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules_unread: Option<Unread>,
    /// The next one on the kernel's way, where it does not answer on its link: the kernel keeps the
    /// packet until it does, and gives it up after three seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_neighbour: Option<Neighbour>,
    /// How many links were not watched, for there are too many; it may have left by one of them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unwatched: u32,
    /// What the kernel's IPsec counted as errors in the meantime, by the names in
    /// `/proc/net/xfrm_stat`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ipsec_errors: BTreeMap<String, u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Trace {
    /// A trace of which nothing has been seen.
    pub fn unseen(destination: SocketAddrV4) -> Self {
        Self {
            destination,
            entered: None,
            left: Vec::new(),
            reply: None,
            delivered: None,
            stage: Stage::NotEntered,
            dropped_by: Vec::new(),
            masqueraded: None,
            translated_by: None,
            rules_unread: None,
            silent_neighbour: None,
            unwatched: 0,
            ipsec_errors: BTreeMap::new(),
        }
    }

    /// Whether the kernel itself may have given it up, because the next one on its way does not
    /// answer: no rule of the firewall is known to have had it, and ICMP's codes are the kernel's.
    pub fn is_given_up_by_the_kernel(&self) -> bool {
        let kernels = match self.delivered.as_ref().map(|reply| reply.answer) {
            Some(Answer::Unreachable { code: 0 | 1 }) => self.stage == Stage::RejectedByHost,
            _ => false,
        };
        self.dropped_by.is_empty() && (kernels || self.silent_neighbour.is_some())
    }

    /// Whether nothing more is to be expected.
    pub fn is_whole(&self) -> bool {
        self.reply.is_some() && self.delivered.is_some() && !self.left.is_empty()
    }
}

/// How far the attempt got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It was not seen on the bridge, so it was lost before the host saw it, or never sent; or a
    /// filter dropped it on its port of the bridge, where `bridge-nf-call-iptables` puts the rules
    /// that come before routing.
    NotEntered,
    /// It came in and did not leave: forwarding is off, a filter drops it, or no route leads on.
    LostInside,
    /// It came in, did not leave, and the host itself refused it: a filter, or the kernel because
    /// there is no way on or the gateway does not answer on its link (ICMP's codes 0 and 1).
    RejectedByHost,
    /// It came in, did not leave, and something on the host took the connection: a proxy that it
    /// was redirected to.
    AnsweredByHost,
    /// It left with the container's own address, which no peer outside can answer, and nothing came
    /// back.
    LeftUntranslated,
    /// It left with an address of the host, and nothing came back.
    NoReply,
    /// An answer came back to the host and was not handed on to the bridge.
    ReplyLost,
    /// The answer reached the bridge, whether it accepts or refuses.
    Delivered,
}

/// Who is next on a packet's way: the gateway, or the destination on the host's own link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Neighbour {
    #[serde(rename = "network.interface.name")]
    pub interface: String,
    pub address: IpAddr,
}

/// The attempt leaving the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Departure {
    #[serde(rename = "network.interface.name")]
    pub interface: String,
    #[schemars(with = "String")]
    pub source: SocketAddrV4,
    /// Another one than was asked for when the host redirects it.
    #[schemars(with = "String")]
    pub destination: SocketAddrV4,
}

/// An answer to the attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reply {
    #[serde(rename = "network.interface.name")]
    pub interface: String,
    /// Who sent it.
    pub from: Ipv4Addr,
    pub answer: Answer,
}

/// How an attempt to connect is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The connection is taken (SYN and ACK).
    Accepted,
    /// It is refused (RST).
    Reset,
    /// A router or a filter says by ICMP that it does not let it through.
    Unreachable {
        /// The code of RFC 792 and RFC 1812: 0 network, 1 host, 3 port, 9, 10 and 13 prohibited.
        code: u8,
    },
}
