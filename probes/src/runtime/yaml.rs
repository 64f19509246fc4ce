//! 1.0 and 1.1: /etc/iotedge/config.yaml.

use super::document::Layers;
use super::form::Form;
use super::places;
use super::root::Reader;

/// The file; none where there is none.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<Layers> {
    let is_there = reader.is_there(places::YAML);
    let mut layers = Layers::default();
    if let Some(document) = reader.document(places::YAML, Form::Yaml) {
        layers.push(document);
    }
    is_there.then_some(layers)
}
