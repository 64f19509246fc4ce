//! The kernel's IPsec: its policies, which take packets by their addresses and need no interface,
//! and what it counts as errors.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

use edgeprobe_facts::route::tables::{IpsecDirection, IpsecPolicy};
use ipnet::IpNet;
use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkBuffer};
use netlink_sys::{Socket, SocketAddr};
use rustix::net::sockopt::{Timeout, set_socket_timeout};

use crate::{bounded, clean, walls};

/// `NETLINK_XFRM`.
const PROTOCOL: isize = 6;

/// `XFRM_MSG_NEWPOLICY` and `XFRM_MSG_GETPOLICY`.
const NEW_POLICY: u16 = 0x13;
const GET_POLICY: u16 = 0x15;

/// `NLMSG_ERROR` and `NLMSG_DONE`.
const ERROR: u16 = 2;
const DONE: u16 = 3;

/// Attributes of a policy: its templates, its mark, and the number of the interface that it is for.
const TEMPLATES: u16 = 5;
const MARK: u16 = 21;
const INTERFACE: u16 = 31;

/// The lengths of `struct xfrm_userpolicy_id` and `struct xfrm_userpolicy_info`.
const QUESTION: usize = 64;
const POLICY: usize = 168;

/// The most policies that are kept; a gateway of a whole company has more.
const LIMIT: usize = 1024;

const TCP: u8 = 6;

const PATIENCE: Duration = Duration::from_secs(2);

/// The most that the kernel puts into one datagram of a dump is 32 KiB.
const DATAGRAM: usize = 64 * 1024;

/// The IPv4 policies that take packets without an interface or a mark. Needs CAP_NET_ADMIN.
pub(crate) fn policies() -> io::Result<Vec<IpsecPolicy>> {
    let socket = walls::with_privileges(ask)?;
    set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
    let mut policies = Vec::new();
    while policies.len() < LIMIT {
        let mut bytes = Vec::with_capacity(DATAGRAM);
        socket.recv(&mut bytes, 0)?;
        if take(&bytes, &mut policies)? {
            break;
        }
    }
    Ok(policies)
}

/// A socket on which the kernel answers. It refuses the question of a thread without privileges, and
/// answers whichever thread reads.
fn ask() -> io::Result<Socket> {
    let mut socket = Socket::new(PROTOCOL)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    socket.send(&question(), 0)?;
    Ok(socket)
}

/// Adds the policies of a datagram; whether it is the last one.
pub(super) fn take(mut rest: &[u8], policies: &mut Vec<IpsecPolicy>) -> io::Result<bool> {
    while let Ok(message) = NetlinkBuffer::new_checked(rest) {
        let length = usize::try_from(message.length()).unwrap_or(usize::MAX);
        let body = rest.get(16..length).unwrap_or_default();
        match message.message_type() {
            DONE => return Ok(true),
            ERROR => {
                let code = word(body, 0).map_or(0, |code| i32::from_ne_bytes(code.to_ne_bytes()));
                return Err(io::Error::from_raw_os_error(code.saturating_neg()));
            }
            NEW_POLICY => policies.extend(policy(body)),
            _ => {}
        }
        let next = length.checked_next_multiple_of(4).and_then(|next| rest.get(next..));
        rest = next.unwrap_or_default();
    }
    Ok(false)
}

fn question() -> Vec<u8> {
    let length = 16 + QUESTION;
    let mut bytes = Vec::with_capacity(length);
    bytes.extend(u32::try_from(length).unwrap_or_default().to_ne_bytes());
    bytes.extend(GET_POLICY.to_ne_bytes());
    bytes.extend((NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
    bytes.extend(1_u32.to_ne_bytes());
    bytes.resize(length, 0);
    bytes
}

/// A policy from its message; none for one of another family, of another protocol or of some ports
/// alone, such as L2TP's, for one that is a socket's own, and for one of an interface or a mark.
fn policy(body: &[u8]) -> Option<IpsecPolicy> {
    // The selector: destination, source, ports with masks, family, prefix lengths.
    const INET: u16 = 2;
    let ports = [half(body, 34)?, half(body, 38)?];
    let is_for_tcp = matches!(*body.get(44)?, 0 | TCP) && ports == [0, 0];
    if half(body, 40)? != INET || !is_for_tcp {
        return None;
    }
    let network = |at, length| {
        let bytes: [u8; 4] = body.get(at..at + 4)?.try_into().ok()?;
        IpNet::new(IpAddr::V4(Ipv4Addr::from(bytes)), length).ok()
    };
    let (destination, source) = (network(0, *body.get(42)?)?, network(16, *body.get(43)?)?);
    let direction = match body.get(160)? {
        0 => IpsecDirection::In,
        1 => IpsecDirection::Out,
        2 => IpsecDirection::Forward,
        _ => return None,
    };
    let mut policy = IpsecPolicy {
        direction,
        source,
        destination,
        priority: word(body, 152)?,
        blocks: *body.get(161)? != 0,
        encrypts: false,
    };
    let mut rest = body.get(POLICY..).unwrap_or_default();
    while let (Some(length), Some(kind)) = (half(rest, 0), half(rest, 2)) {
        let value = rest.get(4..usize::from(length)).unwrap_or_default();
        match kind {
            TEMPLATES => policy.encrypts |= !value.is_empty(),
            INTERFACE if word(value, 0) != Some(0) => return None,
            // With a mask of zero it is for every mark.
            MARK if word(value, 4) != Some(0) => return None,
            _ => {}
        }
        rest = rest.get(usize::from(length).max(4).next_multiple_of(4)..).unwrap_or_default();
    }
    Some(policy)
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// What the kernel has counted as errors in the calling thread's network namespace; empty where it
/// counts none.
pub(crate) fn errors() -> BTreeMap<String, u64> {
    let path = Path::new("/proc/thread-self/net/xfrm_stat");
    let text = bounded::text(path, 64 * 1024).unwrap_or_default();
    let counter = |line: &str| {
        let (name, number) = line.split_once(char::is_whitespace)?;
        Some((clean::line(name, 64), number.trim().parse().ok()?))
    };
    text.lines().take(128).filter_map(counter).collect()
}

/// What was counted between two readings.
pub(crate) fn risen(
    before: &BTreeMap<String, u64>,
    after: BTreeMap<String, u64>,
) -> BTreeMap<String, u64> {
    let since = |name: &str, now: u64| now.saturating_sub(*before.get(name).unwrap_or(&now));
    after
        .into_iter()
        .map(|(name, now)| {
            let count = since(&name, now);
            (name, count)
        })
        .filter(|(_, count)| *count > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vantage::testing::sandbox;

    #[tokio::test]
    async fn policies_without_an_interface_are_read() {
        let Some(sandbox) = sandbox() else { return };
        sandbox
            .set_up(
                "ip xfrm policy add src 172.18.0.0/16 dst 0.0.0.0/0 dir out priority 7 \
                    tmpl src 192.0.2.1 dst 192.0.2.2 proto esp mode tunnel
                ip xfrm policy add src 10.0.0.0/8 dst 172.18.0.0/16 dir fwd action block
                ip xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out if_id 5 \
                    tmpl src 192.0.2.1 dst 192.0.2.2 proto esp mode tunnel
                ip xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 proto udp dport 1701 dir out \
                    action block
                ip xfrm policy add src 2001:db8::/64 dst ::/0 dir out action block",
            )
            .await;
        let read = || async { policies() };
        let policies = sandbox.place.run(read).await.unwrap().unwrap();
        let mut texts: Vec<String> = policies.iter().map(ToString::to_string).collect();
        texts.sort();
        assert_eq!(
            texts,
            [
                "src 10.0.0.0/8 dst 172.18.0.0/16 dir fwd action block",
                "src 172.18.0.0/16 dst 0.0.0.0/0 dir out",
            ]
        );
        let out = policies.iter().find(|policy| policy.direction == IpsecDirection::Out).unwrap();
        assert_eq!((out.priority, out.encrypts, out.blocks), (7, true, false));
    }

    #[test]
    fn only_what_rose_is_told() {
        let counters = |numbers: [(&str, u64); 2]| {
            numbers.map(|(name, number)| (name.to_owned(), number)).into_iter().collect()
        };
        let before = counters([("XfrmOutNoStates", 2), ("XfrmInNoPols", 1)]);
        let after = counters([("XfrmOutNoStates", 5), ("XfrmInNoPols", 1)]);
        assert_eq!(risen(&before, after), [("XfrmOutNoStates".to_owned(), 3)].into());
        assert!(risen(&BTreeMap::new(), before).is_empty());
    }
}
