//! The host's own way to the hub's address and ports.

pub(super) mod amqp_port_blocked;
mod egress;
pub(super) mod egress_blocked;
pub(super) mod high_latency;
pub(super) mod host_offline;
pub(super) mod https_port_blocked;
mod hub_port;
pub(super) mod ipv6_broken;
pub(super) mod lossy_link;
pub(super) mod mqtt_port_blocked;
pub(super) mod mtu_black_hole;
pub(super) mod uplinks;
pub(super) mod wrong_uplink;
