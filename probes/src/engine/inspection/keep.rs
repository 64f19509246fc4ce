//! What is kept of the engine's answers. A field that is not named here is dropped: later engines
//! may put anything into one.

use serde_json::{Map, Value};

use crate::clean;
use crate::mask::{MASK, is_proxy, mask, proxy, variable};

/// Labels whose values are kept.
const LABELS: [&str; 3] = [
    "net.azure-devices.edge.owner",
    "net.azure-devices.edge.module-id",
    "com.docker.compose.service",
];

/// Settings of a log driver that are kept; others hold tokens.
const LOG_SETTINGS: [&str; 3] = ["max-size", "max-file", "mode"];

/// Of the engine's version everything: it has no settings in it.
pub(super) fn version(answer: &Value) -> Value {
    masked(answer)
}

pub(super) fn info(answer: &Value) -> Value {
    pick(
        answer,
        &[
            "Architecture",
            "BridgeNfIp6tables",
            "BridgeNfIptables",
            "CgroupDriver",
            "CgroupVersion",
            "Containers",
            "ContainersRunning",
            "DefaultAddressPools",
            "DefaultRuntime",
            "DockerRootDir",
            "Driver",
            "FirewallBackend",
            "HttpProxy",
            "HttpsProxy",
            "IPv4Forwarding",
            "Images",
            "KernelVersion",
            "LiveRestoreEnabled",
            "LoggingDriver",
            "MemTotal",
            "NCPU",
            "NoProxy",
            "OSType",
            "OSVersion",
            "OperatingSystem",
            "SecurityOptions",
            "ServerVersion",
            "SystemTime",
            "Warnings",
        ],
    )
}

pub(super) fn network(answer: &Value) -> Value {
    pick(
        answer,
        &[
            "Attachable",
            "ConfigFrom",
            "ConfigOnly",
            "Containers",
            "Created",
            "Driver",
            "EnableIPv4",
            "EnableIPv6",
            "IPAM",
            "Id",
            "Ingress",
            "Internal",
            "Name",
            "Options",
            "Scope",
        ],
    )
}

pub(super) fn container(answer: &Value) -> Value {
    let mut kept = pick(
        answer,
        &[
            "Created",
            "Driver",
            "Id",
            "Image",
            "Name",
            "NetworkSettings",
            "Platform",
            "RestartCount",
            "State",
        ],
    );
    let host = pick(
        part(answer, "HostConfig"),
        &[
            "AutoRemove",
            "Binds",
            "CapAdd",
            "CapDrop",
            "Dns",
            "DnsOptions",
            "DnsSearch",
            "ExtraHosts",
            "IpcMode",
            "Memory",
            "NanoCpus",
            "NetworkMode",
            "PidMode",
            "PortBindings",
            "Privileged",
            "PublishAllPorts",
            "RestartPolicy",
            "Runtime",
            "UsernsMode",
        ],
    );
    let config = part(answer, "Config");
    let mut own = pick(
        config,
        &["Domainname", "ExposedPorts", "Hostname", "Image", "Tty", "User", "WorkingDir"],
    );
    set(&mut own, "Env", list(part(config, "Env"), variable));
    set(&mut own, "Labels", labels(part(config, "Labels")));
    for name in ["Cmd", "Entrypoint"] {
        set(&mut own, name, list(part(config, name), argument));
    }
    let mut host = host;
    let logging = part(part(answer, "HostConfig"), "LogConfig");
    let mut log = pick(logging, &["Type"]);
    set(&mut log, "Config", pick(part(logging, "Config"), &LOG_SETTINGS));
    set(&mut host, "LogConfig", log);
    set(&mut kept, "Args", list(part(answer, "Args"), argument));
    set(&mut kept, "HostConfig", host);
    set(&mut kept, "Config", own);
    kept
}

/// The members of these names, with every text in them masked.
fn pick(value: &Value, names: &[&str]) -> Value {
    let kept: Map<String, Value> = names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), member(name, value.get(name)?))))
        .filter(|(_, value)| !value.is_null())
        .collect();
    Value::Object(kept)
}

fn part<'v>(value: &'v Value, name: &str) -> &'v Value {
    value.get(name).unwrap_or(&Value::Null)
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let (Value::Object(members), false) = (object, value.is_null()) {
        members.insert(name.to_owned(), value);
    }
}

/// The value with every text in it masked.
fn masked(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(crate::mask::text(&clean::text(text)).text),
        Value::Array(items) => items.iter().map(masked).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (crate::mask::line(name, 256), member(name, value)))
            .collect(),
        other => other.clone(),
    }
}

/// The value of a member of this name: of a proxy its address alone.
fn member(name: &str, value: &Value) -> Value {
    match value {
        Value::String(address) if is_proxy(name) => Value::String(proxy(address)),
        _ => masked(value),
    }
}

fn list(value: &Value, keep: impl Fn(&str) -> String) -> Value {
    let Value::Array(items) = value else { return Value::Null };
    let kept = |item: &Value| keep(&clean::text(item.as_str().unwrap_or_default()));
    items.iter().map(|item| Value::String(kept(item))).collect()
}

/// Of a command line the paths and the names of options.
fn argument(word: &str) -> String {
    match word.split_once('=') {
        Some((name, _)) if word.starts_with('-') => format!("{name}={MASK}"),
        None if word.starts_with(['-', '/']) => mask(word).into_owned(),
        _ => MASK.to_string(),
    }
}

fn labels(value: &Value) -> Value {
    let Value::Object(labels) = value else { return Value::Null };
    let shown = |(name, value): (&String, &Value)| {
        let kept = LABELS.contains(&name.as_str());
        let value = if kept { masked(value) } else { Value::String(MASK.to_string()) };
        (crate::mask::line(name, 256), value)
    };
    labels.iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_engine_s_proxies_the_addresses_are_kept() {
        let answer = serde_json::json!({
            "HttpProxy": "http://user:p@PLANTED@proxy:3128",
            "HttpsProxy": "user:PLANTED@proxy:3129",
            "NoProxy": "plc01,http://user:pa/PLANTED@x",
        });
        let text = info(&answer).to_string();
        assert!(!text.contains("PLANTED"), "{text}");
        assert!(text.contains("http://…proxy:3128") && text.contains("…proxy:3129"), "{text}");
        assert!(text.contains("plc01"), "{text}");
    }

    #[test]
    fn no_character_is_kept_that_a_terminal_acts_on() {
        let answer = serde_json::json!({
            "Name": "/a\u{9b}\u{202e}b", "State": {"Error": "x\u{200b}\u{1b}[31my", "z\u{202e}": 1},
            "Config": {"Env": ["PATH=/bin\u{202e}x", "a\u{9b}b=1"], "Cmd": ["-\u{9b}c"], "Labels": {"l\u{202e}": "x"}},
        });
        let text = serde_json::to_string(&container(&answer)).unwrap();
        assert!(!text.contains(clean::is_unsafe) && !text.contains("\\u"), "{text}");
        assert!(
            text.contains("\"/ab\"") && text.contains("\"xy\"") && text.contains("PATH=/binx"),
            "{text}"
        );
    }

    #[test]
    fn of_a_container_no_secret_is_kept() {
        let answer = serde_json::json!({
            "Id": "ab", "Name": "/edgeAgent", "Args": ["/app/start.sh", "--key", "PLANTED", "--x=PLANTED"],
            "State": {"Status": "exited", "ExitCode": 1, "Error": "login: password=PLANTED"},
            "Config": {"Env": ["UpstreamProtocol=AmqpWs", "SOMETHING=PLANTED", "PLANTED",
                    "https_proxy=http://u:PLANTED@p:3128",
                    "EdgeHubConnectionString=HostName=h;SharedAccessKey=PLANTED"],
                "Labels": {"net.azure-devices.edge.owner": "Microsoft.Azure.Devices.Edge.Agent",
                    "net.azure-devices.edge.env": "PLANTED"},
                "Cmd": ["sh", "-c", "run PLANTED"], "Healthcheck": {"Test": ["CMD", "PLANTED"]}},
            "HostConfig": {"NetworkMode": "azure-iot-edge", "RegistryAuth": "PLANTED",
                "PortBindings": {"443/tcp": [{"HostPort": "443"}]},
                "LogConfig": {"Type": "splunk", "Config": {"splunk-token": "PLANTED", "max-size": "10m"}}},
            "Mounts": [{"Source": "/PLANTED"}], "Unknown": "PLANTED",
            "NetworkSettings": {"Networks": {"azure-iot-edge": {"IPAddress": "172.18.0.2"}}},
        });
        let kept = container(&answer);
        let text = kept.to_string();
        for there in [
            "UpstreamProtocol=AmqpWs",
            "SOMETHING=…",
            "172.18.0.2",
            "443/tcp",
            "exited",
            "http://…p:3128",
            "10m",
            "Microsoft.Azure.Devices.Edge.Agent",
            "splunk",
        ] {
            assert!(text.contains(there), "{there}: {text}");
        }

        assert!(!text.contains("PLANTED"), "{text}");
    }
}
