//! `provisioning-unreachable`: the Device Provisioning Service cannot be reached.

use edgeprobe_facts::endpoint::Via;
use edgeprobe_facts::{Step, Token};

use super::provisioning::{Lost, Provisioning};
use crate::attributes::{
    KeptOut, Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy,
};
use crate::causes::shared::{observations, peers};
use crate::evidence::{Connection, Evidence};
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::{Effect, translation};
use edgeprobe_language::Text;

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Provisioning,
    with_a_proxy: WithAProxy::TheSame,
    applies_to_a_child: true,
    keeps_out: &[KeptOut::Unprovisioned],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Unknown,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    match Provisioning::from_evidence(evidence) {
        Provisioning::Reached(reached) => {
            let Some(first) = reached.first() else { return Vec::new() };
            let text = Text::new("reached").with("host", &first.facts.server);
            refuted(text, observations(&reached))
        }
        Provisioning::Lost(lost) => lost_service(evidence, &lost),
        Provisioning::LostWithTheHub | Provisioning::NotAsked => Vec::new(),
    }
}

fn lost_service(evidence: &Evidence<'_>, lost: &Lost<'_>) -> Vec<Finding> {
    let failed = lost.seen();
    let Some(first) = failed.first() else { return Vec::new() };
    let (text, connections) = match lost {
        Lost::Connections(connections) => (connecting(connections), connections.as_slice()),
        Lost::Name(names) => {
            let name = names.first().map(|answer| &answer.facts.name);
            (Text::new("nameless").with_any("host", name), [].as_slice())
        }
        Lost::ProxysName { host, via, .. } => {
            let text = Text::new("proxy_nameless").with("host", host);
            (text.with("way", via.url.to_string()), [].as_slice())
        }
    };
    let Some(failure) = translation::failure(first) else { return Vec::new() };
    let effect = evidence.effect_of_provisioning();
    let meaning = match effect {
        Effect::Warns => "provisioned",
        Effect::Blocks => "unprovisioned",
        Effect::Degrades => "perhaps_provisioned",
    };
    // The same proxy also keeps the daemons from the hub, which matters more to a device with an
    // identity.
    let by_it = connections.first().filter(|first| is_the_proxy_s(first));
    let by_it = by_it.and_then(|first| first.facts.proxy.as_ref());
    let by_it = by_it.filter(|_| effect != Effect::Warns).map(|proxy| {
        let via = Via { url: proxy.url.clone(), part: proxy.part };
        evidence.missed_by_the_same_proxy(&via)
    });
    Proof::confirmed(effect, text.with("failure", failure).followed_by(meaning), failed)
        .explaining(by_it.unwrap_or_default())
        .supported_by(evidence.host_reaches_the_hub())
        .with_confidence(evidence.beside_the_hub())
        .alone()
}

/// The sentence for connections that fail.
fn connecting(connections: &[Connection<'_>]) -> Text {
    let Some(first) = connections.first() else { return Text::new("unanswered") };
    let text = Text::new(key(first))
        .with("host", &first.facts.server)
        .with("address", peers(connections))
        .with("issuer", issuer(first));
    let proxy = first.facts.proxy.as_ref().filter(|_| is_the_proxy_s(first));
    text.with_any("way", proxy.map(|proxy| proxy.url.to_string()))
}

/// The key of the sentence for how the connection fails.
fn key(connection: &Connection<'_>) -> &'static str {
    match (connection.observation.failed_step(), connection.token()) {
        (Some(Step::Connect), _) if is_the_proxy_s(connection) => "proxy_unreachable",
        (Some(Step::Proxy), _) => "proxy_refuses",
        (Some(Step::Connect), Some(Token::TimedOut)) => "silent",
        (Some(Step::Connect), _) => "refused",
        (Some(Step::Tls), Some(Token::TlsUnknownIssuer)) => "untrusted",
        (Some(Step::Tls), _) => "handshake",
        _ => "unanswered",
    }
}

/// Whether it is the proxy that cannot be reached, or refuses.
fn is_the_proxy_s(connection: &Connection<'_>) -> bool {
    let step = connection.observation.failed_step();
    !connection.is_direct() && matches!(step, Some(Step::Connect | Step::Proxy))
}

fn issuer(connection: &Connection<'_>) -> String {
    let leaf = connection.tls().and_then(|tls| tls.chain.first());
    leaf.map(|leaf| leaf.issuer.clone()).unwrap_or_default()
}
