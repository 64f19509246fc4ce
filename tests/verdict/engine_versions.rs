//! The versions of the engine's API, and those that the runtime asks for.

use edgeprobe_facts::engine::{
    ASKED_FROM_1_6, ASKED_UP_TO_1_5, ApiVersion, ApiVersions, AskedVersion,
};
use edgeprobe_facts::runtime::{Generation, RuntimeFacts, Setting};
use edgeprobe_facts::{Facts, Observation};
use edgeprobe_verdict::CauseId::EngineRefusesRuntime;
use edgeprobe_verdict::{Confidence, Effect, Status};

use crate::device::*;
use crate::network;

/// A device whose engine has these versions of its API, the minor numbers of the oldest and the newest.
fn with_engine((oldest, newest): (u32, u32)) -> Device {
    let (oldest, newest) = (ApiVersion::new(1, oldest), ApiVersion::new(1, newest));
    let refused = [ASKED_UP_TO_1_5, ASKED_FROM_1_6].into_iter();
    let refused = refused.filter(|version| !(oldest..=newest).contains(version));
    let refusal = |version| AskedVersion {
        version,
        refusal: Some(format!("client version {version} is too old")),
    };
    let api = ApiVersions { oldest, newest, asked: refused.map(refusal).collect() };
    let mut engine = network::engine(&[]);
    let Facts::Engine(facts) = &mut engine.facts else { unreachable!() };
    facts.api = Some(api);
    Device::healthy().with(engine)
}

fn runtime(version: Option<&str>) -> Observation {
    let setting = |value: &str| Setting {
        value: value.to_owned(),
        source: "/var/lib/dpkg/status".to_owned(),
    };
    let facts = RuntimeFacts {
        generation: Some(Generation::Toml),
        version: version.map(setting),
        ..RuntimeFacts::default()
    };
    passed("runtime/configuration", "the runtime", Facts::Runtime(Box::new(facts)))
}

const ENGINE_19_03: (u32, u32) = (12, 40);
const ENGINE_28: (u32, u32) = (24, 51);
const ENGINE_29_0: (u32, u32) = (44, 52);
const ENGINE_29_3: (u32, u32) = (40, 54);

#[test]
fn engine_29_refuses_iot_edge_1_5() {
    for engine in [ENGINE_29_0, ENGINE_29_3] {
        let device = with_engine(engine).with(runtime(Some("1.5.21-1")));
        let verdict = device.expect(Status::Blocked, &[EngineRefusesRuntime]);
        let cause = &verdict.causes[0];
        assert_eq!((cause.confidence, cause.effect), (Confidence::Confirmed, Effect::Blocks));
        assert!(cause.summary.contains("refuses 1.34"), "{}", cause.summary);
        assert_eq!(cause.details["answer"], "client version 1.34 is too old");
        assert_eq!(cause.evidence, ["host/engine/engine", "host/runtime/configuration"]);
    }
}

#[test]
fn iot_edge_1_6_needs_an_engine_that_knows_its_version() {
    let device = |engine| with_engine(engine).with(runtime(Some("1.6.0")));
    device(ENGINE_28).expect(Status::Healthy, &[]);
    device(ENGINE_29_3).expect(Status::Healthy, &[]);
    device(ENGINE_29_0).expect(Status::Blocked, &[EngineRefusesRuntime]);
    let old = device(ENGINE_19_03).expect(Status::Blocked, &[EngineRefusesRuntime]);
    assert!(old.causes[0].remedy[0].text.contains("20.10"), "{:#?}", old.causes[0].remedy);
}

#[test]
fn before_the_install_it_is_a_warning() {
    for (engine, word) in [(ENGINE_29_0, "each of them"), (ENGINE_29_3, "IoT Edge up to 1.5")] {
        let verdict = with_engine(engine).expect(Status::Healthy, &[EngineRefusesRuntime]);
        let cause = &verdict.causes[0];
        assert_eq!((cause.confidence, cause.effect), (Confidence::Confirmed, Effect::Warns));
        assert!(cause.summary.contains(word), "{}", cause.summary);
    }
    with_engine(ENGINE_28).expect(Status::Healthy, &[]);
}

#[test]
fn a_runtime_of_an_unknown_version_is_refused_for_certain_only_where_every_version_is() {
    with_engine(ENGINE_29_0).with(runtime(None)).expect(Status::Blocked, &[EngineRefusesRuntime]);
    let device = with_engine(ENGINE_29_3).with(runtime(None));
    let verdict = device.expect(Status::Healthy, &[EngineRefusesRuntime]);
    assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
    assert!(verdict.causes[0].would_confirm.as_ref().unwrap().contains("iotedge --version"));
}

#[test]
fn an_engine_that_answers_in_an_older_version_than_it_names_refuses_nothing() {
    with_engine(ENGINE_29_0)
        .changed(is_engine, |seen| {
            let Facts::Engine(facts) = &mut seen.facts else { unreachable!() };
            for asked in &mut facts.api.as_mut().unwrap().asked {
                asked.refusal = None;
            }
        })
        .with(runtime(Some("1.5.21")))
        .expect(Status::Healthy, &[]);
}
