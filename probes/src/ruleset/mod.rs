//! Which rules of the host's firewall drop, refuse and translate what is forwarded?
//!
//! The device's own tools list the rules with their counters, and nothing is changed. A rule whose
//! counter moved while an attempt to connect was lost is the one to name.

mod chains;
mod combine;
mod forward;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod iptables;
mod nft;
mod read;
mod scope;
mod statement;
mod translation;
pub use self::forward::dropped_between;
pub use self::read::{RulesetError, are_legacy_tables_loaded, read};
pub use self::translation::{masquerades, translation_to};
use edgeprobe_facts::ruleset::{
    Chain, Family, FilterRule, Hook, Position, Ruleset, Tool, Unread, Verdict, name,
};

#[cfg(test)]
mod tests;
