//! The rules: one file for each cause, each with its proof, its refutation and what it explains.

mod address_pool_exhausted;
mod amqp_port_blocked;
mod bridge_no_route;
mod captive_portal;
mod clock_skew;
mod dns_container_failure;
mod dns_hijack;
mod dns_host_failure;
mod edge;
mod egress_blocked;
mod engine_unavailable;
mod firewall;
mod forward_blocked;
mod high_latency;
mod host_offline;
mod hostname_invalid;
mod https_port_blocked;
mod hub_name_unknown;
mod image_not_found;
mod ip_forward_disabled;
mod ipv6_broken;
mod mqtt_port_blocked;
mod mtu_black_hole;
mod nat_missing;
mod not_iot_hub;
mod parent_unreachable;
mod port_in_use;
mod port_not_permitted;
mod provisioning_unreachable;
mod proxy_rejects;
mod proxy_required;
mod registry_access_denied;
mod registry_unreachable;
mod reverse_path_filter;
mod root_ca_missing;
mod shared;
mod subnet_overlap;
mod tls_filtered;
mod tls_intercepted;
mod uplinks;
mod vpn_override;
mod websocket_blocked;
mod wrong_uplink;

pub(super) use ipv6_broken::has_no_way;

use super::rule::Rule;

/// Every rule there is.
pub(super) const RULES: &[Rule] = &[
    hostname_invalid::RULE,
    engine_unavailable::RULE,
    address_pool_exhausted::RULE,
    ip_forward_disabled::RULE,
    vpn_override::RULE,
    bridge_no_route::RULE,
    subnet_overlap::RULE,
    forward_blocked::RULE,
    nat_missing::RULE,
    reverse_path_filter::RULE,
    host_offline::RULE,
    wrong_uplink::RULE,
    dns_host_failure::RULE,
    dns_container_failure::RULE,
    hub_name_unknown::RULE,
    dns_hijack::RULE,
    captive_portal::RULE,
    proxy_required::RULE,
    proxy_rejects::RULE,
    egress_blocked::RULE,
    amqp_port_blocked::RULE,
    https_port_blocked::RULE,
    mqtt_port_blocked::RULE,
    mtu_black_hole::RULE,
    tls_filtered::RULE,
    clock_skew::RULE,
    tls_intercepted::RULE,
    root_ca_missing::RULE,
    not_iot_hub::RULE,
    websocket_blocked::RULE,
    parent_unreachable::RULE,
    provisioning_unreachable::RULE,
    registry_unreachable::RULE,
    registry_access_denied::RULE,
    image_not_found::RULE,
    port_in_use::RULE,
    port_not_permitted::RULE,
    ipv6_broken::RULE,
    high_latency::RULE,
];
