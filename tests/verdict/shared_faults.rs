//! One fault that keeps a device from the hub and from its services at once.

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::registry::Part;
use edgeprobe_facts::{Facts, Observation, Role, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Effect, Status};

use crate::device::*;
use crate::services::*;

#[test]
fn what_keeps_the_device_from_the_hub_keeps_it_from_the_rest_too() {
    let services = |device: Device, step, token| {
        let mut service = provisioning();
        fail(&mut service, step, token);
        device
            .with(failing(registry(Some("module:1.0")), Part::Registry, step, token))
            .with(service)
            .with(no_engine())
    };
    let blocked = Device::healthy()
        .failing(to_hub, Step::Connect, Token::TimedOut)
        .failing(to_control, Step::Connect, Token::TimedOut)
        .without(|o| matches!(o.facts, Facts::Clock(_)));
    services(blocked, Step::Connect, Token::TimedOut).sure(&[EgressBlocked]);

    let mut nameless = Device::healthy().nameless(Token::DnsTimeout, Some(Token::DnsTimeout));
    nameless =
        nameless.with(failing(registry(None), Part::Registry, Step::Resolve, Token::DnsTimeout));
    let mut name = name(PROVISIONING, Role::Provisioning, Resolver::System, &[]);
    fail(&mut name, Step::Resolve, Token::DnsTimeout);
    let verdict = nameless.with(name).expect(Status::Blocked, &[DnsHostFailure]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");

    let unknown = edgeprobe_facts::endpoint::TrustResult::UnknownIssuer;
    let intercepted = Device::healthy()
        .changed(to_hub, |o| {
            fail(o, Step::Tls, Token::TlsUnknownIssuer);
            certified(o, "CN=Contoso SSL Inspection", &[HUB], &trust(unknown, unknown, unknown));
        })
        .without(|o| matches!(o.facts, Facts::Clock(_)));
    let verdict = services(intercepted, Step::Tls, Token::TlsUnknownIssuer)
        .expect(Status::Blocked, &[TlsIntercepted]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");

    let closed = Device::healthy().failing(on_443, Step::Connect, Token::TimedOut);
    let verdict = services(closed, Step::Connect, Token::TimedOut)
        .expect(Status::Blocked, &[HttpsPortBlocked]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
}

#[test]
fn a_closed_port_that_a_service_needs_does_what_the_loss_of_the_service_does() {
    let silent = |o: Observation| {
        let mut silent = o;
        fail(&mut silent, Step::Connect, Token::TimedOut);
        silent
    };
    let closed = || Device::healthy().failing(on_443, Step::Connect, Token::TimedOut);
    closed().expect(Status::Degraded, &[HttpsPortBlocked]);
    let image =
        || failing(registry(Some("module:1.0")), Part::Registry, Step::Connect, Token::TimedOut);
    let verdict =
        closed().with(image()).with(engine(Some(&[]))).expect(Status::Blocked, &[HttpsPortBlocked]);
    assert_eq!(verdict.causes[0].effect, Effect::Blocks);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    assert!(verdict.outlook.edge_agent.contains("cannot be pulled"), "{:?}", verdict.outlook);
    // What is here already, and an identity that is there already, are not missed.
    closed()
        .with(image())
        .with(engine(Some(&[IMAGE])))
        .expect(Status::Degraded, &[HttpsPortBlocked]);
    let unprovisioned = closed().with(silent(provisioning()));
    let verdict =
        unprovisioned.clone().with(no_engine()).expect(Status::Blocked, &[HttpsPortBlocked]);
    assert!(verdict.outlook.edge_agent.contains("assigned to no hub"), "{:?}", verdict.outlook);
    unprovisioned.with(edge_agent()).expect(Status::Degraded, &[HttpsPortBlocked]);
}

#[test]
fn a_clock_that_is_off_explains_a_registry_s_certificate_though_the_hub_is_closed() {
    let untimely = failing(registry(None), Part::Registry, Step::Tls, Token::TlsNotYetValid);
    let mut clock = clock(-31_536_000.0);
    fail(&mut clock, Step::Compare, Token::ClockBehind);
    Device::healthy()
        .failing(to_hub, Step::Connect, Token::TimedOut)
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .with(clock)
        .with(untimely)
        .with(no_engine())
        .expect(Status::Blocked, &[EgressBlocked, ClockSkew]);
}

#[test]
fn what_ends_tls_on_the_hub_s_open_port_ends_it_at_the_registry() {
    let unknown = edgeprobe_facts::endpoint::TrustResult::UnknownIssuer;
    let verdict = Device::healthy()
        .failing(on_443, Step::Connect, Token::TimedOut)
        .changed(on(Transport::Amqp), |o| {
            fail(o, Step::Tls, Token::TlsUnknownIssuer);
            certified(o, "CN=Contoso SSL Inspection", &[HUB], &trust(unknown, unknown, unknown));
        })
        .without(|o| matches!(o.facts, Facts::Clock(_)))
        .with(failing(registry(None), Part::Registry, Step::Tls, Token::TlsUnknownIssuer))
        .with(no_engine())
        .verdict();
    let named = |id| verdict.causes.iter().any(|cause| cause.id == id);
    assert!(named(TlsIntercepted) && !named(RegistryUnreachable), "{verdict:#?}");
}

#[test]
fn an_ipv6_that_works_does_not_clear_what_is_done_to_ipv4_alone() {
    let at_ipv4 =
        of(failing(registry(None), Part::Registry, Step::Connect, Token::TimedOut), |facts| {
            facts.hosts[0].addresses = vec!["20.62.128.9".parse().unwrap()];
        });
    let mut device = Device::healthy().failing(to_hub, Step::Connect, Token::TimedOut);
    let hub = device.observations.iter().find(|o| is_hub_name(o)).cloned().unwrap();
    let ipv6 = "2603:1030::2";
    device = device.changed(is_hub_name, |o| {
        *o = Observation {
            id: hub.id.clone(),
            ..name(HUB, Role::Hub, Resolver::System, &[HUB_ADDRESS, ipv6])
        };
    });
    for transport in [Transport::Amqp, Transport::AmqpWs, Transport::Https] {
        device = device.with(connection(transport, Role::Hub, ipv6));
    }
    let verdict = device.with(at_ipv4).with(no_engine()).verdict();
    let named = |id| verdict.causes.iter().any(|cause| cause.id == id);
    assert!(!named(RegistryUnreachable), "{verdict:#?}");
}
