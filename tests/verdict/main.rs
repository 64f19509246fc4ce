//! The verdict from observations alone: every cause, and what must not be mistaken for it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has found something"
)]
#![allow(clippy::enum_glob_use, clippy::wildcard_imports, reason = "scenarios read as sentences")]

mod alone;
mod beside_ipv4;
mod causes;
mod covered_services;
mod cut_short;
mod denied_names;
mod device;
mod edge;
mod engine_versions;
mod french;
mod holders;
mod hostname;
mod hosts_own_loss;
mod interceptors;
mod kernels_part;
mod large;
mod logs;
mod loss;
mod names;
mod nested;
mod network;
mod observed;
mod on_the_host;
mod own_lack;
mod own_place;
mod own_ways;
mod peers;
mod pick;
mod pools;
mod private_zones;
mod privilege;
mod properties;
mod proxies;
mod proxies_and_routes;
mod proxies_of_parts;
mod proxies_that_refuse;
mod remedies;
mod round_trips;
mod routing;
mod services;
mod services_by_proxy;
mod shared_faults;
mod split_names;
mod told_apart;
mod tunnels;
mod turned_away;
mod vpn;
mod vpn_names;
