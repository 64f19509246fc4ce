//! The engine and ports probes against a real dockerd.
//!
//! The engine runs in network, mount and process namespaces of its own, so that nothing of it
//! stays when the test ends, however it ends. Needs root, dockerd, busybox and util-linux.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "clippy.toml's leave covers no helpers"
)]

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use edgeprobe_probes::engine::{self, EngineFacts, Places};
use edgeprobe_probes::ports::{self, PortFacts};
use edgeprobe_probes::{Facts, Observation, Outcome, Timeline, Token, Vantage};
use socket2::{Domain, Socket, Type};

/// Set for the inner test: the directory that it may use.
const DIRECTORY: &str = "EDGEPROBE_TEST_DIRECTORY";

#[test]
fn a_real_engine_is_asked_and_its_containers_are_named() {
    let tools = ["dockerd", "docker", "busybox", "unshare", "timeout", "ip", "tar"];
    if !rustix::process::geteuid().is_root() {
        println!("skipped: not root");
        return;
    }
    if let Some(absent) = tools.iter().find(|tool| find(tool).is_none()) {
        println!("skipped: there is no {absent}");
        return;
    }
    let namespaces = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"];
    let allowed = Command::new("unshare").args(namespaces).arg("true").output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        println!("skipped: namespaces are not allowed here");
        return;
    }
    let directory = env::temp_dir().join(format!("edgeprobe-dockerd-{}", std::process::id()));
    fs::create_dir(&directory).unwrap();
    // The test itself is the first process of the namespace: when it ends, the kernel ends the
    // engine, its containerd and its containers.
    let output = Command::new("timeout")
        .args(["--kill-after=5", "120", "unshare"])
        .args(namespaces)
        .arg(env::current_exe().unwrap())
        .args(["--exact", "inside_the_namespaces", "--ignored", "--nocapture"])
        .env(DIRECTORY, &directory)
        .output();
    let removed = fs::remove_dir_all(&directory);
    remove_control_groups(&directory);
    let output = output.unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    removed.unwrap();
}

#[tokio::test]
#[ignore = "runs inside the namespaces that the other test makes"]
async fn inside_the_namespaces() {
    let Some(directory) = env::var_os(DIRECTORY).map(PathBuf::from) else { return };
    run(Command::new("ip").args(["link", "set", "lo", "up"]));
    for userland_proxy in [true, false] {
        let engine = Engine::start(&directory, userland_proxy);
        engine.docker(&["run", "-d", "--name", "web", "-p", "443:8443", "image", "sleep", "600"]);
        engine.docker(&[
            "run",
            "-d",
            "--name",
            "edgeHub",
            "-p",
            "8883:8883",
            "image",
            "sleep",
            "600",
        ]);

        let (observation, facts) = inspect(&engine).await;
        assert_eq!(observation.outcome, Outcome::Pass, "{observation:#?}");
        assert!(facts.version.is_some());
        let web = facts.containers.iter().find(|container| container.name == "web").unwrap();
        assert_eq!(web.id.len(), 64);
        assert_eq!(web.image, "image");
        assert_eq!(web.addresses.len(), 1);
        assert!(
            web.published.iter().any(|port| (port.host_port, port.container_port) == (443, 8443))
        );

        let (observation, ports) = probe(443, &facts).await;
        assert_eq!(observation.token(), Some(Token::AddressInUse), "{observation:#?}");
        assert_eq!(ports.holders.len(), 1, "{ports:#?}");
        let holder = &ports.holders[0];
        assert_eq!(holder.container.as_deref(), Some("web"));
        let process = if userland_proxy { "docker-proxy" } else { "dockerd" };
        assert_eq!(holder.process.as_deref(), Some(process));

        let (observation, ports) = probe(8883, &facts).await;
        assert_eq!(observation.outcome, Outcome::Pass, "{observation:#?}");
        assert!(ports.held_by_edge_hub);
        assert_eq!(ports.holders[0].container.as_deref(), Some("edgeHub"));

        // What the probe foretells is what the engine then does.
        for shared in [true, false] {
            let socket = bound_without_listening(5671, shared);
            let (observation, _) = probe(5671, &facts).await;
            assert_eq!(observation.outcome == Outcome::Pass, shared, "{observation:#?}");
            let run = ["run", "--rm", "-p", "5671:5671", "image", "sleep", "0"];
            let output = engine.command().args(run).output().unwrap();
            assert_eq!(output.status.success(), shared, "{output:?}");
            drop(socket);
        }

        engine.docker(&["rm", "-f", "web", "edgeHub"]);
        drop(engine);
    }
}

fn bound_without_listening(port: u16, shared: bool) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_reuse_address(shared).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into()).unwrap();
    socket
}

async fn inspect(engine: &Engine) -> (Observation, EngineFacts) {
    let places = Places { sockets: vec![engine.socket.clone()], ..Places::default() };
    let timeline = Timeline::start(Duration::from_secs(30));
    let observation = engine::inspect_in(timeline, &Vantage::Host, &places).await;
    let Facts::Engine(facts) = observation.facts.clone() else { panic!("not an engine") };
    (observation, facts)
}

async fn probe(port: u16, engine: &EngineFacts) -> (Observation, PortFacts) {
    let timeline = Timeline::start(Duration::from_secs(30));
    let observation = ports::probe(timeline, &Vantage::Host, port, &engine.containers).await;
    let Facts::Ports(facts) = observation.facts.clone() else { panic!("not a port") };
    (observation, facts)
}

/// A dockerd with an image of busybox, that ends when it is dropped.
struct Engine {
    dockerd: Child,
    socket: PathBuf,
}

impl Engine {
    /// Starts the engine and returns when it answers.
    fn start(directory: &Path, userland_proxy: bool) -> Self {
        let place = directory.join(if userland_proxy { "proxy" } else { "translation" });
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
            .arg(format!("--userland-proxy={userland_proxy}"))
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
        let engine = Self { dockerd, socket };
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

    fn docker(&self, arguments: &[&str]) {
        run(self.command().args(arguments));
    }

    fn command(&self) -> Command {
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
fn remove_control_groups(directory: &Path) {
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

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|directory| directory.join(program)).find(|path| path.is_file())
}
