//! Names that say nothing of whose device this is.

/// Endings of public services: the labels before them are a customer's own.
const SERVICES: [&str; 27] = [
    "azure-devices.net",
    "azure-devices.cn",
    "azure-devices.us",
    "azure-devices.de",
    "azure-devices-provisioning.net",
    "azure-devices-provisioning.cn",
    "azure-devices-provisioning.us",
    "privatelink.azure-devices.net",
    "privatelink.azure-devices.cn",
    "privatelink.azure-devices.us",
    "privatelink.azure-devices-provisioning.net",
    "azurecr.io",
    "azurecr.cn",
    "azurecr.us",
    "privatelink.azurecr.io",
    "data.azurecr.io",
    "core.windows.net",
    "blob.core.windows.net",
    "servicebus.windows.net",
    "cloudapp.net",
    "cloudapp.azure.com",
    "azurewebsites.net",
    "trafficmanager.net",
    "azure-devices-int.net",
    "database.windows.net",
    "vault.azure.net",
    "ts.net",
];

/// Domains of which everybody's device knows every name.
const EVERYBODYS: [&str; 26] = [
    "microsoft.com",
    "azureedge.net",
    "windows.com",
    "windowsupdate.com",
    "msftconnecttest.com",
    "docker.io",
    "docker.com",
    "docker.internal",
    "containers.internal",
    "debian.org",
    "ubuntu.com",
    "canonical.com",
    "snapcraft.io",
    "digicert.com",
    "github.com",
    "ghcr.io",
    "quay.io",
    "gcr.io",
    "pool.ntp.org",
    "example.com",
    "ietf.org",
    "kernel.org",
    "w3.org",
    "in-addr.arpa",
    "ip6.arpa",
    // No host, but written as one.
    "asp.net",
];

/// Whole names of the public services themselves.
const WHOLE: [&str; 4] = [
    "global.azure-devices-provisioning.net",
    "global.azure-devices-provisioning.cn",
    "global.azure-devices-provisioning.us",
    "localhost.localdomain",
];

/// Final labels by which a dotted word is known for a host's name. Written as .NET writes
/// namespaces, with a capital letter, it is not a name.
const FINAL: &[&str] = &[
    "com",
    "net",
    "org",
    "io",
    "info",
    "biz",
    "edu",
    "gov",
    "mil",
    "int",
    "cloud",
    "dev",
    "app",
    "tech",
    "online",
    "systems",
    "solutions",
    "industries",
    "energy",
    "local",
    "lan",
    "corp",
    "internal",
    "intra",
    "intranet",
    "home",
    "localdomain",
    "domain",
    "private",
    "site",
    "invalid",
    "test",
    "example",
    "arpa",
    "at",
    "au",
    "be",
    "br",
    "ca",
    "ch",
    "cn",
    "cz",
    "de",
    "dk",
    "es",
    "eu",
    "fi",
    "fr",
    "ie",
    "in",
    "it",
    "jp",
    "kr",
    "lu",
    "mx",
    "nl",
    "no",
    "nz",
    "pl",
    "pt",
    "ro",
    "se",
    "sg",
    "sk",
    "uk",
    "us",
    "za",
    // More, without those that end files' names and members of programs.
    "ad",
    "ae",
    "ai",
    "ar",
    "asia",
    "bayern",
    "berlin",
    "bg",
    "cl",
    "co",
    "company",
    "consulting",
    "cy",
    "digital",
    "ee",
    "email",
    "engineering",
    "factory",
    "farm",
    "global",
    "gmbh",
    "gr",
    "group",
    "hamburg",
    "hk",
    "hr",
    "hu",
    "il",
    "intern",
    "kz",
    "li",
    "london",
    "lt",
    "ltd",
    "lv",
    "ma",
    "me",
    "mt",
    "my",
    "ovh",
    "paris",
    "pe",
    "ph",
    "pk",
    "priv",
    "pro",
    "qa",
    "ru",
    "sa",
    "si",
    "software",
    "solar",
    "su",
    "swiss",
    "technology",
    "th",
    "tr",
    "tv",
    "tw",
    "ua",
    "vn",
    "wien",
    "work",
    "works",
    "world",
    "xyz",
];

/// Words that a device, a hub or a user may be called by, and that stand everywhere for what they
/// mean.
const ORDINARY: &[&str] = &[
    "agent",
    "azure",
    "azureiotedge",
    "bridge",
    "client",
    "cloud",
    "container",
    "debian",
    "default",
    "device",
    "docker",
    "dockerd",
    "edge",
    "edgeagent",
    "edgehub",
    "edgeprobe",
    "engine",
    "gateway",
    "host",
    "hostname",
    "hub",
    "internal",
    "iotedge",
    "iothub",
    "kernel",
    "linux",
    "local",
    "localdomain",
    "localhost",
    "microsoft",
    "module",
    "network",
    "node",
    "none",
    "null",
    "podman",
    "proxy",
    "raspberrypi",
    "root",
    "router",
    "server",
    "service",
    "system",
    "systemd",
    "test",
    "ubuntu",
    "user",
    "azure-iot-edge",
    "moby",
    "runtime",
    "registry",
    "parent",
    "child",
    "domain",
    "private",
    "false",
    "true",
];

/// Users that systems make.
const SYSTEMS_USERS: &[&str] = &[
    "adm",
    "aziotcs",
    "aziotid",
    "aziotks",
    "aziottpm",
    "backup",
    "bin",
    "daemon",
    "dnsmasq",
    "games",
    "iotedge",
    "man",
    "messagebus",
    "nobody",
    "ntp",
    "operator",
    "polkitd",
    "proxy",
    "root",
    "snap_daemon",
    "squid",
    "sshd",
    "sync",
    "syslog",
    "systemd-network",
    "systemd-resolve",
    "systemd-timesync",
    "www-data",
];

/// How many of a name's last labels are not its owner's; all of them where it is everybody's.
pub(super) fn public_labels(name: &str) -> usize {
    let labels = name.split('.').count();
    let ends_with = |ending: &str| {
        name == ending || name.strip_suffix(ending).is_some_and(|rest| rest.ends_with('.'))
    };
    if WHOLE.contains(&name) || EVERYBODYS.iter().any(|domain| ends_with(domain)) {
        return labels;
    }
    let service = SERVICES.iter().filter(|ending| ends_with(ending));
    service.map(|ending| ending.split('.').count()).max().unwrap_or(1).min(labels)
}

/// Whether a dotted word of lower-case letters is a host's name by its ending.
pub(super) fn is_a_host(name: &str) -> bool {
    name.rsplit('.').next().is_some_and(|last| FINAL.contains(&last))
}

pub(super) fn is_ordinary(word: &str) -> bool {
    ORDINARY.contains(&word)
}

pub(super) fn is_the_systems(user: &str) -> bool {
    SYSTEMS_USERS.contains(&user) || user.starts_with("systemd-") || user.starts_with('_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_a_service_is_public_and_its_own_name_is_not() {
        assert_eq!(public_labels("contoso.azure-devices.net"), 2);
        assert_eq!(public_labels("contoso.privatelink.azure-devices.net"), 3);
        assert_eq!(public_labels("contoso.westeurope.data.azurecr.io"), 3);
        assert_eq!(public_labels("global.azure-devices-provisioning.net"), 3);
        assert_eq!(public_labels("mcr.microsoft.com"), 3);
        assert_eq!(public_labels("notmicrosoft.com"), 1);
        assert_eq!(public_labels("gw1.corp.contoso.com"), 1);
    }
}
