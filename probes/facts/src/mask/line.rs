//! Secrets in a line, known by what stands before them or by their own form.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex, RegexSet};

use super::MASK;
use super::value::{Reach, place};

/// What stands in a secret's place, after what told it.
const MASKED: &str = "${before}…";

/// A quote or an assignment as it may stand between a name and its value, JSON in JSON and
/// other encodings included.
const IS: &str = r#"(?:\\*["']|%(?:25)?22|\\+u002[27]|&quot;)?\s*(?:=+>?|:+=?|%(?:25)?3[ad]|\\+(?:u003|x3)[ad])\s*"#;

/// Names of values that are secret wherever they stand; `~` is what may part their words.
const NAMES: &str = "(?:shared~access~key|account~key|shared~access~signature|primary~key|secondary~key|symmetric~key|registration~key|master~key|private~key|access~key|api~key|auth~key|client~key|device~key|storage~key|sas~token|access~token|refresh~token|id~token|identity~token|registry~token|client~secret|secret|token|passw(?:or)?d|passphrase|pass|pwd|psk|pin|pin-?value|x-registry-auth|sig)";

/// Options of commands whose next word is a secret.
const OPTIONS: &str = "(?:password|passwd|passphrase|pass|pwd|secret|token|key|symmkey)";

/// What has a form of its own, to its end.
fn forms() -> [String; 5] {
    [
        // A private key, to its end or the line's.
        r"(?i)(?<before>-{4,5} ?BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)? ?-{4,5}).*?(?:-{4,5} ?END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)? ?-{4,5}|$)".to_owned(),
        // A shared access signature names its hub, then signs.
        r"(?i)(?<before>SharedAccessSignature)\s+sr=[^\s\\]*".to_owned(),
        r"(?i)(?<before>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}".to_owned(),
        // A JSON Web Token, a key of 32 bytes or more in base64.
        r"(?<before>)\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?".to_owned(),
        r"(?<before>)(?:[A-Za-z0-9+/]|%2[BbFf]|\\/|\\+u002[BbFf]){30,}(?:={1,2}|(?:%3[Dd]){1,2}|(?:\\+u003[Dd]){1,2})".to_owned(),
    ]
}

/// What tells that a secret follows, and how far that reaches without a quote.
fn tellers() -> [(String, Reach); 6] {
    let names = NAMES.replace('~', "[-_ ]?");
    [
        // Whatever scheme an HTTP header names.
        (format!(r"(?i)(?:proxy-)?authorization{IS}"), Reach::Line),
        (format!(r"(?i)\b[a-z0-9_.-]*?{names}{IS}"), Reach::Member),
        // `docker login -u USER -p PASSWORD`, `--password PASSWORD`, `curl -u USER:PASSWORD`.
        (r"(?i)\blogin\b.*?\s-p[ =]?".to_owned(), Reach::Word),
        (format!(r"(?i)--[a-z-]*?{OPTIONS}(?:=|\s+)"), Reach::Word),
        (
            r"\b(?:curl|wget)\b.*?\s(?:-[A-Za-z]*[uU]|--(?:proxy-)?user)[ =]*".to_owned(),
            Reach::Word,
        ),
        // What `docker login` keeps: the user's name and password in base64.
        (r#"(?i)\\*"auth\\*"\s*:\s*"#.to_owned(), Reach::Member),
    ]
}

/// `user:password@` of a URL, with a scheme and without. A password may hold what should have been
/// escaped, so that it ends at the last `@`.
const SIGNED: [&str; 2] = [
    r#"(?<before>[A-Za-z][A-Za-z0-9+.-]*:/{1,2})(?<signed>[^\s"']*@)"#,
    r#"(?<before>)\b(?<signed>[\w.%+-]+:[^\s"'/@][^\s"']*@)"#,
];

static FORMS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| forms().iter().filter_map(|pattern| Regex::new(pattern).ok()).collect());

static TELLERS: LazyLock<Vec<(Regex, Reach)>> = LazyLock::new(|| {
    let tellers = tellers().into_iter();
    tellers.filter_map(|(pattern, reach)| Some((Regex::new(&pattern).ok()?, reach))).collect()
});

static ADDRESSES: LazyLock<Vec<Regex>> =
    LazyLock::new(|| SIGNED.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect());

/// All at once: most lines have none, and are asked once.
static ANY: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    let tellers = tellers().map(|(pattern, _)| pattern);
    let signed = SIGNED.map(str::to_owned);
    RegexSet::new(forms().into_iter().chain(tellers).chain(signed)).ok()
});

/// The text with every secret in it replaced by an ellipsis.
pub fn mask(text: &str) -> Cow<'_, str> {
    if ANY.as_ref().is_some_and(|any| !any.is_match(text)) {
        return Cow::Borrowed(text);
    }
    let mut masked = Cow::Borrowed(text);
    for pattern in FORMS.iter() {
        if let Cow::Owned(without) = pattern.replace_all(&masked, MASKED) {
            masked = Cow::Owned(without);
        }
    }
    for (teller, reach) in TELLERS.iter() {
        if let Some(without) = without_what_follows(teller, *reach, &masked) {
            masked = Cow::Owned(without);
        }
    }
    for pattern in ADDRESSES.iter() {
        if let Cow::Owned(without) = pattern.replace_all(&masked, unsigned(&masked)) {
            masked = Cow::Owned(without);
        }
    }
    masked
}

/// The text without the value behind each match; none where it has none.
fn without_what_follows(teller: &Regex, reach: Reach, text: &str) -> Option<String> {
    let mut masked = String::new();
    let (mut shown, mut from) = (0, 0);
    while let Some(found) = teller.find_at(text, from) {
        let value = place(text.get(found.end()..)?, reach);
        from = found.end() + value.end;
        if !value.is_empty() {
            masked += text.get(shown..found.end() + value.start)?;
            masked.push(MASK);
            shown = from;
        }
    }
    (shown > 0).then(|| masked + text.get(shown..).unwrap_or_default())
}

/// An address without what one signs in with. What follows an image's last `@` is a digest, and no
/// host.
fn unsigned(text: &str) -> impl Fn(&Captures<'_>) -> String {
    move |found| {
        let part = |name: &str| found.name(name).map_or("", |part| part.as_str());
        let (before, signed) = (part("before"), part("signed"));
        let end = found.get(0).map_or(0, |whole| whole.end());
        if text.get(end..).is_none_or(|after| !after.starts_with("sha256:")) {
            return format!("{before}{MASK}");
        }
        match signed.trim_end_matches('@').rsplit_once('@') {
            Some((_, image)) => format!("{before}{MASK}{image}@"),
            None => format!("{before}{signed}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_compile() {
        assert_eq!((FORMS.len(), TELLERS.len(), ADDRESSES.len()), (5, 6, 2));
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
            // Passwords with what should have been escaped.
            "proxy http://user:p@PLANTED@10.0.0.9:3128/ refused",
            "proxy http://user:pa/PLANTED@10.0.0.9:3128/ refused",
            "proxy http://user:p#PLANTED@h:1 http://user:p?PLANTED@h",
            "https_proxy=user:PLANTED@proxy:3128",
            "//user:PLANTED@proxy http:/user:PLANTED@proxy http:user:PLANTED@proxy",
            "https://user:PLANTED@reg.io/agent@sha256:ab",
            // Values with odd characters.
            r#"{"password":"abc,PLANTED"}"#,
            r#"{"password":"abc def; & ) } PLANTED"}"#,
            r#"{"password":"ab\"PLANTED"}"#,
            r#"{\"password\":\"ab\\\"PLANTED\"}"#,
            r#"{"SharedAccessKey":"abc\u002BPLANTED"}"#,
            r#"{"x":"SharedAccessKey=abc\/PLANTED"}"#,
            r#"{"X-Registry-Auth":["PLANTED"]}"#,
            r#"{"token":{"value":"PLANTED"}}"#,
            r#"{"Authorization":["PLANTED"]}"#,
            r#"symmetric_key: { value = "PLANTED" }"#,
            r#"Password = "abc; PLANTED""#,
            r#"SharedAccessKey=abc"PLANTED"#,
            "TOKEN=ab'PLANTED PASSWORD=p&PLANTED PASSWORD=p)PLANTED",
            r#""POSTGRES_PASSWORD=p}PLANTED""#,
            r"{\u0022password\u0022:\u0022ab,PLANTED\u0022}",
            "password%22%3A%22PLANTED SharedAccessKey%253DPLANTED",
            r#"docker login -u a -p "my PLANTED" reg"#,
            r#"docker login --username=a --password "my PLANTED" reg"#,
            // More names, and other signs between a name and its value.
            "x-api-key: PLANTED primary-key=PLANTED",
            "Primary Key: PLANTED",
            r"SharedAccessKey\u003dPLANTED SharedAccessKey\x3dPLANTED",
            r#"{"a":"SharedAccessKey\\u003dPLANTED"}"#,
            "--symmetric-key PLANTED",
            "curl -u user:PLANTED https://x",
            "curl -sku 'user:my PLANTED' https://x",
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
            "https://mcr.microsoft.com/azureiotedge-agent@sha256:6a82e5e994",
            "image azureiotedge-agent:1.5@sha256:6a82e5e994 pulled",
            "docker run -u 1000:1000 x; getty@tty1.service: done",
        ] {
            assert_eq!(mask(text), text);
        }
    }
}
