//! Tests that need the real ports run in a network namespace of their own.
//!
//! A test runs itself again as the one test of a second process, inside the namespace. Two roles
//! can be played: the device, and beside it the internet in a namespace of its own, at the other
//! end of a cable. Everything is gone when the processes are.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

/// Says to a second process which part of its test it is to play.
const ROLE: &str = "EDGEPROBE_TEST_ROLE";

/// An address of the hub, and one of the control host: public ones, or they would be judged.
pub(crate) const HUB_ADDRESS: &str = "20.49.110.2";
pub(crate) const CONTROL_ADDRESS: &str = "13.107.42.16";
/// The name server of the internet, and the device, on the cable between the two.
pub(crate) const RESOLVER_ADDRESS: &str = "198.41.0.4";
const DEVICE_ADDRESS: &str = "198.41.0.2";

/// Runs `body` in a network namespace with loopback and an uplink that leads nowhere. `test` is the test's own
/// path, such as `hostile::garbage`.
pub(crate) fn alone(test: &str, body: impl FnOnce()) {
    if env::var_os(ROLE).is_some() {
        configure(&[
            "link set lo up",
            "link add uplink type veth peer name internet",
            &format!("addr add {DEVICE_ADDRESS}/24 dev uplink"),
            "link set uplink up",
            "link set internet up",
            &format!("route add default via {RESOLVER_ADDRESS}"),
        ]);
        return body();
    }
    let Some(mut second) = second_process(test, "alone") else { return };
    let output = second.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    print!("{told}");
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "the test failed in its namespace, see above");
    assert!(told.contains("1 passed"), "{test} is not the path of this test");
}

/// Runs `device` in one namespace and `internet` in another, with a cable between them.
///
/// `internet` gets a function that is to be called with one line when everything serves, and
/// returns when the test is over; `device` gets that line.
pub(crate) fn with_internet(
    test: &str,
    internet: impl FnOnce(&dyn Fn(&str)),
    device: impl FnOnce(&str),
) {
    match env::var(ROLE).as_deref() {
        Ok("internet") => {
            // The other end says when the cable is there.
            wait_for_line();
            configure(&[
                "link set lo up",
                &format!("addr add {RESOLVER_ADDRESS}/24 dev internet"),
                &format!("addr add {HUB_ADDRESS}/32 dev internet"),
                &format!("addr add {CONTROL_ADDRESS}/32 dev internet"),
                "link set internet up",
            ]);
            internet(&|line| {
                println!("{READY}{line}");
                wait_for_line();
            });
        }
        Ok(_device) => {
            let Some(mut other) = second_process(test, "internet") else { return };
            let mut other = other.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            let mut told = BufReader::new(other.stdout.take().unwrap()).lines();
            // The test harness prints its own first lines once it runs inside the namespace.
            told.next();
            configure(&[
                "link set lo up",
                &format!("link add uplink type veth peer name internet netns {}", other.id()),
                &format!("addr add {DEVICE_ADDRESS}/24 dev uplink"),
                "link set uplink up",
                &format!("route add default via {RESOLVER_ADDRESS}"),
            ]);
            say(&mut other);
            let ready = told
                .by_ref()
                .map_while(Result::ok)
                .find_map(|line| line.split_once(READY).map(|(_, after)| after.to_owned()));
            device(&ready.expect("the internet serves"));
            say(&mut other);
            // What its harness prints at the end has to go somewhere.
            told.for_each(drop);
            assert!(other.wait().unwrap().success());
        }
        Err(_) => alone(test, || unreachable!("the role is the device's")),
    }
}

/// Stands before the line that says that everything serves.
const READY: &str = "ready: ";

/// This test again, in a network namespace; `None`, and a note, where that is not permitted.
fn second_process(test: &str, role: &str) -> Option<Command> {
    let options = ["--user --map-root-user --net --mount", "--net --mount"].into_iter().rev().find(
        |options| {
            let tried = Command::new("unshare").args(options.split(' ')).arg("true").output();
            tried.is_ok_and(|output| output.status.success())
        },
    );
    let Some(options) = options else {
        eprintln!("skipped: {test} needs a network namespace, which this user may not make");
        return None;
    };
    let mut command = Command::new("unshare");
    command
        .args(options.split(' '))
        .arg(env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(ROLE, role);
    Some(command)
}

/// Gives loopback another address.
pub(crate) fn add_address(ip: std::net::IpAddr) {
    configure(&[&format!("addr replace {ip}/32 dev lo")]);
}

/// Gives these commands to `ip`, one after the other.
pub(crate) fn configure(commands: &[&str]) {
    for command in commands {
        let output = Command::new("ip").args(command.split(' ')).output().expect("ip is installed");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ip {command}: {told}");
    }
}

fn say(child: &mut Child) {
    child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
}

fn wait_for_line() {
    std::io::stdin().read_line(&mut String::new()).unwrap();
}
