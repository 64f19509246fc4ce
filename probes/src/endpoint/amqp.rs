//! AMQP 1.0 as far as it goes without an identity: the protocol header and the SASL mechanisms.
//!
//! IoT Hub answers the SASL header with its own and with the mechanisms that it offers, of which
//! `MSSBCBS` is Microsoft's alone. Numbers of sections are those of the OASIS standard of 2012.

use edgeprobe_facts::endpoint::{AmqpFacts, EndpointFacts};
use edgeprobe_facts::{Failure, Step, Token};

use super::carrier::{Carrier, converse, unexpected_bytes};
use crate::clean;

/// The header of the SASL layer, version 1.0.0 (section 5.3.2).
const SASL_HEADER: [u8; 8] = *b"AMQP\x03\x01\x00\x00";

/// The mechanism that only Azure's gateways offer: claims-based security.
const CLAIMS_BASED: &str = "MSSBCBS";

/// The largest frame that is read, in bytes. SASL frames have at most 512 (section 5.3.1).
const MAX_FRAME: usize = 4096;

/// The longest answer that is read, in bytes: the header, the mechanisms, and some empty frames.
const MAX_ANSWER: usize = 2 * MAX_FRAME;

/// The most mechanisms, and the most characters of each, that are kept.
const MAX_MECHANISMS: usize = 32;
const MAX_MECHANISM: usize = 64;

/// Asks which SASL mechanisms the peer offers, and fails unless they are IoT Hub's.
pub(super) async fn greet(
    carrier: &mut impl Carrier,
    facts: &mut EndpointFacts,
) -> Result<(), Failure> {
    let mut received = Vec::new();
    let answer =
        converse(carrier, Step::Amqp, &SASL_HEADER, MAX_ANSWER, &mut received, parse).await?;
    let failure = |token, detail: String| Err(Failure::new(Step::Amqp, token, detail));
    match answer {
        Answer::Mechanisms(mechanisms) => {
            let genuine = mechanisms.iter().any(|mechanism| mechanism == CLAIMS_BASED);
            let offered = mechanisms.join(", ");
            facts.amqp = Some(AmqpFacts { header: show(SASL_HEADER), mechanisms });
            if genuine {
                return Ok(());
            }
            failure(Token::AmqpNotIotHub, format!("offers {offered}, but not {CLAIMS_BASED}"))
        }
        Answer::OtherHeader(header) => {
            let header = show(header);
            let detail = format!("answered `{header}` to `{}`", show(SASL_HEADER));
            facts.amqp = Some(AmqpFacts { header, mechanisms: Vec::new() });
            failure(Token::AmqpOtherProtocol, detail)
        }
        Answer::Foreign => {
            let (unexpected, excerpt) = unexpected_bytes(Step::Amqp, &received);
            facts.unexpected = Some(excerpt);
            if received.starts_with(HTTP) {
                return failure(Token::AmqpHttpAnswer, unexpected.detail);
            }
            Err(unexpected)
        }
    }
}

const HTTP: &[u8] = b"HTTP/";

/// What a peer may say to the SASL header.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// The mechanisms that it offers, in its order.
    Mechanisms(Vec<String>),
    /// Another protocol header than the one that was sent.
    OtherHeader([u8; 8]),
    /// Something that is not AMQP.
    Foreign,
}

/// Bytes that can never become a well-formed answer.
#[derive(Debug, PartialEq, Eq)]
struct Malformed;

/// Reads an answer; nothing while the bytes are a beginning that may still become one.
fn parse(received: &[u8]) -> Option<Answer> {
    let begins = |word: &[u8]| received.iter().zip(word).all(|(a, b)| a == b);
    if begins(HTTP) && !received.is_empty() {
        return (received.len() >= HTTP.len()).then_some(Answer::Foreign);
    }
    if !begins(b"AMQP") {
        return Some(Answer::Foreign);
    }
    let (header, frames) = received.split_first_chunk::<8>()?;
    if *header != SASL_HEADER {
        return Some(Answer::OtherHeader(*header));
    }
    match mechanisms_frame(frames) {
        Ok(mechanisms) => mechanisms.map(Answer::Mechanisms),
        Err(Malformed) => Some(Answer::Foreign),
    }
}

/// The mechanisms of the first frame that has a body (section 2.3).
fn mechanisms_frame(mut bytes: &[u8]) -> Result<Option<Vec<String>>, Malformed> {
    const SASL_FRAME: u8 = 1;
    while let Some((size, _)) = bytes.split_first_chunk::<4>() {
        let size = u32::from_be_bytes(*size) as usize;
        if !(8..=MAX_FRAME).contains(&size) {
            return Err(Malformed);
        }
        let Some((frame, later)) = bytes.split_at_checked(size) else { break };
        let [_, _, _, _, offset, kind, ..] = *frame else { return Err(Malformed) };
        // The data offset counts words of four bytes and reaches over any extended header.
        let body = frame.get(usize::from(offset) * 4..).filter(|_| offset >= 2).ok_or(Malformed)?;
        if !body.is_empty() {
            let mut body = Reader(body);
            return if kind == SASL_FRAME {
                body.sasl_mechanisms().map(Some)
            } else {
                Err(Malformed)
            };
        }
        bytes = later;
    }
    Ok(None)
}

/// Reads values of AMQP's type system (section 1.6) from the body of one frame.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The performative of section 5.3.3.1: a described list whose first field is the mechanisms.
    fn sasl_mechanisms(&mut self) -> Result<Vec<String>, Malformed> {
        self.descriptor()?;
        let mut fields = match self.byte()? {
            0x45 => return Ok(Vec::new()),
            0xc0 => {
                let length = self.byte()?;
                self.part(usize::from(length), 1)?
            }
            0xd0 => {
                let length = self.word()?;
                self.part(length, 4)?
            }
            _ => return Err(Malformed),
        };
        if fields.count == 0 {
            return Ok(Vec::new());
        }
        fields.values.symbols()
    }

    /// `amqp:sasl-mechanisms:list`, by number or by name.
    fn descriptor(&mut self) -> Result<(), Malformed> {
        const NUMBER: u8 = 0x40;
        const NAME: &str = "amqp:sasl-mechanisms:list";
        if self.byte()? != 0x00 {
            return Err(Malformed);
        }
        let is_ours = match self.byte()? {
            0x53 => self.byte()? == NUMBER,
            0x80 => self.take(8)? == u64::from(NUMBER).to_be_bytes(),
            kind => self.symbol(kind)? == NAME,
        };
        if is_ours { Ok(()) } else { Err(Malformed) }
    }

    /// A symbol, an array of symbols, or null for none.
    fn symbols(&mut self) -> Result<Vec<String>, Malformed> {
        let mut array = match self.byte()? {
            0x40 => return Ok(Vec::new()),
            0xe0 => {
                let length = self.byte()?;
                self.part(usize::from(length), 1)?
            }
            0xf0 => {
                let length = self.word()?;
                self.part(length, 4)?
            }
            kind => return Ok(vec![self.symbol(kind)?]),
        };
        let kind = array.values.byte()?;
        let mut symbols = Vec::new();
        for _ in 0..array.count {
            let symbol = array.values.symbol(kind)?;
            if symbols.len() < MAX_MECHANISMS {
                symbols.push(symbol);
            }
        }
        Ok(symbols)
    }

    fn symbol(&mut self, kind: u8) -> Result<String, Malformed> {
        let length = match kind {
            0xa3 => usize::from(self.byte()?),
            0xb3 => self.word()?,
            _ => return Err(Malformed),
        };
        Ok(clean::bytes(self.take(length)?, MAX_MECHANISM))
    }

    /// The count and the values of a list or an array, whose length covers both.
    fn part(&mut self, length: usize, count_width: usize) -> Result<Part<'a>, Malformed> {
        let mut part = Reader(self.take(length)?);
        let count = if count_width == 1 { usize::from(part.byte()?) } else { part.word()? };
        // Elements have at least one byte each, so that no count makes work of nothing.
        if count > length { Err(Malformed) } else { Ok(Part { count, values: part }) }
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        let (&byte, rest) = self.0.split_first().ok_or(Malformed)?;
        self.0 = rest;
        Ok(byte)
    }

    fn word(&mut self) -> Result<usize, Malformed> {
        let (word, rest) = self.0.split_first_chunk::<4>().ok_or(Malformed)?;
        self.0 = rest;
        Ok(u32::from_be_bytes(*word) as usize)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }
}

struct Part<'a> {
    count: usize,
    values: Reader<'a>,
}

/// A protocol header for people: `AMQP 3.1.0.0` is protocol id 3, version 1.0.0.
fn show([_, _, _, _, id, major, minor, revision]: [u8; 8]) -> String {
    format!("AMQP {id}.{major}.{minor}.{revision}")
}

#[cfg(test)]
#[path = "amqp_tests.rs"]
mod tests;
