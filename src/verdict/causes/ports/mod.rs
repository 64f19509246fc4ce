//! The ports that Edge Hub maps.

pub(super) mod port_in_use;
pub(super) mod port_not_permitted;
