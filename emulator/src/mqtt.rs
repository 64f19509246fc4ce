//! The server's side of MQTT up to its answer to CONNECT.
//!
//! MQTT 3.1.1: <https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html>

use crate::protocol::{Protocol, Turn};

/// More than any CONNECT needs.
const LONGEST_PACKET: usize = 64 * 1024;
const CONNECT: u8 = 0x10;

/// Who answers on the MQTT port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// IoT Hub: nobody without credentials is authorised, and the emulator knows none.
    IotHub,
    /// A broker that lets everybody in.
    Broker,
}

/// One connection's exchange.
#[derive(Debug)]
pub struct Mqtt {
    peer: Peer,
    pending: Vec<u8>,
}

impl Mqtt {
    /// A connection that has just been accepted.
    pub fn new(peer: Peer) -> Self {
        Self { peer, pending: Vec::new() }
    }
}

impl Protocol for Mqtt {
    fn receive(&mut self, bytes: &[u8]) -> Turn {
        self.pending.extend_from_slice(bytes);
        // The first packet must be a CONNECT (section 3.1).
        if self.pending.first().is_some_and(|&kind| kind != CONNECT) {
            return Turn::close([]);
        }
        let whole = match whole_length(&self.pending) {
            Length::Unknown => return Turn::default(),
            Length::Bad => return Turn::close([]),
            Length::Known(whole) => whole,
        };
        match self.pending.get(..whole) {
            None => Turn::default(),
            Some(packet) => {
                let turn = answer(self.peer, packet);
                self.pending.clear();
                turn
            }
        }
    }
}

/// How long a packet is with its fixed header.
enum Length {
    Unknown,
    Bad,
    Known(usize),
}

/// The remaining length is a number of up to four bytes, seven bits each (section 2.2.3).
fn whole_length(packet: &[u8]) -> Length {
    let mut remaining = 0_usize;
    for (index, &byte) in packet.iter().skip(1).take(4).enumerate() {
        remaining |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let whole = index + 2 + remaining;
            return if whole > LONGEST_PACKET { Length::Bad } else { Length::Known(whole) };
        }
    }
    if packet.len() > 4 { Length::Bad } else { Length::Unknown }
}

fn answer(peer: Peer, connect: &[u8]) -> Turn {
    let Some(level) = protocol_level(connect) else { return Turn::close([]) };
    match (peer, level) {
        // CONNACK codes, table 3.1: 1 unacceptable protocol level, 5 not authorised, 0 accepted.
        (_, level) if level != 4 => Turn::close(connack(1)),
        (Peer::IotHub, _) => Turn::close(connack(5)),
        (Peer::Broker, _) => Turn::send(connack(0)),
    }
}

/// The byte after the protocol's name, which must be `MQTT`.
fn protocol_level(connect: &[u8]) -> Option<u8> {
    let name = b"\x00\x04MQTT";
    let start = 1 + connect.iter().skip(1).take_while(|&&byte| byte & 0x80 != 0).count() + 1;
    let variable_header = connect.get(start..)?;
    variable_header.strip_prefix(name)?.first().copied()
}

fn connack(code: u8) -> [u8; 4] {
    [0x20, 0x02, 0x00, code]
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONNECT_PACKET: &[u8] = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04edge";

    #[test]
    fn a_hub_authorises_nobody_without_credentials() {
        let mut mqtt = Mqtt::new(Peer::IotHub);
        let (first, rest) = CONNECT_PACKET.split_at(5);
        assert_eq!(mqtt.receive(first), Turn::default());
        assert_eq!(mqtt.receive(rest), Turn::close([0x20, 2, 0, 5]));
    }

    #[test]
    fn foreign_bytes_end_the_exchange() {
        for foreign in [b"GET / HTTP/1.1".as_slice(), &[0x10, 0xff, 0xff, 0xff, 0xff], &[0x10, 0]] {
            assert_eq!(Mqtt::new(Peer::IotHub).receive(foreign), Turn::close([]));
        }
    }
}
