//! The way from a container network through this host.

pub(super) mod bridge_no_route;
pub(super) mod edge;
pub(super) mod firewall;
pub(super) mod forward_blocked;
pub(super) mod ip_forward_disabled;
pub(super) mod nat_missing;
mod passage;
pub(super) mod reverse_path_filter;
pub(super) mod subnet_overlap;
pub(super) mod vpn_override;
