//! A line that loses packets, and a program that is stopped: neither is a fault of the network.

use std::time::Duration;

use edgeprobe_lab::world::{CA_FILE, HUB_NAME};
use edgeprobe_lab::{Lab, Line, Topology};

use crate::report::Report;
use crate::support::{EDGEPROBE, check, internet, machine};

const ROUND_TRIP: Duration = Duration::from_millis(100);

/// How many checks are made on one line. Before exchanges were repeated, one of five was wrong.
const RUNS: usize = 12;

/// An ordinary mobile line: 5 of 100 packets are lost in each direction.
fn mobile() -> Topology {
    let line = Line { loss: 0.05, ..Line::GOOD };
    Topology { round_trip: ROUND_TRIP, line, ..Topology::NORMAL }
}

/// Fails where the report calls a healthy device broken.
fn assert_no_false_alarm(report: &Report) {
    let status = report.status();
    assert!(["healthy", "inconclusive"].contains(&status), "{report:?}");
    // On this line both are true.
    let wrong = report.causes().into_iter().find(|id| !["lossy-link", "high-latency"].contains(id));
    assert!(wrong.is_none() || report.confidence() == "likely", "{wrong:?} in {report:?}");
}

#[test]
fn a_healthy_device_on_a_mobile_line_is_not_called_broken() {
    let Some(_machine) = machine() else { return };
    let lab = Lab::build(mobile(), &internet()).unwrap();
    for _ in 0..RUNS {
        let words = check(EDGEPROBE, &["--timeout", "5s"]);
        assert_no_false_alarm(&Report::from_output(&lab.device().run(&words).unwrap()));
    }
}

#[test]
fn a_closed_port_on_a_mobile_line_is_named() {
    let Some(_machine) = machine() else { return };
    let lab = Lab::build(mobile(), &internet()).unwrap();
    // Beyond the device, so that nothing but silence shows it.
    lab.router().sh("iptables -I FORWARD -p tcp --dport 5671 -j DROP").unwrap();
    let report = Report::from_output(&lab.device().run(&check(EDGEPROBE, &[])).unwrap());
    assert_eq!(report.causes().first(), Some(&"amqp-port-blocked"), "{report:?}");
}

#[test]
fn a_program_that_is_stopped_in_mid_run_makes_no_fault_of_it() {
    let Some(_machine) = machine() else { return };
    let far = Topology { round_trip: Duration::from_millis(600), ..Topology::NORMAL };
    let lab = Lab::build(far, &internet()).unwrap();
    // Longer than the whole run may take.
    let script = format!(
        "{EDGEPROBE} check --hub {HUB_NAME} --ca-file {CA_FILE} --timeout 5s --format json & run=$!
         sleep 1; kill -STOP $run; sleep 6; kill -CONT $run; wait $run"
    );
    let report = Report::from_output(&lab.device().run(&["sh", "-c", &script]).unwrap());
    assert_no_false_alarm(&report);
}
