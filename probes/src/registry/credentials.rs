//! The credentials that the engine's client keeps: `config.json`, as `docker login` writes it.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edgeprobe_facts::registry::Reference;
use serde::Deserialize;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{bounded, clean};

/// How much of the file is read, in bytes; real ones have some hundred.
const LIMIT: u64 = 1024 * 1024;

/// How Docker Hub is named in the file.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// The credentials of a file. `Debug` shows none of them.
#[derive(Clone, Default)]
pub struct Credentials {
    entries: BTreeMap<String, Secret>,
    helpers: Vec<String>,
    store: bool,
}

/// What one registry is to be told. `Debug` does not show it, and nothing of it is left in memory.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub(super) enum Secret {
    Password {
        user: String,
        password: String,
    },
    /// What stands for a password after an interactive login, as with `az acr login`.
    IdentityToken(String),
}

/// What the file says of one registry.
pub(super) enum Lookup<'c> {
    Found(&'c Secret),
    /// A program outside the file keeps them.
    Helper,
    Absent,
}

/// The engine's file cannot be used. No variant shows its content.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// There is no such file: no user has signed in.
    #[error("there is no file `{}`", path.display())]
    Missing { path: PathBuf },
    /// The file cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    /// The file is not in the form that `docker login` writes.
    #[error("`{}` is no configuration of the engine's client (line {line})", path.display())]
    Malformed { path: PathBuf, line: usize },
}

impl Credentials {
    /// The file that the engine's client uses: `DOCKER_CONFIG`, else `.docker` in the home folder.
    pub fn path(docker_config: Option<&Path>, home: Option<&Path>) -> Option<PathBuf> {
        let given = docker_config.filter(|path| !path.as_os_str().is_empty());
        let folder = given.map(Path::to_path_buf).or_else(|| Some(home?.join(".docker")))?;
        Some(folder.join("config.json"))
    }

    /// Reads the file.
    pub fn load(path: &Path) -> Result<Self, CredentialsError> {
        let owned = || path.to_path_buf();
        let text = bounded::read(path, LIMIT).map(Zeroizing::new);
        let text = text.map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => CredentialsError::Missing { path: owned() },
            _ => CredentialsError::Unreadable { path: owned(), source },
        })?;
        Self::parse(path, &text)
    }

    /// Reads the file's content.
    pub(super) fn parse(path: &Path, text: &[u8]) -> Result<Self, CredentialsError> {
        // The error's own text may quote the file, so its line alone is told.
        let file: ConfigFile = serde_json::from_slice(text).map_err(|error| {
            CredentialsError::Malformed { path: path.to_path_buf(), line: error.line() }
        })?;
        Ok(Self::from_file(file))
    }

    fn from_file(file: ConfigFile) -> Self {
        let mut entries = BTreeMap::new();
        for (key, entry) in file.auths {
            if let Some(secret) = entry.secret() {
                entries.insert(host_of(&key), secret);
            }
        }
        Self {
            entries,
            helpers: file.cred_helpers.into_keys().map(|key| host_of(&key)).collect(),
            store: file.creds_store.is_some_and(|name| !name.is_empty()),
        }
    }

    /// What the file says of a registry.
    pub(super) fn for_registry(&self, reference: &Reference) -> Lookup<'_> {
        let key =
            if reference.is_docker_hub() { host_of(DOCKER_HUB_KEY) } else { reference.registry() };
        match self.entries.get(&key) {
            Some(secret) => Lookup::Found(secret),
            None if self.store || self.helpers.contains(&key) => Lookup::Helper,
            None => Lookup::Absent,
        }
    }
}

impl Secret {
    /// The value of an `Authorization` header, where the secret can be one (RFC 7617).
    pub(super) fn basic(&self) -> Option<Zeroizing<String>> {
        match self {
            Self::Password { user, password } => {
                let pair = Zeroizing::new(format!("{user}:{password}"));
                let encoded = Zeroizing::new(STANDARD.encode(&*pair));
                Some(Zeroizing::new(format!("Basic {}", *encoded)))
            }
            Self::IdentityToken(_) => None,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({} of them)", self.entries.len())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// The registry that a key is for: old clients wrote a URL.
fn host_of(key: &str) -> String {
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let host = bare.split('/').next().unwrap_or(bare);
    clean::line(host, 260).to_ascii_lowercase().trim_end_matches(":443").to_owned()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigFile {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    #[serde(default)]
    creds_store: Option<String>,
}

#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    #[serde(rename = "identitytoken")]
    identity_token: Option<String>,
}

impl Entry {
    /// None where a helper keeps the secret: the entry is empty then.
    fn secret(mut self) -> Option<Secret> {
        if let Some(token) = self.identity_token.take().filter(|token| !token.is_empty()) {
            return Some(Secret::IdentityToken(token));
        }
        if let (Some(user), Some(password)) = (self.username.take(), self.password.take()) {
            return Some(Secret::Password { user, password });
        }
        let decoded = Zeroizing::new(STANDARD.decode(self.auth.as_deref()?.trim()).ok()?);
        let text = std::str::from_utf8(&decoded).ok()?;
        let (user, password) = text.trim_end_matches('\0').split_once(':')?;
        Some(Secret::Password { user: user.to_owned(), password: password.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn load(text: &str) -> Result<Credentials, CredentialsError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.json");
        fs::write(&path, text).unwrap();
        Credentials::load(&path)
    }

    fn secret(credentials: &Credentials, registry: &str) -> Option<Secret> {
        match credentials.for_registry(&Reference::parse_registry(registry).unwrap()) {
            Lookup::Found(secret) => Some(secret.clone()),
            Lookup::Helper | Lookup::Absent => None,
        }
    }

    #[test]
    fn what_docker_login_writes_is_found_by_the_registry() {
        let credentials = load(
            r#"{"auths": {"contoso.azurecr.io": {"auth": "dXNlcjpodW50ZXI6Mg=="},
                "https://index.docker.io/v1/": {"auth": "aHViOnB3"},
                "b.io:5000": {"auth": "", "identitytoken": "refresh"},
                "empty.io": {}}}"#,
        )
        .unwrap();
        let password = |user: &str, password: &str| {
            Some(Secret::Password { user: user.to_owned(), password: password.to_owned() })
        };
        assert_eq!(secret(&credentials, "contoso.azurecr.io"), password("user", "hunter:2"));
        assert_eq!(secret(&credentials, "docker.io"), password("hub", "pw"));
        let token = Secret::IdentityToken("refresh".to_owned());
        assert_eq!(secret(&credentials, "b.io:5000"), Some(token));
        for other in ["b.io", "empty.io", "azurecr.io", "x.contoso.azurecr.io"] {
            assert_eq!(secret(&credentials, other), None, "{other}");
        }
    }

    #[test]
    fn helpers_are_known_and_not_run() {
        let by_store = load(r#"{"auths": {"a.io": {}}, "credsStore": "desktop"}"#).unwrap();
        let by_host = load(r#"{"credHelpers": {"a.io": "ecr-login"}}"#).unwrap();
        let reference = Reference::parse_registry("a.io").unwrap();
        for credentials in [by_store, by_host] {
            assert!(matches!(credentials.for_registry(&reference), Lookup::Helper));
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let credentials = load(r#"{"auths": {"a.io": {"auth": "dXNlcjpodW50ZXIy"}}}"#).unwrap();
        let secret = secret(&credentials, "a.io").unwrap();
        let shown = format!("{credentials:?} {secret:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("dXNl"), "{shown}");
        for broken in [r#"{"auths": {"a.io": "hunter2"}}"#, "hunter2", r#"{"auths": ["hunter2"]}"#]
        {
            let error = load(broken).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn the_file_is_where_the_client_looks_for_it() {
        let home = Some(Path::new("/home/edge"));
        let own = Path::new("/etc/docker-client");
        assert_eq!(
            Credentials::path(None, home).unwrap(),
            Path::new("/home/edge/.docker/config.json")
        );
        assert_eq!(Credentials::path(Some(own), home).unwrap(), own.join("config.json"));
        assert_eq!(Credentials::path(Some(Path::new("")), None), None);
        let missing = Credentials::load(Path::new("/no/such/config.json")).unwrap_err();
        assert!(matches!(missing, CredentialsError::Missing { .. }));
    }
}
