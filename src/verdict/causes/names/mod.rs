//! The way from a name to an address.

pub(super) mod dns_container_failure;
pub(super) mod dns_hijack;
pub(super) mod dns_host_failure;
pub(super) mod hub_name_unknown;
