//! Which version of the runtime is installed?

use std::io::{BufRead as _, BufReader, Read as _};
use std::time::Duration;

use edgeprobe_facts::runtime::Setting;

use super::places;
use super::root::Root;
use crate::{bounded, clean, tool};

/// How much of the package manager's list is read, in bytes; real ones have some million.
const LARGEST: u64 = 32 * 1024 * 1024;

/// The packages of the daemon, from 1.2 on and before.
const PACKAGES: [&str; 2] = ["aziot-edge", "iotedge"];

/// The version of the installed package or snap; nothing where no file says it.
pub(super) fn read(root: &Root) -> Option<Setting<String>> {
    let of_a_package = || in_list(root, places::PACKAGES?, package);
    let of_a_snap = || in_list(root, places::SNAP?, snap);
    of_a_package().or_else(of_a_snap)
}

/// The version that the daemon's own program prints, within `limit`: other package managers keep
/// theirs in a database.
pub async fn ask_the_program(limit: Duration) -> Option<Setting<String>> {
    let program = "iotedge";
    let listed = tool::list(program, &["--version"], limit).await.ok()??;
    let value = version(listed.text.split_whitespace().nth(1)?)?;
    Some(Setting { value, source: format!("{program} --version") })
}

fn in_list(
    root: &Root,
    path: &str,
    find: impl Fn(&mut dyn Iterator<Item = String>) -> Option<String>,
) -> Option<Setting<String>> {
    let file = bounded::open(&root.path(path)).ok()?;
    let mut lines = BufReader::new(file.take(LARGEST)).lines().map_while(Result::ok);
    let value = version(&find(&mut lines)?)?;
    Some(Setting { value, source: path.to_owned() })
}

/// The version of the daemon's package in dpkg's list, which has a paragraph for each package.
fn package(lines: &mut dyn Iterator<Item = String>) -> Option<String> {
    let (mut is_it, mut is_installed) = (false, false);
    for line in lines {
        match line.split_once(": ") {
            Some(("Package", name)) => (is_it, is_installed) = (PACKAGES.contains(&name), false),
            Some(("Status", status)) => is_installed = status.ends_with(" installed"),
            Some(("Version", version)) if is_it && is_installed => return Some(version.to_owned()),
            _ => {}
        }
    }
    None
}

/// The version of a snap, in its description.
fn snap(lines: &mut dyn Iterator<Item = String>) -> Option<String> {
    for line in lines {
        if let Some(version) = line.strip_prefix("version:") {
            return Some(version.trim().trim_matches(['\'', '"']).to_owned());
        }
    }
    None
}

/// The text, if it is a version: digits and dots first.
fn version(text: &str) -> Option<String> {
    let is_version = text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('.');
    is_version.then(|| clean::line(text, 64))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn with_file(path: &str, text: &str) -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
        let root = Root::at(folder.path());
        (folder, root)
    }

    #[cfg(unix)]
    #[test]
    fn the_package_s_version_is_read_where_it_is_installed() {
        let list = |status: &str| {
            format!(
                "Package: aziot-identity-service\nStatus: install ok installed\nVersion: 1.5.5-1\n\n\
                 Package: aziot-edge\nStatus: {status}\nArchitecture: amd64\nVersion: 1.5.21-1\n"
            )
        };
        let (_folder, root) = with_file("/var/lib/dpkg/status", &list("install ok installed"));
        let read = read(&root).unwrap();
        assert_eq!(
            (read.value.as_str(), read.source.as_str()),
            ("1.5.21-1", "/var/lib/dpkg/status")
        );
        let (_folder, root) = with_file("/var/lib/dpkg/status", &list("deinstall ok config-files"));
        assert_eq!(super::read(&root), None);
    }

    #[cfg(unix)]
    #[test]
    fn the_snap_s_version_is_read() {
        let text = "name: azure-iot-edge\nversion: '1.5.34'\nsummary: none\n";
        let (_folder, root) = with_file("/snap/azure-iot-edge/current/meta/snap.yaml", text);
        assert_eq!(read(&root).unwrap().value, "1.5.34");
    }

    #[test]
    fn what_is_no_version_is_not_taken_for_one() {
        assert_eq!(version("1.6.0"), Some("1.6.0".to_owned()));
        for text in ["", "edge", "16", "v1.6"] {
            assert_eq!(version(text), None, "{text}");
        }
    }
}
