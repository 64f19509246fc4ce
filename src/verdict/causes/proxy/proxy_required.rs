//! `proxy-required`: the direct way is closed and a proxy works, but a part that needs the proxy
//! does not have it in its settings.

use edgeprobe_facts::runtime::{Part, ProxySetting};
use edgeprobe_facts::{Observation, Role, Token, Vantage};
use serde_json::{Value, json};

use super::ways::DirectWay;
use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::causes::shared::{as_one, observations, place, those};
use crate::evidence::{Connection, Evidence, View};
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::words::{listed, part};
use crate::{Confidence, Effect, Way};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::TheSame,
    applies_to_a_child: true,
    keeps_out: &[],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Device,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let settings = evidence.proxy_settings();
    if settings.iter().all(|setting| setting.https_proxy.is_none()) {
        return Vec::new();
    }
    let agent = evidence.agent();
    let opens = |connections: Vec<Connection<'_>>| connections.iter().any(Connection::connected);
    // A network that is cut off shows neither way. The site treats it as it treats the host.
    let host_stands_in = !opens(agent.hub()) && !opens(agent.proxied(Role::Hub).collect());
    as_one(evidence.views().iter().filter(|view| !evidence.is_unused(&view.vantage)).map(|view| {
        let is_agents =
            view.vantage == agent.vantage || (host_stands_in && view.vantage == Vantage::Host);
        PartsAtAVantage { evidence, view, is_agents, settings }.examine(&evidence.target.hub)
    }))
}

/// One vantage, and the proxy settings of the device's parts.
struct PartsAtAVantage<'e, 'o> {
    evidence: &'e Evidence<'o>,
    view: &'e View<'o>,
    /// Whether Edge Agent is here.
    is_agents: bool,
    settings: &'e [ProxySetting],
}

impl<'o> PartsAtAVantage<'_, 'o> {
    fn examine(&self, hub: &str) -> Vec<Finding> {
        match DirectWay::from_view(self.view) {
            DirectWay::Open(open) => return refuted(Text::new("direct"), observations(&open)),
            DirectWay::NotTried => return Vec::new(),
            DirectWay::Closed => {}
        }
        let by_proxy: Vec<Connection<'o>> = self.view.proxied(Role::Hub).collect();
        // The way there is open, whatever answers at its end.
        let working = those(&by_proxy, Connection::established);
        let hidden = those(&by_proxy, wants_what_is_hidden);
        let lacking = self.lacking(hub);
        let Some(first) = working.first().or(hidden.first()) else { return Vec::new() };
        let (Some(proxy), false) = (&first.facts.proxy, lacking.is_empty()) else {
            return Vec::new();
        };
        // The part's own setting may exist where it was not seen.
        let known = self.settings.iter().any(|setting| lacking.contains(&setting.part));
        let confidence =
            if known && !working.is_empty() { Confidence::Confirmed } else { Confidence::Likely };
        let effect =
            if lacking.contains(&Part::EdgeAgent) { Effect::Blocks } else { Effect::Degrades };
        let text = Text::new(if working.is_empty() { "hidden" } else { "works" })
            .with("proxy", proxy.url.to_string())
            .with("part", part(proxy.part))
            .with("lacking", listed(lacking.iter().copied().map(part)))
            .with("place", place(&self.view.vantage))
            .with("engine", if self.is_engine_set_up(hub) { "told" } else { "not_told" });
        let shown = if working.is_empty() { hidden } else { working };
        Proof::confirmed(effect, text, observations(&shown))
            .supported_by(observations(&self.view.hub()))
            .with_confidence(confidence)
            // The site closes the direct way for the host and for its containers.
            .explaining(self.evidence.closed_directly())
            .explaining(self.names())
            .explaining(self.unprovisioned(&lacking))
            .with_detail("proxy", proxy.url.to_string())
            .with_detail("told", self.with_a_proxy_set(hub))
            .with_detail("not_told", lacking.iter().map(|part| json!(part)).collect::<Vec<Value>>())
            .alone()
    }

    /// The parts here that go the direct way to the hub's port 443, which is closed.
    fn lacking(&self, hub: &str) -> Vec<Part> {
        let in_a_container = self.view.vantage.is_in_a_container();
        let is_here = |part: Part| match part {
            Part::EdgeAgent | Part::EdgeHub => self.is_agents,
            Part::Daemon | Part::IdentityService => !in_a_container,
            // This program's environment is no part of the runtime, and the engine needs registries
            // alone.
            Part::Environment | Part::System | Part::Engine => false,
        };
        // A container whose own port works needs no proxy.
        let by_another_port = self
            .view
            .hub()
            .iter()
            .any(|c| c.works() && self.view.transports().contains(&c.facts.transport));
        // A proxy that was chosen for this run counts as Edge Agent's setting.
        let chosen = self.evidence.target.proxy.as_ref().is_some_and(|given| given.chosen);
        let mut lacking: Vec<Part> = self
            .settings
            .iter()
            .filter(|setting| is_here(setting.part) && setting.proxy_to(hub, 443).is_none())
            .map(|setting| setting.part)
            .filter(|part| !(part.is_in_a_container() && (by_another_port || chosen)))
            .collect();
        let unseen = !self.settings.iter().any(|setting| setting.part == Part::EdgeAgent);
        let direct = matches!(self.view.way(), Way::Direct);
        if self.is_agents && unseen && direct && !by_another_port {
            lacking.push(Part::EdgeAgent);
        }
        lacking
    }

    /// The parts with a proxy in their settings, with its URL and source.
    fn with_a_proxy_set(&self, hub: &str) -> Vec<Value> {
        let set = |setting: &ProxySetting| {
            let url = setting.proxy_to(hub, 443)?;
            Some(json!({"part": setting.part, "proxy": url, "source": setting.source}))
        };
        self.settings.iter().filter_map(set).collect()
    }

    fn is_engine_set_up(&self, hub: &str) -> bool {
        let is_set = |it: &ProxySetting| it.part == Part::Engine && it.proxy_to(hub, 443).is_some();
        self.settings.iter().any(is_set)
    }

    /// The failures of the provisioning service, where the daemons try the direct way.
    fn unprovisioned(&self, lacking: &[Part]) -> Vec<&'o Observation> {
        let daemons = [Part::Daemon, Part::IdentityService];
        if !lacking.iter().any(|part| daemons.contains(part)) {
            return Vec::new();
        }
        let closed = self.evidence.provisioning().into_iter();
        let closed = closed.filter(|c| c.is_direct() && !c.connected()).map(|c| c.observation);
        let names = self.view.answers(Role::Provisioning).map(|answer| answer.observation);
        closed.chain(names.filter(|name| name.failed())).collect()
    }

    /// The resolvers without an address of the hub. A site with a proxy does not need one.
    fn names(&self) -> impl Iterator<Item = &'o Observation> {
        let answers = self.view.answers(Role::Hub).map(|answer| answer.observation);
        answers.filter(|answer| answer.failed()).collect::<Vec<_>>().into_iter()
    }
}

/// Whether the proxy asks for the credentials that the engine keeps to itself.
fn wants_what_is_hidden(connection: &Connection<'_>) -> bool {
    connection.token() == Some(Token::ProxyAuthenticationRequired)
        && connection
            .facts
            .proxy
            .as_ref()
            .is_some_and(|proxy| proxy.part == Part::Engine && proxy.url.has_credentials())
}
