//! Name servers behind a VPN, which answer the host and not its containers.

use edgeprobe_facts::Role;

use super::network::of_the_network;
use crate::causes::bridge::edge::about;
use crate::causes::names::containers::BehindAVpn;
use crate::evidence::{EdgeReading, Evidence};
use crate::rule::Proof;
use crate::words::{self, listed};
use crate::{Confidence, Effect};

/// The proof that every name server which the network asks lies behind a VPN and does not answer it.
pub(super) fn proof(
    evidence: &Evidence<'_>,
    edge: &EdgeReading<'_>,
    behind: &BehindAVpn<'_>,
) -> Proof {
    let hub = &evidence.target.hub;
    let text = about(edge, "dns").with("resolver", listed(&behind.servers)).with("hub", hub);
    let text = text.with_any("vpn", behind.vpn.vpn.map(words::vpn));
    let text = text.with_any("interface", behind.vpn.interface.as_ref());
    let routes: Vec<String> = behind.vpn.routes.iter().map(ToString::to_string).collect();
    let rule = behind.vpn.rule.as_ref().map(ToString::to_string);
    let controls = edge.view.answers(Role::Control).map(|answer| answer.observation);
    let proof = Proof::confirmed(
        Effect::Blocks,
        text,
        behind.answers.iter().map(|answer| answer.observation),
    )
    .supported_by(behind.to_the_host.iter().copied())
    .supported_by(edge.kernels_word())
    .explaining(controls.filter(|control| control.failed()))
    .explaining(edge.ways.iter().map(|(way, _)| *way).filter(|way| way.failed()))
    // No question is followed on its way: a filter for them alone would look the same.
    .with_confidence(Confidence::Likely)
    .with_detail("mechanism", "dns")
    .with_detail("interface", behind.vpn.interface.clone())
    .with_detail("routes", routes)
    .with_detail("rule", rule);
    of_the_network(edge, proof)
}
