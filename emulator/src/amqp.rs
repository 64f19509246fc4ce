//! The server's side of the first exchange of AMQP 1.0, as far as no identity is needed.
//!
//! Part 5.3 of the specification (security) and part 2.4 (connections):
//! <https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-security-v1.0-os.html>

mod frame;

use crate::protocol::{Protocol, Turn};
use frame::{Frame, Next, Performative};

/// The header that asks for the SASL layer.
const SASL_HEADER: [u8; 8] = *b"AMQP\x03\x01\x00\x00";
/// The header of AMQP itself.
const AMQP_HEADER: [u8; 8] = *b"AMQP\x00\x01\x00\x00";
/// More than any frame of this exchange needs.
const LONGEST_FRAME: usize = 64 * 1024;

/// Who answers on the AMQP port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// IoT Hub, known by the mechanism MSSBCBS that it offers.
    IotHub,
    /// A message broker that is no IoT Hub.
    Broker,
}

impl Peer {
    fn mechanisms(self) -> &'static [&'static str] {
        match self {
            Self::IotHub => &["EXTERNAL", "MSSBCBS", "ANONYMOUS", "PLAIN"],
            Self::Broker => &["PLAIN", "AMQPLAIN"],
        }
    }

    /// Whether the mechanism passes without an identity; the emulator knows no other.
    fn admits(self, mechanism: &[u8]) -> bool {
        self == Self::IotHub && matches!(mechanism, b"MSSBCBS" | b"ANONYMOUS")
    }
}

/// One connection's exchange.
#[derive(Debug)]
pub struct Amqp {
    peer: Peer,
    /// Received, and not yet a whole header or frame.
    pending: Vec<u8>,
    expects: Expects,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expects {
    Header { authenticated: bool },
    SaslInit,
    Frames,
}

impl Amqp {
    /// A connection that has just been accepted.
    pub fn new(peer: Peer) -> Self {
        Self { peer, pending: Vec::new(), expects: Expects::Header { authenticated: false } }
    }

    /// Takes one header or frame off what is pending; `None` when there is no whole one.
    fn step(&mut self) -> Option<Turn> {
        match self.expects {
            Expects::Header { authenticated } => {
                let (header, rest) = self.pending.split_first_chunk::<8>()?;
                let (header, rest) = (*header, rest.to_vec());
                self.pending = rest;
                Some(self.header(header, authenticated))
            }
            Expects::SaslInit | Expects::Frames => {
                match frame::next(&self.pending, LONGEST_FRAME) {
                    Next::Incomplete => None,
                    Next::Malformed => Some(Turn::close([])),
                    Next::Whole { frame, length } => {
                        let turn = self.frame(&frame);
                        self.pending.drain(..length);
                        Some(turn)
                    }
                }
            }
        }
    }

    fn header(&mut self, header: [u8; 8], authenticated: bool) -> Turn {
        match header {
            SASL_HEADER if !authenticated => {
                self.expects = Expects::SaslInit;
                let mut bytes = SASL_HEADER.to_vec();
                bytes.extend(frame::sasl_mechanisms(self.peer.mechanisms()));
                Turn::send(bytes)
            }
            // A hub takes an X.509 device without SASL; a broker insists on it.
            AMQP_HEADER if authenticated || self.peer == Peer::IotHub => {
                self.expects = Expects::Frames;
                Turn::send(AMQP_HEADER)
            }
            // "MUST send a valid protocol header … and then close the underlying connection"
            // (part 2.2, version negotiation).
            _ => Turn::close(SASL_HEADER),
        }
    }

    fn frame(&mut self, frame: &Frame) -> Turn {
        match (self.expects, &frame.performative) {
            (Expects::SaslInit, Performative::SaslInit { mechanism }) => {
                if self.peer.admits(mechanism) {
                    self.expects = Expects::Header { authenticated: true };
                    Turn::send(frame::sasl_outcome_ok("Welcome!"))
                } else {
                    Turn::close(frame::sasl_outcome_refused())
                }
            }
            (Expects::Frames, Performative::Open) => Turn::send(frame::open()),
            (Expects::Frames, Performative::Close) => Turn::close(frame::close()),
            // Sessions and links need an identity: they stay unanswered, as in a hub that has not
            // seen a token yet.
            (Expects::Frames, _) => Turn::default(),
            _ => Turn::close([]),
        }
    }
}

impl Protocol for Amqp {
    fn receive(&mut self, bytes: &[u8]) -> Turn {
        self.pending.extend_from_slice(bytes);
        let mut whole = Turn::default();
        while !whole.close {
            let Some(turn) = self.step() else { break };
            whole.send.extend(turn.send);
            whole.close = turn.close;
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Captured from a hub: facts of azure-iot-sdks#263.
    const CAPTURED_MECHANISMS: &[u8] = b"\x00\x00\x00\x3f\x02\x01\x00\x00\x00\x53\x40\xc0\x32\x01\
        \xe0\x2f\x04\xb3\x00\x00\x00\x08EXTERNAL\x00\x00\x00\x07MSSBCBS\x00\x00\x00\x09ANONYMOUS\
        \x00\x00\x00\x05PLAIN";
    const SASL_INIT: &[u8] =
        b"\x00\x00\x00\x17\x02\x01\x00\x00\x00\x53\x41\xc0\x0a\x01\xa3\x07MSSBCBS";

    fn contains(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn a_hub_offers_its_mechanisms_in_the_captured_bytes() {
        let turn = Amqp::new(Peer::IotHub).receive(&SASL_HEADER);
        assert_eq!(turn.send, [&SASL_HEADER, CAPTURED_MECHANISMS].concat());
        assert!(!turn.close);
    }

    #[test]
    fn a_hub_echoes_the_plain_header() {
        assert_eq!(Amqp::new(Peer::IotHub).receive(&AMQP_HEADER), Turn::send(AMQP_HEADER));
    }

    #[test]
    fn the_claims_mechanism_is_welcomed_and_amqp_follows() {
        let mut amqp = Amqp::new(Peer::IotHub);
        amqp.receive(&SASL_HEADER);
        let outcome = amqp.receive(SASL_INIT);
        assert!(contains(&outcome.send, b"Welcome!") && !outcome.close);
        assert_eq!(amqp.receive(&AMQP_HEADER), Turn::send(AMQP_HEADER));
    }

    #[test]
    fn bytes_may_come_one_by_one() {
        let mut amqp = Amqp::new(Peer::IotHub);
        let mut answer = Vec::new();
        for byte in [&SASL_HEADER, SASL_INIT, &AMQP_HEADER].concat() {
            answer.extend(amqp.receive(&[byte]).send);
        }
        assert!(contains(&answer, CAPTURED_MECHANISMS));
        assert!(contains(&answer, b"Welcome!"));
        assert!(answer.ends_with(&AMQP_HEADER));
    }

    #[test]
    fn a_broker_offers_other_mechanisms_and_admits_nobody() {
        let mut amqp = Amqp::new(Peer::Broker);
        let offer = amqp.receive(&SASL_HEADER);
        assert!(contains(&offer.send, b"AMQPLAIN") && !contains(&offer.send, b"MSSBCBS"));
        assert!(amqp.receive(SASL_INIT).close);
    }

    #[test]
    fn foreign_bytes_end_the_exchange() {
        for foreign in [b"GET / HTTP/1.1\r\n\r\n".as_slice(), &[0; 64], &[0xff; 64]] {
            assert!(Amqp::new(Peer::IotHub).receive(foreign).close);
            let mut amqp = Amqp::new(Peer::IotHub);
            amqp.receive(&SASL_HEADER);
            assert!(amqp.receive(foreign).close);
        }
    }
}
