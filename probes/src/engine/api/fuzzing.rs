//! One answer taken for each that the engine gives.

use std::net::IpAddr;

use edgeprobe_facts::engine::EngineFacts;
use serde::de::DeserializeOwned;

use super::{About, Info, add_info, containers, details, images, kind, networks};

/// Adds all that the answer can be taken for.
pub(in crate::engine) fn add(body: &[u8], facts: &mut EngineFacts) {
    if let Some(about) = taken::<About>(body) {
        facts.kind = Some(kind(&about));
    }
    if let Some(containers::Containers { list, left_out }) = taken(body) {
        facts.containers = list;
        facts.containers_left_out = left_out;
    }
    for container in &mut facts.containers {
        if let Some(inspected) = taken(body) {
            details::fill(container, inspected);
        }
    }
    if let Some(networks::Networks { list, left_out }) = taken(body) {
        facts.networks = list;
        facts.networks_left_out = left_out;
        facts.networks_left_out += networks::keep_the_first(&mut facts.networks, &facts.containers);
        let interfaces = [("podman0".to_owned(), IpAddr::from([10, 88, 0, 1]))];
        networks::find_bridges(&mut facts.networks, &interfaces);
        networks::add_members(&mut facts.networks, &facts.containers);
    }
    facts.images = taken::<images::Names>(body).map(|images::Names(names)| names);
    if let Some(info) = taken::<Info>(body) {
        add_info(facts, info);
    }
}

fn taken<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}
