//! What tells this machine from others, so that a fleet does not start its runs at once.

use std::fs;
use std::path::Path;
use std::time::Duration;

use ring::digest::{SHA256, digest};

/// A machine's own number, which stays the same over restarts.
#[derive(Clone, Debug)]
pub struct Machine(u64);

impl Machine {
    /// This machine's, by the id of machine-id(5), else by its host name.
    pub fn this() -> Self {
        let sources = ["/etc/machine-id", "/var/lib/dbus/machine-id", "/proc/sys/kernel/hostname"];
        let id = sources.iter().find_map(|path| {
            let text = fs::read_to_string(Path::new(path)).ok()?;
            let id = text.trim().to_owned();
            (!id.is_empty()).then_some(id)
        });
        Self::from_id(&id.unwrap_or_default())
    }

    /// The machine with this id. The id itself is confidential (machine-id(5)) and is hashed.
    pub fn from_id(id: &str) -> Self {
        let hash = digest(&SHA256, format!("edgeprobe schedule {id}").as_bytes());
        let number =
            hash.as_ref().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        Self(number)
    }

    /// This machine's own share of a span, in whole seconds.
    pub(super) fn share_of(&self, span: Duration) -> Duration {
        Duration::from_secs(self.0 % span.as_secs().max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_spread_and_each_keeps_its_share() {
        let span = Duration::from_mins(15);
        let shares: Vec<u64> =
            (0..900).map(|id| Machine::from_id(&id.to_string()).share_of(span).as_secs()).collect();
        assert!(shares.iter().all(|share| *share < 900));
        // In each minute some, and in none too many.
        for minute in 0..15 {
            let here = shares.iter().filter(|share| *share / 60 == minute).count();
            assert!((30..=90).contains(&here), "minute {minute}: {here}");
        }
        assert_eq!(Machine::from_id("a").share_of(span), Machine::from_id("a").share_of(span));
        assert_eq!(Machine::from_id("a").share_of(Duration::ZERO), Duration::ZERO);
    }
}
