//! The man page, from the commands' own help.

use std::fmt::Write as _;
use std::io;

use clap::{Arg, Command};

use super::problem::Problem;

/// The man page of the program. Commands are sections of it and have no separate pages.
pub(super) fn page() -> Result<String, Problem> {
    let failed = |error: io::Error| Problem::new(format!("cannot write the man page: {error}"));
    let command = super::command();
    let whole = Command::new("edgeprobe")
        .version(env!("CARGO_PKG_VERSION"))
        .about(command.get_about().cloned().unwrap_or_default())
        .arg(Arg::new("COMMAND").required(true).help("One of the commands below"))
        .args(command.get_arguments().cloned());
    let mut page = Vec::new();
    clap_mangen::Man::new(whole).render(&mut page).map_err(failed)?;
    let mut page = String::from_utf8_lossy(&page).into_owned();
    page += &notes(".SH", &command);
    page += &environment();
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        page += &section(sub, &format!("edgeprobe {}", sub.get_name())).map_err(failed)?;
        for part in sub.get_subcommands() {
            let name = format!("edgeprobe {} {}", sub.get_name(), part.get_name());
            page += &section(part, &name).map_err(failed)?;
        }
    }
    Ok(page)
}

/// The section of one command.
fn section(command: &Command, name: &str) -> io::Result<String> {
    let man = clap_mangen::Man::new(command.clone().bin_name(name));
    let mut sections = Vec::new();
    man.render_synopsis_section(&mut sections)?;
    man.render_description_section(&mut sections)?;
    man.render_options_section(&mut sections)?;
    let sections = String::from_utf8_lossy(&sections).replace(".SH ", ".SS ");
    let heading = name.trim_start_matches("edgeprobe ").to_uppercase();
    Ok(format!(".SH COMMAND {heading}\n{sections}{}", notes(".SS", command)))
}

/// What stands below a command's options, line by line as in its help: examples and exit codes.
fn notes(heading: &str, command: &Command) -> String {
    let Some(text) = command.get_after_help() else { return String::new() };
    let lines: String = text.to_string().lines().map(|line| plain(line) + "\n").collect();
    format!("{heading} NOTES\n.nf\n{lines}.fi\n")
}

/// The variables that the program reads.
fn environment() -> String {
    let variables = [
        ("EDGEPROBE_HUB", "The IoT Hub's host name, where --hub is not given."),
        ("https_proxy, HTTPS_PROXY, no_proxy, NO_PROXY", "The proxy, where --proxy is not given."),
        ("DOCKER_HOST", "The container engine, else the one at its usual socket."),
        ("DOCKER_CONFIG", "The folder of the engine's configuration, for --registry-credentials."),
        ("LC_ALL, LC_MESSAGES, LANG", "The language, where --lang is not given."),
        ("NO_COLOR, CLICOLOR_FORCE", "Whether there are colours, where --color is not given."),
        (
            "EDGEPROBE_LOG",
            "Diagnostics for developers on standard error: error, warn, info, debug or trace.",
        ),
    ];
    let entry =
        |(name, text): (&str, &str)| format!(".TP\n\\fB{}\\fR\n{}\n", plain(name), plain(text));
    format!(".SH ENVIRONMENT\n{}", variables.map(entry).concat())
}

/// A line of text that means nothing else to the formatter.
fn plain(line: &str) -> String {
    let mut out = String::new();
    // What begins with one of these would be a request.
    if line.starts_with(['.', '\'']) {
        out += "\\&";
    }
    for c in line.chars() {
        match c {
            '\\' => out += "\\e",
            '-' => out += "\\-",
            c if c.is_ascii() => out.push(c),
            c => {
                let _ = write!(out, "\\[u{:04X}]", u32::from(c));
            }
        }
    }
    out
}
