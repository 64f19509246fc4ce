//! MQTT 3.1.1 as far as it goes without an identity: CONNECT and CONNACK.

use edgeprobe_facts::endpoint::{EndpointFacts, MqttFacts};
use edgeprobe_facts::{Failure, Step};

use super::carrier::{Carrier, converse, unexpected_bytes};

/// A CONNECT of level 4 with a clean session, 60 s to keep alive, a client id and no credentials
/// (OASIS MQTT 3.1.1, section 3.1).
const CONNECT: &[u8] = b"\x10\x15\x00\x04MQTT\x04\x02\x00\x3c\x00\x09edgeprobe";

/// Longer than any CONNACK, in bytes.
const MAX_ANSWER: usize = 64;

/// Asks to be let in without credentials. Being refused by an MQTT server is an answer as good.
pub(super) async fn greet(
    carrier: &mut impl Carrier,
    facts: &mut EndpointFacts,
) -> Result<(), Failure> {
    let mut received = Vec::new();
    match converse(carrier, Step::Mqtt, CONNECT, MAX_ANSWER, &mut received, parse).await? {
        Answer::Connack(connack) => {
            facts.mqtt = Some(MqttFacts { connack, lost_at_once: 0 });
            Ok(())
        }
        Answer::Foreign => {
            let (failure, excerpt) = unexpected_bytes(Step::Mqtt, &received);
            facts.unexpected = Some(excerpt);
            Err(failure)
        }
    }
}

/// What a peer may say to a CONNECT.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// A CONNACK with this return code (section 3.2).
    Connack(u8),
    /// Something else.
    Foreign,
}

fn parse(received: &[u8]) -> Option<Answer> {
    match *received {
        [0x20, 2, flags, code, ..] if flags <= 1 => Some(Answer::Connack(code)),
        [] | [0x20] | [0x20, 2] | [0x20, 2, 0 | 1] => None,
        _ => Some(Answer::Foreign),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_connect_is_as_long_as_it_says() {
        assert_eq!(usize::from(CONNECT[1]), CONNECT.len() - 2);
    }

    #[test]
    fn a_refusal_is_an_answer() {
        assert_eq!(parse(b"\x20\x02\x00\x05"), Some(Answer::Connack(5)));
        assert_eq!(parse(b"HTTP/1.1 400"), Some(Answer::Foreign));
        assert_eq!(parse(b"\x20\x03"), Some(Answer::Foreign));
    }

    proptest! {
        #[test]
        fn any_bytes_give_one_answer_however_they_are_split(bytes: Vec<u8>) {
            let one_by_one = (0..=bytes.len()).find_map(|length| parse(&bytes[..length]));
            prop_assert_eq!(one_by_one, parse(&bytes));
        }
    }
}
