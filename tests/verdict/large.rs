//! Reports that no device would write and a stranger may hand to `replay`: they are judged in the time
//! that a person waits. No time is asserted; what grows faster than its input would not end.

use std::net::Ipv4Addr;

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::registry::Part;
use edgeprobe_facts::trace::Stage;
use edgeprobe_facts::{Observation, Role, Step, Token, Vantage};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{CauseId, Status};

use crate::device::*;
use crate::network::dropping;
use crate::services::{failing, of, registry};

/// As many observations as a report is read with.
const MANY: u16 = 10_000;

fn held(number: u16) -> Observation {
    let mut held = port(number);
    fail(&mut held, Step::Bind, Token::AddressInUse);
    held
}

fn address(number: u16) -> String {
    Ipv4Addr::from_bits(0x1431_0000 + u32::from(number)).to_string()
}

fn closed(number: u16) -> Observation {
    let mut closed = connection(Transport::Amqp, Role::Hub, &address(number));
    closed.id = format!("host/tls/{number}");
    fail(&mut closed, Step::Connect, Token::TimedOut);
    closed
}

fn unserved(number: u16) -> Observation {
    let mut lost = failing(registry(None), Part::Registry, Step::Connect, Token::TimedOut);
    lost.id = format!("registry/{number}");
    of(lost, |facts| facts.registry = format!("registry-{number}.example"))
}

/// The device with these observations beside its own, and the causes, each once.
fn causes_beside(more: impl Iterator<Item = Observation>) -> Vec<CauseId> {
    let mut device = Device::healthy();
    device.observations.extend(more);
    let verdict = device.verdict();
    let mut causes: Vec<CauseId> = verdict.causes.iter().map(|cause| cause.id).collect();
    causes.dedup();
    causes
}

#[test]
fn sixty_held_ports_are_sixty_causes() {
    let mut device = Device::healthy().without(|seen| seen.id.starts_with("port"));
    device.target.ports = (8_000..8_060).collect();
    device.observations.extend((8_000..8_060).map(held));
    let verdict = device.verdict();
    assert_eq!(verdict.status, Status::Blocked);
    assert_eq!(verdict.causes.len(), 60);
    assert!(verdict.causes.iter().all(|cause| cause.id == PortInUse));
    assert!(verdict.unexplained.is_empty());
}

#[test]
fn ten_thousand_held_ports_are_all_named() {
    assert_eq!(causes_beside((10_000..10_000 + MANY).map(held)), [PortInUse]);
}

#[test]
fn ten_thousand_registries_out_of_reach_are_all_named() {
    assert_eq!(causes_beside((0..MANY).map(unserved)), [RegistryUnreachable]);
}

#[test]
fn ten_thousand_closed_addresses_of_the_hub_are_one_cause() {
    let server = Resolver::System;
    let addresses: Vec<String> = (0..MANY).map(address).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let named = name(HUB, Role::Hub, server, &addresses);
    let device = Device::healthy().without(to_hub).without(is_hub_name).with(named);
    let device = (0..MANY).map(closed).fold(device, Device::with);
    device.expect(Status::Blocked, &[EgressBlocked]);
}

#[test]
fn ten_thousand_answers_for_one_name_are_one_cause() {
    let answers = (0..MANY).map(|number| {
        let server = Resolver::Server(format!("{}:53", address(number)).parse().unwrap());
        let mut answer = name(HUB, Role::Hub, server, &[]);
        answer.id = format!("host/dns/{number}");
        unresolve(&mut answer, Token::DnsTimeout);
        answer
    });
    assert_eq!(causes_beside(answers), [DnsHostFailure]);
}

#[test]
fn two_thousand_networks_that_are_cut_off_are_one_cause() {
    let device = Device::networked().traced(Stage::LostInside, |trace| {
        trace.dropped_by = vec![dropping("-P FORWARD DROP")];
    });
    let of_one: Vec<Observation> =
        device.cut_off(Token::TimedOut).observations.into_iter().filter(at_edge).collect();
    let in_network = |number: usize| {
        of_one.iter().cloned().map(move |mut seen| {
            let network = format!("net-{number}");
            seen.id = format!("bridge:{network}/{}", seen.id);
            seen.vantage = Vantage::Bridge(network);
            seen
        })
    };
    let mut device = Device::networked().without(at_edge);
    device.observations.extend((0..usize::from(MANY) / of_one.len()).flat_map(in_network));
    assert!(device.observations.len() > 9_900);
    device.expect(Status::Blocked, &[ForwardBlocked]);
}
