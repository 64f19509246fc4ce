//! The files that a thread may open (landlock(7), from Linux 5.13 on).

use std::io;

use landlock::{
    ABI, Access as _, AccessFs, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError,
    RulesetStatus, path_beneath_rules,
};

use crate::walls::OPEN_TO_ALL;

/// The newest version of the kernel's interface that is asked for. An older kernel does what it can.
const NEWEST: ABI = ABI::V5;

/// Where random numbers come from on kernels without a call for them.
const RANDOM: [&str; 2] = ["/dev/urandom", "/dev/random"];

/// From now on the calling thread opens for reading what the kernel tells of itself, and nothing else. It
/// writes, makes and removes no file. What is open already stays so.
pub(super) fn confine() -> io::Result<()> {
    let status = restrict().map_err(io::Error::other)?;
    if status == RulesetStatus::NotEnforced {
        return Err(io::Error::other("this kernel has no Landlock"));
    }
    Ok(())
}

fn restrict() -> Result<RulesetStatus, RulesetError> {
    let readable = OPEN_TO_ALL.iter().chain(&RANDOM);
    let rules = path_beneath_rules(readable, AccessFs::ReadFile | AccessFs::ReadDir);
    let ruleset = Ruleset::default().handle_access(AccessFs::from_all(NEWEST))?.create()?;
    Ok(ruleset.add_rules(rules)?.restrict_self()?.ruleset)
}
