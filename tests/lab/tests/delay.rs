//! A lab whose internet is far away: the wire holds every packet.

use std::time::Duration;

use edgeprobe_lab::servers::Plain;
use edgeprobe_lab::world::HUB;
use edgeprobe_lab::{Device, Lab, Topology, requirements, sweep};

#[test]
fn a_far_internet_takes_its_round_trip() {
    let missing = requirements::missing();
    if !missing.is_empty() {
        eprintln!("skipped: the lab needs {}", missing.join(", "));
        return;
    }
    sweep();
    let far = Topology {
        device: Device::Bare,
        round_trip: Duration::from_millis(100),
        ..Topology::NORMAL
    };
    let lab = Lab::build(far, &Plain).unwrap();
    let answer = lab.device().sh(&format!("busybox ping -c 1 -W 5 {HUB}")).unwrap();
    let time = answer.split_once("time=").and_then(|(_, rest)| rest.split('.').next()).unwrap();
    assert!(time.parse::<u32>().unwrap() >= 100, "{answer}");
}
