//! The files that the runtime, the engine and the system are configured with, with the values alone
//! that are known to be harmless.

use std::path::Path;

use edgeprobe_probes::mask;
use edgeprobe_probes::runtime::{self, Root};

use super::Part;
use super::files::read;
use super::shared::{item, said, unread};
use crate::bundle::{Item, Missing, Reason, What};

const PATH: &str = "configuration";
const SOURCE: &str = "the runtime's configuration";

pub(super) fn part() -> Part {
    Part::new(PATH, What::Configuration, SOURCE, |_| {
        let facts = runtime::read(&Root::of_this_device());
        let items: Vec<Item> =
            facts.sources.iter().filter_map(|source| of_file(&source.name)).collect();
        if facts.generation.is_some() {
            return items;
        }
        let none = Missing::new(Reason::NotThere, "");
        items.into_iter().chain([item(PATH, What::Configuration, SOURCE, Err(none))]).collect()
    })
}

/// A file's entry; none for what is no file.
fn of_file(source: &str) -> Option<Item> {
    let own = source.strip_prefix('/')?;
    let content = match read(Path::new(source)) {
        Ok(text) => said(mask::settings(&text)),
        // A folder that may not be read is listed as a source, too.
        Err(error) => Err(unread(&error)),
    };
    Some(item(&format!("{PATH}/{own}"), What::Configuration, source, content))
}
