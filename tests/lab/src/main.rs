//! The lab at the command line: list the scenarios, run them, look around in one.

mod shell;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use anstream::{eprintln, println};
use clap::{Args, Parser, Subcommand};
use edgeprobe_lab::servers::{Emulator, Plain, Servers};
use edgeprobe_lab::{Judge, Row, Scenario, requirements, run_all, scenarios, sweep, table};

/// Real networks with real faults, in namespaces: what edgeprobe's verdicts are held against.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the scenarios: what is broken and which verdict is right.
    List,
    /// Run the named scenarios.
    Run {
        /// Names of scenarios.
        #[arg(required = true, value_parser = scenario)]
        scenarios: Vec<Scenario>,
        #[command(flatten)]
        with: With,
    },
    /// Run all scenarios.
    RunAll {
        #[command(flatten)]
        with: With,
    },
    /// Run a command on the device of a scenario; its exit code is this one's.
    Exec {
        /// The name of the scenario.
        #[arg(value_parser = scenario)]
        scenario: Scenario,
        #[command(flatten)]
        with: With,
        /// The command and its arguments, after `--`.
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Open a shell on the device of a scenario.
    Shell {
        /// The name of the scenario.
        #[arg(value_parser = scenario)]
        scenario: Scenario,
        #[command(flatten)]
        with: With,
    },
}

#[derive(Debug, Args)]
struct With {
    /// The edgeprobe whose verdicts are tested; without it, only the faults are proved.
    #[arg(long, value_name = "PATH", value_parser = program)]
    edgeprobe: Option<PathBuf>,
    /// The IoT Hub emulator to serve the internet; without it, dnsmasq and OpenSSL do.
    #[arg(long, value_name = "PATH", value_parser = program)]
    emulator: Option<PathBuf>,
    /// A folder to keep each scenario's report in, as lab-NAME.json: what tests/golden has is made
    /// so.
    #[arg(long, value_name = "FOLDER", requires = "edgeprobe")]
    record: Option<PathBuf>,
    /// What the way to the internet adds to every round trip.
    #[arg(long, value_name = "DURATION", default_value = "0ms")]
    round_trip: humantime::Duration,
    /// How many scenarios run at a time.
    #[arg(long, default_value = "2")]
    jobs: NonZeroUsize,
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::List => {
            println!("{}", table::list(&scenarios::all()));
            ExitCode::SUCCESS
        }
        Command::Run { scenarios, with } => in_the_lab(|| run(scenarios, with)),
        Command::RunAll { with } => in_the_lab(|| run(scenarios::all(), with)),
        Command::Exec { scenario, with, command } => {
            in_the_lab(|| told(shell::exec(&with.apply(scenario), &*with.servers(), &command)))
        }
        Command::Shell { scenario, with } => in_the_lab(|| {
            let opened = shell::open(&with.apply(scenario), &*with.servers());
            told(opened.map(|()| ExitCode::SUCCESS))
        }),
    }
}

/// Tells a person what the lab failed in.
fn told(result: edgeprobe_lab::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

/// Does `work` where a lab can be built, and says what is missing where it cannot.
fn in_the_lab(work: impl FnOnce() -> ExitCode) -> ExitCode {
    let missing = requirements::missing();
    if !missing.is_empty() {
        eprintln!("error: the lab cannot be built here\nhint: missing: {}", missing.join(", "));
        return ExitCode::FAILURE;
    }
    sweep();
    work()
}

fn run(scenarios: Vec<Scenario>, with: With) -> ExitCode {
    let servers = with.servers();
    let scenarios: Vec<_> = scenarios.into_iter().map(|one| with.apply(one)).collect();
    let judge =
        with.edgeprobe.map(|program| Judge { program, arguments: Vec::new(), record: with.record });
    let tell = |row: &Row| eprintln!("{}", table::progress(row));
    let rows = run_all(&scenarios, &*servers, judge.as_ref(), with.jobs.get(), tell);
    println!("{}", table::results(&rows));
    let good = rows.iter().filter(|row| row.outcome.is_good()).count();
    println!("{good} of {} as expected", rows.len());
    if good == scenarios.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl With {
    fn apply(&self, mut scenario: Scenario) -> Scenario {
        scenario.topology.round_trip = self.round_trip.into();
        scenario
    }

    fn servers(&self) -> Box<dyn Servers> {
        match &self.emulator {
            Some(program) => Box::new(Emulator { program: program.clone() }),
            None => Box::new(Plain),
        }
    }
}

fn scenario(name: &str) -> Result<Scenario, String> {
    scenarios::named(name).ok_or_else(|| "no such scenario; `list` shows all".to_owned())
}

/// The lab's hosts have folders of their own, so a program is named in full.
fn program(path: &str) -> Result<PathBuf, String> {
    PathBuf::from(path).canonicalize().map_err(|error| error.to_string())
}
