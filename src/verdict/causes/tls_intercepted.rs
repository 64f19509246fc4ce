//! `tls-intercepted`: somebody else's certificate stands where IoT Hub's should.

use edgeprobe_probes::endpoint::{Certificate, TrustResult};

use super::shared::{at_each_vantage, controls, effect_of_loss, observations, place, ports, those};
use crate::verdict::catalogue::Text;
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::{Connection, Evidence, View};
use crate::verdict::rule::{Finding, Proof, Rule, refuted};
use crate::verdict::{Confidence, Effect};

pub(super) const RULE: Rule = Rule { id: CauseId::TlsIntercepted, examine };

/// The organisations that issue IoT Hub's certificates. One of theirs that the device trusts and
/// the public roots do not is a root that browsers have dropped, not an interceptor.
const HUB_AUTHORITIES: [&str; 3] = ["DigiCert", "Microsoft", "Baltimore"];

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    at_each_vantage(evidence, |view| examine_view(view, &evidence.target.hub))
}

fn examine_view(view: &View<'_>, hub: &str) -> Vec<Finding> {
    let connections = view.hub();
    let foreign = those(&connections, |c| is_foreign(c) && (claims_to_be(c, hub) || relays(c)));
    let accepted =
        those(&foreign, |c| c.trust().is_some_and(edgeprobe_probes::endpoint::Trust::accepted));
    let text = |variant, of: &[Connection<'_>]| {
        Text::new(variant)
            .with("hub", hub)
            .with("port", ports(of))
            .with("issuer", issuer(of))
            .with("place", place(&view.vantage))
    };
    if foreign.is_empty() {
        let verified = those(&connections, |c| {
            c.trust().is_some_and(|trust| trust.public == TrustResult::Trusted)
        });
        return if verified.is_empty() {
            Vec::new()
        } else {
            refuted(text("verified", &verified), observations(&verified))
        };
    }
    if accepted.len() == foreign.len() {
        return Proof::confirmed(Effect::Warns, text("trusted", &foreign), observations(&foreign))
            .with_confidence(Confidence::Likely)
            .with_detail("issuer", issuer(&foreign))
            .alone();
    }
    let same_issuer = those(&controls(view), |control| {
        is_foreign(control) && issuer(&[*control]) == issuer(&foreign)
    });
    Proof::confirmed(effect_of_loss(view), text("unknown", &foreign), observations(&foreign))
        .supported_by(observations(&same_issuer))
        .with_detail("issuer", issuer(&foreign))
        .alone()
}

/// Whether the chain leads to no public root and to none that the user named.
fn is_foreign(connection: &Connection<'_>) -> bool {
    let Some(trust) = connection.trust() else { return false };
    let by_hub_authority = connection.tls().and_then(|tls| tls.chain.first()).is_some_and(|leaf| {
        trust.accepted() && HUB_AUTHORITIES.iter().any(|name| leaf.issuer.contains(name))
    });
    trust.public == TrustResult::UnknownIssuer
        && trust.ca_file != Some(TrustResult::Trusted)
        && (trust.within_validity != TrustResult::Trusted || trust.device == TrustResult::Trusted)
        && !by_hub_authority
}

/// Whether the certificate is made out to the hub's name.
fn claims_to_be(connection: &Connection<'_>, hub: &str) -> bool {
    connection
        .tls()
        .and_then(|tls| tls.chain.first())
        .is_some_and(|leaf| leaf.names.iter().any(|name| covers(name, hub)))
}

/// Whether IoT Hub's own words come through.
fn relays(connection: &Connection<'_>) -> bool {
    let amqp = connection.facts.amqp.as_ref();
    let http = connection.facts.http.as_ref();
    amqp.is_some_and(|amqp| amqp.mechanisms.iter().any(|mechanism| mechanism == "MSSBCBS"))
        || http.is_some_and(|http| http.iothub_errorcode.is_some())
}

/// Whether a certificate's name covers a host name (RFC 6125: a wildcard stands for one label).
fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(suffix) => {
            host.split_once('.').is_some_and(|(_, parent)| parent.eq_ignore_ascii_case(suffix))
        }
        None => pattern.eq_ignore_ascii_case(host),
    }
}

fn issuer(connections: &[Connection<'_>]) -> String {
    let leaf: Option<&Certificate> =
        connections.iter().find_map(|connection| connection.tls()?.chain.first());
    leaf.map(|leaf| leaf.issuer.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_one_label() {
        assert!(covers("*.azure-devices.net", "contoso.azure-devices.net"));
        assert!(!covers("*.azure-devices.net", "contoso.privatelink.azure-devices.net"));
        assert!(covers("Contoso.azure-devices.net", "contoso.azure-devices.net"));
    }
}
