//! Going by a proxy: real ones, and ones that only look like it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use edgeprobe_facts::endpoint::{Endpoint, Transport, Via, ViaFacts};
use edgeprobe_facts::runtime::Part;
use edgeprobe_facts::{Observation, Role, Vantage};
use edgeprobe_probes::Timeline;
use edgeprobe_probes::endpoint::{TrustStores, probe};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::programs::{Running, free_port, start};
use crate::support::*;

/// The hub by a name that every proxy on this machine resolves.
const HERE: &str = "localhost";
/// A name that none resolves (RFC 6761, section 6.4).
const NOWHERE: &str = "contoso.invalid";

const HUB_ANSWER: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\niothub-errorcode: InvalidProtocolVersion\r\n\r\n";

/// A hub on loopback that answers every connection, and a device that trusts it.
struct Hub {
    port: u16,
    trust: TrustStores,
}

impl Hub {
    async fn start() -> Self {
        let root = Authority::new("Root");
        let config = root.issue(HERE, NOW).server();
        let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let acceptor = TlsAcceptor::from(Arc::new(config.clone()));
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(socket).await {
                        answer(stream, &[HUB_ANSWER]).await;
                    }
                });
            }
        });
        Self { port, trust: trusting(&root) }
    }

    /// Asks for the hub by a proxy.
    async fn ask(&self, server: &str, port: u16, url: &str) -> Observation {
        let via = Via { url: url.parse().unwrap(), part: Part::EdgeAgent };
        let endpoint = Endpoint {
            transport: Transport::Https,
            role: Role::Hub,
            server: server.to_owned(),
            port,
            detour: None,
            proxy: Some(via),
        };
        let timeline = Timeline::start(Duration::from_secs(20));
        probe(timeline, &Vantage::Host, &endpoint, LOOPBACK, &self.trust).await
    }

    /// Asks for the hub by a proxy on this port of loopback that wants no credentials.
    async fn ask_by(&self, proxy: u16) -> Observation {
        self.ask(HERE, self.port, &format!("http://127.0.0.1:{proxy}")).await
    }
}

async fn tinyproxy(more: &str) -> Option<Running> {
    start(&["tinyproxy", "-d", "-c"], |port, _| {
        format!("Port {port}\nListen 127.0.0.1\nAllow 127.0.0.1\nMaxClients 10\n{more}\n")
    })
    .await
}

async fn squid(more: impl Fn(&Path) -> String) -> Option<Running> {
    start(&["squid", "-N", "-f"], |port, folder| {
        let path = folder.display();
        format!(
            "{}\nhttp_access allow all\nhttp_port 127.0.0.1:{port}\npid_filename {path}/pid\n\
             cache_log {path}/log\naccess_log none\nshutdown_lifetime 0 seconds\n\
             visible_hostname proxy.corp\n",
            more(folder)
        )
    })
    .await
}

fn via(observation: &Observation) -> &ViaFacts {
    facts(observation).proxy.as_ref().unwrap()
}

fn status(observation: &Observation) -> u16 {
    via(observation).answer.as_ref().unwrap().status
}

#[tokio::test]
async fn tinyproxy_leads_to_the_hub() {
    let Some(proxy) = tinyproxy("").await else { return };
    let hub = Hub::start().await;
    let seen = hub.ask_by(proxy.port).await;
    assert_eq!(
        (failure(&seen).as_str(), steps(&seen).as_str()),
        ("none", "connect proxy tls http"),
        "{seen:#?}"
    );
    assert_eq!(facts(&seen).socket(), SocketAddr::new(LOOPBACK, proxy.port));
    assert_eq!((status(&seen), facts(&seen).port), (200, hub.port));
    assert!(seen.id.contains("by-proxy-of-edge_agent"), "{}", seen.id);
}

#[tokio::test]
async fn tinyproxy_wants_credentials_and_takes_the_right_ones() {
    let Some(proxy) = tinyproxy("BasicAuth edge s3cret").await else { return };
    let hub = Hub::start().await;
    let url = |user: &str| format!("http://{user}127.0.0.1:{}", proxy.port);
    // Tinyproxy 1.11 answers wrong ones as a web server does.
    for (user, expected) in [("", 407), ("edge:wrong@", 401)] {
        let seen = hub.ask(HERE, hub.port, &url(user)).await;
        assert_eq!(failure(&seen), "proxy proxy_authentication_required", "{seen:#?}");
        assert_eq!(status(&seen), expected);
        assert_eq!(via(&seen).answer.as_ref().unwrap().schemes, ["Basic"], "{seen:#?}");
    }
    let seen = hub.ask(HERE, hub.port, &url("edge:s3cret@")).await;
    assert_eq!(failure(&seen), "none", "{seen:#?}");
    let told = format!("{seen:?}{}", serde_json::to_string(&seen).unwrap());
    assert!(!told.contains("s3cret"), "{told}");
}

#[tokio::test]
async fn tinyproxy_refuses_a_port_and_cannot_resolve_a_name() {
    let Some(proxy) = tinyproxy("ConnectPort 1").await else { return };
    let hub = Hub::start().await;
    let seen = hub.ask_by(proxy.port).await;
    assert_eq!(failure(&seen), "proxy proxy_forbidden", "{seen:#?}");
    let seen = hub.ask(NOWHERE, 1, &format!("http://127.0.0.1:{}", proxy.port)).await;
    assert_eq!(failure(&seen), "proxy proxy_bad_gateway", "{seen:#?}");
}

#[tokio::test]
async fn squid_leads_to_the_hub_and_says_what_is_wrong_in_its_own_words() {
    let rules = |_: &Path| "acl bad dstdomain .forbidden.example\nhttp_access deny bad".to_owned();
    let Some(proxy) = squid(rules).await else { return };
    let hub = Hub::start().await;
    let seen = hub.ask_by(proxy.port).await;
    assert_eq!((failure(&seen).as_str(), status(&seen)), ("none", 200), "{seen:#?}");

    let url = format!("http://127.0.0.1:{}", proxy.port);
    for (server, port, expected, word) in [
        ("hub.forbidden.example", 443, "proxy proxy_forbidden", "ERR_ACCESS_DENIED"),
        (NOWHERE, 443, "proxy proxy_bad_gateway", "ERR_"),
        (HERE, free_port(), "proxy proxy_bad_gateway", "ERR_"),
    ] {
        let seen = hub.ask(server, port, &url).await;
        assert_eq!(failure(&seen), expected, "{seen:#?}");
        let error = via(&seen).answer.as_ref().unwrap().error.clone().unwrap();
        assert!(error.starts_with(word), "{error}");
        assert!(seen.failure.unwrap().detail.contains(word));
    }
}

#[tokio::test]
async fn squid_offers_its_schemes() {
    let rules = |_: &Path| {
        // A helper that is never asked: whoever has no credentials is told which would do.
        "auth_param basic program /bin/cat\nacl known proxy_auth REQUIRED\n\
         http_access deny !known"
            .to_owned()
    };
    let Some(proxy) = squid(rules).await else { return };
    let hub = Hub::start().await;
    let seen = hub.ask_by(proxy.port).await;
    assert_eq!(failure(&seen), "proxy proxy_authentication_required", "{seen:#?}");
    let answer = via(&seen).answer.as_ref().unwrap();
    assert_eq!(answer.schemes, ["Basic"]);
    assert!(answer.server.as_ref().unwrap().starts_with("squid/"), "{answer:?}");
}

/// Asks for a hub by a proxy that treats its one connection as `behaviour` says.
async fn by(scheme: &str, behaviour: impl AsyncFnOnce(TcpStream)) -> Observation {
    let hub = Hub::start().await;
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = async {
        behaviour(listener.accept().await.unwrap().0).await;
        std::future::pending::<()>().await;
    };
    let url = format!("{scheme}://u:hunter2@127.0.0.1:{port}");
    tokio::select! {
        seen = hub.ask(HERE, hub.port, &url) => seen,
        () = serving => unreachable!("it is pending when it has done its part"),
    }
}

#[tokio::test]
async fn no_password_goes_to_a_proxy_whose_certificate_is_not_accepted() {
    let heard = std::sync::Mutex::new(Vec::new());
    let config = Authority::new("Stranger").issue("127.0.0.1", NOW).server();
    let listening = tls(config, async |mut stream| {
        let mut buffer = [0; 2048];
        while let Ok(length @ 1..) = stream.read(&mut buffer).await {
            heard.lock().unwrap().extend_from_slice(&buffer[..length]);
        }
    });
    let seen = by("https", listening).await;
    assert_eq!(failure(&seen), "proxy tls_unknown_issuer", "{seen:#?}");
    assert_eq!(*heard.lock().unwrap(), b"");
    assert!(via(&seen).tls.as_ref().unwrap().established);
}

#[tokio::test]
async fn a_proxy_that_speaks_tls_alone_is_known_for_it() {
    let config = Authority::new("Stranger").issue("127.0.0.1", NOW).server();
    let seen = by("http", tls(config, async |_| {})).await;
    assert_eq!(failure(&seen), "proxy proxy_bad_answer", "{seen:#?}");
    assert!(seen.failure.unwrap().detail.contains("https://"));
}

#[tokio::test]
async fn a_tunnel_that_is_cut_is_no_fault_of_the_handshake_with_the_proxy() {
    let seen = by("http", async |mut socket: TcpStream| {
        let _ = socket.read(&mut [0; 2048]).await;
        socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let _ = socket.read(&mut [0; 2048]).await;
    })
    .await;
    let step = failure(&seen);
    assert!(step.starts_with("tls connection_"), "{seen:#?}");
}
