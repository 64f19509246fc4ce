//! A real engine writes its errors itself, and they are read back from where it keeps them.

use edgeprobe_lab::{Lab, Topology, scenarios};
use serde_json::Value;

use crate::support::{PROGRAM, installed, internet, turn};

/// What the engine says of a second container on a port, and of a port that a process has.
const CONFLICTS: &str = "
    image=mcr.microsoft.com/azureiotedge-hub:1.5
    busybox httpd -p 5671
    docker run -d --name web -p 443:443 $image tail -f /dev/null >/dev/null
    ! docker run --rm --name edgeHub -p 443:443 $image sh -c true 2>/run/container.log
    ! docker run --rm --name edgeHub -p 5671:5671 $image sh -c true 2>/run/process.log";

/// Edge Agent repeats in its own log what the engine says; this one has ended since.
const AGENT_REPEATS: &str = r#"
    docker rm -f edgeAgent >/dev/null
    docker run --name edgeAgent mcr.microsoft.com/azureiotedge-agent:1.5 \
        sh -c 'echo "$0" >&2' "$(cat /run/container.log)" 2>/dev/null"#;

fn logs(lab: &Lab, more: &[&str]) -> (Option<i32>, Value) {
    let words = [&[PROGRAM, "logs", "--format", "json"], more].concat();
    let output = lab.device().run(&words).unwrap();
    let report = serde_json::from_str(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {} {}", output.stdout, output.stderr));
    (output.status.code(), report)
}

#[test]
fn what_the_engine_says_of_ports_is_read_back() {
    let Some(_turn) = turn() else { return };
    let scenario = scenarios::named("port-held-by-web-server").unwrap();
    let lab = Lab::build(Topology { ..scenario.topology }, &internet()).unwrap();
    installed(&lab);
    lab.sh(CONFLICTS).unwrap();
    for (file, signature, holder, port) in [
        ("/run/container.log", "port-allocated", "container", 443),
        ("/run/process.log", "port-bound", "process", 5671),
    ] {
        let (code, report) = logs(&lab, &[file]);
        assert_eq!(code, Some(2), "{report:#}");
        let finding = &report["findings"][0];
        assert_eq!(finding["signature"], signature, "{report:#}");
        assert_eq!(finding["details"]["holder"], holder);
        assert_eq!(finding["details"]["port"], port);
        assert_eq!(report["verdict"]["causes"][0]["id"], "port-in-use");
        assert_eq!(report["verdict"]["confidence"], "confirmed");
    }

    lab.sh(AGENT_REPEATS).unwrap();
    for arguments in
        [&["--container", "edgeAgent"][..], &[], &["--container", "edgeAgent", "--since", "1h"]]
    {
        let (code, report) = logs(&lab, arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {report:#}");
        let finding = &report["findings"][0];
        assert_eq!(finding["signature"], "port-allocated", "{report:#}");
        assert_eq!(finding["container"], "edgeAgent");
        assert!(finding["first_at"].is_string(), "the engine's own time: {finding:#}");
    }
    let (code, report) = logs(&lab, &["--container", "web"]);
    assert_eq!(
        (code, report["findings"].as_array().map(Vec::len)),
        (Some(3), Some(0)),
        "{report:#}"
    );

    let absent = lab.device().run(&[PROGRAM, "logs", "--container", "edgeHubb"]).unwrap();
    assert_eq!(absent.status.code(), Some(3));
    assert!(absent.stderr.contains("there is no container `edgeHubb`"), "{}", absent.stderr);
}
