//! Scenarios of registries and of the provisioning service.

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::engine::{Container, EngineFacts};
use edgeprobe_facts::registry::{
    AnswerFacts, CredentialUse, Doubt, HostFacts, NamedBy, Part, RegistryFacts, Scheme, Withheld,
};
use edgeprobe_facts::runtime::{RuntimeFacts, Setting};
use edgeprobe_facts::{Facts, Observation, Outcome, Role, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Effect, Status};

use crate::device::*;

pub(crate) const REGISTRY: &str = "contoso.azurecr.io";
pub(crate) const IMAGE: &str = "contoso.azurecr.io/module:1.0";
pub(crate) const PROVISIONING: &str = "global.azure-devices-provisioning.net";

/// A registry that serves the image, or, without one, greets.
pub(crate) fn registry(image: Option<&str>) -> Observation {
    let facts = RegistryFacts {
        registry: REGISTRY.to_owned(),
        image: image.map(str::to_owned),
        named_by: NamedBy::User,
        server: REGISTRY.to_owned(),
        port: 443,
        scheme: Scheme::Https,
        insecure: false,
        part: None,
        hosts: [Part::Registry, Part::Token, Part::Data].map(host).to_vec(),
        answers: vec![answer(Part::Registry, 401, None)],
        challenge: None,
        credentials: CredentialUse::NotAsked,
        withheld: None,
        refused_address: None,
        platform: Some("linux/arm64".to_owned()),
        platforms: Vec::new(),
    };
    let whole = facts.whole();
    passed(&format!("registry/{whole}"), &whole, Facts::Registry(Box::new(facts)))
}

fn host(part: Part) -> HostFacts {
    let server = match part {
        Part::Registry | Part::Image => REGISTRY,
        Part::Token => "tokens.contoso.example",
        Part::Data => "contoso.blob.core.windows.net",
    };
    let server = server.to_owned();
    HostFacts { part, server, port: 443, addresses: Vec::new(), peer: None, proxy: None, tls: None }
}

pub(crate) fn answer(part: Part, status: u16, code: Option<&str>) -> AnswerFacts {
    AnswerFacts {
        part,
        status,
        server: None,
        via: None,
        names_interface: false,
        redirected_to: None,
        code: code.map(str::to_owned),
        message: None,
    }
}

/// The same registry, failing at a part.
pub(crate) fn failing(
    mut registry: Observation,
    part: Part,
    step: Step,
    token: Token,
) -> Observation {
    fail(&mut registry, step, token);
    of(registry, |facts| facts.part = Some(part))
}

pub(crate) fn of(mut registry: Observation, change: impl Fn(&mut RegistryFacts)) -> Observation {
    let Facts::Registry(facts) = &mut registry.facts else { panic!("no registry") };
    change(facts);
    registry
}

pub(crate) fn refused(status: u16, code: Option<&str>) -> Observation {
    let token = if status == 401 { Token::HttpUnauthorized } else { Token::HttpForbidden };
    let refused = failing(registry(Some("module:1.0")), Part::Image, Step::Http, token);
    of(refused, |facts| facts.answers.push(answer(Part::Image, status, code)))
}

pub(crate) fn with_credentials(registry: Observation) -> Observation {
    of(registry, |facts| facts.credentials = CredentialUse::Sent)
}

/// An engine that has these images, or does not say.
pub(crate) fn engine(images: Option<&[&str]>) -> Observation {
    let images = images.map(|names| names.iter().map(ToString::to_string).collect());
    let facts = EngineFacts { installed: true, images, ..EngineFacts::default() };
    passed("engine/engine", "unix:///var/run/docker.sock", Facts::Engine(facts))
}

pub(crate) fn no_engine() -> Observation {
    Observation { outcome: Outcome::Skipped, ..engine(None) }
}

pub(crate) fn edge_agent() -> Observation {
    let agent = Container { name: "edgeAgent".to_owned(), ..Container::default() };
    let mut engine = engine(Some(&[]));
    let Facts::Engine(facts) = &mut engine.facts else { panic!("no engine") };
    facts.containers = vec![agent];
    engine
}

fn runtime(registries: &[&str]) -> Observation {
    let setting = |host: &&str| Setting {
        value: (*host).to_owned(),
        source: "/etc/aziot/config.toml".to_owned(),
    };
    let registries = registries.iter().map(setting).collect();
    let facts = RuntimeFacts { registries, ..RuntimeFacts::default() };
    passed("runtime/runtime", "the runtime's configuration", Facts::Runtime(Box::new(facts)))
}

fn by_the_runtime(registry: Observation) -> Observation {
    of(registry, |facts| {
        facts.named_by = NamedBy::Runtime {
            modules: vec!["edgeAgent".to_owned()],
            source: "/etc/aziot/config.toml".to_owned(),
        };
    })
}

pub(crate) fn provisioning() -> Observation {
    let mut connection = connection(Transport::Https, Role::Provisioning, "20.62.128.1");
    PROVISIONING.clone_into(&mut endpoint_of(&mut connection).unwrap().server);
    connection
}

#[test]
fn a_registry_that_serves_is_no_finding_and_rules_all_of_it_out() {
    let verdict = Device::healthy()
        .with(registry(Some("module:1.0")))
        .with(provisioning())
        .with(engine(Some(&[])))
        .expect(Status::Healthy, &[]);
    for id in [RegistryUnreachable, RegistryAccessDenied, ImageNotFound, ProvisioningUnreachable] {
        assert!(verdict.ruled_out.iter().any(|other| other.id == id), "{id}");
    }
}

#[test]
fn a_registry_that_greets_with_401_is_healthy() {
    Device::healthy().with(registry(None)).expect(Status::Healthy, &[]);
}

#[test]
fn credentials_that_are_refused_block_what_is_not_on_the_device() {
    for status in [401, 403] {
        let verdict = Device::healthy()
            .with(with_credentials(refused(status, Some("DENIED"))))
            .with(engine(Some(&["contoso.azurecr.io/module:0.9"])))
            .expect(Status::Blocked, &[RegistryAccessDenied]);
        assert_eq!(verdict.confidence, Confidence::Confirmed, "{verdict:#?}");
        assert!(verdict.summary.contains(IMAGE), "{}", verdict.summary);
        assert_eq!(verdict.causes[0].details["status"], status);
        assert!(verdict.outlook.edge_agent.contains("cannot be pulled"));
    }
}

#[test]
fn an_image_that_is_on_the_device_only_warns() {
    let verdict = Device::healthy()
        .with(with_credentials(refused(403, Some("DENIED"))))
        .with(engine(Some(&[IMAGE])))
        .expect(Status::Healthy, &[RegistryAccessDenied]);
    assert_eq!(verdict.causes[0].effect, Effect::Warns);
    assert!(verdict.causes[0].summary.contains("still start"));
}

#[test]
fn without_an_engine_that_tells_it_degrades() {
    Device::healthy()
        .with(with_credentials(refused(403, Some("DENIED"))))
        .with(engine(None))
        .expect(Status::Degraded, &[RegistryAccessDenied]);
}

#[test]
fn a_refusal_of_an_anonymous_client_is_a_likely_warning() {
    let verdict = Device::healthy()
        .with(refused(401, Some("UNAUTHORIZED")))
        .with(no_engine())
        .expect(Status::Healthy, &[RegistryAccessDenied]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
    assert!(verdict.unexplained.is_empty());
    let why: String = verdict.not_tested.iter().map(|missing| missing.why.as_str()).collect();
    assert!(why.contains("--registry-credentials"), "{why}");
}

#[test]
fn the_host_that_got_no_credentials_is_named_with_the_reason() {
    let withheld = |registry: Observation, why| {
        of(registry, |facts| {
            facts.credentials = CredentialUse::Withheld;
            facts.withheld = Some(Withheld { server: "auth.plant.example".to_owned(), why });
        })
    };
    for (why, words) in [
        (Doubt::InClear, "plain HTTP"),
        (Doubt::Unverified, "does not trust"),
        (Doubt::Intercepted, "interceptor"),
        (Doubt::Redirected, "redirects"),
        (Doubt::Elsewhere, "token service"),
    ] {
        for (seen, what) in
            [(refused(401, Some("UNAUTHORIZED")), IMAGE), (registry(None), "takes the credentials")]
        {
            let verdict = Device::healthy().with(withheld(seen, why)).with(no_engine()).verdict();
            let missing = verdict.not_tested.iter().find(|missing| missing.what.contains(what));
            let told = &missing.unwrap_or_else(|| panic!("{verdict:#?}")).why;
            assert!(told.contains(words) && told.contains("auth.plant.example"), "{told}");
            let is_for_any_line = matches!(why, Doubt::Redirected | Doubt::Elsewhere);
            assert_ne!(told.contains("--insecure-credentials"), is_for_any_line, "{told}");
        }
    }
}

#[test]
fn a_private_image_that_runs_or_that_the_runtime_signs_in_for_is_no_finding() {
    let anonymous = || refused(401, Some("UNAUTHORIZED"));
    Device::healthy().with(anonymous()).with(engine(Some(&[IMAGE]))).expect(Status::Healthy, &[]);
    let verdict = Device::healthy()
        .with(by_the_runtime(anonymous()))
        .with(runtime(&[REGISTRY]))
        .with(engine(Some(&[])))
        .expect(Status::Healthy, &[]);
    assert!(verdict.unexplained.is_empty());
    assert!(verdict.not_tested.iter().any(|missing| missing.what.contains(IMAGE)));
}

#[test]
fn a_runtime_without_credentials_for_its_own_image_is_blocked() {
    let verdict = Device::healthy()
        .with(by_the_runtime(refused(401, Some("UNAUTHORIZED"))))
        .with(runtime(&[]))
        .with(engine(Some(&[])))
        .expect(Status::Blocked, &[RegistryAccessDenied]);
    assert!(verdict.summary.contains("the runtime's configuration has none"));
}

#[test]
fn an_address_firewall_is_sure_without_credentials_and_names_the_address() {
    let refused = of(refused(403, Some("DENIED")), |facts| {
        facts.refused_address = Some("203.0.113.7".parse().unwrap());
    });
    let verdict = Device::healthy()
        .with(refused)
        .with(no_engine())
        .expect(Status::Blocked, &[RegistryAccessDenied]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Confirmed);
    assert_eq!(verdict.causes[0].details["address"], "203.0.113.7");
    assert!(verdict.causes[0].remedy.iter().any(|remedy| remedy.text.contains("203.0.113.7")));
}

#[test]
fn a_page_that_refuses_the_greeting_is_not_sure() {
    let page = failing(registry(None), Part::Registry, Step::Http, Token::HttpForbidden);
    let page = of(page, |facts| facts.answers = vec![answer(Part::Registry, 403, None)]);
    let verdict = Device::healthy()
        .with(page)
        .with(no_engine())
        .expect(Status::Blocked, &[RegistryAccessDenied]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
}

#[test]
fn an_unknown_image_and_a_refusal_differ() {
    let missing =
        failing(registry(Some("module:1.0")), Part::Image, Step::Http, Token::HttpNotFound);
    let missing =
        of(missing, |facts| facts.answers.push(answer(Part::Image, 404, Some("MANIFEST_UNKNOWN"))));
    let verdict = Device::healthy()
        .with(missing.clone())
        .with(engine(Some(&[])))
        .expect(Status::Blocked, &[ImageNotFound]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Confirmed);
    Device::healthy()
        .with(missing)
        .with(engine(Some(&[IMAGE])))
        .expect(Status::Healthy, &[ImageNotFound]);
}

#[test]
fn an_image_for_other_platforms_names_them() {
    let image = registry(Some("module:1.0"));
    let other = failing(image, Part::Image, Step::Http, Token::ImageOtherPlatform);
    let other = of(other, |facts| facts.platforms = vec!["linux/amd64".to_owned()]);
    let verdict =
        Device::healthy().with(other).with(no_engine()).expect(Status::Blocked, &[ImageNotFound]);
    assert!(verdict.summary.contains("linux/arm64, only for linux/amd64"), "{}", verdict.summary);
}

#[test]
fn an_unreachable_registry_is_named_where_the_hub_is_reached() {
    for (step, token) in [
        (Step::Resolve, Token::DnsNoAnswer),
        (Step::Connect, Token::TimedOut),
        (Step::Connect, Token::ConnectionRefused),
        (Step::Tls, Token::TlsUnknownIssuer),
        (Step::Tls, Token::TlsUnexpectedBytes),
        (Step::Tls, Token::ConnectionReset),
        (Step::Http, Token::HttpNotRegistry),
        (Step::Http, Token::TimedOut),
    ] {
        let verdict = Device::healthy()
            .with(failing(registry(None), Part::Registry, step, token))
            .with(engine(Some(&["mcr.microsoft.com/azureiotedge-agent:1.5"])))
            .expect(Status::Blocked, &[RegistryUnreachable]);
        assert_eq!(verdict.confidence, Confidence::Confirmed, "{token}");
    }
}

#[test]
fn images_of_the_registry_that_are_here_only_warn() {
    Device::healthy()
        .with(failing(registry(None), Part::Registry, Step::Connect, Token::TimedOut))
        .with(engine(Some(&[IMAGE])))
        .expect(Status::Healthy, &[RegistryUnreachable]);
}

#[test]
fn several_images_of_one_registry_are_one_fault() {
    let image =
        |name: &str| failing(registry(Some(name)), Part::Registry, Step::Connect, Token::TimedOut);
    let verdict = Device::healthy()
        .with(image("module:1.0"))
        .with(image("other:2.0"))
        .with(engine(Some(&[IMAGE])))
        .expect(Status::Blocked, &[RegistryUnreachable]);
    assert_eq!(verdict.causes[0].evidence.len(), 3);
}

#[test]
fn the_token_service_and_the_data_host_are_named() {
    for (part, host) in
        [(Part::Token, "tokens.contoso.example"), (Part::Data, "contoso.blob.core.windows.net")]
    {
        let verdict = Device::healthy()
            .with(failing(registry(Some("module:1.0")), part, Step::Connect, Token::TimedOut))
            .with(engine(Some(&[])))
            .expect(Status::Blocked, &[RegistryUnreachable]);
        assert!(verdict.summary.contains(host), "{}", verdict.summary);
        assert_eq!(verdict.causes[0].details["host"], host);
    }
}

#[test]
fn a_registry_that_is_busy_only_warns() {
    Device::healthy()
        .with(failing(registry(None), Part::Registry, Step::Http, Token::HttpUnavailable))
        .with(no_engine())
        .expect(Status::Healthy, &[RegistryUnreachable]);
}

#[test]
fn a_default_registry_only_warns_and_a_named_one_replaces_it() {
    let by_default =
        of(failing(registry(None), Part::Registry, Step::Connect, Token::TimedOut), |facts| {
            facts.registry = "mcr.microsoft.com".to_owned();
            facts.named_by = NamedBy::Default;
        });
    let verdict = Device::healthy()
        .with(by_default.clone())
        .with(no_engine())
        .expect(Status::Healthy, &[RegistryUnreachable]);
    assert!(verdict.causes[0].summary.contains("No option and no configuration names a registry"));
    let verdict = Device::healthy()
        .with(by_default)
        .with(registry(Some("module:1.0")))
        .with(no_engine())
        .expect(Status::Healthy, &[]);
    assert!(verdict.unexplained.is_empty());
}

#[test]
fn a_provisioning_service_out_of_reach_blocks_a_new_device_and_warns_a_running_one() {
    let silent = || {
        let mut connection = provisioning();
        fail(&mut connection, Step::Connect, Token::TimedOut);
        connection
    };
    let verdict = Device::healthy()
        .with(silent())
        .with(no_engine())
        .expect(Status::Blocked, &[ProvisioningUnreachable]);
    assert!(verdict.outlook.edge_agent.contains("assigned to no hub"));
    assert!(verdict.summary.contains(PROVISIONING));
    Device::healthy()
        .with(silent())
        .with(edge_agent())
        .expect(Status::Healthy, &[ProvisioningUnreachable]);
    let mut name = name(PROVISIONING, Role::Provisioning, Resolver::System, &[]);
    fail(&mut name, Step::Resolve, Token::DnsNoAnswer);
    Device::healthy()
        .with(name)
        .with(no_engine())
        .expect(Status::Blocked, &[ProvisioningUnreachable]);
}

#[test]
fn one_address_of_the_provisioning_service_is_enough() {
    let mut silent = provisioning();
    silent.id += "/other";
    fail(&mut silent, Step::Connect, Token::TimedOut);
    let verdict = Device::healthy().with(provisioning()).with(silent).expect(Status::Healthy, &[]);
    assert!(verdict.unexplained.is_empty());
}
