//! Programs that a user would have, on a port of loopback of their own.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use tokio::net::TcpStream;

/// A program that listens; it and the processes that it has started end with the value.
pub(crate) struct Running {
    pub(crate) port: u16,
    /// Where its files are.
    folder: TempDir,
    child: Child,
}

impl Running {
    /// What the program has written, for a test that fails.
    pub(crate) fn words(&self) -> String {
        fs::read_to_string(self.folder.path().join(WORDS)).unwrap()
    }

    async fn listening(&mut self) {
        // Some 20 seconds: a program that was never read from the disk takes long.
        for _ in 0..4_000 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_ok() {
                return;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("it ended with {status}: {}", self.words());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("nobody listens on {}: {}", self.port, self.words());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // nginx's workers go on where its master alone is killed.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// Where a program's standard output and error go, in its folder.
const WORDS: &str = "words";

/// Starts a program with the path of a configuration as its last argument, which is made for a
/// port and a folder, and waits until it listens. `None` where the program is not installed.
pub(crate) async fn start(
    words: &[&str],
    configuration: impl FnOnce(u16, &Path) -> String,
) -> Option<Running> {
    let (program, arguments) = words.split_first().unwrap();
    let program = find(program)?;
    let folder = tempfile::tempdir().unwrap();
    // Squid gives root up for its own user, who must find its files.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(folder.path(), open).unwrap();
    let port = free_port();
    let file = folder.path().join("configuration");
    fs::write(&file, configuration(port, folder.path())).unwrap();
    let words = File::create(folder.path().join(WORDS)).unwrap();
    let child = Command::new(program)
        .args(arguments)
        .arg(file)
        .stdin(Stdio::null())
        .stdout(words.try_clone().unwrap())
        .stderr(words)
        .process_group(0)
        .spawn()
        .unwrap();
    let mut running = Running { port, folder, child };
    running.listening().await;
    Some(running)
}

/// Where a program is; says so where it is not installed.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let found = ["/usr/bin", "/usr/sbin", "/usr/local/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(program))
        .find(|path| path.exists());
    if found.is_none() {
        println!("skipped: `{program}` is not installed");
    }
    found
}

/// A port of loopback that nobody holds, for a program that cannot say which it was given.
///
/// It is below the range from which systems take ephemeral ports, so that no connection is given
/// it by chance, and no two tests of a process are given the same.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 199).unwrap() * 50 + 20_000;
    loop {
        let port = start + NEXT.fetch_add(1, Ordering::Relaxed);
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return port,
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            Err(error) => panic!("port {port} cannot be tried: {error}"),
        }
    }
}
