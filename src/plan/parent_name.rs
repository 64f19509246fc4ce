//! The parent device's name, as a child's configuration has it: `parent_hostname`.

use std::net::IpAddr;
use std::str::FromStr;

use edgeprobe_facts::clean;

use super::{HubName, HubNameError};

/// A host name, of one label or more, or an IP address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParentName(String);

impl ParentName {
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Why a text names no parent. No variant shows a text that may hold a key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParentNameError {
    /// It is a connection string, which names a hub.
    #[error("a connection string names a hub and no parent")]
    ConnectionString,
    /// It is no host name, in the way that a hub's can be none.
    #[error(transparent)]
    Name(#[from] HubNameError),
}

impl ParentNameError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Name(HubNameError::Url { host: Some(host), .. }) => {
                format!("try --parent {host}")
            }
            _ => "give the parent's host name or address, as in `parent_hostname`".to_owned(),
        }
    }
}

impl FromStr for ParentName {
    type Err = ParentNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.contains('=') {
            return Err(ParentNameError::ConnectionString);
        }
        if let Ok(address) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Ok(Self(address.to_string()));
        }
        match text.parse::<HubName>() {
            Ok(name) => Ok(Self(name.into_string())),
            // On a plant's own network one word is a name.
            Err(HubNameError::NotQualified(name)) => Ok(Self(clean::line(&name, 63))),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_short_names_and_addresses_are_taken() {
        for (text, name) in [
            ("Edge-L4.plant.example", "edge-l4.plant.example"),
            (" edge-l4 ", "edge-l4"),
            ("192.168.1.2", "192.168.1.2"),
            ("[fd00::2]", "fd00::2"),
        ] {
            assert_eq!(text.parse().map(ParentName::into_string).as_deref(), Ok(name));
        }
    }

    #[test]
    fn a_connection_string_is_refused_and_not_shown() {
        let error = "HostName=a.b;SharedAccessKey=c2VjcmV0".parse::<ParentName>().unwrap_err();
        assert!(!format!("{error} {error:?} {}", error.hint()).contains("c2VjcmV0"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", "edge_l4.example", "https://edge-l4.example/"] {
            text.parse::<ParentName>().unwrap_err();
        }
    }
}
