//! A proxy that refuses, is not reached, or has no address where it is needed.

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::proxy::ProxyAnswer;
use edgeprobe_facts::runtime::Part;
use edgeprobe_facts::{Role, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::Status;

use crate::device::*;
use crate::network::*;
use crate::proxies::*;

/// What a proxy's answer says beside its number.
type Change = fn(&mut ProxyAnswer);

#[test]
fn refusals_have_the_proxys_own_terms() {
    let none = |_: &mut ProxyAnswer| ();
    let cases: [(Token, u16, Change, &str); 6] = [
        (Token::ProxyAuthenticationRequired, 407, none, "its URL has none"),
        (
            Token::ProxyAuthenticationRequired,
            407,
            |answer| answer.schemes = vec!["Negotiate".to_owned(), "NTLM".to_owned()],
            "Negotiate and NTLM",
        ),
        (Token::ProxyForbidden, 403, none, "forbids"),
        (
            Token::ProxyBadGateway,
            503,
            |answer| answer.error = Some("ERR_DNS_FAIL 0".to_owned()),
            "503 ERR_DNS_FAIL",
        ),
        (Token::ProxyBadAnswer, 405, none, "no proxy"),
        (Token::ConnectionClosed, 0, none, "no answer to CONNECT"),
    ];
    for (token, status, change, word) in cases {
        let device = behind_a_proxy().answered(token, status, change);
        let verdict = device.sure(&[ProxyRejects]);
        assert!(verdict.summary.contains(word), "{}", verdict.summary);
        device.by_websocket_alone().sure(&[ProxyRejects]);
    }
}

#[test]
fn wrong_and_missing_credentials_differ_and_none_is_shown() {
    let url = "http://user:hunter2@10.0.0.1:3128";
    let device = Device::networked().shut_in().told(url, true).asked_by(url, Part::Environment);
    let device = device.answered(Token::ProxyAuthenticationRequired, 407, |_| ());
    let verdict = device.sure(&[ProxyRejects]);
    assert!(verdict.summary.contains("does not accept the credentials"), "{}", verdict.summary);
    let told = format!("{verdict:?}{}", serde_json::to_string(&verdict).unwrap());
    assert!(!told.contains("hunter2") && told.contains("***@10.0.0.1"), "{told}");
}

#[test]
fn a_proxy_policy_against_the_hub_and_one_against_all_differ() {
    let device = behind_a_proxy().answered(Token::ProxyForbidden, 403, |_| ());
    let control = proxied(Transport::Https, Role::Control, PROXY, Part::Environment);
    let verdict = device.with(control).sure(&[ProxyRejects]);
    assert!(verdict.summary.contains("lets another host through"), "{}", verdict.summary);
}

#[test]
fn an_unreachable_proxy_is_described_by_its_failure() {
    for (token, word) in [
        (Token::TimedOut, "gives no answer"),
        (Token::ConnectionRefused, "Nothing listens"),
        (Token::HostUnreachable, "cannot be reached"),
    ] {
        let device = behind_a_proxy().failing(is_proxied, Step::Connect, token);
        let verdict = device.sure(&[ProxyRejects]);
        assert!(verdict.summary.contains(word), "{}", verdict.summary);
    }
}

#[test]
fn a_proxy_on_this_host_s_loopback_serves_no_container() {
    let url = "http://localhost:3128";
    let device = Device::networked()
        .shut_in()
        .told(url, true)
        .asked_by(url, Part::Environment)
        .changed(is_proxied, |seen| {
            endpoint_of(seen).unwrap().peer = "127.0.0.1".parse().unwrap();
        })
        .failing(|o| at_edge(o) && is_proxied(o), Step::Connect, Token::ConnectionRefused);
    let verdict = device.expect(Status::Blocked, &[ProxyRejects]);
    assert!(verdict.summary.contains("own loopback"), "{}", verdict.summary);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
}

#[test]
fn a_proxy_name_that_containers_cannot_resolve_blocks_them() {
    let url = "http://proxy.corp:3128";
    let server = || Resolver::Server("10.0.0.53:53".parse().unwrap());
    let known = name("proxy.corp", Role::Proxy, Resolver::System, &[PROXY_ADDRESS]);
    let mut unknown = name("proxy.corp", Role::Proxy, server(), &[]);
    fail(&mut unknown, Step::Resolve, Token::DnsNxdomain);
    let device = Device::networked()
        .shut_in()
        .told(url, true)
        .asked_by(url, Part::Environment)
        .with(known)
        .with(from(&edge_network(), unknown));
    let verdict = device.expect(Status::Blocked, &[ProxyRejects]);
    assert!(verdict.summary.contains("has no address in"), "{}", verdict.summary);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
}

#[test]
fn an_unknown_proxy_name_explains_each_resolvers_denial() {
    let url = "http://proxy.site.example:3128";
    let unknown = |resolver| {
        let mut name = name("proxy.site.example", Role::Proxy, resolver, &[]);
        fail(&mut name, Step::Resolve, Token::DnsNxdomain);
        name
    };
    let server = Resolver::Server("192.168.1.1:53".parse().unwrap());
    Device::networked()
        .shut_in()
        .told(url, true)
        .with(unknown(Resolver::System))
        .with(unknown(server))
        .sure(&[ProxyRejects]);
}
