//! A device of the test's own: its name server, its trust store, its folders and its cron, in private
//! network and mount namespaces, of which nothing is left.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use crate::internet::roots;
use crate::namespace::RESOLVER_ADDRESS;
use crate::program::PROGRAM;

/// A device with the name server, the trust store and the folder that the line needs, without an
/// engine.
pub(crate) fn prepare_device(announced: &str) {
    bind("/etc/resolv.conf", &format!("nameserver {RESOLVER_ADDRESS}\n"));
    bind("/etc/ssl/certs/ca-certificates.crt", &roots(announced));
    for folder in ["/run", "/var/lib", "/usr/local/bin"] {
        mount(&["-t", "tmpfs", "tmpfs", folder]);
    }
    fs::create_dir("/var/lib/edgeprobe").unwrap();
    std::os::unix::fs::symlink(PROGRAM, "/usr/local/bin/edgeprobe").unwrap();
    for folder in ["/usr/bin", "/usr/sbin", "/usr/local/sbin", "/snap/bin"] {
        for engine in ["dockerd", "podman", "moby"] {
            let program = Path::new(folder).join(engine);
            if program.exists() {
                mount(&["--bind", "/dev/null", program.to_str().unwrap()]);
            }
        }
    }
}

/// Puts a file of this content in the place of another, as far as this namespace sees.
pub(crate) fn bind(place: &str, content: &str) {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(content.as_bytes()).unwrap();
    file.as_file().set_permissions(fs::Permissions::from_mode(0o644)).unwrap();
    mount(&["--bind", file.path().to_str().unwrap(), place]);
}

pub(crate) fn mount(arguments: &[&str]) {
    let output = Command::new("mount").args(arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "mount {arguments:?}: {told}");
}

fn write_program(path: &str, content: &[u8]) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Debian's cron, as this machine has it.
pub(crate) struct DebianCron {
    program: Vec<u8>,
}

impl DebianCron {
    /// The machine's cron; none where it has none, or where nobody waits for a minute.
    pub(crate) fn find() -> Option<Self> {
        if std::env::var_os("EDGEPROBE_SLOW").is_none() {
            eprintln!("skipped: cron needs a minute; set EDGEPROBE_SLOW=1 to wait for it");
            return None;
        }
        let Ok(program) = fs::read("/usr/sbin/cron") else {
            eprintln!("skipped: there is no cron here");
            return None;
        };
        Some(Self { program })
    }

    /// Puts it with a mailer of the test's in the place of all that /usr/sbin has.
    pub(crate) fn install(&self) {
        mount(&["-t", "tmpfs", "tmpfs", "/usr/sbin"]);
        write_program("/usr/sbin/cron", &self.program);
        // The mail appears when it is whole, since a part of it may end like a whole one.
        let mailer = b"#!/bin/sh\ncat >/run/mail.part && mv /run/mail.part /run/mail\n";
        write_program("/usr/sbin/sendmail", mailer);
        mount(&["-t", "tmpfs", "tmpfs", "/var/spool/cron"]);
        fs::create_dir_all("/var/spool/cron/crontabs").unwrap();
    }

    /// Runs it until it has mailed, for 90 s at most. Gives the body of the mail.
    pub(crate) fn run_until_it_mails() -> String {
        let mut cron = Command::new("/usr/sbin/cron").arg("-f").spawn().unwrap();
        let begun = Instant::now();
        let mail = loop {
            let mail = fs::read_to_string("/run/mail").unwrap_or_default();
            if !mail.is_empty() || begun.elapsed() > Duration::from_secs(90) {
                break mail;
            }
            std::thread::sleep(Duration::from_millis(200));
        };
        cron.kill().unwrap();
        cron.wait().unwrap();
        let (_, body) = mail.split_once("\n\n").unwrap_or_else(|| panic!("no mail: {mail:?}"));
        body.to_owned()
    }
}
