//! The parts of a run that are processes of their own: the keeper of its containers, and their
//! inside. Nobody but edgeprobe itself starts them.

use std::io;

use edgeprobe_probes::vantage;
use tokio::io::{stdin, stdout};

use super::problem::Problem;

/// Has containers for a run that gives its orders on standard input, until it ends.
pub(super) fn keep() -> Result<u8, Problem> {
    block_on(vantage::keep())
}

/// Answers questions from standard input, until it ends.
pub(super) fn answer() -> Result<u8, Problem> {
    block_on(vantage::answer(stdin(), stdout()))
}

fn block_on(work: impl Future<Output = io::Result<()>>) -> Result<u8, Problem> {
    let failed = |error: io::Error| {
        Problem::new(format!("a part of a run ended: {error}"))
            .hint("edgeprobe itself starts these commands; `edgeprobe check` is the one to run")
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let result = runtime.block_on(work);
    // Reading standard input takes a thread that nothing but its end can end.
    runtime.shutdown_background();
    result.map(|()| 0).map_err(failed)
}
