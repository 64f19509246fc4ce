//! The files of a device, below its root or a folder that stands for it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use edgeprobe_facts::runtime::{Flaw, Source, SourceState};
use serde_json::Value;
use zeroize::Zeroizing;

use super::document::Document;
use super::form::Form;
use super::places;
use crate::{bounded, clean, walls};

/// How much of a file is read, in bytes; real ones have some thousand.
const LARGEST: u64 = 1024 * 1024;

/// How many files of one folder are read, and how many sources are kept.
const FILES: usize = 64;
const SOURCES: usize = 128;

/// Where a device's files are, and what its environment is.
#[derive(Clone)]
pub struct Root {
    folder: PathBuf,
    /// The variables of whoever runs this program. They may hold secrets.
    pub(super) environment: Vec<(String, String)>,
}

impl Root {
    /// This device.
    pub fn of_this_device() -> Self {
        let text = |text: std::ffi::OsString| text.into_string().ok();
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((text(name)?, text(value)?)))
            .collect();
        Self { folder: PathBuf::from(places::ROOT), environment }
    }

    /// A folder that stands for a device's root, with an empty environment.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), environment: Vec::new() }
    }

    /// The path of a device's own path below this root.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path.trim_start_matches('/'))
    }
}

/// Reads a device's files, and keeps what came of each.
pub(super) struct Reader<'r> {
    root: &'r Root,
    sources: Vec<Source>,
}

impl<'r> Reader<'r> {
    pub(super) fn new(root: &'r Root) -> Self {
        Self { root, sources: Vec::new() }
    }

    /// Every source that was looked at and is there.
    pub(super) fn into_sources(self) -> Vec<Source> {
        self.sources
    }

    /// Whether anything is at the path; what this user may not look at is taken to be there.
    pub(super) fn is_there(&self, path: &str) -> bool {
        walls::or_with_privileges(&self.root.path(path), |path| fs::metadata(path))
            .map_or_else(|error| error.kind() == io::ErrorKind::PermissionDenied, |_| true)
    }

    /// The text of a file, if there is one and it can be read. It may hold a key, and is wiped.
    pub(super) fn text(&mut self, path: &str) -> Option<Zeroizing<String>> {
        match content(&self.root.path(path)) {
            Ok(text) => {
                self.note(Source {
                    name: clean::line(path, 256),
                    state: SourceState::Read,
                    detail: None,
                    flaw: None,
                });
                Some(Zeroizing::new(text))
            }
            Err(Unread::Io(error)) if is_absence(&error) => None,
            Err(Unread::Io(error)) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.unreadable(path);
                None
            }
            Err(Unread::Io(error)) => {
                self.broken(path, None, &error.to_string());
                None
            }
            Err(Unread::Flaw(flaw)) => {
                self.broken(path, Some(flaw), &flaw.to_string());
                None
            }
        }
    }

    /// A file in one of the forms of configurations, if there is one and it can be understood.
    pub(super) fn document(&mut self, path: &str, form: Form) -> Option<Document> {
        let text = self.text(path)?;
        match form.parse(&text) {
            Ok(value) => Some(Document::new(path, value)),
            Err(flaw) => {
                self.broken(path, Some(flaw), &flaw.to_string());
                None
            }
        }
    }

    /// The files of a folder whose names end so, in the order of their names.
    pub(super) fn files(&mut self, folder: &str, extension: &str) -> Vec<String> {
        let path = self.root.path(folder);
        let entries = match walls::opened_with_privileges(&path, |path| fs::read_dir(path)) {
            Ok(entries) => entries,
            Err(error) if is_absence(&error) => return Vec::new(),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.unreadable(folder);
                return Vec::new();
            }
            Err(error) => {
                self.broken(folder, None, &error.to_string());
                return Vec::new();
            }
        };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.ends_with(extension))
            .collect();
        names.sort();
        names.truncate(FILES);
        names.into_iter().map(|name| format!("{folder}/{name}")).collect()
    }

    /// Records that a source is not in the form that it should have. `detail` has none of its
    /// content.
    pub(super) fn broken(&mut self, name: &str, flaw: Option<Flaw>, detail: &str) {
        self.note(Source {
            name: clean::line(name, 256),
            state: SourceState::Broken,
            detail: Some(clean::line(detail, 160)),
            flaw,
        });
    }

    fn unreadable(&mut self, name: &str) {
        self.note(Source {
            name: clean::line(name, 256),
            state: SourceState::Unreadable,
            detail: Some("permission denied".to_owned()),
            flaw: None,
        });
    }

    fn note(&mut self, source: Source) {
        if let Some(known) = self.sources.iter_mut().find(|known| known.name == source.name) {
            // What is wrong with it stands, whatever else could be made of it.
            if source.state != SourceState::Read {
                *known = source;
            }
        } else if self.sources.len() < SOURCES {
            self.sources.push(source);
        }
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Why there is no text of a file.
enum Unread {
    Io(io::Error),
    Flaw(Flaw),
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn content(path: &Path) -> Result<String, Unread> {
    // systemd masks a unit so.
    let whole = walls::or_with_privileges(path, |path| fs::canonicalize(path))?;
    if whole == Path::new("/dev/null") {
        return Err(Unread::Io(io::ErrorKind::NotFound.into()));
    }
    bounded::text(path, LARGEST).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidInput => Unread::Flaw(Flaw::NotAFile),
        io::ErrorKind::FileTooLarge => Unread::Flaw(Flaw::TooLarge),
        io::ErrorKind::InvalidData => Unread::Flaw(Flaw::NotText),
        _ => Unread::Io(error),
    })
}

impl Document {
    pub(super) fn new(path: &str, value: Value) -> Self {
        Self { source: clean::line(path, 256), value }
    }
}
