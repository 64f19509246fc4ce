//! How the engine is configured: its daemon.json, and over it its command line.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use edgeprobe_facts::engine::{AddressPool, EngineSettings};
use ipnet::IpNet;
use serde::Deserialize;
use tokio::time::timeout;

use super::command_line;
use super::registries::insecure;
use crate::{blocking, bounded, clean};

/// How much of the file is read, in bytes; real ones have a few hundred.
const LIMIT: u64 = 1024 * 1024;

/// How many name servers and pools are kept.
pub(super) const SERVERS: usize = 16;
pub(super) const POOLS: usize = 64;

/// How many registries are kept of each kind.
pub(super) const REGISTRIES: usize = 32;

/// The settings of the first of these files that exists, or of the one that the command line of the
/// running engine names, and over them what that says itself; within `limit`.
pub(super) async fn read(
    files: Vec<PathBuf>,
    pid_files: Vec<PathBuf>,
    limit: Duration,
) -> EngineSettings {
    let reading = blocking::run(move || {
        let line = command_line::from_running(&pid_files).unwrap_or_default();
        let files = line.config_file.clone().map_or(files, |named| vec![named]);
        line.over(files.iter().find_map(|file| read_file(file)).unwrap_or_default())
    });
    // A file system that hangs must not hold up the engine's own answer.
    timeout(limit, reading).await.ok().and_then(Result::ok).unwrap_or_default()
}

/// None when there is no such file.
fn read_file(path: &Path) -> Option<EngineSettings> {
    let result = match bounded::read(path, LIMIT) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound) => return None,
        Err(error) => Err(error.to_string()),
        Ok(text) => parse(&text).map_err(|error| error.to_string()),
    };
    let file = Some(clean::line(&path.display().to_string(), 256));
    Some(match result {
        Ok(settings) => EngineSettings { file, ..settings },
        Err(error) => {
            EngineSettings { file, problem: Some(clean::line(&error, 160)), ..Default::default() }
        }
    })
}

/// The keys of daemon.json that matter here. Others, which may hold secrets, are passed over.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct DaemonFile {
    #[serde(default)]
    dns: Vec<IpAddr>,
    #[serde(default)]
    default_address_pools: Vec<AddressPool>,
    bip: Option<IpNet>,
    mtu: Option<u32>,
    iptables: Option<bool>,
    ip_forward: Option<bool>,
    userland_proxy: Option<bool>,
    #[serde(default)]
    insecure_registries: Vec<String>,
    registry_mirrors: Option<Vec<serde::de::IgnoredAny>>,
}

pub(super) fn parse(text: &[u8]) -> serde_json::Result<EngineSettings> {
    // The engine takes an empty file for one without settings.
    if text.trim_ascii().is_empty() {
        return Ok(EngineSettings::default());
    }
    let file: DaemonFile = serde_json::from_slice(text)?;
    Ok(EngineSettings {
        file: None,
        flags: Vec::new(),
        problem: None,
        dns: file.dns.into_iter().take(SERVERS).collect(),
        default_address_pools: file.default_address_pools.into_iter().take(POOLS).collect(),
        bip: file.bip,
        mtu: file.mtu,
        iptables: file.iptables,
        ip_forward: file.ip_forward,
        userland_proxy: file.userland_proxy,
        https_proxy: None,
        no_proxy: None,
        insecure_registries: file
            .insecure_registries
            .iter()
            .take(REGISTRIES)
            .map(|entry| insecure(entry))
            .collect(),
        registry_mirrors: file.registry_mirrors.map(|mirrors| mirrors.len()).filter(|n| *n > 0),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn written(text: &[u8]) -> EngineSettings {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("daemon.json");
        fs::write(&path, text).unwrap();
        let mut settings = read_file(&path).unwrap();
        assert!(settings.file.take().unwrap().ends_with("/daemon.json"));
        settings
    }

    #[test]
    fn the_file_that_the_documentation_recommends_is_read() {
        let settings = written(
            br#"{"dns": ["10.0.0.53", "fd00::53"], "bip": "172.26.0.1/16", "mtu": 1400,
                "default-address-pools": [{"base": "10.200.0.0/16", "size": 24}],
                "iptables": false, "ip-forward": false, "userland-proxy": false,
                "insecure-registries": ["registry.plant:5000"],
                "registry-mirrors": ["https://user:secret@mirror"],
                "log-driver": "local", "proxies": {"http-proxy": "http://user:secret@proxy"}}"#,
        );
        assert_eq!(settings.problem, None);
        assert_eq!(settings.dns.len(), 2);
        assert_eq!(settings.bip.unwrap().to_string(), "172.26.0.1/16");
        assert_eq!(settings.default_address_pools[0].size, 24);
        assert_eq!(settings.insecure_registries, ["registry.plant:5000"]);
        assert_eq!(settings.registry_mirrors, Some(1));
        assert_eq!((settings.mtu, settings.iptables), (Some(1400), Some(false)));
        assert!(!serde_json::to_string(&settings).unwrap().contains("secret"));
    }

    #[test]
    fn a_broken_file_is_recorded_as_broken() {
        for text in [&b"{\"dns\": [\"10.0.0.53\",]}"[..], b"{\"dns\": 7}", b"[", b"\xff\xfe"] {
            let settings = written(text);
            assert!(settings.problem.is_some());
            assert!(settings.dns.is_empty());
        }
    }

    #[test]
    fn an_empty_file_sets_nothing() {
        assert!(written(b"").is_empty());
        assert!(written(b"{}").is_empty());
    }

    #[test]
    fn a_file_of_any_size_is_read_up_to_a_limit() {
        let settings = written(&vec![b' '; 1024 * 1024 + 1]);
        assert_eq!(settings.problem.as_deref(), Some("larger than 1 MiB"));
    }

    #[tokio::test]
    async fn the_first_file_that_exists_counts() {
        let directory = tempfile::tempdir().unwrap();
        let [absent, first, second] =
            ["absent", "first", "second"].map(|name| directory.path().join(name));
        fs::write(&first, r#"{"mtu": 1}"#).unwrap();
        fs::write(&second, r#"{"mtu": 2}"#).unwrap();
        let settings =
            read(vec![absent.clone(), first, second], Vec::new(), Duration::from_secs(20)).await;
        assert_eq!(settings.mtu, Some(1));
        assert!(read(vec![absent], Vec::new(), Duration::from_secs(20)).await.is_empty());
    }

    #[test]
    fn a_directory_in_its_place_is_a_problem() {
        let directory = tempfile::tempdir().unwrap();
        assert!(read_file(directory.path()).unwrap().problem.is_some());
    }
}
