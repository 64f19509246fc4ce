//! Secrets in a line, known by what stands before them or by their own form.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Regex, RegexSet};

/// What stands in a secret's place, after what told it.
const MASKED: &str = "${before}…";

/// A quote or an assignment as it may stand between a name and its value, JSON in JSON and
/// percent-encoding included.
const IS: &str = r#"\\*["']?\s*(?:=>|[=:]|%3[aAdD])\s*\\*["']?"#;

/// Names of values that are secret wherever they stand.
const NAMES: &str = r"(?:shared_?access_?key|account_?key|shared_?access_?signature|primary_?key|secondary_?key|symmetric_?key|registration_?key|master_?key|private_?key|access_?key|api_?key|auth_?key|device_?key|storage_?key|sas_?token|access_?token|refresh_?token|id_?token|identity_?token|registry_?token|client_?secret|secret|token|passw(?:or)?d|passphrase|pass|pwd|pin|pin-?value|x-registry-auth|sig)";

fn patterns() -> [String; 11] {
    [
        // A private key, to its end or the line's.
        r"(?i)(?<before>-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----).*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)".to_owned(),
        // A shared access signature names its hub, then signs.
        r"(?i)(?<before>SharedAccessSignature)\s+sr=[^\s\\]*".to_owned(),
        // Whatever scheme an HTTP header names.
        format!(r#"(?i)(?<before>(?:proxy-)?authorization{IS})[^"'\r\n\\]+"#),
        r"(?i)(?<before>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}".to_owned(),
        format!(r#"(?i)(?<before>\b[a-z0-9_.-]*?{NAMES}{IS})[^\s"'\\;&,)}}\]]+"#),
        // `docker login -u USER -p PASSWORD`, `--password PASSWORD`.
        r"(?i)(?<before>\blogin\b.*?\s-p[ =]?)[^\s]+".to_owned(),
        r"(?i)(?<before>--(?:password|secret|token|key)[ =])[^\s]+".to_owned(),
        // `user:password@` of a URL; a password may hold what should have been escaped.
        r"(?<before>[A-Za-z][A-Za-z0-9+.-]*://)[^\s/@]*@".to_owned(),
        // A JSON Web Token, a key of 32 bytes or more in base64.
        r"(?<before>)\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?".to_owned(),
        r"(?<before>)(?:[A-Za-z0-9+/]|%2[BbFf]){30,}(?:={1,2}|(?:%3[Dd]){1,2})".to_owned(),
        // What `docker login` keeps: the user's name and password in base64.
        r#"(?i)(?<before>\\*"auth\\*"\s*:\s*\\*")[^"\\]+"#.to_owned(),
    ]
}

static SECRETS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| patterns().iter().filter_map(|pattern| Regex::new(pattern).ok()).collect());

/// All at once: most lines have none, and are asked once.
static ANY: LazyLock<Option<RegexSet>> = LazyLock::new(|| RegexSet::new(patterns()).ok());

/// The text with every secret in it replaced by an ellipsis.
pub fn mask(text: &str) -> Cow<'_, str> {
    if ANY.as_ref().is_some_and(|any| !any.is_match(text)) {
        return Cow::Borrowed(text);
    }
    let mut masked = Cow::Borrowed(text);
    for pattern in SECRETS.iter() {
        if let Cow::Owned(without) = pattern.replace_all(&masked, MASKED) {
            masked = Cow::Owned(without);
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_compile() {
        assert_eq!(SECRETS.len(), 11);
        assert!(ANY.is_some());
    }

    #[test]
    fn no_secret_is_left() {
        for text in [
            "HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=PLANTED/key+0=",
            "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=PLANTED==;EndpointSuffix=x",
            "Authorization: SharedAccessSignature sr=h&sig=PLANTED%3D&se=1",
            "token SharedAccessSignature sr=h%2Fd&sig=PLANTED%2b%3D&se=1&skn=x",
            "GET /x?sv=2020&sig=PLANTED%2F&se=1",
            "proxy http://user:PLANTED@10.0.0.1:3128/ refused",
            "https://PLANTED@host/",
            "Authorization: Basic PLANTEDPLANTED==",
            "authorization: Bearer PLANTED.x.y",
            r#"{\"password\":\"PLANTED\",\"serveraddress\":\"x\"}"#,
            r#""password": "PLANTED""#,
            "docker login -u me -p PLANTED contoso.azurecr.io",
            "docker login --password PLANTED contoso.azurecr.io",
            "docker login --password=PLANTED",
            "-----BEGIN RSA PRIVATE KEY-----\\nPLANTED\\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY----- PLANTED",
            "symmetric_key = PLANTED",
            "--symmkey x device_key: PLANTED",
            "primaryKey=PLANTED;",
            "X-Registry-Auth: PLANTED",
            "key is UExBTlRFRFBMQU5URURQTEFOVEVEUExBTlRFRDA5MzI= PLANTE",
            "eyJhbGciOiJIUzI1NiJ9.UExBTlRFRA.PLANTED",
            "client_secret=PLANTED&grant_type=x",
            "EdgeDeviceConnectionString=HostName=h;SharedAccessKey=PLANTED",
            "HostName%3Dh%3BSharedAccessKey%3DPLANTED%3D",
            "sig UExBTlRFRFBMQU5URURQTEFOVEVE%2BUExBTlRFRDA5MzI%3D PLANTE",
            r#"{"auths":{"contoso.azurecr.io":{"auth":"UExBTlRFRA"}}}"#,
            "pkcs11_pin = \"PLANTED\"",
            "pkcs11:token=Key%20pairs?pin-value=PLANTED",
        ] {
            let masked = mask(text);
            assert!(!masked.contains("PLANTED") && !masked.contains("UExB"), "{text}\n{masked}");
            assert!(masked.contains('…'), "{masked}");
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "Bind for 0.0.0.0:443 failed: port is already allocated",
            "endpoint edgeHub (6a82e5e994bab5187939049684fb64efe07606d2bb8a4cc5655b2a9bad5f8c80)",
            "2020-12-30 23:17:40.335 +00:00 [INF] - Edge agent connected via Amqp_Tcp_Only.",
            "at Microsoft.Azure.Devices.Client.Transport.AmqpTransportHandler.OpenAsync()",
            "https://mcr.microsoft.com/v2/azureiotedge-agent/manifests/1.5: timed out",
            "HostName=contoso.azure-devices.net;DeviceId=gw1",
            "Provisioning failed to communicate with DPS (attempt 1 of 1): timed out",
            "ping: 8.8.8.8 does not answer; shipping: none",
        ] {
            assert_eq!(mask(text), text);
        }
    }
}
