//! The schedule as cron reads it.

use std::path::Path;

use super::{Machine, Schedule, Written};

/// cron reads no file here whose name has a full stop in it.
pub(super) const FILE: &str = "/etc/cron.d/edgeprobe";

/// Everywhere that `ip`, `nft`, `iptables-save` and `getent` are, since cron's own search path is
/// short.
const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin";

/// The file for root's runs.
pub(super) fn file(schedule: &Schedule, machine: &Machine) -> Written {
    let text = format!(
        "{}SHELL=/bin/sh\nPATH={SEARCH_PATH}\n{}\n",
        schedule.heading(),
        line(schedule, machine, Some("root"))
    );
    Written { path: Path::new(FILE).to_owned(), text }
}

/// The line for a run. Files of the system name the user, a user's own crontab does not.
///
/// cron counts in minutes, and so the seconds of this machine's own delay are slept.
pub(super) fn line(schedule: &Schedule, machine: &Machine, user: Option<&str>) -> String {
    let delay = machine.share_of(schedule.times.longest_delay()).as_secs();
    let fields = schedule.times.fields(delay / 60).join(" ");
    let user = user.map(|user| format!("{user} ")).unwrap_or_default();
    let words: Vec<String> = schedule.job.words().map(|word| quoted(&word)).collect();
    format!("{fields} {user}sleep {}; {}", delay % 60, words.join(" "))
}

/// A word for the shell, in which cron reads no line break.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,@+[]".contains(c);
    let quoted = if !word.is_empty() && word.chars().all(is_plain) && !word.starts_with('[') {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    };
    quoted.replace('%', r"\%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_means_itself() {
        assert_eq!(quoted("--hub=h.net:1"), "--hub=h.net:1");
        assert_eq!(quoted("it's $HOME; 100%"), r"'it'\''s $HOME; 100\%'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("*"), "'*'");
    }
}
