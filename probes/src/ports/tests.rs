//! The probe against the running kernel.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use edgeprobe_facts::Token;
use edgeprobe_facts::engine::PublishedPort;
use socket2::{Domain, Socket as RawSocket, Type};

use super::*;

/// A port that nobody uses, outside the range from which the kernel takes ports for connections.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 100).unwrap() * 100 + 20_000;
    loop {
        let port = start + NEXT.fetch_add(1, Ordering::Relaxed);
        let free = |address| bind::attempt(address, port, false).unwrap() == BindResult::Free;
        if free(Ipv4Addr::UNSPECIFIED.into()) && free(Ipv6Addr::UNSPECIFIED.into()) {
            return port;
        }
    }
}

/// How a test holds a port.
struct Held {
    address: &'static str,
    only_v6: bool,
    reuse: bool,
    listen: bool,
}

impl Held {
    fn open(&self, port: u16) -> RawSocket {
        let address = SocketAddr::new(self.address.parse().unwrap(), port);
        let socket = RawSocket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        if address.is_ipv6() {
            socket.set_only_v6(self.only_v6).unwrap();
        }
        socket.set_reuse_address(self.reuse).unwrap();
        socket.bind(&address.into()).unwrap();
        if self.listen {
            socket.listen(1).unwrap();
        }
        socket
    }
}

async fn ask_for(port: u16, containers: &[Container]) -> (Observation, PortFacts) {
    ask_at(port, &[], containers).await
}

async fn ask_at(
    port: u16,
    addresses: &[&str],
    containers: &[Container],
) -> (Observation, PortFacts) {
    let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
    let timeline = Timeline::start(Duration::from_secs(30));
    let observation = probe(timeline, &Vantage::Host, port, &addresses, containers).await;
    let Facts::Ports(facts) = observation.facts.clone() else { panic!("not a port") };
    (observation, facts)
}

fn results(facts: &PortFacts) -> Vec<BindResult> {
    facts.binds.iter().map(|bind| bind.result).collect()
}

#[tokio::test]
async fn a_free_port_passes() {
    let port = free_port();
    let (observation, facts) = ask_for(port, &[]).await;
    assert_eq!(observation.outcome, Outcome::Pass, "{observation:?}");
    assert_eq!(observation.id, format!("host/ports/{port}"));
    assert_eq!(observation.target, format!("port {port}"));
    assert_eq!(results(&facts), [BindResult::Free, BindResult::Free]);
    assert!(facts.may_bind);
    assert_eq!(facts.holders, []);
}

#[tokio::test]
async fn each_way_to_hold_a_port_is_told_apart() {
    use BindResult::{Free, InUse, Shared};
    let held = |address, only_v6, reuse, listen| Held { address, only_v6, reuse, listen };
    for (what, held, expected) in [
        ("listens on 0.0.0.0", held("0.0.0.0", false, true, true), [InUse, Free]),
        ("listens on loopback", held("127.0.0.1", false, true, true), [InUse, Free]),
        ("listens on both families", held("::", false, true, true), [InUse, InUse]),
        ("listens on IPv6 alone", held("::", true, true, true), [Free, InUse]),
        ("listens on IPv6 loopback", held("::1", true, true, true), [Free, InUse]),
        ("bound, not shared", held("0.0.0.0", false, false, false), [InUse, Free]),
        ("bound, shared", held("0.0.0.0", false, true, false), [Shared, Free]),
    ] {
        let port = free_port();
        let _socket = held.open(port);
        let (observation, facts) = ask_for(port, &[]).await;
        assert_eq!(results(&facts), expected, "{what}");
        let fails = expected.contains(&InUse);
        assert_eq!(observation.token(), fails.then_some(Token::AddressInUse), "{what}");
        // Only sockets that listen are in the kernel's table.
        let holder = facts.holders.first().map(|holder| holder.address.unwrap().to_string());
        assert_eq!(holder.as_deref(), held.listen.then_some(held.address), "{what}");
        // The probe has let go of the port.
        assert_eq!(results(&ask_for(port, &[]).await.1), expected, "{what}");
    }
}

#[tokio::test]
async fn a_port_is_bound_where_it_is_published_and_others_beside_it_hold_nothing() {
    let port = free_port();
    let _beside = TcpListener::bind(("127.0.0.2", port)).unwrap();
    let (observation, facts) = ask_at(port, &["127.0.0.1"], &[]).await;
    assert_eq!(observation.outcome, Outcome::Pass, "{observation:?}");
    let free = Bind { address: Ipv4Addr::LOCALHOST.into(), result: BindResult::Free };
    assert_eq!((facts.binds, facts.holders), (vec![free], Vec::new()));

    let _in_the_way = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let (observation, facts) = ask_at(port, &["127.0.0.1"], &[]).await;
    assert_eq!(observation.token(), Some(Token::AddressInUse));
    assert_eq!(facts.holders[0].address, Some(Ipv4Addr::LOCALHOST.into()));
}

#[tokio::test]
async fn an_address_that_the_host_lacks_cannot_be_bound() {
    // For documentation only (RFC 5737).
    let (observation, _) = ask_at(free_port(), &["192.0.2.1"], &[]).await;
    assert_eq!(observation.token(), Some(Token::AddressNotAvailable), "{observation:?}");
    assert_eq!(observation.failure.unwrap().detail, "192.0.2.1 is no address of this device");
}

#[tokio::test]
async fn connections_that_linger_do_not_hold_the_port() {
    let port = free_port();
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    // The side that closes first keeps the port in TIME_WAIT.
    drop(listener.accept().unwrap());
    assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
    drop(client);
    drop(listener);

    let (observation, facts) = ask_for(port, &[]).await;
    assert_eq!(results(&facts), [BindResult::Lingering, BindResult::Free]);
    assert_eq!(observation.outcome, Outcome::Pass, "{observation:?}");
    assert_eq!(facts.holders, []);
}

#[tokio::test]
async fn this_process_is_a_holder_like_any_other() {
    let port = free_port();
    let _listener = TcpListener::bind(("0.0.0.0", port)).unwrap();
    let (observation, facts) = ask_for(port, &[]).await;
    assert_eq!(facts.holders.len(), 1, "{facts:?}");
    let holder = &facts.holders[0];
    assert_eq!(holder.pid, Some(std::process::id()));
    assert_eq!(holder.process.as_deref(), Some(comm(std::process::id()).as_str()));
    let user = rustix::process::getuid().as_raw();
    assert_eq!(holder.user, Some(passwd::user_name(&system::passwd(), user)));
    let detail = observation.failure.unwrap().detail;
    let expected = format!("0.0.0.0:{port} is held by {} (pid ", comm(std::process::id()));
    assert!(detail.starts_with(&expected), "{detail}");
}

#[tokio::test]
async fn another_process_is_found_by_name_and_id() {
    const SERVE: &str = "import socket, sys\n\
        s = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n\
        print('ready', flush=True)\n\
        sys.stdin.read()\n";
    let port = free_port();
    let child = Command::new("python3")
        .args(["-c", SERVE, &port.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        println!("skipped: there is no python3");
        return;
    };
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let name = comm(child.id());
    let (observation, facts) = ask_for(port, &[]).await;
    // It ends when its input does.
    drop(child.stdin.take());
    child.wait().unwrap();

    assert_eq!(ready.trim(), "ready");
    assert_eq!(facts.holders.len(), 1, "{facts:?}");
    assert_eq!(facts.holders[0].pid, Some(child.id()));
    assert_eq!(facts.holders[0].process, Some(name));
    assert_eq!(observation.token(), Some(Token::AddressInUse));
}

#[tokio::test]
async fn a_container_s_published_port_is_in_use_although_it_can_be_bound() {
    let port = free_port();
    let mut container = Container {
        name: "web".to_owned(),
        published: vec![PublishedPort {
            address: Ipv4Addr::UNSPECIFIED.into(),
            host_port: port,
            container_port: 443,
        }],
        ..Container::default()
    };
    let (observation, facts) = ask_for(port, std::slice::from_ref(&container)).await;
    assert_eq!(results(&facts), [BindResult::Free, BindResult::Free]);
    assert_eq!(observation.token(), Some(Token::AddressInUse));

    container.name = "edgeHub".to_owned();
    let (observation, facts) = ask_for(port, &[container]).await;
    assert_eq!(observation.outcome, Outcome::Pass);
    assert!(facts.held_by_edge_hub);
}

fn comm(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap().trim().to_owned()
}
