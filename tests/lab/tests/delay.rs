//! A lab whose internet is far away: the wire holds every packet.

use std::time::Duration;

use edgeprobe_lab::servers::Plain;
use edgeprobe_lab::world::HUB;
use edgeprobe_lab::{Device, Lab, Line, Topology, requirements, sweep};

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

#[test]
fn a_line_that_loses_packets_loses_some_and_not_all() {
    let missing = requirements::missing();
    if !missing.is_empty() {
        eprintln!("skipped: the lab needs {}", missing.join(", "));
        return;
    }
    sweep();
    // Of 100 questions and their answers a quarter arrives; none, and all, are less likely than 1e-12.
    let lossy = Topology {
        device: Device::Bare,
        line: Line { loss: 0.5, jitter: Duration::from_millis(5), reordering: 0.2 },
        ..Topology::NORMAL
    };
    let lab = Lab::build(lossy, &Plain).unwrap();
    let pings =
        format!("for n in $(seq 100); do busybox ping -c 1 -W 1 -q {HUB} >/dev/null & done; wait");
    lab.device().sh(&pings).unwrap();
    let statistics = lab.device().sh("cat /proc/net/snmp").unwrap();
    let count = |name: &str| {
        let mut lines = statistics.lines().filter(|line| line.starts_with("Icmp:"));
        let names = lines.next()?.split_whitespace().position(|word| word == name)?;
        lines.next()?.split_whitespace().nth(names)?.parse::<u32>().ok()
    };
    let (asked, answered) = (count("OutEchos").unwrap(), count("InEchoReps").unwrap());
    assert!(asked == 100 && (1..100).contains(&answered), "{answered} of {asked}");
}
