//! A real dockerd, and what is asked of it.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use edgeprobe_facts::engine::EngineFacts;
use edgeprobe_facts::{Facts, Observation, Vantage};
use edgeprobe_probes::Timeline;
use edgeprobe_probes::engine::{self, Places};

use crate::{find, run};

/// A dockerd with an image of busybox, that ends when it is dropped.
pub(crate) struct Engine {
    dockerd: Child,
    pub(crate) place: PathBuf,
    pub(crate) socket: PathBuf,
}

impl Engine {
    /// Starts the engine in a place of this name and returns when it answers.
    pub(crate) fn start(directory: &Path, name: &str, arguments: &[&str]) -> Self {
        let place = directory.join(name);
        fs::create_dir(&place).unwrap();
        let socket = place.join("engine.sock");
        let mut dockerd = Command::new("dockerd")
            .arg("--data-root")
            .arg(place.join("data"))
            .arg("--exec-root")
            .arg(place.join("exec"))
            .arg("--pidfile")
            .arg(place.join("pid"))
            .arg("--host")
            .arg(format!("unix://{}", socket.display()))
            .args(arguments)
            .args(["--storage-driver", "vfs"])
            // An engine leaves its parent group behind, so this one is the test's own.
            .arg("--cgroup-parent")
            .arg(control_group(directory))
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(dockerd.stderr.take().unwrap()).lines();
        // Made before anything can fail, so that the engine ends in any case.
        let engine = Self { dockerd, place, socket };
        let ready = log.by_ref().map(Result::unwrap).any(|line| {
            println!("{line}");
            line.contains("API listen on")
        });
        assert!(ready, "dockerd ended");
        // A full pipe would stop the engine.
        std::thread::spawn(move || log.map_while(Result::ok).for_each(|line| println!("{line}")));
        engine.import();
        engine
    }

    /// Makes an image whose only file is busybox, under the name that the containers run.
    fn import(&self) {
        let busybox = find("busybox").unwrap();
        let mut tar = Command::new("tar")
            .args(["--dereference", "--transform", "s,.*,bin/sleep,", "-cP"])
            .arg(busybox)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let rootfs = tar.stdout.take().unwrap();
        run(self.command().args(["import", "-", "image"]).stdin(rootfs));
        assert!(tar.wait().unwrap().success());
    }

    pub(crate) fn docker(&self, arguments: &[&str]) {
        run(self.command().args(arguments));
    }

    pub(crate) fn command(&self) -> Command {
        let mut docker = Command::new("docker");
        docker.arg("--host").arg(format!("unix://{}", self.socket.display()));
        docker
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Asked, not killed: then it ends its containerd and removes its control groups.
        let pid = rustix::process::Pid::from_child(&self.dockerd);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.dockerd.wait();
    }
}

/// The control group that the test's containers are under, unique like the directory.
fn control_group(directory: &Path) -> &OsStr {
    directory.file_name().unwrap()
}

/// Removes the test's control groups from every hierarchy of cgroup v1, and from that of v2.
///
/// What is not there, or is still in use, is passed over.
pub(crate) fn remove_control_groups(directory: &Path) {
    let root = Path::new("/sys/fs/cgroup");
    let hierarchies = fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    for hierarchy in hierarchies.chain([root.to_owned()]) {
        let parent = hierarchy.join(control_group(directory));
        for container in fs::read_dir(&parent).into_iter().flatten().flatten() {
            let _ = fs::remove_dir(container.path());
        }
        let _ = fs::remove_dir(parent);
    }
}

/// What the probe finds of this engine.
pub(crate) async fn inspect(engine: &Engine) -> (Observation, EngineFacts) {
    let places = Places {
        sockets: vec![engine.socket.clone()],
        settings: vec![engine.place.join("../daemon.json")],
        ..Places::default()
    };
    let timeline = Timeline::start(Duration::from_secs(30));
    let observation = engine::inspect_in(timeline, &Vantage::Host, &places).await;
    let Facts::Engine(facts) = observation.facts.clone() else { panic!("not an engine") };
    (observation, facts)
}
