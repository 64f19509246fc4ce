//! Files of settings as a bundle may show them: parsed, masked as values, and written anew.

use edgeprobe_facts::runtime::Flaw;
use serde_json::Value;

use super::form::Form;
use crate::clean;
use crate::mask::{self, Masked};

/// What the identity service writes in place of TOML while it has no hub.
const NOT_YET: &str = "unprovisioned";

/// The text of a file of this name without comments and without what may be a secret.
///
/// A file that its parser does not take is a [`Flaw`]: where no value can be told from another, none
/// can be masked for sure. Units and lists of variables are lines, and always taken.
pub fn shown(path: &str, text: &str) -> Result<Masked, Flaw> {
    let text = text.trim_start_matches('\u{feff}');
    let Some(form) = form_of(path) else { return Ok(mask::settings(&clean::text(text))) };
    if text.trim().is_empty() || text.trim() == NOT_YET {
        return Ok(Masked { text: text.trim().to_owned(), places: 0 });
    }
    let (value, places) = mask::value(&form.parse(text)?);
    let text = form.written(&cleaned(value)).ok_or(Flaw::Somewhere)?;
    Ok(Masked { text, places })
}

/// The form that a file's name tells; none for lines.
pub(super) fn form_of(path: &str) -> Option<Form> {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.').map_or(name, |(_, ending)| ending) {
        "toml" | "device_info" => Some(Form::Toml),
        "yaml" | "yml" => Some(Form::Yaml),
        "json" => Some(Form::Json),
        _ => None,
    }
}

/// The value without characters that a terminal would act on.
fn cleaned(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean::text(&text).into_owned()),
        Value::Array(items) => items.into_iter().map(cleaned).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, member)| (clean::line(&name, 128), cleaned(member)))
            .collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of each file what must stay; PLANTED must not.
    const FILES: [(&str, &str, &[&str]); 9] = [
        (
            "/etc/aziot/config.toml",
            "# SharedAccessKey was PLANTED\nhostname = \"gw1\" # PLANTED\n[provisioning]\nsource = \"manual\"\n\
             connection_string = \"HostName=h;DeviceId=d;SharedAccessKey=PLANTED\"\n\
             authentication = { method = \"sas\", device_id_pk = { value = \"PLANTED\" } }\n\
             symmetric_key = \"\"\"\nPLANTED+key/PLANTED+key/PLANTED+key/PLANTED=\n\"\"\"\n\
             other = '''\n  PLANTED\n'''\n\
             [agent.env]\nhttps_proxy = \"http://u:p@PLANTED@p:3128\"\nUpstreamProtocol = \"AmqpWs\"\n\
             [[allowed]]\nagent.config.auth.password = \"PLANTED\"\npin = 1234\n",
            &[
                "hostname = \"gw1\"",
                "[provisioning]",
                "source = \"manual\"",
                "method = \"sas\"",
                "[agent.env]",
                "https_proxy = \"http://…p:3128\"",
                "UpstreamProtocol = \"AmqpWs\"",
                "connection_string = \"…\"",
                "symmetric_key = \"…\"",
                "pin = \"…\"",
            ],
        ),
        (
            "/etc/iotedge/config.yaml",
            "provisioning:\n  source: \"dps\"\n  scope_id: 0ne1\n  attestation:\n    method: \"symmetric_key\"\n\
             \x20   symmetric_key: >-\n      PLANTED+key/PLANTED+key/PLANTED+key/PLANTED=\n    primary: |\n      PLANTED\n      PLANTED\n\
             \x20   secondary: !!binary |\n      UExBTlRFRA==\n    anchored: &a PLANTED\n    again: *a\n    folded: PLANTED\n     PLANTED\n\
             agent:\n  env:\n    UpstreamProtocol: AmqpWs\n    Foo: PLANTED # PLANTED\n  dns: [10.0.0.1, PLANTED@x]\n",
            &["dps", "0ne1", "symmetric_key", "AmqpWs", "10.0.0.1"],
        ),
        (
            "/etc/docker/daemon.json",
            r#"{"auths":{"r.io":{"auth":"PLANTED"}},"dns":["10.0.0.1"],"mtu":1400,"x":"PLANTED",
                "insecure-registries":["user:PLANTED@reg:5000","PLANTED@reg"],"registry-mirrors":["https://u:p@PLANTED@m"],
                "proxies":{"https-proxy":"http://u:pa/PLANTED@p:1","no-proxy":"x,http://u:PLANTED@y"}}"#,
            &["\"10.0.0.1\"", "\"mtu\": 1400", "\"…reg:5000\"", "http://…p:1"],
        ),
        (
            "/var/lib/aziot/identityd/device_info",
            "hub_name = \"h\"\ndevice_key = \"PLANTED\"\n",
            &[],
        ),
        ("/var/lib/aziot/identityd/device_info", "unprovisioned\n", &["unprovisioned"]),
        (
            "/etc/systemd/system/docker.service.d/proxy.conf",
            "[Service]\nEnvironment=\"https_proxy=http://u:PLANTED@p\" TOKEN=PLANTED\n",
            &["[Service]", "https_proxy=http://…p TOKEN=…"],
        ),
        ("/etc/environment", "API=PLANTED\nPATH=/bin\n", &["PATH=/bin"]),
        (
            "a/b.json",
            "{\"na\\u009b\\u202eme\": \"mode\", \"mode\": \"a\\u200bb\\u001b[31mc\\u202e\"}",
            &["abc"],
        ),
        ("empty.json", " \n", &[]),
    ];

    #[test]
    fn no_secret_is_left_and_what_is_harmless_stays() {
        for (path, file, kept) in FILES {
            let masked = shown(path, file).unwrap();
            for gone in ["PLANTED", "UExB", "1234", "\u{9b}", "\u{202e}", "\u{200b}"] {
                assert!(!masked.text.contains(gone), "{path}: {gone}\n{}", masked.text);
            }
            for line in kept {
                assert!(masked.text.contains(line), "{path}: {line}\n{}", masked.text);
            }
        }
    }

    #[test]
    fn what_is_written_anew_says_the_same() {
        for (path, file, _) in FILES.iter().take(3) {
            let once = shown(path, file).unwrap().text;
            let form = form_of(path).unwrap();
            assert_eq!(
                form.parse(&once).unwrap(),
                mask::value(&form.parse(file).unwrap()).0,
                "{once}"
            );
        }
    }

    #[test]
    fn a_file_that_no_parser_takes_is_not_shown() {
        let broken =
            "hostname = \"gw1\nconnection_string = \"PLANTED\nPLANTED\n[provisioning PLANTED\n";
        assert!(matches!(shown("config.toml", broken), Err(Flaw::Line(_))));
        shown("config.yaml", "a: \"PLANTED\nb: [PLANTED").unwrap_err();
        shown("daemon.json", "{\"PLANTED\"").unwrap_err();
    }
}
