//! Who stands in a registry's place, or lies in wait for what it is told.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use edgeprobe_facts::registry::{CredentialUse, Doubt, RegistryFacts};
use edgeprobe_facts::{Outcome, Token};

use crate::servers::{MANIFEST, Server, json, path, reply};
use crate::support::*;

/// An address of this machine that is not loopback's, so that the engine needs to be told that the
/// registry there is insecure; nothing is sent to find it.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let address = socket.local_addr().ok().map(|local| local.ip()).filter(|ip| !ip.is_loopback());
    if address.is_none() {
        println!("skipped: this machine has no address but loopback's");
    }
    address
}

/// A token service that takes whatever it is given.
fn attacker() -> Server {
    Server::start(|_, _| json("200 OK", r#"{"token": "t0ken"}"#))
}

fn challenge(value: &str) -> String {
    reply("401 Unauthorized", &format!("WWW-Authenticate: {value}\r\n"), "")
}

#[track_caller]
fn assert_withheld(facts: &RegistryFacts, server: &str, why: Doubt) {
    assert_eq!(facts.credentials, CredentialUse::Withheld);
    let withheld = facts.withheld.as_ref().unwrap();
    assert_eq!((withheld.server.as_str(), withheld.why), (server, why));
}

#[tokio::test]
async fn a_registry_in_the_clear_gets_no_credentials_unless_it_is_named() {
    let Some(address) = own_address() else { return };
    let server = Server::start_at(address, |head, _| match path(head) {
        "/v2/edge/module/manifests/1.0" if head.contains(ENCODED) => json("200 OK", MANIFEST),
        "/v2/edge/module/blobs/sha256:abcdef" if head.contains(ENCODED) => json("200 OK", "{}"),
        _ => challenge("Basic realm=\"x\""),
    });
    let name = format!("{address}:{}", server.port);
    let image = format!("{name}/edge/module:1.0");
    let asker = Asker::signed_in(&[&name]);
    let observation = asker.ask_as(&image, true).await;
    assert_withheld(facts(&observation), &address.to_string(), Doubt::InClear);
    assert_eq!(observation.token(), Some(Token::HttpUnauthorized), "{:?}", observation.failure);
    assert!(!server.heads().contains(ENCODED));
    // Without that setting of the engine it is not even asked by plain HTTP.
    let strict = asker.ask(&image).await;
    assert_eq!(strict.token(), Some(Token::TlsUnexpectedBytes), "{:?}", strict.failure);

    let other = Asker::signed_in(&[&name]).also_insecurely("plant.lan:5000");
    other.ask_as(&image, true).await;
    assert!(!server.heads().contains(ENCODED), "another registry was named");
    let named = Asker::signed_in(&[&name]).also_insecurely(&name);
    let pulled = named.ask_as(&image, true).await;
    assert_eq!(pulled.outcome, Outcome::Pass, "{:?}", pulled.failure);
    assert_eq!(facts(&pulled).credentials, CredentialUse::Sent);
}

#[tokio::test]
async fn a_realm_that_an_interceptor_names_gets_no_credentials() {
    let Some(address) = own_address() else { return };
    for image in ["", "/edge/module:1.0"] {
        let attacker = attacker();
        let realm = format!("Bearer realm=\"http://localhost:{}/token\"", attacker.port);
        let server = Server::start_at(address, move |head, _| match path(head) {
            _ if head.contains("Bearer t0ken") => json("200 OK", MANIFEST),
            _ => challenge(&realm),
        });
        let name = format!("{address}:{}", server.port);
        let asker = Asker::signed_in(&[&name]);
        let observation = asker.ask_as(&format!("{name}{image}"), true).await;
        assert_withheld(facts(&observation), &address.to_string(), Doubt::InClear);
        assert!(!attacker.heads().contains(ENCODED), "{}", attacker.heads());
        let asker = asker.also_insecurely(&name);
        let observation = asker.ask_as(&format!("{name}{image}"), true).await;
        assert_withheld(facts(&observation), "localhost", Doubt::Elsewhere);
        assert!(!attacker.heads().contains(ENCODED), "{}", attacker.heads());
    }
}

#[tokio::test]
async fn who_a_question_is_redirected_to_gets_no_credentials() {
    for scheme in ["Basic realm=x", "Bearer realm=\"http://localhost:PORT/token\""] {
        let attacker = Server::start(move |head, port| match path(head) {
            token if token.starts_with("/token") => json("200 OK", r#"{"token": "t0ken"}"#),
            _ => challenge(&scheme.replace("PORT", &port.to_string())),
        });
        let target = attacker.port;
        let server = Server::start(move |head, _| match path(head) {
            "/v2/" => {
                let location = format!("Location: http://127.0.0.1:{target}/v2/\r\n");
                reply("307 Temporary Redirect", &location, "")
            }
            _ => challenge("Basic realm=x"),
        });
        let asker = Asker::signed_in(&[&server.name("")]);
        for image in ["", "/edge/module:1.0"] {
            let observation = asker.ask(&server.name(image)).await;
            assert_withheld(facts(&observation), "127.0.0.1", Doubt::Redirected);
        }
        for heads in [server.heads(), attacker.heads()] {
            assert!(!heads.contains(ENCODED), "{heads}");
        }
    }
}

#[tokio::test]
async fn a_token_service_that_redirects_is_not_followed() {
    let attacker = attacker();
    let target = attacker.port;
    let server = Server::start(move |head, port| match path(head) {
        token if token.starts_with("/token") => {
            let location = format!("Location: http://localhost:{target}/token\r\n");
            reply("307 Temporary Redirect", &location, "")
        }
        _ => challenge(&format!("Bearer realm=\"http://localhost:{port}/token\"")),
    });
    let asker = Asker::signed_in(&[&server.name("")]);
    let observation = asker.ask(&server.name("/edge/module:1.0")).await;
    assert_eq!(facts(&observation).credentials, CredentialUse::Sent);
    assert_eq!(observation.outcome, Outcome::Fail, "{:?}", observation.failure);
    assert_eq!(attacker.heads(), "");
}
