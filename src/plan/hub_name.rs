//! The IoT Hub's host name, from what a person has at hand.

use std::net::IpAddr;
use std::str::FromStr;

use edgeprobe_facts::clean;

/// A valid host name, in lower case, without a trailing dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubName(String);

impl HubName {
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Why a text names no IoT Hub. No variant shows a text that may hold a key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum HubNameError {
    /// There is nothing.
    #[error("the name is empty")]
    Empty,
    /// It is an address of the web instead of a host name.
    #[error("`{given}` is a URL, and a host name is wanted")]
    Url { given: String, host: Option<String> },
    /// It is a number instead of a name, and TLS needs the name.
    #[error("`{0}` is an IP address, and a certificate is checked against a name")]
    Address(String),
    /// It is a connection string without `HostName`.
    #[error("the connection string has no HostName")]
    ConnectionString,
    /// It is longer than DNS allows.
    #[error("the name has {0} characters, and a DNS name has at most 253")]
    TooLong(usize),
    /// A port stands behind it.
    #[error("`{given}` has a port, and a host name is wanted")]
    Port { given: String, host: String },
    /// A part between dots is not a DNS label.
    #[error("`{given}` is no DNS name: {problem}")]
    Label { given: String, problem: String },
    /// It is one word.
    #[error("`{0}` is not a full host name")]
    NotQualified(String),
}

impl HubNameError {
    /// The name that was probably meant.
    pub fn meant(&self) -> Option<&str> {
        match self {
            Self::Url { host, .. } => host.as_deref(),
            Self::Port { host, .. } => Some(host),
            _ => None,
        }
    }

    /// What to do about it where the hub was meant.
    pub fn hint(&self) -> String {
        if let Some(host) = self.meant() {
            return format!("try --hub {host}");
        }
        match self {
            Self::NotQualified(name) => format!("try --hub {name}.azure-devices.net"),
            Self::ConnectionString => {
                "a device's connection string begins with HostName=NAME.azure-devices.net;".into()
            }
            _ => "a hub's name looks like contoso.azure-devices.net".into(),
        }
    }
}

impl FromStr for HubName {
    type Err = HubNameError;

    /// Takes a host name, or a device's connection string, of which only `HostName` is read.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(HubNameError::Empty);
        }
        if is_connection_string(text) {
            let host = host_of(text).ok_or(HubNameError::ConnectionString)?;
            // Whatever stands there beside the name may be secret, so it is not shown.
            return host_name(host).map_err(|_| HubNameError::ConnectionString);
        }
        host_name(text)
    }
}

fn is_connection_string(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["sharedaccess", "hostname=", "deviceid=", "x509="].iter().any(|part| lower.contains(part))
}

/// The value of `HostName` in a connection string; its keys are compared as the SDKs do.
fn host_of(connection_string: &str) -> Option<&str> {
    connection_string.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case("HostName").then(|| value.trim())
    })
}

fn host_name(text: &str) -> Result<HubName, HubNameError> {
    let shown = || clean::line(text, 60);
    if let Some((scheme, rest)) = text.split_once("://") {
        let host = rest.split(['/', ':', '?', '#', '@']).next().unwrap_or_default();
        let host = host_name(host).ok().map(HubName::into_string);
        // A URL may carry a password before its host.
        let given = format!("{}://…", clean::line(scheme, 20));
        return Err(HubNameError::Url { given, host });
    }
    if text.contains('/') {
        let host = text.split('/').next().and_then(|host| host_name(host).ok());
        return Err(HubNameError::Url { given: shown(), host: host.map(HubName::into_string) });
    }
    if text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return Err(HubNameError::Address(shown()));
    }
    if let Some((host, port)) = text.rsplit_once(':')
        && port.parse::<u16>().is_ok()
        && let Ok(HubName(host)) = host_name(host)
    {
        return Err(HubNameError::Port { given: shown(), host });
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    if name.chars().count() > 253 {
        return Err(HubNameError::TooLong(name.chars().count()));
    }
    let label_error = |problem: String| HubNameError::Label { given: shown(), problem };
    for label in name.split('.') {
        check_label(label).map_err(label_error)?;
    }
    if !name.contains('.') {
        return Err(HubNameError::NotQualified(name.to_ascii_lowercase()));
    }
    Ok(HubName(name.to_ascii_lowercase()))
}

/// RFC 1123, section 2.1: letters, digits and hyphens, none at the ends, 63 characters.
fn check_label(label: &str) -> Result<(), String> {
    if label.is_empty() {
        return Err("two dots stand together, or one at the start".to_owned());
    }
    if label.len() > 63 {
        return Err(format!("a part of it has {} characters, and 63 are the most", label.len()));
    }
    if let Some(wrong) = label.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
        let shown = match wrong {
            _ if wrong.is_control() => "a control character".to_owned(),
            _ if clean::is_unsafe(wrong) => format!("U+{:04X}", u32::from(wrong)),
            _ => format!("`{wrong}`"),
        };
        return Err(format!("it has {shown} in it"));
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err("a part of it begins or ends with a hyphen".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, HubNameError> {
        text.parse().map(HubName::into_string)
    }

    #[test]
    fn names_are_normalised() {
        assert_eq!(parse(" Contoso.Azure-Devices.NET. ").unwrap(), "contoso.azure-devices.net");
    }

    #[test]
    fn of_a_connection_string_only_the_host_name_is_read() {
        let text = "DeviceId=d;hostname=contoso.azure-devices.net;SharedAccessKey=c2VjcmV0";
        assert_eq!(parse(text).unwrap(), "contoso.azure-devices.net");
    }

    #[test]
    fn no_error_shows_a_key() {
        for text in [
            "HostName=;SharedAccessKey=c2VjcmV0",
            "HostName=a b;SharedAccessKey=c2VjcmV0",
            "SharedAccessKey=c2VjcmV0",
            "https://user:c2VjcmV0@contoso.azure-devices.net/",
        ] {
            let error = parse(text).unwrap_err();
            let shown = format!("{error} {error:?} {}", error.hint());
            assert!(!shown.contains("c2VjcmV0"), "{shown}");
        }
    }

    #[test]
    fn what_is_no_name_is_said_to_be_none() {
        assert_eq!(parse("").unwrap_err(), HubNameError::Empty);
        assert_eq!(
            parse("https://contoso.azure-devices.net/x").unwrap_err().hint(),
            "try --hub contoso.azure-devices.net"
        );
        assert_eq!(parse("contoso").unwrap_err().hint(), "try --hub contoso.azure-devices.net");
        assert_eq!(parse(&"a.".repeat(200)).unwrap_err(), HubNameError::TooLong(399));
        for wrong in [
            "a..b",
            "-a.b",
            "a_b.net",
            "10.0.0.1",
            "::1",
            "a b.net",
            "contoso.net/x",
            "\u{1b}[31m.net",
        ] {
            parse(wrong).unwrap_err();
        }
    }
}
