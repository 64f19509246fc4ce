//! What a foreign text may be kept as: names that can be nothing but names.

use url::Url;

use crate::clean;

/// The longest host name (RFC 1035, 2.3.4).
const HOST_NAME: usize = 253;

/// The text, if it can be nothing but a host's name or address. A placeholder of a template, or a
/// connection string in the wrong place, is not a name.
pub fn host(text: &str) -> Option<String> {
    let text = text.trim();
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let is_name = (1..=HOST_NAME).contains(&text.len()) && text.bytes().all(is_part);
    is_name.then(|| text.to_owned())
}

/// The hub's name in a device's connection string, of which nothing else is looked at.
pub fn hub_of(connection_string: &str) -> Option<String> {
    connection_string.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        // Keys are compared as the SDKs do.
        key.trim().eq_ignore_ascii_case("HostName").then(|| host(value))?
    })
}

/// The host of a URL, or of a text that is one already.
pub fn host_of_url(text: &str) -> Option<String> {
    if text.contains("://") {
        Url::parse(text.trim()).ok()?.host_str().and_then(host)
    } else {
        host(text.trim_end_matches('/').split(':').next()?)
    }
}

/// A reference to an image, which has no white space and no credentials.
pub fn image(text: &str) -> Option<String> {
    let text = text.trim();
    let is_part = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'=' | b';' | b'<' | b'>');
    let is_image = (1..=512).contains(&text.len()) && text.bytes().all(is_part);
    // What one signs in with ends in an `@`, and so does all that stands before a digest.
    let credentials = match text.split_once('@') {
        Some((_, digest)) => !is_digest(digest),
        None => text.contains("://"),
    };
    (is_image && !credentials).then(|| text.to_owned())
}

/// Whether this is a digest of some algorithm.
fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hash)| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"+._-".contains(&byte);
        !algorithm.is_empty()
            && algorithm.bytes().all(is_part)
            && !hash.is_empty()
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// A short word, such as a mode or a protocol.
pub fn word(text: &str) -> Option<String> {
    let text = text.trim();
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b',');
    let is_word = (1..=32).contains(&text.len()) && text.bytes().all(is_part);
    is_word.then(|| text.to_owned())
}

/// The name of a container network: what an engine takes for one.
pub fn network(text: &str) -> Option<String> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_name = (1..=128).contains(&text.len()) && text.bytes().all(is_part);
    is_name.then(|| text.to_owned())
}

/// The device's own host name as it is written, valid or not.
pub fn own_host(text: &str) -> Option<String> {
    let placeholder = text.contains(['<', '>', '=', ';']);
    (!placeholder && !text.trim().is_empty()).then(|| clean::line(text, HOST_NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_connection_string_the_hub_is_read_and_placeholders_are_nothing() {
        let whole = "DeviceId=d;hostname=contoso.azure-devices.net;SharedAccessKey=c2VjcmV0";
        assert_eq!(hub_of(whole).as_deref(), Some("contoso.azure-devices.net"));
        assert_eq!(hub_of("HostName=<hub>;SharedAccessKey=c2VjcmV0"), None);
        assert_eq!(hub_of("<ADD DEVICE CONNECTION STRING HERE>"), None);
        assert_eq!(host("HostName=x;SharedAccessKey=c2VjcmV0"), None);
    }

    #[test]
    fn the_host_of_an_endpoint_is_read_with_and_without_a_scheme() {
        let global = Some("global.azure-devices-provisioning.net".to_owned());
        for text in [
            "https://global.azure-devices-provisioning.net/",
            "global.azure-devices-provisioning.net",
        ] {
            assert_eq!(host_of_url(text), global);
        }
        assert_eq!(host_of_url("https://user:secret@dps.net").as_deref(), Some("dps.net"));
    }

    #[test]
    fn an_image_is_kept_without_credentials() {
        for text in
            ["mcr.microsoft.com/azureiotedge-agent:1.5", "agent@sha256:ab", "localhost:5000/a"]
        {
            assert_eq!(image(text).as_deref(), Some(text));
        }
        for text in [
            "user:secret@reg.io/agent",
            "user:secret@reg.io",
            "user:se/cret@reg.io/agent",
            "user:secret@reg.io/agent@sha256:ab",
            "reg.io/agent@secret",
            "reg.io/agent@pass:word",
            "https://reg.io/a",
            "SharedAccessKey=secret",
            "a b",
        ] {
            assert_eq!(image(text), None);
        }
    }
}
