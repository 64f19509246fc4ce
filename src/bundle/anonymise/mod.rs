//! An archive that identifies no device and no person: addresses and the names of hosts, hubs, devices
//! and users are replaced, each by the same word in the whole archive, so that the verdict stays the
//! same.
//!
//! The table of replacements lives as long as an [`Anonymiser`] and is never written.

mod addresses;
mod hardware;
mod known;
mod learn;
mod names;
mod reverse;
mod text;
mod written;

use edgeprobe_facts::Facts;
use serde_json::Value;

use crate::report::Report;
use crate::verdict::{self, Language};
use addresses::Addresses;
use names::Names;
use text::Replacer;

/// Learns from everything first, then replaces.
pub struct Anonymiser(Replacer);

impl Anonymiser {
    /// Learns the names of a report, of the texts that accompany it, and of this device, its ids
    /// and its user.
    pub fn new<'t>(
        report: Option<&Report>,
        texts: impl IntoIterator<Item = (&'t str, &'t str)>,
        hosts: &[String],
        ids: &[String],
        users: &[String],
    ) -> Self {
        let mut names = Names::new(&learn::VOCABULARY);
        if let Some(report) = report {
            learn::report(report, &mut names);
        }
        for host in hosts {
            names.learn_host(host);
        }
        for id in ids {
            names.learn_word(id);
        }
        for user in users {
            learn::user_name(user, &mut names);
        }
        for (path, text) in texts {
            learn::text(text, &mut names);
            if path.ends_with("/hosts") {
                learn::hosts_file(text, &mut names);
            }
            if path.starts_with("names/") {
                learn::search_lists(text, &mut names);
            }
        }
        let pools = report.map(pools).unwrap_or_default();
        let subnets = report.map(subnets).unwrap_or_default();
        Self(Replacer::new(Addresses::new(pools, subnets), names))
    }

    /// A text with everything replaced.
    pub fn text(&mut self, text: &str) -> String {
        self.0.text(text)
    }

    /// A JSON document with everything replaced, names of members included; a text that is not
    /// JSON as a text.
    pub fn document(&mut self, text: &str) -> String {
        let Ok(mut value) = serde_json::from_str::<Value>(text) else { return self.text(text) };
        self.value(&mut value, true);
        serde_json::to_string_pretty(&value).map_or_else(|_| String::new(), |text| text + "\n")
    }

    /// The report of the device that is not recognised, judged anew: none if it is no report then.
    pub fn report(&mut self, report: &Report, language: Language) -> Option<Report> {
        let mut value = serde_json::to_value(report).ok()?;
        self.value(&mut value, false);
        let mut report: Report = serde_json::from_value(value).ok()?;
        report.verdict = verdict::judge(&report.target, &report.observations, language);
        Some(report)
    }

    fn value(&mut self, value: &mut Value, names_too: bool) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item, names_too)),
            Value::Object(members) => {
                for (name, mut member) in std::mem::take(members) {
                    self.value(&mut member, names_too);
                    let name = if names_too { self.text(&name) } else { name };
                    members.insert(name, member);
                }
            }
            _ => {}
        }
    }
}

/// The ranges that the engine cuts subnets from, and the length of each.
fn pools(report: &Report) -> Vec<(ipnet::IpNet, u8)> {
    let engines = report.observations.iter().filter_map(|observation| match &observation.facts {
        Facts::Engine(facts) => Some(facts.address_pools()),
        _ => None,
    });
    engines.flatten().map(|pool| (pool.base, pool.size)).collect()
}

/// The subnets of the engine's networks and of the host's links.
fn subnets(report: &Report) -> Vec<ipnet::IpNet> {
    let mut subnets = Vec::new();
    for observation in &report.observations {
        match &observation.facts {
            Facts::Engine(facts) => {
                let networks = facts.networks.iter().flat_map(|network| &network.subnets);
                subnets.extend(networks.map(|subnet| subnet.subnet));
            }
            Facts::RouteTables(tables) => {
                let addresses = tables.addresses.iter().map(|address| address.network);
                subnets.extend(addresses.filter(|net| !net.addr().is_loopback()));
            }
            _ => {}
        }
    }
    subnets
}
