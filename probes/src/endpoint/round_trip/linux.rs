//! Linux says what it knows of a connection by sock_diag(7), as `ss -ti` shows it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use netlink_sys::{Socket, protocols::NETLINK_SOCK_DIAG};
use rustix::net::AddressFamily;
use rustix::net::sockopt::{Timeout, set_socket_timeout};

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

/// Where `tcpi_rtt` and `tcpi_min_rtt` stand in `struct tcp_info`; the latter came with Linux 4.6.
const ROUND_TRIP: usize = 68;
const LEAST_ROUND_TRIP: usize = 148;

pub(super) async fn by_the_kernel(local: SocketAddr, peer: SocketAddr) -> Option<f64> {
    // Opened on this thread, whose network namespace it is to ask about.
    let socket = Socket::new(NETLINK_SOCK_DIAG).ok()?;
    let asking = blocking::run(move || ask(&socket, local, peer));
    round_trip_in(&asking.await.ok()?.ok()?)
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

/// The shorter of both round trips in the kernel's answer, in milliseconds.
fn round_trip_in(answer: &[u8]) -> Option<f64> {
    if half(answer, 4)? != SOCK_DIAG_BY_FAMILY {
        return None;
    }
    let mut rest = answer.get(HEADER + MESSAGE..)?;
    loop {
        let length = usize::from(half(rest, 0)?);
        if half(rest, 2)? == INET_DIAG_INFO {
            let info = rest.get(4..length)?;
            // Neither is known where every packet had to be sent again.
            let known = |at| whole(info, at).filter(|micros| !matches!(*micros, 0 | u32::MAX));
            let shortest = [ROUND_TRIP, LEAST_ROUND_TRIP].into_iter().filter_map(known).min()?;
            return Some(f64::from(shortest) / 1e3);
        }
        rest = rest.get(length.max(4).next_multiple_of(4)..)?;
    }
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
    use tokio::net::{TcpListener, TcpStream};

    #[tokio::test]
    async fn the_kernel_knows_the_round_trip_of_a_connection_of_this_device() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address).await else {
                println!("skipped: {address} cannot be had");
                continue;
            };
            let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            match super::super::by_the_kernel(&socket).await {
                Some(milliseconds) => assert!(milliseconds < 200.0, "{milliseconds}"),
                None => println!("skipped: this kernel does not say"),
            }
        }
    }

    #[test]
    fn the_shorter_round_trip_counts_and_an_unknown_one_does_not() {
        for (usual, least, expected) in
            [(650_000, 640_500, Some(640.5)), (650_000, u32::MAX, Some(650.0)), (0, u32::MAX, None)]
        {
            assert_eq!(round_trip_in(&answer(usual, least)), expected);
        }
    }

    fn answer(usual: u32, least: u32) -> Vec<u8> {
        let mut bytes = vec![0; HEADER + MESSAGE];
        bytes[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        // Another attribute, of a length that is no multiple of four.
        bytes.extend([5_u16.to_ne_bytes(), 8_u16.to_ne_bytes()].concat());
        bytes.extend([0; 4]);
        let mut info = vec![0; LEAST_ROUND_TRIP + 4];
        info[ROUND_TRIP..ROUND_TRIP + 4].copy_from_slice(&usual.to_ne_bytes());
        info[LEAST_ROUND_TRIP..].copy_from_slice(&least.to_ne_bytes());
        let length = u16::try_from(info.len() + 4).unwrap();
        bytes.extend([length.to_ne_bytes(), INET_DIAG_INFO.to_ne_bytes()].concat());
        bytes.extend(info);
        bytes
    }

    proptest! {
        #[test]
        fn no_bytes_upset_it(bytes: Vec<u8>) {
            let _ = round_trip_in(&bytes);
        }
    }
}
