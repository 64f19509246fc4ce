//! One question put to one name server: over UDP, sent again while there is silence, and over TCP
//! when the answer does not fit a packet (RFC 1035, section 4.2; RFC 7766) or none comes.
//!
//! The sockets are this module's own. hickory-resolver's UDP sockets are not connected, so a port
//! that is closed looks like silence to it, and it hides packets that answer nothing.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use edgeprobe_facts::{Failure, Step, Token};
use hickory_proto::rr::RecordType;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, UdpSocket};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::question::{Answer, Packet, Question};
use super::tally::Tally;
use crate::recorder::io_failure;
use crate::{clean, interface, own};

/// Without EDNS an answer has at most 512 bytes; what is longer is read as far as this.
const MAX_DATAGRAM: usize = 4096;

/// How often a question is sent over UDP at most.
const MOST_TRIES: u32 = 8;

/// A name server, and how long it may stay silent.
#[derive(Clone, Copy)]
pub(super) struct Server<'i> {
    pub(super) address: SocketAddr,
    pub(super) patience: Duration,
    /// The interface to ask by, whatever the routes say; none for theirs.
    pub(super) interface: Option<&'i str>,
}

/// What UDP brought.
enum Datagram {
    Answer(Answer),
    Truncated,
}

impl Server<'_> {
    /// The server as people write it: without the port when it is DNS's own.
    pub(super) fn label(self) -> String {
        match self.address {
            SocketAddr::V6(v6) if v6.port() == 53 && v6.scope_id() != 0 => {
                format!("{}%{}", v6.ip(), v6.scope_id())
            }
            address if address.port() == 53 => address.ip().to_string(),
            address => address.to_string(),
        }
    }

    /// Puts a question and waits for its answer, for as long as the server's patience.
    ///
    /// Where UDP stays silent, the question is put over TCP as well: that says whether the server is
    /// there, and is no answer, for programs ask over UDP.
    ///
    /// # Errors
    ///
    /// Fails with [`Token::DnsTimeout`] after silence, with [`Token::DnsBadAnswer`] when what comes
    /// back is no answer, and otherwise with the token of the operating system's error.
    pub(super) async fn ask(
        self,
        name: &str,
        family: RecordType,
        tally: &Tally,
    ) -> Result<Answer, Failure> {
        let begun = Instant::now();
        let question = self.question(name, family)?;
        let mut over_udp = pin!(self.ask_over_udp(name, family, begun, tally));
        let beside = async {
            sleep_until(begun + self.patience * 2 / 5).await;
            self.ask_over_tcp(&question).await
        };
        let mut beside = pin!(beside);
        let mut over_tcp = None;
        let datagram = loop {
            tokio::select! {
                biased;
                datagram = &mut over_udp => break datagram,
                answer = &mut beside, if over_tcp.is_none() => over_tcp = Some(answer),
            }
        };
        match datagram {
            Ok(Datagram::Answer(answer)) => Ok(answer),
            Ok(Datagram::Truncated) => {
                timeout_at(begun + self.patience, self.ask_over_tcp(&question))
                    .await
                    .unwrap_or_else(|_| Err(self.silent_over_tcp()))
            }
            Err(failure) => {
                if failure.token == Token::DnsTimeout {
                    tally.heard_over_tcp(&over_tcp.unwrap_or_else(|| Err(self.silent_over_tcp())));
                }
                Err(failure)
            }
        }
    }

    async fn ask_over_udp(
        self,
        name: &str,
        family: RecordType,
        begun: Instant,
        tally: &Tally,
    ) -> Result<Datagram, Failure> {
        let failed = |error| self.io_failure("UDP", &error);
        let socket = connect(self).await.map_err(failed)?;
        let mut strays = 0_u32;
        let mut sent = Vec::new();
        for until in self.listening() {
            // Each with a number of its own, so that an answer says which of them it is to.
            let question = self.question(name, family)?;
            let sending = socket.send(question.message()).await;
            sending.map_err(own::of_sending).map_err(failed)?;
            sent.push(question);
            let listening = self.listen(&socket, &sent, &mut strays);
            if let Ok(heard) = timeout_at(begun + until, listening).await {
                let (number, datagram) = heard?;
                tally.answered(number);
                return Ok(datagram);
            }
        }
        Err(match strays {
            0 => {
                tally.in_vain(sent.len());
                let predicate = format!(
                    "did not answer within {:.1} s ({} tries)",
                    self.patience.as_secs_f64(),
                    sent.len()
                );
                self.failure(Token::DnsTimeout, predicate).after(self.patience)
            }
            _ => self.failure(
                Token::DnsBadAnswer,
                format!("did not answer the question; packets that came instead: {strays}"),
            ),
        })
    }

    fn question(self, name: &str, family: RecordType) -> Result<Question, Failure> {
        Question::new(name, family).map_err(|error| {
            let why = clean::line(&error.to_string(), 80);
            self.failure(Token::IoError, format!("was not asked, for the name is none: {why}"))
        })
    }

    /// Until when each try listens, counted from the first one: one second each, or less where there is
    /// less patience than 5 s, and the last one to the end.
    fn listening(self) -> Vec<Duration> {
        let each = Duration::from_secs(1).min(self.patience / 5);
        let mut until: Vec<Duration> = (1..MOST_TRIES).map(|number| each * number).collect();
        until.retain(|until| *until + each <= self.patience);
        until.push(self.patience);
        until
    }

    /// Waits for the packet that answers one of these questions, and says which. It is for the caller to
    /// lose patience.
    async fn listen(
        self,
        socket: &UdpSocket,
        sent: &[Question],
        strays: &mut u32,
    ) -> Result<(usize, Datagram), Failure> {
        let mut buffer = [0; MAX_DATAGRAM];
        loop {
            let length = socket.recv(&mut buffer).await.map_err(|e| self.io_failure("UDP", &e))?;
            let packet = buffer.get(..length).unwrap_or_default();
            let read = sent.iter().map(|question| question.read(packet)).enumerate();
            match read.into_iter().find(|(_, read)| !matches!(read, Packet::Stray)) {
                Some((number, Packet::Answer(answer))) => {
                    return Ok((number, Datagram::Answer(answer)));
                }
                Some((number, Packet::Truncated)) => return Ok((number, Datagram::Truncated)),
                Some((_, Packet::Garbled(why))) => return Err(self.garbled(&why)),
                // Anyone can forge a packet, so only the right one ends the wait.
                Some((_, Packet::Stray)) | None => *strays = strays.saturating_add(1),
            }
        }
    }

    async fn ask_over_tcp(self, question: &Question) -> Result<Answer, Failure> {
        let packet = exchange_over_tcp(self, question.message())
            .await
            .map_err(|error| self.io_failure("TCP", &error))?;
        match question.read(&packet) {
            Packet::Answer(answer) => Ok(answer),
            Packet::Garbled(why) => Err(self.garbled(&why)),
            Packet::Truncated => Err(self.garbled("cut short over TCP too")),
            Packet::Stray => Err(self.garbled("not an answer to the question, over TCP")),
        }
    }

    fn garbled(self, why: &str) -> Failure {
        self.failure(Token::DnsBadAnswer, format!("sent an answer that cannot be used: {why}"))
    }

    fn silent_over_tcp(self) -> Failure {
        let predicate = format!(
            "cut its answer short over UDP and did not give the whole over TCP within {:.1} s",
            self.patience.as_secs_f64()
        );
        self.failure(Token::DnsTimeout, predicate).after(self.patience)
    }

    /// A sentence about the server.
    pub(super) fn failure(self, token: Token, predicate: impl AsRef<str>) -> Failure {
        Failure::new(Step::Resolve, token, format!("{} {}", self.label(), predicate.as_ref()))
    }

    fn io_failure(self, transport: &str, error: &io::Error) -> Failure {
        let Failure { token, detail, .. } = io_failure(Step::Resolve, error);
        self.failure(token, format!("could not be asked over {transport}: {detail}"))
    }
}

/// A socket that receives from this server alone, and learns when its port is closed.
async fn connect(server: Server<'_>) -> io::Result<UdpSocket> {
    if let SocketAddr::V6(v6) = server.address
        && v6.ip().is_unicast_link_local()
        && v6.scope_id() == 0
    {
        // The kernel says EINVAL, which is also its word for a blackhole.
        return Err(io::Error::new(
            io::ErrorKind::AddrNotAvailable,
            "a link-local address without an interface of this device",
        ));
    }
    let any = match server.address {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any).await.map_err(own::denied)?;
    if let Some(name) = server.interface {
        interface::bind(&socket, name).map_err(own::denied)?;
    }
    let connected = socket.connect(server.address).await;
    connected.map_err(|error| own::of_connecting(error, server.address))?;
    Ok(socket)
}

/// Messages over TCP follow their length in two bytes, so none is longer than 65 535.
async fn exchange_over_tcp(server: Server<'_>, message: &[u8]) -> io::Result<Vec<u8>> {
    let length = u16::try_from(message.len()).map_err(io::Error::other)?;
    let peer = server.address;
    let socket = if peer.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let socket = socket.map_err(own::denied)?;
    if let Some(name) = server.interface {
        interface::bind(&socket, name).map_err(own::denied)?;
    }
    let connected = socket.connect(peer).await;
    let mut stream = connected.map_err(|error| own::of_connecting(error, peer))?;
    // In one write: some servers want the length and the message in one segment (RFC 7766, 8).
    stream.write_all(&[&length.to_be_bytes(), message].concat()).await?;
    let mut answer = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(address: &str, patience: Duration) -> Server<'static> {
        Server { address: address.parse().unwrap(), patience, interface: None }
    }

    #[test]
    fn the_usual_port_is_not_said() {
        for (address, label) in [
            ("10.0.0.53:53", "10.0.0.53"),
            ("10.0.0.53:5353", "10.0.0.53:5353"),
            ("[2001:db8::53]:53", "2001:db8::53"),
            ("[2001:db8::53]:54", "[2001:db8::53]:54"),
            ("[fe80::1%3]:53", "fe80::1%3"),
        ] {
            assert_eq!(server(address, Duration::ZERO).label(), label);
        }
    }

    #[test]
    fn the_question_is_sent_again_each_second_and_sooner_where_time_is_short() {
        let until = |patience| server("10.0.0.53:53", Duration::from_millis(patience)).listening();
        let seconds = |patience| until(patience).iter().map(Duration::as_secs).collect::<Vec<_>>();
        assert_eq!(seconds(5_000), [1, 2, 3, 4, 5]);
        assert_eq!(seconds(30_000), [1, 2, 3, 4, 5, 6, 7, 30]);
        assert_eq!(until(500).len(), 5);
    }
}
