//! What a name server says of each name.

use std::collections::BTreeMap;
use std::net::IpAddr;

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, SOA};
use hickory_proto::rr::{Name, RData, Record, RecordType};

/// How long answers may be kept, in seconds: what IoT Hub's names carry.
const TIME_TO_LIVE: u32 = 60;
/// How many aliases are followed before a chain counts as a loop.
const LONGEST_CHAIN: usize = 8;

/// What a name server says of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// These addresses, each to queries of its family.
    Addresses(Vec<IpAddr>),
    /// Another name (CNAME), with what the zone says of it.
    Alias(String),
    /// The name exists and has no records: an empty answer.
    NoRecords,
    /// There is no such name (NXDOMAIN).
    Nxdomain,
    /// The server failed (SERVFAIL).
    Servfail,
    /// The server refuses to answer (REFUSED).
    Refused,
    /// Nothing at all.
    Silence,
}

/// Names and the answers to them; what is not named does not exist.
#[derive(Clone, Debug)]
pub struct Zone {
    answers: BTreeMap<String, Answer>,
    otherwise: Answer,
}

impl Default for Zone {
    fn default() -> Self {
        Self { answers: BTreeMap::new(), otherwise: Answer::Nxdomain }
    }
}

impl Zone {
    /// A zone that answers this to every name.
    pub fn always(answer: Answer) -> Self {
        Self { answers: BTreeMap::new(), otherwise: answer }
    }

    /// The same zone with this answer to `name`, in whatever case it is asked for.
    #[must_use]
    pub fn with(mut self, name: &str, answer: Answer) -> Self {
        self.answers.insert(key(name), answer);
        self
    }

    /// Fills in the response to a question; `false` where there is to be none.
    pub(super) fn answer(&self, question: &Query, response: &mut Message) -> bool {
        response.metadata.authoritative = true;
        let mut name = question.name().clone();
        for _ in 0..LONGEST_CHAIN {
            match self.said_of(&name) {
                Answer::Silence => return false,
                Answer::Servfail => return fail(response, ResponseCode::ServFail),
                Answer::Refused => return fail(response, ResponseCode::Refused),
                Answer::Nxdomain => {
                    response.metadata.response_code = ResponseCode::NXDomain;
                    return none(response, &name);
                }
                Answer::NoRecords => return none(response, &name),
                Answer::Addresses(addresses) => {
                    let records = address_records(&name, addresses, question.query_type());
                    if records.is_empty() {
                        return none(response, &name);
                    }
                    response.add_answers(records);
                    return true;
                }
                Answer::Alias(target) => {
                    let Ok(target) = Name::from_ascii(absolute(target)) else {
                        return fail(response, ResponseCode::ServFail);
                    };
                    let alias = RData::CNAME(CNAME(target.clone()));
                    response.add_answer(Record::from_rdata(name, TIME_TO_LIVE, alias));
                    name = target;
                }
            }
        }
        fail(response, ResponseCode::ServFail)
    }

    fn said_of(&self, name: &Name) -> &Answer {
        self.answers.get(&key(&name.to_ascii())).unwrap_or(&self.otherwise)
    }
}

fn key(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

fn fail(response: &mut Message, code: ResponseCode) -> bool {
    response.answers.clear();
    response.metadata.response_code = code;
    true
}

/// Says that there is nothing, and for how long that holds (RFC 2308, section 3).
fn none(response: &mut Message, name: &Name) -> bool {
    let zone = name.base_name();
    let authority = SOA::new(zone.clone(), zone.clone(), 1, 3600, 600, 86400, TIME_TO_LIVE);
    response.add_authority(Record::from_rdata(zone, TIME_TO_LIVE, RData::SOA(authority)));
    true
}

fn address_records(name: &Name, addresses: &[IpAddr], kind: RecordType) -> Vec<Record> {
    let data = addresses.iter().filter_map(|&address| match (address, kind) {
        (IpAddr::V4(v4), RecordType::A | RecordType::ANY) => Some(RData::A(A(v4))),
        (IpAddr::V6(v6), RecordType::AAAA | RecordType::ANY) => Some(RData::AAAA(AAAA(v6))),
        _ => None,
    });
    data.map(|data| Record::from_rdata(name.clone(), TIME_TO_LIVE, data)).collect()
}
