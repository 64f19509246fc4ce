//! `edgeprobe schedule`

mod job;

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::language::Languages;
use super::output::{Form, note, print};
use super::problem::Problem;
use crate::language::{Language, Text};
use crate::schedule::words::say;
use crate::schedule::{self, Machine, Manager, Schedule, State, Times, shown};

/// What `schedule status` ends with where no schedule is installed.
const NONE: u8 = 1;

/// Options of `schedule`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sudo edgeprobe schedule install --every 15m
  sudo edgeprobe schedule install --every 1h -- --hub contoso.azure-devices.net
  sudo edgeprobe schedule install --cron \"*/10 6-18 * * mon-fri\"
  edgeprobe schedule install --every 15m --dry-run   what would be written
  edgeprobe schedule status
  sudo edgeprobe schedule remove

Arguments after `--` are options of `check`. A healthy run prints nothing; any
other run prints one line, which systemd keeps in the journal and cron mails.
The last report is /var/lib/edgeprobe/last.json.

Exit codes: 0 done; `status` 1 where no schedule is installed; 3 not done.")]
pub(super) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Have systemd, or else cron, start a check periodically
    Install(Install),
    /// When the next run is, when the last one was, and how it ended
    Status(Status),
    /// Remove the schedule and the files of its runs
    Remove,
}

#[derive(Debug, Args)]
struct Install {
    /// The time between two runs; an hour or a day must be a multiple of it
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    #[arg(required_unless_present = "cron", conflicts_with = "cron")]
    every: Option<String>,

    /// The times of runs, as cron's five fields or @hourly, @daily, ...
    #[arg(long, value_name = "EXPRESSION")]
    cron: Option<String>,

    /// What starts the runs [default: systemd where it runs, else cron]
    #[arg(long, value_name = "MANAGER", value_enum)]
    with: Option<With>,

    /// Print what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// Options of `check`, for example --hub HOST
    #[arg(last = true, value_name = "OPTIONS OF CHECK")]
    check: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum With {
    Systemd,
    Cron,
}

#[derive(Debug, Args)]
struct Status {
    /// The form of the answer
    #[arg(long, value_enum, default_value_t = Form::Human, value_name = "FORM")]
    format: Form,
}

pub(super) fn run(options: &Options, languages: Languages) -> Result<u8, Problem> {
    let language = languages.for_people();
    match &options.action {
        Action::Install(options) => install(options, language),
        Action::Status(options) => status(options, language),
        Action::Remove => remove(language),
    }
}

fn install(options: &Install, language: Language) -> Result<u8, Problem> {
    let times = match (&options.every, &options.cron) {
        (Some(interval), _) => Times::every(job::interval(interval)?)?,
        (None, expression) => Times::cron(expression.as_deref().unwrap_or_default())?,
    };
    let manager = match options.with {
        Some(With::Systemd) => Ok(Manager::Systemd),
        Some(With::Cron) => Ok(Manager::Cron),
        None => Manager::detect(),
    };
    let user = job::ordinary_user().filter(|_| options.dry_run);
    let job = job::from_options(&options.check, &times, user.as_deref())?;
    let schedule = Schedule { times, job };
    if options.dry_run {
        return match user {
            Some(_) => print(&crontab(&schedule, language)),
            None => print(&would_write(&schedule, manager?, language)?),
        }
        .map(|()| 0);
    }
    if job::ordinary_user().is_some() {
        return Err(Problem::new("only root can have the system start periodic runs").hint(
            "run it with sudo; or `edgeprobe schedule install --dry-run` prints the line that this \
             user's own crontab takes (`crontab -e`, or a timer of `systemctl --user`)",
        ));
    }
    let manager = manager?;
    let files = schedule::install(&schedule, manager)?;
    let text = Text::new("installed").with("times", shown(&schedule.times.to_string(), language));
    print(&(say(&text.with("manager", manager.word()), language) + "\n"))?;
    for file in files {
        print(&format!("  {}\n", file.display()))?;
    }
    if let Some(line) = job::forgotten_variables(&options.check) {
        note(&line);
    }
    Ok(0)
}

/// The files, and the command that they run.
fn would_write(
    schedule: &Schedule,
    manager: Manager,
    language: Language,
) -> Result<String, Problem> {
    let mut out = String::new();
    for file in schedule.files(manager, &Machine::this())? {
        let text = Text::new("would_write").with("file", file.path.display());
        let _ = writeln!(out, "{}\n\n{}", say(&text, language), file.text);
    }
    if manager == Manager::Systemd {
        let commands = "systemctl daemon-reload; systemctl enable --now edgeprobe.timer";
        let text = Text::new("would_run").with("commands", commands);
        let _ = writeln!(out, "{}", say(&text, language));
    }
    Ok(out)
}

/// What a user who is not root puts into a crontab of theirs.
fn crontab(schedule: &Schedule, language: Language) -> String {
    format!(
        "{}\n\n{}\n",
        say(&Text::new("crontab"), language),
        schedule.crontab_line(&Machine::this())
    )
}

fn status(options: &Status, language: Language) -> Result<u8, Problem> {
    let state = State::read();
    let text = match options.format {
        Form::Human => state.text(language),
        Form::Json => serde_json::to_string_pretty(&state)
            .map(|text| text + "\n")
            .map_err(|error| Problem::new(format!("cannot write the state as JSON: {error}")))?,
    };
    print(&text)?;
    Ok(if state.manager.is_some() { 0 } else { NONE })
}

fn remove(language: Language) -> Result<u8, Problem> {
    let removed: Vec<PathBuf> = schedule::remove()?;
    let text = if removed.is_empty() {
        Text::new("none")
    } else {
        let files: Vec<String> = removed.iter().map(|path| path.display().to_string()).collect();
        Text::new("removed").with("files", files.join(", "))
    };
    print(&(say(&text, language) + "\n"))?;
    Ok(0)
}
