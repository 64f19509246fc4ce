//! The names of the images that the engine has.

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::ListImagesOptions;

use crate::clean;

/// How many names are kept; devices have a few dozen.
const NAMES: usize = 512;

/// The images' names, by tag and by digest, as they were pulled.
pub(super) async fn names(docker: &Docker) -> Result<Vec<String>, Error> {
    let images = docker.list_images(None::<ListImagesOptions>).await?;
    let names = images.into_iter().flat_map(|image| {
        image
            .repo_tags
            .into_iter()
            .chain(image.repo_digests)
            .filter(|name| !name.contains("<none>"))
    });
    Ok(names.take(NAMES).map(|name| clean::line(&name, 300)).collect())
}
