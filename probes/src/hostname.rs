//! What is the device's own host name?

use std::path::Path;
use std::time::Instant;

use edgeprobe_facts::hostname::HostnameFacts;
use edgeprobe_facts::{Facts, Failure, Observation, Outcome, Step, Token, Vantage};

use crate::recorder::{Recorder, Timeline};
use crate::{bounded, clean};

/// Where Linux has the name of this machine, or of the container that this runs in.
const KERNELS: &str = "/proc/sys/kernel/hostname";

/// The longest name that is kept, in characters; a valid one has 253 at most (RFC 1035).
const LONGEST: usize = 300;

/// Reads the machine's name, or takes the one that was given.
pub fn read(timeline: Timeline, vantage: &Vantage, given: Option<&str>) -> Observation {
    let mut recorder = Recorder::start(timeline);
    let begun = Instant::now();
    let result = given.map(str::to_owned).or_else(machines).ok_or_else(|| {
        Failure::new(Step::Resolve, Token::IoError, "this machine does not say its name")
    });
    let outcome = if result.is_ok() { Outcome::Pass } else { Outcome::Skipped };
    recorder.record(Step::Resolve, outcome, begun);
    let (name, result) = match result {
        Ok(name) => (clean::line(name.trim(), LONGEST), Ok(())),
        Err(failure) => (String::new(), Err(failure)),
    };
    let facts = Facts::Hostname(HostnameFacts { name, given: given.is_some() });
    let observation = recorder.finish(vantage, "own", "the device's host name", result, facts);
    // A name that cannot be read is no bad name.
    Observation { outcome, ..observation }
}

fn machines() -> Option<String> {
    bounded::text(Path::new(KERNELS), 4096).ok().or_else(|| std::env::var("COMPUTERNAME").ok())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn name_of(given: Option<&str>) -> HostnameFacts {
        let timeline = Timeline::start(Duration::from_secs(1));
        match read(timeline, &Vantage::Host, given).facts {
            Facts::Hostname(facts) => facts,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_given_name_comes_before_the_machines_and_is_cleaned() {
        let facts = name_of(Some(" edge\u{1b}[31m_01 "));
        assert!(facts.given && !facts.name.contains('\u{1b}'), "{facts:?}");
        assert_eq!(name_of(Some("")).name, "");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_machine_has_a_name() {
        let facts = name_of(None);
        assert!(!facts.given && !facts.name.is_empty() && !facts.name.ends_with('\n'));
    }
}
