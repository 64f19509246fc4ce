//! What arbitrary text becomes in the place of a ruleset.

use edgeprobe_facts::ruleset::{Ruleset, Tool};

use super::combine::{Listings, combine};
use super::{iptables, nft};

/// What `iptables-save` prints.
pub fn iptables(text: &str) -> Option<Ruleset> {
    combine(Listings {
        nft: Ok(None),
        iptables: Ok(Some(iptables::parse(Tool::Iptables, text))),
        legacy: Ok(Some(iptables::parse(Tool::IptablesLegacy, text))),
        are_legacy_tables_loaded: true,
    })
    .ok()
}

/// What `nft` prints: the structure, and the text.
pub fn nft(document: &str, listing: &str) -> Option<Ruleset> {
    combine(Listings {
        nft: nft::parse(document, listing).map(Some).map_err(|_| super::RulesetError::NoTool),
        iptables: Ok(None),
        legacy: Ok(None),
        are_legacy_tables_loaded: false,
    })
    .ok()
}
