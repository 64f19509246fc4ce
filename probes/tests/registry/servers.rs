//! Registries, token services and middleboxes whose every word is written here.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use edgeprobe_facts::registry::{Challenge, CredentialUse, Part};
use edgeprobe_facts::{Outcome, Step, Token};

use crate::support::*;

/// A server on loopback that answers each request by what `answer` makes of its head, and keeps
/// the heads.
pub(crate) struct Server {
    pub(crate) port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&str, u16) -> String + Send + Sync + 'static) -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST.into(), answer)
    }

    /// The same at another address of this machine.
    pub(crate) fn start_at(
        address: IpAddr,
        answer: impl Fn(&str, u16) -> String + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer) = (heads.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, answer) = (kept.clone(), answer.clone());
                thread::spawn(move || converse(stream, &kept, &*answer, port));
            }
        });
        Self { port, heads }
    }

    pub(crate) fn name(&self, image: &str) -> String {
        format!("localhost:{}{image}", self.port)
    }

    pub(crate) fn heads(&self) -> String {
        self.heads.lock().unwrap().join("\n")
    }
}

fn converse(
    mut stream: TcpStream,
    heads: &Mutex<Vec<String>>,
    answer: &dyn Fn(&str, u16) -> String,
    port: u16,
) {
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(length) = stream.read(&mut buffer) {
        if length == 0 {
            return;
        }
        received.extend_from_slice(&buffer[..length]);
        // A TLS handshake is answered as servers of plain HTTP do.
        if received[0] == 22 {
            let _ = stream.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n");
            return;
        }
        if received.windows(4).any(|end| end == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&received).into_owned();
            heads.lock().unwrap().push(head.clone());
            received.clear();
            if stream.write_all(answer(&head, port).as_bytes()).is_err() {
                return;
            }
        }
    }
}

pub(crate) fn reply(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
}

pub(crate) fn json(status: &str, body: &str) -> String {
    reply(status, "Content-Type: application/json\r\n", body)
}

fn error(status: &str, code: &str, message: &str) -> String {
    json(status, &format!(r#"{{"errors":[{{"code":"{code}","message":"{message}"}}]}}"#))
}

pub(crate) fn path(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}

const GREETING: &str = "Docker-Distribution-Api-Version: registry/2.0\r\n";
pub(crate) const MANIFEST: &str = r#"{"schemaVersion": 2, "config": {"digest": "sha256:abcdef"}}"#;

/// A registry whose tokens come from itself, for who has the password and for nobody else.
fn with_tokens(head: &str, port: u16) -> String {
    let challenge = format!(
        "{GREETING}WWW-Authenticate: Bearer realm=\"http://localhost:{port}/token\",service=\"plant\"\r\n"
    );
    let allowed = head.contains("Authorization: Bearer t0ken");
    match path(head) {
        "/v2/" => reply("401 Unauthorized", &challenge, ""),
        token if token.starts_with("/token?") => {
            assert!(token.contains("service=plant"), "{token}");
            if head.contains(ENCODED) {
                json("200 OK", r#"{"access_token": "t0ken"}"#)
            } else {
                error("401 Unauthorized", "UNAUTHORIZED", "authentication required")
            }
        }
        "/v2/edge/module/manifests/1.0" if allowed => json("200 OK", MANIFEST),
        "/v2/edge/module/blobs/sha256:abcdef" if allowed => json("200 OK", "{}"),
        _ => reply("401 Unauthorized", &challenge, ""),
    }
}

#[tokio::test]
async fn tokens_are_for_who_has_credentials() {
    let server = Server::start(with_tokens);
    let image = server.name("/edge/module:1.0");
    let anonymous = Asker::anonymous().ask(&image).await;
    assert_eq!(anonymous.token(), Some(Token::HttpUnauthorized), "{:?}", anonymous.failure);
    assert_eq!(facts(&anonymous).part, Some(Part::Token));
    assert!(!server.heads().contains("Authorization"));

    let signed_in = Asker::signed_in(&[&server.name("")]).ask(&image).await;
    assert_eq!(signed_in.outcome, Outcome::Pass, "{:?}", signed_in.failure);
    assert_eq!(facts(&signed_in).credentials, CredentialUse::Sent);
    assert!(matches!(facts(&signed_in).challenge, Some(Challenge::Bearer { .. })));
    assert!(server.heads().contains("scope=repository%3Aedge%2Fmodule%3Apull"));
    let report = serde_json::to_string(&signed_in).unwrap();
    assert!(!report.contains("t0ken"), "{report}");
}

#[tokio::test]
async fn a_registry_alone_is_signed_in_to_or_its_token_service_found() {
    let server = Server::start(with_tokens);
    let anonymous = Asker::anonymous().ask(&server.name("")).await;
    assert_eq!(anonymous.outcome, Outcome::Pass, "{:?}", anonymous.failure);
    assert_eq!(facts(&anonymous).hosts.last().unwrap().part, Part::Token);
    let signed_in = Asker::signed_in(&[&server.name("")]).ask(&server.name("")).await;
    assert_eq!(signed_in.outcome, Outcome::Pass, "{:?}", signed_in.failure);
    assert!(server.heads().contains(ENCODED));
}

#[tokio::test]
async fn an_address_firewall_is_recognised_by_its_words() {
    let server = Server::start(|head, _| match path(head) {
        "/v2/" => reply("200 OK", GREETING, "{}"),
        _ => error(
            "403 Forbidden",
            "DENIED",
            "client with IP '203.0.113.7' is not allowed access. Refer https://aka.ms/acr/firewall",
        ),
    });
    let denied = Asker::anonymous().ask(&server.name("/edge/module:1.0")).await;
    assert_eq!(denied.token(), Some(Token::HttpForbidden));
    assert_eq!(facts(&denied).refused_address, Some("203.0.113.7".parse().unwrap()));
}

#[tokio::test]
async fn a_data_host_out_of_reach_is_named() {
    let server = Server::start(|head, _| match path(head) {
        "/v2/" => reply("200 OK", GREETING, "{}"),
        "/v2/edge/module/manifests/1.0" => json("200 OK", MANIFEST),
        _ => reply(
            "307 Temporary Redirect",
            "Location: https://127.0.0.1:9/data?sig=c2VjcmV0\r\n",
            "",
        ),
    });
    let observation = Asker::anonymous().ask(&server.name("/edge/module:1.0")).await;
    assert_eq!(observation.failed_step(), Some(Step::Connect), "{:?}", observation.failure);
    assert_eq!(observation.token(), Some(Token::ConnectionRefused));
    assert_eq!(facts(&observation).part, Some(Part::Data));
    let report = serde_json::to_string(&observation).unwrap();
    assert!(!report.contains("c2VjcmV0"), "a signed address is shown: {report}");
}

#[tokio::test]
async fn a_token_service_out_of_reach_is_named() {
    let server = Server::start(|_, _| {
        let challenge = "WWW-Authenticate: Bearer realm=\"https://127.0.0.1:9/token\"\r\n";
        reply("401 Unauthorized", challenge, "")
    });
    for image in ["", "/edge/module:1.0"] {
        let observation = Asker::anonymous().ask(&server.name(image)).await;
        assert_eq!(facts(&observation).part, Some(Part::Token), "{image}");
        assert_eq!(observation.token(), Some(Token::ConnectionRefused));
        assert!(observation.failure.unwrap().detail.contains("127.0.0.1"));
    }
}

#[tokio::test]
async fn what_is_no_registry_is_not_taken_for_one() {
    for answer in [
        reply("200 OK", "Content-Type: text/html\r\n", "<html>Welcome</html>"),
        reply("404 Not Found", "", "nothing here"),
        reply("302 Found", "Location: ftp://portal.example/login\r\n", ""),
        reply("302 Found", "", ""),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n<html>\n\r\n0\r\n\r\n"
            .to_owned(),
    ] {
        let server = Server::start(move |_, _| answer.clone());
        let observation = Asker::anonymous().ask(&server.name("")).await;
        assert_eq!(observation.token(), Some(Token::HttpNotRegistry), "{:?}", observation.failure);
    }
    let server = Server::start(|_, _| "SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned());
    let observation = Asker::anonymous().ask(&server.name("")).await;
    assert_eq!(observation.token(), Some(Token::HttpBadAnswer), "{:?}", observation.failure);
}

#[tokio::test]
async fn a_registry_that_is_busy_or_broken_is_told_from_a_refusal() {
    for (status, body) in
        [("429 Too Many Requests", "TOOMANYREQUESTS"), ("503 Busy", "UNAVAILABLE")]
    {
        let server = Server::start(move |_, _| error(status, body, "later"));
        let observation = Asker::anonymous().ask(&server.name("")).await;
        assert_eq!(observation.token(), Some(Token::HttpUnavailable), "{:?}", observation.failure);
    }
}

#[tokio::test]
async fn a_redirected_manifest_is_followed_without_credentials() {
    let elsewhere = Server::start(|head, _| match path(head) {
        "/m" => json("200 OK", MANIFEST),
        _ => reply("404 Not Found", "", ""),
    });
    let target = elsewhere.port;
    let server = Server::start(move |head, _| {
        let signed_in = head.contains(ENCODED);
        match path(head) {
            "/v2/" => reply("401 Unauthorized", "WWW-Authenticate: Basic realm=x\r\n", ""),
            "/v2/edge/module/manifests/1.0" if signed_in => {
                let location = format!("Location: http://127.0.0.1:{target}/m\r\n");
                reply("307 Temporary Redirect", &location, "")
            }
            _ => json("200 OK", "{}"),
        }
    });
    let asker = Asker::signed_in(&[&server.name("")]);
    let observation = asker.ask(&server.name("/edge/module:1.0")).await;
    assert_eq!(observation.outcome, Outcome::Pass, "{:?}", observation.failure);
    assert!(elsewhere.heads().contains("GET /m"));
    assert!(!elsewhere.heads().contains("Authorization"));
}

#[tokio::test]
async fn an_image_for_another_platform_is_not_there() {
    let server = Server::start(|head, _| match path(head) {
        "/v2/" => reply("200 OK", GREETING, "{}"),
        _ => json(
            "200 OK",
            r#"{"manifests": [{"digest": "sha256:a", "platform": {"os": "plan9", "architecture": "mips"}}]}"#,
        ),
    });
    let observation = Asker::anonymous().ask(&server.name("/edge/module:1.0")).await;
    assert_eq!(observation.token(), Some(Token::ImageOtherPlatform), "{:?}", observation.failure);
    assert_eq!(facts(&observation).platforms, ["plan9/mips"]);
}

#[tokio::test]
async fn an_endless_answer_ends() {
    let server = Server::start(|head, _| match path(head) {
        "/v2/" => reply("200 OK", GREETING, "{}"),
        _ => {
            format!("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n{}", "x".repeat(1_000_000))
        }
    });
    let observation = Asker::anonymous().ask(&server.name("/edge/module:1.0")).await;
    assert_eq!(observation.outcome, Outcome::Pass, "what is no manifest is still an answer");
}
