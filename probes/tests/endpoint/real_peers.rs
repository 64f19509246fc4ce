//! Peers that nobody here wrote. A test whose peer is not installed says so.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use edgeprobe_facts::endpoint::Transport;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::programs::free_port;
use crate::support::*;

/// The hub's chain and key in files, for programs.
struct Files {
    directory: tempfile::TempDir,
}

impl Files {
    fn from_identity(identity: &Identity) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut pem = rcgen_pem(&identity.chain[0]);
        pem.push_str(&identity.key.serialize_pem());
        std::fs::write(directory.path().join("hub.pem"), pem).unwrap();
        Self { directory }
    }

    fn pem(&self) -> PathBuf {
        self.directory.path().join("hub.pem")
    }
}

/// A certificate in PEM, which OpenSSL reads from its DER as text.
fn rcgen_pem(der: &[u8]) -> String {
    let output = std::process::Command::new("openssl")
        .args(["x509", "-inform", "DER"])
        .stdin({
            let file = tempfile::tempfile().unwrap();
            let mut writer = &file;
            std::io::Write::write_all(&mut writer, der).unwrap();
            std::io::Seek::rewind(&mut writer).unwrap();
            Stdio::from(file)
        })
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn start(command: &mut Command) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

/// The first line that contains `word`.
async fn line_with(lines: &mut Lines<BufReader<ChildStdout>>, word: &str) -> String {
    let waiting = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains(word) {
                return line;
            }
        }
        panic!("the program ended without saying {word}");
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("a line in time")
}

fn installed(program: &str, arguments: &[&str]) -> bool {
    let quiet = std::process::Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let found = quiet.is_ok_and(|status| status.success());
    if !found {
        println!("skipped: `{program} {}` does not run here", arguments.join(" "));
    }
    found
}

/// IoT Hub's classic front end: it reads the request, then asks for a client certificate.
#[tokio::test]
async fn a_renegotiation_for_a_client_certificate_is_no_block() {
    if !installed("openssl", &["version"]) {
        return;
    }
    for transport in [Transport::AmqpWs, Transport::Https] {
        let world = World::new();
        let files = Files::from_identity(&world.identity);
        let (mut child, mut lines) = start(
            Command::new("openssl")
                .args(["s_server", "-tls1_2", "-accept", "127.0.0.1:0", "-cert"])
                .arg(files.pem()),
        );
        let listening = line_with(&mut lines, "ACCEPT").await;
        let port = listening.rsplit(':').next().unwrap().trim().parse().unwrap();
        let renegotiating = async {
            line_with(&mut lines, "GET /").await;
            let mut keys = child.stdin.take().unwrap();
            keys.write_all(b"R\n").await.unwrap();
            keys.flush().await.unwrap();
            // Its standard output is read on, so that it never waits to write, and its standard
            // input stays open, for it would end.
            while lines.next_line().await.unwrap().is_some() {}
            std::future::pending::<()>().await;
        };
        // OpenSSL falls silent when its wish is declined, so this is how long the test takes.
        let question = Question { limit: Duration::from_secs(4), ..Question::about(transport) };
        let seen = tokio::select! {
            seen = question.ask_port(&world.trust, port) => seen,
            () = renegotiating => unreachable!("it waits for ever"),
        };
        let step = if transport == Transport::Https { "http" } else { "upgrade" };
        assert_eq!(failure(&seen), format!("{step} client_certificate_wanted"), "{seen:#?}");
        assert!(facts(&seen).tls.as_ref().unwrap().renegotiation_requested);
    }
}

const PROTON: &str = r#"
import sys
from proton.handlers import MessagingHandler
from proton.reactor import Container

class Listener(MessagingHandler):
    def on_start(self, event):
        event.container.ssl.server.set_credentials(sys.argv[1], sys.argv[1], None)
        event.container.listen("amqps://127.0.0.1:" + sys.argv[2])
        print("listening", flush=True)

Container(Listener()).run()
"#;

/// An AMQP 1.0 peer that is no IoT Hub.
#[tokio::test]
async fn qpid_proton_is_not_taken_for_the_hub() {
    // The distribution's own Python has the distribution's packages.
    let python =
        if PathBuf::from("/usr/bin/python3").exists() { "/usr/bin/python3" } else { "python3" };
    if !installed(python, &["-c", "import proton.reactor"]) || !installed("openssl", &["version"]) {
        return;
    }
    let world = World::new();
    let files = Files::from_identity(&world.identity);
    // Proton cannot say which port it was given.
    let free = free_port();
    let (_child, mut lines) =
        start(Command::new(python).args(["-c", PROTON]).arg(files.pem()).arg(free.to_string()));
    line_with(&mut lines, "listening").await;
    let seen = Question::about(Transport::Amqp).ask_port(&world.trust, free).await;
    assert_eq!(failure(&seen), "amqp amqp_not_iot_hub", "{seen:#?}");
    let amqp = facts(&seen).amqp.as_ref().unwrap();
    assert!(amqp.mechanisms.iter().any(|name| name == "ANONYMOUS"), "{amqp:?}");
}
