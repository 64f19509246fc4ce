//! The hub's services as clients see them that nobody here wrote.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use common::{HUB, PATIENCE, curl, internet, roots_file, run};
use edgeprobe_emulator::{Fault, Internet, tls};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Bytes, Message};

const SASL_HEADER: &[u8] = b"AMQP\x03\x01\x00\x00";
const CONNECT: &[u8] = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04edge";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Speaks through openssl, which verifies the chain and the name.
async fn openssl(internet: &Internet, port: u16, say: &[u8], more: &[&str]) -> Option<String> {
    let roots = roots_file(internet);
    let address = format!("127.0.0.1:{port}");
    let mut arguments = vec!["s_client", "-connect", &address, "-servername", HUB];
    arguments.extend(["-verify_hostname", HUB, "-verify_return_error", "-CAfile"]);
    arguments.push(roots.path().to_str().unwrap());
    arguments.extend(more);
    let output = run("openssl", &arguments, say).await?;
    Some(text(&output.stdout) + &text(&output.stderr))
}

#[tokio::test]
async fn openssl_verifies_the_chain_by_the_devices_store() {
    let internet = internet(None).await;
    let ports = internet.layout().ports;
    for version in ["-tls1_2", "-tls1_3"] {
        for port in [ports.amqp, ports.web, ports.mqtt] {
            let Some(said) = openssl(&internet, port, b"", &[version]).await else { return };
            assert!(said.contains("Verification: OK"), "{said}");
            assert!(said.contains("CN = *.azure-devices.net") || said.contains("CN=*.azure"));
        }
    }
}

#[tokio::test]
async fn openssl_finds_the_root_missing_only_when_it_is() {
    let internet = internet(Some(Fault::RootCaMissing)).await;
    let port = internet.layout().ports.amqp;
    let Some(said) = openssl(&internet, port, b"", &[]).await else { return };
    assert!(said.contains("unable to get local issuer certificate"), "{said}");
}

#[tokio::test]
async fn openssl_finds_the_certificate_not_yet_valid_under_clock_skew() {
    let internet = internet(Some(Fault::ClockSkew)).await;
    let port = internet.layout().ports.amqp;
    let Some(said) = openssl(&internet, port, b"", &[]).await else { return };
    assert!(said.contains("certificate is not yet valid"), "{said}");
}

#[tokio::test]
async fn openssl_sees_the_interceptors_issuer_and_the_hub_behind_it() {
    let internet = internet(Some(Fault::TlsIntercepted)).await;
    let address = format!("127.0.0.1:{}", internet.layout().ports.amqp);
    let arguments = ["s_client", "-connect", &address, "-servername", HUB, "-ign_eof"];
    // An AMQP `close` after the exchange would need a session; a wrong header closes as well.
    let say = [SASL_HEADER, &[0; 64]].concat();
    let Some(output) = run("openssl", &arguments, &say).await else { return };
    assert!(text(&output.stdout).contains("Emulated Web Gateway CA"));
    assert!(contains(&output.stdout, b"MSSBCBS"), "{}", text(&output.stdout));
}

#[tokio::test]
async fn an_mqtt_client_without_credentials_is_not_authorised() {
    let internet = internet(None).await;
    let port = internet.layout().ports.mqtt;
    let more = ["-quiet", "-ign_eof"];
    let Some(said) = openssl(&internet, port, CONNECT, &more).await else { return };
    assert!(said.contains("\u{20}\u{2}\u{0}\u{5}"), "{said:?}");
}

#[tokio::test]
async fn proton_opens_a_connection() {
    let internet = internet(None).await;
    let roots = roots_file(&internet);
    let port = internet.layout().ports.amqp.to_string();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/amqp.py");
    let arguments = [script, &port, HUB, roots.path().to_str().unwrap()];
    // The library comes with the system's interpreter, which need not be the first in the path.
    for python in ["/usr/bin/python3", "python3"] {
        let Some(output) = run(python, &arguments, b"").await else { continue };
        if text(&output.stderr).contains("ModuleNotFoundError") {
            eprintln!("skipped: {python} has no proton");
            continue;
        }
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(said.contains("opened DeviceGateway_"), "{said}");
        return;
    }
}

#[tokio::test]
async fn a_plain_request_gets_the_hubs_error() {
    let internet = internet(None).await;
    let Some(output) = curl(&internet, "/devices/0000/modules", &[]).await else { return };
    let answer = text(&output.stdout).to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 400"), "{answer} {}", text(&output.stderr));
    assert!(answer.contains("iothub-errorcode: invalidprotocolversion"));
    assert!(answer.contains("\ndate: "));
    assert!(answer.contains(r#""message":"errorcode:invalidprotocolversion;badrequest""#));
}

async fn upgrade(internet: &Internet, path: &str, subprotocol: &str) -> Option<String> {
    let subprotocol = format!("Sec-WebSocket-Protocol: {subprotocol}");
    let headers = [
        "--header",
        "Connection: Upgrade",
        "--header",
        "Upgrade: websocket",
        "--header",
        "Sec-WebSocket-Version: 13",
        "--header",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "--header",
        &subprotocol,
        // The hub waits for frames that curl does not send.
        "--max-time",
        "1",
    ];
    curl(internet, path, &headers).await.map(|output| text(&output.stdout))
}

#[tokio::test]
async fn curl_is_upgraded() {
    let internet = internet(None).await;
    for path in ["/$iothub/websocket", "/$iothub/websocket?iothub-no-client-cert=true"] {
        let Some(answer) = upgrade(&internet, path, "AMQPWSB10").await else { return };
        assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
        assert!(answer.contains("Sec-WebSocket-Protocol: AMQPWSB10"));
        // The key and its answer are RFC 6455's own, of section 1.3.
        assert!(answer.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    }
}

#[tokio::test]
async fn an_upgrade_elsewhere_or_to_another_protocol_is_bad() {
    let internet = internet(None).await;
    for (path, subprotocol) in [("/elsewhere", "AMQPWSB10"), ("/$iothub/websocket", "chat")] {
        let Some(answer) = upgrade(&internet, path, subprotocol).await else { return };
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
}

#[tokio::test]
async fn a_middlebox_refuses_upgrades_and_nothing_else() {
    let internet = internet(Some(Fault::WebsocketBlocked)).await;
    let Some(answer) = upgrade(&internet, "/$iothub/websocket", "AMQPWSB10").await else { return };
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(!answer.contains("iothub-errorcode"));
    let plain = curl(&internet, "/", &[]).await.unwrap();
    assert!(text(&plain.stdout).contains("iothub-errorcode"));
}

#[tokio::test]
async fn frames_carry_amqp_and_mqtt() {
    for (subprotocol, say, expect) in [
        ("AMQPWSB10", SASL_HEADER, b"MSSBCBS".as_slice()),
        ("mqtt", CONNECT, &[0x20, 0x02, 0x00, 0x05]),
    ] {
        let internet = internet(None).await;
        let answer = tokio::time::timeout(PATIENCE, in_frames(&internet, subprotocol, say));
        let answer = answer.await.expect("the hub answers in time");
        assert!(contains(&answer, expect), "{subprotocol}: {answer:?}");
    }
}

/// The first binary frame that answers these bytes.
async fn in_frames(internet: &Internet, subprotocol: &str, say: &'static [u8]) -> Bytes {
    let layout = internet.layout();
    let connector = tls::connector(&layout.device_roots).unwrap();
    let stream = TcpStream::connect(("127.0.0.1", layout.ports.web)).await.unwrap();
    let stream = connector.connect(HUB.try_into().unwrap(), stream).await.unwrap();
    let mut request = format!("wss://{HUB}/$iothub/websocket").into_client_request().unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", subprotocol.parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    socket.send(Message::Binary(Bytes::from_static(say))).await.unwrap();
    while let Some(message) = socket.next().await {
        if let Message::Binary(bytes) = message.unwrap() {
            return bytes;
        }
    }
    panic!("the socket ended without an answer");
}
