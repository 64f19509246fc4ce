//! Borrowing on a real bridge: it works like a container's place, and nothing stays behind.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use edgeprobe_facts::route::testing::edge_network;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use super::*;
use crate::vantage::testing::{HUB, Lab, Sandbox, lab};

/// Set for the process that is to be killed.
const VICTIM: &str = "EDGEPROBE_TEST_VICTIM";

fn timeline() -> Timeline {
    Timeline::start(Duration::from_secs(20))
}

async fn borrow_on(device: &Sandbox, network: EdgeNetwork) -> Result<Borrowed, BorrowError> {
    let work = move || async move { borrow(timeline(), network, Vec::new()).await };
    device.place.run(work).await.unwrap()
}

/// Everything of the host that the tool must not change.
async fn host_state(device: &Sandbox) -> String {
    device
        .shell(
            "ip -o link; ip -o addr; ip rule; ip -6 rule; ip route show table all
            ip -6 route show table all; cat /proc/sys/net/ipv4/ip_forward",
        )
        .await
}

/// Waits until the host is as it was: the kernel takes a namespace's interfaces away on its own
/// time.
async fn settle(device: &Sandbox, before: &str) -> String {
    let mut now = host_state(device).await;
    for _ in 0..200 {
        if now == before {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
        now = host_state(device).await;
    }
    now
}

/// A bridge has carried a container before: its first carrier gives it a link-local IPv6 address
/// that it keeps.
async fn after_a_first_container(device: &Sandbox) -> String {
    drop(borrow_on(device, edge_network()).await.unwrap());
    // Losing its carrier and testing the address (RFC 4862, 5.4) both take the kernel a moment.
    loop {
        let state = host_state(device).await;
        if state.contains("br-edge: <NO-CARRIER") && !state.contains("tentative") {
            return state;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

#[tokio::test]
async fn a_borrowed_place_reaches_the_hub_as_a_container_would() {
    let Some(Lab { device, internet }) = lab().await else { return };
    let (ready, is_ready) = tokio::sync::oneshot::channel();
    let server = tokio::spawn(async move {
        let serve = || async move {
            let listener = TcpListener::bind((HUB, 5671)).await.unwrap();
            ready.send(()).unwrap();
            listener.accept().await.unwrap().1
        };
        internet.place.run(serve).await.unwrap()
    });
    is_ready.await.unwrap();
    let borrowed = borrow_on(&device, edge_network()).await.unwrap();
    assert!(borrowed.gateway_answers());
    let connect = || async {
        let mut stream = TcpStream::connect((HUB, 5671)).await.unwrap();
        let own = stream.local_addr().unwrap().ip();
        drop(stream.read(&mut [0]).await);
        own
    };
    let own = borrowed.place().run(connect).await.unwrap();
    assert_eq!(own, borrowed.address());
    assert!(edge_network().subnet.contains(&own));
    let seen = server.await.unwrap();
    assert_eq!(seen.ip().to_string(), "192.0.2.10", "translated by the host");
}

#[tokio::test]
async fn the_place_looks_like_a_containers() {
    let Some(Lab { device, internet: _internet }) = lab().await else { return };
    let network = EdgeNetwork { mtu: Some(1400), ..edge_network() };
    let borrowed = borrow_on(&device, network).await.unwrap();
    let inside = Sandbox { place: borrowed.place().clone() };
    let routes = inside.shell("ip route").await;
    assert!(routes.contains("default via 172.18.0.1 dev eth0"), "{routes}");
    let link = inside.shell("ip -o link show eth0").await;
    assert!(link.contains("mtu 1400"), "{link}");
    assert!(inside.shell("ip -o link show lo").await.contains("UP"));
    let bridge = device.shell("ip -o link show br-edge").await;
    assert!(bridge.contains("mtu 1500") && bridge.contains("02:42:00:00:00:01"), "{bridge}");
}

#[tokio::test]
async fn an_address_that_somebody_answers_for_is_passed_over() {
    let Some(Lab { device, internet: _internet }) = lab().await else { return };
    // A container that holds every address that would be tried but one, unknown to the engine.
    let container = crate::vantage::testing::sandbox().unwrap();
    let path = container.path();
    device
        .set_up(&format!(
            "ip link add port type veth peer name eth0 netns {path}
            ip link set port master br-edge up"
        ))
        .await;
    container
        .set_up(
            "ip link set eth0 up
            for last in 247 248 249 250 251 253 254; do
                ip addr add 172.18.255.$last/16 dev eth0
            done",
        )
        .await;
    device.set_up("until bridge link show dev port | grep -q forwarding; do :; done").await;
    let borrowed = borrow_on(&device, edge_network()).await.unwrap();
    assert_eq!(borrowed.address(), Ipv4Addr::new(172, 18, 255, 252));
}

#[tokio::test]
async fn giving_back_leaves_the_host_as_it_was_at_once() {
    let Some(Lab { device, internet: _internet }) = lab().await else { return };
    let before = after_a_first_container(&device).await;
    let neighbours = device.shell("ip neigh").await;
    let borrowed = borrow_on(&device, edge_network()).await.unwrap();
    assert!(device.shell("ip -o link").await.contains("vethep"));
    drop(borrowed);
    assert!(!device.shell("ip -o link").await.contains("vethep"));
    assert_eq!(device.shell("ip neigh").await, neighbours);
    assert_eq!(settle(&device, &before).await, before);
}

#[tokio::test]
async fn a_network_that_is_not_there_says_so() {
    let Some(Lab { device, internet: _internet }) = lab().await else { return };
    let network = EdgeNetwork { bridge: "br-none".to_owned(), ..edge_network() };
    let error = borrow_on(&device, network).await.unwrap_err();
    assert!(matches!(error, BorrowError::NoBridge { .. }), "{error}");
    assert!(error.to_string().contains("hint:"));
}

#[tokio::test]
async fn a_full_subnet_is_said_to_be_full_and_left_alone() {
    let Some(Lab { device, internet: _internet }) = lab().await else { return };
    let before = after_a_first_container(&device).await;
    let subnet = "172.18.0.0/30".parse().unwrap();
    let network =
        EdgeNetwork { subnet, members: vec!["172.18.0.2".parse().unwrap()], ..edge_network() };
    let error = borrow_on(&device, network).await.unwrap_err();
    assert!(matches!(error, BorrowError::NoAddress { .. }), "{error}");
    assert_eq!(settle(&device, &before).await, before);
}

#[tokio::test]
async fn killed_at_any_moment_nothing_stays_behind() {
    let Some(Lab { device, internet: _internet }) = lab().await else { return };
    let before = after_a_first_container(&device).await;
    let random = RandomState::new();
    for round in 0..25_u64 {
        let lifetime = Duration::from_millis(random.hash_one(round) % 150);
        let work = move || async move {
            let mut victim = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "vantage::borrow::tests::victim", "--ignored"])
                .env(VICTIM, "1")
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap();
            // It borrows again and again, so whatever comes after its first leg is as random a
            // moment as one before.
            while !std::fs::read_to_string("/proc/thread-self/net/dev").unwrap().contains("vethep")
            {
                assert!(victim.try_wait().unwrap().is_none(), "it ended by itself");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(lifetime).await;
            // SIGKILL.
            victim.kill().await.unwrap();
        };
        device.place.run(work).await.unwrap();
        assert_eq!(settle(&device, &before).await, before, "killed after {lifetime:?}");
    }
}

/// Not a test: the process that [`killed_at_any_moment_nothing_stays_behind`] kills.
#[tokio::test]
#[ignore = "borrows for ever, to be killed"]
async fn victim() {
    if std::env::var_os(VICTIM).is_none() {
        return;
    }
    loop {
        drop(borrow(timeline(), edge_network(), Vec::new()).await.unwrap());
    }
}
