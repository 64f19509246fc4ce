//! Linux says what it knows of a connection by sock_diag(7), as `ss -ti` shows it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use netlink_sys::{Socket, protocols::NETLINK_SOCK_DIAG};
use rustix::net::AddressFamily;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use tokio::net::TcpStream;

use edgeprobe_facts::endpoint::RoundTrips;

use super::Known;
use crate::blocking;

/// How long the kernel may take to answer; it has its answer ready when it is asked.
const PATIENCE: Duration = Duration::from_millis(500);

/// The message that asks, and the kind of the message that answers.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const TCP: u8 = 6;

/// The attribute with `struct tcp_info`.
const INET_DIAG_INFO: u16 = 2;

/// The lengths of `struct nlmsghdr` and `struct inet_diag_msg`, which attributes follow.
const HEADER: usize = 16;
const MESSAGE: usize = 72;

/// Where these stand in `struct tcp_info`: `tcpi_rtt`, `tcpi_rttvar`, `tcpi_total_retrans`,
/// `tcpi_min_rtt` and `tcpi_data_segs_out` (Linux 4.6), `tcpi_dsack_dups` (Linux 4.19).
const ROUND_TRIP: usize = 68;
const DEVIATION: usize = 72;
const SENT_AGAIN: usize = 100;
const LEAST_ROUND_TRIP: usize = 148;
const SENT: usize = 156;
const SENT_NEEDLESSLY: usize = 216;

/// A second descriptor of the socket, which keeps it open.
pub(super) type Open = OwnedFd;

pub(super) fn open(socket: &TcpStream) -> Option<Open> {
    socket.as_fd().try_clone_to_owned().ok()
}

pub(super) async fn by_the_kernel(local: SocketAddr, peer: SocketAddr) -> Option<Known> {
    // Opened on this thread, whose network namespace it is to ask about.
    let socket = Socket::new(NETLINK_SOCK_DIAG).ok()?;
    let asking = blocking::run(move || ask(&socket, local, peer));
    known_by(&asking.await.ok()?.ok()?)
}

fn ask(socket: &Socket, local: SocketAddr, peer: SocketAddr) -> io::Result<Vec<u8>> {
    set_socket_timeout(socket, Timeout::Recv, Some(PATIENCE))?;
    socket.send(&question(local, peer), 0)?;
    let mut answer = Vec::with_capacity(4096);
    socket.recv(&mut answer, 0)?;
    Ok(answer)
}

/// `struct nlmsghdr` and `struct inet_diag_req_v2` for the one connection between these.
fn question(local: SocketAddr, peer: SocketAddr) -> Vec<u8> {
    let family = if local.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let family = u8::try_from(family.as_raw()).unwrap_or_default();
    let mut request = vec![family, TCP, 1 << (INET_DIAG_INFO - 1), 0];
    request.extend(u32::MAX.to_ne_bytes());
    request.extend(local.port().to_be_bytes());
    request.extend(peer.port().to_be_bytes());
    request.extend(sixteen(local.ip()));
    request.extend(sixteen(peer.ip()));
    // Any interface, and no cookie.
    request.extend(0_u32.to_ne_bytes());
    request.extend([u8::MAX; 8]);

    let length = u32::try_from(HEADER + request.len()).unwrap_or_default();
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    bytes.extend(NLM_F_REQUEST.to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend(request);
    bytes
}

/// An address in the sixteen bytes that both families have.
fn sixteen(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V6(address) => address.octets(),
        IpAddr::V4(address) => {
            let mut bytes = [0; 16];
            for (byte, octet) in bytes.iter_mut().zip(address.octets()) {
                *byte = octet;
            }
            bytes
        }
    }
}

/// What the kernel's answer says.
fn known_by(answer: &[u8]) -> Option<Known> {
    if half(answer, 4)? != SOCK_DIAG_BY_FAMILY {
        return None;
    }
    let mut rest = answer.get(HEADER + MESSAGE..)?;
    loop {
        let length = usize::from(half(rest, 0)?);
        if half(rest, 2)? == INET_DIAG_INFO {
            return Some(read(rest.get(4..length)?));
        }
        rest = rest.get(length.max(4).next_multiple_of(4)..)?;
    }
}

fn read(info: &[u8]) -> Known {
    // Neither is known where every packet had to be sent again.
    let known = |at| whole(info, at).filter(|micros| !matches!(*micros, 0 | u32::MAX));
    let milliseconds = |micros| f64::from(micros) / 1e3;
    let shortest = [ROUND_TRIP, LEAST_ROUND_TRIP].into_iter().filter_map(known).min();
    let round_trips = shortest.zip(known(ROUND_TRIP)).map(|(shortest, usual)| RoundTrips {
        least_ms: milliseconds(shortest),
        usual_ms: milliseconds(usual),
        deviation_ms: milliseconds(whole(info, DEVIATION).unwrap_or_default()),
    });
    let count = |at| whole(info, at).unwrap_or_default();
    // A packet that arrived twice was not lost; the first SYN is no segment with data.
    let lost = count(SENT_AGAIN).saturating_sub(count(SENT_NEEDLESSLY));
    Known { round_trips, sent: count(SENT).max(count(SENT_AGAIN)).saturating_add(1), lost }
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn whole(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn the_kernel_knows_the_round_trip_of_a_connection_of_this_device() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address).await else {
                println!("skipped: {address} cannot be had");
                continue;
            };
            let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            match super::super::Held::of(&socket).unwrap().by_the_kernel().await {
                Some(known) => {
                    let least = known.round_trips.map_or(0.0, |trips| trips.least_ms);
                    assert!(least < 200.0 && known.lost == 0, "{known:?}");
                }
                None => println!("skipped: this kernel does not say"),
            }
        }
    }

    #[test]
    fn the_shorter_round_trip_counts_and_an_unknown_one_does_not() {
        for (usual, least, expected) in
            [(650_000, 640_500, Some(640.5)), (650_000, u32::MAX, Some(650.0)), (0, u32::MAX, None)]
        {
            let known = known_by(&answer(usual, least)).unwrap();
            assert_eq!(known.round_trips.map(|trips| trips.least_ms), expected);
            assert_eq!((known.sent, known.lost), (21, 3));
        }
    }

    fn answer(usual: u32, least: u32) -> Vec<u8> {
        let mut bytes = vec![0; HEADER + MESSAGE];
        bytes[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        // Another attribute, of a length that is no multiple of four.
        bytes.extend([5_u16.to_ne_bytes(), 8_u16.to_ne_bytes()].concat());
        bytes.extend([0; 4]);
        let mut info = vec![0; SENT_NEEDLESSLY + 4];
        for (at, count) in [(SENT, 20_u32), (SENT_AGAIN, 5), (SENT_NEEDLESSLY, 2)] {
            info[at..at + 4].copy_from_slice(&count.to_ne_bytes());
        }
        info[ROUND_TRIP..ROUND_TRIP + 4].copy_from_slice(&usual.to_ne_bytes());
        info[LEAST_ROUND_TRIP..LEAST_ROUND_TRIP + 4].copy_from_slice(&least.to_ne_bytes());
        let length = u16::try_from(info.len() + 4).unwrap();
        bytes.extend([length.to_ne_bytes(), INET_DIAG_INFO.to_ne_bytes()].concat());
        bytes.extend(info);
        bytes
    }

    proptest! {
        #[test]
        fn no_bytes_upset_it(bytes: Vec<u8>) {
            let _ = known_by(&bytes);
        }
    }
}
