//! edgeprobe says why an Azure IoT Edge device cannot talk to IoT Hub, and proves it.
//!
//! plan → observe → judge → tell: see ARCHITECTURE.md.

mod cli;
mod plan;
mod report;
mod run;
mod verdict;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
