//! What this process itself lacks: an error that comes of it says nothing of the network.
//!
//! A refusal (EPERM, EACCES) has two meanings. By a call that only makes a socket it is meant for this
//! process, for example by a seccomp filter. By connect(2) it may be a prohibiting route, a local
//! firewall or an answer of ICMPv6 as well; the same call to loopback, which none of these refuse,
//! tells the two apart.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use edgeprobe_facts::Token;
use socket2::{Domain, Socket, Type};

/// The port that is connected to on loopback, where most likely nothing listens (RFC 863).
const DISCARD: u16 = 9;

/// A peer that stands for any.
pub(crate) const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), DISCARD);

/// An error together with what this process lacks by it.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
struct Lack {
    token: Token,
    source: io::Error,
}

/// The word for an error that comes of what this process itself lacks; none for any other.
pub(crate) fn token(error: &io::Error) -> Option<Token> {
    let marked = error.get_ref().and_then(|inner| inner.downcast_ref::<Lack>());
    marked.map(|lack| lack.token).or_else(|| platform::is_used_up(error).then_some(Token::OwnLimit))
}

/// The error of a call that asks nobody, such as socket(2): a refusal is meant for this process.
pub(crate) fn denied(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::PermissionDenied {
        lack(Token::OwnPermission, error)
    } else {
        error
    }
}

/// The error of starting a thread or a process: the kernel refuses one too many with EAGAIN.
pub(crate) fn of_starting(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::WouldBlock {
        lack(Token::OwnLimit, error)
    } else {
        denied(error)
    }
}

/// The error of connect(2) to this peer: a refusal is meant for this process where it may not connect
/// to its own loopback either.
pub(crate) fn of_connecting(error: io::Error, peer: SocketAddr) -> io::Error {
    let refused = error.kind() == io::ErrorKind::PermissionDenied;
    if refused && !may_connect(peer) { denied(error) } else { error }
}

/// The error of a datagram's sending: a refusal is meant for this process where it may not send to
/// itself either.
pub(crate) fn of_sending(error: io::Error) -> io::Error {
    let refused = error.kind() == io::ErrorKind::PermissionDenied;
    if refused && !may_send() { denied(error) } else { error }
}

/// Whether the call itself was refused (EPERM), and not by what came back from the network.
pub(crate) fn is_eperm(error: &io::Error) -> bool {
    platform::is_eperm(error)
}

/// What a sandbox denies this process and those that it starts, where it denies all asking.
pub(crate) fn confinement() -> Option<io::Error> {
    let is_free = may_connect(LOOPBACK) && may_send();
    (!is_free).then(|| denied(io::ErrorKind::PermissionDenied.into()))
}

/// Whether this process may connect by this family at all. What cannot be tried is taken to be
/// permitted.
fn may_connect(like: SocketAddr) -> bool {
    let loopback: IpAddr =
        if like.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
    let address = SocketAddr::new(loopback, DISCARD);
    let attempt = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.connect(&address.into())
    };
    !is_refused(&attempt())
}

/// Whether this process may send at all.
pub(crate) fn may_send() -> bool {
    !is_refused(&platform::send_to_itself())
}

fn is_refused(result: &io::Result<()>) -> bool {
    matches!(result, Err(error) if error.kind() == io::ErrorKind::PermissionDenied)
}

fn lack(token: Token, source: io::Error) -> io::Error {
    io::Error::new(source.kind(), Lack { token, source })
}

#[cfg(unix)]
mod platform {
    use std::io;

    use rustix::io::Errno;
    use socket2::{Domain, Socket, Type};

    pub(super) fn is_used_up(error: &io::Error) -> bool {
        let used_up = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOBUFS];
        Errno::from_io_error(error).is_some_and(|errno| used_up.contains(&errno))
    }

    pub(super) fn is_eperm(error: &io::Error) -> bool {
        Errno::from_io_error(error) == Some(Errno::PERM)
    }

    /// Sends by the call that sends to others (std's own sockets write instead), past every filter of
    /// packets.
    pub(super) fn send_to_itself() -> io::Result<()> {
        let (one, _other) = Socket::pair(Domain::UNIX, Type::DGRAM, None)?;
        one.send(b"edgeprobe").map(drop)
    }
}

#[cfg(not(unix))]
mod platform {
    use std::io;

    pub(super) fn is_eperm(_: &io::Error) -> bool {
        false
    }

    pub(super) fn is_used_up(error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::OutOfMemory
    }

    #[expect(clippy::unnecessary_wraps, reason = "the seam's other side may fail")]
    pub(super) fn send_to_itself() -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_by_the_network_stays_one() {
        let refusal = || io::Error::from(io::ErrorKind::PermissionDenied);
        for peer in ["192.0.2.1:443", "[2001:db8::1]:443"] {
            let error = of_connecting(refusal(), peer.parse().unwrap());
            assert_eq!(token(&error), None, "{peer}");
        }
        assert_eq!(token(&of_sending(refusal())), None);
        assert_eq!(token(&denied(refusal())), Some(Token::OwnPermission));
        assert_eq!(token(&denied(io::ErrorKind::ConnectionRefused.into())), None);
    }

    #[test]
    fn what_is_marked_keeps_its_kind_and_its_words() {
        let error = of_starting(io::Error::from(io::ErrorKind::WouldBlock));
        assert_eq!(
            (token(&error), error.kind()),
            (Some(Token::OwnLimit), io::ErrorKind::WouldBlock)
        );
        assert_eq!(error.to_string(), io::Error::from(io::ErrorKind::WouldBlock).to_string());
    }
}
