//! Where the runtime and the engine keep what they are told on Windows. There is neither a service
//! manager with files nor a runtime of 1.2 or later.

pub(super) const ROOT: &str = r"C:\";

/// Where one installation of 1.2 or later has its files.
#[allow(dead_code, reason = "there is none on this system")]
pub(super) struct TomlPlace {
    pub(super) configuration: &'static str,
    pub(super) identity: &'static str,
    pub(super) state: &'static str,
}

pub(super) const TOML: [TomlPlace; 0] = [];

/// The configuration of 1.0 and 1.1, and what the daemon remembers of its provisioning.
pub(super) const YAML: &str = "/ProgramData/iotedge/config.yaml";
pub(super) const YAML_STATE: &str = "/ProgramData/iotedge/cache/provisioning_backup.json";

/// The configuration of the preview of 2017.
pub(super) const PREVIEW: &str = "/ProgramData/azure-iot-edge/config/config.json";

/// The engine's settings, by the runtime's installers of then and before, and Docker's.
pub(super) const ENGINE: [&str; 3] = [
    "/ProgramData/iotedge-moby/config/daemon.json",
    "/ProgramData/iotedge-moby-data/config/daemon.json",
    "/ProgramData/docker/config/daemon.json",
];

/// Windows keeps the variables of every session in its registry.
pub(super) const ENVIRONMENT: Option<&str> = None;

/// Windows keeps the versions of programs in its registry.
pub(super) const PACKAGES: Option<&str> = None;
pub(super) const SNAP: Option<&str> = None;
