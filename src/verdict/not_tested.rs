//! What a run says nothing of, and why.

use edgeprobe_probes::engine::{EngineFacts, edge_networks};
use edgeprobe_probes::registry::CredentialUse;
use edgeprobe_probes::{Facts, Observation, Outcome, Probe, Token, clean};

use super::NotTested;
use super::catalogue::message;
use super::evidence::{EdgeReading, Evidence};
use super::reach::{Agent, Hub};
use super::told;
use crate::language::{Language, Text, Word};

/// What this run says nothing of, in the order of the way to the hub.
pub(super) fn not_tested(
    evidence: &Evidence<'_>,
    agent: &Agent,
    hub: Hub,
    language: Language,
) -> Vec<NotTested> {
    let mut missing: Vec<(Text, Text)> = Vec::new();
    let what = Text::new;
    match agent {
        Agent::Unknown => missing.push((what("not_tested.hub"), Text::new("why.left_out"))),
        Agent::Nameless => missing.push((what("not_tested.hub"), Text::new("why.nameless"))),
        _ => {}
    }
    missing.extend(networks(evidence));
    if hub == Hub::Unknown {
        let taken = evidence.ports().any(|(port, _)| port.failed());
        let why = if taken { "why.unseen_holders" } else { "why.left_out" };
        missing.push((what("not_tested.ports"), Text::new(why)));
    }
    if saw(evidence, Token::ClientCertificateWanted) {
        missing.push((what("not_tested.websocket"), Text::new("why.client_certificate")));
    }
    missing.extend(containers_trust(evidence));
    if saw(evidence, Token::EnginePermissionDenied) {
        missing.push((what("not_tested.engine"), Text::new("why.engine_permission")));
    }
    missing.extend(images(evidence));
    let told = |(what, why): (Text, Text)| NotTested {
        what: message(&what, language),
        why: message(&why, language),
    };
    missing.into_iter().map(told).collect()
}

/// The images whose registry wants credentials that it was not given.
fn images(evidence: &Evidence<'_>) -> Vec<(Text, Text)> {
    evidence
        .registries()
        .iter()
        .filter(|reading| reading.wants_credentials())
        .map(|reading| {
            let why = match reading.facts.credentials {
                CredentialUse::Absent => "why.registry_absent",
                CredentialUse::Helper => "why.registry_helper",
                CredentialUse::Withheld => "why.registry_withheld",
                CredentialUse::NotAsked | CredentialUse::Unneeded | CredentialUse::Sent => {
                    "why.registry_anonymous"
                }
            };
            let registry = &reading.facts.registry;
            let what = Text::new("not_tested.image").with("image", reading.facts.whole());
            (what.with("registry", registry), Text::new(why).with("registry", registry))
        })
        .collect()
}

fn saw(evidence: &Evidence<'_>, token: Token) -> bool {
    evidence.all().iter().any(|observation| observation.token() == Some(token))
}

/// What stands under the certificate of the hub or the parent, where that is a root which containers
/// need not have: their stores are in their images, out of sight.
fn containers_trust(evidence: &Evidence<'_>) -> Option<(Text, Text)> {
    let connections = evidence.agent().hub();
    let (what, why, certified) = if evidence.target.parent.is_some() {
        let unverified = connections.iter().find(|c| c.leaf().is_some() && !c.is_accepted());
        ("not_tested.parent", "why.parents_authority", unverified?)
    } else {
        let private = connections.iter().find(|c| c.is_foreign() && c.is_accepted());
        ("not_tested.trust", "why.stores_of_images", private?)
    };
    let issuer = certified.leaf().map(|leaf| leaf.issuer.as_str()).unwrap_or_default();
    Some((Text::new(what).with("issuer", issuer), Text::new(why)))
}

/// The container networks that no question was asked from. One that the runtime does not use is
/// not missed.
fn networks(evidence: &Evidence<'_>) -> Vec<(Text, Text)> {
    let edges = evidence.edges();
    if edges.is_empty() {
        return vec![(Text::new("not_tested.bridge"), Text::new(no_network(evidence)))];
    }
    edges
        .iter()
        .filter(|edge| !edge.is_joined() && !evidence.is_spare(&edge.view.vantage))
        .map(|edge| {
            let name = clean::line(&edge.network.name, 64);
            (Text::new("not_tested.network").with("network", name), not_joined(edge))
        })
        .collect()
}

/// Why nothing at all is known of a container network.
fn no_network(evidence: &Evidence<'_>) -> &'static str {
    if evidence.target.embedded {
        return "why.demonstration";
    }
    let host = evidence.host();
    let Some(engine) = host.of(Probe::Engine).next() else { return "why.networks_left_out" };
    let Facts::Engine(facts) = &engine.facts else { return "why.networks_left_out" };
    match (engine.outcome, engine.token()) {
        (Outcome::Skipped, _) => "why.no_engine",
        (Outcome::Fail, Some(Token::EnginePermissionDenied)) => "why.engine_permission",
        (Outcome::Fail, _) => "why.engine_silent",
        (Outcome::Pass, _) if has_a_network(facts) => "why.networks_left_out",
        (Outcome::Pass, _) => "why.no_network",
    }
}

/// Whether the engine has a network of the runtime's that could have been asked about.
fn has_a_network(engine: &EngineFacts) -> bool {
    edge_networks(&engine.networks, None).into_iter().any(|network| {
        let ipv4 = network.subnets.iter().any(|range| range.subnet.addr().is_ipv4());
        ipv4 && network.bridge.is_some()
    })
}

/// Why the network was not joined, and what is known of it all the same.
fn not_joined(edge: &EdgeReading<'_>) -> Text {
    let asked = edge.ways.iter().any(|(way, _)| way.outcome != Outcome::Skipped);
    let tried = edge.view.of(Probe::Vantage).find_map(reason);
    match (tried, asked) {
        (Some(reason), true) => Text::new("why.not_joined_kernel").with("reason", reason),
        (Some(reason), false) => Text::new("why.not_joined").with("reason", reason),
        (None, _) => Text::new("why.kernel_alone"),
    }
}

/// The failure as a sentence that other sentences may follow.
fn reason(vantage: &Observation) -> Option<Word> {
    let Word::Told { english, text } = told::failure(vantage)? else { return None };
    let sentence = clean::line(&english, 240).replace(" hint: ", "; ");
    let mut letters = sentence.trim_end_matches('.').chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    Some(Word::Told { english: first.chain(letters).collect(), text })
}
