//! From the options of `check` that were given to the command line of a periodic run.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use edgeprobe_facts::clean;
use edgeprobe_facts::mask::{MASK, mask};

use super::super::check;
use super::super::once::GRACE;
use super::super::problem::Problem;
use super::super::setup::timeout;
use super::super::usage::as_problem;
use crate::schedule::{Job, LAST_REPORT, RECORD, STATE_FOLDER, Times};

/// Variables that a run would read, and that neither systemd nor cron hands on; each with the option
/// that stands for it.
const VARIABLES: [(&str, &str); 6] = [
    ("EDGEPROBE_HUB", "--hub"),
    ("https_proxy", "--proxy"),
    ("HTTPS_PROXY", "--proxy"),
    ("no_proxy", "--proxy"),
    ("NO_PROXY", "--proxy"),
    ("DOCKER_HOST", "DOCKER_HOST"),
];

/// The options of `check` alone.
#[derive(Debug, Parser)]
#[command(name = "edgeprobe check", no_binary_name = true)]
struct Line {
    #[command(flatten)]
    options: check::Options,
}

/// Reads `--every`.
pub(super) fn interval(text: &str) -> Result<Duration, Problem> {
    humantime::parse_duration(text).map_err(|_| {
        Problem::new(format!("--every: `{}` is not a duration", clean::line(text, 40)))
            .hint("for example --every 15m or --every 1h")
    })
}

/// The run with these options. `user` is the folder of the state of a user who is not root.
pub(super) fn from_options(
    given: &[String],
    times: &Times,
    user: Option<&Path>,
) -> Result<Job, Problem> {
    for word in given {
        no_secret(word)?;
    }
    let options = Line::try_parse_from(given).map_err(|error| as_problem(&error))?.options;
    if options.lock.is_some() {
        return Err(
            Problem::new("--lock: the schedule already has a lock").hint("leave the option out")
        );
    }
    for (option, path) in options.files() {
        if path.is_relative() {
            let shown = clean::line(&path.display().to_string(), 200);
            return Err(Problem::new(format!(
                "{option}: {shown} is a relative path, and periodic runs start in another folder"
            ))
            .hint("give the full path, starting with /"));
        }
    }
    let limit = timeout(&options.target.timeout)?;
    if limit + GRACE >= times.shortest_gap() {
        return Err(Problem::new(format!(
            "--timeout: a run may take {}, which is not shorter than the time between two runs ({})",
            humantime::format_duration(limit),
            humantime::format_duration(times.shortest_gap())
        ))
        .hint("give --timeout less, or let the runs be further apart"));
    }
    let state_folder = user.map_or_else(|| PathBuf::from(STATE_FOLDER), Path::to_owned);
    Ok(Job {
        program: this_program()?,
        arguments: arguments(given, &options, &state_folder),
        limit,
        output_folder: options.telling.output.and_then(|path| path.parent().map(Path::to_owned)),
        state_folder,
    })
}

/// What `check` is given: to be silent while all is well, and to keep the report, unless the user's
/// own options say it otherwise.
fn arguments(given: &[String], options: &check::Options, state_folder: &Path) -> Vec<String> {
    let in_state = |name: &str| state_folder.join(name).display().to_string();
    let has = |option: &str| {
        given.iter().any(|word| word == option || word.starts_with(&format!("{option}=")))
    };
    let mut arguments = vec!["check".to_owned()];
    if !options.telling.quiet {
        arguments.push("--quiet".to_owned());
    }
    if options.telling.output.is_none() {
        if !has("--format") {
            arguments.extend(["--format", "json"].map(str::to_owned));
        }
        arguments.extend(["--output".to_owned(), in_state(LAST_REPORT)]);
    }
    arguments.extend(["--lock".to_owned(), in_state(RECORD)]);
    arguments.extend(given.iter().cloned());
    arguments
}

/// The files that a schedule is written to can be read by everybody, and so can a command line.
fn no_secret(word: &str) -> Result<(), Problem> {
    let authority = word.split_once("://").map(|(_, rest)| rest.split(['/', '?']).next());
    let has_user = authority.flatten().is_some_and(|authority| authority.contains('@'));
    // The program starts anew where a key is given for the hub, with a mark in the key's place.
    if has_user || word.contains(MASK) || mask(word) != word {
        return Err(Problem::new(
            "the options contain a secret, and every user can read a schedule",
        )
        .hint(
            "give --hub the host name alone, --proxy a URL without a password; a proxy's \
                 password may stand in the runtime's own configuration, which root reads",
        ));
    }
    if word.contains(char::is_control) {
        return Err(Problem::new("an option has a line break or another control character in it")
            .hint("leave it out"));
    }
    Ok(())
}

fn this_program() -> Result<PathBuf, Problem> {
    env::current_exe().and_then(|path| path.canonicalize()).map_err(|error| {
        Problem::new(format!("cannot find the path of this program: {error}"))
            .hint("run it by its full path")
    })
}

/// The folder for the state of this user's own runs; `None` for root.
pub(super) fn ordinary_user() -> Option<PathBuf> {
    if is_root() {
        return None;
    }
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME");
    let state = state.or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
    Some(state.unwrap_or_else(env::temp_dir).join("edgeprobe"))
}

/// Whether this process is root's: whose its own folder of /proc is.
#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    true
}

/// A line for the variables that are set here, would be read by a run, and are not handed on.
pub(super) fn forgotten_variables(given: &[String]) -> Option<String> {
    let is_forgotten = |(name, option): &(&str, &str)| {
        let is_set = env::var_os(name).is_some_and(|value| !value.is_empty());
        is_set && !given.iter().any(|word| word.starts_with(option))
    };
    let names: Vec<&str> =
        VARIABLES.into_iter().filter(is_forgotten).map(|(name, _)| name).collect();
    if names.is_empty() {
        return None;
    }
    let problem = Problem::new(format!(
        "periodic runs do not have these settings: {}",
        names.join(", ")
    ))
    .hint(
        "give --hub and --proxy after `--`; with systemd, `systemctl edit edgeprobe.service` takes \
         `Environment=` for the rest",
    );
    Some(problem.told("note"))
}
