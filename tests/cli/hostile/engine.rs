//! An engine that says more than anybody can hold: a check of the device ends in time, in little memory,
//! and blames the engine for nothing that it did not read.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{Outcome, PROGRAM, concurrently};

/// The memory that the program may write to, in KiB: 256 MiB.
const DATA: &str = "262144";

/// A way to say too much, in place of each answer of this path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Flood {
    /// A body of a length that is not said, without end.
    Endless(&'static str),
    /// A list of small things, as many as fit into a gibibyte.
    Things(&'static str),
    /// A head without end.
    Head,
    /// A byte each 10 ms.
    Slowly,
    /// A body that says that it has 64 GiB.
    Promised,
    /// Chunks without end.
    Chunks,
}

const FLOODS: [Flood; 12] = [
    Flood::Endless("version"),
    Flood::Endless("containers/json"),
    Flood::Endless("networks"),
    Flood::Endless("info"),
    Flood::Endless("images/json"),
    Flood::Things("containers/json"),
    Flood::Things("networks"),
    Flood::Things("images/json"),
    Flood::Head,
    Flood::Slowly,
    Flood::Promised,
    Flood::Chunks,
];

#[test]
fn no_answer_of_an_engine_is_too_long() {
    let folder = TempDir::new().unwrap();
    let outcomes = concurrently(FLOODS.to_vec(), |flood| {
        let socket = folder.path().join(format!("{}.sock", flood.name()));
        serve(&socket, *flood);
        let mut command = Command::new("sh");
        command.env_clear().env("DOCKER_HOST", format!("unix://{}", socket.display()));
        command.args(["-c", &format!("ulimit -d {DATA}; exec \"$@\""), "sh", PROGRAM]);
        command.args(["probe", "engine", "--hub", "contoso.azure-devices.net"]);
        command.args(["--timeout", "4s", "--ports", "none", "--format", "json"]);
        Outcome::from_command(&mut assert_cmd::Command::from_std(command))
    });
    for (flood, outcome) in outcomes {
        assert_eq!(outcome.stderr, "", "{flood:?}");
        let report = outcome.json();
        let took = report["run"]["duration_ms"].as_f64().unwrap();
        assert!(took < 12_000.0, "{flood:?}: {took} ms");
        let engine = engine_of(&report);
        println!("{flood:?}: {took:.0} ms, {}", engine["failure"]);
        match flood {
            // An engine that lists too much is no engine that does not answer.
            Flood::Endless("containers/json" | "networks" | "version")
            | Flood::Things("containers/json" | "networks")
            | Flood::Promised
            | Flood::Chunks => {
                assert_eq!(engine["outcome"], "skipped", "{flood:?}: {engine:#}");
                assert_eq!(engine["failure"]["token"], "own_limit", "{flood:?}: {engine:#}");
            }
            // What else it tells is left out.
            Flood::Endless(_) | Flood::Things(_) => {
                assert_eq!(engine["outcome"], "pass", "{flood:?}: {engine:#}");
            }
            Flood::Head | Flood::Slowly => {
                assert_eq!(engine["failure"]["token"], "engine_not_answering", "{flood:?}");
            }
        }
        let blamed = report["verdict"]["causes"].to_string();
        let answers = matches!(flood, Flood::Head | Flood::Slowly);
        assert_eq!(blamed.contains("engine-unavailable"), answers, "{flood:?}: {blamed}");
    }
}

#[test]
fn a_running_edge_agent_is_found_beyond_any_number_of_containers() {
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("engine.sock");
    crate::engine::serve(&socket, |path| {
        let agent = serde_json::json!({"Id": "cafe01", "Names": ["/edgeAgent"], "Image": "agent:1",
            "State": "running", "HostConfig": {"NetworkMode": "azure-iot-edge"}});
        let body = match path {
            "version" => serde_json::json!({"ApiVersion": "1.44", "Version": "27.1.1"}),
            "containers/json" => {
                let module = |number: u32| {
                    serde_json::json!({"Id": format!("{number:064x}"), "Image": "module:1",
                        "Names": [format!("/module{number}")]})
                };
                // The newest come first, and Edge Agent is the oldest.
                let modules = (0..700).map(module);
                modules.chain([agent]).collect()
            }
            "containers/cafe01/json" => serde_json::json!({"State": {"Pid": 4711},
                "Config": {"Env": ["IOTEDGE_IOTHUBHOSTNAME=plant.azure-devices.net"]}}),
            "networks" | "images/json" => serde_json::json!([]),
            _ => return crate::engine::Answer::unknown(),
        };
        crate::engine::Answer::json(&body)
    });
    let mut command = crate::program::edgeprobe();
    command.env("DOCKER_HOST", format!("unix://{}", socket.display()));
    command.args(["probe", "engine", "--ports", "none", "--format", "json"]);
    let report = Outcome::from_command(&mut command).json();
    let facts = &engine_of(&report)["facts"];
    let running = facts["containers"].as_array().unwrap();
    let agent = running.iter().find(|container| container["name"] == "edgeAgent").unwrap();
    assert_eq!(agent["iot_hub"], "plant.azure-devices.net");
    assert!(facts["stopped"].is_null(), "{}", facts["stopped"]);
    assert_eq!((running.len(), &facts["containers_left_out"]), (257, &Value::from(444)));
    let missing = report["verdict"]["not_tested"].to_string();
    assert!(missing.contains("More containers of the engine (444)"), "{missing}");
}

fn engine_of(report: &Value) -> &Value {
    let observations = report["observations"].as_array().unwrap();
    observations.iter().find(|seen| seen["probe"] == "engine").unwrap()
}

impl Flood {
    fn name(self) -> String {
        format!("{self:?}").replace(|letter: char| !letter.is_ascii_alphanumeric(), "")
    }

    /// What is said on a connection until nobody listens.
    fn converse(self, connection: &UnixStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(connection).lines().map_while(Result::ok);
        let request = lines.next().unwrap_or_default();
        let _head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        let path = request.split(' ').nth(1).unwrap_or_default();
        let path = path.split('?').next().unwrap_or_default();
        let path = path.strip_prefix("/v1.").and_then(|rest| rest.split_once('/'));
        let path = path.map_or(request.split(' ').nth(1).unwrap_or_default(), |(_, path)| path);
        let path = path.trim_start_matches('/');
        let floods = match self {
            Self::Endless(of) | Self::Things(of) => of == path,
            Self::Head | Self::Slowly | Self::Promised | Self::Chunks => true,
        };
        let mut to = connection;
        if !floods {
            let body = match path {
                "version" => r#"{"ApiVersion": "1.44", "Version": "27.1.1"}"#,
                "info" => "{}",
                _ => "[]",
            };
            let length = body.len();
            return write!(to, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
        }
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
        let forever = |mut to: &UnixStream, bytes: &[u8]| -> std::io::Result<()> {
            let many = bytes.repeat(65_536_usize.div_ceil(bytes.len()));
            loop {
                to.write_all(&many)?;
            }
        };
        match self {
            Self::Endless(_) => {
                write!(to, "{head}\r\n[\"")?;
                forever(to, b"endless ")
            }
            Self::Things(_) => {
                write!(to, "{head}\r\n[{{}}")?;
                forever(to, b",{}")
            }
            Self::Head => {
                write!(to, "{head}")?;
                forever(to, b"X-More: of it\r\n")
            }
            Self::Slowly => {
                write!(to, "{head}Content-Length: 1000000\r\n\r\n")?;
                loop {
                    to.write_all(b" ")?;
                    thread::sleep(Duration::from_millis(10));
                }
            }
            Self::Promised => {
                write!(to, "{head}Content-Length: 68719476736\r\n\r\n[\"")?;
                forever(to, b"promised ")
            }
            Self::Chunks => {
                write!(to, "{head}Transfer-Encoding: chunked\r\n\r\n")?;
                forever(to, &[b"400\r\n".as_slice(), &[b' '; 1024], b"\r\n"].concat())
            }
        }
    }
}

/// Serves for as long as the test lasts.
fn serve(socket: &Path, flood: Flood) {
    let listener = UnixListener::bind(socket).unwrap();
    thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || flood.converse(&connection));
        }
    });
}
