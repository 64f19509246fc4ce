//! The versions of its API that an engine speaks, and those that the runtime asks for.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A version of the engine's API.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct ApiVersion {
    pub major: u32,
    pub minor: u32,
}

impl ApiVersion {
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The text is no version of an API.
#[derive(Debug, thiserror::Error)]
#[error("no version of an API, e.g. `1.41`")]
pub struct NotAVersion;

impl FromStr for ApiVersion {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (major, minor) = text.split_once('.').ok_or(NotAVersion)?;
        let number = |text: &str| text.parse().map_err(|_| NotAVersion);
        Ok(Self { major: number(major)?, minor: number(minor)? })
    }
}

impl TryFrom<String> for ApiVersion {
    type Error = NotAVersion;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ApiVersion> for String {
    fn from(version: ApiVersion) -> Self {
        version.to_string()
    }
}

/// The version that IoT Edge up to 1.5 asks for.
///
/// <https://github.com/Azure/iotedge/blob/1.5.44/edgelet/docker-rs/src/apis/configuration.rs>
pub const ASKED_UP_TO_1_5: ApiVersion = ApiVersion::new(1, 34);

/// The version that IoT Edge 1.6 asks for.
///
/// <https://github.com/Azure/iotedge/pull/7510>
pub const ASKED_FROM_1_6: ApiVersion = ApiVersion::new(1, 41);

/// Which versions of its API an engine speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiVersions {
    /// The oldest one.
    pub oldest: ApiVersion,
    /// The newest one.
    pub newest: ApiVersion,
    /// The versions outside this range that the runtime may ask for, as the engine answers them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<AskedVersion>,
}

/// A request in one version of the API, and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AskedVersion {
    pub version: ApiVersion,
    /// The engine's own words where it refuses the version; absent where it takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
}

impl ApiVersions {
    /// Whether a version lies in the range that the engine names.
    pub fn includes(&self, version: ApiVersion) -> bool {
        (self.oldest..=self.newest).contains(&version)
    }

    /// The engine's answer to a request in this version, where it was asked.
    pub fn answer_to(&self, version: ApiVersion) -> Option<&AskedVersion> {
        self.asked.iter().find(|asked| asked.version == version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let version = |text: &str| text.parse::<ApiVersion>().ok();
        assert!(version("1.9") < version("1.41"));
        assert_eq!(version("1.41"), Some(ApiVersion::new(1, 41)));
        for text in ["", "1", "1.x", "one.2", "1.41.2"] {
            assert_eq!(version(text), None, "{text}");
        }
    }

    #[test]
    fn a_range_includes_both_of_its_ends() {
        let engine_29 = ApiVersions {
            oldest: ApiVersion::new(1, 44),
            newest: ApiVersion::new(1, 52),
            asked: Vec::new(),
        };
        let included = [44, 52].map(|minor| engine_29.includes(ApiVersion::new(1, minor)));
        assert_eq!(included, [true, true]);
        assert!(!engine_29.includes(ASKED_UP_TO_1_5) && !engine_29.includes(ASKED_FROM_1_6));
        assert_eq!(serde_json::to_value(&engine_29).unwrap()["oldest"], "1.44");
    }
}
