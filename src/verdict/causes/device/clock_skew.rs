//! `clock-skew`: the device's clock is off, so certificates or tokens are refused.

use edgeprobe_facts::endpoint::TrustResult;
use edgeprobe_facts::{Facts, Observation, Token};

use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::causes::shared::{observations, those};
use crate::evidence::{Connection, Evidence, View};
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::words::duration;
use crate::{Confidence, Effect};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Device,
    with_a_proxy: WithAProxy::TheSame,
    applies_to_a_child: true,
    keeps_out: &[],
    same_in_a_log: SameInALog::Clock,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Device,
    examine,
};

/// Tokens that the runtime signs are valid for an hour by default: a device that is further behind
/// signs tokens that have already ended when IoT Hub reads them.
const TOKEN_LIFETIME_S: f64 = 3_600.0;

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let host = evidence.host();
    let connections: Vec<Connection<'_>> =
        evidence.views().iter().flat_map(View::on_the_way).collect();
    let refused = those(&connections, refused_for_the_time);
    // The clock also stops the other parts, by their own proxies.
    let views = evidence.views();
    let by_parts = views.iter().flat_map(|view| evidence.parts_by_proxy(view));
    let by_parts: Vec<Connection<'_>> = by_parts.flat_map(|by| by.connections).collect();
    let of_parts = observations(&those(&by_parts, refused_for_the_time));
    let measured = measured_offset(&host);
    match (measured, refused.first()) {
        (Some((clock, offset)), None) if !clock.failed() => {
            refuted(Text::new("in_step").with("offset", duration(offset)), [clock])
        }
        (Some((clock, offset)), _) if clock.failed() => {
            let effect = if !refused.is_empty() || offset < -TOKEN_LIFETIME_S {
                Effect::Blocks
            } else {
                Effect::Warns
            };
            let text = Text::new(if offset < 0.0 { "behind" } else { "ahead" })
                .with("offset", duration(offset));
            let evidence = [clock].into_iter().chain(observations(&refused));
            Proof::confirmed(effect, text, evidence)
                .explaining(of_parts)
                .with_detail("offset_s", offset)
                .alone()
        }
        (_, Some(first)) => {
            // Authorities do not issue certificates for the future, so "not yet valid" can only be
            // this device's clock; a certificate that has ended may be the server's own fault.
            let early = first.token() == Some(Token::TlsNotYetValid);
            let text = Text::new(if early { "not_yet_valid" } else { "expired" });
            let confidence = if early { Confidence::Confirmed } else { Confidence::Likely };
            Proof::confirmed(Effect::Blocks, text, observations(&refused))
                .explaining(of_parts)
                .with_confidence(confidence)
                .alone()
        }
        (_, None) => Vec::new(),
    }
}

/// Whether only the time is wrong with the certificate.
fn refused_for_the_time(connection: &Connection<'_>) -> bool {
    matches!(connection.token(), Some(Token::TlsExpired | Token::TlsNotYetValid))
        && connection.trust().is_some_and(|t| t.within_validity == TrustResult::Trusted)
}

fn measured_offset<'o>(host: &View<'o>) -> Option<(&'o Observation, f64)> {
    host.all().find_map(|observation| match &observation.facts {
        Facts::Clock(facts) => Some((observation, facts.offset_s?)),
        _ => None,
    })
}
