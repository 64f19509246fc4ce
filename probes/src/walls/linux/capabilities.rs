//! The capabilities of a thread (capabilities(7)).

use std::io;

use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities,
};

/// Takes every capability from the calling thread: those that it has, those that it may take, and
/// those that a program may get which it starts.
pub(super) fn drop_all() -> io::Result<()> {
    // Kernels before 4.3 have no ambient set. Without CAP_SETPCAP the bounding set stays, of which
    // `no_new_privs` keeps a program from getting anything.
    let _ = clear_ambient_capability_set();
    // The kernel refuses the first number that it has no capability for.
    let all = (0..u64::BITS).map(|bit| CapabilitySet::from_bits_retain(1 << bit));
    all.map(remove_capability_from_bounding_set).take_while(Result::is_ok).for_each(drop);
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    Ok(set_capabilities(None, sets)?)
}
