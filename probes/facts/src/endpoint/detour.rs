//! Sending in another way than programs here would: a control for the path itself.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A way that is not the usual one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Detour {
    /// With segments of at most 1 000 bytes in both directions: what passes then and not otherwise
    /// was too large for the path.
    SmallSegments,
    /// Out by this interface instead of the one that the routes choose.
    Interface(String),
    /// Offering TLS 1.2 alone: what goes on then and not otherwise was objected to for its version.
    #[serde(rename = "tls_1_2")]
    Tls12,
}

/// Writes a phrase for a person, without blanks so that it can stand in an id.
impl fmt::Display for Detour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SmallSegments => f.write_str("in-small-segments"),
            Self::Interface(name) => write!(f, "by-{}", crate::clean::line(name, 15)),
            Self::Tls12 => f.write_str("with-tls-1.2-alone"),
        }
    }
}
