//! A child in nested edge: its parent is what it needs, and the hub is not.

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::endpoint::{HttpFacts, Transport, TrustResult};
use edgeprobe_facts::runtime::{RuntimeFacts, Setting};
use edgeprobe_facts::trace::Stage;
use edgeprobe_facts::{Facts, Observation, Role, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Effect, Status};

use crate::device::*;
use crate::network::*;

pub(crate) const PARENT: &str = "edge-l4.plant.example";
const PARENT_ADDRESS: &str = "192.168.1.2";

#[test]
fn a_child_whose_parent_answers_is_healthy_whatever_becomes_of_the_hub() {
    let verdict = child().expect(Status::Healthy, &[]);
    assert!(verdict.summary.contains(PARENT), "{}", verdict.summary);
    // The parent's authority is its own, so its certificate is not known here.
    assert_eq!(verdict.confidence, Confidence::Likely);
    assert!(verdict.not_tested.iter().any(|missing| missing.what.contains("the parent")));
    assert!(verdict.ruled_out.iter().any(|other| other.id == ParentUnreachable));
    let unreachable = |o: &Observation| to_hub(o) && o.vantage == edgeprobe_facts::Vantage::Host;
    let mut with_the_hub = child();
    with_the_hub.observations.extend(Device::healthy().observations);
    with_the_hub
        .failing(unreachable, Step::Connect, Token::NetworkUnreachable)
        .failing(|o| is_route(o) && o.target == HUB_ADDRESS, Step::Route, Token::NetworkUnreachable)
        .expect(Status::Healthy, &[]);
}

#[test]
fn a_parent_whose_authority_was_named_is_confirmed() {
    let verdict = child()
        .changed(to_parent, |o| {
            let unknown = TrustResult::UnknownIssuer;
            let mut trust = trust(unknown, unknown, TrustResult::Trusted);
            trust.ca_file = Some(TrustResult::Trusted);
            certified(o, "CN=iotedgeca edge-l4", &[PARENT], &trust);
        })
        .expect(Status::Healthy, &[]);
    assert_eq!(verdict.confidence, Confidence::Confirmed);
}

#[test]
fn the_runtimes_configuration_names_the_parent_as_well() {
    let mut device = child();
    device.target.parent = None;
    let parent = Setting { value: PARENT.to_owned(), source: "/etc/aziot/config.toml".to_owned() };
    let facts = RuntimeFacts { parent: Some(parent), ..RuntimeFacts::default() };
    let runtime = passed("runtime/files", "the runtime", Facts::Runtime(Box::new(facts)));
    let verdict = device.with(runtime).expect(Status::Healthy, &[]);
    assert!(verdict.summary.contains(PARENT));
}

#[test]
fn a_parent_that_is_closed_is_unreachable_and_no_firewall_of_the_site() {
    for (token, word) in [(Token::TimedOut, "no answer"), (Token::ConnectionRefused, "refuses")] {
        let verdict = child().failing(to_parent, Step::Connect, token).sure(&[ParentUnreachable]);
        let cause = &verdict.causes[0];
        assert!(cause.summary.contains(word) && cause.summary.contains("443 and 5671"));
        assert_eq!(cause.details["parent"], PARENT);
        assert_eq!(cause.details["ports"], serde_json::json!([443, 5671]));
    }
}

#[test]
fn a_parent_that_is_closed_on_443_alone_blocks_although_amqp_is_open() {
    let verdict = child()
        .failing(|o| to_parent(o) && at_port(443)(o), Step::Connect, Token::TimedOut)
        .sure(&[ParentUnreachable]);
    assert!(verdict.summary.contains("5671 is open"), "{}", verdict.summary);
    assert!(verdict.outlook.edge_agent.contains("no module starts"));
}

#[test]
fn a_parent_that_is_closed_on_5671_alone_costs_a_fallback() {
    child()
        .failing(|o| to_parent(o) && at_port(5671)(o), Step::Connect, Token::TimedOut)
        .expect(Status::Degraded, &[AmqpPortBlocked]);
}

#[test]
fn a_parent_that_answers_and_lets_no_websocket_through_is_reached_by_amqp_alone() {
    let upgrade = |o: &Observation| matches!(o.facts, Facts::Websocket(_)) && to_parent(o);
    let verdict = child()
        .failing(upgrade, Step::Upgrade, Token::UpgradeRefused)
        .expect(Status::Degraded, &[WebsocketBlocked]);
    assert!(verdict.unexplained.is_empty(), "{:#?}", verdict.unexplained);
}

#[test]
fn a_parent_that_is_closed_on_6617_alone_only_warns() {
    let verdict = child()
        .failing(at_port(6617), Step::Connect, Token::ConnectionRefused)
        .expect(Status::Healthy, &[ParentUnreachable]);
    assert_eq!(verdict.causes[0].effect, Effect::Warns);
    assert!(verdict.causes[0].summary.contains("6617"));
    assert!(verdict.unexplained.is_empty());
}

#[test]
fn another_server_in_the_parents_place_is_said_to_be_one() {
    let verdict = child()
        .changed(
            |o| to_parent(o) && at_port(443)(o),
            |o| {
                let facts = endpoint_of(o).unwrap();
                let status = if facts.transport == Transport::Https { 200 } else { 404 };
                facts.http = Some(HttpFacts {
                    status,
                    server: Some("nginx".into()),
                    ..HttpFacts::default()
                });
                let (step, token) = match facts.transport {
                    Transport::Https => (Step::Http, Token::HttpNotIotHub),
                    _ => (Step::Upgrade, Token::UpgradeRefused),
                };
                let failure = edgeprobe_facts::Failure::new(step, token, "");
                (o.outcome, o.failure) = (edgeprobe_facts::Outcome::Fail, Some(failure));
            },
        )
        .failing(|o| to_parent(o) && at_port(5671)(o), Step::Connect, Token::ConnectionRefused)
        .sure(&[ParentUnreachable]);
    assert!(verdict.summary.contains("no Edge Hub: nginx"), "{}", verdict.summary);
}

#[test]
fn a_certificate_for_another_name_is_the_parents_fault_and_no_interception() {
    let unknown = TrustResult::UnknownIssuer;
    let verdict = child()
        .changed(to_parent, |o| {
            let trust = trust(unknown, unknown, unknown);
            certified(o, "CN=iotedgeca edge-l4", &["edge-l4"], &trust);
        })
        .expect(Status::Blocked, &[ParentUnreachable]);
    assert!(verdict.summary.contains("parent_hostname"), "{}", verdict.summary);
}

#[test]
fn a_parent_that_no_name_server_knows_is_unknown() {
    let verdict = child()
        .without(|o| o.facts.endpoint().is_some() || is_route(o))
        .changed(is_parents_name, |o| {
            let Facts::Dns(facts) = &mut o.facts else { unreachable!() };
            facts.addresses.clear();
            let token = match facts.resolver {
                Resolver::System => Token::DnsNoAnswer,
                Resolver::Server(_) => Token::DnsNxdomain,
            };
            fail(o, Step::Resolve, token);
        })
        .sure(&[ParentUnreachable]);
    assert!(verdict.summary.contains("does not know"), "{}", verdict.summary);
}

#[test]
fn a_parent_in_the_hosts_file_alone_is_unknown_to_containers() {
    child()
        .changed(is_parents_name, |o| {
            let at_host = at_host(o);
            let Facts::Dns(facts) = &mut o.facts else { unreachable!() };
            if at_host && facts.resolver == Resolver::System {
                facts.hosts_file = vec![PARENT_ADDRESS.parse().unwrap()];
            } else {
                facts.addresses.clear();
                fail(o, Step::Resolve, Token::DnsNxdomain);
            }
        })
        .sure(&[DnsContainerFailure]);
}

#[test]
fn containers_that_alone_are_kept_from_the_parent_have_a_fault_of_this_device() {
    child()
        .failing(|o| at_edge(o) && to_parent(o), Step::Connect, Token::TimedOut)
        .traced(Stage::LostInside, |trace| {
            trace.destination.set_ip(PARENT_ADDRESS.parse().unwrap());
            trace.dropped_by = vec![dropping("-A DOCKER-USER -j DROP")];
        })
        .sure(&[ForwardBlocked]);
}

#[test]
fn a_silent_resolver_is_not_the_parents_fault() {
    child()
        .without(|o| o.facts.endpoint().is_some() || is_route(o))
        .changed(is_parents_name, |o| {
            let Facts::Dns(facts) = &mut o.facts else { unreachable!() };
            facts.addresses.clear();
            fail(o, Step::Resolve, Token::DnsTimeout);
        })
        .expect(Status::Blocked, &[DnsHostFailure]);
}

/// A child on which everything works, and whose hub was not asked for.
pub(crate) fn child() -> Device {
    let mut device = Device::networked();
    device.target.parent = Some(PARENT.to_owned());
    device = device
        .without(|o| is_control_name(o) || to_control(o) || matches!(o.facts, Facts::Clock(_)))
        .changed(
            |o| is_hub_name(o) || to_hub(o) || is_route(o) || is_edge_route(o),
            |o| {
                o.id = o.id.replace(HUB_ADDRESS, PARENT_ADDRESS).replace(HUB, PARENT);
                o.target = o.target.replace(HUB_ADDRESS, PARENT_ADDRESS);
                match &mut o.facts {
                    Facts::Dns(facts) => {
                        PARENT.clone_into(&mut facts.name);
                        facts.role = Role::Parent;
                        let address: std::net::IpAddr = PARENT_ADDRESS.parse().unwrap();
                        facts.addresses = vec![address.into()];
                    }
                    Facts::Route(facts) => facts.destination = PARENT_ADDRESS.parse().unwrap(),
                    Facts::EdgeRoute(facts) => facts.destination = PARENT_ADDRESS.parse().unwrap(),
                    _ => as_the_parents(o, None),
                }
            },
        );
    for network in [None, Some(edge_network())] {
        let mut second = connection(Transport::Https, Role::Hub, HUB_ADDRESS);
        as_the_parents(&mut second, Some(6617));
        second.id = format!("host/https/{PARENT}/{PARENT_ADDRESS}:6617");
        device = device.with(match &network {
            Some(network) => from(network, second),
            None => second,
        });
    }
    device
}

/// Makes a connection to the hub one to the parent, whose certificate is of its own authority.
pub(crate) fn as_the_parents(observation: &mut Observation, port: Option<u16>) {
    let unknown = TrustResult::UnknownIssuer;
    let trust = trust(unknown, unknown, unknown);
    certified(observation, "CN=iotedgeca edge-l4", &[PARENT], &trust);
    let facts = endpoint_of(observation).unwrap();
    facts.role = Role::Parent;
    PARENT.clone_into(&mut facts.server);
    facts.peer = PARENT_ADDRESS.parse().unwrap();
    facts.port = port.unwrap_or(facts.port);
}

fn is_parents_name(observation: &Observation) -> bool {
    matches!(&observation.facts, Facts::Dns(facts) if facts.role == Role::Parent)
}

/// Picks the connections to the parent on the ports that a hub has as well.
fn to_parent(observation: &Observation) -> bool {
    let facts = observation.facts.endpoint();
    facts.is_some_and(|facts| facts.role == Role::Parent && facts.port != 6617)
}

fn at_port(port: u16) -> impl Fn(&Observation) -> bool {
    move |observation| observation.facts.endpoint().is_some_and(|facts| facts.port == port)
}
