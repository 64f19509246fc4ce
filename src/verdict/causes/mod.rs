//! The rules: one file for each cause, each with its proof, its refutation and what it explains.

mod amqp_port_blocked;
mod captive_portal;
mod clock_skew;
mod dns_hijack;
mod dns_host_failure;
mod egress_blocked;
mod engine_unavailable;
mod high_latency;
mod host_offline;
mod https_port_blocked;
mod hub_name_unknown;
mod ipv6_broken;
mod mqtt_port_blocked;
mod not_iot_hub;
mod port_in_use;
mod port_not_permitted;
mod root_ca_missing;
mod shared;
mod tls_filtered;
mod tls_intercepted;
mod websocket_blocked;

use super::rule::Rule;

/// Every rule there is.
pub(super) const RULES: &[Rule] = &[
    engine_unavailable::RULE,
    host_offline::RULE,
    dns_host_failure::RULE,
    hub_name_unknown::RULE,
    dns_hijack::RULE,
    captive_portal::RULE,
    egress_blocked::RULE,
    amqp_port_blocked::RULE,
    https_port_blocked::RULE,
    mqtt_port_blocked::RULE,
    tls_filtered::RULE,
    clock_skew::RULE,
    tls_intercepted::RULE,
    root_ca_missing::RULE,
    not_iot_hub::RULE,
    websocket_blocked::RULE,
    port_in_use::RULE,
    port_not_permitted::RULE,
    ipv6_broken::RULE,
    high_latency::RULE,
];
