//! The look on plain HTTP for a captive portal: portals answer there before they answer anywhere.

use std::net::IpAddr;

use edgeprobe_facts::endpoint::{Endpoint, Transport};
use edgeprobe_facts::{Observation, Probe, Role, Step};

use super::nested::Upstream;
use super::{Plan, Question, addresses};

impl Plan {
    /// What a failed connection to the hub's web port makes worth asking on plain HTTP: the hub's
    /// own address, which serves none, and the control's, which has nothing in common with it but a
    /// portal.
    pub(super) fn portal_looks(
        &self,
        observation: &Observation,
        upstream: &Upstream,
        seen: &[Observation],
    ) -> Vec<Question> {
        let Some(facts) = observation.facts.endpoint() else { return Vec::new() };
        let failed = facts.role == Role::Hub
            && facts.proxy.is_none()
            && facts.transport.default_port() == Transport::Https.default_port()
            && matches!(observation.failed_step(), Some(Step::Connect | Step::Tls));
        if !failed || !upstream.is_the_hub() || self.target.embedded || !self.asks(Probe::Https) {
            return Vec::new();
        }
        let control = addresses(seen, Role::Control).into_iter().next();
        let mut looks = vec![plain(Role::Detour, &upstream.name, facts.peer)];
        looks.extend(control.map(|peer| plain(Role::Control, &self.control.host, peer)));
        looks
    }
}

fn plain(role: Role, server: &str, peer: IpAddr) -> Question {
    let endpoint = Endpoint {
        transport: Transport::Http,
        role,
        server: server.to_owned(),
        port: Transport::Http.default_port(),
        detour: None,
        proxy: None,
    };
    Question::Connect { endpoint, peer }
}
