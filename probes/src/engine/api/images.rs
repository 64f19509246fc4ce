//! The names of the images that the engine has.

use edgeprobe_facts::runtime::names as name;
use serde::{Deserialize, Deserializer};

use crate::engine::client::few::{Few, each};
use crate::engine::client::{Client, ClientError, LIST, Path};

/// How many names are kept; devices have a few dozen.
const NAMES: usize = 512;

/// The images' names, by tag and by digest, as they were pulled.
pub(super) async fn names(client: &Client) -> Result<Vec<String>, ClientError> {
    let Names(names) = client.get(&Path::new("/images/json"), LIST).await?;
    Ok(names)
}

pub(super) struct Names(pub(super) Vec<String>);

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Image {
    repo_tags: Few<String, NAMES>,
    repo_digests: Few<String, NAMES>,
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut names = Vec::new();
        each(deserializer, |image: Image| {
            let own = image.repo_tags.0.into_iter().chain(image.repo_digests.0);
            let own = own.filter(|name| !name.contains("<none>"));
            let left = NAMES - names.len();
            names.extend(own.filter_map(|name| name::image(&name)).take(left));
        })?;
        Ok(Self(names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_by_tag_and_digest_and_no_more_than_enough() {
        let names = |json: &str| serde_json::from_str::<Names>(json).unwrap().0;
        let one = r#"[{"RepoTags": ["hub:1"], "RepoDigests": ["hub@sha256:0"]},
            {"RepoTags": null, "RepoDigests": ["<none>@<none>"]}]"#;
        assert_eq!(names(one), ["hub:1", "hub@sha256:0"]);
        let image = r#"{"RepoTags": ["a:1", "a:2", "a:3"]}"#;
        let many = format!("[{}]", [image; 1000].join(","));
        assert_eq!(names(&many).len(), NAMES);
    }
}
