//! A packet filter for the kernel: which packets of which interface a capturing socket is given.

use socket2::SockFilter;

use super::stage::Direction;

/// How much of a packet is kept: two headers with all their options, and an ICMP error's own.
const LENGTH: u32 = 256;

/// Where the kernel shows a packet's attributes to a filter (`SKF_AD_OFF`).
const ATTRIBUTES: u32 = 0xffff_f000;
const PACKET_TYPE: u32 = ATTRIBUTES + 4;
const INTERFACE: u32 = ATTRIBUTES + 8;

/// The packet type of those that the host sends (`PACKET_OUTGOING`).
const OUTGOING: u32 = 4;

// The instructions of the classic Berkeley packet filter (McCanne and Jacobson, 1993).
const LOAD_WORD: u16 = 0x20;
const LOAD_BYTE: u16 = 0x30;
const LOAD_BYTE_AFTER_HEADER: u16 = 0x50;
const LOAD_HEADER_LENGTH: u16 = 0xb1;
const AND: u16 = 0x54;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_SET: u16 = 0x45;
const RETURN: u16 = 0x06;

/// Passes IPv4 packets that open, take or refuse a TCP connection, and ICMP, of one interface and
/// direction. Packets begin with their IP header.
pub(super) fn opening(interface: u32, direction: Direction) -> Vec<SockFilter> {
    let (out, other) = match direction {
        Direction::Out => (0, 10),
        Direction::In => (10, 0),
    };
    // A jump's two numbers are how many instructions it skips if true, and if false.
    vec![
        SockFilter::new(LOAD_WORD, 0, 0, INTERFACE),
        SockFilter::new(JUMP_IF_EQUAL, 0, 12, interface),
        SockFilter::new(LOAD_WORD, 0, 0, PACKET_TYPE),
        SockFilter::new(JUMP_IF_EQUAL, out, other, OUTGOING),
        // The version of IP.
        SockFilter::new(LOAD_BYTE, 0, 0, 0),
        SockFilter::new(AND, 0, 0, 0xf0),
        SockFilter::new(JUMP_IF_EQUAL, 0, 7, 0x40),
        // The protocol: ICMP or TCP.
        SockFilter::new(LOAD_BYTE, 0, 0, 9),
        SockFilter::new(JUMP_IF_EQUAL, 4, 0, 1),
        SockFilter::new(JUMP_IF_EQUAL, 0, 4, 6),
        // TCP's flags: SYN or RST.
        SockFilter::new(LOAD_HEADER_LENGTH, 0, 0, 0),
        SockFilter::new(LOAD_BYTE_AFTER_HEADER, 0, 0, 13),
        SockFilter::new(JUMP_IF_SET, 0, 1, 0x06),
        SockFilter::new(RETURN, 0, 0, LENGTH),
        SockFilter::new(RETURN, 0, 0, 0),
    ]
}
