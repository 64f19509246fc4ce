//! Where a question is asked from.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A place in the device's networks: its host, one of its container networks, or one container.
///
/// Written `host`, `bridge:NAME` or `module:NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Vantage {
    /// The host's own network namespace.
    Host,
    /// A namespace on the container network of this name, as a module sees it.
    Bridge(String),
    /// The namespace of the container of this name, where it is another than its network's vantage.
    Module(String),
}

impl Vantage {
    /// Whether questions from here pass a container network.
    pub fn is_in_a_container(&self) -> bool {
        *self != Self::Host
    }
}

impl fmt::Display for Vantage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("host"),
            Self::Bridge(name) => write!(f, "bridge:{name}"),
            Self::Module(name) => write!(f, "module:{name}"),
        }
    }
}

/// The text is neither `host` nor `bridge:NAME` nor `module:NAME`.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no vantage: expected `host`, `bridge:NAME` or `module:NAME`")]
pub struct UnknownVantage(String);

impl FromStr for Vantage {
    type Err = UnknownVantage;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "host" => Ok(Self::Host),
            Some(("bridge", name)) if !name.is_empty() => Ok(Self::Bridge(name.to_owned())),
            Some(("module", name)) if !name.is_empty() => Ok(Self::Module(name.to_owned())),
            _ => Err(UnknownVantage(crate::clean::line(text, 64))),
        }
    }
}

impl Serialize for Vantage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Vantage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Vantage {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Vantage".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Where the question was asked from: the host, a container network, or one container.",
            "pattern": "^(host|bridge:.+|module:.+)$",
        })
    }
}
