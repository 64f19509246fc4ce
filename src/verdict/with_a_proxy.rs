//! What remains of the proofs where Edge Agent goes by a proxy.

use std::collections::BTreeSet;

use edgeprobe_facts::Facts;

use super::Effect;
use super::attributes::WithAProxy;
use super::causes::CauseId;
use super::evidence::{EdgeReading, Evidence};
use super::rule::{Proof, ids};

/// The proofs in the light of a proxy on Edge Agent's way.
///
/// A fault of the direct way stops nothing while the proxy carries what Edge Agent needs, and it is
/// no fault where no transport goes directly. A site with a proxy usually closes the direct way:
/// there the fault is what stops the way by the proxy.
pub(super) fn with_the_proxy(
    evidence: &Evidence<'_>,
    mut proofs: Vec<(CauseId, Proof)>,
    failures: &BTreeSet<String>,
) -> Vec<(CauseId, Proof)> {
    if evidence.goes_direct() {
        return proofs;
    }
    let of_the_way = |id: &CauseId| id.rule().with_a_proxy == WithAProxy::OnTheDirectWay;
    let needed = |proof: &Proof| !proof.explains.is_disjoint(failures);
    proofs.retain(|(id, proof)| !of_the_way(id) || proof.effect == Effect::Warns || needed(proof));
    let avoided = avoided_by_the_proxy(evidence);
    let of_the_routes = |id: &CauseId| id.rule().with_a_proxy == WithAProxy::OnTheHostsRoutes;
    for (_, proof) in proofs.iter_mut().filter(|(id, proof)| of_the_routes(id) && avoided(proof)) {
        let least = if needed(proof) { Effect::Degrades } else { Effect::Warns };
        proof.effect = proof.effect.max(least);
    }
    if evidence.is_carried() {
        for (_, proof) in proofs.iter_mut().filter(|(id, _)| of_the_way(id)) {
            proof.effect = proof.effect.max(Effect::Degrades);
        }
        return proofs;
    }
    let by_proxy: BTreeSet<String> = ids(evidence.failures_by_the_proxy()).into_iter().collect();
    let closed = ids(evidence.closed_directly());
    for (_, proof) in &mut proofs {
        if !proof.explains.is_disjoint(&by_proxy) {
            proof.explains.extend(closed.iter().cloned());
        }
    }
    proofs
}

/// Whether Edge Agent's proxy leads past what a proof of the routes' shows: its tunnel opens from
/// where Edge Agent runs, and as far as the kernel says, the network has its way to the proxy and the
/// answers theirs back.
fn avoided_by_the_proxy(evidence: &Evidence<'_>) -> impl Fn(&Proof) -> bool {
    let opens = evidence.opens_its_proxy(&evidence.agent());
    let shadowed = evidence.edges().iter().any(EdgeReading::answers_are_led_elsewhere);
    let proxies = evidence.addresses_of_the_proxy();
    let kept_from_it = evidence.all().iter().filter(
        |seen| matches!(&seen.facts, Facts::EdgeRoute(way) if proxies.contains(&way.destination)),
    );
    let kept_from_it: BTreeSet<String> =
        ids(kept_from_it.filter(|seen| seen.failed())).into_iter().collect();
    move |proof| opens && !shadowed && proof.explains.is_disjoint(&kept_from_it)
}
