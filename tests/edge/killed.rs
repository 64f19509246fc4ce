//! A check that is killed at any moment leaves nothing behind.

use std::thread;
use std::time::{Duration, Instant};

use edgeprobe_lab::{Device, Lab, Topology};

use crate::machine::Machine;
use crate::report::{Report, text};
use crate::support::{PROGRAM, as_nobody, check, engine_group, installed, internet, turn};

/// How often a check is killed in each lab.
const KILLS: u32 = 30;

/// Where the moments come from: the same ones in every run, and others when this is changed.
const SEED: u64 = 0x5eed_2017_1215;

/// How long the kernel may take to take down what belonged to a killed process.
const GONE_WITHIN: Duration = Duration::from_secs(20);

#[test]
fn killed_on_a_healthy_device() {
    let Some(_turn) = turn() else { return };
    let lab = empty_network();
    kill_in(&lab, &check(PROGRAM, &["--timeout", "3s"]), "borrowed_address", "vantage");
}

#[test]
fn killed_while_a_packet_is_followed() {
    let Some(_turn) = turn() else { return };
    let lab = empty_network();
    lab.sh("iptables -I DOCKER-USER -i $BRIDGE -j DROP").unwrap();
    kill_in(&lab, &check(PROGRAM, &["--timeout", "3s"]), "borrowed_address", "trace");
}

#[test]
fn killed_while_a_container_is_made_asked_and_removed() {
    let Some(_turn) = turn() else { return };
    let lab = empty_network();
    let group = engine_group(&lab);
    let words = check(PROGRAM, &["--timeout", "12s"]);
    kill_in(&lab, &as_nobody(&group, &words), "own_container", "vantage");
}

#[test]
fn killed_with_its_keeper_it_leaves_what_the_next_run_removes() {
    let Some(_turn) = turn() else { return };
    let lab = empty_network();
    let group = engine_group(&lab);
    let words = check(PROGRAM, &["--timeout", "12s"]);
    let words = as_nobody(&group, &words);
    let whole = Report::from_output(&lab.device().run(&words).unwrap());
    assert!(whole.observations().any(|o| !o["facts"]["means"]["own_container"].is_null()));
    let before = rest(&lab);
    let check = lab.device().spawn(&words).unwrap();
    let image = "docker images --quiet --filter label=edgeprobe.vantage";
    until(|| !lab.device().sh(image).unwrap().is_empty());
    lab.device().sh("pkill -KILL -x edgeprobe").unwrap();
    drop(check);
    // A container ends by itself; the image has nobody left to remove it.
    until(|| lab.device().sh("pgrep -x edgeprobe || true").unwrap().is_empty());
    assert!(!lab.device().sh(image).unwrap().is_empty(), "nothing is left to be removed");
    lab.device().run(&words).unwrap();
    let differences = settle(&lab, &before);
    assert!(differences.is_empty(), "after the next run:\n{}", differences.join("\n"));
}

/// Looks until it is so.
fn until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < GONE_WITHIN, "it does not come to pass");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A device whose edge network has no container, so that an address on it is borrowed.
fn empty_network() -> Lab {
    let topology = Topology { device: Device::Agent, ..Topology::NORMAL };
    let lab = Lab::build(topology, &internet()).unwrap();
    // Before a folder that the program may have been built in is hidden.
    installed(&lab);
    // Folders that nobody but this device writes to, so that they can be compared.
    lab.sh("docker rm -f edgeAgent
        for folder in /tmp /var/lib; do mount -t tmpfs lab $folder; done")
        .unwrap();
    lab
}

/// Kills checks at moments all over their usual duration. They must have joined the network by
/// these means, and `probe` must have run.
fn kill_in(lab: &Lab, words: &[&str], means: &str, probe: &str) {
    let begun = Instant::now();
    // The first one completes: a bridge that never had a port gives itself an address, and keeps it.
    let report = Report::from_output(&lab.device().run(words).unwrap());
    let usual = begun.elapsed();
    let joined = |o: &serde_json::Value| !o["facts"]["means"][means].is_null();
    assert!(report.observations().any(joined), "nothing is joined by {means}: {report:?}");
    let of_probe = |o: &serde_json::Value| text(&o["probe"]) == probe;
    assert!(report.observations().any(of_probe), "{probe} does not run: {report:?}");

    let before = rest(lab);
    let mut random = SEED;
    for round in 0..KILLS {
        // One moment in each of equal parts, so that none is left out.
        let part = (f64::from(round) + fraction(&mut random)) / f64::from(KILLS);
        let moment = usual.mul_f64(part);
        let check = lab.device().spawn(words).unwrap();
        // Not a wait for anything: the moment of the kill is what varies.
        thread::sleep(moment);
        drop(check);
        let differences = settle(lab, &before);
        assert!(differences.is_empty(), "killed after {moment:?}:\n{}", differences.join("\n"));
    }
    println!("killed {KILLS} times within {usual:?}: nothing is left");
}

/// Looks until all that the first check has set going has come to rest.
fn rest(lab: &Lab) -> Machine {
    let begun = Instant::now();
    loop {
        match Machine::look(lab.device()) {
            Ok(machine) if machine.is_at_rest() => return machine,
            restless => assert!(begun.elapsed() < GONE_WITHIN, "it does not rest: {restless:?}"),
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Looks until the device is as it was, or long enough, and returns what differs.
fn settle(lab: &Lab, before: &Machine) -> Vec<String> {
    let begun = Instant::now();
    loop {
        let differences = match Machine::look(lab.device()) {
            Ok(machine) => machine.differences(before),
            Err(error) => vec![error.to_string()],
        };
        if differences.is_empty() || begun.elapsed() > GONE_WITHIN {
            return differences;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// The next number between 0 and 1 (SplitMix64: Steele, Lea and Flood 2014).
fn fraction(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let high = u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or_default();
    f64::from(high) / f64::from(u32::MAX)
}
