//! Edge Hub's ports where others listen beside it, or where its address is not this device's.

use std::net::IpAddr;

use edgeprobe_facts::ports::{Bind, BindResult, Holder, PortFacts};
use edgeprobe_facts::{Facts, Observation, Step, Token};
use edgeprobe_verdict::CauseId::{PortInUse, PortNotPermitted};
use edgeprobe_verdict::Status;

use crate::device::*;

/// The address of the card that downstream devices are behind.
const INSIDE: &str = "192.168.1.50";

fn edge_hub() -> Holder {
    Holder {
        address: Some(address(INSIDE)),
        process: Some("docker-proxy".to_owned()),
        pid: Some(358),
        container: Some("edgeHub".to_owned()),
        ..Holder::default()
    }
}

fn nginx() -> Holder {
    Holder {
        address: Some(address("127.0.0.1")),
        process: Some("nginx".to_owned()),
        pid: Some(812),
        unit: Some("nginx.service".to_owned()),
        ..Holder::default()
    }
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn facts(observation: &mut Observation) -> &mut PortFacts {
    let Facts::Ports(facts) = &mut observation.facts else { panic!("no port") };
    facts
}

#[test]
fn edge_hub_on_one_address_works_while_another_process_has_the_port_on_another() {
    for holders in [[edge_hub(), nginx()], [nginx(), edge_hub()]] {
        let verdict = Device::networked()
            .changed(of_port(443), |port| {
                holders.clone().into_iter().for_each(|holder| taken(port, holder));
            })
            .expect(Status::Healthy, &[]);
        assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
        assert!(verdict.outlook.edge_hub.contains("itself"), "{}", verdict.outlook.edge_hub);
        assert!(verdict.ruled_out.iter().any(|other| other.id == PortInUse));
    }
}

#[test]
fn another_process_on_one_port_is_the_cause_while_edge_hub_has_another() {
    let verdict = Device::networked()
        .changed(of_port(5671), |port| taken(port, edge_hub()))
        .changed(of_port(443), |port| taken(port, nginx()))
        .sure(&[PortInUse]);
    assert_eq!(verdict.causes[0].details["port"], 443);
}

#[test]
fn a_port_that_is_published_on_an_address_of_another_device_is_named_with_it() {
    let verdict = Device::networked()
        .changed(of_port(443), |port| {
            facts(port).binds =
                vec![Bind { address: address(INSIDE), result: BindResult::Unavailable }];
            fail(port, Step::Bind, Token::AddressNotAvailable);
        })
        .sure(&[PortNotPermitted]);
    assert!(verdict.causes[0].summary.contains(INSIDE), "{verdict:#?}");
    assert_eq!(verdict.causes[0].details["address"], INSIDE);
}
