//! `vpn --watch` and `vpn --baseline` in a namespace whose links and routes change for real.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::internet::{HUB, roots, serve};
use crate::namespace::{RESOLVER_ADDRESS, alone, configure, with_internet};
use crate::program::{Outcome, PROGRAM, edgeprobe};

/// Longer than a look at the network and what it waits for may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The tester's own engine has no part in this.
const NO_ENGINE: (&str, &str) = ("DOCKER_HOST", "unix:///nonexistent/engine.sock");

/// A tunnel that a VPN client brings up: a link, an address, and a route.
const TUNNEL_UP: [&str; 4] = [
    "tuntap add tun0 mode tun",
    "addr add 10.8.0.2/24 dev tun0",
    "link set tun0 up",
    "route add 10.99.0.0/16 dev tun0",
];

/// Its end takes the address and the route along.
const TUNNEL_DOWN: [&str; 1] = ["link delete tun0"];

#[test]
fn a_watch_tells_what_a_tunnel_changes_when_it_comes_and_when_it_goes() {
    with_internet(
        "watch::a_watch_tells_what_a_tunnel_changes_when_it_comes_and_when_it_goes",
        serve(None),
        |announced| {
            let folder = TempDir::new().unwrap();
            let watch = Watch::start(&ca_file(folder.path(), announced));
            watch.until("NO");
            assert!(watch.is_asleep(), "it does something while nothing changes");

            configure(&TUNNEL_UP);
            // No engine, so no container network that the tunnel could override, and none to be asked.
            let told = watch.until("UNDECIDED");
            for line in ["+ link tun0", "+ address 10.8.0.2/24 dev tun0", "+ route 10.99.0.0/16"] {
                assert!(told.iter().any(|l| l.contains(line)), "no `{line}` in {told:#?}");
            }
            assert!(!told.iter().any(|line| line.starts_with("  - ")), "{told:#?}");
            assert!(watch.is_asleep(), "it does something after a change");

            configure(&["rule add from 172.18.0.0/16 lookup 99"]);
            let told = watch.until("the answer stays the same");
            assert!(told.iter().any(|l| l.contains("+ rule") && l.contains("99")), "{told:#?}");

            configure(&TUNNEL_DOWN);
            let told = watch.until("NO");
            for line in ["- link tun0", "- address 10.8.0.2/24 dev tun0", "- route 10.99.0.0/16"] {
                assert!(told.iter().any(|l| l.contains(line)), "no `{line}` in {told:#?}");
            }
            assert_eq!(watch.interrupted(), Some(0));
        },
    );
}

#[test]
fn a_script_reads_a_line_for_each_change() {
    with_internet("watch::a_script_reads_a_line_for_each_change", serve(None), |announced| {
        let folder = TempDir::new().unwrap();
        let ca_file = ca_file(folder.path(), announced);
        let watch = Watch::saying(&[&words(&ca_file)[..], &["--format", "ndjson"]].concat());
        let first = watch.line_with(r#""type":"verdict""#);
        assert_eq!(first["vpn"]["answer"], "no", "{first:#}");
        assert!(first["vpn"].get("changes").is_none(), "{first:#}");
        configure(&TUNNEL_UP);
        // The very next line.
        let change = watch.line_with("");
        assert_eq!(change["type"], "change", "{change:#}");
        assert_eq!(change["vpn"]["answer"], "undecided", "{change:#}");
        let changes = change["vpn"]["changes"].to_string();
        assert!(changes.contains("+ route 10.99.0.0/16 dev tun0"), "{changes}");
        assert_eq!(watch.interrupted(), Some(3));
    });
}

#[test]
fn json_under_a_watch_is_a_document_on_each_line_and_a_file_holds_the_present_one() {
    with_internet(
        "watch::json_under_a_watch_is_a_document_on_each_line_and_a_file_holds_the_present_one",
        serve(None),
        |announced| {
            let folder = TempDir::new().unwrap();
            let ca_file = ca_file(folder.path(), announced);
            let words = words(&ca_file);
            let streaming = Watch::saying(&[&words[..], &["--format", "json"]].concat());
            let [json, text] = ["now.json", "now.txt"].map(|name| folder.path().join(name));
            let with_file = |format: &str, file: &Path| {
                let file = file.to_str().unwrap();
                Watch::saying(&[&words[..], &["--format", format, "--output", file]].concat())
            };
            let filing = [with_file("json", &json), with_file("human", &text)];
            assert_eq!(streaming.line_with("")["vpn"]["answer"], "no");
            let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
            wait_until(|| {
                read(&json).contains(r#""answer": "no""#) && read(&text).starts_with("NO")
            });

            configure(&TUNNEL_UP);
            let second = streaming.line_with("");
            assert_eq!(second["vpn"]["answer"], "undecided", "{second:#}");
            assert!(second["observations"].as_array().is_some_and(|all| !all.is_empty()));
            wait_until(|| read(&text).contains("UNDECIDED"));
            assert!(read(&text).contains("+ route 10.99.0.0/16 dev tun0"), "{}", read(&text));
            let kept = || serde_json::from_str::<Value>(&read(&json)).unwrap();
            wait_until(|| kept()["vpn"]["answer"] == "undecided");
            assert!(kept()["vpn"]["changes"].to_string().contains("+ link tun0"));
            for watch in filing {
                assert!(watch.lines.try_recv().is_err(), "it goes to the file alone");
            }
        },
    );
}

#[test]
fn another_name_server_is_noticed_and_asked() {
    with_internet("watch::another_name_server_is_noticed_and_asked", serve(None), |announced| {
        let folder = TempDir::new().unwrap();
        let ca_file = ca_file(folder.path(), announced);
        let resolver = folder.path().join("resolv.conf");
        fs::write(&resolver, "nameserver 127.0.0.1\n").unwrap();
        let mut mount = Command::new("mount");
        mount.arg("--bind").arg(&resolver).arg("/etc/resolv.conf");
        if !mount.output().is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: nothing may be laid over /etc/resolv.conf here");
            return;
        }
        let words = ["vpn", "--hub", HUB, "--vantage", "host", "--timeout", "4s"];
        let more = ["--ca-file", &ca_file, "--format", "json"];
        let watch = Watch::saying(&[&words[..], &more].concat());
        let asked = |report: &Value, server: &str| {
            let all = report["observations"].as_array().unwrap().iter();
            all.filter(|o| o["probe"] == "dns").any(|o| o["id"].to_string().contains(server))
        };
        let first = watch.line_with("");
        assert!(asked(&first, "127.0.0.1") && !asked(&first, RESOLVER_ADDRESS), "{first:#}");

        fs::write(&resolver, format!("# by a VPN\nnameserver {RESOLVER_ADDRESS}\n")).unwrap();
        let second = watch.line_with("");
        let changes = second["vpn"]["changes"].to_string();
        assert!(changes.contains("+ /etc/resolv.conf: nameserver 198.41.0.4"), "{changes}");
        assert!(changes.contains("- /etc/resolv.conf: nameserver 127.0.0.1"), "{changes}");
        assert!(asked(&second, RESOLVER_ADDRESS), "{second:#}");
        assert!(watch.is_asleep(), "it does something while nothing changes");
    });
}

/// Waits for what another process is about to do.
#[track_caller]
fn wait_until(holds: impl Fn() -> bool) {
    let patience = std::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(std::time::Instant::now() < patience, "it did not come about");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_baseline_is_kept_once_and_compared_with_from_then_on() {
    with_internet(
        "watch::a_baseline_is_kept_once_and_compared_with_from_then_on",
        serve(None),
        |announced| {
            let folder = TempDir::new().unwrap();
            let ca_file = ca_file(folder.path(), announced);
            let baseline = folder.path().join("before.json");
            let look = || -> Outcome {
                let mut words = words(&ca_file);
                words.extend(["--baseline", baseline.to_str().unwrap()]);
                Outcome::from_command(edgeprobe().env(NO_ENGINE.0, NO_ENGINE.1).args(words))
            };
            let kept = look();
            assert!(kept.stderr.contains("kept the present links"), "{}", kept.stderr);
            let text = fs::read_to_string(&baseline).unwrap();

            let same = look();
            assert!(same.stderr.contains("nothing has changed since"), "{}", same.stderr);

            configure(&TUNNEL_UP);
            let changed = look();
            for line in ["changed since", "+ link tun0", "+ route 10.99.0.0/16"] {
                assert!(changed.stderr.contains(line), "no `{line}` in {}", changed.stderr);
            }
            assert_eq!(text, fs::read_to_string(&baseline).unwrap(), "it is written once");

            configure(&TUNNEL_DOWN);
            let again = look();
            assert!(again.stderr.contains("nothing has changed since"), "{}", again.stderr);
            assert_eq!((kept.code, changed.code, again.code), (0, 3, 0), "{}", changed.stdout);

            configure(&TUNNEL_UP);
            let mut words = words(&ca_file);
            words.extend(["--baseline", baseline.to_str().unwrap(), "--format", "json"]);
            let told =
                Outcome::from_command(edgeprobe().env(NO_ENGINE.0, NO_ENGINE.1).args(words)).json();
            let compared = &told["vpn"]["baseline"];
            assert!(compared["changes"].to_string().contains("+ link tun0"), "{compared}");
            assert!(compared["taken_at"].is_string());
        },
    );
}

/// No more than some thousand routes are read. One that changes beyond them is not seen, which is said.
#[test]
fn a_baseline_with_more_routes_than_are_read_does_not_say_that_nothing_changed() {
    let test = "watch::a_baseline_with_more_routes_than_are_read_does_not_say_that_nothing_changed";
    alone(test, || {
        let folder = TempDir::new().unwrap();
        let batch = folder.path().join("batch");
        let route =
            |number: u32| format!("route add 10.{}.{}.0/24 dev lo\n", number / 256, number % 256);
        fs::write(&batch, (0..9_000).map(route).collect::<String>()).unwrap();
        configure(&[&format!("-batch {}", batch.display())]);
        let baseline = folder.path().join("before.json");
        let look = |more: &[&str]| -> Outcome {
            let words = ["vpn", "--hub", HUB, "--resolver", "127.0.0.1:9", "--timeout", "10s"];
            let kept = ["--baseline", baseline.to_str().unwrap()];
            Outcome::from_command(
                edgeprobe().env(NO_ENGINE.0, NO_ENGINE.1).args(words).args(kept).args(more),
            )
        };
        assert!(look(&[]).stderr.contains("kept the present links"));
        configure(&["route del 10.35.39.0/24"]);
        let told = look(&[]).stderr;
        assert!(!told.contains("nothing has changed"), "{told}");
        assert!(told.contains("no change since ") && told.contains("were not compared"), "{told}");
        let told = look(&["--lang", "fr"]).stderr;
        assert!(told.contains("n'ont pas été comparés"), "{told}");
        assert_eq!(look(&["--format", "json"]).json()["vpn"]["baseline"]["incomplete"], true);
    });
}

fn ca_file(folder: &Path, announced: &str) -> String {
    let path = folder.join("ca.pem");
    fs::write(&path, roots(announced)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn words(ca_file: &str) -> Vec<&str> {
    let vantage = ["--vantage", "host"];
    let mut words = vec!["vpn", "--hub", HUB, "--resolver", RESOLVER_ADDRESS, "--ca-file", ca_file];
    words.extend(vantage);
    words
}

/// A watch that is under way; it ends with this.
struct Watch {
    process: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn start(ca_file: &str) -> Self {
        Self::saying(&words(ca_file))
    }

    /// A watch with these words.
    fn saying(words: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env(NO_ENGINE.0, NO_ENGINE.1)
            .args(words)
            .arg("--watch")
            .stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let lines = lines_of(process.stdout.take().unwrap());
        Self { process, lines }
    }

    /// What it says until a line with these words has come.
    fn until(&self, words: &str) -> Vec<String> {
        let mut told: Vec<String> = Vec::new();
        while !told.last().is_some_and(|line| line.contains(words)) {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => told.push(line),
                Err(error) => panic!("`{words}` was not said ({error}): {told:#?}"),
            }
        }
        told
    }

    /// The first line from now on with these words, as JSON.
    fn line_with(&self, words: &str) -> Value {
        let told = self.until(words);
        let line = told.last().unwrap();
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Whether it comes to rest, and then does nothing at all for a while. A program that polls
    /// wakes up, however seldom and briefly.
    fn is_asleep(&self) -> bool {
        let still_for = Duration::from_secs(1);
        let mut wakings = self.wakings();
        // What it said last may be on its way to rest.
        for _ in 0..10 {
            thread::sleep(still_for);
            let now = self.wakings();
            if now == wakings {
                return true;
            }
            wakings = now;
        }
        false
    }

    /// How often its threads have been woken so far.
    fn wakings(&self) -> Vec<String> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        let status =
            threads.map(|thread| fs::read_to_string(thread.unwrap().path().join("status")));
        let line = |status: String| {
            let found = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches"));
            found.unwrap().to_owned()
        };
        let mut wakings: Vec<String> = status.filter_map(Result::ok).map(line).collect();
        wakings.sort();
        wakings
    }

    /// Its exit code after Ctrl-C.
    fn interrupted(mut self) -> Option<i32> {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        self.process.wait().unwrap().code()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn lines_of(output: ChildStdout) -> Receiver<String> {
    let (tell, told) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    told
}
