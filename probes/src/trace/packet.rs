//! The packets that open a TCP connection, or refuse it, read from their bytes.

use std::net::{Ipv4Addr, SocketAddrV4};

use edgeprobe_facts::trace::Answer;

const TCP: u8 = 6;
const ICMP: u8 = 1;

/// ICMP's "destination unreachable" (RFC 792).
const UNREACHABLE: u8 = 3;

/// An IPv4 packet that plays a part in opening a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) source: SocketAddrV4,
    pub(crate) destination: SocketAddrV4,
    pub(crate) message: Message,
}

/// What it says. The sequence numbers tell which attempt it belongs to: translating addresses and
/// ports leaves them alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// Asks for a connection (SYN).
    Open { sequence: u32 },
    /// Answers to the one that asked with this sequence number.
    Answer { sequence: u32, answer: Answer },
}

/// Reads a packet that begins with its IPv4 header. None for every other kind of packet.
pub(crate) fn read(bytes: &[u8]) -> Option<Packet> {
    let header = Header::read(bytes)?;
    match header.protocol {
        TCP => read_tcp(&header),
        ICMP => read_icmp(&header),
        _ => None,
    }
}

struct Header<'a> {
    protocol: u8,
    source: Ipv4Addr,
    destination: Ipv4Addr,
    payload: &'a [u8],
}

impl<'a> Header<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let first = *bytes.first()?;
        let length = usize::from(first & 0x0f) * 4;
        let later_fragment = u16_at(bytes, 6)? & 0x1fff != 0;
        if first >> 4 != 4 || length < 20 || later_fragment {
            return None;
        }
        Some(Self {
            protocol: *bytes.get(9)?,
            source: u32_at(bytes, 12)?.into(),
            destination: u32_at(bytes, 16)?.into(),
            payload: bytes.get(length..)?,
        })
    }
}

fn read_tcp(header: &Header<'_>) -> Option<Packet> {
    let segment = header.payload;
    let flags = *segment.get(13)?;
    let (syn, reset, ack) = (flags & 0x02 != 0, flags & 0x04 != 0, flags & 0x10 != 0);
    // An answer acknowledges the number after the one that it answers.
    let answered = u32_at(segment, 8)?.wrapping_sub(1);
    let message = match (reset, syn, ack) {
        (true, _, true) => Message::Answer { sequence: answered, answer: Answer::Reset },
        (false, true, true) => Message::Answer { sequence: answered, answer: Answer::Accepted },
        (false, true, false) => Message::Open { sequence: u32_at(segment, 4)? },
        _ => return None,
    };
    Some(Packet {
        source: SocketAddrV4::new(header.source, u16_at(segment, 0)?),
        destination: SocketAddrV4::new(header.destination, u16_at(segment, 2)?),
        message,
    })
}

/// An ICMP error quotes the header of the packet that it is about, and eight bytes of its content.
fn read_icmp(header: &Header<'_>) -> Option<Packet> {
    let [UNREACHABLE, code, ..] = *header.payload else { return None };
    let quoted = Header::read(header.payload.get(8..)?)?;
    if quoted.protocol != TCP {
        return None;
    }
    Some(Packet {
        source: SocketAddrV4::new(header.source, 0),
        destination: SocketAddrV4::new(header.destination, 0),
        message: Message::Answer {
            sequence: u32_at(quoted.payload, 4)?,
            answer: Answer::Unreachable { code },
        },
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, protocol, 0, 0];
        bytes.extend([172, 18, 0, 2, 203, 0, 113, 10]);
        bytes.extend(payload);
        bytes
    }

    /// A segment from port 40000 to 5671 with sequence number 7 that acknowledges 100.
    fn tcp(flags: u8) -> Vec<u8> {
        let mut bytes = vec![0x9c, 0x40, 0x16, 0x27, 0, 0, 0, 7, 0, 0, 0, 100, 0x50, flags];
        bytes.extend([0xff, 0xff, 0, 0, 0, 0]);
        ipv4(TCP, &bytes)
    }

    fn message(bytes: &[u8]) -> Option<Message> {
        read(bytes).map(|packet| packet.message)
    }

    #[test]
    fn a_connection_is_opened_answered_and_refused() {
        let packet = read(&tcp(0x02)).unwrap();
        assert_eq!(packet.source.to_string(), "172.18.0.2:40000");
        assert_eq!(packet.destination.to_string(), "203.0.113.10:5671");
        assert_eq!(packet.message, Message::Open { sequence: 7 });
        let answer = |answer| Some(Message::Answer { sequence: 99, answer });
        assert_eq!(message(&tcp(0x12)), answer(Answer::Accepted));
        assert_eq!(message(&tcp(0x14)), answer(Answer::Reset));
    }

    #[test]
    fn an_icmp_error_names_the_attempt_that_it_quotes() {
        let mut error = vec![UNREACHABLE, 13, 0, 0, 0, 0, 0, 0];
        // The quote is cut after eight bytes of the segment.
        error.extend(&tcp(0x02)[..28]);
        let answer = Answer::Unreachable { code: 13 };
        assert_eq!(message(&ipv4(ICMP, &error)), Some(Message::Answer { sequence: 7, answer }));
    }

    #[test]
    fn everything_else_is_passed_over() {
        assert_eq!(read(&tcp(0x18)), None, "data");
        assert_eq!(read(&ipv4(17, &[0; 8])), None, "UDP");
        let mut fragment = tcp(0x02);
        fragment[7] = 1;
        assert_eq!(read(&fragment), None, "a later fragment");
    }

    #[test]
    fn bytes_that_are_cut_anywhere_never_fail() {
        let mut error = vec![UNREACHABLE, 13, 0, 0, 0, 0, 0, 0];
        error.extend(tcp(0x02));
        for whole in [tcp(0x02), ipv4(ICMP, &error)] {
            for length in 0..whole.len() {
                let _ = read(&whole[..length]);
            }
        }
    }
}
