//! The ports that containers publish.

use std::env;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use edgeprobe_facts::engine::EngineFacts;
use edgeprobe_facts::ports::PortFacts;
use edgeprobe_facts::{Facts, Observation, Outcome, Token, Vantage};
use edgeprobe_probes::{Timeline, ports};
use socket2::{Domain, Socket, Type};

use crate::dockerd::{Engine, inspect};
use crate::{DIRECTORY, run};

#[tokio::test]
#[ignore = "runs inside the namespaces that the other test makes"]
async fn inside_the_namespaces() {
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

fn bound_without_listening(port: u16, shared: bool) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_reuse_address(shared).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into()).unwrap();
    socket
}

async fn probe(port: u16, engine: &EngineFacts) -> (Observation, PortFacts) {
    let timeline = Timeline::start(Duration::from_secs(30));
    let observation = ports::probe(timeline, &Vantage::Host, port, &[], &engine.containers).await;
    let Facts::Ports(facts) = observation.facts.clone() else { panic!("not a port") };
    (observation, facts)
}
