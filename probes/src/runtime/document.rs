//! Configurations as values, one above the other.

use edgeprobe_facts::runtime::Setting;
use serde_json::Value;

/// What one file says.
pub(super) struct Document {
    /// The file's path on the device.
    pub(super) source: String,
    pub(super) value: Value,
}

impl Document {
    /// The value at this path.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.value, |value, name| value.get(name))
    }

    /// The text at this path.
    pub(super) fn text(&self, path: &[&str]) -> Option<&str> {
        self.at(path)?.as_str()
    }
}

/// Several files, of which a later one overrides an earlier one.
#[derive(Default)]
pub(super) struct Layers(Vec<Document>);

impl Layers {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn push(&mut self, document: Document) {
        self.0.push(document);
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Document> {
        self.0.iter()
    }

    /// What the last file that says it says. Its source is the first file that says the same: what
    /// the administrator wrote, and not what was made of it.
    pub(super) fn setting<T: PartialEq>(
        &self,
        read: impl Fn(&Document) -> Option<T>,
    ) -> Option<Setting<T>> {
        let value = self.0.iter().rev().find_map(&read)?;
        let first = self.0.iter().find(|document| read(document).as_ref() == Some(&value))?;
        Some(Setting { value, source: first.source.clone() })
    }
}
