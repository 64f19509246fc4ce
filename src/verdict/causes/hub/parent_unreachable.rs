//! `parent-unreachable`: nested edge, and the parent does not answer as an Edge Hub on 443, or not
//! on 6617.

use edgeprobe_facts::{Observation, Role, Step, Token, Vantage};

use crate::attributes::{
    KeptOut, Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy,
};
use crate::catalogue::Text;
use crate::causes::shared::{failures, observations, place, ports, those};
use crate::evidence::{Answer, Connection, Evidence, Manner, View};
use crate::nested::PARENT_PORT;
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::{Confidence, Effect};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::TheSame,
    applies_to_a_child: true,
    keeps_out: &[KeptOut::HalfAParent],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Parent,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Unknown,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let Some(parent) = &evidence.target.parent else { return Vec::new() };
    // A failure of a container network alone is on this device, and has other causes.
    let host = evidence.host();
    // Behind a proxy only the answer is the parent's; the way is the proxy's.
    if !evidence.goes_direct() {
        return behind_a_proxy(evidence, &host).map(Proof::alone).unwrap_or_default();
    }
    let on_the_web_port = || {
        if evidence.is_without_the_host() {
            return what_answers(evidence, &web(&evidence.agent()));
        }
        on_the_web_port(evidence, &host)
    };
    if let Some(proof) = unknown(evidence, &host).or_else(on_the_web_port) {
        return proof.with_detail("parent", parent.as_str()).alone();
    }
    if let Some(proof) = second_port(&host) {
        return proof.with_detail("parent", parent.as_str()).alone();
    }
    let answered = those(&web(&host), Connection::works);
    if answered.is_empty() {
        return Vec::new();
    }
    refuted(Text::new("answers").with("port", ports(&answered)), observations(&answered))
}

/// No name server knows the parent, and at least one says so.
fn unknown(evidence: &Evidence<'_>, host: &View<'_>) -> Option<Proof> {
    let answers: Vec<Answer<'_>> = host.answers(Role::Hub).collect();
    if answers.is_empty() || answers.iter().any(|answer| !answer.observation.failed()) {
        return None;
    }
    // Where another name server knows it, the host's name servers are at fault.
    if !evidence.knowing_the_hub().is_empty() {
        return None;
    }
    let says_no = answers.iter().find(|answer| answer.denies())?;
    let text = described("unknown", evidence, &[]).with("resolver", says_no.server());
    let everywhere = evidence.views().into_iter().flat_map(|view| {
        let answers: Vec<Answer<'_>> = view.answers(Role::Hub).collect();
        answers.into_iter().map(|answer| answer.observation)
    });
    let failed: Vec<&Observation> = everywhere.filter(|seen| seen.failed()).collect();
    Some(Proof::confirmed(Effect::Blocks, text, failed))
}

/// The port that everything over HTTPS goes to: images, the daemon's own requests, WebSocket.
fn web<'o>(host: &View<'o>) -> Vec<Connection<'o>> {
    those(&host.hub(), |c| c.facts.transport.default_port() == 443)
}

/// The parent does not answer there, or something answers that is not its Edge Hub.
fn on_the_web_port(evidence: &Evidence<'_>, host: &View<'_>) -> Option<Proof> {
    let (all, web) = (host.hub(), web(host));
    if web.is_empty() {
        return None;
    }
    let opened = those(&all, Connection::connected);
    let closed = those(&all, |c| !c.connected());
    if !web.iter().any(Connection::connected) {
        let variant = match (opened.is_empty(), silent(&closed)) {
            (true, true) => "silent",
            (true, false) => "refused",
            (false, true) => "web_silent",
            (false, false) => "web_refused",
        };
        let text = described(variant, evidence, &closed).with("other_port", ports(&opened));
        return Some(blocking(evidence, text, &closed).supported_by(observations(&opened)));
    }
    what_answers(evidence, &web).or_else(|| cut(evidence, &web))
}

/// The parent opens the port and ends every handshake.
fn cut(evidence: &Evidence<'_>, web: &[Connection<'_>]) -> Option<Proof> {
    let cut = those(web, |c| c.observation.failed_step() == Some(Step::Tls));
    if cut.is_empty() || web.iter().any(Connection::works) {
        return None;
    }
    let proof = blocking(evidence, described("cut", evidence, &cut), &cut);
    Some(proof.explaining(failures(web)).with_confidence(Confidence::Likely))
}

/// A tunnel leads to something that is not the parent's Edge Hub.
fn behind_a_proxy(evidence: &Evidence<'_>, host: &View<'_>) -> Option<Proof> {
    what_answers(evidence, &those(&host.proxied_hub_connections(), Connection::connected))
}

/// The proof that what answers there has another name, or is no Edge Hub.
fn what_answers(evidence: &Evidence<'_>, web: &[Connection<'_>]) -> Option<Proof> {
    let misnamed = those(web, |c| is_anothers(c, &evidence.target.hub));
    if !misnamed.is_empty() {
        let text = described("other_name", evidence, &misnamed).with("answer", subject(&misnamed));
        return Some(blocking(evidence, text, &misnamed).explaining(all_failures(evidence)));
    }
    let stranger =
        those(web, |c| matches!(c.token(), Some(Token::HttpNotIotHub | Token::HttpBadAnswer)));
    if stranger.is_empty() {
        return None;
    }
    let text = answered(evidence, &stranger);
    // That machine's other failures have the same cause.
    Some(blocking(evidence, text, &stranger).explaining(all_failures(evidence)))
}

/// The parent's other port is closed. Edge Agent does not need it where Edge Hub answers on the web
/// port, so it can only warn.
fn second_port(host: &View<'_>) -> Option<Proof> {
    let second: Vec<Connection<'_>> =
        host.connections(Role::Parent).filter(|c| c.facts.port == PARENT_PORT).collect();
    let works = web(host).iter().any(Connection::works);
    if !works || second.is_empty() || second.iter().any(Connection::connected) {
        return None;
    }
    let variant = if silent(&second) { "second_silent" } else { "second_refused" };
    let parent = second.first().map(|c| c.facts.server.clone()).unwrap_or_default();
    let text = Text::new(variant).with("hub", parent).with("port", PARENT_PORT);
    let proof = Proof::confirmed(Effect::Warns, text, observations(&second));
    Some(proof.with_confidence(Confidence::Likely).with_detail("ports", [PARENT_PORT].to_vec()))
}

/// A proof by these connections, which also explains the same failures seen from elsewhere.
fn blocking(evidence: &Evidence<'_>, text: Text, by: &[Connection<'_>]) -> Proof {
    let mut ports: Vec<u16> = by.iter().map(|c| c.facts.port).collect();
    ports.sort_unstable();
    ports.dedup();
    let alike = |seen: &&Observation| {
        let facts = seen.facts.endpoint();
        seen.failed()
            && facts.is_some_and(|facts| facts.role == Role::Hub && ports.contains(&facts.port))
    };
    Proof::confirmed(Effect::Blocks, text, observations(by))
        .explaining(evidence.all().iter().filter(alike))
        .with_detail("ports", ports.clone())
}

/// Everything that failed at the parent, seen from anywhere.
fn all_failures<'o>(evidence: &Evidence<'o>) -> impl Iterator<Item = &'o Observation> {
    evidence.all().iter().filter(|seen| {
        seen.failed() && seen.facts.endpoint().is_some_and(|facts| facts.role == Role::Hub)
    })
}

fn described(variant: &'static str, evidence: &Evidence<'_>, by: &[Connection<'_>]) -> Text {
    let text = Text::new(variant).with("hub", &evidence.target.hub).with("port", ports(by));
    let peer = by.first().map(|c| c.facts.peer);
    let text = text.with_any("address", peer);
    let from = by.first().map_or(&Vantage::Host, |c| &c.observation.vantage);
    text.with("place", place(from))
}

fn silent(connections: &[Connection<'_>]) -> bool {
    connections.iter().any(|c| c.manner() == Some(Manner::Silent))
}

/// Whether the certificate is for another name than the parent's. Its chain leads to no root here,
/// so verification did not reach the name.
fn is_anothers(connection: &Connection<'_>, parent: &str) -> bool {
    connection.token() == Some(Token::TlsNameMismatch)
        || (connection.leaf().is_some() && !connection.is_made_out_to(parent))
}

fn subject(connections: &[Connection<'_>]) -> String {
    let leaf = connections.iter().find_map(Connection::leaf);
    leaf.map(|leaf| match leaf.names.as_slice() {
        [] => leaf.subject.clone(),
        names => names.join(", "),
    })
    .unwrap_or_default()
}

/// What answered in place of an Edge Hub.
fn answered(evidence: &Evidence<'_>, by: &[Connection<'_>]) -> Text {
    match by.iter().find_map(|c| c.facts.http.as_ref()) {
        None => described("no_http", evidence, by),
        Some(http) => {
            let variant = if http.server.is_some() { "stranger" } else { "unnamed_stranger" };
            described(variant, evidence, by)
                .with("answer", http.server.clone().unwrap_or_default())
                .with("status", http.status)
        }
    }
}
