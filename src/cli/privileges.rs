//! Which privileges a check can use, what they are for, and which walls keep them from strangers.

use std::fmt::Write as _;

use edgeprobe_probes::walls::{self, Wall};

use super::output::{note, print};
use super::problem::Problem;
use crate::language::Language;
use crate::report::style::{BOLD, labelled, paint, paragraphs};
use crate::report::words::word;

/// The width of the first column, with the longest label in it.
const COLUMN: usize = 12;

/// Prints each capability: what it is for, whether this process holds it, what a run without it loses.
pub(super) fn explain(language: Language) -> Result<u8, Problem> {
    let mut out = paragraphs(&word("privileges.title", language), 0) + "\n";
    for (name, is_held) in edgeprobe_probes::privileges::useful() {
        let held = if is_held { "privileges.held" } else { "privileges.not_held" };
        let [used, lost] = uses(name);
        let _ = writeln!(out, "\n{}  {}", paint(BOLD, name), word(held, language));
        for (label, text) in [("privileges.for", used), ("privileges.without", lost)] {
            let label = format!("  {}", word(label, language));
            let _ = writeln!(out, "{}", labelled(&label, COLUMN, &word(text, language)));
        }
    }
    let _ = writeln!(out, "\n{}", paragraphs(&word("privileges.engine", language), 0));
    let _ = writeln!(out, "\n{}", paragraphs(&word("privileges.threads", language), 0));
    for wall in walls::missing() {
        let _ = writeln!(out, "\n{}", paragraphs(&word(sentence(*wall), language), 0));
    }
    print(&out)?;
    Ok(0)
}

/// Says which walls this run lacks, a line each.
pub(super) fn note_missing_walls(language: Language) {
    for wall in walls::missing() {
        note(&word(sentence(*wall), language));
    }
}

/// What a capability is for, and what a run without it loses.
fn uses(capability: &str) -> [&'static str; 2] {
    match capability {
        "dac_read_search" => ["privileges.files.for", "privileges.files.without"],
        "net_bind_service" => ["privileges.ports.for", "privileges.ports.without"],
        "net_admin" => ["privileges.network.for", "privileges.network.without"],
        "net_raw" => ["privileges.packets.for", "privileges.packets.without"],
        "sys_ptrace" => ["privileges.processes.for", "privileges.processes.without"],
        _ => ["privileges.namespaces.for", "privileges.namespaces.without"],
    }
}

fn sentence(wall: Wall) -> &'static str {
    match wall {
        Wall::Capabilities => "walls.capabilities",
        Wall::NewPrivileges => "walls.new_privileges",
        Wall::Files => "walls.files",
        Wall::SystemCalls => "walls.system_calls",
    }
}
