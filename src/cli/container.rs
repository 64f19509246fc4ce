//! The parts of a run that are separate processes: the cleanup process of its containers, their inside, and
//! a program that ends with the run. Only edgeprobe itself starts them.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use clap::Args;
use edgeprobe_probes::{tool, vantage};
use tokio::io::{stdin, stdout};

use super::problem::Problem;

/// Runs the cleanup process.
pub(super) fn remove_containers_after_run() -> Result<u8, Problem> {
    block_on(vantage::remove_containers_after_run())
}

/// Answers questions from standard input, until it ends.
pub(super) fn answer() -> Result<u8, Problem> {
    block_on(vantage::answer(stdin(), stdout()))
}

/// A program, and the process that it is not to outlive.
#[derive(Debug, Args)]
pub(super) struct EndsWith {
    starter: u32,
    program: PathBuf,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Becomes the program.
pub(super) fn run_until_the_end(options: &EndsWith) -> Result<u8, Problem> {
    let EndsWith { starter, program, arguments } = options;
    Err(failed(&tool::run_until_the_end_of(*starter, program, arguments)))
}

fn block_on(work: impl Future<Output = io::Result<()>>) -> Result<u8, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(&error))?;
    let result = runtime.block_on(work);
    // Reading standard input takes a thread that nothing but its end can end.
    runtime.shutdown_background();
    result.map(|()| 0).map_err(|error| failed(&error))
}

fn failed(error: &io::Error) -> Problem {
    Problem::new(format!("a part of a run ended: {error}"))
        .hint("edgeprobe itself starts these commands; `edgeprobe check` is the one to run")
}
