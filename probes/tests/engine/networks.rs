//! The engine's networks, the containers on them, and the subnet of the next one.

use std::env;
use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::Command;

use edgeprobe_facts::Outcome;
use edgeprobe_facts::engine::{self, EngineFacts, EngineKind};
use ipnet::IpNet;

use crate::dockerd::{Engine, inspect};
use crate::{DIRECTORY, output, run};

#[tokio::test]
#[ignore = "runs inside the namespaces that the other test makes"]
async fn inside_the_namespaces() {
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
