//! The verdict: findings of all rules, the smallest set that explains, and what is left open.

use std::collections::BTreeSet;

use edgeprobe_probes::{Facts, Observation, Vantage};

use super::catalogue::{Platform, confirmation_of, entry, message, refutation_of, summary_of};
use super::cause::CauseId;
use super::causes::RULES;
use super::cover::{Candidate, smallest_cover};
use super::evidence::{EdgeReading, Evidence, is_of_a_service};
use super::logged::{self, Supported};
use super::not_tested::not_tested;
use super::outlook::outlook;
use super::reach::{self, Agent, Hub};
use super::rule::{Finding, Proof, ids};
use super::{Cause, Confidence, Documented, Effect, NotTested, RuledOut, Status, Target, Verdict};
use super::{cut_short, nested, own_lack};
use crate::language::{Language, Text};

/// Judges what was observed. The same observations and target always give the same verdict.
pub fn judge(target: &Target, observations: &[Observation], language: Language) -> Verdict {
    match nested::as_a_child(target, observations) {
        Some((target, observations)) => judge_upstream(&target, &observations, language),
        None => judge_upstream(target, observations, language),
    }
}

/// Judges the way to what this device connects to, without what a run itself lacked, or had no time for.
fn judge_upstream(target: &Target, observations: &[Observation], language: Language) -> Verdict {
    let (asked, lacking) = own_lack::set_aside(observations).unzip();
    let asked = asked.as_deref().unwrap_or(observations);
    let (in_time, cut_short) = cut_short::set_aside(target, asked).unzip();
    let aside: Vec<_> = lacking.into_iter().chain(cut_short).flatten().collect();
    judge_tested(target, in_time.as_deref().unwrap_or(asked), &aside, language)
}

fn judge_tested(
    target: &Target,
    observations: &[Observation],
    aside: &[Observation],
    language: Language,
) -> Verdict {
    let evidence = Evidence::new(target, observations);
    let mut proofs = Vec::new();
    let mut ruled_out = Vec::new();
    for rule in RULES.iter().filter(|rule| nested::applies(rule.id, target)) {
        for finding in (rule.examine)(&evidence) {
            match finding {
                Finding::Proved(proof) => proofs.push((rule.id, proof)),
                Finding::Refuted { because, evidence } => ruled_out.push(RuledOut {
                    id: rule.id,
                    because: refutation_of(rule.id, &because, language),
                    evidence,
                }),
            }
        }
    }
    cut_short::confirm_nothing(target, observations, &mut proofs);
    let failures: BTreeSet<String> = ids(reach::failures(&evidence)).into_iter().collect();
    let mut proofs = beside_the_proxy(&evidence, proofs, &failures);
    for (id, proof) in &mut proofs {
        mirror(&evidence, proof);
        if !OF_THE_SERVICES.contains(id) {
            does_what_the_services_miss(&evidence, proof);
        }
    }
    let chosen = root_causes(proofs, &failures);
    let explained: BTreeSet<&String> = chosen.iter().flat_map(|(_, p)| &p.explains).collect();
    let unexplained: Vec<String> =
        ids(reach::failures(&evidence)).into_iter().filter(|id| !explained.contains(id)).collect();

    let agent = reach::agent(&evidence);
    let hub = reach::hub(&evidence);
    let logs = logged::weigh(&evidence, chosen, &ruled_out, &agent);
    let status = logs.status(status(&evidence, &agent, hub, &logs.causes));
    let unsure = logs.causes.iter().any(|cause| cause.proof.confidence == Confidence::Likely);
    let not_tested = not_tested(&evidence, aside, (&agent, hub), unsure, language);
    let mut causes: Vec<Cause> =
        logs.causes.iter().map(|supported| cause(supported, target, language)).collect();
    own_lack::confirm_nothing((&agent, observations), aside, &mut causes, language);
    let status = own_lack::bounded(status, (&agent, hub), aside, &causes);
    let unsettled = logs.unsettled(&evidence, language);
    let confidence = match unsettled {
        Some(_) => Confidence::Likely,
        None => confidence(status, &causes, &unexplained, &not_tested),
    };
    let mut summary = summary(&evidence, aside, status, (&agent, hub), &causes, language);
    let mut outlook = outlook(&evidence, &agent, hub, &causes, language);
    own_lack::foretell_nothing(&agent, aside, &mut outlook.edge_agent, language);
    if let (Some(unsettled), true) = (unsettled, causes.iter().all(|c| c.effect == Effect::Warns)) {
        summary = unsettled;
        if logs.is_intermittent() {
            let now = Text::new("agent.open_now").with("outlook", outlook.edge_agent);
            outlook.edge_agent = message(&now, language);
        }
    }
    let logged = logs.beside(&evidence, &ruled_out, language);
    // What a log decides in a place that the probes did not look at is not out.
    ruled_out.retain(|out| causes.iter().all(|cause| cause.id != out.id));
    Verdict {
        status,
        confidence,
        summary,
        outlook,
        causes,
        ruled_out,
        unexplained,
        not_tested,
        logged,
    }
}

/// Stands in a command for the hub of a device that knows none.
const ANY_HUB: &str = "HUB";

/// The causes that lie on the direct way beyond this device's own networks.
const ON_THE_DIRECT_WAY: [CauseId; 14] = [
    CauseId::HostOffline,
    CauseId::WrongUplink,
    CauseId::DnsHostFailure,
    CauseId::DnsContainerFailure,
    CauseId::HubNameUnknown,
    CauseId::DnsHijack,
    CauseId::CaptivePortal,
    CauseId::EgressBlocked,
    CauseId::AmqpPortBlocked,
    CauseId::HttpsPortBlocked,
    CauseId::MqttPortBlocked,
    CauseId::MtuBlackHole,
    CauseId::TlsFiltered,
    CauseId::ForwardBlocked,
];

/// The causes by which the kernel leads what is meant for the hub elsewhere, or nowhere.
const OF_THE_ROUTES: [CauseId; 3] =
    [CauseId::VpnOverride, CauseId::BridgeNoRoute, CauseId::SubnetOverlap];

/// The proofs in the light of a proxy on Edge Agent's way.
///
/// What is wrong with the direct way stops nothing while the proxy carries what Edge Agent needs, and
/// is no fault at all where no transport takes that way. A site that has a proxy closes the direct
/// way as a matter of course: whatever spoils the way by the proxy is the fault there.
fn beside_the_proxy(
    evidence: &Evidence<'_>,
    mut proofs: Vec<(CauseId, Proof)>,
    failures: &BTreeSet<String>,
) -> Vec<(CauseId, Proof)> {
    if evidence.goes_direct() {
        return proofs;
    }
    let of_the_way = |id: &CauseId| ON_THE_DIRECT_WAY.contains(id);
    let needed = |proof: &Proof| proof.explains.iter().any(|id| failures.contains(id));
    proofs.retain(|(id, proof)| !of_the_way(id) || proof.effect == Effect::Warns || needed(proof));
    let led_past = led_past_by_the_proxy(evidence);
    let of_the_routes = |id: &CauseId| OF_THE_ROUTES.contains(id);
    for (_, proof) in proofs.iter_mut().filter(|(id, proof)| of_the_routes(id) && led_past(proof)) {
        let least = if needed(proof) { Effect::Degrades } else { Effect::Warns };
        proof.effect = proof.effect.max(least);
    }
    if evidence.is_carried() {
        for (_, proof) in proofs.iter_mut().filter(|(id, _)| of_the_way(id)) {
            proof.effect = proof.effect.max(Effect::Degrades);
        }
        return proofs;
    }
    let by_proxy = ids(evidence.failures_by_the_proxy());
    for (_, proof) in &mut proofs {
        if proof.explains.iter().any(|id| by_proxy.contains(id)) {
            proof.explains.extend(ids(evidence.closed_directly()));
        }
    }
    proofs
}

/// Whether Edge Agent's proxy leads past what a proof of the routes' shows: its tunnel opens from
/// where Edge Agent runs, and as far as the kernel says, the network has its way to the proxy and the
/// answers theirs back.
fn led_past_by_the_proxy(evidence: &Evidence<'_>) -> impl Fn(&Proof) -> bool {
    let opens = evidence.opens_its_proxy(&evidence.agent());
    let shadowed = evidence.edges().iter().any(EdgeReading::answers_are_led_elsewhere);
    let proxies = evidence.addresses_of_the_proxy();
    let kept_from_it = evidence.all().iter().filter(
        |seen| matches!(&seen.facts, Facts::EdgeRoute(way) if proxies.contains(&way.destination)),
    );
    let kept_from_it = ids(kept_from_it.filter(|seen| seen.failed()));
    move |proof| opens && !shadowed && !proof.explains.iter().any(|id| kept_from_it.contains(id))
}

/// Lets a proof explain the same failures seen from the container networks, and of other services:
/// what keeps the host from something keeps them from it too, and what keeps it from the hub keeps it
/// from those.
fn mirror(evidence: &Evidence<'_>, proof: &mut Proof) {
    let (host, others): (Vec<&Observation>, Vec<&Observation>) =
        evidence.all().iter().partition(|observation| observation.vantage == Vantage::Host);
    let own: Vec<&Observation> =
        host.into_iter().filter(|observation| proof.explains.contains(&observation.id)).collect();
    for other in others.into_iter().filter(|observation| observation.failed()) {
        if own.iter().any(|own| is_the_same_failure(own, other))
            && !proof.explains.contains(&other.id)
        {
            proof.explains.push(other.id.clone());
        }
    }
    for other in evidence.all().iter().filter(|o| o.failed() && is_of_a_service(o)) {
        let shared = evidence.shared_with_the_hub(other);
        if shared.iter().any(|hub| proof.explains.contains(&hub.id))
            && !proof.explains.contains(&other.id)
        {
            proof.explains.push(other.id.clone());
        }
    }
}

/// The causes of the services themselves, which know what their loss does.
const OF_THE_SERVICES: [CauseId; 4] = [
    CauseId::ProvisioningUnreachable,
    CauseId::RegistryUnreachable,
    CauseId::RegistryAccessDenied,
    CauseId::ImageNotFound,
];

/// What stops a service as well does no less than the loss of the service does.
fn does_what_the_services_miss(evidence: &Evidence<'_>, proof: &mut Proof) {
    let services = evidence.all().iter().filter(|o| o.failed() && is_of_a_service(o));
    for lost in services.filter(|o| proof.explains.contains(&o.id)) {
        if evidence.is_a_needed_service(lost) {
            proof.effect = proof.effect.min(evidence.effect_of_service(lost));
        }
    }
}

fn is_the_same_failure(own: &Observation, other: &Observation) -> bool {
    let same_question = match (own.facts.endpoint(), other.facts.endpoint()) {
        (Some(own), Some(other)) => {
            (own.role, own.transport, own.socket()) == (other.role, other.transport, other.socket())
        }
        _ => own.probe() == other.probe(),
    };
    same_question && own.failed_step() == other.failed_step()
}

/// Of everything that was proved, what is a root and not a consequence; what blocks first, and
/// within that what lies earlier on the path.
fn root_causes(
    mut proofs: Vec<(CauseId, Proof)>,
    failures: &BTreeSet<String>,
) -> Vec<(CauseId, Proof)> {
    proofs.sort_by_key(|(id, proof)| (proof.effect, *id));
    let candidates: Vec<Candidate> = proofs
        .iter()
        .enumerate()
        .map(|(rank, (_, proof))| Candidate {
            explains: proof.explains.iter().cloned().collect(),
            rank,
        })
        .collect();
    let chosen = smallest_cover(&candidates, failures);
    proofs
        .into_iter()
        .enumerate()
        .filter(|(index, _)| chosen.contains(index))
        .map(|(_, proof)| proof)
        .collect()
}

/// What works and what does not, and never better than a proved cause allows.
fn status(evidence: &Evidence<'_>, agent: &Agent, hub: Hub, causes: &[Supported<'_>]) -> Status {
    let by_reach = match reach::status(evidence, agent, hub) {
        Status::Healthy if lacks_a_hub(evidence) => Status::Inconclusive,
        reached => reached,
    };
    let by_causes = causes
        .iter()
        .filter_map(|cause| match cause.proof.effect {
            Effect::Blocks => Some(Status::Blocked),
            Effect::Degrades => Some(Status::Degraded),
            Effect::Warns => None,
        })
        .max();
    match by_causes {
        Some(worse) if by_reach == Status::Inconclusive || worse > by_reach => worse,
        _ => by_reach,
    }
}

/// Whether the device was asked what it is set up to do and knows no hub. A run that was to look at
/// its ports alone needs none.
fn lacks_a_hub(evidence: &Evidence<'_>) -> bool {
    evidence.target.hub.is_empty() && evidence.runtime().is_some()
}

fn cause(supported: &Supported<'_>, target: &Target, language: Language) -> Cause {
    let (id, proof) = (supported.id, supported.proof.clone());
    let page = entry(id, language);
    let by_a_log = supported.is_by_a_log();
    let mut words = proof.summary.arguments().clone();
    let hub = if target.hub.is_empty() { ANY_HUB } else { &target.hub };
    words.entry("hub").or_insert_with(|| hub.into());
    let would_confirm = match proof.confidence {
        Confidence::Confirmed => None,
        Confidence::Likely if by_a_log => Some(logged::would_confirm(language)),
        Confidence::Likely if proof.cut_short => {
            Some(message(&Text::new("cut_short.would_confirm"), language))
        }
        Confidence::Likely => confirmation_of(id, proof.summary.key(), &words, language),
    };
    let nowhere = || Documented { title: page.title.clone(), source: String::new() };
    Cause {
        id,
        confidence: proof.confidence,
        effect: proof.effect,
        summary: if by_a_log {
            logged::decided(id, &proof.summary, language)
        } else {
            summary_of(id, &proof.summary, language)
        },
        documented: page.documented.first().cloned().unwrap_or_else(nowhere),
        evidence: proof.evidence,
        would_confirm,
        logged: supported.logged(language),
        remedy: page.remedies_for(Platform::HERE, supported.variant(), &words, language),
        details: proof.details,
    }
}

/// Confirmed when every cause is, nothing is left unexplained, and, where the verdict is good, all
/// that it speaks of was tested.
fn confidence(
    status: Status,
    causes: &[Cause],
    unexplained: &[String],
    not_tested: &[NotTested],
) -> Confidence {
    let open = match status {
        Status::Healthy | Status::Degraded => !not_tested.is_empty(),
        Status::Blocked => causes.iter().all(|cause| cause.effect == Effect::Warns),
        Status::Inconclusive => true,
    };
    let unsure = causes.iter().any(|cause| cause.confidence == Confidence::Likely);
    if open || unsure || !unexplained.is_empty() {
        Confidence::Likely
    } else {
        Confidence::Confirmed
    }
}

/// The verdict in a sentence: the first cause's own, unless it only warns.
fn summary(
    evidence: &Evidence<'_>,
    aside: &[Observation],
    status: Status,
    (agent, hub): (&Agent, Hub),
    causes: &[Cause],
    language: Language,
) -> String {
    if let Some(cause) = causes.iter().find(|cause| cause.effect != Effect::Warns) {
        return cause.summary.clone();
    }
    let key = match (status, agent) {
        (Status::Healthy, Agent::Unknown) if evidence.target.hub.is_empty() => {
            "summary.ports_alone"
        }
        (Status::Healthy, Agent::Unknown) => "summary.ports_only",
        (Status::Healthy, _) if hub == Hub::Unknown => "summary.agent_only",
        (Status::Healthy, _) => "summary.healthy",
        (Status::Degraded, _) if turned_away(evidence).is_some() => "summary.turned_away_partly",
        (Status::Degraded, _) => "summary.degraded",
        (Status::Blocked, _) if reach::ran_out_of_time(evidence) => "summary.cut_short",
        (Status::Blocked, Agent::Nameless) => "summary.nameless",
        (Status::Blocked, Agent::Unreachable { .. }) if turned_away(evidence).is_some() => {
            "summary.turned_away"
        }
        (Status::Blocked, _) => "summary.blocked",
        (Status::Inconclusive, _) if aside.iter().any(own_lack::is_lacking) => "summary.own_lack",
        (Status::Inconclusive, _) if lacks_a_hub(evidence) => "summary.no_hub",
        (Status::Inconclusive, _) => "summary.inconclusive",
    };
    let transport = match agent {
        Agent::FirstChoice(transport) => transport.to_string(),
        _ => String::new(),
    };
    let text = Text::new(key).with("hub", &evidence.target.hub).with("transport", transport);
    let text = match turned_away(evidence) {
        Some((port, status)) => text.with("port", port).with("status", status),
        None => text,
    };
    message(&text, language)
}

/// The port of a transport of Edge Agent's on which IoT Hub itself turns it away, and the HTTP status
/// by which it does. A parent is no IoT Hub.
fn turned_away(evidence: &Evidence<'_>) -> Option<(u16, u16)> {
    if evidence.target.parent.is_some() {
        return None;
    }
    let view = evidence.agent();
    let mut tried = view.transports().iter().flat_map(|transport| view.on(*transport));
    tried.find_map(|connection| Some((connection.facts.port, connection.turned_away()?)))
}
