//! `captive-portal`: a portal answers in place of everything.

use super::shared::{at_each_vantage, controls, failures, observations, those};
use crate::verdict::catalogue::Text;
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::{Connection, Evidence, View};
use crate::verdict::rule::{Finding, Proof, Rule, refuted};
use crate::verdict::{Confidence, Effect};

pub(super) const RULE: Rule = Rule { id: CauseId::CaptivePortal, examine };

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    at_each_vantage(evidence, |view| examine_view(view, &evidence.target.hub))
}

fn examine_view(view: &View<'_>, hub: &str) -> Vec<Finding> {
    let connections = view.on_the_way();
    let genuine = those(&connections, Connection::is_genuine);
    if !genuine.is_empty() {
        return refuted(Text::new("genuine"), observations(&genuine));
    }
    let portal = those(&connections, |connection| answers_as_a_portal(connection, hub));
    let Some(first) = portal.first() else { return Vec::new() };
    let same = those(&controls(view), |control| is_the_same_portal(control, first));
    let confidence = if same.is_empty() { Confidence::Likely } else { Confidence::Confirmed };
    let text = match location(first) {
        Some(location) => Text::new("redirects").with("location", location),
        None => Text::new("answers").with("status", status(first).unwrap_or_default()),
    };
    Proof::confirmed(Effect::Blocks, text.with("hub", hub), observations(&portal))
        .supported_by(observations(&same))
        .with_confidence(confidence)
        .explaining(failures(&connections))
        .alone()
}

/// Whether an HTTP answer is a portal's: it asks for a login (RFC 6585), sends the client to
/// another host, or shows a page.
fn answers_as_a_portal(connection: &Connection<'_>, hub: &str) -> bool {
    let plain_http = connection.facts.unexpected.as_deref().is_some_and(|text| {
        text.starts_with("HTTP/1.") && (text.contains(" 302 ") || text.contains(" 511 "))
    });
    let Some(http) = &connection.facts.http else { return plain_http };
    let shows_a_page = http.status == 200
        && http.body.as_deref().is_some_and(|body| body.to_ascii_lowercase().contains("<html"));
    let sends_away = (300..400).contains(&http.status)
        && http.location.as_deref().is_some_and(|location| !location.contains(hub));
    http.status == 511 || sends_away || shows_a_page
}

/// Whether the control host was answered by the same portal: the same certificate, or the same
/// place to go.
fn is_the_same_portal(control: &Connection<'_>, portal: &Connection<'_>) -> bool {
    let certificate = |connection: &Connection<'_>| {
        connection.tls().and_then(|tls| tls.chain.first()).map(|leaf| leaf.sha256.clone())
    };
    let same_certificate =
        certificate(portal).is_some() && certificate(control) == certificate(portal);
    let same_place = location(portal).is_some() && location(control) == location(portal);
    same_certificate || same_place || status(control) == Some(511)
}

fn location(connection: &Connection<'_>) -> Option<String> {
    connection.facts.http.as_ref()?.location.clone()
}

fn status(connection: &Connection<'_>) -> Option<u16> {
    Some(connection.facts.http.as_ref()?.status)
}
