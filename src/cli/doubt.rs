//! A hint about a hub's name that is probably not the one that was meant.

use edgeprobe_facts::clean;

use crate::verdict::Doubt;

/// A hint about a name that can be a hub's and probably is not.
pub(super) fn doubtful(hub: &str, doubt: &Doubt) -> String {
    let hub = clean::line(hub, 100);
    match doubt {
        Doubt::Misspelt(meant) => {
            format!("hint: {hub} does not end like an IoT Hub's name; try --hub {meant}")
        }
        Doubt::PrivateLink(meant) => {
            format!("hint: {hub} is a private endpoint's name; devices use {meant}")
        }
        Doubt::Provisioning => {
            format!(
                "hint: {hub} is a Device Provisioning Service, not an IoT Hub; it assigns a hub"
            )
        }
        Doubt::ClosedCloud => format!("hint: the cloud of {hub} was closed in 2021"),
    }
}
