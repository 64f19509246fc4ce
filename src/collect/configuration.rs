//! The files that the runtime, the engine and the system are configured with, with the values alone
//! that are known to be harmless. A file that no parser takes is left out.

use std::path::Path;
use std::sync::LazyLock;

use edgeprobe_probes::runtime::{self, Root};
use regex::Regex;

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
            facts.sources.iter().filter_map(|source| file_item(&source.name)).collect();
        if facts.generation.is_some() {
            return items;
        }
        let none = Missing::new(Reason::NotThere, "");
        items.into_iter().chain([item(PATH, What::Configuration, SOURCE, Err(none))]).collect()
    })
}

/// A device's id as connection strings have it.
static DEVICE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)\bDeviceId=(?<id>[^\s;"'\\]+)"#).ok());

/// The ids of this device in the connection strings that it is configured with. The anonymiser replaces
/// them; no entry contains them.
pub(crate) fn device_ids() -> Vec<String> {
    let facts = runtime::read(&Root::of_this_device());
    let files = facts.sources.iter().filter(|source| source.name.starts_with('/'));
    files
        .filter_map(|source| read(Path::new(&source.name)).ok())
        .flat_map(|text| ids_in(&text))
        .collect()
}

fn ids_in(text: &str) -> Vec<String> {
    let found = DEVICE.iter().flat_map(|device| device.captures_iter(text));
    found.filter_map(|found| Some(found.name("id")?.as_str().to_owned())).collect()
}

/// A file's entry; `None` for what is not a file.
fn file_item(source: &str) -> Option<Item> {
    let own = source.strip_prefix('/')?;
    let content = match read(Path::new(source)) {
        Ok(text) => match runtime::shown(source, &text) {
            Ok(masked) => said(masked),
            // What cannot be parsed cannot be masked.
            Err(flaw) => Err(Missing::new(Reason::NotUnderstood, flaw.to_string())),
        },
        // A folder that may not be read is listed as a source, too.
        Err(error) => Err(unread(&error)),
    };
    Some(item(&format!("{PATH}/{own}"), What::Configuration, source, content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_string_s_device_is_known() {
        let toml = "connection_string = \"HostName=h;DeviceId=line1.acmecorp;SharedAccessKey=x\"\n";
        let yaml = "  device_connection_string: 'HostName=h;SharedAccessKey=x;deviceid=press7'\n";
        assert_eq!(ids_in(&format!("{toml}{yaml}")), ["line1.acmecorp", "press7"]);
        assert_eq!(ids_in("device_id = \"press7\""), [""; 0]);
    }
}
