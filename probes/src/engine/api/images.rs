//! The names of the images that the engine has.

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::ListImagesOptions;

use edgeprobe_facts::runtime::names;

/// How many names are kept; devices have a few dozen.
const NAMES: usize = 512;

/// The images' names, by tag and by digest, as they were pulled.
pub(super) async fn names(docker: &Docker) -> Result<Vec<String>, Error> {
    let images = docker.list_images(None::<ListImagesOptions>).await?;
    let all = images.into_iter().flat_map(|image| {
        image
            .repo_tags
            .into_iter()
            .chain(image.repo_digests)
            .filter(|name| !name.contains("<none>"))
    });
    Ok(all.filter_map(|name| names::image(&name)).take(NAMES).collect())
}
