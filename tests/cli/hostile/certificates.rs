//! Certificates that are made to take long to verify.

use edgeprobe_emulator::authority::{Authority, Identity, Validity};
use edgeprobe_emulator::hub::Hub;

/// A kind of chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Chain {
    /// Nine authorities of one name with different keys, none of which issued the certificate.
    Namesakes,
    /// A hundred authorities that have nothing to do with it.
    Hundred,
    /// A certificate for some two thousand names.
    Names,
    /// A megabyte of authorities: more than a message of TLS may hold.
    Megabyte,
}

impl Chain {
    pub(super) const ALL: [Self; 4] = [Self::Namesakes, Self::Hundred, Self::Names, Self::Megabyte];

    /// A hub that shows this chain for `host`, by an authority that nobody trusts.
    pub(super) fn hub(self, host: &str) -> Hub {
        Hub::new(&self.identity(host)).unwrap()
    }

    fn identity(self, host: &str) -> Identity {
        let authority = |name: &str| Authority::root(name).unwrap();
        let now = Validity::around(std::time::SystemTime::now());
        let names = |count: usize| -> Vec<String> {
            let others = (0..count).map(|number| format!("name-number-{number}.example"));
            std::iter::once(host.to_owned()).chain(others).collect()
        };
        let names = match self {
            Self::Namesakes | Self::Hundred | Self::Megabyte => names(0),
            Self::Names => names(1_500),
        };
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut identity = authority("Inspection").issue(&names, now).unwrap();
        let others: Vec<Authority> = match self {
            Self::Namesakes => (0..9).map(|_| authority("Inspection")).collect(),
            Self::Hundred => (0..100).map(|number| authority(&format!("Other {number}"))).collect(),
            Self::Megabyte => {
                (0..2_500).map(|number| authority(&format!("Other {number}"))).collect()
            }
            Self::Names => Vec::new(),
        };
        identity.chain.extend(others.iter().map(|other| other.root_certificate().clone()));
        identity
    }
}
