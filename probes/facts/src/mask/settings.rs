//! Files of settings, in TOML, YAML, JSON, systemd's form or that of variables, broken ones too.
//!
//! They are read as lines: a file that no parser takes is one that a support case is about.

use std::net::IpAddr;
use std::sync::LazyLock;

use ipnet::IpNet;
use regex::Regex;

use super::{MASK, Masked, is_harmless, is_proxy, mask, more_marks, proxy, variable};

/// `[section]`, `[[section]]`.
static SECTION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^\s*\[{1,2}\s*[A-Za-z][A-Za-z0-9_.-]*\s*\]{1,2}\s*(?:#.*)?$").ok()
});

/// `name = value`, `name: value`, `"name": value,`, and as an item of a list.
static SETTING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = r#"(?<name>"[^"]*"|'[^']*'|[A-Za-z_$][\w."'$/-]*)"#;
    Regex::new(&format!(
        r"^(?<lead>\s*(?:-\s+)*(?:export\s+)?){name}(?<is>\s*[:=]\s*)(?<value>.*)$"
    ))
    .ok()
});

/// Directives of systemd whose value is variables, and those whose value is a command line.
const VARIABLES: [&str; 2] = ["environment", "defaultenvironment"];
const COMMANDS: &str = "exec";

/// The text with the values alone whose names are known to be harmless; comments are left out.
pub fn settings(text: &str) -> Masked {
    let text = unfolded(text);
    let mut masked = Masked::default();
    for line in text.lines() {
        let Some(without) = of_line(line) else { continue };
        masked.places += more_marks(&without, line);
        masked.text += &without;
        masked.text.push('\n');
    }
    masked
}

/// JSON with each member on a line of its own; other text as it is.
fn unfolded(text: &str) -> String {
    let value = serde_json::from_str::<serde_json::Value>(text).ok();
    let indented = value.and_then(|value| serde_json::to_string_pretty(&value).ok());
    indented.unwrap_or_else(|| text.trim_start_matches('\u{feff}').to_owned())
}

/// The line with no more than what is known to be harmless; none for a comment.
fn of_line(line: &str) -> Option<String> {
    let trimmed = line.trim();
    if trimmed.starts_with(['#', ';']) || trimmed.starts_with("//") {
        return None;
    }
    let is_section = SECTION.as_ref().is_some_and(|section| section.is_match(line));
    if is_section {
        return Some(line.split('#').next().unwrap_or_default().trim_end().to_owned());
    }
    if trimmed.chars().all(|c| c.is_whitespace() || "{}[],-\"'".contains(c)) {
        return Some(line.to_owned());
    }
    let Some(found) = SETTING.as_ref().and_then(|setting| setting.captures(line)) else {
        return Some(item(line));
    };
    let part = |name: &str| found.name(name).map_or("", |part| part.as_str());
    let (lead, name, is, value) = (part("lead"), part("name"), part("is"), part("value"));
    Some(format!("{lead}{}{is}{}", mask(name), of_value(name, value)))
}

/// What may be shown of a setting's value.
fn of_value(name: &str, value: &str) -> String {
    let value = value.trim_end();
    let (bare, comma) = match value.strip_suffix(',') {
        Some(bare) => (bare, ","),
        None => (value, ""),
    };
    let lower = name.to_ascii_lowercase();
    if VARIABLES.contains(&lower.as_str()) {
        return words(bare).map(|word| variable(&word)).collect::<Vec<_>>().join(" ");
    }
    if lower.starts_with(COMMANDS) {
        return command(bare);
    }
    if is_structure(bare) {
        return value.to_owned();
    }
    if is_proxy(name) {
        return format!("{}{comma}", proxy(without_comment(bare)));
    }
    let harmless = is_harmless(name) && !bare.contains(['{', '}']) && !bare.contains("data:");
    if harmless {
        format!("{}{comma}", mask(without_comment(bare)))
    } else {
        format!("{MASK}{comma}")
    }
}

/// What has no secret in it whatever its name is.
fn is_structure(value: &str) -> bool {
    let opens =
        ["", "{", "[", "{}", "[]", "|", ">", "|-", ">-", "true", "false", "null", "\"\"", "''"];
    opens.contains(&value)
}

/// The value up to a comment behind it, which may say anything.
fn without_comment(value: &str) -> &str {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let end = match quote {
        Some(quote) => value.get(1..).and_then(|rest| rest.find(quote)).map(|end| end + 2),
        None => value.find(" #"),
    };
    end.and_then(|end| value.get(..end)).unwrap_or(value).trim_end()
}

/// A command line: its program and the names of its options.
fn command(value: &str) -> String {
    let mut shown: Vec<String> = Vec::new();
    for (index, word) in words(value).enumerate() {
        let name = word.split('=').next().unwrap_or_default();
        shown.push(match index {
            0 => mask(&word).into_owned(),
            _ if word.starts_with('-') && name.len() < word.len() => format!("{name}={MASK}"),
            _ if word.starts_with('-') || word.starts_with('/') => mask(&word).into_owned(),
            _ => MASK.to_string(),
        });
    }
    shown.join(" ")
}

/// The words of a value, with quotes around them or parts of them taken away.
fn words(value: &str) -> impl Iterator<Item = String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in value.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c.is_whitespace() => words.push(std::mem::take(&mut word)),
            _ => word.push(c),
        }
    }
    words.push(word);
    words.into_iter().filter(|word| !word.is_empty())
}

/// An item of a list, or a line that is nothing known: an address or a number may stay.
fn item(line: &str) -> String {
    let bare = line.trim().trim_start_matches("- ").trim_end_matches(',');
    let plain = bare.trim_matches(['"', '\'']);
    let host = plain.rsplit_once(':').map_or(plain, |(host, _)| host);
    let is_address = [plain, host].iter().any(|text| text.parse::<IpAddr>().is_ok())
        || plain.parse::<IpNet>().is_ok();
    if is_address {
        return line.to_owned();
    }
    let indent = line.len() - line.trim_start().len();
    format!("{}{MASK}", line.get(..indent).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of each file what is masked, and what stays.
    const FILES: [(&str, &str, &[&str]); 10] = [
        (
            "toml",
            "# SharedAccessKey was PLANTED\nhostname = \"gw1\" # PLANTED\n[provisioning]\nsource = \"manual\"\n\
             connection_string = \"HostName=h;DeviceId=d;SharedAccessKey=PLANTED\"\n\
             authentication = { method = \"sas\", device_id_pk = { value = \"PLANTED\" } }\n\
             symmetric_key = '''\nPLANTED\n'''\n[agent.env]\nhttps_proxy = \"http://u:PLANTED@p:3128\"\n\
             [[allowed]]\nagent.config.auth.password = \"PLANTED\"\npin = \"PLANTED\"\n",
            &[
                "hostname = \"gw1\"\n",
                "[provisioning]",
                "source = \"manual\"",
                "[agent.env]",
                "p:3128",
                "connection_string = …",
            ],
        ),
        (
            "yaml",
            "provisioning:\n  source: \"dps\"\n  scope_id: 0ne1\n  attestation:\n    method: \"symmetric_key\"\n\
             \x20   symmetric_key: PLANTED\n    primary: >\n      PLANTED\n      PLANTED\n\
             agent:\n  env:\n    - UpstreamProtocol: AmqpWs\n    Foo: PLANTED\n  dns:\n    - 10.0.0.1\n    - PLANTED\n",
            &[
                "source: \"dps\"",
                "scope_id: 0ne1",
                "- UpstreamProtocol: AmqpWs",
                "- 10.0.0.1",
                "symmetric_key: …",
            ],
        ),
        (
            "json in one line",
            r#"{"auths":{"r.io":{"auth":"PLANTED"}},"dns":["10.0.0.1","PLANTED"],"mtu":1400,"x":"PLANTED"}"#,
            &["\"10.0.0.1\",", "\"mtu\": 1400", "\"auth\": …"],
        ),
        (
            "unit",
            "[Service]\nEnvironment=\"https_proxy=http://u:PLANTED@p\" TOKEN=PLANTED 'A=x PLANTED'\n\
             ExecStart=/usr/bin/edged -c /etc/x --key PLANTED --pass=PLANTED\nRestart=always\n",
            &[
                "[Service]",
                "https_proxy=http://…p TOKEN=… A=…",
                "ExecStart=/usr/bin/edged -c /etc/x --key … --pass=…",
                "Restart=always",
            ],
        ),
        (
            "variables",
            "export https_proxy=http://u:PLANTED@p:1\nAPI=PLANTED\nPATH=/bin\n",
            &["PATH=/bin", "p:1"],
        ),
        ("key", "-----BEGIN PRIVATE KEY-----\nPLANTED\n-----END PRIVATE KEY-----\n", &[]),
        (
            "broken toml",
            "hostname = \"gw1\nconnection_string = \"PLANTED\nPLANTED\n[provisioning PLANTED\n",
            &["hostname = \"gw1"],
        ),
        (
            "passwords that are not escaped, toml",
            "https_proxy = \"http://u:p@PLANTED@p:3128\"\n[agent.env]\nhttps_proxy = \"u:p,PLANTED@p:3129\" # x\n\
             all_proxy = \"u:PLANTED\"\nno_proxy = \"http://u:pa/PLANTED@h\"\n",
            &["http://…p:3128", "\"…p:3129\"\n", "all_proxy = \"…\""],
        ),
        (
            "passwords that are not escaped, json",
            r#"{"proxies":{"https-proxy":"http://u:pa/PLANTED@p:1","http-proxy":"//u:PLANTED@p:2","no-proxy":"x"}}"#,
            &["\"http://…p:1\"", "\"…p:2\"", "\"no-proxy\": \"x\""],
        ),
        (
            "a certificate in place",
            "trust_bundle_cert = \"data:PLANTED\"\nuri = \"unix:///run/x.sock\"\n",
            &["uri = \"unix:///run/x.sock\""],
        ),
    ];

    #[test]
    fn no_secret_is_left_and_what_is_harmless_stays() {
        for (name, file, kept) in FILES {
            let masked = settings(file);
            assert!(!masked.text.contains("PLANTED"), "{name}:\n{}", masked.text);
            assert!(masked.places > 0, "{name}");
            for line in kept {
                assert!(masked.text.contains(line), "{name}: {line}\n{}", masked.text);
            }
        }
    }
}
