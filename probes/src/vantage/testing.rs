//! Network namespaces for tests.

use std::os::fd::{AsFd, AsRawFd};

use tokio::process::Command;

use super::Place;

/// A network namespace that a test sets up as it likes; it ends with the test.
pub(crate) struct Sandbox {
    pub(crate) place: Place,
}

/// A new sandbox, or none and a note where the test may not make one.
pub(crate) fn sandbox() -> Option<Sandbox> {
    if !has("ip") {
        return None;
    }
    match Place::anonymous() {
        Ok(place) => Some(Sandbox { place }),
        Err(error) => {
            println!("skipped: {error}");
            None
        }
    }
}

/// Whether a program that the test needs is there; a note if not.
fn has(program: &str) -> bool {
    let found = std::process::Command::new(program).arg("-V").output().is_ok();
    if !found {
        println!("skipped: {program} is not installed");
    }
    found
}

impl Sandbox {
    /// Runs the lines of a shell script inside, and fails the test when one of them fails.
    pub(crate) async fn set_up(&self, script: &str) {
        self.shell(script).await;
    }

    /// A path to the namespace, as `ip link add … netns` takes it.
    pub(crate) fn path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.place.as_fd().as_raw_fd())
    }

    /// What a shell script prints, run inside.
    pub(crate) async fn shell(&self, script: &str) -> String {
        let text = script.to_owned();
        let run = move || async move { Command::new("sh").args(["-ec", &text]).output().await };
        let output = self.place.run(run).await.unwrap().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}\n{errors}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// A device in a sandbox: an uplink to an internet in another one, and an edge network's bridge.
pub(crate) struct Lab {
    pub(crate) device: Sandbox,
    pub(crate) internet: Sandbox,
}

/// The hub's address in the internet; the device reaches it by its router, 192.0.2.1.
pub(crate) const HUB: &str = "203.0.113.10";

/// A device that forwards and translates as the engine sets it up, or none and a note.
pub(crate) async fn lab() -> Option<Lab> {
    let (device, internet) = (sandbox()?, sandbox()?);
    if !has("iptables") {
        return None;
    }
    let other = internet.path();
    device
        .set_up(&format!(
            "ip link set lo up
            echo 1 > /proc/sys/net/ipv4/ip_forward
            ip link add eth0 type veth peer name eth0 netns {other}
            ip addr add 192.0.2.10/24 dev eth0
            ip link set eth0 up
            ip route add default via 192.0.2.1
            ip link add br-edge address 02:42:00:00:00:01 type bridge
            ip addr add 172.18.0.1/16 dev br-edge
            ip link set br-edge up
            iptables -t nat -A POSTROUTING -s 172.18.0.0/16 ! -o br-edge -j MASQUERADE"
        ))
        .await;
    internet
        .set_up(&format!(
            "ip link set lo up
            ip addr add 192.0.2.1/24 dev eth0
            ip addr add {HUB}/32 dev lo
            ip link set eth0 up"
        ))
        .await;
    Some(Lab { device, internet })
}
