//! `dns-container-failure`: the host resolves, containers on the edge network do not.

use edgeprobe_probes::{Observation, Role, Token};

use super::edge::{about, at_each_edge, hub_addresses};
use crate::verdict::catalogue::{Text, Word};
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::{Answer, EdgeReading, Evidence};
use crate::verdict::rule::{Finding, Proof, Rule, refuted};
use crate::verdict::told;
use crate::verdict::words::listed;
use crate::verdict::{Confidence, Effect};

pub(super) const RULE: Rule = Rule { id: CauseId::DnsContainerFailure, examine };

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    if hub_addresses(evidence).is_empty() {
        // The host resolves nothing either: that is the greater fault.
        return Vec::new();
    }
    at_each_edge(evidence, examine_edge)
}

fn examine_edge(edge: &EdgeReading<'_>) -> Vec<Finding> {
    let answers: Vec<Answer<'_>> = edge.view.answers(Role::Hub).collect();
    let answered: Vec<&Observation> = answers
        .iter()
        .map(|answer| answer.observation)
        .filter(|observation| !observation.failed())
        .collect();
    if !answered.is_empty() {
        return refuted(about(edge, "answered"), answered);
    }
    // A network that is cut off altogether has another fault, of which this is a consequence.
    if answers.is_empty() || edge.is_cut_off() {
        return Vec::new();
    }
    // Only a connection shows that packets pass at all.
    let confidence =
        if edge.opened.is_empty() { Confidence::Likely } else { Confidence::Confirmed };
    let servers: Vec<Word> = answers.iter().map(Answer::server).collect();
    let silent = answers.iter().all(|it| it.observation.token() == Some(Token::DnsTimeout));
    let mut failures = answers.iter().filter_map(|answer| told::failure(answer.observation));
    let text: Text =
        about(edge, if silent { "silent" } else { "failing" }).with("resolver", listed(servers));
    let text = failures.next().into_iter().fold(text, |text, why| text.with("failure", why));
    let controls = edge.view.answers(Role::Control).map(|answer| answer.observation);
    Proof::confirmed(Effect::Blocks, text, answers.iter().map(|answer| answer.observation))
        .with_confidence(confidence)
        .explaining(controls.filter(|control| control.failed()))
        .explaining(
            edge.failures()
                .into_iter()
                .filter(|failure| failure.probe() == edgeprobe_probes::Probe::EdgeRoute),
        )
        .alone()
}
