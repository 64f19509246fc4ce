//! Which names there are to replace: those that a report's facts have, and those that texts show by
//! what stands before them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use edgeprobe_facts::Facts;
use regex::Regex;
use serde_json::Value;

use super::known::is_the_systems;
use super::names::Names;
use crate::report::Report;

/// Members of a report that hold a user's name.
const USERS: [&str; 2] = ["user", "process.owner"];

/// Members of a report that hold a name of the device, the hub or another host, with dots or none.
const HOSTS: [&str; 9] = [
    "hub",
    "parent",
    "host.name",
    "hostname",
    "gateway_hostname",
    "parent_hostname",
    "iot_hub",
    "dns.question.name",
    "server.address",
];

/// A device's own names in texts, by what stands before them.
static DEVICES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"(?i)\bHostName=(?<host>[A-Za-z0-9._-]+)",
        r#"(?i)\bDeviceId=(?<word>[^\s;&"'\\]+)"#,
        r"(?i)\bGatewayHostName=(?<host>[A-Za-z0-9._-]+)",
        r#"(?i)\b(?:IOTEDGE_)?DEVICE_?ID"?\s*[=:]\s*\\?"?(?<word>[^\s",;&\\]+)"#,
        r#"(?i)\b(?:IOTEDGE_)?(?:IOTHUB|GATEWAY|PARENT)_?HOSTNAME"?\s*[=:]\s*\\?"?(?<host>[A-Za-z0-9._-]+)"#,
        r#"(?i)\b(?:registration_?id|id_?scope|scope_?id)"?\s*[=:]\s*\\?"?(?<word>[A-Za-z0-9._:-]+)"#,
        r#"(?im)^\s*hostname\s*[=:]\s*"?(?<host>[A-Za-z0-9._-]+)"#,
        r#"(?i)"(?:EdgeDeviceHostName|Hostname)(?:"\s*:\s*"|=)(?<host>[A-Za-z][A-Za-z0-9._-]*)"#,
        r#"(?i)\bdevices(?:/|%2F)(?<word>[^\s/%"'?&;]+)"#,
        r#"(?:/home|/Users|C:\\+Users)[/\\]+(?<user>[^\s/\\:"';,)]+)"#,
        r"\bfor client (?<word>[^\s,/]+)",
        r"(?i)\b(?:client|device|identity):? (?<word>[^\s,/]+)/\$?[A-Za-z]",
        r"(?<word>[A-Za-z0-9._:-]+)/\$edge(?:Hub|Agent)\b",
        r"(?m)^\s*(?:search|domain)\s+(?<hosts>[^\n#]+)",
        r"(?m)^DNS Domain: (?<hosts>[^\n]+)",
    ]
    .iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});

/// Lists of names in texts, parted by commas or spaces, by what stands before them.
static LISTS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r#"(?i)\bno_?-?proxy\\*["']?[ \t]*[=:][ \t]*\\*["'](?<list>[^"'\n\\]+)"#,
        r#"(?i)\bno_?-?proxy\\*["']?=(?<list>[^\s"'\\]+)"#,
        r#"(?i)\bno_?-?proxy:[ \t]*(?<list>[^\s"'\\]+,[^\s"'\\]*)"#,
        r#"(?i)\b(?:https?|all)_?-?proxy\\*["']?[ \t]*[=:][ \t]*\\*["']?[a-z0-9]+://…?(?<list>[a-z][\w.-]*)"#,
        r#"(?i)\b(?:https?|all)_?-?proxy\\*["']?[ \t]*[=:][ \t]*\\*["']?…?(?<list>[a-z][\w.-]*):[0-9]"#,
        r#""ExtraHosts"\s*:\s*\[(?<list>[^\]]*)\]"#,
    ]
    .iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});

/// Lists of the domains in which short names are looked for.
static SEARCH: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?m)^\s*(?:search|domain|DNS Domain:|Domains=)\s*(?<list>[^\n#]+)").ok()
});

/// The names of the observations' own hosts.
pub(super) fn report(report: &Report, names: &mut Names) {
    let host = |name: &str, names: &mut Names| names.learn_host(name);
    host(&report.target.hub, names);
    report.target.parent.iter().for_each(|parent| host(parent, names));
    // A log is read further back for evidence than what of it is taken along.
    for observation in &report.observations {
        if let Facts::Logs(facts) = &observation.facts {
            facts.findings.iter().for_each(|finding| text(&finding.text, names));
        }
    }
    if let Ok(value) = serde_json::to_value(&report.observations) {
        members(&value, names);
    }
}

fn members(value: &Value, names: &mut Names) {
    match value {
        Value::Object(object) => {
            for (name, member) in object {
                let said = member.as_str().or_else(|| member.get("value").and_then(Value::as_str));
                match said {
                    Some(user) if USERS.contains(&name.as_str()) => user_name(user, names),
                    Some(host) if HOSTS.contains(&name.as_str()) => names.learn_host(host),
                    Some(hosts) if name == "no_proxy" => list(hosts, names),
                    Some(url) if name == "https_proxy" => text(&format!("{name}={url}"), names),
                    _ => {}
                }
                members(member, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| members(item, names)),
        _ => {}
    }
}

/// The names that a text shows.
pub(super) fn text(text: &str, names: &mut Names) {
    for found in DEVICES.iter().flat_map(|pattern| pattern.captures_iter(text)) {
        if let Some(word) = found.name("word") {
            names.learn_word(word.as_str());
        }
        if let Some(host) = found.name("host") {
            names.learn_host(host.as_str());
        }
        if let Some(hosts) = found.name("hosts") {
            hosts.as_str().split_whitespace().filter(|host| host.contains('.')).for_each(|host| {
                names.learn_host(host.trim_start_matches('~'));
            });
        }
        if let Some(user) = found.name("user") {
            user_name(user.as_str(), names);
        }
    }
    for found in LISTS.iter().flat_map(|pattern| pattern.captures_iter(text)) {
        list(found.name("list").map_or("", |list| list.as_str()), names);
    }
}

/// The names of a list: of hosts with an address or a port behind them the name alone.
fn list(list: &str, names: &mut Names) {
    let parts = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\'');
    for entry in list.split(parts) {
        let is_address = entry.contains(['/', '[']) || entry.parse::<std::net::IpAddr>().is_ok();
        let name = entry.split([':', '=']).next().unwrap_or_default();
        if !is_address {
            names.learn_listed(name);
        }
    }
}

/// The domains that a resolver's file or listing searches, of one label too.
pub(super) fn search_lists(text: &str, names: &mut Names) {
    for found in SEARCH.iter().flat_map(|pattern| pattern.captures_iter(text)) {
        list(found.name("list").map_or("", |list| list.as_str()), names);
    }
}

/// The names of a hosts file.
pub(super) fn hosts_file(text: &str, names: &mut Names) {
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        for name in line.split_whitespace().skip(1).filter(|name| !name.starts_with("ip6-")) {
            names.learn_host(name);
        }
    }
}

pub(super) fn user_name(user: &str, names: &mut Names) {
    if !is_the_systems(user) {
        names.learn_word(user);
    }
}

/// The words that a report's schema has for itself: names of members and of what stands in them.
pub(super) static VOCABULARY: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let mut words = BTreeSet::new();
    if let Ok(schema) = serde_json::to_value(schemars::schema_for!(Report)) {
        words_of_schema(&schema, &mut words);
    }
    words
});

fn words_of_schema(schema: &Value, words: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("enum", Value::Array(all)) => {
                        words.extend(
                            all.iter().filter_map(Value::as_str).map(str::to_ascii_lowercase),
                        );
                    }
                    ("const", Value::String(word)) => {
                        words.insert(word.to_ascii_lowercase());
                    }
                    ("properties", Value::Object(properties)) => {
                        words.extend(properties.keys().map(|name| name.to_ascii_lowercase()));
                    }
                    _ => {}
                }
                words_of_schema(member, words);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| words_of_schema(item, words)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(learn: impl Fn(&mut Names)) -> Vec<String> {
        let mut names = Names::new(&VOCABULARY);
        learn(&mut names);
        names.words().into_iter().map(|(word, _)| word.to_owned()).collect()
    }

    #[test]
    fn single_labels_of_lists_are_learned() {
        for (given, words) in [
            (
                "no_proxy = \"plc01,plc-02,10.0.0.0/8,10.0.0.1,fd00::1,[fd00::2]:1,localhost\"",
                &["plc-02", "plc01"][..],
            ),
            ("NO_PROXY=plc01,.plant7 x", &["plant7", "plc01"]),
            ("\"NoProxy\": \"plc01, plc02:8080\"", &["plc01", "plc02"]),
            ("{\\\"no-proxy\\\":\\\"plc01\\\"}", &["plc01"]),
            ("no_proxy: plc01,plc02", &["plc01", "plc02"]),
            ("no_proxy: not set", &[]),
            ("HTTPS_PROXY=http://…proxysrv01:3128", &["proxysrv01"]),
            ("\"HttpProxy\": \"proxysrv01:3128\"", &["proxysrv01"]),
            ("\"HttpProxy\": \"\",\n\"next\": 1", &[]),
            ("https_proxy: none", &[]),
            (
                "\"ExtraHosts\": [\n  \"mes01:10.33.4.20\",\n  \"mes02=10.33.4.21\",\n  \"host.docker.internal:host-gateway\"\n]",
                &["mes01", "mes02"],
            ),
        ] {
            assert_eq!(learned(|names| text(given, names)), words, "{given}");
        }
        for given in [
            "search corp.acme.example plantnet lan\n",
            "DNS Domain: ~plantnet\n",
            "Domains=plantnet",
        ] {
            let words = learned(|names| search_lists(given, names));
            assert!(words.contains(&"plantnet".to_owned()) && !words.contains(&"lan".to_owned()));
        }
    }
}
