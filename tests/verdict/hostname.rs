//! The device's own host name: in use, or to be used.

use edgeprobe_facts::hostname::HostnameFacts;
use edgeprobe_facts::runtime::{Generation, RuntimeFacts, Setting};
use edgeprobe_facts::{Facts, Observation};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Confidence, Effect, Status};

use crate::device::*;

#[test]
fn a_name_that_keeps_the_rules_is_ruled_out() {
    let verdict = Device::healthy().with(own("edge-01", false)).expect(Status::Healthy, &[]);
    assert!(verdict.ruled_out.iter().any(|other| other.id == HostnameInvalid));
}

#[test]
fn before_the_installation_a_bad_name_is_a_warning() {
    let long = "a".repeat(70);
    for (name, given) in [("", false), (&long, false), ("edge_01", false), ("edge_01", true)] {
        let verdict =
            Device::healthy().with(own(name, given)).expect(Status::Healthy, &[HostnameInvalid]);
        assert_eq!(verdict.causes[0].effect, Effect::Warns);
        assert_eq!(verdict.causes[0].details["hostname"], name);
    }
}

#[test]
fn a_name_that_is_meant_for_the_device_and_that_the_runtime_refuses_blocks() {
    for name in ["", &"a".repeat(70)] {
        let verdict =
            Device::healthy().with(own(name, true)).expect(Status::Blocked, &[HostnameInvalid]);
        assert_eq!(verdict.causes[0].confidence, Confidence::Likely);
        assert!(verdict.causes[0].would_confirm.is_some());
    }
}

#[test]
fn a_name_that_the_runtime_refuses_blocks_it() {
    let long = format!("{}.plant.example", "a".repeat(60));
    for (generation, confidence) in [
        (Generation::Yaml, Confidence::Confirmed),
        (Generation::Preview, Confidence::Confirmed),
        (Generation::Toml, Confidence::Likely),
    ] {
        let verdict = Device::healthy()
            .with(own("edge-01", false))
            .with(configured(&long, generation))
            .expect(Status::Blocked, &[HostnameInvalid]);
        assert_eq!(verdict.causes[0].confidence, confidence);
        assert_eq!(verdict.causes[0].evidence, ["host/runtime/files"]);
    }
}

#[test]
fn a_name_that_the_runtime_takes_and_its_peers_may_not_only_warns() {
    let verdict = Device::healthy()
        .with(configured("edge_01", Generation::Toml))
        .expect(Status::Healthy, &[HostnameInvalid]);
    assert_eq!(verdict.causes[0].effect, Effect::Warns);
}

#[test]
fn a_name_that_the_user_asks_about_comes_first() {
    Device::healthy()
        .with(own("edge-01", true))
        .with(configured("edge_01", Generation::Toml))
        .expect(Status::Healthy, &[]);
}

fn own(name: &str, given: bool) -> Observation {
    let facts = HostnameFacts { name: name.to_owned(), given };
    passed("hostname/own", "the device's host name", Facts::Hostname(facts))
}

fn configured(name: &str, generation: Generation) -> Observation {
    let source = "/etc/aziot/config.toml".to_owned();
    let facts = RuntimeFacts {
        generation: Some(generation),
        hostname: Some(Setting { value: name.to_owned(), source }),
        ..RuntimeFacts::default()
    };
    passed("runtime/files", "the runtime", Facts::Runtime(Box::new(facts)))
}
