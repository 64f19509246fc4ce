//! The line for cron that docs/periodic-runs.md has, as it stands there: silent while all is well, one line when not.
//!
//! It runs on a device whose name server, trust store and folders are the test's own: in private
//! network and mount namespaces, of which nothing is left.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use edgeprobe_emulator::Fault;
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::internet::{roots, serve};
use crate::namespace::{RESOLVER_ADDRESS, with_internet};
use crate::program::PROGRAM;

const LINE: &str = "*/15 * * * * root edgeprobe check --quiet --hub contoso.azure-devices.net \
                    --format json --output /var/lib/edgeprobe/last.json";

const REPORT: &str = "/var/lib/edgeprobe/last.json";

#[test]
fn the_documents_have_the_line_and_the_command() {
    let read = |file| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let has = |text: &str, wanted: &str| text.lines().any(|line| line.trim() == wanted);
    assert!(
        has(&read("docs/periodic-runs.md"), LINE),
        "docs/periodic-runs.md lacks the line\n{LINE}"
    );
    let command = "sudo edgeprobe schedule install --every 15m";
    assert!(has(&read("README.md"), command), "README.md lacks {command}");
}

#[test]
fn a_healthy_device_is_silent() {
    with_internet("cron::a_healthy_device_is_silent", serve(None), |announced| {
        prepare_device(announced);
        let output = run_as_cron_does();
        assert_eq!(told(&output), (0, String::new(), String::new()));
        assert_eq!(status(), "healthy");
    });
}

#[test]
fn a_fault_is_told_in_one_line() {
    let internet = serve(Some(Fault::WebsocketBlocked));
    with_internet("cron::a_fault_is_told_in_one_line", internet, |announced| {
        prepare_device(announced);
        let (code, stdout, stderr) = told(&run_as_cron_does());
        assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
        assert_eq!(
            stderr,
            "degraded: 443 is open, but the WebSocket upgrade is refused with HTTP status 403.\n"
        );
        assert_eq!(status(), "degraded");
    });
}

#[test]
fn a_folder_that_is_missing_is_told_of() {
    with_internet("cron::a_folder_that_is_missing_is_told_of", serve(None), |announced| {
        prepare_device(announced);
        fs::remove_dir("/var/lib/edgeprobe").unwrap();
        let (code, stdout, stderr) = told(&run_as_cron_does());
        assert_eq!((code, stdout.as_str()), (3, ""));
        assert!(
            stderr.starts_with("error: cannot write /var/lib/edgeprobe/last.json: "),
            "{stderr}"
        );
    });
}

/// Debian's own cron mails the line: it looks at its table once in a minute, so this takes one.
#[test]
fn cron_mails_a_fault_once() {
    if std::env::var_os("EDGEPROBE_SLOW").is_none() {
        eprintln!("skipped: cron needs a minute; set EDGEPROBE_SLOW=1 to wait for it");
        return;
    }
    let internet = serve(Some(Fault::WebsocketBlocked));
    with_internet("cron::cron_mails_a_fault_once", internet, |announced| {
        let Ok(cron) = fs::read("/usr/sbin/cron") else {
            eprintln!("skipped: there is no cron here");
            return;
        };
        prepare_device(announced);
        // What stands there beside cron is of no concern, and the mailer is the test's own.
        mount(&["-t", "tmpfs", "tmpfs", "/usr/sbin"]);
        write_program("/usr/sbin/cron", &cron);
        // A mail is there when it is whole: one that is being written may end like a whole one.
        let mailer = b"#!/bin/sh\ncat >/run/mail.part && mv /run/mail.part /run/mail\n";
        write_program("/usr/sbin/sendmail", mailer);
        for folder in ["/etc/cron.d", "/var/spool/cron"] {
            mount(&["-t", "tmpfs", "tmpfs", folder]);
        }
        fs::create_dir_all("/var/spool/cron/crontabs").unwrap();
        let mut table = NamedTempFile::new().unwrap();
        let line = LINE.replacen("*/15", "*", 1) + " --ca-file /etc/ssl/certs/ca-certificates.crt";
        write!(table, "PATH=/usr/local/bin:/usr/bin:/bin\n{line}\n").unwrap();
        mount(&["--bind", table.path().to_str().unwrap(), "/etc/crontab"]);

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
        assert_eq!(
            body,
            "degraded: 443 is open, but the WebSocket upgrade is refused with HTTP status 403.\n"
        );
        assert_eq!(status(), "degraded");
    });
}

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

pub(crate) fn write_program(path: &str, content: &[u8]) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs the line's command in cron's environment: no terminal, no input, four variables.
///
/// IoT Hub's root is public. That of the emulator is not, so it is named as one that containers have
/// as well; a root that the host alone trusts would be an interceptor's.
fn run_as_cron_does() -> Output {
    let command = LINE.strip_prefix("*/15 * * * * root ").unwrap();
    let command = format!("{command} --ca-file /etc/ssl/certs/ca-certificates.crt");
    Command::new("/bin/sh")
        .args(["-c", &command])
        .env_clear()
        .envs([("HOME", "/root"), ("LOGNAME", "root"), ("SHELL", "/bin/sh")])
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// The status in the file that the line wrote.
fn status() -> String {
    let report: Value = serde_json::from_str(&fs::read_to_string(REPORT).unwrap()).unwrap();
    report["verdict"]["status"].as_str().unwrap().to_owned()
}
