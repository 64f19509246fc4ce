//! What the running engine was started with: the flags of its command line come before its file.
//!
//! dockerd keeps its process's number in a file. Another process of that name, such as an engine
//! inside a container, is not this device's engine.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use edgeprobe_facts::engine::{AddressPool, EngineSettings};
use ipnet::IpNet;

use super::registries::insecure;
use super::settings::{POOLS, REGISTRIES, SERVERS};
use crate::bounded;

/// How much of a command line is read, in bytes.
const LIMIT: u64 = 64 * 1024;

/// The settings that a command line has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct CommandLine {
    /// The file that it names in place of the usual one.
    pub(super) config_file: Option<PathBuf>,
    /// The flags that say anything of networks, each once.
    flags: Vec<&'static str>,
    settings: EngineSettings,
}

/// The command line of the engine whose process one of these files names; none where it does not run
/// or this user may not see it.
pub(super) fn from_running(pid_files: &[PathBuf]) -> Option<CommandLine> {
    pid_files.iter().find_map(|file| {
        let pid: u32 = text(file, 32)?.trim().parse().ok()?;
        let process = Path::new("/proc").join(pid.to_string());
        let is_the_engine = text(&process.join("comm"), 64)?.trim() == "dockerd";
        let line = text(&process.join("cmdline"), LIMIT).filter(|_| is_the_engine)?;
        Some(CommandLine::from_arguments(line.split('\0').skip(1)))
    })
}

fn text(file: &Path, limit: u64) -> Option<String> {
    let content = bounded::beginning(bounded::open(file).ok()?, limit).ok()?;
    Some(String::from_utf8_lossy(&content).into_owned())
}

impl CommandLine {
    /// Reads the arguments after the program's name. What cannot be understood is passed over: an
    /// engine that runs has understood it.
    pub(super) fn from_arguments<'a>(arguments: impl Iterator<Item = &'a str>) -> Self {
        let mut line = Self::default();
        let mut arguments = arguments.peekable();
        while let Some(argument) = arguments.next() {
            let (flag, given) = match argument.split_once('=') {
                Some((flag, value)) => (flag, Some(value)),
                None => (argument, None),
            };
            if line.switch(flag, given) {
                continue;
            }
            // A value may be the next argument, except for switches.
            let value = given.or_else(|| arguments.peek().copied());
            if let Some(value) = value {
                line.value(flag, value);
            }
        }
        line
    }

    /// Takes a flag that is on where nothing else is said; whether it is one.
    fn switch(&mut self, flag: &str, given: Option<&str>) -> bool {
        let (name, place) = match flag {
            "--iptables" => ("--iptables", &mut self.settings.iptables),
            "--ip-forward" => ("--ip-forward", &mut self.settings.ip_forward),
            "--userland-proxy" => ("--userland-proxy", &mut self.settings.userland_proxy),
            _ => return false,
        };
        // As Go's ParseBool has it.
        let on = match given {
            None | Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Some(true),
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Some(false),
            Some(_) => None,
        };
        if on.is_some() {
            *place = on;
            self.note(name);
        }
        true
    }

    fn value(&mut self, flag: &str, value: &str) {
        let settings = &mut self.settings;
        let name = match flag {
            "--config-file" => {
                self.config_file = Some(PathBuf::from(value));
                return;
            }
            "--dns" => push(&mut settings.dns, value, SERVERS).then_some("--dns"),
            "--bip" => set(&mut settings.bip, value).then_some("--bip"),
            "--mtu" => set(&mut settings.mtu, value).then_some("--mtu"),
            "--default-address-pool" => {
                let pool = pool(value).filter(|_| settings.default_address_pools.len() < POOLS);
                settings.default_address_pools.extend(pool);
                pool.map(|_| "--default-address-pool")
            }
            "--insecure-registry" if settings.insecure_registries.len() < REGISTRIES => {
                settings.insecure_registries.push(insecure(value));
                Some("--insecure-registry")
            }
            "--registry-mirror" => {
                *settings.registry_mirrors.get_or_insert(0) += 1;
                Some("--registry-mirror")
            }
            _ => None,
        };
        if let Some(name) = name {
            self.note(name);
        }
    }

    fn note(&mut self, flag: &'static str) {
        if !self.flags.contains(&flag) {
            self.flags.push(flag);
        }
    }

    /// The file's settings, and over them what the command line says.
    pub(super) fn over(self, file: EngineSettings) -> EngineSettings {
        let own = self.settings;
        let all = |own: Vec<IpAddr>, other| if own.is_empty() { other } else { own };
        EngineSettings {
            flags: self.flags.into_iter().map(str::to_owned).collect(),
            dns: all(own.dns, file.dns),
            default_address_pools: if own.default_address_pools.is_empty() {
                file.default_address_pools
            } else {
                own.default_address_pools
            },
            bip: own.bip.or(file.bip),
            mtu: own.mtu.or(file.mtu),
            iptables: own.iptables.or(file.iptables),
            ip_forward: own.ip_forward.or(file.ip_forward),
            userland_proxy: own.userland_proxy.or(file.userland_proxy),
            insecure_registries: if own.insecure_registries.is_empty() {
                file.insecure_registries
            } else {
                own.insecure_registries
            },
            registry_mirrors: own.registry_mirrors.or(file.registry_mirrors),
            file: file.file,
            problem: file.problem,
            https_proxy: file.https_proxy,
            no_proxy: file.no_proxy,
        }
    }
}

fn push<T: FromStr>(list: &mut Vec<T>, value: &str, most: usize) -> bool {
    let value = value.parse().ok().filter(|_| list.len() < most);
    let is_one = value.is_some();
    list.extend(value);
    is_one
}

fn set<T: FromStr>(place: &mut Option<T>, value: &str) -> bool {
    let value = value.parse().ok();
    let is_one = value.is_some();
    if is_one {
        *place = value;
    }
    is_one
}

/// A pool as the command line has it: `base=10.200.0.0/16,size=24`.
fn pool(text: &str) -> Option<AddressPool> {
    let of = |name: &str| {
        text.split(',').filter_map(|pair| pair.split_once('=')).find(|(key, _)| key.trim() == name)
    };
    let base: IpNet = of("base")?.1.trim().parse().ok()?;
    Some(AddressPool { base, size: of("size")?.1.trim().parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(line: &str, file: &EngineSettings) -> EngineSettings {
        CommandLine::from_arguments(line.split(' ')).over(file.clone())
    }

    #[test]
    fn flags_come_before_the_file_and_say_so() {
        let file = EngineSettings {
            file: Some("/etc/docker/daemon.json".to_owned()),
            dns: vec!["10.0.0.53".parse().unwrap()],
            mtu: Some(1400),
            ..EngineSettings::default()
        };
        let line = "-H fd:// --dns 10.0.0.1 --dns=10.0.0.2 --bip 172.26.0.1/16 --iptables=false \
                    --default-address-pool base=10.200.0.0/16,size=24 --userland-proxy --log-opt a=b";
        let settings = over(line, &file);
        assert_eq!(settings.dns.len(), 2);
        assert_eq!(settings.dns[0].to_string(), "10.0.0.1");
        assert_eq!(settings.bip.unwrap().to_string(), "172.26.0.1/16");
        assert_eq!((settings.iptables, settings.userland_proxy), (Some(false), Some(true)));
        assert_eq!(settings.default_address_pools[0].size, 24);
        assert_eq!((settings.mtu, settings.file), (Some(1400), file.file.clone()));
        let names: Vec<&str> = settings.flags.iter().map(String::as_str).collect();
        assert!(names.contains(&"--dns") && names.contains(&"--iptables"), "{names:?}");
        assert_eq!(names.iter().filter(|name| **name == "--dns").count(), 1);
        // A line without any of them changes nothing.
        assert_eq!(over("-H fd:// --containerd=/run/containerd/containerd.sock", &file), file);
    }

    #[test]
    fn what_no_engine_would_take_is_passed_over() {
        let settings =
            over("--dns --bip nothing --iptables=perhaps --dns", &EngineSettings::default());
        assert!(settings.is_empty(), "{settings:?}");
        let named = CommandLine::from_arguments("--config-file /etc/plant/engine.json".split(' '));
        assert_eq!(named.config_file, Some(PathBuf::from("/etc/plant/engine.json")));
    }

    #[test]
    fn a_process_of_another_name_is_not_the_engine() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("docker.pid");
        std::fs::write(&file, std::process::id().to_string()).unwrap();
        assert_eq!(from_running(&[file, directory.path().join("absent")]), None);
    }
}
