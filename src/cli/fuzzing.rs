//! What arbitrary text becomes as a command line, as the value of an option, and as a recorded report.

use clap::Parser as _;

use super::{Cli, proxy, replay, services, setup, usage};
use crate::report::Report;

/// The report in a text; none where it is refused.
pub fn report(text: &str) -> Option<Report> {
    replay::parse("report.json", text).ok()
}

/// What is told of a command line that is refused.
pub fn command_line(arguments: &[&str]) -> Option<String> {
    let all = ["edgeprobe"].iter().chain(arguments);
    let error = Cli::try_parse_from(all).err()?;
    error.use_stderr().then(|| usage::as_problem(&error).to_string())
}

/// What is told of a value that options refuse.
pub fn value(text: &str) -> Vec<String> {
    let refused = [
        setup::resolver(text).map(drop),
        setup::timeout(text).map(drop),
        proxy::given(Some(text)).map(drop),
        services::provisioning(text).map(drop),
    ];
    refused.into_iter().filter_map(|it| it.err().map(|problem| problem.to_string())).collect()
}
