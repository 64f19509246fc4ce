//! The names by which a lab's own things are told from everybody else's.

use std::fmt;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// The beginning of the name of everything that a lab makes.
pub const PREFIX: &str = "edgeprobe-lab";

/// The name of one lab: unique on the machine while the process that made it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LabName {
    process: u32,
    number: u32,
}

impl LabName {
    /// Returns a name that no other lab has.
    pub(crate) fn new() -> Self {
        Self { process: process::id(), number: next() }
    }

    /// Reads a name back; `None` when `text` is not the name of a lab.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (process, number) = text.strip_prefix(PREFIX)?.strip_prefix('-')?.split_once('-')?;
        Some(Self { process: process.parse().ok()?, number: number.parse().ok()? })
    }

    /// Returns the process that made the lab.
    pub(crate) fn process(self) -> u32 {
        self.process
    }
}

impl fmt::Display for LabName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{PREFIX}-{}-{}", self.process, self.number)
    }
}

/// Returns a name for an interface that is about to be moved to its host, within the kernel's 15
/// characters.
pub(crate) fn passing_interface() -> String {
    format!("epl{}n{}", process::id(), next())
}

fn next() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_and_strangers_are_not() {
        let name = LabName::new();
        assert_eq!(LabName::parse(&name.to_string()), Some(name));
        assert_eq!(LabName::parse("docker"), None);
        assert_eq!(LabName::parse("edgeprobe-lab-of-somebody"), None);
    }

    #[test]
    fn names_of_interfaces_fit_the_kernel() {
        assert!(passing_interface().len() <= 15);
    }
}
