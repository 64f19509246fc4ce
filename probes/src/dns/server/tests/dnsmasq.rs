//! Against a name server that nobody here wrote.

use std::process::Stdio;

use tokio::process::{Child, Command};

use super::*;

const DNSMASQ: &str = "/usr/sbin/dnsmasq";

/// dnsmasq on a free port of the loopback interface; killed when dropped.
async fn start() -> Option<(Child, SocketAddr)> {
    if !std::path::Path::new(DNSMASQ).exists() {
        println!("skipped: there is no {DNSMASQ}");
        return None;
    }
    // No other test uses this address, so the port stays free until dnsmasq binds it.
    let listener = TcpListener::bind("127.53.0.4:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let child = Command::new(DNSMASQ)
        .args(["--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--no-poll"])
        .args(["--user=", "--group=", "--pid-file="])
        .args(["--listen-address=127.53.0.4", "--bind-interfaces"])
        .arg(format!("--port={}", address.port()))
        .args(["--host-record=gateway.azure.example,20.49.110.2"])
        .args([format!("--cname={HUB},gateway.azure.example")])
        .args(["--address=/sink.example/0.0.0.0", "--local=/unknown.example/"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    Some((child, address))
}

async fn ask(server: SocketAddr, name: &str) -> Observation {
    ask_server(Timeline::start(AMPLE), &Vantage::Host, server, name, Role::Control).await
}

#[tokio::test]
async fn dnsmasq_is_understood() {
    let Some((mut child, server)) = start().await else { return };
    let hub = loop {
        let observation = ask(server, HUB).await;
        if observation.token() != Some(Token::ConnectionRefused) {
            break observation;
        }
        assert_eq!(child.try_wait().unwrap(), None, "dnsmasq ended");
        tokio::task::yield_now().await;
    };
    assert_eq!(hub.outcome, Outcome::Pass, "{:?}", hub.failure);
    assert_eq!(facts(&hub).canonical_names, ["gateway.azure.example"]);
    assert_eq!(facts(&hub).ipv6, Some(RecordOutcome::NoRecords));

    let sink = ask(server, "sink.example").await;
    assert_eq!(facts(&sink).addresses[0].kind, AddressKind::Sinkhole);

    let unknown = ask(server, "hub.unknown.example").await;
    assert_eq!(unknown.token(), Some(Token::DnsNxdomain));

    // Without a server to forward to, it refuses what it does not know itself.
    let elsewhere = ask(server, "elsewhere.example").await;
    assert_eq!(elsewhere.token(), Some(Token::DnsRefused));
    child.kill().await.unwrap();
}
