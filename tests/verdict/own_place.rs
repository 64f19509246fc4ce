//! What only one container of the runtime's has: its hosts file, its name servers, its routes.

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::engine::{Container, CreateOptions, ExtraHost};
use edgeprobe_facts::route::tables::{Address, Tables};
use edgeprobe_facts::trace::Stage;
use edgeprobe_facts::vantage::{Means, VantageFacts};
use edgeprobe_facts::{Facts, Observation, Role, Step, Token, Vantage};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Effect, Status};

use crate::device::*;
use crate::network::*;

const WRONG: &str = "20.49.110.99";

fn edge_hub() -> Vantage {
    Vantage::Module("edgeHub".to_owned())
}

fn at_edge_hub(observation: &Observation) -> bool {
    observation.vantage == edge_hub()
}

/// As an observation from Edge Hub's own place.
fn from_edge_hub(mut observation: Observation) -> Observation {
    observation.vantage = edge_hub();
    observation.id = format!("module:edgeHub/{}", observation.id);
    observation
}

fn by_container(addresses: &[&str]) -> Observation {
    name(HUB, Role::Hub, Resolver::System, addresses)
}

/// The whole runtime, Edge Hub seen from its own place as well.
fn with_edge_hub() -> Device {
    use edgeprobe_facts::endpoint::Transport::{Amqp, AmqpWs};
    let facts = VantageFacts {
        network: edge_network(),
        means: Some(Means::Container { name: "edgeHub".to_owned() }),
        resolver: None,
        tables: None,
    };
    let facts = Facts::Vantage(Box::new(facts));
    let mut device = Device::networked()
        .with(from_edge_hub(passed("vantage/joined", "the place of edgeHub", facts)))
        .with(from_edge_hub(by_container(&[HUB_ADDRESS])));
    for transport in [Amqp, AmqpWs] {
        device = device.with(from_edge_hub(connection(transport, Role::Hub, HUB_ADDRESS)));
    }
    device.made_with("edgeHub", &CreateOptions::default())
}

impl Device {
    /// The engine says that a container was made with these options.
    fn made_with(self, container: &str, options: &CreateOptions) -> Self {
        self.changed(is_engine, |seen| {
            let Facts::Engine(facts) = &mut seen.facts else { unreachable!() };
            facts.containers.push(Container {
                name: container.to_owned(),
                create_options: Some(Box::new(options.clone())),
                ..Container::default()
            });
        })
    }
}

fn pinned_to(address: &str) -> CreateOptions {
    let entry = ExtraHost { name: HUB.to_owned(), address: address.to_owned() };
    CreateOptions { extra_hosts: vec![entry], ..CreateOptions::default() }
}

/// The container's hosts file answers with this address.
fn pin(observation: &mut Observation, address: &str) {
    let Facts::Dns(facts) = &mut observation.facts else { panic!("no name") };
    facts.hosts_file = vec![address.parse().unwrap()];
    facts.addresses = vec![address.parse::<std::net::IpAddr>().unwrap().into()];
    facts.canonical_names.clear();
}

fn closed(address: &str) -> Observation {
    let mut closed = connection(edgeprobe_facts::endpoint::Transport::Amqp, Role::Hub, address);
    fail(&mut closed, Step::Connect, Token::TimedOut);
    closed
}

#[test]
fn a_runtime_whose_edge_hub_reaches_the_hub_from_its_own_place_is_healthy() {
    with_edge_hub().expect(Status::Healthy, &[]);
}

#[test]
fn an_address_of_before_in_edge_agents_extra_hosts_blocks_and_names_the_entry() {
    let mut pinned = by_container(&[]);
    pin(&mut pinned, WRONG);
    let verdict = Device::networked()
        .made_with("edgeAgent", &pinned_to(WRONG))
        .with(from(&edge_network(), pinned))
        .with(from(&edge_network(), closed(WRONG)))
        .sure(&[DnsHijack]);
    let cause = &verdict.causes[0];
    assert!(cause.summary.contains("create options of edgeAgent"), "{}", cause.summary);
    assert!(cause.summary.contains(WRONG), "{}", cause.summary);
    assert_eq!(cause.details["set_by"], "HostConfig.ExtraHosts");
    assert_eq!(cause.effect, Effect::Blocks);
}

#[test]
fn a_right_address_in_extra_hosts_is_a_note_and_no_cause() {
    let mut pinned = by_container(&[]);
    pin(&mut pinned, HUB_ADDRESS);
    let verdict = Device::networked()
        .made_with("edgeAgent", &pinned_to(HUB_ADDRESS))
        .with(from(&edge_network(), pinned))
        .expect(Status::Healthy, &[]);
    assert_eq!(verdict.confidence, Confidence::Confirmed);
    assert!(verdict.notes[0].text.contains("HostConfig.ExtraHosts"), "{:?}", verdict.notes);
    assert!(Device::networked().verdict().notes.is_empty());
}

#[test]
fn a_name_that_the_search_list_found_is_not_the_hubs() {
    let mut searched = by_container(&["192.168.1.7"]);
    let Facts::Dns(facts) = &mut searched.facts else { unreachable!() };
    facts.canonical_names = vec![format!("{HUB}.corp.example")];
    let verdict = Device::networked()
        .with(from(&edge_network(), searched))
        .with(from(&edge_network(), closed("192.168.1.7")))
        .sure(&[DnsHijack]);
    assert!(verdict.causes[0].summary.contains("corp.example"), "{}", verdict.summary);
}

#[test]
fn a_dead_name_server_of_edge_hubs_own_degrades_and_names_it() {
    let options =
        CreateOptions { dns: vec!["192.168.1.253".to_owned()], ..CreateOptions::default() };
    let verdict = with_edge_hub()
        .changed(
            |o| at_edge_hub(o) && matches!(o.facts, Facts::Dns(_)),
            |o| {
                let Facts::Dns(facts) = &mut o.facts else { unreachable!() };
                facts.addresses.clear();
                fail(o, Step::Resolve, Token::DnsTimeout);
            },
        )
        .changed(is_engine, |seen| {
            let Facts::Engine(facts) = &mut seen.facts else { unreachable!() };
            facts.containers[0].create_options = Some(Box::new(options.clone()));
        })
        .expect(Status::Degraded, &[DnsContainerFailure]);
    let cause = &verdict.causes[0];
    assert!(cause.summary.contains("edgeHub"), "{}", cause.summary);
    assert!(cause.summary.contains("192.168.1.253"), "{}", cause.summary);
    assert_eq!(cause.details["module"], "edgeHub");
    assert!(verdict.unexplained.is_empty());
}

#[test]
fn edge_hub_without_a_route_of_its_own_degrades() {
    let verdict = with_edge_hub()
        .failing(|o| at_edge_hub(o) && to_hub(o), Step::Connect, Token::NetworkUnreachable)
        .changed(
            |o| at_edge_hub(o) && matches!(o.facts, Facts::Vantage(_)),
            |o| {
                let Facts::Vantage(facts) = &mut o.facts else { unreachable!() };
                facts.tables = Some(Box::new(Tables { complete: true, ..Tables::default() }));
            },
        )
        .expect(Status::Degraded, &[BridgeNoRoute]);
    assert!(verdict.causes[0].summary.contains("Inside edgeHub"), "{}", verdict.summary);
}

#[test]
fn a_translation_to_an_address_of_before_is_a_missing_one() {
    let own = |interface: &str, network: &str| Address {
        interface: interface.to_owned(),
        network: network.parse().unwrap(),
    };
    let verdict = Device::networked()
        .retabled(|tables| tables.addresses.push(own("eth0", "192.168.1.50/24")))
        .cut_off(Token::TimedOut)
        .traced(Stage::NoReply, |trace| {
            trace.left[0].source = "192.168.77.77:40000".parse().unwrap();
        })
        .sure(&[NatMissing]);
    assert!(verdict.causes[0].summary.contains("192.168.77.77"), "{}", verdict.summary);
}

#[test]
fn an_internal_network_is_no_filters_doing() {
    let verdict = Device::networked()
        .changed(is_engine, |seen| {
            let Facts::Engine(facts) = &mut seen.facts else { unreachable!() };
            facts.networks[0].internal = true;
        })
        .cut_off(Token::TimedOut)
        .traced(Stage::LostInside, |trace| {
            trace.dropped_by = vec![dropping("-A DOCKER-ISOLATION-STAGE-1 -j DROP")];
        })
        .sure(&[BridgeNoRoute]);
    assert!(verdict.causes[0].summary.contains("internal"), "{}", verdict.summary);
}
