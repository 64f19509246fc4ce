//! The network that is still to be made: the engine's address pools, and a subnet that is configured.

use edgeprobe_facts::Facts;
use edgeprobe_facts::engine::{AddressPool, EngineKind, RUNTIME_NETWORK};
use edgeprobe_facts::route::tables::LinkKind;
use edgeprobe_facts::runtime::{RuntimeFacts, Setting};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Effect, Status};

use crate::device::*;
use crate::network::*;

#[test]
fn an_engine_without_a_free_pool_cannot_make_the_runtimes_network() {
    let pool = AddressPool { base: "172.17.0.0/16".parse().unwrap(), size: 16 };
    let mut device = Device::healthy()
        .with(passed("route_tables/all", "links, routes and rules", tables()))
        .with(engine(&[default_network()]))
        .changed(is_engine, |o| {
            let Facts::Engine(facts) = &mut o.facts else { unreachable!() };
            facts.settings.default_address_pools = vec![pool];
        });
    device.expect(Status::Blocked, &[AddressPoolExhausted]);
    // A network that is named for the runtime, and is there, has not to be made.
    device.target.network = Some(DEFAULT.to_owned());
    device.expect(Status::Healthy, &[]);
}

#[test]
fn two_halves_of_everything_leave_docker_no_pool_and_podman_all() {
    let device = |kind| {
        let halves = ["0.0.0.0/1 dev wg0", "128.0.0.0/1 dev wg0"];
        Device::networked()
            .by_the_host_alone()
            .rerouted(&[("wg0", LinkKind::Wireguard)], &halves, &[])
            .without(|o| is_engine(o) || !at_host(o))
            .with(engine(&[default_network()]))
            .changed(is_engine, move |o| {
                let Facts::Engine(facts) = &mut o.facts else { unreachable!() };
                facts.kind = Some(kind);
            })
    };
    device(EngineKind::Docker).expect(Status::Blocked, &[AddressPoolExhausted]);
    // Podman compares its pools with the addresses of interfaces.
    let verdict = device(EngineKind::Podman).expect(Status::Healthy, &[]);
    let pools = verdict.ruled_out.iter().find(|out| out.id == AddressPoolExhausted).unwrap();
    assert!(pools.because.contains("10.89.0.0/24"), "{pools:?}");
}

#[test]
fn a_future_subnet_that_covers_a_route_is_warned_of() {
    warns_of(&before_its_network_is_made(), "172.18.0.0/15");
}

/// A device whose engine has its default network alone, and a route that it does not heed.
fn before_its_network_is_made() -> Device {
    Device::networked()
        .by_the_host_alone()
        .rerouted(&[("tun0", LinkKind::Tun)], &["172.18.0.0/15 via 10.8.0.1 dev tun0"], &[])
        .without(|o| is_engine(o) || !at_host(o))
        .with(engine(&[default_network()]))
}

#[track_caller]
fn warns_of(device: &Device, needed: &str) {
    let verdict = device.expect(Status::Healthy, &[SubnetOverlap]);
    assert_eq!(verdict.causes[0].effect, Effect::Warns);
    assert!(verdict.causes[0].summary.contains(needed), "{}", verdict.causes[0].summary);
}

/// A device whose runtime is to make its network with this subnet, and has not made it yet.
fn to_make_its_network_with(subnet: &str, name: &str) -> Device {
    let setting =
        |value: &str| Setting { value: value.to_owned(), source: "config.toml".to_owned() };
    let facts = RuntimeFacts {
        network: Some(setting(name)),
        subnet: Some(Setting { value: subnet.parse().unwrap(), source: "config.toml".to_owned() }),
        ..RuntimeFacts::default()
    };
    before_its_network_is_made().with(passed(
        "runtime/configuration",
        "the runtime",
        Facts::Runtime(Box::new(facts)),
    ))
}

#[test]
fn a_configured_subnet_counts_in_place_of_the_engines_choice() {
    // The engine's own choice would share addresses with the tunnel's route.
    let verdict =
        to_make_its_network_with("10.210.0.0/24", RUNTIME_NETWORK).expect(Status::Healthy, &[]);
    let pools = verdict.ruled_out.iter().find(|out| out.id == AddressPoolExhausted).unwrap();
    assert!(pools.because.contains("configured to make its network with 10.210.0.0/24"));
    assert!(pools.evidence.iter().any(|id| id.contains("runtime/")), "{pools:?}");
    // For a network that the run was told of, the subnet of another one says nothing.
    let mut factory = to_make_its_network_with("10.210.0.0/24", "factory");
    warns_of(&factory, "172.18.0.0/15");
    factory.target.network = Some("factory".to_owned());
    factory.expect(Status::Healthy, &[]);
}

#[test]
fn a_configured_subnet_that_covers_a_needed_address_is_warned_of_before_it_exists() {
    for (subnet, needed) in [
        ("172.18.0.0/15", "172.18.0.0/15"),
        ("10.0.0.0/24", "10.0.0.53/32"),
        ("20.49.110.0/24", "20.49.110.2/32"),
    ] {
        warns_of(&to_make_its_network_with(subnet, RUNTIME_NETWORK), needed);
    }
}

#[test]
fn a_configured_subnet_that_the_engine_has_given_away_keeps_the_runtime_down() {
    let verdict = to_make_its_network_with("172.17.4.0/24", RUNTIME_NETWORK).sure(&[SubnetOverlap]);
    assert_eq!(verdict.causes[0].effect, Effect::Blocks);
    assert!(verdict.causes[0].summary.contains("the engine's network bridge"), "{verdict:?}");
    assert!(verdict.outlook.edge_agent.contains("gives it no container"), "{verdict:?}");
}
