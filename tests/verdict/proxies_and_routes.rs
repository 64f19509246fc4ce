//! A proxy on the way, and the routes that lead to it or past it.

use edgeprobe_facts::endpoint::{Detour, Transport};
use edgeprobe_facts::route::tables::LinkKind;
use edgeprobe_facts::runtime::Part;
use edgeprobe_facts::trace::Stage;
use edgeprobe_facts::{Facts, Role, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Effect, Status};

use crate::device::*;
use crate::proxies::*;

#[test]
fn a_subnet_that_covers_the_proxy_keeps_containers_from_it() {
    let url = "http://172.18.3.128:3128";
    let verdict = Device::networked()
        .shut_in()
        .rerouted(&[], &["172.18.3.0/24 via 192.168.1.1 dev eth0"], &[])
        .told(url, true)
        .asked_by(url, Part::Environment)
        .changed(is_proxied, |seen| {
            endpoint_of(seen).unwrap().peer = "172.18.3.128".parse().unwrap();
        })
        .failing(|o| at_edge(o) && is_proxied(o), Step::Connect, Token::HostUnreachable)
        .expect(Status::Blocked, &[SubnetOverlap]);
    assert!(verdict.summary.contains("172.18.3.128"), "{}", verdict.summary);
}

#[test]
fn a_network_that_is_cut_off_hides_no_proxy_that_the_site_requires() {
    // The host goes by the engine's proxy; from the edge network nothing leaves the device.
    let verdict = Device::networked()
        .shut_in()
        .set(&[(Part::Engine, Some(PROXY))])
        .asked_by(PROXY, Part::Engine)
        .failing(|o| at_edge(o) && is_proxied(o), Step::Connect, Token::TimedOut)
        .retabled(|tables| tables.ip_forward = Some(false))
        .traced(Stage::LostInside, |_| ())
        .expect(Status::Blocked, &[IpForwardDisabled, ProxyRequired]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
}

#[test]
fn a_proxy_near_by_does_not_hide_that_a_tunnel_takes_the_way_to_the_hub() {
    // The route to the proxy is seen first, and is none of the tunnel's.
    let mut device = behind_a_proxy()
        .rerouted(&[("tun0", LinkKind::Tun)], &["0.0.0.0/1 dev tun0", "128.0.0.0/1 dev tun0"], &[])
        .changed(is_route, |o| {
            let Facts::Route(facts) = &mut o.facts else { unreachable!() };
            facts.interface = Some("tun0".to_owned());
            (facts.gateway, facts.gateway_answers) = (None, None);
        });
    let mut by_the_uplink = connection(Transport::Amqp, Role::Detour, HUB_ADDRESS);
    detoured(&mut by_the_uplink, Detour::Interface("eth0".to_owned()));
    device.observations.insert(0, route(PROXY_ADDRESS));
    let device = device.with(by_the_uplink);
    // AMQP is what is lost: the proxy carries the rest.
    let verdict = device.expect(Status::Degraded, &[VpnOverride]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    let idle = device.by_websocket_alone().expect(Status::Healthy, &[VpnOverride]);
    assert_eq!(idle.causes[0].effect, Effect::Warns);
}

#[test]
fn a_proxy_on_the_device_s_own_link_does_not_hide_a_dead_gateway() {
    let (mut beside, mut beyond) = (route(PROXY_ADDRESS), route("20.36.0.1"));
    let Facts::Route(facts) = &mut beside.facts else { unreachable!() };
    (facts.gateway, facts.gateway_answers) = (None, None);
    let Facts::Route(facts) = &mut beyond.facts else { unreachable!() };
    facts.gateway_answers = Some(false);
    let verdict = Device::networked()
        .nameless(Token::DnsTimeout, Some(Token::DnsTimeout))
        .told(PROXY, true)
        .asked_by(PROXY, Part::Environment)
        .with(beside)
        .with(beyond)
        .expect(Status::Degraded, &[HostOffline]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
}
