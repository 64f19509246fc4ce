//! Settings as a parser gives them: values, each with its name.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::harmless::{is_harmless, is_hosts, is_proxy};
use super::name::{Tells, tells};
use super::shape::{Shape, shape};
use super::{MASK, address, mask, proxy, text, variable};

/// The longest text that is shown under a harmless name, in bytes, and the longest name.
const LONGEST: usize = 1024;
const LONGEST_NAME: usize = 128;

/// The value without what may be a secret, and how many places were masked: of texts and numbers those
/// alone are shown whose names are known to be harmless, and which are addresses.
pub fn value(value: &Value) -> (Value, usize) {
    let mut masked = 0;
    let shown = shown(value, Place { name: "", secret: false }, &mut masked);
    (shown, masked)
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place<'p> {
    name: &'p str,
    /// Whether a name above it is a secret's.
    secret: bool,
}

fn shown(value: &Value, place: Place<'_>, masked: &mut usize) -> Value {
    let mut hide = || {
        *masked += 1;
        Value::String(MASK.to_string())
    };
    match value {
        Value::Null | Value::Bool(_) => value.clone(),
        Value::Number(_) if is_harmless(place.name) && !place.secret => value.clone(),
        Value::Number(_) => hide(),
        Value::String(text) => {
            let shown = masked_text(text, place);
            *masked += usize::from(shown != *text);
            Value::String(shown)
        }
        Value::Array(items) => items.iter().map(|item| shown(item, place, masked)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| {
                let secret = place.secret || tells(name) == Tells::Secret;
                let member = shown(member, Place { name, secret }, masked);
                let own = name_of(name);
                *masked += usize::from(own != *name);
                (own, member)
            })
            .collect(),
    }
}

/// A name, which may be anything where a file uses it for data.
fn name_of(name: &str) -> String {
    let is_a_name = name.len() <= LONGEST_NAME && shape(name) == Shape::Plain;
    if is_a_name { mask(name).into_owned() } else { MASK.to_string() }
}

fn masked_text(value: &str, Place { name, secret }: Place<'_>) -> String {
    let hidden = || MASK.to_string();
    if value.is_empty() {
        return String::new();
    }
    if secret {
        // Where a key's file lies, and no key.
        let is_a_file = name == "uri" && value.starts_with("file://") && value.len() <= LONGEST;
        return if is_a_file { mask(value).into_owned() } else { hidden() };
    }
    let is_address = value.parse::<IpAddr>().is_ok() || value.parse::<IpNet>().is_ok();
    if is_address {
        return value.to_owned();
    }
    if is_proxy(name) {
        return proxy(value);
    }
    if ["env", "environment"].contains(&name) && value.contains('=') {
        return variable(value);
    }
    if !is_harmless(name) || value.len() > LONGEST || value.contains("data:") {
        return hidden();
    }
    // Nothing that is listed here signs in to a host.
    if is_hosts(name)
        && let Some((_, host)) = value.rsplit_once('@')
        && !address::is_digest(host)
    {
        return format!("{MASK}{}", mask(host));
    }
    text(value).text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_judged_by_its_name_however_it_is_written() {
        let given = serde_json::json!({
            "hostname": "gw1",
            "symmetric_key": "\nPLANTED\n", "provisioning": {"attestation": {"symmetric_key": {"value": "PLANTED",
                "type": "PLANTED", "uri": "file:///var/secrets/device.key"}, "method": "symmetric_key"}},
            "pin": 1234, "mtu": 1400, "watchdog": {"max_retries": 3}, "enabled": true,
            "env": ["UpstreamProtocol=AmqpWs", "X=PLANTED"], "agent": {"env": {"X_KEY": "PLANTED"}},
            "dns": ["10.0.0.1", "fd00::/8", "user:PLANTED@10.0.0.1"], "hosts": ["unix:///a.sock", "PLANTED@h"],
            "https_proxy": "http://u:p@PLANTED@p:3128", "blob": ["UExBTlRFRFBMQU5URUQ", "PLANTED"],
            "kX9-2bQv_7RmTz4cWn8YpL1sJ6hGd3fKaE5uVxBtC0o": 1,
            "image": "mcr.microsoft.com/azureiotedge-agent:1.5", "certificate": "data:;base64,PLANTED",
            "network": {"name": "kX9-2bQv_7RmTz4cWn8YpL1sJ6hGd3fKaE5uVxBtC0o"},
        });
        let (shown, masked) = value(&given);
        let text = shown.to_string();
        for gone in ["PLANTED", "UExB", "kX9", "1234"] {
            assert!(!text.contains(gone), "{gone}: {text}");
        }
        for there in [
            "gw1",
            "\"method\":\"symmetric_key\"",
            "file:///var/secrets/device.key",
            "1400",
            "true",
            "UpstreamProtocol=AmqpWs",
            "X=…",
            "10.0.0.1",
            "fd00::/8",
            "unix:///a.sock",
            "http://…p:3128",
            "azureiotedge-agent:1.5",
        ] {
            assert!(text.contains(there), "{there}: {text}");
        }
        assert!(masked > 10, "{masked}: {text}");
    }
}
