//! Logs are full of secrets, and none is shown.

use super::{piped, write};
use crate::program::{Outcome, edgeprobe, run};

const KEY: &str = "PLANTEDkeyPLANTEDkeyPLANTEDkeyPLANTEDkeyPLA=";
const WORD: &str = "PLANTED";

/// A line that is shown, with a secret of every kind in it.
fn lines() -> Vec<String> {
    [
        format!("HostName=contoso.azure-devices.net;DeviceId=gw1;SharedAccessKey={KEY}"),
        format!("DefaultEndpointsProtocol=https;AccountName=a;AccountKey={KEY}"),
        format!("SharedAccessSignature sr=contoso&sig={KEY}&se=1"),
        format!("https://x/y?sv=1&sig={KEY}"),
        format!("http://user:{WORD}@10.0.0.1:3128"),
        format!("Authorization: Bearer {WORD}.{WORD}"),
        format!("Authorization: Basic {KEY}"),
        format!("-----BEGIN RSA PRIVATE KEY----- {KEY}"),
        format!("docker login -u me -p {WORD} contoso.azurecr.io"),
        format!("docker login --password {WORD} contoso.azurecr.io"),
        format!("{{\\\"password\\\":\\\"{WORD}\\\"}}"),
        format!("symmetric_key = \"{KEY}\""),
        format!("registration key={KEY}"),
        format!("the key is {KEY}"),
    ]
    .into_iter()
    .flat_map(|secret| {
        [
            format!("{secret} Bind for 0.0.0.0:443 failed: port is already allocated"),
            format!("Bind for 0.0.0.0:443 failed: port is already allocated {secret}"),
            format!("Error creating a device-to-cloud connection {secret}"),
            format!("Edge agent attempting to connect to IoT Hub via AMQP... {secret}"),
        ]
    })
    .chain([
        format!("Could not connect to user:{KEY} : could not resolve hostname"),
        format!("Could not connect to https://me:{WORD}@host : could not resolve hostname"),
        format!("pull access denied for me:{KEY}, repository does not exist or may require"),
    ])
    .collect()
}

#[track_caller]
fn assert_no_secret(outcome: &Outcome) {
    for text in [&outcome.stdout, &outcome.stderr] {
        assert!(!text.contains(WORD), "a secret is shown in\n{text}");
    }
}

#[test]
fn no_form_and_no_diagnostic_shows_one() {
    for line in lines() {
        for format in ["human", "json"] {
            let mut command = edgeprobe();
            command.env("EDGEPROBE_LOG", "trace").args(["logs", "-", "--format", format]);
            let outcome = Outcome::from_command(command.write_stdin(format!("{line}\n")));
            assert_no_secret(&outcome);
        }
    }
    let all = lines().join("\n");
    let json = serde_json::json!({"log": all, "stream": "stdout"}).to_string();
    for log in [all, json] {
        assert_no_secret(&piped(&["logs", "-"], log));
    }
}

#[test]
fn no_name_and_no_signature_shows_one() {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("SharedAccessKey={KEY}");
    let path = write(folder.path(), &name, "nothing\n");
    let own = write(
        folder.path(),
        "own.toml",
        format!("[[signature]]\nid = \"{name}\"\ntext = [\"{{{name}}}\"]\n"),
    );
    for arguments in [
        &["logs", &path][..],
        &["logs", &path, "--format", "json"],
        &["logs", &format!("/nonexistent/{name}")],
        &["logs", "--container", &name],
        &["logs", "--journal", &name],
        &["logs", "-", "--since", &name],
        &["logs", "-", "--signatures", &own],
    ] {
        assert_no_secret(&run(arguments));
    }
}
