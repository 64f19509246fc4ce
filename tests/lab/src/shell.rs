//! A shell on the device of a scenario for a person to look around in, or one command there.

use std::process::ExitCode;

use anstream::eprintln;
use edgeprobe_lab::servers::Servers;
use edgeprobe_lab::world::{CA_FILE, HUB_NAME};
use edgeprobe_lab::{Lab, Result, Scenario};

/// Builds the lab of `scenario`, breaks it, and opens a shell on its device until that is left.
pub(crate) fn open(scenario: &Scenario, servers: &dyn Servers) -> Result<()> {
    let mut lab = Lab::build(scenario.topology, servers)?;
    (scenario.fault)(&mut lab)?;
    eprintln!("{}: {}", scenario.name, scenario.broken);
    eprintln!("expected: {}", scenario.expected);
    eprintln!("hub: {HUB_NAME}, its authority: {CA_FILE}; leave the shell to remove the lab");
    // A terminal of its own: job control needs one whose processes this namespace can see.
    let mut shell =
        lab.device().command(&["script", "--quiet", "--command", "bash -i", "/dev/null"]);
    shell.env("TERM", std::env::var_os("TERM").unwrap_or_default());
    // How the person leaves the shell says nothing about the lab.
    let _ = shell.status();
    Ok(())
}

/// Builds the lab of `scenario`, breaks it, and runs a command on its device to its end.
pub(crate) fn exec(
    scenario: &Scenario,
    servers: &dyn Servers,
    words: &[String],
) -> Result<ExitCode> {
    let mut lab = Lab::build(scenario.topology, servers)?;
    (scenario.fault)(&mut lab)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let code = lab.device().command(&words).status().ok().and_then(|status| status.code());
    Ok(code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
