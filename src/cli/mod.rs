//! The commands and their options. Nothing else knows clap, and nothing else prints.

mod arguments;
mod bundle;
mod cause_pages;
mod check;
mod container;
mod demo;
mod device;
mod diagnostics;
mod doubt;
mod explain;
mod format;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod generate;
mod language;
mod logs;
mod man_page;
mod once;
mod options;
mod output;
mod own_limits;
mod privileges;
mod probe;
mod problem;
mod progress;
mod proxy;
mod replay;
mod schedule;
mod services;
mod session;
mod setup;
mod usage;
mod vpn;

use std::panic;
use std::process::ExitCode;

use clap::{ColorChoice, CommandFactory, Parser, Subcommand, ValueEnum};

use edgeprobe_probes::tool::ENDS_WITH;
use edgeprobe_probes::vantage::{INSIDE, REMOVE_CONTAINERS};
use edgeprobe_probes::walls;

use language::{Lang, Languages};
use output::print_error;
use problem::Problem;

/// The exit code of usage errors and of edgeprobe's own failures.
const FAILED: u8 = 3;

/// Says why an Azure IoT Edge device cannot talk to IoT Hub, and proves it
#[derive(Debug, Parser)]
#[command(name = "edgeprobe", version, propagate_version = true, max_term_width = 80)]
#[command(after_help = "\
Exit codes: 0 healthy, 1 degraded, 2 blocked, 3 inconclusive or a failure of
edgeprobe itself.

Start here:
  edgeprobe demo                                   a whole check, without Azure
  edgeprobe check --hub contoso.azure-devices.net  this device
  edgeprobe explain                                every cause that it can name")]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// When to use colour
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t = Color::Auto,
        value_name = "WHEN",
        // After every command's own options.
        display_order = 900
    )]
    color: Color,

    /// The language of verdicts and pages [default: the locale's, else English]
    #[arg(long, global = true, value_enum, value_name = "LANGUAGE", display_order = 901)]
    lang: Option<Lang>,

    /// Keep all privileges in every thread: for a system on which the walls break something
    /// (docs/security.md)
    #[arg(long, global = true, hide = true)]
    without_walls: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Will Edge Agent reach IoT Hub and Edge Hub start here, and if not, why?
    Check(check::Options),
    /// Does a VPN override the edge network? One answer, and each network's routes
    Vpn(vpn::Options),
    /// One probe alone, with all of its facts
    Probe(probe::Options),
    /// Which cause do the runtime's logs point to? Files, containers, the journal
    Logs(logs::Options),
    /// One archive for a support case: report, logs, routes, rules, configuration
    Bundle(bundle::Options),
    /// The causes: symptom, cause, proof, remedy
    Explain(explain::Options),
    /// The verdict again, from a recorded report
    Replay(replay::Options),
    /// Periodic runs by systemd or cron: install, status, remove
    Schedule(schedule::Options),
    /// A whole check against an embedded IoT Hub: needs no Azure, no network, no root
    Demo(demo::Options),
    /// The man page, shell completions, the report's JSON Schema
    #[command(hide = true)]
    Generate(generate::Options),
    /// For edgeprobe itself: starts the containers of a run, and removes them when it ends
    #[command(hide = true, name = REMOVE_CONTAINERS)]
    CleanupProcess,
    /// For edgeprobe itself: answers from inside a container
    #[command(hide = true, name = INSIDE)]
    Inside,
    /// For edgeprobe itself: runs another program until the run ends
    #[command(hide = true, name = ENDS_WITH)]
    EndsWith(container::EndsWith),
}

impl Command {
    /// Whether it speaks to others or reads what they have written. The rest works for whoever calls it
    /// alone, and keeps the caller's rights: what `schedule` installs is root's.
    fn reads_what_strangers_write(&self) -> bool {
        match self {
            Self::Check(_)
            | Self::Vpn(_)
            | Self::Probe(_)
            | Self::Logs(_)
            | Self::Bundle(_)
            | Self::Replay(_)
            | Self::Demo(_)
            | Self::CleanupProcess
            | Self::Inside => true,
            Self::Explain(_) | Self::Schedule(_) | Self::Generate(_) | Self::EndsWith(_) => false,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// Runs the program: arguments in, exit code out.
pub fn main() -> ExitCode {
    edgeprobe_probes::memory::forbid_dumps();
    // Reading the command line takes memory as well.
    if let Err(told) = own_limits::prepare() {
        output::note(&told);
        return ExitCode::from(FAILED);
    }
    arguments::hide_keys();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::tell(&error),
    };
    match cli.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    diagnostics::start();
    if cli.command.reads_what_strangers_write() && !cli.without_walls {
        walls::raise();
    }
    // A defect of this program is no verdict on the device.
    let languages = Languages::new(cli.lang);
    let outcome = panic::catch_unwind(|| match cli.command {
        Command::Check(options) => check::run(&options, languages),
        Command::Vpn(options) => vpn::run(&options, languages),
        Command::Probe(options) => probe::run(&options, languages),
        Command::Logs(options) => logs::run(&options, languages),
        Command::Bundle(options) => bundle::run(&options, languages),
        Command::Explain(options) => explain::run(&options, languages.for_people()),
        Command::Replay(options) => replay::run(&options, languages),
        Command::Schedule(options) => schedule::run(&options, languages),
        Command::Demo(options) => demo::run(&options, languages),
        Command::Generate(options) => generate::run(&options),
        Command::CleanupProcess => container::remove_containers_after_run(),
        Command::Inside => container::answer(),
        Command::EndsWith(options) => container::run_until_the_end(&options),
    });
    match outcome {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(problem)) => {
            print_error(&problem);
            ExitCode::from(FAILED)
        }
        Err(_) => {
            print_error(
                &Problem::new("edgeprobe itself failed; the lines above say where")
                    .hint("please report it, with those lines and the command that you ran"),
            );
            ExitCode::from(FAILED)
        }
    }
}

/// The whole command line, for the man page and the completions.
fn command() -> clap::Command {
    Cli::command().color(ColorChoice::Never)
}
