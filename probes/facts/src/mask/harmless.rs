//! Names of settings and variables whose values are known to be no secrets.

use super::shape::{Shape, shape};
use super::{MASK, mask, proxy};

/// In small letters, without `-` and `_`, the last part of a dotted name.
const NAMES: &[&str] = &[
    // The runtime's configuration of every generation.
    "agent",
    "allowelevateddockerpermissions",
    "alwaysreprovisiononstartup",
    "apiversion",
    "attestationmethod",
    "authmethod",
    "autoreprovisioningmode",
    "certificate",
    "cloudretries",
    "cloudtimeoutsec",
    "configpath",
    "deviceid",
    "devicecacert",
    "deviceidentitycert",
    "driver",
    "dynamicreprovisioning",
    "edgecacert",
    "enabled",
    "gateway",
    "globalendpoint",
    "homedir",
    "homedirpath",
    "hostip",
    "hostname",
    "hostport",
    "identitycert",
    "idscope",
    "image",
    "imagepullpolicy",
    "iothubhostname",
    "iprange",
    "kind",
    "localgatewayhostname",
    "managementuri",
    "method",
    "mode",
    "mobyruntime",
    "name",
    "network",
    "networkid",
    "parenthostname",
    "registrationid",
    "scopeid",
    "serveraddress",
    "source",
    "subnet",
    "trustbundlecert",
    "type",
    "upstreamprotocol",
    "uri",
    "version",
    "workloaduri",
    "prefix",
    "protocol",
    "runtimeloglevel",
    "loglevel",
    "level",
    "method",
    // The variables that the runtime gives its modules.
    "amqpsettingsenabled",
    "edgedevicehostname",
    "experimentalfeaturesenabled",
    "httpsettingsenabled",
    "iotedgeapiversion",
    "iotedgeauthscheme",
    "iotedgedeviceid",
    "iotedgegatewayhostname",
    "iotedgeiothubhostname",
    "iotedgemanagementuri",
    "iotedgemoduleid",
    "iotedgeparenthostname",
    "iotedgeworkloaduri",
    "mqttsettingsenabled",
    "optimizeforperformance",
    "sslprotocols",
    "storagefolder",
    // The engine's.
    "base",
    "bip",
    "bridge",
    "cgroupparent",
    "dataroot",
    "debug",
    "defaultaddresspools",
    "defaultgateway",
    "dns",
    "dnsopts",
    "dnssearch",
    "execopts",
    "experimental",
    "features",
    "fixedcidr",
    "hosts",
    "icc",
    "insecureregistries",
    "ip",
    "ipforward",
    "ipmasq",
    "iptables",
    "ipv6",
    "liverestore",
    "logdriver",
    "maxfile",
    "maxsize",
    "mtu",
    "noproxies",
    "registrymirrors",
    "size",
    "storagedriver",
    "userlandproxy",
    "usernsremap",
    "noproxy",
    // Services and shells.
    "after",
    "before",
    "bindsto",
    "description",
    "documentation",
    "environmentfile",
    "group",
    "lang",
    "lcall",
    "delegate",
    "killmode",
    "limitcore",
    "limitnofile",
    "limitnproc",
    "nonewprivileges",
    "oomscoreadjust",
    "startlimitburst",
    "startlimitinterval",
    "startlimitintervalsec",
    "tasksmax",
    "timeoutstartsec",
    "timeoutstopsec",
    "partof",
    "path",
    "requires",
    "restart",
    "restartsec",
    "shell",
    "term",
    "tz",
    "wantedby",
    "wants",
    "home",
    // .NET.
    "aspneturls",
    "aspnetcoreurls",
    "aspnetversion",
    "dotnetrunningincontainer",
    "dotnetversion",
    "dotnetsystemglobalizationinvariant",
];

/// Names of a proxy's address, which is shown without what one signs in with.
const PROXIES: [&str; 4] = ["allproxy", "ftpproxy", "httpproxy", "httpsproxy"];

/// Names whose values are hosts, registries or their URLs, or lists of them.
const HOSTS: [&str; 8] = [
    "dns",
    "globalendpoint",
    "hosts",
    "insecureregistries",
    "noproxies",
    "noproxy",
    "registrymirrors",
    "serveraddress",
];

/// Whether a setting or a variable of this name has hosts.
pub(super) fn is_hosts(name: &str) -> bool {
    HOSTS.contains(&plain(name).as_str())
}

/// Whether the value of a setting or a variable of this name is known to be no secret. What it
/// holds must be masked all the same: it may be a URL with a password.
pub fn is_harmless(name: &str) -> bool {
    NAMES.contains(&plain(name).as_str())
}

/// Whether a setting or a variable of this name is the address of a proxy.
pub fn is_proxy(name: &str) -> bool {
    PROXIES.contains(&plain(name).as_str())
}

/// The last part of a dotted name, in small letters, without `-` and `_`.
fn plain(name: &str) -> String {
    let quotes = ['"', '\''];
    let last = name.trim_matches(quotes).rsplit('.').next().unwrap_or_default();
    last.trim_matches(quotes)
        .chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// An environment's `NAME=VALUE`, with its value if the name is known to be harmless.
pub fn variable(assignment: &str) -> String {
    match assignment.split_once('=') {
        Some((name, value)) if is_proxy(name) => format!("{name}={}", proxy(value)),
        Some((name, value)) if is_harmless(name) => format!("{name}={}", mask(value)),
        // A key in base64 ends in what parts a name from its value.
        Some((name, _)) if shape(name) != Shape::Plain => MASK.to_string(),
        Some((name, "")) => format!("{name}="),
        Some((name, _)) => format!("{}=…", mask(name)),
        // A name without a value is set to the one that its maker has.
        None => MASK.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_every_spelling() {
        for name in [
            "UpstreamProtocol",
            "upstream_protocol",
            "agent.env.UpstreamProtocol",
            "IOTEDGE_IOTHUBHOSTNAME",
        ] {
            assert!(is_harmless(name), "{name}");
        }
        for name in ["\"https-proxy\"", "HTTPS_PROXY", "HttpProxy", "agent.env.all_proxy"] {
            assert!(is_proxy(name) && !is_harmless(name), "{name}");
        }
        for name in [
            "connection_string",
            "value",
            "EdgeHubConnectionString",
            "auth",
            "",
            "key",
            "IOTEDGE_MODULEGENERATIONID",
            "DockerRegistryAuth__0__password",
        ] {
            assert!(!is_harmless(name), "{name}");
        }
    }

    #[test]
    fn a_variable_that_is_not_known_keeps_its_name_alone() {
        assert_eq!(variable("UpstreamProtocol=AmqpWs"), "UpstreamProtocol=AmqpWs");
        assert_eq!(variable("https_proxy=http://u:PLANTED@p:1"), "https_proxy=http://…p:1");
        assert_eq!(variable("HTTP_PROXY=http://u:p@PLANTED@p:1"), "HTTP_PROXY=http://…p:1");
        assert_eq!(variable("STORAGE=PLANTED"), "STORAGE=…");
        assert_eq!(variable("EMPTY="), "EMPTY=");
        assert_eq!(variable("q7Gz0W1xZ5tYkP3vR8mLhN2cVbXaSdFgHjKeUiOoPlM="), "…");
    }
}
