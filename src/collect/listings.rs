//! What the device's own tools list: routes, rules, links, the firewall, versions.

use edgeprobe_probes::ruleset::are_legacy_tables_loaded;
use edgeprobe_probes::tool::{self, ToolError};

use super::Part;
use super::shared::{Until, item, listing};
use crate::bundle::{Item, Missing, Reason, What};

/// A question to a tool.
struct Listing {
    path: &'static str,
    what: What,
    program: &'static str,
    arguments: &'static [&'static str],
}

const fn ask(
    path: &'static str,
    what: What,
    program: &'static str,
    arguments: &'static [&'static str],
) -> Listing {
    Listing { path, what, program, arguments }
}

const LISTINGS: [Listing; 15] = [
    ask("network/links.txt", What::Links, "ip", &["-details", "-statistics", "link"]),
    ask("network/addresses.txt", What::Addresses, "ip", &["address"]),
    ask("network/routes.txt", What::Routes, "ip", &["-details", "route", "show", "table", "all"]),
    ask("network/routes-ipv6.txt", What::Routes, "ip", &["-6", "route", "show", "table", "all"]),
    ask("network/rules.txt", What::Rules, "ip", &["-details", "rule"]),
    ask("network/rules-ipv6.txt", What::Rules, "ip", &["-6", "rule"]),
    ask("network/neighbours.txt", What::Neighbours, "ip", &["neighbour"]),
    ask("firewall/nft.txt", What::Firewall, "nft", &["-a", "list", "ruleset"]),
    ask("firewall/iptables.txt", What::Firewall, "iptables-save", &["-c"]),
    ask("firewall/ip6tables.txt", What::Firewall, "ip6tables-save", &["-c"]),
    ask(LEGACY, What::Firewall, "iptables-legacy-save", &["-c"]),
    ask("names/resolvectl.txt", What::Resolver, "resolvectl", &["--no-pager", "status"]),
    ask("system/clock.txt", What::System, "timedatectl", &["show"]),
    ask("system/iotedge-version.txt", What::System, "iotedge", &["version"]),
    ask("system/aziot-edged-version.txt", What::System, "aziot-edged", &["--version"]),
];

const LEGACY: &str = "firewall/iptables-legacy.txt";

/// What tools say that may not.
const REFUSALS: [&str; 4] =
    ["permission denied", "operation not permitted", "must be root", "access denied"];

pub(super) fn parts() -> Vec<Part> {
    LISTINGS
        .into_iter()
        .map(|listing| {
            let command = std::iter::once(&listing.program).chain(listing.arguments);
            let command = command.copied().collect::<Vec<_>>().join(" ");
            let source = command.clone();
            Part::new(listing.path, listing.what, source, move |until| {
                vec![take(&listing, &command, until)]
            })
        })
        .collect()
}

fn take(
    Listing { path, what, program, arguments }: &Listing,
    command: &str,
    until: &Until,
) -> Item {
    // Asking the older iptables would load its tables.
    if *path == LEGACY && !are_legacy_tables_loaded() {
        let none =
            Missing::new(Reason::NotThere, "the kernel holds no tables of the older iptables");
        return item(path, *what, command, Err(none));
    }
    let listed = until.wait(tool::list(program, arguments, until.left()));
    let content = listed.and_then(|listed| match listed {
        Ok(Some(listed)) => listing(&listed.text),
        Ok(None) => Err(Missing::new(Reason::NotThere, format!("{program} is not installed"))),
        Err(error) => Err(refused(&error)),
    });
    item(path, *what, command, content)
}

fn refused(error: &ToolError) -> Missing {
    let reason = match error {
        ToolError::TimedOut { .. } => return Missing::new(Reason::TimedOut, ""),
        ToolError::TooLong { .. } => Reason::TooLarge,
        ToolError::Failed { detail, .. } => {
            let detail = detail.to_lowercase();
            if detail.contains("not been booted with systemd") {
                Reason::NotThere
            } else if REFUSALS.iter().any(|refusal| detail.contains(refusal)) {
                Reason::NotPermitted
            } else {
                Reason::Failed
            }
        }
        ToolError::NotRun { .. } => Reason::Failed,
    };
    Missing::new(reason, error.to_string())
}
