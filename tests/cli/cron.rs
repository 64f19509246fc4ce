//! The line for cron that docs/periodic-runs.md has, as it stands there: silent while all is well, one line when not.
//!
//! It runs on a device whose name server, trust store and folders are the test's own: in private
//! network and mount namespaces, of which nothing is left.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use edgeprobe_emulator::Fault;
use serde_json::Value;

use crate::device::{DebianCron, mount, prepare_device};
use crate::internet::serve;
use crate::namespace::with_internet;

const LINE: &str = "*/15 * * * * root edgeprobe check --quiet --hub contoso.azure-devices.net \
                    --format json --output /var/lib/edgeprobe/last.json";

/// What is told of a device on which the WebSocket upgrade is refused.
pub(crate) const FAULT: &str =
    "degraded: 443 is open, but the WebSocket upgrade is refused with HTTP status 403.\n";

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
        assert_eq!(stderr, FAULT);
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
    let Some(cron) = DebianCron::find() else { return };
    let internet = serve(Some(Fault::WebsocketBlocked));
    with_internet("cron::cron_mails_a_fault_once", internet, |announced| {
        prepare_device(announced);
        cron.install();
        mount(&["-t", "tmpfs", "tmpfs", "/etc/cron.d"]);
        let line = LINE.replacen("*/15", "*", 1) + " --ca-file /etc/ssl/certs/ca-certificates.crt";
        // Cron refuses a table whose name was removed, so it keeps one.
        fs::write("/run/crontab", format!("PATH=/usr/local/bin:/usr/bin:/bin\n{line}\n")).unwrap();
        mount(&["--bind", "/run/crontab", "/etc/crontab"]);
        assert_eq!(DebianCron::run_until_it_mails(), FAULT);
        assert_eq!(status(), "degraded");
    });
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
