//! What is said of container networks that could not be joined, or that the runtime does not use.

use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::runtime::{Flaw, RuntimeFacts, Source, SourceState};
use edgeprobe_facts::trace::Stage;
use edgeprobe_facts::{Facts, Outcome, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Effect, Language, NotTested, Status, Verdict, judge};

use crate::device::*;
use crate::network::*;

#[test]
fn a_network_that_was_not_joined_is_not_tested_and_the_host_does_not_stand_for_it() {
    let verdict = Device::unprivileged().expect(Status::Inconclusive, &[]);
    assert!(verdict.summary.contains("This host reaches"), "{}", verdict.summary);
    assert!(verdict.summary.contains("sudo edgeprobe check"), "{}", verdict.summary);
    assert!(verdict.outlook.edge_agent.contains("Not known"), "{:?}", verdict.outlook);
    assert_eq!(verdict.confidence, Confidence::Likely);
    let bridge = bridge(&verdict);
    assert!(bridge.what.contains("azure-iot-edge"), "{bridge:?}");
    assert!(bridge.why.contains("run as root"), "{bridge:?}");
    assert!(bridge.why.contains("kernel"), "{bridge:?}");
    assert!(!bridge.why.contains("hint"), "{bridge:?}");
}

#[test]
fn a_runtime_without_an_engine_that_was_asked_has_modules_that_were_not() {
    let facts = RuntimeFacts {
        generation: Some(edgeprobe_facts::runtime::Generation::Toml),
        ..RuntimeFacts::default()
    };
    let facts = Facts::Runtime(Box::new(facts));
    let device = Device::host_beside_modules().with(passed("runtime/files", "the runtime", facts));
    device.expect(Status::Inconclusive, &[]);
}

#[test]
fn an_edge_agent_on_the_host_network_is_asked_from_the_host() {
    let agent = edgeprobe_facts::engine::Container {
        name: "edgeAgent".to_owned(),
        network_mode: Some("host".to_owned()),
        ..Default::default()
    };
    let mut seen = engine(&[]);
    let Facts::Engine(facts) = &mut seen.facts else { unreachable!() };
    facts.containers = vec![agent];
    Device::host_beside_modules().with(seen).expect(Status::Healthy, &[]);
}

#[test]
fn what_the_kernel_itself_proves_blocks_without_any_privilege() {
    let forwarding = Device::unprivileged().retabled(|tables| tables.ip_forward = Some(false));
    let verdict = forwarding.expect(Status::Blocked, &[IpForwardDisabled]);
    assert!(verdict.unexplained.is_empty());
    assert_eq!(verdict.causes[0].confidence, Confidence::Confirmed);
    Device::unprivileged()
        .rerouted(&[], &[], &["100: from 172.18.0.0/16 unreachable"])
        .sure(&[BridgeNoRoute]);
}

#[test]
fn what_the_host_alone_shows_still_counts_without_any_privilege() {
    let verdict = Device::unprivileged()
        .failing(on(Transport::Amqp), Step::Connect, Token::TimedOut)
        .expect(Status::Degraded, &[AmqpPortBlocked]);
    assert!(bridge(&verdict).why.contains("run as root"));
}

#[test]
fn a_helper_container_sees_a_healthy_network_like_a_module() {
    let verdict = Device::in_own_container().expect(Status::Healthy, &[]);
    assert_eq!(verdict.confidence, Confidence::Confirmed);
}

#[test]
fn a_loss_that_cannot_be_followed_is_likely_and_says_what_would_decide() {
    let verdict = Device::in_own_container()
        .with_default_network()
        .failing(|o| at_edge(o) && to_hub(o), Step::Connect, Token::TimedOut)
        .expect(Status::Blocked, &[ForwardBlocked]);
    assert_eq!(verdict.confidence, Confidence::Likely);
    let missing = verdict.not_tested.iter().find(|missing| missing.what.contains("vanish"));
    assert!(missing.unwrap().why.contains("as root"), "{:?}", verdict.not_tested);
    // The default network's connections open, and say nothing of why the runtime's do not.
    for left_open in [NatMissing, ReversePathFilter] {
        let out = verdict.ruled_out.iter().any(|out| out.id == left_open);
        assert!(!out, "{left_open:?} is ruled out");
    }
}

#[test]
fn what_is_certain_without_following_a_packet_asks_for_nothing_more() {
    let verdict = Device::in_own_container()
        .failing(|o| at_edge(o) && to_hub(o), Step::Connect, Token::TimedOut)
        .retabled(|tables| tables.ip_forward = Some(false))
        .sure(&[IpForwardDisabled]);
    assert!(verdict.not_tested.is_empty(), "{:?}", verdict.not_tested);
}

#[test]
fn a_container_that_ends_before_it_answers_leaves_the_network_untested() {
    let mute = |o: &edgeprobe_facts::Observation| {
        at_edge(o) && !matches!(o.facts, Facts::EdgeRoute(_) | Facts::Vantage(_))
    };
    let verdict = Device::in_own_container().without(mute).expect(Status::Inconclusive, &[]);
    assert_eq!(verdict.confidence, Confidence::Likely);
    assert!(bridge(&verdict).why.contains("not answered"), "{:?}", verdict.not_tested);
}

#[test]
fn a_network_that_was_not_asked_to_be_joined_is_known_by_the_kernel_alone() {
    let verdict = Device::unprivileged().without(is_vantage).expect(Status::Inconclusive, &[]);
    assert!(bridge(&verdict).why.contains("only the kernel"), "{:?}", verdict.not_tested);
}

#[test]
fn a_run_from_the_host_alone_says_that_the_user_chose_it() {
    let mut device = Device::networked().without(|o| !at_host(o));
    let verdict = device.expect(Status::Inconclusive, &[]);
    assert!(verdict.summary.contains("--vantage host"), "{}", verdict.summary);
    device.target.host_alone = true;
    let verdict = device.expect(Status::Healthy, &[]);
    assert!(bridge(&verdict).why.contains("--vantage"), "{:?}", verdict.not_tested);
}

#[test]
fn without_an_engine_there_is_no_network_to_test() {
    let mut absent = engine(&[]);
    absent.outcome = Outcome::Skipped;
    let verdict = Device::host_beside_modules().with(absent).expect(Status::Healthy, &[]);
    assert!(bridge(&verdict).why.contains("No container engine"), "{:?}", verdict.not_tested);
}

#[test]
fn an_engine_that_may_not_be_asked_hides_its_networks() {
    let verdict = Device::host_beside_modules()
        .with(engine_fails(Token::EnginePermissionDenied))
        .expect(Status::Inconclusive, &[]);
    assert!(bridge(&verdict).why.contains("socket"), "{:?}", verdict.not_tested);
    assert!(verdict.unexplained.is_empty());
}

#[test]
fn an_engine_without_the_runtimes_networks_is_said_to_have_none() {
    let verdict = Device::host_beside_modules().with(engine(&[])).expect(Status::Inconclusive, &[]);
    assert!(bridge(&verdict).why.contains("no network"), "{:?}", verdict.not_tested);
}

#[test]
fn a_cause_on_two_networks_is_named_once_for_the_runtimes_network() {
    let verdict = Device::networked()
        .with_default_network()
        .retabled(|tables| tables.ip_forward = Some(false))
        .failing(|o| !at_host(o) && to_hub(o), Step::Connect, Token::TimedOut)
        .traced(Stage::LostInside, |_| ())
        .sure(&[IpForwardDisabled]);
    assert!(verdict.causes[0].summary.contains("azure-iot-edge"));
}

#[test]
fn the_default_network_can_only_warn_where_the_runtime_has_its_own() {
    let verdict = Device::networked()
        .with_default_network()
        .failing(|o| at_default(o) && to_hub(o), Step::Connect, Token::TimedOut)
        .expect(Status::Healthy, &[ForwardBlocked]);
    assert_eq!(verdict.causes[0].effect, Effect::Warns);
    assert!(verdict.causes[0].summary.contains("bridge"));
    assert!(verdict.unexplained.is_empty());
    assert!(verdict.summary.contains("reaches"), "{}", verdict.summary);
}

#[test]
fn the_default_network_counts_where_the_runtime_has_none_yet() {
    let verdict = Device::networked()
        .with_default_network()
        .without(at_edge)
        .failing(|o| at_default(o) && to_hub(o), Step::Connect, Token::TimedOut)
        .expect(Status::Blocked, &[ForwardBlocked]);
    assert!(verdict.unexplained.is_empty());
}

fn bridge(verdict: &Verdict) -> &NotTested {
    let about = |missing: &&NotTested| missing.what.starts_with("The container network");
    verdict.not_tested.iter().find(about).expect("the container network is not said to be untested")
}

/// A port that is held by a process of root's that this user cannot see.
fn held_by_an_unseen_process(observation: &mut edgeprobe_facts::Observation) {
    let user = Some("root".to_owned());
    taken(observation, edgeprobe_facts::ports::Holder { user, ..Default::default() });
}

/// An engine that this user may not ask.
fn closed_engine() -> edgeprobe_facts::Observation {
    use edgeprobe_facts::engine::EngineFacts;
    let facts = edgeprobe_facts::Facts::Engine(EngineFacts::default());
    let mut engine = passed("engine/engine", "unix:///var/run/docker.sock", facts);
    fail(&mut engine, Step::Engine, Token::EnginePermissionDenied);
    engine
}

#[test]
fn all_ports_held_by_who_cannot_be_seen_may_be_edge_hub_and_raise_no_alarm() {
    let verdict = Device::host_beside_modules()
        .with(closed_engine())
        .changed(|o| matches!(o.facts, edgeprobe_facts::Facts::Ports(_)), held_by_an_unseen_process)
        .expect(Status::Inconclusive, &[]);
    assert!(verdict.not_tested.iter().any(|missing| missing.why.contains("Edge Hub itself")));
    assert!(verdict.unexplained.is_empty());
}

#[test]
fn one_port_held_by_who_cannot_be_seen_may_be_all_that_edge_hub_maps() {
    let verdict = Device::host_beside_modules()
        .with(closed_engine())
        .changed(of_port(443), held_by_an_unseen_process)
        .expect(Status::Inconclusive, &[]);
    assert_eq!(verdict.confidence, Confidence::Likely);
    assert!(verdict.not_tested.iter().any(|missing| missing.why.contains("Edge Hub itself")));
    assert!(verdict.unexplained.is_empty());
}

#[test]
fn a_port_with_a_seen_holder_is_in_use_although_another_may_be_edge_hubs() {
    let nginx = edgeprobe_facts::ports::Holder {
        pid: Some(812),
        process: Some("nginx".to_owned()),
        ..Default::default()
    };
    let verdict = Device::host_beside_modules()
        .with(closed_engine())
        .changed(of_port(443), |port| taken(port, nginx.clone()))
        .changed(of_port(8883), held_by_an_unseen_process)
        .expect(Status::Blocked, &[PortInUse]);
    assert_eq!(verdict.causes[0].details["port"], 443);
}

#[test]
fn a_port_held_by_who_cannot_be_seen_is_a_strangers_where_the_engine_answers_for_its_containers() {
    Device::networked()
        .changed(of_port(443), held_by_an_unseen_process)
        .expect(Status::Blocked, &[PortInUse]);
}

#[test]
fn a_broken_configuration_is_described_in_french_too() {
    for (flaw, told) in [
        (Flaw::Line(4), "erreur de syntaxe à la ligne 4"),
        (Flaw::Somewhere, "erreur de syntaxe"),
        (Flaw::TooLarge, "plus de 1 Mio"),
        (Flaw::NotText, "pas de l'UTF-8"),
        (Flaw::NotAFile, "pas un fichier ordinaire"),
        (Flaw::Proxy, "`https_proxy` n'est pas un proxy"),
    ] {
        let source = Source {
            name: "/etc/aziot/config.toml".to_owned(),
            state: SourceState::Broken,
            detail: Some(flaw.to_string()),
            flaw: Some(flaw),
        };
        let facts = RuntimeFacts { sources: vec![source], ..RuntimeFacts::default() };
        let facts = Facts::Runtime(Box::new(facts));
        let device = Device::healthy().with(passed("runtime/files", "the runtime", facts));
        device.expect(Status::Healthy, &[]);
        let verdict = judge(&device.target, &device.observations, Language::French);
        assert!(
            verdict.not_tested.iter().any(|missing| missing.why.contains(told)),
            "{verdict:#?}"
        );
    }
}
