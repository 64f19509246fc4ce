//! One question as a DNS message, and what an answer to it says (RFC 1035).

use std::net::IpAddr;

use edgeprobe_facts::dns::RecordOutcome;
use hickory_proto::ProtoError;
use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::{MAX_ADDRESSES, MAX_NAME};
use crate::{clean, random};

/// How many aliases are followed; Azure's answers have three to five.
const MAX_ALIASES: usize = 16;

/// A question for the addresses of one family, ready to be sent.
pub(super) struct Question {
    id: u16,
    query: Query,
    message: Vec<u8>,
}

/// What a packet is to a question.
#[derive(Debug)]
pub(super) enum Packet {
    /// An answer to something else, or no DNS message.
    Stray,
    /// An answer to this question that does not fit the packet.
    Truncated,
    /// An answer to this question that cannot be read, and why.
    Garbled(String),
    Answer(Answer),
}

/// What a name server answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) code: ResponseCode,
    pub(super) addresses: Vec<IpAddr>,
    /// The names that the answer leads through, in order.
    pub(super) canonical_names: Vec<String>,
}

impl Question {
    /// Asks for records of `family`, which is A or AAAA. The name is taken as fully qualified.
    ///
    /// # Errors
    ///
    /// Fails when the text cannot be a name: an empty or overlong label, or an overlong name.
    pub(super) fn new(name: &str, family: RecordType) -> Result<Self, ProtoError> {
        let mut name = Name::from_ascii(name)?;
        name.set_fqdn(true);
        let query = Query::query(name, family);
        // Asked as C libraries ask by default: with recursion and without EDNS. Some middleboxes
        // drop what carries EDNS, and the finding would then be theirs and not the programs'.
        let no_number = |_| ProtoError::Message("the kernel gives no random number");
        let id = random::bytes().map(u16::from_be_bytes).map_err(no_number)?;
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(query.clone());
        Ok(Self { id, message: message.to_vec()?, query })
    }

    /// The message to be sent.
    pub(super) fn message(&self) -> &[u8] {
        &self.message
    }

    /// Reads what came back.
    pub(super) fn read(&self, packet: &[u8]) -> Packet {
        let Some(&[high, low, flags, ..]) = packet.first_chunk::<12>() else {
            return Packet::Stray;
        };
        let (is_response, is_truncated) = (flags & 0x80 != 0, flags & 0x02 != 0);
        if u16::from_be_bytes([high, low]) != self.id || !is_response {
            return Packet::Stray;
        }
        // Before the records are read: some servers cut in the middle of one.
        if is_truncated {
            return Packet::Truncated;
        }
        match Message::from_vec(packet) {
            Ok(message) if !self.is_answered_by(&message) => Packet::Stray,
            Ok(message) => Packet::Answer(self.answer(&message)),
            Err(error) => Packet::Garbled(clean::line(&error.to_string(), 80)),
        }
    }

    fn is_answered_by(&self, message: &Message) -> bool {
        // A server that could not read the question, or would not, may leave it out.
        let is_bare_error =
            message.queries.is_empty() && message.metadata.response_code != ResponseCode::NoError;
        message.metadata.message_type == MessageType::Response
            && (is_bare_error || message.queries == [self.query.clone()])
    }

    fn answer(&self, message: &Message) -> Answer {
        let names = self.aliases(&message.answers);
        let addresses = message
            .answers
            .iter()
            .filter(|record| names.contains(&&record.name))
            .filter_map(|record| self.address(record))
            .take(MAX_ADDRESSES)
            .collect();
        Answer {
            code: message.metadata.response_code,
            addresses,
            canonical_names: names.into_iter().skip(1).map(readable).collect(),
        }
    }

    /// The name that was asked for and those that CNAME records lead to from there, in order;
    /// servers may send the records in any order.
    fn aliases<'a>(&'a self, records: &'a [Record]) -> Vec<&'a Name> {
        let mut name = &self.query.name;
        let mut names = vec![name];
        while names.len() <= MAX_ALIASES {
            let next = records.iter().find_map(|record| match &record.data {
                RData::CNAME(target) if record.name == *name => Some(&target.0),
                _ => None,
            });
            match next {
                Some(target) if !names.contains(&target) => name = target,
                // The end, or a circle.
                _ => break,
            }
            names.push(name);
        }
        names
    }

    /// The record's address, if it is of the family that was asked for.
    fn address(&self, record: &Record) -> Option<IpAddr> {
        match (&record.data, self.query.query_type) {
            (RData::A(address), RecordType::A) => Some(address.0.into()),
            (RData::AAAA(address), RecordType::AAAA) => Some(address.0.into()),
            _ => None,
        }
    }
}

impl Answer {
    pub(super) fn outcome(&self) -> RecordOutcome {
        match self.code {
            ResponseCode::NoError if self.addresses.is_empty() => RecordOutcome::NoRecords,
            ResponseCode::NoError => RecordOutcome::Answered,
            ResponseCode::NXDomain => RecordOutcome::Nxdomain,
            ResponseCode::ServFail => RecordOutcome::Servfail,
            ResponseCode::Refused => RecordOutcome::Refused,
            _ => RecordOutcome::BadAnswer,
        }
    }
}

/// A name as people write it.
fn readable(name: &Name) -> String {
    clean::line(name.to_ascii().trim_end_matches('.'), MAX_NAME)
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::rdata::{A, CNAME};
    use proptest::prelude::*;

    use super::*;

    const HUB: &str = "hub.azure-devices.net";

    fn question() -> Question {
        Question::new(HUB, RecordType::A).unwrap()
    }

    fn reply(question: &Question, records: Vec<Record>) -> Message {
        let mut message = Message::from_vec(question.message()).unwrap().into_response();
        message.add_answers(records);
        message
    }

    fn alias(from: &str, to: &str) -> Record {
        let target = Name::from_ascii(to).unwrap();
        Record::from_rdata(Name::from_ascii(from).unwrap(), 60, RData::CNAME(CNAME(target)))
    }

    fn address(of: &str, ip: &str) -> Record {
        let data = RData::A(A(ip.parse().unwrap()));
        Record::from_rdata(Name::from_ascii(of).unwrap(), 60, data)
    }

    fn answer(records: Vec<Record>) -> Answer {
        let question = question();
        match question.read(&reply(&question, records).to_vec().unwrap()) {
            Packet::Answer(answer) => answer,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn aliases_are_followed_whatever_the_order_of_records() {
        let answer = answer(vec![
            address("gateway.example.", "20.49.110.2"),
            alias("Ihsu.cloudapp.net.", "gateway.example."),
            alias("HUB.azure-devices.net.", "ihsu.cloudapp.net."),
            address("elsewhere.example.", "10.0.0.1"),
        ]);
        assert_eq!(answer.canonical_names, ["ihsu.cloudapp.net", "gateway.example"]);
        assert_eq!(answer.addresses, ["20.49.110.2".parse::<IpAddr>().unwrap()]);
        assert_eq!(answer.outcome(), RecordOutcome::Answered);
    }

    #[test]
    fn aliases_in_a_circle_end() {
        let answer = answer(vec![
            alias("hub.azure-devices.net.", "b."),
            alias("b.", HUB),
            alias("b.", "b."),
        ]);
        assert_eq!(answer.canonical_names, ["b"]);
        assert_eq!(answer.outcome(), RecordOutcome::NoRecords);
    }

    #[test]
    fn long_chains_and_long_answers_are_cut() {
        let mut records = vec![alias("hub.azure-devices.net.", "n0.")];
        records.extend((0..40).map(|n| alias(&format!("n{n}."), &format!("n{}.", n + 1))));
        records.extend((0..60).map(|n| address("n3.", &format!("20.0.0.{n}"))));
        let answer = answer(records);
        assert_eq!(answer.canonical_names.len(), MAX_ALIASES);
        assert_eq!(answer.addresses.len(), MAX_ADDRESSES);
    }

    #[test]
    fn escape_sequences_in_names_are_not_kept() {
        let target = Name::from_labels([b"a\x1b[2Jb".as_slice(), b"example"]).unwrap();
        let owner = Name::from_ascii("hub.azure-devices.net.").unwrap();
        let answer = answer(vec![Record::from_rdata(owner, 60, RData::CNAME(CNAME(target)))]);
        assert!(answer.canonical_names[0].chars().all(|c| c.is_ascii_graphic()));
    }

    #[test]
    fn packets_that_answer_something_else_are_strays() {
        let question = question();
        let other = Question::new("other.example", RecordType::A).unwrap();
        let mut wrong_question = reply(&other, vec![]);
        wrong_question.metadata.id = question.id;
        let mut wrong_id = reply(&question, vec![]);
        wrong_id.metadata.id = question.id.wrapping_add(1);
        for packet in [
            wrong_question.to_vec().unwrap(),
            wrong_id.to_vec().unwrap(),
            question.message().to_vec(),
            b"HTTP/1.1 400 Bad Request".to_vec(),
            vec![],
        ] {
            assert!(matches!(question.read(&packet), Packet::Stray), "{packet:?}");
        }
    }

    #[test]
    fn an_error_may_come_without_the_question() {
        let question = question();
        let bare = Message::error_msg(
            question.id,
            hickory_proto::op::OpCode::Query,
            ResponseCode::Refused,
        );
        let Packet::Answer(answer) = question.read(&bare.to_vec().unwrap()) else { panic!() };
        assert_eq!(answer.outcome(), RecordOutcome::Refused);
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let overlong = format!("{}.example", "a".repeat(64));
        for name in ["a..b", &overlong, &"a.".repeat(200)] {
            assert!(Question::new(name, RecordType::A).is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_packet_makes_it_fail(packet: Vec<u8>) {
            question().read(&packet);
        }

        #[test]
        fn no_answer_makes_it_fail(
            counts in any::<[u8; 8]>(),
            answers in 0_u8..4,
            body in prop::collection::vec(any::<u8>(), 0..600),
        ) {
            let question = question();
            let mut packet = question.message().to_vec();
            packet[2] |= 0x80;
            packet[7] = answers;
            packet.extend(body);
            question.read(&packet);
            packet[4..12].copy_from_slice(&counts);
            question.read(&packet);
        }

        #[test]
        fn no_name_makes_it_fail(name: String) {
            let _ = Question::new(&name, RecordType::AAAA);
        }
    }
}
