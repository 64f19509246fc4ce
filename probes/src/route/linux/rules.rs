//! Reads the kernel's policy rules.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use edgeprobe_facts::route::tables::{Mark, Rule, RuleAction};
use ipnet::IpNet;
use netlink_packet_route::rule::{RuleAction as Action, RuleAttribute, RuleFlags, RuleMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::NAME_LENGTH;
use super::netlink::{Dump, Netlink};
use crate::clean;

/// The rules of one family, in the order in which the kernel asks them.
pub(super) fn dump(family: AddressFamily, limit: usize) -> io::Result<Dump> {
    let mut question = RuleMessage::default();
    question.header.family = family;
    Netlink::dump(&RouteNetlinkMessage::GetRule(question), limit)
}

pub(super) fn read(message: &RouteNetlinkMessage) -> Option<Rule> {
    let RouteNetlinkMessage::NewRule(message) = message else { return None };
    let header = &message.header;
    let ipv6 = match header.family {
        AddressFamily::Inet => false,
        AddressFamily::Inet6 => true,
        _ => return None,
    };
    let any: IpAddr =
        if ipv6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
    let mut rule = Rule {
        ipv6,
        inverted: header.flags.contains(RuleFlags::Invert),
        // A prefix of zero bits may come with a length and no address, or with neither.
        from: network(any, header.src_len),
        to: network(any, header.dst_len),
        ..Rule::default()
    };
    if header.tos != 0 {
        rule.other.push("tos".to_owned());
    }
    let (mut table, mut target) = (u32::from(header.table), 0);
    let (mut mark, mut significant) = (None, None);
    for attribute in &message.attributes {
        match attribute {
            RuleAttribute::Source(address) => rule.from = network(*address, header.src_len),
            RuleAttribute::Destination(address) => rule.to = network(*address, header.dst_len),
            RuleAttribute::Iifname(name) => rule.input = Some(clean::line(name, NAME_LENGTH)),
            RuleAttribute::Oifname(name) => rule.output = Some(clean::line(name, NAME_LENGTH)),
            RuleAttribute::Priority(priority) => rule.priority = *priority,
            RuleAttribute::FwMark(value) => mark = Some(*value),
            RuleAttribute::FwMask(value) => significant = Some(*value),
            RuleAttribute::Table(number) => table = *number,
            RuleAttribute::Goto(priority) => target = *priority,
            // All ones stands for "not set".
            RuleAttribute::SuppressPrefixLen(length) if *length != u32::MAX => {
                rule.suppress_prefix_length = Some(*length);
            }
            RuleAttribute::L3MDev(true) => rule.other.push("l3mdev".to_owned()),
            RuleAttribute::UidRange(_) => rule.other.push("uidrange".to_owned()),
            RuleAttribute::IpProtocol(protocol) => rule.protocol = Some((*protocol).into()),
            RuleAttribute::SourcePortRange(_) => rule.other.push("sport".to_owned()),
            RuleAttribute::DestinationPortRange(_) => rule.other.push("dport".to_owned()),
            RuleAttribute::TunId(id) if *id != 0 => rule.other.push("tun_id".to_owned()),
            _ => {}
        }
    }
    if mark.is_some() || significant.is_some_and(|bits| bits != 0) {
        rule.mark = Some(Mark { value: mark.unwrap_or(0), mask: significant.unwrap_or(u32::MAX) });
    }
    rule.action = match header.action {
        Action::ToTable => RuleAction::Lookup { table },
        Action::Goto => RuleAction::Goto { priority: target },
        Action::Blackhole => RuleAction::Blackhole,
        Action::Unreachable => RuleAction::Unreachable,
        Action::Prohibit => RuleAction::Prohibit,
        _ => RuleAction::Nothing,
    };
    Some(rule)
}

/// A selector's network; none for one that takes every address.
fn network(address: IpAddr, length: u8) -> Option<IpNet> {
    if length == 0 { None } else { IpNet::new(address, length).ok() }
}
