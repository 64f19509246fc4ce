//! Removing what a killed lab left: empty control groups.

use std::fs;
use std::path::{Path, PathBuf};

use crate::name::LabName;

/// Removes the control groups of labs whose process is gone, and returns how many there were.
///
/// Nothing else survives a lab: see the [crate](crate)'s documentation. A group that is in use
/// cannot be removed, so this never harms a running lab.
pub fn sweep() -> usize {
    let gone = |lab: LabName| !Path::new(&format!("/proc/{}", lab.process())).exists();
    remove(&groups(gone))
}

/// Removes the control groups of one lab.
pub(crate) fn sweep_lab(lab: LabName) {
    remove(&groups(|found| found == lab));
}

fn groups(wanted: impl Fn(LabName) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    descend(Path::new("/sys/fs/cgroup"), 0, &mut |path| {
        let name = path.file_name().and_then(|name| name.to_str()).and_then(LabName::parse);
        name.is_some_and(&wanted).then(|| found.push(path.to_owned()));
    });
    found
}

fn remove(groups: &[PathBuf]) -> usize {
    groups.iter().filter(|group| remove_tree(group)).count()
}

/// Removes a control group after those below it; files in it are the kernel's and do not matter.
fn remove_tree(group: &Path) -> bool {
    for below in folders(group) {
        remove_tree(&below);
    }
    fs::remove_dir(group).is_ok()
}

fn descend(folder: &Path, depth: usize, visit: &mut impl FnMut(&Path)) {
    // Version 1's hierarchies, then a container's or a service's own groups, then the lab's.
    const DEEPEST: usize = 8;
    for below in folders(folder) {
        visit(&below);
        if depth < DEEPEST {
            descend(&below, depth + 1, visit);
        }
    }
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}
