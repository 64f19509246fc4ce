//! A proxy on the way, or one that should be: what each part is told, and what comes of it.

use edgeprobe_facts::endpoint::{Transport, TrustResult, ViaFacts};
use edgeprobe_facts::proxy::{NoProxyList, ProxyAnswer};
use edgeprobe_facts::runtime::{Part, ProxySetting, RuntimeFacts};
use edgeprobe_facts::{Facts, Observation, Role, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Effect, GivenProxy, Status, Verdict};

use crate::device::*;
use crate::network::*;

pub(crate) const PROXY: &str = "http://10.0.0.1:3128";
pub(crate) const PROXY_ADDRESS: &str = "10.0.0.1";

/// A connection by a proxy that a part is told of.
pub(crate) fn proxied(transport: Transport, role: Role, url: &str, part: Part) -> Observation {
    let mut seen = connection(transport, role, PROXY_ADDRESS);
    let answer = ProxyAnswer { status: 200, ..ProxyAnswer::default() };
    seen.id = format!("{}/by-proxy-of-{part:?}", seen.id);
    let facts = endpoint_of(&mut seen).unwrap();
    let url = url.parse().unwrap();
    facts.proxy = Some(ViaFacts { url, part, answer: Some(answer), tls: None });
    seen
}

pub(crate) fn is_proxied(observation: &Observation) -> bool {
    observation.facts.endpoint().is_some_and(|facts| facts.proxy.is_some())
}

fn is_direct(observation: &Observation) -> bool {
    to_hub(observation) && !is_proxied(observation)
}

fn setting(part: Part, url: Option<&str>) -> ProxySetting {
    ProxySetting {
        part,
        https_proxy: url.map(|url| url.parse().unwrap()),
        no_proxy: None,
        source: "a file".to_owned(),
    }
}

impl Device {
    /// The run is told of a proxy, by its option or by its environment.
    pub(crate) fn told(mut self, url: &str, chosen: bool) -> Self {
        let source = if chosen { "--proxy" } else { "https_proxy" }.to_owned();
        let url = url.parse().unwrap();
        self.target.proxy = Some(GivenProxy { url, no_proxy: None, source, chosen });
        self
    }

    /// The hub is asked by a proxy too, from the host and from the edge network, and that works.
    pub(crate) fn asked_by(mut self, url: &str, part: Part) -> Self {
        for transport in [Transport::AmqpWs, Transport::Https] {
            let seen = proxied(transport, Role::Hub, url, part);
            self.observations.push(from(&edge_network(), seen.clone()));
            self.observations.push(seen);
        }
        self
    }

    /// The runtime's parts are told so.
    pub(crate) fn set(self, proxies: &[(Part, Option<&str>)]) -> Self {
        let proxies = proxies.iter().map(|(part, url)| setting(*part, *url)).collect();
        let facts = RuntimeFacts { proxies, ..RuntimeFacts::default() };
        self.with(passed("runtime/configuration", "the runtime", Facts::Runtime(Box::new(facts))))
    }

    /// The site lets nothing out but by its proxy.
    pub(crate) fn shut_in(self) -> Self {
        self.failing(is_direct, Step::Connect, Token::TimedOut)
            .failing(to_control, Step::Connect, Token::TimedOut)
            .without(|o| matches!(o.facts, Facts::Clock(_)))
    }

    /// The proxy answers CONNECT so.
    pub(crate) fn answered(
        self,
        token: Token,
        status: u16,
        change: impl Fn(&mut ProxyAnswer),
    ) -> Self {
        self.failing(is_proxied, Step::Proxy, token).changed(is_proxied, |seen| {
            let facts = endpoint_of(seen).unwrap();
            facts.tls = None;
            let answer = facts.proxy.as_mut().unwrap().answer.as_mut().unwrap();
            answer.status = status;
            change(answer);
        })
    }

    pub(crate) fn by_websocket_alone(mut self) -> Self {
        self.target.protocols = vec![Transport::AmqpWs];
        self.without(on(Transport::Amqp))
    }
}

/// A site behind a proxy that the run was told of.
pub(crate) fn behind_a_proxy() -> Device {
    Device::networked().shut_in().told(PROXY, true).asked_by(PROXY, Part::Environment)
}

fn detail<'v>(verdict: &'v Verdict, name: &str) -> &'v serde_json::Value {
    &verdict.causes[0].details[name]
}

#[test]
fn a_device_that_goes_by_websocket_and_proxy_is_healthy() {
    let device = behind_a_proxy().by_websocket_alone();
    let verdict = device.expect(Status::Healthy, &[]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    assert!(verdict.outlook.edge_agent.contains(PROXY), "{}", verdict.outlook.edge_agent);
    assert!(verdict.not_tested.iter().any(|missing| missing.what.contains("proxy")));
    assert!(verdict.ruled_out.iter().any(|other| other.id == ProxyRejects));
    // Once every part's setting was seen, nothing is left open.
    let parts = [Part::Engine, Part::Daemon, Part::EdgeAgent, Part::EdgeHub];
    let verdict = device.set(&parts.map(|part| (part, Some(PROXY)))).expect(Status::Healthy, &[]);
    assert_eq!(verdict.confidence, Confidence::Confirmed, "{verdict:#?}");
}

#[test]
fn a_proxy_cannot_carry_amqp_and_the_outlook_says_what_to_set() {
    let verdict = behind_a_proxy().expect(Status::Degraded, &[AmqpPortBlocked]);
    assert!(verdict.causes[0].summary.contains("no proxy can carry it"), "{}", verdict.summary);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    for word in ["UpstreamProtocol AmqpWs", "edgeAgent and edgeHub", "deployment", "30 s"] {
        assert!(verdict.outlook.edge_agent.contains(word), "{}", verdict.outlook.edge_agent);
    }
}

#[test]
fn behind_a_proxy_a_single_transport_on_its_own_port_gets_the_setting_to_change() {
    for (transport, cause, wanted) in [
        (Transport::Amqp, AmqpPortBlocked, "UpstreamProtocol AmqpWs"),
        (Transport::Mqtt, MqttPortBlocked, "UpstreamProtocol MqttWs"),
    ] {
        let mut device = behind_a_proxy();
        device.target.protocols = vec![transport];
        let mut direct = connection(transport, Role::Hub, HUB_ADDRESS);
        fail(&mut direct, Step::Connect, Token::TimedOut);
        let verdict = device
            .without(|seen| is_direct(seen) && !on(Transport::Https)(seen))
            .without(|seen| is_proxied(seen) && on(Transport::AmqpWs)(seen))
            .with(from(&edge_network(), direct.clone()))
            .with(direct)
            .expect(Status::Blocked, &[cause]);
        assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
        for word in [wanted, PROXY, "edgeAgent and edgeHub", "deployment"] {
            assert!(verdict.outlook.edge_agent.contains(word), "{}", verdict.outlook.edge_agent);
        }
        assert!(verdict.summary.contains("by the proxy"), "{}", verdict.summary);
        let told: Vec<_> = verdict.causes[0].remedy.iter().map(|it| &it.text).collect();
        assert!(!told.iter().any(|text| text.contains("`Amqp`")), "{told:#?}");
    }
}

#[test]
fn a_site_whose_resolvers_know_nothing_beyond_it_works_by_its_proxy() {
    let device = |protocols: &[Transport]| {
        let mut device = Device::networked()
            .nameless(Token::DnsNxdomain, Some(Token::DnsNxdomain))
            .told(PROXY, true)
            .asked_by(PROXY, Part::Environment);
        device.target.protocols = protocols.to_vec();
        device
    };
    let verdict = device(&[Transport::AmqpWs]).expect(Status::Healthy, &[]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    device(&[Transport::Amqp, Transport::AmqpWs]).expect(Status::Degraded, &[DnsHostFailure]);
}

#[test]
fn an_environment_s_proxy_on_a_device_that_needs_none_is_no_matter() {
    let device = Device::networked().told(PROXY, false).asked_by(PROXY, Part::Environment);
    let verdict = device.expect(Status::Healthy, &[]);
    assert_eq!(verdict.confidence, Confidence::Confirmed, "{verdict:#?}");
    let refused = device.answered(Token::ProxyForbidden, 403, |_| ());
    let verdict = refused.expect(Status::Healthy, &[ProxyRejects]);
    assert_eq!(verdict.causes[0].effect, Effect::Warns);
}

#[test]
fn edge_agents_proxy_that_refuses_blocks_although_the_direct_way_is_open() {
    let device = Device::networked()
        .set(&[(Part::EdgeAgent, Some(PROXY))])
        .asked_by(PROXY, Part::EdgeAgent)
        .answered(Token::ProxyForbidden, 403, |_| ());
    let verdict = device.clone().by_websocket_alone().expect(Status::Blocked, &[ProxyRejects]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    // On 5671 it goes without one.
    device.expect(Status::Degraded, &[ProxyRejects]);
}

/// The engine goes by a proxy, and nobody else is told of it.
fn engine_alone(url: &str) -> Device {
    Device::networked().shut_in().asked_by(url, Part::Engine).changed(is_engine, |seen| {
        let Facts::Engine(facts) = &mut seen.facts else { unreachable!() };
        facts.version = Some("20.10.24".to_owned());
        facts.settings.https_proxy = Some(PROXY.parse().unwrap());
    })
}

#[test]
fn a_proxy_in_the_engines_settings_alone_is_required() {
    let device = engine_alone(PROXY);
    let verdict = device.expect(Status::Blocked, &[ProxyRequired]);
    assert!(verdict.summary.contains("the engine is set up for and edgeAgent not"));
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    assert_eq!(detail(&verdict, "told")[0]["part"], "engine");
    assert_eq!(detail(&verdict, "not_told")[0], "edge_agent");

    let parts = [(Part::Daemon, Some(PROXY)), (Part::EdgeAgent, None)];
    let verdict = device.set(&parts).sure(&[ProxyRequired]);
    assert_eq!(verdict.causes[0].details["not_told"], serde_json::json!(["edge_agent"]));
}

#[test]
fn a_proxy_that_asks_for_what_the_engine_hides_is_probably_required() {
    let masked = "http://xxxxx:xxxxx@10.0.0.1:3128";
    let device = engine_alone(masked).answered(Token::ProxyAuthenticationRequired, 407, |_| ());
    let verdict = device.expect(Status::Blocked, &[ProxyRequired]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
}

#[test]
fn only_the_part_that_will_fail_is_named() {
    let parts = [
        (Part::Engine, Some(PROXY)),
        (Part::Daemon, Some(PROXY)),
        (Part::IdentityService, None),
        (Part::EdgeAgent, Some(PROXY)),
        (Part::EdgeHub, Some(PROXY)),
    ];
    let device = Device::networked()
        .shut_in()
        .set(&parts)
        .asked_by(PROXY, Part::Engine)
        .by_websocket_alone();
    let verdict = device.expect(Status::Degraded, &[ProxyRequired]);
    assert_eq!(detail(&verdict, "not_told"), &serde_json::json!(["identity_service"]));

    // Where the direct way is open, a part without a setting lacks nothing.
    let open = Device::networked().set(&parts).asked_by(PROXY, Part::Engine);
    open.expect(Status::Healthy, &[]);
}

#[test]
fn a_closed_site_without_any_proxy_is_a_firewall() {
    let device = Device::networked().shut_in();
    device.expect(Status::Blocked, &[EgressBlocked]);
    // And a proxy that helps no more is not what is missing.
    let useless = engine_alone(PROXY).answered(Token::ProxyForbidden, 403, |_| ());
    useless.expect(Status::Blocked, &[EgressBlocked]);
}

#[test]
fn a_proxy_that_answers_in_the_hub_s_place_intercepts() {
    let unknown = TrustResult::UnknownIssuer;
    let foreign = trust(unknown, unknown, unknown);
    let verdict = behind_a_proxy()
        .failing(is_proxied, Step::Tls, Token::TlsUnknownIssuer)
        .changed(is_proxied, |seen| certified(seen, "CN=Corp Inspect", &[HUB], &foreign))
        .sure(&[TlsIntercepted]);
    assert!(verdict.summary.contains(PROXY) && verdict.summary.contains("Corp Inspect"));
}

#[test]
fn no_proxy_excepts_the_hub_for_those_who_read_it() {
    let excepted = |part: Part| {
        let no_proxy = NoProxyList::parse(".azure-devices.net");
        ProxySetting { no_proxy, ..setting(part, Some(PROXY)) }
    };
    assert!(excepted(Part::Engine).proxy_to(HUB, 443).is_none());
    assert!(excepted(Part::EdgeAgent).proxy_to(HUB, 443).is_some());
    assert!(excepted(Part::Daemon).proxy_to(CONTROL, 443).is_some());
}

#[test]
fn a_report_that_was_written_down_is_judged_the_same() {
    let url = "http://user:hunter2@10.0.0.1:3128";
    let device = Device::networked().shut_in().told(url, true).asked_by(url, Part::Environment);
    for device in [device, engine_alone("http://xxxxx:xxxxx@10.0.0.1:3128")] {
        let read = |value: serde_json::Value| serde_json::from_value(value).unwrap();
        let target = serde_json::to_value(&device.target).unwrap();
        let observations = serde_json::to_value(&device.observations).unwrap();
        assert!(!format!("{target}{observations}").contains("hunter2"));
        let again = Device {
            target: serde_json::from_value(target).unwrap(),
            observations: read(observations),
        };
        assert_eq!(again.verdict(), device.verdict());
    }
}

#[test]
fn a_proxy_whose_tunnel_leads_to_another_server_is_still_required() {
    let broker = |o: &mut Observation| {
        fail(o, Step::Upgrade, Token::UpgradeRefused);
    };
    let verdict = Device::networked()
        .shut_in()
        .set(&[(Part::Engine, Some(PROXY))])
        .asked_by(PROXY, Part::Engine)
        .changed(is_proxied, broker)
        .verdict();
    assert_eq!(verdict.causes[0].id, ProxyRequired, "{verdict:#?}");
}

#[test]
fn what_the_daemons_miss_directly_is_the_setting_that_they_lack() {
    let mut service = connection(Transport::Https, Role::Provisioning, "20.62.128.1");
    fail(&mut service, Step::Connect, Token::TimedOut);
    let device = Device::networked()
        .shut_in()
        .set(&[(Part::EdgeAgent, Some(PROXY)), (Part::IdentityService, None)])
        .asked_by(PROXY, Part::EdgeAgent)
        .by_websocket_alone()
        .with(service);
    // A device without its identity does not get one.
    let verdict = device.expect(Status::Blocked, &[ProxyRequired]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
}
