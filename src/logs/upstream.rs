//! A parent that a log names as the upstream: what fails towards it is the parent.

use serde_json::Value;

use super::finding::Finding;
use crate::verdict::{CauseId, PeerInALog};

/// The signatures of `iotedge check` whose host is the device's upstream.
const OF_THE_UPSTREAM: [&str; 3] =
    ["check-host-name", "check-host-handshake", "check-container-connect"];

/// Adds the parent to what points to a host that the same log names as the device's upstream.
pub(super) fn found_in(findings: &mut [Finding], named: &[String]) {
    let word = |finding: &Finding, name: &str| {
        finding.details.get(name).and_then(Value::as_str).map(without_port)
    };
    let parents: Vec<String> = findings
        .iter()
        .filter(|finding| OF_THE_UPSTREAM.contains(&finding.signature.as_str()))
        .filter_map(|finding| word(finding, "host"))
        .filter(|host| !host.contains("azure-devices") && !host.contains("microsoft.com"))
        .chain(named.iter().map(|host| without_port(host)))
        .collect();
    let is_of_a_parent = |id: &CauseId| id.peer_in_a_log() == PeerInALog::Parent;
    let of_a_parent: Vec<CauseId> = CauseId::ALL.iter().copied().filter(is_of_a_parent).collect();
    for finding in findings {
        let host = word(finding, "registry").or_else(|| word(finding, "host"));
        let is_parents = host.is_some_and(|host| parents.contains(&host));
        let points_elsewhere = |cause: &&CauseId| !finding.candidates.contains(cause);
        let missing: Vec<CauseId> = of_a_parent.iter().filter(points_elsewhere).copied().collect();
        if is_parents && !missing.is_empty() {
            finding.candidates.splice(0..0, missing);
            finding.variant = None;
        }
    }
}

fn without_port(host: &str) -> String {
    let port = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    port.map_or(host, |(host, _)| host).to_ascii_lowercase()
}
