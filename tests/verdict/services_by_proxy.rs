//! Registries and the provisioning service by a proxy: whose fault is it?

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::endpoint::{Transport, ViaFacts};
use edgeprobe_facts::proxy::NoProxyList;
use edgeprobe_facts::registry::Part;
use edgeprobe_facts::runtime::{self, Provisioning, ProxySetting, RuntimeFacts};
use edgeprobe_facts::{Facts, Observation, Role, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, GivenProxy, Status};

use crate::device::*;
use crate::proxies::proxied;
use crate::services::*;

const PROXY: &str = "http://10.0.0.1:3128";

/// The proxy of a part, as an observation tells of it.
fn via(part: runtime::Part, url: &str) -> ViaFacts {
    ViaFacts { url: url.parse().unwrap(), part, answer: None, tls: None }
}

/// The same registry, all of whose hosts are asked by a proxy.
fn by_proxy(registry: Observation, part: runtime::Part, url: &str) -> Observation {
    of(registry, |facts| {
        for host in &mut facts.hosts {
            host.proxy = Some(via(part, url));
        }
    })
}

/// A registry that a proxy is in the way of.
fn behind(part: runtime::Part, url: &str, step: Step, token: Token) -> Observation {
    by_proxy(failing(registry(Some("module:1.0")), Part::Registry, step, token), part, url)
}

/// The provisioning service, asked by a proxy.
fn provisioning_by(part: runtime::Part) -> Observation {
    let mut connection = provisioning();
    connection.id += "/by-proxy";
    endpoint_of(&mut connection).unwrap().proxy = Some(via(part, PROXY));
    connection
}

impl Device {
    fn given(mut self, chosen: bool) -> Self {
        let (url, source) = (PROXY.parse().unwrap(), "https_proxy".to_owned());
        self.target.proxy = Some(GivenProxy { url, no_proxy: None, source, chosen });
        self
    }
}

#[test]
fn an_engine_s_proxy_that_is_in_the_way_is_named_and_the_direct_way_is_not() {
    for (step, token, words) in [
        (Step::Resolve, Token::DnsNoAnswer, "has no address"),
        (Step::Connect, Token::TimedOut, "cannot be connected to"),
        (Step::Proxy, Token::ProxyForbidden, "opens no tunnel"),
        (Step::Proxy, Token::ProxyAuthenticationRequired, "opens no tunnel"),
    ] {
        let verdict = Device::healthy()
            .with(behind(runtime::Part::Engine, PROXY, step, token))
            .with(engine(Some(&[])))
            .expect(Status::Blocked, &[RegistryUnreachable]);
        let summary = &verdict.causes[0].summary;
        assert!(summary.contains(PROXY) && summary.contains(words), "{summary}");
        assert_eq!(verdict.causes[0].details["proxy"], PROXY);
        assert_eq!(verdict.confidence, Confidence::Confirmed, "{token}");
    }
}

#[test]
fn a_proxy_that_refuses_the_data_host_alone_names_that_host() {
    let image = registry(Some("module:1.0"));
    let refused = failing(image, Part::Data, Step::Proxy, Token::ProxyForbidden);
    let verdict = Device::healthy()
        .with(by_proxy(refused, runtime::Part::Engine, PROXY))
        .with(engine(Some(&[])))
        .expect(Status::Blocked, &[RegistryUnreachable]);
    assert!(verdict.summary.contains("contoso.blob.core.windows.net"), "{}", verdict.summary);
}

#[test]
fn a_registry_refuses_by_a_proxy_as_it_does_directly() {
    let denied = with_credentials(refused(403, Some("DENIED")));
    Device::healthy()
        .with(by_proxy(denied, runtime::Part::Engine, PROXY))
        .with(engine(Some(&[])))
        .expect(Status::Blocked, &[RegistryAccessDenied]);
}

#[test]
fn credentials_that_the_engine_keeps_to_itself_are_no_finding() {
    let url = "http://xxxxx:xxxxx@10.0.0.1:3128";
    let token = Token::ProxyAuthenticationRequired;
    let refused = || behind(runtime::Part::Engine, url, Step::Proxy, token);
    let verdict =
        Device::healthy().with(refused()).with(engine(Some(&[]))).expect(Status::Healthy, &[]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    assert!(verdict.not_tested.iter().any(|missing| missing.what.contains(REGISTRY)));

    // Those of its files were sent, so they are wrong.
    let proxies = vec![ProxySetting {
        part: runtime::Part::Engine,
        https_proxy: Some("http://edge:s3cret@10.0.0.1:3128".parse().unwrap()),
        no_proxy: None,
        source: "a file".to_owned(),
    }];
    let facts = RuntimeFacts { proxies, ..RuntimeFacts::default() };
    let verdict = Device::healthy()
        .with(refused())
        .with(passed("runtime/runtime", "the runtime", Facts::Runtime(Box::new(facts))))
        .with(engine(Some(&[])))
        .expect(Status::Blocked, &[RegistryUnreachable]);
    assert!(!format!("{verdict:?}").contains("s3cret"));
}

#[test]
fn this_environment_s_proxy_is_not_held_against_an_engine_that_need_not_go_by_it() {
    let silent = || behind(runtime::Part::Environment, PROXY, Step::Connect, Token::TimedOut);
    let verdict = Device::healthy()
        .given(false)
        .with(silent())
        .with(no_engine())
        .expect(Status::Healthy, &[]);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    let missing = &verdict.not_tested;
    assert!(missing.iter().any(|missing| missing.what.contains(REGISTRY)), "{missing:#?}");
}

#[test]
fn a_provisioning_service_is_reached_by_either_way_and_lost_by_the_daemon_s_proxy() {
    let part = runtime::Part::IdentityService;
    Device::healthy().with(provisioning_by(part)).with(no_engine()).expect(Status::Healthy, &[]);

    let mut silent = provisioning();
    fail(&mut silent, Step::Connect, Token::TimedOut);
    let mut nameless = name(PROVISIONING, Role::Provisioning, Resolver::System, &[]);
    fail(&mut nameless, Step::Resolve, Token::DnsNoAnswer);
    for direct in [silent, nameless] {
        let verdict = Device::healthy()
            .with(direct)
            .with(provisioning_by(runtime::Part::Environment))
            .with(no_engine())
            .expect(Status::Healthy, &[]);
        assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
    }

    let mut refused = provisioning_by(part);
    fail(&mut refused, Step::Proxy, Token::ProxyForbidden);
    let verdict = Device::healthy()
        .with(refused)
        .with(no_engine())
        .expect(Status::Blocked, &[ProvisioningUnreachable]);
    assert!(verdict.summary.contains(PROXY), "{}", verdict.summary);
}

#[test]
fn the_running_engine_s_word_comes_first_and_its_files_have_the_credentials() {
    let mut running = engine(None);
    let Facts::Engine(facts) = &mut running.facts else { panic!("no engine") };
    facts.version = Some("27.5.1".to_owned());
    facts.settings.https_proxy = Some("http://xxxxx:xxxxx@10.0.0.1:3128".parse().unwrap());
    facts.settings.no_proxy = NoProxyList::parse("registry.plant");
    let files = |url: &str| {
        let proxies = vec![ProxySetting {
            part: runtime::Part::Engine,
            https_proxy: Some(url.parse().unwrap()),
            no_proxy: None,
            source: "a file".to_owned(),
        }];
        let facts = RuntimeFacts { proxies, ..RuntimeFacts::default() };
        passed("runtime/runtime", "the runtime", Facts::Runtime(Box::new(facts)))
    };
    let target = Device::healthy().given(true).target;
    let of = |seen: &[Observation]| target.engine_s_proxy(seen).unwrap();
    let user = |setting: &ProxySetting| {
        let url = setting.proxy_to(REGISTRY, 443).unwrap();
        url.authorization().map(|(user, _)| user.to_owned())
    };

    let known = of(&[files("http://edge:s3cret@10.0.0.1:3128"), running.clone()]);
    assert_eq!(user(&known).as_deref(), Some("edge"));
    assert_eq!(known.proxy_to("registry.plant", 443), None);
    // Another proxy's credentials are none of this one's.
    let other = of(&[files("http://edge:s3cret@10.0.0.2:3128"), running]);
    assert_eq!(user(&other).as_deref(), Some("xxxxx"));
    let stopped = of(&[files("http://edge:s3cret@10.0.0.2:3128"), engine(None)]);
    assert_eq!(stopped.proxy_to(REGISTRY, 443).unwrap().host(), "10.0.0.2");
    assert_eq!(of(&[no_engine()]).part, runtime::Part::Environment);
}

#[test]
fn the_hub_by_a_proxy_that_edge_agent_does_not_go_by_excuses_no_service() {
    let part = runtime::Part::IdentityService;
    let mut service = provisioning_by(part);
    fail(&mut service, Step::Connect, Token::HostUnreachable);
    let mut hub = proxied(Transport::Https, Role::Hub, PROXY, part);
    fail(&mut hub, Step::Connect, Token::HostUnreachable);
    let verdict = Device::healthy()
        .with(service)
        .with(hub)
        .with(no_engine())
        .expect(Status::Blocked, &[ProvisioningUnreachable]);
    assert!(verdict.summary.contains(PROXY), "{}", verdict.summary);
    assert!(verdict.unexplained.is_empty(), "{verdict:#?}");
}

/// A device whose identity service goes by a proxy that has a name.
fn told_of_a_named_proxy() -> Device {
    let proxies = vec![ProxySetting {
        part: runtime::Part::IdentityService,
        https_proxy: Some("http://proxy.plant:3128".parse().unwrap()),
        no_proxy: None,
        source: "a unit".to_owned(),
    }];
    let facts = RuntimeFacts { proxies, ..RuntimeFacts::default() };
    Device::healthy()
        .with(passed("runtime/runtime", "the runtime", Facts::Runtime(Box::new(facts))))
        .with(no_engine())
}

#[test]
fn a_daemon_s_proxy_whose_name_has_no_address_keeps_it_from_being_provisioned() {
    let mut unknown = name("proxy.plant", Role::Proxy, Resolver::System, &[]);
    fail(&mut unknown, Step::Resolve, Token::DnsNoAnswer);
    // As an option says, or the configuration.
    let mut named = told_of_a_named_proxy().with(unknown.clone());
    named.target.provisioning = Some(PROVISIONING.to_owned());
    let configured = told_of_a_named_proxy().with(unknown).changed(
        |o| matches!(o.facts, Facts::Runtime(_)),
        |o| {
            let Facts::Runtime(facts) = &mut o.facts else { unreachable!() };
            facts.provisioning = Some(Provisioning {
                mode: "dps".to_owned(),
                endpoint: None,
                source: "a file".to_owned(),
            });
        },
    );
    for device in [named, configured] {
        let verdict = device.expect(Status::Blocked, &[ProvisioningUnreachable]);
        for word in ["proxy.plant", PROVISIONING, "has no address"] {
            assert!(verdict.summary.contains(word), "{}", verdict.summary);
        }
        // Of the remedies those for a proxy alone: it is known already that there is one.
        let commands: Vec<_> = verdict.causes[0].remedy.iter().map(|it| &it.text).collect();
        assert!(
            commands.iter().any(|text| text.contains("identity service is told")),
            "{commands:#?}"
        );
        assert!(!commands.iter().any(|text| text.contains("firewall")), "{commands:#?}");
    }
    // A device that is provisioned by hand needs no such service, and its identities of the hub.
    let mut unknown = name("proxy.plant", Role::Proxy, Resolver::System, &[]);
    fail(&mut unknown, Step::Resolve, Token::DnsNoAnswer);
    let verdict = told_of_a_named_proxy().with(unknown).sure(&[ProxyRejects]);
    for word in ["proxy.plant", "has no address", "aziot-identityd"] {
        assert!(verdict.summary.contains(word), "{}", verdict.summary);
    }
}

#[test]
fn what_to_do_about_a_registry_s_proxy_is_not_to_tell_the_engine_of_one() {
    let texts = |registry: Observation| {
        let device = Device::healthy().with(registry).with(engine(Some(&[])));
        let verdict = device.expect(Status::Blocked, &[RegistryUnreachable]);
        verdict.causes[0].remedy.iter().map(|it| it.text.clone()).collect::<Vec<_>>().join("\n")
    };
    let refused = behind(runtime::Part::Engine, PROXY, Step::Proxy, Token::ProxyForbidden);
    let told = texts(refused);
    assert!(told.contains("allow `CONNECT`") && !told.contains("tell the engine"), "{told}");
    let silent =
        failing(registry(Some("module:1.0")), Part::Registry, Step::Connect, Token::TimedOut);
    let told = texts(silent);
    assert!(!told.contains("allow `CONNECT`") && told.contains("tell the engine"), "{told}");
}
