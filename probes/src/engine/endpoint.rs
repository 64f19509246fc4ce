//! Where the engine is.

use std::env;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
#[cfg(target_os = "linux")]
use std::time::Duration;

use tokio::net::TcpStream;

use super::client::Carried;
#[cfg(target_os = "linux")]
use super::client::{Client, ClientError};
use super::local;
use crate::runtime::{self, Root};
use crate::{clean, own};

/// The port of an engine's unencrypted API when `DOCKER_HOST` names none.
const PLAIN_PORT: u16 = 2375;

/// The places where an engine is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The value of `DOCKER_HOST`; when it is set and not empty, no socket is looked for.
    pub docker_host: Option<String>,
    /// The sockets to look for, the likeliest first.
    pub sockets: Vec<PathBuf>,
    /// The programs that show that an engine is installed, whether it runs or not.
    pub programs: Vec<PathBuf>,
    /// The files that may hold the engine's settings; the first that exists counts.
    pub settings: Vec<PathBuf>,
    /// The files that name the process of an engine that runs, whose command line comes before its
    /// file of settings.
    pub pid_files: Vec<PathBuf>,
}

impl Places {
    /// The places of this device: `DOCKER_HOST`, else where the configured runtime asks its engine, else
    /// the default sockets; the usual directories.
    pub fn of_this_device() -> Self {
        let given = env::var_os("DOCKER_HOST").filter(|text| !text.is_empty());
        let given = given.map(|text| text.to_string_lossy().into_owned());
        // The engine that counts is the one that the runtime asks.
        let configured = runtime::engine_uri(&Root::of_this_device()).filter(|_| given.is_none());
        let socket = configured.as_deref().and_then(|uri| uri.strip_prefix("unix://"));
        let sockets = match socket {
            Some(path) => vec![PathBuf::from(path)],
            None => local::SOCKETS.iter().map(PathBuf::from).collect(),
        };
        Self {
            docker_host: given.or(configured.clone().filter(|_| socket.is_none())),
            sockets,
            programs: local::PROGRAM_DIRECTORIES
                .iter()
                .flat_map(|directory| {
                    local::PROGRAMS.iter().map(move |name| Path::new(directory).join(name))
                })
                .collect(),
            settings: local::SETTINGS.iter().map(PathBuf::from).collect(),
            pid_files: local::PID_FILES.iter().map(PathBuf::from).collect(),
        }
    }

    /// Whether `DOCKER_HOST`, where it is set, can be used. Errors are a line for a person.
    pub fn check(&self) -> Result<(), String> {
        self.endpoints().map(drop)
    }

    /// The files of settings; none when `DOCKER_HOST` names an engine that may be another device's.
    pub(super) fn settings(&self) -> Vec<PathBuf> {
        if self.is_here() { self.settings.clone() } else { Vec::new() }
    }

    /// The files that name the engine's process; none when it may be another device's.
    pub(super) fn pid_files(&self) -> Vec<PathBuf> {
        if self.is_here() { self.pid_files.clone() } else { Vec::new() }
    }

    fn is_here(&self) -> bool {
        matches!(self.given().map(Endpoint::parse), None | Some(Ok(Endpoint::Socket(_))))
    }

    /// Where the engine should be, for a person.
    pub(super) fn describe(&self) -> String {
        match self.given() {
            Some(host) => Endpoint::parse(host).map_or_else(|_| scheme(host), |e| e.to_string()),
            None => self.sockets.first().map_or_else(String::new, |path| show(path)),
        }
    }

    /// The endpoints to ask, in order. Errors say what is wrong with `DOCKER_HOST`.
    pub(super) fn endpoints(&self) -> Result<Vec<Endpoint>, String> {
        if let Some(host) = self.given() {
            return Endpoint::parse(host).map(|endpoint| vec![endpoint]);
        }
        let present = self.sockets.iter().filter(|path| local::is_present(path));
        Ok(present.cloned().map(Endpoint::Socket).collect())
    }

    /// An engine's program, if one is installed.
    pub(super) fn program(&self) -> Option<&Path> {
        self.programs.iter().find(|path| path.is_file()).map(PathBuf::as_path)
    }

    fn given(&self) -> Option<&str> {
        self.docker_host.as_deref().filter(|host| !host.is_empty())
    }
}

/// One way to an engine's API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// A socket in the file system.
    Socket(PathBuf),
    /// A host and port, without encryption.
    Tcp(String),
}

impl Endpoint {
    /// Reads a value of `DOCKER_HOST`. Errors are one line for a person.
    pub(super) fn parse(host: &str) -> Result<Self, String> {
        if let Some(path) = host.strip_prefix("unix://").filter(|path| path.starts_with('/')) {
            return Ok(Self::Socket(PathBuf::from(path)));
        }
        if let Some(authority) = host.strip_prefix("tcp://") {
            let authority = authority.trim_end_matches('/');
            if !authority.is_empty() && authority.chars().all(is_of_an_authority) {
                return Ok(Self::Tcp(with_port(authority)));
            }
        }
        Err(format!(
            "DOCKER_HOST is {}, but only unix:///PATH and tcp://HOST:PORT are supported",
            scheme(host)
        ))
    }

    /// Connects. Errors are the system's own.
    pub(super) async fn connect(&self) -> io::Result<Box<dyn Carried>> {
        let connected = match self {
            Self::Socket(path) => local::connect(path).await,
            Self::Tcp(authority) => match TcpStream::connect(authority.as_str()).await {
                Ok(stream) => Ok(Box::new(stream) as Box<dyn Carried>),
                Err(error) => Err(error),
            },
        };
        connected.map_err(|error| own::of_connecting(error, own::LOOPBACK))
    }

    /// A client of an engine on this device, which answers. Errors are a line for a person.
    #[cfg(target_os = "linux")]
    pub(super) async fn local_client(&self, limit: Duration) -> Result<Client, ClientError> {
        if let Self::Tcp(_) = self {
            return Err(ClientError::Unfit("it may be another device's".to_owned()));
        }
        Client::negotiate(self, limit).await
    }

    /// What a request says of whom it asks.
    pub(super) fn host(&self) -> &str {
        match self {
            Self::Socket(_) => "localhost",
            Self::Tcp(authority) => authority,
        }
    }
}

/// Writes it as `DOCKER_HOST` has it.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => f.write_str(&show(path)),
            Self::Tcp(authority) => write!(f, "tcp://{authority}"),
        }
    }
}

fn show(path: &Path) -> String {
    clean::line(&format!("unix://{}", path.display()), 256)
}

/// What may be shown of a value that is not understood: it may hold a user's name or a password.
fn scheme(host: &str) -> String {
    match host.split_once("://") {
        Some((scheme, _)) => clean::line(&format!("{scheme}://…"), 32),
        None => "not a URL".to_owned(),
    }
}

/// No user information, no path.
fn is_of_an_authority(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']')
}

fn with_port(authority: &str) -> String {
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| {
        !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
    });
    // `[::1]` ends with a bracket, so its last colon is no port's.
    if has_port { authority.to_owned() } else { format!("{authority}:{PLAIN_PORT}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_host_is_read_as_docker_reads_it() {
        for (host, shown) in [
            ("unix:///run/user/1000/docker.sock", "unix:///run/user/1000/docker.sock"),
            ("tcp://10.0.0.1:2376", "tcp://10.0.0.1:2376"),
            ("tcp://engine.local", "tcp://engine.local:2375"),
            ("tcp://[::1]", "tcp://[::1]:2375"),
            ("tcp://[::1]:2375/", "tcp://[::1]:2375"),
        ] {
            assert_eq!(Endpoint::parse(host).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn another_scheme_is_refused_without_showing_who_or_where() {
        for host in
            ["ssh://user:secret@host", "tcp://user:secret@host:1", "secret", "unix://secret"]
        {
            let problem = Endpoint::parse(host).unwrap_err();
            assert!(problem.contains("tcp://HOST:PORT"), "{problem}");
            assert!(!problem.contains("secret"), "{problem}");
        }
    }

    #[test]
    fn another_device_s_engine_has_not_this_device_s_settings() {
        let places = |host: &str| Places {
            docker_host: Some(host.to_owned()),
            settings: vec![PathBuf::from("/etc/docker/daemon.json")],
            ..Places::default()
        };
        assert_eq!(places("unix:///run/user/1000/docker.sock").settings().len(), 1);
        assert_eq!(places("").settings().len(), 1);
        assert!(places("tcp://engine.local").settings().is_empty());
    }

    #[test]
    fn an_empty_docker_host_is_none() {
        let places = Places {
            docker_host: Some(String::new()),
            sockets: vec![PathBuf::from("/nonexistent/engine.sock")],
            ..Places::default()
        };
        assert_eq!(places.endpoints(), Ok(Vec::new()));
        assert_eq!(places.describe(), "unix:///nonexistent/engine.sock");
    }

    #[test]
    fn podman_s_program_alone_is_no_engine_that_fails_to_answer() {
        let places = Places::of_this_device();
        assert!(places.programs.iter().any(|path| path.ends_with("dockerd")));
        assert!(!places.programs.iter().any(|path| path.ends_with("podman")));
    }
}
