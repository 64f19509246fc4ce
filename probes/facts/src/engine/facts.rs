//! What the container engine says of itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::api::ApiVersions;
use super::container::Container;
use super::network::Network;
use super::settings::EngineSettings;

/// The container engine, seen through its API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EngineFacts {
    /// Where its API was looked for, e.g. `unix:///var/run/docker.sock`.
    pub endpoint: String,
    /// Whether an engine is installed, as far as a socket or a program tells.
    pub installed: bool,
    /// The engine's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The versions of its API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<ApiVersions>,
    /// Which engine it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<EngineKind>,
    /// The running containers.
    pub containers: Vec<Container>,
    /// How many more run than are listed: at most 256 are, and the runtime's own.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub containers_left_out: u32,
    /// The runtime's own containers that do not run; `published` is what they are to publish.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stopped: Vec<Container>,
    /// Its networks, by name; at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<Network>,
    /// How many more it has.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub networks_left_out: u32,
    /// The names of the images that it has, by tag or digest; at most 512. Absent when it did not
    /// tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<Vec<String>>,
    /// How it is configured, as far as its file and its API tell.
    #[serde(default, skip_serializing_if = "EngineSettings::is_empty")]
    pub settings: EngineSettings,
    /// Whether the kernel forwards IPv4 packets, as the engine sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv4_forwarding: Option<bool>,
    /// Whether it runs without root, and so has no more rights to ports than any user.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rootless: bool,
    /// What it warns of, in its own words; at most 16 lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl EngineFacts {
    /// The runtime's Edge Agent, whether it runs or not.
    pub fn edge_agent(&self) -> Option<&Container> {
        self.containers.iter().chain(&self.stopped).find(|container| container.is_edge_agent())
    }

    /// The runtime's Edge Hub, whether it runs or not.
    pub fn edge_hub(&self) -> Option<&Container> {
        self.containers.iter().chain(&self.stopped).find(|container| container.is_edge_hub())
    }

    /// Whether it is a Docker Engine older than this major version; not when its version is unknown.
    pub fn is_docker_before(&self, major: u32) -> bool {
        let version = self.version.as_deref().and_then(|version| version.split('.').next());
        self.kind != Some(EngineKind::Podman)
            && version.and_then(|own| own.parse::<u32>().ok()).is_some_and(|own| own < major)
    }
}

/// The engines that speak Docker's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EngineKind {
    /// Docker Engine, by this name or as Moby.
    Docker,
    /// Podman, by its compatible socket.
    Podman,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_before_the_networks_is_still_read() {
        let old = r#"{"endpoint": "unix:///run/docker.sock", "installed": true,
            "version": "20.10.24+dfsg1", "containers": [{"id": "ab", "name": "web",
            "image": "image", "addresses": ["172.17.0.2"], "published": []}]}"#;
        let facts: EngineFacts = serde_json::from_str(old).unwrap();
        assert!(facts.networks.is_empty());
        assert_eq!(facts.containers[0].pid, None);
        assert!(facts.is_docker_before(23));
        assert!(!facts.is_docker_before(20));
        let written = serde_json::to_value(&facts).unwrap();
        assert!(written.get("settings").is_none(), "{written}");
    }

    #[test]
    fn an_unknown_version_counts_as_the_newest_and_podman_s_numbers_are_its_own() {
        assert!(!EngineFacts::default().is_docker_before(23));
        let podman = EngineFacts {
            version: Some("4.9.3".to_owned()),
            kind: Some(EngineKind::Podman),
            ..EngineFacts::default()
        };
        assert!(!podman.is_docker_before(23));
    }
}
