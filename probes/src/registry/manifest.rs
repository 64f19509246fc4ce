//! An image's manifest, as far as it says where the rest is and which platforms it is for.

use std::env::consts;

use serde::Deserialize;

use crate::clean;

/// How many platforms are kept.
const PLATFORMS: usize = 32;

/// The forms in which a manifest may come, as the engine asks for them.
pub(super) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json";

/// What a manifest leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Manifest {
    /// An image for one platform; the digest of its configuration, which is small JSON.
    Image { configuration: String },
    /// A list of images.
    List { platforms: Vec<String>, for_here: Option<String> },
    /// An older form, or one that cannot be read: there is something, and that is all.
    Other,
}

#[derive(Deserialize)]
struct Wire {
    config: Option<Descriptor>,
    #[serde(default)]
    manifests: Vec<Entry>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
}

#[derive(Deserialize)]
struct Entry {
    digest: String,
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    architecture: String,
    os: String,
    #[serde(default)]
    variant: Option<String>,
}

/// Reads a manifest.
pub(super) fn read(body: &[u8]) -> Manifest {
    let Ok(wire) = serde_json::from_slice::<Wire>(body) else { return Manifest::Other };
    if let Some(configuration) = wire.config.map(|config| config.digest).filter(|d| is_digest(d)) {
        return Manifest::Image { configuration };
    }
    let named: Vec<(&str, &Platform)> = wire
        .manifests
        .iter()
        .filter_map(|entry| Some((entry.digest.as_str(), entry.platform.as_ref()?)))
        // Build attestations are listed as images of no platform.
        .filter(|(_, platform)| platform.os != "unknown")
        .collect();
    if named.is_empty() {
        return Manifest::Other;
    }
    let for_here = |architecture: &str| {
        named
            .iter()
            .find(|(digest, platform)| {
                platform.os == consts::OS
                    && platform.architecture == architecture
                    && is_digest(digest)
            })
            .map(|(digest, _)| (*digest).to_owned())
    };
    let for_here = architectures().iter().find_map(|architecture| for_here(architecture));
    let mut platforms: Vec<String> = Vec::new();
    for (_, platform) in &named {
        let word = word(platform);
        if !platforms.contains(&word) && platforms.len() < PLATFORMS {
            platforms.push(word);
        }
    }
    Manifest::List { platforms, for_here }
}

/// This device's platform, as images name it.
pub(super) fn platform() -> String {
    let architecture = architectures().first().copied().unwrap_or(consts::ARCH);
    format!("{}/{architecture}", consts::OS)
}

/// The architectures whose images the engine would run, its own first.
///
/// The engine may be of the wider kind where this program is of the narrower one: a Raspberry Pi
/// with a 64-bit kernel and 32-bit programs.
fn architectures() -> &'static [&'static str] {
    match consts::ARCH {
        "x86_64" => &["amd64", "386"],
        "x86" => &["386", "amd64"],
        "aarch64" => &["arm64", "arm"],
        "arm" => &["arm", "arm64"],
        "riscv64" => &["riscv64"],
        _ => &[consts::ARCH],
    }
}

fn word(platform: &Platform) -> String {
    let variant = platform.variant.iter().filter(|variant| !variant.is_empty());
    let word = format!("{}/{}", platform.os, platform.architecture);
    clean::line(&variant.fold(word, |word, variant| format!("{word}/{variant}")), 60)
}

/// Whether the text can stand in a request's path.
fn is_digest(text: &str) -> bool {
    text.len() <= 200
        && text.split_once(':').is_some_and(|(algorithm, hash)| {
            !algorithm.is_empty()
                && !hash.is_empty()
                && algorithm.bytes().all(|b| b.is_ascii_alphanumeric())
                && hash.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_image_leads_to_its_configuration() {
        let body = br#"{"schemaVersion": 2, "config": {"digest": "sha256:abc", "size": 7}}"#;
        assert_eq!(read(body), Manifest::Image { configuration: "sha256:abc".to_owned() });
    }

    #[test]
    fn a_list_leads_to_the_image_for_this_platform() {
        let own = platform();
        let architecture = own.split('/').nth(1).unwrap();
        let body = format!(
            r#"{{"manifests": [
                {{"digest": "sha256:a", "platform": {{"os": "windows", "architecture": "amd64"}}}},
                {{"digest": "sha256:b", "platform": {{"os": "{}", "architecture": "{architecture}", "variant": "v8"}}}},
                {{"digest": "sha256:c", "platform": {{"os": "unknown", "architecture": "unknown"}}}}]}}"#,
            consts::OS
        );
        let expected = Manifest::List {
            platforms: vec!["windows/amd64".to_owned(), format!("{own}/v8")],
            for_here: Some("sha256:b".to_owned()),
        };
        assert_eq!(read(body.as_bytes()), expected);
    }

    #[test]
    fn a_digest_cannot_lead_elsewhere() {
        for digest in ["sha256:../../x", "sha256:", "x", "sha256:a b"] {
            let body = format!(r#"{{"config": {{"digest": "{digest}"}}}}"#);
            assert_eq!(read(body.as_bytes()), Manifest::Other, "{digest}");
        }
        assert_eq!(read(b"<html>"), Manifest::Other);
    }

    proptest! {
        #[test]
        fn no_bytes_upset_it(bytes: Vec<u8>) {
            let _ = read(&bytes);
        }
    }
}
