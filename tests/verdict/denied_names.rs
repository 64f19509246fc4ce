//! Names that this host's name servers deny and others know.

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::{Facts, Observation, Role, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Status};

use crate::device::*;
use crate::nested::{PARENT, child};

#[test]
fn a_name_that_the_host_denies_and_containers_reach_is_the_hosts_name_servers_fault() {
    let device = Device::networked().changed(|o| at_host(o) && is_hub_name(o), deny);
    let verdict = device.sure(&[DnsHostFailure]);
    let cause = &verdict.causes[0];
    assert!(cause.summary.contains("and is wrong"), "{}", cause.summary);
    assert!(cause.summary.contains(HUB_ADDRESS), "{}", cause.summary);
    assert!(verdict.outlook.edge_agent.contains("daemons"), "{}", verdict.outlook.edge_agent);
    // Both answers are evidence, and so is what shows which of them is right.
    for part in ["host/dns/", "bridge:azure-iot-edge/dns/", "/tls/amqp/"] {
        assert!(cause.evidence.iter().any(|id| id.contains(part)), "{:?}", cause.evidence);
    }
}

#[test]
fn a_parent_that_the_host_denies_and_containers_reach_is_not_unknown() {
    let verdict =
        child().changed(|o| at_host(o) && is_parents_name(o), deny).sure(&[DnsHostFailure]);
    assert!(verdict.summary.contains(PARENT), "{}", verdict.summary);
    assert!(verdict.ruled_out.iter().any(|other| other.id == ParentUnreachable));
}

#[test]
fn a_second_server_of_the_hosts_own_contradicts_the_first() {
    let server = Resolver::Server("10.8.0.53:53".parse().unwrap());
    let other = name(HUB, Role::Hub, server, &[HUB_ADDRESS]);
    let device = Device::healthy().changed(is_hub_name, deny).with(other);
    device.sure(&[DnsHostFailure]);
}

#[test]
fn an_address_where_nothing_shows_the_hub_makes_it_likely() {
    let device = Device::networked()
        .changed(|o| at_host(o) && is_hub_name(o), deny)
        .without(|o| to_hub(o) && at_host(o))
        .failing(to_hub, Step::Connect, Token::TimedOut);
    let verdict = device.verdict();
    let cause = verdict.causes.iter().find(|cause| cause.id == DnsHostFailure).unwrap();
    assert_eq!(cause.confidence, Confidence::Likely);
    assert!(cause.summary.contains("One of the two is wrong"), "{}", cause.summary);
    assert!(cause.would_confirm.as_ref().unwrap().contains("portal"), "{cause:#?}");
    assert_eq!(verdict.status, Status::Blocked);
    assert!(!verdict.causes.iter().any(|cause| cause.id == HubNameUnknown), "{verdict:#?}");
}

#[test]
fn a_filters_address_in_containers_shows_no_hub() {
    // The container's server answers for every name.
    let device = Device::networked()
        .changed(|o| at_host(o) && is_hub_name(o), deny)
        .changed(|o| at_edge(o) && is_hub_name(o), |o| answer(o, "0.0.0.0"))
        .without(to_hub);
    let verdict = device.verdict();
    assert!(!verdict.causes.iter().any(|cause| cause.id == DnsHostFailure), "{verdict:#?}");
}

/// A name server says that there is no such name, and the system's resolver passes that on.
fn deny(observation: &mut Observation) {
    unresolve(observation, Token::DnsNxdomain);
}

fn is_parents_name(observation: &Observation) -> bool {
    matches!(&observation.facts, Facts::Dns(facts) if facts.role == Role::Parent)
}

fn answer(observation: &mut Observation, address: &str) {
    let Facts::Dns(facts) = &mut observation.facts else { panic!("no name") };
    facts.addresses = vec![address.parse::<std::net::IpAddr>().unwrap().into()];
}
