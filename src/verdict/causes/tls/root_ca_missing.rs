//! `root-ca-missing`: IoT Hub's own chain, but the device lacks its root.

use edgeprobe_facts::endpoint::TrustResult;

use crate::attributes::{BesideAProxy, Party, SameInALog, SeenByTheEngine, Subject};
use crate::catalogue::Text;
use crate::causes::shared::{at_each_vantage, effect_of_loss, observations, ports, those};
use crate::evidence::{Connection, Evidence, View};
use crate::rule::{Finding, Proof, Rule, refuted};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    beside_a_proxy: BesideAProxy::TheSame,
    applies_to_a_child: false,
    keeps_out: &[],
    same_in_a_log: SameInALog::Cause,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Device,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    at_each_vantage(evidence, examine_view)
}

fn examine_view(view: &View<'_>) -> Vec<Finding> {
    let connections = view.on_the_way();
    let accepted =
        those(&connections, |c| c.trust().is_some_and(edgeprobe_facts::endpoint::Trust::accepted));
    if !accepted.is_empty() {
        return refuted(Text::new("accepted"), observations(&accepted));
    }
    let lacking = those(&connections, lacks_the_root);
    let Some(first) = lacking.first() else { return Vec::new() };
    let issuer = first
        .tls()
        .and_then(|tls| tls.chain.last())
        .map(|last| last.issuer.clone())
        .unwrap_or_default();
    let text = Text::new("lacking").with("port", ports(&lacking)).with("issuer", &issuer);
    Proof::confirmed(effect_of_loss(view), text, observations(&lacking))
        .with_detail("issuer", issuer)
        .alone()
}

/// Whether the public roots verify what the device's own store does not.
fn lacks_the_root(connection: &Connection<'_>) -> bool {
    connection.trust().is_some_and(|trust| {
        // A clock that is off keeps the public roots from verifying at this moment, and no more.
        let by_public = matches!(
            trust.public,
            TrustResult::Trusted | TrustResult::Expired | TrustResult::NotYetValid
        );
        trust.device == TrustResult::UnknownIssuer
            && trust.within_validity == TrustResult::Trusted
            && by_public
    })
}
