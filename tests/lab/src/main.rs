//! The lab at the command line: list the scenarios, run them, look around in one.

mod shell;

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use anstream::{eprintln, println};
use clap::{Args, Parser, Subcommand};
use edgeprobe_lab::cure::{Treated, cure_all};
use edgeprobe_lab::mix::{Combination, Examined, draw, examine_all};
use edgeprobe_lab::servers::{Emulator, Plain, Servers};
use edgeprobe_lab::{Judge, Line, Row, Scenario, requirements, run_all, scenarios, sweep, table};

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
    /// Do on the devices of the named scenarios, or of all, what the reports say to do, and see
    /// whether that cures them.
    Cure {
        /// Names of scenarios.
        #[arg(value_parser = scenario)]
        scenarios: Vec<Scenario>,
        #[command(flatten)]
        with: With,
    },
    /// Run random combinations of the scenarios' faults, and judge the verdicts by what holds of
    /// any of them.
    Mix {
        #[command(flatten)]
        draw: Draw,
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
struct Draw {
    /// The seed that the combinations are drawn with.
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
    /// How many combinations are drawn.
    #[arg(long, value_name = "M", default_value = "20")]
    count: u64,
    /// The index of the first.
    #[arg(long, value_name = "INDEX", default_value = "0")]
    from: u64,
    /// Run the combination with this index alone.
    #[arg(long, value_name = "INDEX")]
    only: Option<u64>,
    /// How many faults stand in each.
    #[arg(long, value_name = "LEAST..MOST", default_value = "2..3", value_parser = range)]
    faults: RangeInclusive<usize>,
    /// The limit of each check.
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    timeout: humantime::Duration,
}

#[derive(Debug, Args)]
struct With {
    /// The edgeprobe whose verdicts are tested; without it, only the faults are proved.
    #[arg(long, value_name = "PATH", value_parser = program)]
    edgeprobe: Option<PathBuf>,
    /// The IoT Hub emulator to serve the internet; without it, dnsmasq and nginx do.
    #[arg(long, value_name = "PATH", value_parser = program)]
    emulator: Option<PathBuf>,
    /// A folder to keep each report in, a scenario's as lab-NAME.json: what tests/golden has is made
    /// so.
    #[arg(long, value_name = "FOLDER", requires = "edgeprobe")]
    record: Option<PathBuf>,
    /// What the way to the internet adds to every round trip.
    #[arg(long, value_name = "DURATION", default_value = "0ms")]
    round_trip: humantime::Duration,
    /// How many packets of a hundred the way to the internet loses, in each direction.
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    loss: f64,
    /// The most that a packet takes longer than another on the way to the internet.
    #[arg(long, value_name = "DURATION", default_value = "0ms")]
    jitter: humantime::Duration,
    /// How many packets of a hundred later ones overtake on the way to the internet.
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    reordering: f64,
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
        Command::Cure { scenarios, with } if scenarios.is_empty() => {
            in_the_lab(|| cure(&scenarios::all(), with))
        }
        Command::Cure { scenarios, with } => in_the_lab(|| cure(&scenarios, with)),
        Command::Mix { draw, with } => in_the_lab(|| mix(&draw, with)),
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

fn cure(scenarios: &[Scenario], with: With) -> ExitCode {
    let servers = with.servers();
    let Some(program) = with.edgeprobe else {
        eprintln!("error: --edgeprobe is missing\nhint: its reports say what is to be done");
        return ExitCode::FAILURE;
    };
    let judge = Judge { program, arguments: Vec::new(), record: None };
    let tell = |one: &Treated| eprintln!("{}: {}", one.scenario.name, one.commands.join("; "));
    let all = cure_all(scenarios, &*servers, &judge, with.jobs.get(), tell);
    println!("{}", table::cures(&all));
    let cured = all.iter().filter(|one| one.is_cured()).count();
    println!("{cured} of {} cured", all.len());
    if cured == all.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn mix(draw: &Draw, with: With) -> ExitCode {
    let servers = with.servers();
    let arguments = vec!["--timeout".to_owned(), draw.timeout.to_string()];
    let judge = with.edgeprobe.map(|program| Judge { program, arguments, record: None });
    let tell = |one: &Examined| eprintln!("{}", table::mixed(one));
    let drawn = draw.combinations();
    let all = examine_all(&drawn, &*servers, judge.as_ref(), with.jobs.get(), tell);
    println!("{}", table::mixes(&all));
    if let Some(Err(error)) = with.record.as_deref().map(|folder| keep(&all, folder)) {
        eprintln!("error: cannot write the reports: {error}");
        return ExitCode::FAILURE;
    }
    let good = all.iter().filter(|one| one.is_good()).count();
    println!("{good} of {} as expected", all.len());
    for one in all.iter().filter(|one| !one.is_good()) {
        let (seed, index) = (one.combination.seed, one.combination.index);
        println!(
            "again: edgeprobe-lab mix --seed {seed} --only {index} --edgeprobe … --emulator …"
        );
    }
    if good == all.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes each report into a file: the index, and `-mended` for the second.
fn keep(all: &[Examined], folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for one in all {
        for (report, which) in one.reports.iter().zip(["", "-mended"]) {
            let name = format!("{}-{}{which}.json", one.combination.seed, one.combination.index);
            fs::write(folder.join(name), report)?;
        }
    }
    Ok(())
}

impl Draw {
    fn combinations(&self) -> Vec<Combination> {
        let indices = match self.only {
            Some(index) => index..index.saturating_add(1),
            None => self.from..self.from.saturating_add(self.count),
        };
        indices.map(|index| draw(self.seed, index, &self.faults)).collect()
    }
}

/// Reads `2..3`, both ends included, or `2`.
fn range(text: &str) -> Result<RangeInclusive<usize>, String> {
    let (least, most) = text.split_once("..").unwrap_or((text, text));
    let number = |text: &str| text.parse::<usize>().map_err(|error| error.to_string());
    let (least, most) = (number(least)?, number(most)?);
    if least == 0 || most < least {
        return Err("give the least number of faults, at least 1, and the most".to_owned());
    }
    Ok(least..=most)
}

impl With {
    fn apply(&self, mut scenario: Scenario) -> Scenario {
        scenario.topology.round_trip = self.round_trip.into();
        scenario.topology.line = Line {
            loss: self.loss / 100.0,
            jitter: self.jitter.into(),
            reordering: self.reordering / 100.0,
        };
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
