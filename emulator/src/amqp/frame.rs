//! AMQP 1.0 frames: reading the few that matter, writing the few that are answered.
//!
//! Types: <https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-types-v1.0-os.html>

const SASL_FRAME: u8 = 1;
const AMQP_FRAME: u8 = 0;

/// What a hub calls itself in its `open`; real ones follow it with 32 hexadecimal digits.
const CONTAINER_ID: &str = "DeviceGateway_00000000000000000000000000000000";
const MAX_FRAME_SIZE: u32 = 65_536;
const CHANNEL_MAX: u16 = 8191;
const IDLE_TIMEOUT_MS: u32 = 120_000;

/// A frame that the peer sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) performative: Performative,
}

/// What a frame is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Performative {
    SaslInit {
        mechanism: Vec<u8>,
    },
    Open,
    Close,
    /// Another performative, or an empty frame (a heartbeat).
    Other,
}

/// What stands at the head of the received bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Too few bytes as yet.
    Incomplete,
    /// No frame, or one longer than allowed.
    Malformed,
    /// A whole frame of `length` bytes.
    Whole { frame: Frame, length: usize },
}

pub(super) fn next(bytes: &[u8], longest: usize) -> Next {
    let Some((size, _)) = bytes.split_first_chunk::<4>() else { return Next::Incomplete };
    let length = u32::from_be_bytes(*size) as usize;
    if length < 8 || length > longest {
        return Next::Malformed;
    }
    let Some(whole) = bytes.get(..length) else { return Next::Incomplete };
    let (Some(&data_offset), Some(&kind)) = (whole.get(4), whole.get(5)) else {
        return Next::Malformed;
    };
    match whole.get(usize::from(data_offset) * 4..) {
        Some(body) if data_offset >= 2 => {
            Next::Whole { frame: Frame { performative: performative(kind, body) }, length }
        }
        _ => Next::Malformed,
    }
}

fn performative(kind: u8, body: &[u8]) -> Performative {
    match (kind, body) {
        (SASL_FRAME, [0x00, 0x53, 0x41, fields @ ..]) => match first_symbol(fields) {
            Some(mechanism) => Performative::SaslInit { mechanism: mechanism.to_vec() },
            None => Performative::Other,
        },
        (AMQP_FRAME, [0x00, 0x53, 0x10, ..]) => Performative::Open,
        (AMQP_FRAME, [0x00, 0x53, 0x18, ..]) => Performative::Close,
        _ => Performative::Other,
    }
}

/// The first field of a list, if it is a symbol.
fn first_symbol(list: &[u8]) -> Option<&[u8]> {
    let fields = match list {
        [0xc0, _size, _count, fields @ ..] => fields,
        [0xd0, header_and_fields @ ..] => header_and_fields.get(8..)?,
        _ => return None,
    };
    match fields {
        [0xa3, length, rest @ ..] => rest.get(..usize::from(*length)),
        [0xb3, rest @ ..] => {
            let (length, rest) = rest.split_first_chunk::<4>()?;
            rest.get(..u32::from_be_bytes(*length) as usize)
        }
        _ => None,
    }
}

/// The frame that offers these mechanisms; byte for byte what IoT Hub sends when they are its own.
pub(super) fn sasl_mechanisms(mechanisms: &[&str]) -> Vec<u8> {
    let mut symbols = Vec::new();
    for mechanism in mechanisms {
        symbols.extend(u32::try_from(mechanism.len()).unwrap_or(0).to_be_bytes());
        symbols.extend(mechanism.as_bytes());
    }
    // array8 of sym32: its size counts the count and the constructor.
    let mut array = vec![0xe0, length(symbols.len() + 2), length(mechanisms.len()), 0xb3];
    array.extend(symbols);
    frame(SASL_FRAME, 0x40, 1, &array)
}

/// The frame that ends the SASL layer well; IoT Hub adds a word of welcome.
pub(super) fn sasl_outcome_ok(additional_data: &str) -> Vec<u8> {
    let mut fields = vec![0x50, 0x00, 0xa0, length(additional_data.len())];
    fields.extend(additional_data.as_bytes());
    frame(SASL_FRAME, 0x44, 2, &fields)
}

/// The frame that ends the SASL layer with code 1: authentication failed.
pub(super) fn sasl_outcome_refused() -> Vec<u8> {
    frame(SASL_FRAME, 0x44, 1, &[0x50, 0x01])
}

/// The server's `open`, with the limits that IoT Hub names.
pub(super) fn open() -> Vec<u8> {
    let mut fields = vec![0xa1, length(CONTAINER_ID.len())];
    fields.extend(CONTAINER_ID.as_bytes());
    fields.extend([0xa1, 9]);
    fields.extend(b"localhost");
    fields.push(0x70);
    fields.extend(MAX_FRAME_SIZE.to_be_bytes());
    fields.push(0x60);
    fields.extend(CHANNEL_MAX.to_be_bytes());
    fields.push(0x70);
    fields.extend(IDLE_TIMEOUT_MS.to_be_bytes());
    frame(AMQP_FRAME, 0x10, 5, &fields)
}

/// The server's `close`, without an error.
pub(super) fn close() -> Vec<u8> {
    frame(AMQP_FRAME, 0x18, 0, &[])
}

/// A frame on channel 0 whose body is a described list8.
fn frame(kind: u8, descriptor: u8, count: u8, fields: &[u8]) -> Vec<u8> {
    let mut body = vec![0x00, 0x53, descriptor, 0xc0, length(fields.len() + 1), count];
    body.extend(fields);
    let size = u32::try_from(body.len() + 8).unwrap_or(u32::MAX);
    let mut frame = size.to_be_bytes().to_vec();
    frame.extend([2, kind, 0, 0]);
    frame.extend(body);
    frame
}

/// A length of what this module writes itself, all of it far below 256 bytes.
fn length(count: usize) -> u8 {
    debug_assert!(count <= 255, "a list8 holds no more");
    u8::try_from(count).unwrap_or(u8::MAX)
}
