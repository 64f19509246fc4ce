//! The probe against sockets that are no engine.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use edgeprobe_facts::engine::ApiVersion;

use super::*;

/// A directory that goes with the test.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("edgeprobe-engine-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("engine.sock")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn look(places: &Places, limit: Duration) -> (Observation, EngineFacts) {
    let observation = inspect_in(Timeline::start(limit), &Vantage::Host, places).await;
    let Facts::Engine(facts) = observation.facts.clone() else { panic!("not an engine") };
    (observation, facts)
}

fn at(socket: &Path) -> Places {
    Places { sockets: vec![socket.to_owned()], ..Places::default() }
}

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_device_without_an_engine_is_skipped() {
    let directory = Directory::new();
    let (observation, facts) = look(&at(&directory.socket()), SOON).await;
    assert_eq!(observation.outcome, Outcome::Skipped);
    assert_eq!(observation.failure, None);
    assert!(!facts.installed);
}

#[tokio::test]
async fn an_engine_without_its_socket_is_a_fault() {
    let directory = Directory::new();
    let program = directory.0.join("dockerd");
    fs::write(&program, "").unwrap();
    let places = Places { programs: vec![program], ..at(&directory.socket()) };
    let (observation, facts) = look(&places, SOON).await;
    assert_eq!(observation.token(), Some(Token::EngineNotAnswering));
    assert!(observation.failure.unwrap().detail.contains("is installed, but there is no socket"));
    assert!(facts.installed);
}

#[tokio::test]
async fn a_socket_that_nobody_listens_on_is_a_fault() {
    let directory = Directory::new();
    // The file stays when the listener goes.
    drop(UnixListener::bind(directory.socket()).unwrap());
    let (observation, facts) = look(&at(&directory.socket()), SOON).await;
    assert_eq!(observation.token(), Some(Token::EngineNotAnswering));
    assert!(observation.failure.unwrap().detail.contains("refused"));
    assert!(facts.installed);
}

#[tokio::test]
async fn a_silent_engine_is_a_fault_within_the_time() {
    let directory = Directory::new();
    // The kernel takes the connections; nobody ever reads them.
    let _listener = UnixListener::bind(directory.socket()).unwrap();
    let (observation, _) = look(&at(&directory.socket()), Duration::from_secs(2)).await;
    assert_eq!(observation.token(), Some(Token::EngineNotAnswering));
    let detail = observation.failure.unwrap().detail;
    assert!(detail.contains("engine.sock: no answer within "), "{detail}");
}

#[tokio::test]
async fn the_settings_of_an_engine_that_does_not_answer_are_known() {
    let directory = Directory::new();
    let _listener = UnixListener::bind(directory.socket()).unwrap();
    let file = directory.0.join("daemon.json");
    fs::write(&file, r#"{"dns": ["10.0.0.53"]}"#).unwrap();
    let places = Places { settings: vec![file], ..at(&directory.socket()) };
    let (observation, facts) = look(&places, Duration::from_millis(400)).await;
    assert_eq!(observation.token(), Some(Token::EngineNotAnswering));
    assert_eq!(facts.settings.dns, ["10.0.0.53".parse::<std::net::IpAddr>().unwrap()]);
}

#[tokio::test]
async fn a_socket_that_is_closed_to_this_user_is_a_fault() {
    if rustix::process::geteuid().is_root() {
        println!("not for root, who may use every socket");
        return;
    }
    let directory = Directory::new();
    let _listener = UnixListener::bind(directory.socket()).unwrap();
    fs::set_permissions(directory.socket(), fs::Permissions::from_mode(0o000)).unwrap();
    let (observation, facts) = look(&at(&directory.socket()), SOON).await;
    assert_eq!(observation.token(), Some(Token::EnginePermissionDenied));
    assert!(facts.installed);
}

#[tokio::test]
async fn an_engine_that_refuses_by_policy_is_a_fault() {
    let directory = Directory::new();
    let listener = UnixListener::bind(directory.socket()).unwrap();
    let served = tokio::task::spawn_blocking(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        assert!(client.read(&mut request).unwrap() > 0);
        let body = "{\"message\":\"authorization\\u001b[2J denied\"}";
        write!(client, "HTTP/1.1 403 Forbidden\r\nContent-Length: {}\r\n\r\n{body}", body.len())
            .unwrap();
    });
    let (observation, _) = look(&at(&directory.socket()), SOON).await;
    served.await.unwrap();
    assert_eq!(observation.token(), Some(Token::EnginePermissionDenied));
    let detail = observation.failure.unwrap().detail;
    assert!(detail.ends_with("the engine refuses: authorization [2J denied"), "{detail}");
}

/// Docker Engine 29.3 as far as its versions go: it answers without one, and refuses what is too old.
fn engine_29(listener: &UnixListener) {
    let answer = |client: &mut std::os::unix::net::UnixStream| {
        let mut request = [0; 4096];
        let length = client.read(&mut request).unwrap();
        let request = String::from_utf8_lossy(&request[..length]).into_owned();
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let (status, body) = match path.split('?').next().unwrap_or_default() {
            "/version" => {
                (200, r#"{"Version":"29.3.0","ApiVersion":"1.54","MinAPIVersion":"1.40"}"#)
            }
            "/v1.34/version" => (
                400,
                "{\"message\":\"client version 1.34 is too old. Minimum supported API version is 1.40, \
                 please upgrade your client to a newer version\\u001b[2J\"}",
            ),
            path if path.ends_with("/info") => (200, "{}"),
            path if path.starts_with("/v1.47/") => (200, "[]"),
            _ => (404, "{}"),
        };
        write!(client, "HTTP/1.1 {status} -\r\nContent-Length: {}\r\n\r\n{body}", body.len())
            .unwrap();
        status
    };
    // The version, the refused one, containers that run, those of the runtime, networks, info, images.
    for _ in 0..7 {
        answer(&mut listener.accept().unwrap().0);
    }
}

#[tokio::test]
async fn an_engine_s_versions_and_its_refusal_of_an_older_one_are_known() {
    let directory = Directory::new();
    let listener = UnixListener::bind(directory.socket()).unwrap();
    let served = tokio::task::spawn_blocking(move || engine_29(&listener));
    let (observation, facts) = look(&at(&directory.socket()), SOON).await;
    served.await.unwrap();
    assert_eq!(observation.outcome, Outcome::Pass, "{observation:#?}");
    let api = facts.api.unwrap();
    assert_eq!((api.oldest, api.newest), (ApiVersion::new(1, 40), ApiVersion::new(1, 54)));
    let [asked] = api.asked.as_slice() else { panic!("{:?}", api.asked) };
    assert_eq!(asked.version, ApiVersion::new(1, 34));
    let refusal = asked.refusal.as_deref().unwrap();
    assert!(refusal.starts_with("client version 1.34 is too old."), "{refusal}");
    assert!(!refusal.contains('\u{1b}'), "{refusal}");
}

#[tokio::test]
async fn a_docker_host_of_another_kind_is_a_fault_that_says_so() {
    let places = Places { docker_host: Some("ssh://user@device".to_owned()), ..Places::default() };
    let (observation, facts) = look(&places, SOON).await;
    assert_eq!(observation.token(), Some(Token::EngineNotAnswering));
    assert!(observation.failure.unwrap().detail.contains("DOCKER_HOST is ssh://…"));
    assert_eq!(facts.endpoint, "ssh://…");
}
