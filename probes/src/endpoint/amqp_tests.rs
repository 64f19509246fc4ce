//! The AMQP codec against captured, hand-made and arbitrary bytes.

use super::*;
use proptest::prelude::*;

/// What an IoT Hub sent in 2016 (azure-iot-sdks issue 263).
fn captured() -> Vec<u8> {
    let mut bytes = SASL_HEADER.to_vec();
    bytes.extend(b"\x00\x00\x00\x3f\x02\x01\x00\x00\x00\x53\x40\xc0\x32\x01\xe0\x2f\x04\xb3");
    for mechanism in ["EXTERNAL", "MSSBCBS", "ANONYMOUS", "PLAIN"] {
        bytes.extend(u32::try_from(mechanism.len()).unwrap().to_be_bytes());
        bytes.extend(mechanism.bytes());
    }
    bytes
}

/// The header, and a SASL frame around `body` with `extended` words of extended header.
fn framed(extended: u8, body: &[u8]) -> Vec<u8> {
    let offset = 2 + extended;
    let size = usize::from(offset) * 4 + body.len();
    let mut bytes = u32::try_from(size).unwrap().to_be_bytes().to_vec();
    bytes.extend([offset, 1, 0, 0]);
    bytes.extend(vec![0xee; usize::from(extended) * 4]);
    bytes.extend(body);
    bytes
}

fn answer(frames: &[Vec<u8>]) -> Option<Answer> {
    parse(&[SASL_HEADER.to_vec(), frames.concat()].concat())
}

fn mechanisms(names: &[&str]) -> Answer {
    Answer::Mechanisms(names.iter().map(|&name| name.to_owned()).collect())
}

#[test]
fn the_captured_answer_is_iot_hubs() {
    let offered = mechanisms(&["EXTERNAL", "MSSBCBS", "ANONYMOUS", "PLAIN"]);
    assert_eq!(parse(&captured()), Some(offered));
}

#[test]
fn every_beginning_of_an_answer_is_waited_for() {
    let bytes = captured();
    for length in 0..bytes.len() {
        assert_eq!(parse(&bytes[..length]), None, "{length} bytes");
    }
}

#[test]
fn every_encoding_of_the_same_answer_is_read() {
    let one = Some(mechanisms(&["MSSBCBS"]));
    let bodies: [&[u8]; 7] = [
        b"\x00\x53\x40\xc0\x0a\x01\xa3\x07MSSBCBS",
        b"\x00\x53\x40\xc0\x0d\x01\xb3\x00\x00\x00\x07MSSBCBS",
        b"\x00\x53\x40\xc0\x0d\x01\xe0\x0a\x01\xa3\x07MSSBCBS",
        b"\x00\x80\x00\x00\x00\x00\x00\x00\x00\x40\xc0\x0a\x01\xa3\x07MSSBCBS",
        b"\x00\xa3\x19amqp:sasl-mechanisms:list\xc0\x0a\x01\xa3\x07MSSBCBS",
        b"\x00\x53\x40\xd0\x00\x00\x00\x0d\x00\x00\x00\x01\xa3\x07MSSBCBS",
        b"\x00\x53\x40\xc0\x16\x01\xf0\x00\x00\x00\x10\x00\x00\x00\x01\xb3\x00\x00\x00\x07MSSBCBS",
    ];
    for body in bodies {
        assert_eq!(answer(&[framed(0, body)]), one, "{body:02x?}");
        assert_eq!(answer(&[framed(3, body)]), one, "with an extended header");
        assert_eq!(answer(&[framed(0, b""), framed(0, b""), framed(0, body)]), one);
    }
}

#[test]
fn a_list_without_mechanisms_offers_none() {
    for body in
        [&b"\x00\x53\x40\x45"[..], b"\x00\x53\x40\xc0\x01\x00", b"\x00\x53\x40\xc0\x02\x01\x40"]
    {
        assert_eq!(answer(&[framed(0, body)]), Some(mechanisms(&[])));
    }
}

#[test]
fn other_headers_are_other_protocols() {
    for header in [*b"AMQP\x00\x00\x09\x01", *b"AMQP\x00\x01\x00\x00", *b"AMQP\x03\x02\x00\x00"] {
        assert_eq!(parse(&header), Some(Answer::OtherHeader(header)));
    }
    assert_eq!(show(*b"AMQP\x00\x00\x09\x01"), "AMQP 0.0.9.1");
}

#[test]
fn what_contradicts_itself_is_foreign() {
    let frames: [&[u8]; 9] = [
        b"\x00\x00\x00\x07\x02\x01\x00\x00", // shorter than its header
        b"\xff\xff\xff\xff\x02\x01\x00\x00", // larger than any
        b"\x00\x00\x00\x09\x01\x01\x00\x00\x00", // offset inside the header
        b"\x00\x00\x00\x09\x05\x01\x00\x00\x00", // offset beyond the frame
        b"\x00\x00\x00\x0c\x02\x00\x00\x00\x00\x53\x40\x45", // not SASL
        b"\x00\x00\x00\x0c\x02\x01\x00\x00\x00\x53\x44\x45", // not mechanisms
        b"\x00\x00\x00\x0e\x02\x01\x00\x00\x00\x53\x40\xc0\xff\x01", // list beyond the frame
        b"\x00\x00\x00\x12\x02\x01\x00\x00\x00\x53\x40\xc0\x05\x01\xe0\x02\xff\xa3", // false count
        b"\x00\x00\x00\x11\x02\x01\x00\x00\x00\x53\x40\xc0\x04\x01\xa3\x20A", // symbol too long
    ];
    for frame in frames {
        assert_eq!(answer(&[frame.to_vec()]), Some(Answer::Foreign), "{frame:02x?}");
    }
}

#[test]
fn http_is_known_by_five_bytes() {
    assert_eq!(parse(b"HTTP"), None);
    assert_eq!(parse(b"HTTP/1.1 400"), Some(Answer::Foreign));
    assert_eq!(parse(b"HELO"), Some(Answer::Foreign));
    assert_eq!(parse(b"AMQX"), Some(Answer::Foreign));
    assert_eq!(parse(b""), None);
}

/// The first answer of a listener that receives `bytes` one by one.
fn one_by_one(bytes: &[u8]) -> Option<Answer> {
    (0..=bytes.len()).find_map(|length| parse(&bytes[..length]))
}

proptest! {
    #[test]
    fn arbitrary_bytes_give_one_answer_however_they_are_split(bytes: Vec<u8>) {
        prop_assert_eq!(one_by_one(&bytes), parse(&bytes));
    }

    #[test]
    fn arbitrary_frames_give_one_answer_however_they_are_split(
        bodies in prop::collection::vec(any::<Vec<u8>>(), 0..4),
        extended in 0_u8..4,
    ) {
        let frames = bodies.iter().map(|body| framed(extended, body));
        let bytes = [SASL_HEADER.to_vec(), frames.collect::<Vec<_>>().concat()].concat();
        prop_assert_eq!(one_by_one(&bytes), parse(&bytes));
    }

    #[test]
    fn one_changed_byte_never_panics(position in 0_usize..71, value: u8) {
        let mut bytes = captured();
        bytes[position] = value;
        prop_assert_eq!(one_by_one(&bytes), parse(&bytes));
    }

    #[test]
    fn any_mechanisms_are_read_back(names in prop::collection::vec("[A-Z0-9-]{1,20}", 0..8)) {
        let symbols: Vec<u8> = names
            .iter()
            .flat_map(|name| [&[u8::try_from(name.len()).unwrap()], name.as_bytes()].concat())
            .collect();
        let count = u8::try_from(names.len()).unwrap();
        let array = [&[count, 0xa3], &symbols[..]].concat();
        let array = [&[0xe0, u8::try_from(array.len()).unwrap()], &array[..]].concat();
        let list = [&[1], &array[..]].concat();
        let list = [&[0xc0, u8::try_from(list.len()).unwrap()], &list[..]].concat();
        let body = [b"\x00\x53\x40", &list[..]].concat();
        prop_assert_eq!(answer(&[framed(0, &body)]), Some(Answer::Mechanisms(names)));
    }
}
