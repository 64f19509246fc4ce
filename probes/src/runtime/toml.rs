//! 1.2 and later: config.toml, and what was made of it for each daemon.
//!
//! `iotedge config apply` writes what /etc/aziot/config.toml says into a fragment for each daemon,
//! and a daemon reads nothing but its own: config.toml and then config.d/*.toml, later over
//! earlier. So the fragments are what the runtime does, and config.toml is what was asked of it.

use super::document::Layers;
use super::places::TomlPlace;
use super::root::Reader;

/// The daemons whose files have settings of the network.
const IDENTITY: &str = "identityd";
const EDGE: &str = "edged";

/// The files of one installation; none where it is not configured.
pub(super) fn read(reader: &mut Reader<'_>, place: &TomlPlace) -> Option<Layers> {
    let whole = format!("{}/config.toml", place.configuration);
    let is_there = reader.is_there(&whole);
    let mut files = vec![whole];
    for (folder, daemon) in [(place.identity, IDENTITY), (place.configuration, EDGE)] {
        files.push(format!("{folder}/{daemon}/config.toml"));
        files.extend(reader.files(&format!("{folder}/{daemon}/config.d"), ".toml"));
    }
    let mut layers = Layers::default();
    for file in files {
        if let Some(document) = reader.document(&file, super::form::Form::Toml) {
            layers.push(document);
        }
    }
    (is_there || !layers.is_empty()).then_some(layers)
}
