//! Files that say how names are resolved and what system this is.

use std::io;
use std::path::Path;

use edgeprobe_facts::dns::resolv_conf::{BEHIND_STUB, RESOLV_CONF};
use edgeprobe_probes::bounded;

use super::Part;
use super::shared::{item, listing, unread};
use crate::bundle::What;

/// Bytes of a file that are read; real ones have some hundred or thousand.
const LARGEST: u64 = 1024 * 1024;

const NSSWITCH: &str = "/etc/nsswitch.conf";

/// Where each file goes.
const FILES: [(&str, What, &str); 9] = [
    ("names/resolv.conf", What::Resolver, RESOLV_CONF),
    ("names/systemd-resolved.resolv.conf", What::Resolver, BEHIND_STUB),
    ("names/resolved.conf", What::Resolver, "/etc/systemd/resolved.conf"),
    ("names/hosts", What::Resolver, "/etc/hosts"),
    ("names/nsswitch.conf", What::Resolver, NSSWITCH),
    ("names/gai.conf", What::Resolver, "/etc/gai.conf"),
    ("system/os-release.txt", What::System, "/etc/os-release"),
    ("system/kernel.txt", What::System, "/proc/version"),
    ("system/uptime.txt", What::System, "/proc/uptime"),
];

pub(super) fn part() -> Part {
    Part::new("names/resolv.conf", What::Resolver, RESOLV_CONF, |_| {
        FILES
            .iter()
            .map(|(path, what, source)| {
                let text = read(Path::new(source)).map(|text| concerned(source, text));
                item(
                    path,
                    *what,
                    source,
                    text.map_err(|error| unread(&error)).and_then(|text| listing(&text)),
                )
            })
            .collect()
    })
}

/// Of the sources of all names the line that is about hosts.
fn concerned(source: &str, text: String) -> String {
    if source != NSSWITCH {
        return text;
    }
    text.split_inclusive('\n').filter(|line| line.starts_with("hosts")).collect()
}

/// The text of a regular file of at most 1 MiB; what is no UTF-8 in it is replaced.
pub(super) fn read(path: &Path) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&bounded::read(path, LARGEST)?).into_owned())
}
