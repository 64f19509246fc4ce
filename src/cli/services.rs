//! Options that name registries and the provisioning service.

use std::env;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use edgeprobe_facts::registry::{Reference, ReferenceError};
use edgeprobe_probes::registry::{AUTHORITIES, Access, Credentials, CredentialsError, Names};

use super::problem::Problem;
use crate::plan::{HubName, HubNameError};
use crate::verdict::provisioning_in_cloud_of;

/// The word that stands for no registry at all.
const NONE: &str = "none";

#[derive(Clone, Debug, Default, Args)]
pub(super) struct ServiceOptions {
    /// A registry of the modules' images, or an image in one; repeatable; `none` asks no registry
    /// [default: those of the runtime's configuration, else mcr.microsoft.com]
    #[arg(long, value_name = "HOST[/IMAGE[:TAG]]")]
    registry: Vec<String>,

    /// Sign in to registries that require it, with the credentials that `docker login` saved in
    /// config.json
    #[arg(long)]
    registry_credentials: bool,

    /// As --registry-credentials, for this registry also over plain HTTP or with a certificate that
    /// this device does not trust; repeatable
    #[arg(long, value_name = "HOST")]
    insecure_credentials: Vec<String>,

    /// Require that the Device Provisioning Service is reached: this one, or the one of the hub's
    /// cloud [default: as the runtime's configuration says]
    #[arg(long, value_name = "HOST", num_args = 0..=1, default_missing_value = BESIDE_THE_HUB)]
    provisioning: Option<String>,
}

/// The value of the option that names no host.
const BESIDE_THE_HUB: &str = "";

impl ServiceOptions {
    /// What asking a registry needs, with the file of credentials that the options name.
    pub(super) fn registry_access(&self, resolver: Option<SocketAddr>) -> Result<Access, Problem> {
        Ok(Access {
            names: resolver.map_or(Names::System, Names::Server),
            credentials: self.credentials()?,
            insecure_credentials: self.insecure_credentials()?,
            authorities: Some(PathBuf::from(AUTHORITIES)),
        })
    }

    /// Whether the options speak of the provisioning service at all.
    pub(super) fn names_provisioning(&self) -> bool {
        self.provisioning.is_some()
    }

    /// The provisioning service that the options name, for a device of this hub.
    pub(super) fn provisioning(&self, hub: &str) -> Result<Option<String>, Problem> {
        match self.provisioning.as_deref() {
            Some(BESIDE_THE_HUB) => Ok(Some(provisioning_in_cloud_of(hub))),
            named => named.map(provisioning).transpose(),
        }
    }

    /// The registries that the user names, in addition to those of the runtime's configuration;
    /// `None` when no registry is to be asked.
    pub(super) fn registries(&self) -> Result<Option<Vec<Reference>>, Problem> {
        if self.registry.iter().any(|word| word == NONE) {
            return match self.registry.as_slice() {
                [_] => Ok(None),
                _ => Err(Problem::new("--registry: `none` and a registry exclude each other")
                    .hint("give either `none` or the registries")),
            };
        }
        let read = |text: &String| Reference::parse_registry(text).map_err(|error| unread(&error));
        self.registry.iter().map(read).collect::<Result<_, _>>().map(Some)
    }

    fn insecure_credentials(&self) -> Result<Vec<Reference>, Problem> {
        let read = |text: &String| {
            let registry = Reference::parse_registry(text).map_err(|error| {
                Problem::new(format!("--insecure-credentials: {error}"))
                    .hint("name the registry, for example --insecure-credentials plant.lan:5000")
            })?;
            Ok(registry.registry_alone())
        };
        self.insecure_credentials.iter().map(read).collect()
    }

    fn credentials(&self) -> Result<Option<Arc<Credentials>>, Problem> {
        if !self.registry_credentials && self.insecure_credentials.is_empty() {
            return Ok(None);
        }
        let docker_config = env::var_os("DOCKER_CONFIG").map(PathBuf::from);
        let home = env::var_os(if cfg!(windows) { "USERPROFILE" } else { "HOME" });
        let path = Credentials::path(docker_config.as_deref(), home.as_deref().map(Path::new));
        let path = path.ok_or_else(|| {
            Problem::new("--registry-credentials: there is no home folder to look in")
                .hint("set DOCKER_CONFIG to the folder that config.json is in")
        })?;
        let credentials = Credentials::load(&path).map_err(|error| {
            let hint = match error {
                CredentialsError::Missing { .. } => {
                    "run `docker login REGISTRY` first, as the same user; with sudo that is root"
                }
                CredentialsError::Unreadable { .. } => "run as the user who signed in",
                CredentialsError::Malformed { .. } => "`docker login REGISTRY` writes a new one",
            };
            Problem::new(format!("--registry-credentials: {error}")).hint(hint)
        })?;
        Ok(Some(Arc::new(credentials)))
    }
}

fn unread(error: &ReferenceError) -> Problem {
    let hint = match error {
        ReferenceError::Credentials => {
            "name no user and no password; --registry-credentials uses what `docker login` keeps"
        }
        _ => {
            "for example --registry contoso.azurecr.io or --registry contoso.azurecr.io/module:1.0"
        }
    };
    Problem::new(format!("--registry: {error}")).hint(hint)
}

pub(super) fn provisioning(text: &str) -> Result<String, Problem> {
    let name: HubName = text.parse().map_err(|error| {
        let error: HubNameError = error;
        let example = error.meant().unwrap_or("global.azure-devices-provisioning.us");
        Problem::new(format!("--provisioning: {error}"))
            .hint(format!("for example --provisioning {example}"))
    })?;
    Ok(name.into_string())
}
