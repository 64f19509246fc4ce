//! Files that are generated and checked in: compared with what they should hold, or written anew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// `scripts/renew` sets it to the names of what it renews.
const VARIABLE: &str = "EDGEPROBE_RENEW";

/// Whether `scripts/renew NAME` runs.
pub(crate) fn renews(name: &str) -> bool {
    std::env::var(VARIABLE).is_ok_and(|names| names.split(' ').any(|one| one == name))
}

/// Panics with the names of the files that do not hold what they should, and how to renew them; under
/// `scripts/renew NAME` it writes them.
#[track_caller]
pub(crate) fn assert_up_to_date<P: AsRef<Path>>(name: &str, files: &[(P, String)]) {
    let mut stale = String::new();
    for (path, wanted) in files {
        let path = path.as_ref();
        let kept = fs::read_to_string(path).unwrap_or_default();
        if kept == *wanted {
            continue;
        }
        if renews(name) {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, wanted).unwrap();
            println!("renewed {}", path.display());
        }
        let _ = write!(stale, "\n{}{}", path.display(), first_difference(&kept, wanted));
    }
    assert!(stale.is_empty() || renews(name), "stale, run `scripts/renew {name}`:{stale}");
}

/// The first line that differs, as it is kept and as it should be.
fn first_difference(kept: &str, wanted: &str) -> String {
    let lines = kept.lines().map(Some).chain([None]).zip(wanted.lines().map(Some).chain([None]));
    let Some((index, (old, new))) = lines.enumerate().find(|(_, (old, new))| old != new) else {
        return ": the end differs".to_owned();
    };
    let shown = |line: Option<&str>| {
        line.map_or("the end".to_owned(), |line| line.chars().take(300).collect())
    };
    format!(" line {}\n  is        {}\n  should be {}", index + 1, shown(old), shown(new))
}
