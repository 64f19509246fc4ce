//! A trace that is asked for alone, on a device with a real engine.

use edgeprobe_lab::world::{CA_FILE, HUB_NAME};
use edgeprobe_lab::{Lab, scenarios};

use crate::report::{Report, text};
use crate::support::{PROGRAM, installed, internet, turn};

#[test]
fn a_trace_that_is_asked_for_alone_shows_where_the_packets_vanish() {
    let Some(_turn) = turn() else { return };
    let scenario = scenarios::named("forward-docker-user-drop").unwrap();
    let mut lab = Lab::build(scenario.topology, &internet()).unwrap();
    installed(&lab);
    let words =
        [PROGRAM, "probe", "trace", "--format", "json", "--hub", HUB_NAME, "--ca-file", CA_FILE];
    let stages = |lab: &Lab| -> Vec<String> {
        let report = Report::from_output(&lab.device().run(&words).unwrap());
        // The rule spares the engine's default network.
        let traces = report
            .observations()
            .filter(|o| o["probe"] == "trace" && o["vantage"] == "bridge:azure-iot-edge");
        traces.map(|o| text(&o["facts"]["stage"]).to_owned()).collect()
    };
    let well = stages(&lab);
    assert!(!well.is_empty() && well.iter().all(|stage| stage == "delivered"), "{well:?}");
    (scenario.fault)(&mut lab).unwrap();
    let broken = stages(&lab);
    assert!(!broken.is_empty() && broken.iter().all(|stage| stage == "lost_inside"), "{broken:?}");
}
