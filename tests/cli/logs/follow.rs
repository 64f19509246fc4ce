//! What is written while it is read.

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::PORT;
use crate::program::PROGRAM;

/// A program that follows a file, and what it tells line by line.
struct Following {
    child: Child,
    told: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Following {
    fn start(path: &Path) -> Self {
        let mut child = Command::new(PROGRAM)
            .env_clear()
            .args(["logs", "--follow", "--format", "json"])
            .arg(path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let told = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, told }
    }

    fn next(&mut self) -> Value {
        serde_json::from_str(&self.told.next().unwrap().unwrap()).unwrap()
    }

    /// Ends it as a person does, and answers with its exit code.
    fn interrupt(&mut self) -> i32 {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code().unwrap()
    }
}

/// A test that fails leaves no program behind.
impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[test]
fn what_is_appended_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("edgeAgent.log");
    fs::write(&path, PORT).unwrap();
    let mut following = Following::start(&path);
    assert_eq!(following.next()["verdict"]["status"], "blocked");
    append(&path, "2023-01-24 12:40:45Z Successfully started module edgeHub\n");
    let report = following.next();
    assert_eq!(report["findings"][0]["state"], "recovered");
    assert_eq!(following.interrupt(), 0);
}

#[test]
fn a_file_that_is_rotated_is_read_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("edgeAgent.log");
    fs::write(&path, PORT).unwrap();
    let mut following = Following::start(&path);
    following.next();
    fs::rename(&path, folder.path().join("edgeAgent.log.1")).unwrap();
    fs::write(&path, PORT.replace("443", "8883")).unwrap();
    let report = following.next();
    assert_eq!(report["findings"][1]["details"]["port"], 8883);
    assert_eq!(following.interrupt(), 2);
}
