//! What arbitrary bytes become in the place of a resolver's answers and of the files that name resolvers.

use hickory_proto::rr::RecordType;
use serde_json::{Value, json};

use super::question::{Packet, Question};
use super::{getent, hosts, name_servers};

const NAME: &str = "hub.azure-devices.net";

/// A name server's packet, which has the question's id.
pub fn answer(packet: &[u8]) -> Value {
    let families = [RecordType::A, RecordType::AAAA];
    let read = |family| {
        let question = Question::new(NAME, family).ok()?;
        let mut packet = packet.to_vec();
        packet.iter_mut().zip(question.message().iter().take(2)).for_each(|(to, id)| *to = *id);
        Some(match question.read(&packet) {
            Packet::Stray => json!("stray"),
            Packet::Truncated => json!("truncated"),
            Packet::Garbled(why) => json!(why),
            Packet::Answer(answer) => {
                json!([answer.outcome(), answer.addresses, answer.canonical_names])
            }
        })
    };
    families.into_iter().filter_map(read).collect()
}

/// The question that is asked, as an answer repeats it.
pub fn question() -> Vec<u8> {
    Question::new(NAME, RecordType::A).map_or_else(|_| Vec::new(), |it| it.message().to_vec())
}

/// A resolv.conf, a hosts file, and what getent prints.
pub fn files(content: &[u8]) -> Value {
    let servers = name_servers::parse(content, &|name| (name == "eth0").then_some(7));
    let system = getent::parse(content, NAME);
    json!([servers, hosts::parse(content, NAME), system.addresses, system.canonical_name])
}
