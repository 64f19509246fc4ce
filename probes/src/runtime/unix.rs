//! Where the runtime, the engine and the system keep what they are told.

pub(super) const ROOT: &str = "/";

/// The folders of 1.2 and later: by packages, and of the two snaps together.
pub(super) const TOML: [TomlPlace; 2] = [
    TomlPlace {
        configuration: "/etc/aziot",
        identity: "/etc/aziot",
        state: "/var/lib/aziot/identityd",
    },
    // https://github.com/Azure/iotedge/blob/main/snap/snapcraft.yaml, `layout`
    TomlPlace {
        configuration: "/var/snap/azure-iot-edge/common/shared/config/aziot",
        identity: "/var/snap/azure-iot-identity/current/shared/config/aziot",
        state: "/var/snap/azure-iot-identity/current/var/lib/aziot/identityd",
    },
];

/// Where one installation of 1.2 or later has its files.
pub(super) struct TomlPlace {
    /// The folder of config.toml, and below it of the daemon's own fragments.
    pub(super) configuration: &'static str,
    /// The folder of the identity service's fragments.
    pub(super) identity: &'static str,
    /// The folder in which the identity service remembers the device.
    pub(super) state: &'static str,
}

/// The configuration of 1.0 and 1.1, and what the daemon remembers of its provisioning.
pub(super) const YAML: &str = "/etc/iotedge/config.yaml";
pub(super) const YAML_STATE: &str = "/var/lib/iotedge/cache/provisioning_backup.json";

/// The configuration of the preview of 2017.
pub(super) const PREVIEW: &str = "/etc/azure-iot-edge/config.json";

/// The engine's settings.
pub(super) const ENGINE: [&str; 2] =
    ["/etc/docker/daemon.json", "/var/snap/docker/current/config/daemon.json"];

/// The variables of every session.
pub(super) const ENVIRONMENT: Option<&str> = Some("/etc/environment");

/// The list of Debian's packages, and the description of the runtime's snap.
pub(super) const PACKAGES: Option<&str> = Some("/var/lib/dpkg/status");
pub(super) const SNAP: Option<&str> = Some("/snap/azure-iot-edge/current/meta/snap.yaml");
