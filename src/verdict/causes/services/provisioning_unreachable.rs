//! `provisioning-unreachable`: the Device Provisioning Service cannot be reached.

use edgeprobe_probes::endpoint::Via;
use edgeprobe_probes::{Observation, Role, Step, Token};

use crate::language::Text;
use crate::verdict::attributes::{BesideAProxy, KeptOut, SameInALog, SeenByTheEngine, Subject};
use crate::verdict::causes::shared::{observations, peers, those};
use crate::verdict::evidence::{Connection, Evidence};
use crate::verdict::rule::{Finding, Proof, Rule, refuted};
use crate::verdict::{Effect, Way, told};

pub(in crate::verdict::causes) const RULE: Rule = Rule {
    subject: Subject::Provisioning,
    beside_a_proxy: BesideAProxy::TheSame,
    can_be_a_childs: true,
    keeps_out: &[KeptOut::Unprovisioned],
    same_in_a_log: SameInALog::Cause,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_a_vpns: false,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let connections = evidence.provisioning();
    let reached = those(&connections, |connection| !connection.observation.failed());
    if let Some(first) = reached.first() {
        let text = Text::new("reached").with("host", &first.facts.server);
        return refuted(text, observations(&reached));
    }
    let host = evidence.host();
    let names = host.deciding_answers(Role::Provisioning);
    let unnamed: Vec<&Observation> =
        names.iter().map(|answer| answer.observation).filter(|o| o.failed()).collect();
    let (failed, text) = match connections.first() {
        Some(first) => {
            let text = Text::new(key(first))
                .with("host", &first.facts.server)
                .with("address", peers(&connections))
                .with("issuer", issuer(first));
            let proxy = first.facts.proxy.as_ref().filter(|_| is_the_proxy_s(first));
            let text = text.with_any("way", proxy.map(|proxy| proxy.url.to_string()));
            (observations(&connections), text)
        }
        None if names.is_empty() => match nameless_proxy(evidence) {
            Some(found) => found,
            None => return Vec::new(),
        },
        None if unnamed.len() == names.len() => {
            let Some(first) = names.first() else { return Vec::new() };
            (unnamed, Text::new("nameless").with("host", &first.facts.name))
        }
        None => return Vec::new(),
    };
    let Some(first) = failed.first() else { return Vec::new() };
    if evidence.shared_with_the_hub(first).is_some() {
        return Vec::new();
    }
    let Some(failure) = told::failure(first) else { return Vec::new() };
    let effect = evidence.effect_of_provisioning();
    let meaning = match effect {
        Effect::Warns => "provisioned",
        Effect::Blocks => "unprovisioned",
        Effect::Degrades => "perhaps_provisioned",
    };
    // The same proxy keeps the daemons from the hub; a device that has its identity misses that more.
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

/// The proxy that leads to the service has a name, and no resolver here has an address for it.
fn nameless_proxy<'o>(evidence: &Evidence<'o>) -> Option<(Vec<&'o Observation>, Text)> {
    let host = evidence.target.provisioning_by(evidence.all())?;
    let Way::By(via) = evidence.target.way_to_provisioning(&host, evidence.all()) else {
        return None;
    };
    let answers = evidence.host().proxy_answers(&via).into_iter();
    let seen: Vec<&Observation> = answers.map(|answer| answer.observation).collect();
    let text = Text::new("proxy_nameless").with("host", host).with("way", via.url.to_string());
    seen.iter().all(|answer| answer.failed()).then_some((seen, text))
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
