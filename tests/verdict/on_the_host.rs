//! A runtime whose containers use the host's own network, beside container networks of others.

use edgeprobe_facts::engine::Container;
use edgeprobe_facts::trace::Stage;
use edgeprobe_facts::{Facts, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Effect, Status};

use crate::device::*;

/// The device, with these containers on the host's network and the others on the edge network.
fn with_on_the_host(device: Device, names: &[&str]) -> Device {
    device.changed(is_engine, |observation| {
        let Facts::Engine(engine) = &mut observation.facts else { unreachable!() };
        let container = |name: &str| Container {
            name: name.to_owned(),
            network_mode: Some(
                if names.contains(&name) { "host" } else { "azure-iot-edge" }.to_owned(),
            ),
            ..Container::default()
        };
        engine.containers = ["edgeAgent", "edgeHub", "sensor"].map(container).to_vec();
    })
}

fn dropped() -> Device {
    Device::networked().cut_off(Token::TimedOut).traced(Stage::LostInside, |_| ())
}

#[test]
fn a_network_that_the_runtime_does_not_use_keeps_it_from_nothing() {
    let verdict = with_on_the_host(dropped(), &["edgeAgent", "edgeHub"])
        .expect(Status::Healthy, &[ForwardBlocked]);
    assert_eq!(verdict.causes[0].effect, Effect::Warns);
    assert!(verdict.outlook.edge_agent.contains("connects"), "{:?}", verdict.outlook);
    assert!(verdict.unexplained.is_empty());
}

#[test]
fn a_network_that_edge_hub_alone_uses_degrades() {
    let verdict =
        with_on_the_host(dropped(), &["edgeAgent"]).expect(Status::Degraded, &[ForwardBlocked]);
    assert_eq!(verdict.causes[0].effect, Effect::Degrades);
    assert!(verdict.outlook.edge_agent.contains("connects"), "{:?}", verdict.outlook);
}

#[test]
fn a_network_that_edge_agent_uses_blocks_wherever_edge_hub_is() {
    for names in [&[][..], &["edgeHub"]] {
        with_on_the_host(dropped(), names).expect(Status::Blocked, &[ForwardBlocked]);
    }
}

#[test]
fn a_fault_of_the_hosts_own_blocks_a_runtime_on_the_host() {
    let device = Device::networked()
        .failing(to_hub, edgeprobe_facts::Step::Connect, Token::TimedOut)
        .traced(Stage::NoReply, |_| ())
        .without(|o| matches!(o.facts, Facts::Clock(_)));
    with_on_the_host(device, &["edgeAgent", "edgeHub"]).sure(&[EgressBlocked]);
}
