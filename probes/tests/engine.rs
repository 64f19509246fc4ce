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
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use edgeprobe_probes::engine::{self, EngineFacts, EngineKind, Places};
use edgeprobe_probes::ports::{self, PortFacts};
use edgeprobe_probes::{Facts, Observation, Outcome, Timeline, Token, Vantage};
use ipnet::IpNet;
use socket2::{Domain, Socket, Type};

/// Set for the inner test: the directory that it may use.
const DIRECTORY: &str = "EDGEPROBE_TEST_DIRECTORY";

#[test]
fn a_real_engine_is_asked_and_its_containers_are_named() {
    in_namespaces("ports");
}

#[test]
fn a_real_engine_s_networks_are_known_and_its_choice_of_a_subnet_is_foretold() {
    in_namespaces("networks");
}

/// Runs the ignored test of this subject in namespaces of its own.
fn in_namespaces(subject: &str) {
    let tools = ["dockerd", "docker", "busybox", "unshare", "nsenter", "timeout", "ip", "tar"];
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
    // Short, since the engine's sockets are below it.
    let directory =
        env::temp_dir().join(format!("edgeprobe-dockerd-{}-{subject}", std::process::id()));
    fs::create_dir(&directory).unwrap();
    // The test itself is the first process of the namespace: when it ends, the kernel ends the
    // engine, its containerd and its containers.
    let output = Command::new("timeout")
        .args(["--kill-after=5", "120", "unshare"])
        .args(namespaces)
        .arg(env::current_exe().unwrap())
        .args(["--exact", &format!("{subject}_inside_the_namespaces")])
        .args(["--ignored", "--nocapture"])
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
async fn ports_inside_the_namespaces() {
    let Some(directory) = env::var_os(DIRECTORY).map(PathBuf::from) else { return };
    run(Command::new("ip").args(["link", "set", "lo", "up"]));
    for userland_proxy in [true, false] {
        let name = if userland_proxy { "proxy" } else { "translation" };
        let proxy = format!("--userland-proxy={userland_proxy}");
        let engine = Engine::start(&directory, name, &[&proxy]);
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

#[tokio::test]
#[ignore = "runs inside the namespaces that the other test makes"]
async fn networks_inside_the_namespaces() {
    let Some(directory) = env::var_os(DIRECTORY).map(PathBuf::from) else { return };
    run(Command::new("ip").args(["link", "set", "lo", "up"]));
    // A resolver on the host's loopback, as dnsmasq is one.
    let resolv_conf = "nameserver 127.0.0.1\n";
    let host_file = directory.join("resolv.conf");
    fs::write(&host_file, resolv_conf).unwrap();
    run(Command::new("mount").arg("--bind").arg(&host_file).arg("/etc/resolv.conf"));
    let settings = directory.join("daemon.json");
    fs::write(&settings, r#"{"mtu": 1450, "userland-proxy": false}"#).unwrap();
    let engine =
        Engine::start(&directory, "networks", &["--config-file", &settings.to_string_lossy()]);
    engine.docker(&[
        "network",
        "create",
        "--subnet=172.25.0.0/16",
        "--opt=com.docker.network.driver.mtu=1400",
        "azure-iot-edge",
    ]);
    let run_agent =
        ["run", "-d", "--name=edgeAgent", "--network=azure-iot-edge", "--env=KEY=secret"];
    let hub = "--env=IOTEDGE_IOTHUBHOSTNAME=hub.azure-devices.net";
    engine.docker(&[&run_agent[..], &[hub, "image", "sleep", "600"]].concat());
    engine.docker(&["run", "-d", "--name=web", "image", "sleep", "600"]);

    let (observation, facts) = inspect(&engine).await;
    assert_eq!(observation.outcome, Outcome::Pass, "{observation:#?}");
    assert_eq!(facts.kind, Some(EngineKind::Docker));
    assert_eq!((facts.settings.mtu, facts.settings.userland_proxy), (Some(1450), Some(false)));
    assert!(!serde_json::to_string(&facts).unwrap().contains("secret"));

    // The networks of the runtime, and what the kernel has of them.
    let networks = engine::edge_networks(&facts.networks, None);
    let names: Vec<_> = networks.iter().map(|network| network.name.as_str()).collect();
    assert_eq!(names, ["azure-iot-edge", "bridge"]);
    let [edge, default] = [networks[0], networks[1]];
    assert_eq!(edge.subnets[0].subnet.to_string(), "172.25.0.0/16");
    assert_eq!(edge.mtu, Some(1400));
    assert_eq!(default.bridge.as_deref(), Some("docker0"));
    for network in [edge, default] {
        let bridge = network.bridge.as_deref().unwrap();
        let gateway = network.subnets[0].gateway.unwrap();
        let shown = output(Command::new("ip").args(["-4", "addr", "show", "dev", bridge]));
        assert!(shown.contains(&format!("inet {gateway}/16")), "{shown}");
    }

    // The containers, and the way into their network namespaces.
    for (name, network) in [("edgeAgent", edge), ("web", default)] {
        let container = facts.containers.iter().find(|one| one.name == name).unwrap();
        assert!(container.is_on(&network.name));
        assert_eq!(network.members, container.addresses);
        let of_the_process = format!("/proc/{}/ns/net", container.pid.unwrap());
        let of_the_engine = container.network_namespace.clone().unwrap();
        for namespace in [of_the_process, of_the_engine] {
            let shown = output(
                Command::new("nsenter")
                    .arg(format!("--net={namespace}"))
                    .args(["ip", "-4", "addr"]),
            );
            assert!(shown.contains(&format!("inet {}/16", container.addresses[0])), "{shown}");
        }
    }
    let agent = facts.containers.iter().find(|container| container.is_edge_agent()).unwrap();
    assert_eq!(agent.iot_hub.as_deref(), Some("hub.azure-devices.net"));

    // The name servers that the containers really got.
    let dns = engine::container_resolvers(edge, &facts, resolv_conf, None);
    assert!(dns.through_embedded && !dns.fallback_to_public);
    assert_eq!(name_servers(&facts, "edgeAgent"), ["127.0.0.11"]);
    let dns = engine::container_resolvers(default, &facts, resolv_conf, None);
    assert!(dns.fallback_to_public);
    let foretold: Vec<_> =
        dns.servers.iter().map(|server| server.address.ip().to_string()).collect();
    assert_eq!(name_servers(&facts, "web"), foretold);

    // What is foretold is what the engine then does.
    for name in ["first", "second", "third"] {
        assert!(chooses_as_foretold(&engine, name).await.is_some());
    }
    run(Command::new("ip").args(["tuntap", "add", "dev", "tun0", "mode", "tun"]));
    run(Command::new("ip").args(["addr", "add", "10.8.0.2/24", "dev", "tun0"]));
    run(Command::new("ip").args(["link", "set", "tun0", "up"]));
    route("add", &["172.21.128.0/17", "dev", "tun0"]);
    let subnet = chooses_as_foretold(&engine, "fourth").await;
    assert_eq!(subnet.as_deref(), Some("172.22.0.0/16"));
    route("add", &["172.23.0.0/16", "via", "10.8.0.1"]);
    chooses_as_foretold(&engine, "fifth").await;
    // OpenVPN's def1, by a gateway and then on the link.
    for (name, way) in [("sixth", &["via", "10.8.0.1"][..]), ("seventh", &["dev", "tun0"])] {
        for half in ["0.0.0.0/1", "128.0.0.0/1"] {
            route("replace", &[&[half], way].concat());
        }
        let subnet = chooses_as_foretold(&engine, name).await;
        if name == "seventh" {
            assert_eq!(subnet, None);
        }
    }
    engine.docker(&["rm", "-f", "edgeAgent", "web"]);
}

/// Foretells the subnet of a new network, lets the engine make it, and compares.
async fn chooses_as_foretold(engine: &Engine, name: &str) -> Option<String> {
    let (_, facts) = inspect(engine).await;
    let networks = facts.networks.iter().flat_map(|network| &network.subnets);
    let networks: Vec<_> = networks.map(|range| range.subnet).collect();
    let claims: Vec<_> = host_routes()
        .into_iter()
        .map(|(destination, on_link)| facts.claim_of_route(destination, on_link))
        .collect();
    let prediction = engine::predict_subnet(&facts.address_pools(), &networks, &claims);
    let foretold = prediction.map(|prediction| prediction.subnet.to_string());

    let created = engine.command().args(["network", "create", name]).output().unwrap();
    let chosen = created.status.success().then(|| {
        let format = "--format={{(index .IPAM.Config 0).Subnet}}";
        output(engine.command().args(["network", "inspect", format, name])).trim().to_owned()
    });
    assert_eq!(chosen, foretold, "{name}: {created:?}");
    foretold
}

/// The routes of the main table, and whether each is on its link.
fn host_routes() -> Vec<(IpNet, bool)> {
    let routes = output(Command::new("ip").args(["-4", "route", "show"]));
    let routes = routes.lines().filter_map(|route| {
        let destination = route.split_whitespace().next()?;
        // A single address is shown without its length.
        let network =
            destination.parse().or_else(|_| destination.parse::<IpAddr>().map(Into::into));
        Some((network.ok()?, !route.contains(" via ")))
    });
    routes.collect()
}

fn route(action: &str, arguments: &[&str]) {
    run(Command::new("ip").args(["route", action]).args(arguments));
}

/// The name servers of a container's resolv.conf, read by way of its process.
fn name_servers(facts: &EngineFacts, container: &str) -> Vec<String> {
    let container = facts.containers.iter().find(|one| one.name == container).unwrap();
    let file = format!("/proc/{}/root/etc/resolv.conf", container.pid.unwrap());
    let text = fs::read_to_string(file).unwrap();
    text.lines().filter_map(|line| line.strip_prefix("nameserver ")).map(str::to_owned).collect()
}

fn bound_without_listening(port: u16, shared: bool) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_reuse_address(shared).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into()).unwrap();
    socket
}

async fn inspect(engine: &Engine) -> (Observation, EngineFacts) {
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

async fn probe(port: u16, engine: &EngineFacts) -> (Observation, PortFacts) {
    let timeline = Timeline::start(Duration::from_secs(30));
    let observation = ports::probe(timeline, &Vantage::Host, port, &engine.containers).await;
    let Facts::Ports(facts) = observation.facts.clone() else { panic!("not a port") };
    (observation, facts)
}

/// A dockerd with an image of busybox, that ends when it is dropped.
struct Engine {
    dockerd: Child,
    place: PathBuf,
    socket: PathBuf,
}

impl Engine {
    /// Starts the engine in a place of this name and returns when it answers.
    fn start(directory: &Path, name: &str, arguments: &[&str]) -> Self {
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
    output(command);
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|directory| directory.join(program)).find(|path| path.is_file())
}
