//! A check on a device whose engine is Podman, by its compatible socket.

use std::path::Path;

use edgeprobe_lab::{Device, Lab, Topology};
use serde_json::Value;

use crate::report::Report;
use crate::support::{NOBODY, PROGRAM, as_nobody, check, installed, internet, machine};

/// Podman with everything that it writes in memory, and with the runtime that Docker brought: its
/// own refuses machines on which both versions of control groups are mounted.
const SET_UP: &str = r#"
umount -l /usr
for folder in /tmp /var/lib; do mount -t tmpfs lab $folder; done
mkdir -p /etc/containers /run/lab/image/bin
cat >/etc/containers/containers.conf <<CONF
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
cat >/etc/containers/storage.conf <<CONF
[storage]
driver = "overlay"
graphroot = "/run/lab/podman"
runroot = "/run/lab/podman.run"
CONF
cp -L "$(command -v busybox)" /run/lab/image/bin/busybox
ln -sf busybox /run/lab/image/bin/tail
tar -C /run/lab/image -c . | podman import - mcr.microsoft.com/azureiotedge-agent:1.5
podman network create azure-iot-edge
podman run -d --name edgeAgent --network azure-iot-edge mcr.microsoft.com/azureiotedge-agent:1.5 \
    tail -f /dev/null
"#;

#[test]
fn a_device_with_podman_is_asked_from_a_container_s_place_and_from_one_of_its_own() {
    // Podman's control groups lie where those of other labs do.
    let Some(_machine) = machine() else { return };
    for program in ["/usr/bin/podman", "/usr/sbin/runc"] {
        if !Path::new(program).exists() {
            return println!("skipped: there is no {program}");
        }
    }
    let topology = Topology { device: Device::Bare, ..Topology::NORMAL };
    let lab = Lab::build(topology, &internet()).unwrap();
    installed(&lab);
    lab.sh(SET_UP).unwrap();
    let socket = "/run/podman/podman.sock";
    let service = ["podman", "system", "service", "--time=0", &format!("unix://{socket}")];
    lab.sh("mkdir -p /run/podman").unwrap();
    let service = lab.device().spawn(&service).unwrap();
    lab.sh(&format!("until [ -S {socket} ]; do sleep 0.05; done; chmod 666 {socket}")).unwrap();

    let words = check(PROGRAM, &["--timeout", "20s"]);
    let by_root = Report::from_output(&lab.device().run(&words).unwrap());
    let user = as_nobody(NOBODY, &words);
    let by_user = Report::from_output(&lab.device().run(&user).unwrap());
    // The cleanup goes on after the run has ended, until the image is removed.
    let left = lab.device().sh(
        "for try in $(seq 100); do [ $(podman images -q | wc -l) = 1 ] && break; sleep 0.1; done
         podman ps -a --format {{.Names}}; podman images -q | wc -l",
    );
    let left = left.unwrap();
    lab.sh("podman rm -f -t 0 edgeAgent").unwrap();
    drop(service);
    // What Podman's runtime made above the containers' own control groups.
    lab.sh("find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} + || true")
        .unwrap();

    for (report, means) in [(&by_root, "container"), (&by_user, "own_container")] {
        assert_eq!((report.status(), report.confidence()), ("healthy", "confirmed"), "{report:?}");
        let joined = report.observations().find(|o| o["probe"] == "vantage").unwrap();
        assert!(!joined["facts"]["means"][means].is_null(), "{joined:#}");
        let connected = |o: &Value| {
            o["vantage"] == "bridge:azure-iot-edge" && o["probe"] == "tls" && o["outcome"] == "pass"
        };
        assert!(report.observations().any(connected), "{report:?}");
    }
    assert_eq!(left, "edgeAgent\n1", "a container or an image is left");
}
