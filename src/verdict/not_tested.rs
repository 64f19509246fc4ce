//! What a run says nothing of, and why.

mod networks;

use edgeprobe_facts::registry::{CredentialUse, Doubt, RegistryFacts};
use edgeprobe_facts::runtime::{Part, SourceState};
use edgeprobe_facts::{Facts, Observation, Role, Token, clean};

use super::NotTested;
use super::catalogue::message;
use super::cut_short;
use super::evidence::{Connection, Evidence};
use super::own_lack;
use super::reach::{Agent, Hub};
use super::rule::ids;
use super::words::listed;
use crate::translation;
use edgeprobe_language::{Language, Text, Word};

/// How many silences are named of those that were cut short.
const MOST_SUBJECTS: usize = 4;

/// Something that was not examined, and the observations that show why.
struct Missing {
    what: Text,
    why: Text,
    evidence: Vec<String>,
}

impl Missing {
    fn new(what: Text, why: Text) -> Self {
        Self { what, why, evidence: Vec::new() }
    }

    fn shown_by<'o>(self, observations: impl IntoIterator<Item = &'o Observation>) -> Self {
        Self { evidence: ids(observations), ..self }
    }
}

/// What this run says nothing of, in the order of the way to the hub. `not_judged` was given too little
/// time, or was not asked for what the run itself lacked; `unsure` says that a cause is no more than likely, so that what would decide is missed.
pub(super) fn not_tested(
    evidence: &Evidence<'_>,
    not_judged: &[Observation],
    (agent, hub): (&Agent, Hub),
    unsure: bool,
    language: Language,
) -> Vec<NotTested> {
    let mut missing: Vec<Missing> = Vec::new();
    let plain = |what, why| Missing::new(Text::new(what), Text::new(why));
    match agent {
        Agent::Unknown if evidence.target.hub.is_empty() => {
            missing.push(plain("not_tested.hub", "why.no_hub"));
        }
        // What the run itself lacked is another reason, which is named elsewhere.
        Agent::Unknown if not_judged.iter().any(own_lack::is_missed) => {}
        Agent::Unknown => missing.push(plain("not_tested.hub", "why.left_out")),
        Agent::Nameless => {
            let view = evidence.agent();
            // Where another vantage knows an address, connections to it were made from here too.
            if view.hub().is_empty() {
                let names = view.answers(Role::Hub).map(|answer| answer.observation);
                missing.push(plain("not_tested.connections", "why.nameless").shown_by(names));
            }
        }
        _ => {}
    }
    missing.extend(lacking(not_judged));
    missing.extend(cut_short(evidence, not_judged));
    missing.extend(networks::networks(evidence));
    missing.extend(networks::by_ipv6(evidence));
    if evidence.is_without_the_host() {
        missing.push(plain("not_tested.host", "why.host_left_out"));
    }
    missing.extend(networks::beyond_what_is_read(evidence));
    missing.extend(networks::rules(evidence));
    if is_known_to_this_run_alone(evidence) {
        missing.push(plain("not_tested.proxy", "why.proxy_unseen"));
    }
    if unsure {
        missing.extend(networks::traces(evidence));
    }
    let is_port = |seen: &&Observation| matches!(seen.facts, Facts::Ports(_));
    if hub == Hub::Unknown && !not_judged.iter().any(|seen| is_port(&seen)) {
        let taken: Vec<&Observation> = evidence.missed_ports().map(|(port, _)| port).collect();
        let why = if taken.is_empty() { "why.left_out" } else { "why.unseen_holders" };
        missing.push(plain("not_tested.ports", why).shown_by(taken));
    }
    let wanted = with_token(evidence, Token::ClientCertificateWanted);
    if !wanted.is_empty() {
        let websocket = plain("not_tested.websocket", "why.client_certificate");
        missing.push(websocket.shown_by(wanted));
    }
    missing.extend(containers_trust(evidence));
    let denied = with_token(evidence, Token::EnginePermissionDenied);
    if !denied.is_empty() {
        missing.push(plain("not_tested.engine", "why.engine_permission").shown_by(denied));
    }
    missing.extend(configuration(evidence));
    missing.extend(images(evidence));
    missing.extend(registries(evidence));
    missing.extend(logs(evidence));
    let rendered = |missing: Missing| NotTested {
        what: message(&missing.what, language),
        why: message(&missing.why, language),
        evidence: missing.evidence,
    };
    missing.into_iter().map(rendered).collect()
}

/// What this run's own time was too short for.
fn cut_short(evidence: &Evidence<'_>, not_judged: &[Observation]) -> Option<Missing> {
    let all = evidence.all().iter().chain(not_judged);
    let missed: Vec<&Observation> = all.filter(|seen| cut_short::is_missed(seen)).collect();
    let what = Text::new("cut_short.not_tested").with("subjects", subjects(&missed));
    let why = Text::new("cut_short.why");
    (!missed.is_empty()).then(|| Missing::new(what, why).shown_by(missed))
}

/// What this run itself lacked something for, by what it lacked.
fn lacking(not_judged: &[Observation]) -> Vec<Missing> {
    let by_lack = [
        (Token::OwnLimit, "why.own_limit"),
        (Token::OwnPermission, "why.own_permission"),
        (Token::OwnPause, "why.own_pause"),
        (Token::OwnLoss, "why.own_loss"),
        (Token::TlsNotVerified, "why.not_verified"),
    ];
    let missing = by_lack.into_iter().filter_map(|(token, why)| {
        let all = || not_judged.iter().filter(move |seen| seen.token() == Some(token));
        let mut missed: Vec<&Observation> =
            all().filter(|seen| own_lack::is_missed(seen)).collect();
        if missed.is_empty() {
            missed = all().collect();
        }
        let detail = missed.first()?.failure.as_ref().map(|failure| failure.detail.as_str());
        let detail = format!("`{}`", clean::line(detail.unwrap_or("?"), 160).replace('`', "'"));
        let what = Text::new("own_lack.not_tested").with("subjects", subjects(&missed));
        Some(Missing::new(what, Text::new(why).with("detail", detail)).shown_by(missed))
    });
    missing.collect()
}

/// What was asked, each once and no more than a few.
fn subjects(observations: &[&Observation]) -> Word {
    let mut subjects: Vec<Word> = Vec::new();
    for subject in observations.iter().map(|seen| translation::subject(seen)) {
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
    }
    subjects.truncate(MOST_SUBJECTS);
    listed(subjects)
}

/// The files of the runtime and of what it stands on that say nothing, at most three of them.
fn configuration(evidence: &Evidence<'_>) -> Vec<Missing> {
    let runtime = evidence.all().iter().find_map(|observation| match &observation.facts {
        Facts::Runtime(facts) => Some((observation, facts)),
        _ => None,
    });
    let sources = runtime
        .into_iter()
        .flat_map(|(seen, facts)| facts.sources.iter().map(move |source| (seen, source)));
    sources
        .filter_map(|(seen, source)| {
            let why = match source.state {
                SourceState::Read => return None,
                SourceState::Unreadable => Text::new("why.unreadable_configuration"),
                SourceState::Broken => {
                    Text::new("why.broken_configuration").with("detail", translation::flaw(source))
                }
            };
            let name = clean::line(&source.name, 160);
            let what = Text::new("not_tested.configuration").with("name", name);
            Some(Missing::new(what, why).shown_by([seen]))
        })
        .take(3)
        .collect()
}

/// Whether Edge Agent depends on a proxy that only this run is known to be told of.
fn is_known_to_this_run_alone(evidence: &Evidence<'_>) -> bool {
    let settings = evidence.proxy_settings();
    let hub = &evidence.target.hub;
    let seen = settings
        .iter()
        .any(|setting| setting.part == Part::EdgeAgent && setting.proxy_to(hub, 443).is_some());
    let closed = !evidence.agent().hub().iter().any(Connection::works);
    evidence.is_carried() && closed && !seen
}

/// The images whose registry wants credentials that it was not given.
fn images(evidence: &Evidence<'_>) -> Vec<Missing> {
    evidence
        .registries()
        .iter()
        .filter(|reading| reading.wants_credentials() || reading.could_not_sign_in())
        .map(|reading| {
            let facts = reading.facts;
            let why = match facts.credentials {
                CredentialUse::Absent => "why.registry_absent",
                CredentialUse::Helper => "why.registry_helper",
                CredentialUse::Withheld => withheld(facts),
                CredentialUse::NotAsked | CredentialUse::Unneeded | CredentialUse::Sent => {
                    "why.registry_anonymous"
                }
            };
            let registry = &facts.registry;
            let what =
                if facts.image.is_some() { "not_tested.image" } else { "not_tested.sign_in" };
            let what = Text::new(what).with("image", facts.whole());
            let host = facts.withheld.as_ref().map(|withheld| &withheld.server);
            let why = Text::new(why).with("registry", registry).with_any("host", host);
            Missing::new(what.with("registry", registry), why).shown_by([reading.observation])
        })
        .collect()
}

fn withheld(facts: &RegistryFacts) -> &'static str {
    match facts.withheld.as_ref().map(|withheld| withheld.why) {
        Some(Doubt::InClear) => "why.registry_withheld_in_clear",
        Some(Doubt::Unverified) => "why.registry_withheld_unverified",
        Some(Doubt::Intercepted) => "why.registry_withheld_intercepted",
        Some(Doubt::Redirected) => "why.registry_withheld_redirected",
        Some(Doubt::Elsewhere) => "why.registry_withheld_elsewhere",
        // Reports of earlier versions do not say.
        None => "why.registry_withheld",
    }
}

/// The registries that did not answer by a proxy. The engine may still reach them.
fn registries(evidence: &Evidence<'_>) -> Vec<Missing> {
    let readings = evidence.registries();
    let unanswered = readings.iter().filter(|reading| evidence.failed_otherwise(reading));
    let mut missing: Vec<Missing> = Vec::new();
    let mut known: Vec<&str> = Vec::new();
    for reading in unanswered {
        let registry = reading.facts.registry.as_str();
        let Some(proxy) = reading.facts.failing_proxy().filter(|_| !known.contains(&registry))
        else {
            continue;
        };
        known.push(registry);
        let what = Text::new("not_tested.registry").with("registry", registry);
        let why = match proxy.part {
            Part::Engine => "why.registry_proxy_secret",
            _ => "why.registry_proxy",
        };
        let why = Text::new(why).with("proxy", proxy.url.to_string());
        missing.push(Missing::new(what, why).shown_by([reading.observation]));
    }
    missing
}

/// The logs that the user named and that were not read.
fn logs(evidence: &Evidence<'_>) -> Vec<Missing> {
    let unread = evidence.unread_logs().into_iter().map(|(observation, facts)| {
        let what = Text::new("not_tested.log").with("name", clean::line(&facts.source, 160));
        let reason = observation.failure.as_ref().map(|failure| failure.detail.as_str());
        let why = match observation.token() {
            Some(Token::TimedOut) => Text::new("why.log_unfinished"),
            _ => Text::new("why.log_unreadable")
                .with("detail", format!("`{}`", clean::line(reason.unwrap_or("?"), 200))),
        };
        Missing::new(what, why).shown_by([observation])
    });
    unread.take(3).collect()
}

fn with_token<'o>(evidence: &Evidence<'o>, token: Token) -> Vec<&'o Observation> {
    evidence.all().iter().filter(|observation| observation.token() == Some(token)).collect()
}

/// What stands under the certificate of the hub or the parent, where that is a root which containers
/// need not have: their stores are in their images, out of sight.
fn containers_trust(evidence: &Evidence<'_>) -> Option<Missing> {
    let connections = evidence.agent().hub();
    let (what, why, certified) = if evidence.target.parent.is_some() {
        let unverified = connections.iter().find(|c| c.leaf().is_some() && !c.is_accepted());
        ("not_tested.parent", "why.parents_authority", unverified?)
    } else {
        let private = connections.iter().find(|c| c.is_foreign() && c.is_accepted());
        ("not_tested.trust", "why.stores_of_images", private?)
    };
    let issuer = certified.leaf().map(|leaf| leaf.issuer.as_str()).unwrap_or_default();
    let missing = Missing::new(Text::new(what).with("issuer", issuer), Text::new(why));
    Some(missing.shown_by([certified.observation]))
}
