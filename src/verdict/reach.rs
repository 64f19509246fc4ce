//! What works and what does not, read from the observations apart from all causes.
//!
//! The status never hangs on whether a cause was recognised: a device whose Edge Agent reaches the
//! hub on no transport is blocked, even where nothing documented explains it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use edgeprobe_probes::endpoint::Transport;
use edgeprobe_probes::{Facts, Observation, Probe, Role, Token, Vantage};

use edgeprobe_probes::ports::PortFacts;

use super::evidence::{Answer, Evidence, Manner, View, is_of_a_service};
use super::{Status, Way};

/// How Edge Agent fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Agent {
    /// Its first choice works.
    FirstChoice(Transport),
    /// Its first choice fails and a later one works.
    Fallback { first: Transport, manner: Manner, used: Transport },
    /// Every transport that it may use fails.
    Unreachable { first: Manner, last: Manner },
    /// The hub's name has no address.
    Nameless,
    /// Nothing that decides was tested.
    Unknown,
}

/// How Edge Hub fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hub {
    /// Its ports are free, or it was made without any.
    CanStart,
    /// It holds its ports already.
    Running,
    /// Another holds a port of its, or it may not be bound.
    CannotStart,
    /// Its ports were not tested.
    Unknown,
}

/// How Edge Agent fares, seen from where it runs.
pub(super) fn agent(evidence: &Evidence<'_>) -> Agent {
    let view = evidence.agent();
    let tested: Vec<(Transport, bool)> = view
        .transports()
        .iter()
        .filter_map(|transport| Some((*transport, view.works(*transport)?)))
        .collect();
    let working = tested.iter().find(|(_, works)| *works).map(|(transport, _)| *transport);
    if view.name_was_asked() && view.hub_addresses().is_empty() {
        // A proxy looks for the hub by itself. Otherwise, connections that were made to addresses
        // which another vantage knows do not help a program that finds none.
        return match (evidence.is_carried(), working, view.transports().first()) {
            (true, Some(used), Some(first)) if *first == used => Agent::FirstChoice(used),
            (true, Some(used), Some(first)) => {
                Agent::Fallback { first: *first, manner: Manner::Refused, used }
            }
            _ => Agent::Nameless,
        };
    }
    match (tested.first(), working) {
        (None, _) => Agent::Unknown,
        (Some((first, _)), Some(used)) if *first == used => Agent::FirstChoice(used),
        (Some((first, _)), Some(used)) => {
            Agent::Fallback { first: *first, manner: manner(&view, *first), used }
        }
        (Some((first, _)), None) => {
            let last = tested.last().map_or(*first, |(transport, _)| *transport);
            Agent::Unreachable { first: manner(&view, *first), last: manner(&view, last) }
        }
    }
}

/// Whether Edge Agent reaches the hub by no transport, and none was waited for as long as it needs.
pub(super) fn ran_out_of_time(evidence: &Evidence<'_>) -> bool {
    let view = evidence.agent();
    let connections = view.on_the_way();
    let names: Vec<&Observation> =
        view.deciding_answers(Role::Hub).iter().map(|answer| answer.observation).collect();
    let tried: Vec<&Observation> = if connections.is_empty() {
        names
    } else {
        connections.iter().map(|connection| connection.observation).collect()
    };
    !tried.is_empty() && tried.iter().all(|seen| seen.is_cut_short())
}

/// Whether a transport keeps Edge Agent waiting or says no at once.
fn manner(view: &View<'_>, transport: Transport) -> Manner {
    let silent =
        view.on(transport).iter().any(|connection| connection.token() == Some(Token::TimedOut));
    if silent { Manner::Silent } else { Manner::Refused }
}

/// How Edge Hub fares.
pub(super) fn hub(evidence: &Evidence<'_>) -> Hub {
    let mut missed = evidence.missed_ports();
    let taken = |(_, facts): (&Observation, &PortFacts)| !evidence.may_be_edge_hubs(facts);
    let target = evidence.target;
    let maps_nothing =
        target.ports.is_empty() && target.sources.ports.as_deref() == Some("edgeHub");
    if missed.any(taken) {
        Hub::CannotStart
    } else if maps_nothing {
        Hub::CanStart
    } else if evidence.ports().next().is_none() || evidence.missed_ports().next().is_some() {
        Hub::Unknown
    } else if evidence.ports().any(|(_, facts)| facts.has_edge_hub()) {
        Hub::Running
    } else {
        Hub::CanStart
    }
}

/// The status that what works and what does not amounts to.
pub(super) fn status(evidence: &Evidence<'_>, agent: &Agent, hub: Hub) -> Status {
    let by_agent = match agent {
        Agent::FirstChoice(_) if a_transport_is_lost(evidence) => Some(Status::Degraded),
        Agent::FirstChoice(_) => Some(Status::Healthy),
        Agent::Fallback { .. } => Some(Status::Degraded),
        Agent::Unreachable { .. } | Agent::Nameless => Some(Status::Blocked),
        Agent::Unknown => None,
    };
    let by_hub = match hub {
        Hub::CanStart | Hub::Running => Some(Status::Healthy),
        Hub::CannotStart => Some(Status::Blocked),
        Hub::Unknown => None,
    };
    let by_parts = misses_a_proxy(evidence).then_some(Status::Degraded);
    match by_agent.max(by_hub) {
        // What nothing else is known of, a part's loss alone does not decide.
        None => Status::Inconclusive,
        known => known.max(by_parts).unwrap_or(Status::Inconclusive),
    }
}

/// Whether a part of the runtime beside Edge Agent does not reach the hub by its own proxy.
fn misses_a_proxy(evidence: &Evidence<'_>) -> bool {
    let views = evidence.views();
    let mut views = views.iter().filter(|view| !evidence.is_spare(&view.vantage));
    views.any(|view| !evidence.missed_by_parts(view).is_empty())
}

/// Whether a transport that Edge Agent may use works nowhere, though another does.
fn a_transport_is_lost(evidence: &Evidence<'_>) -> bool {
    let view = evidence.agent();
    view.transports().iter().any(|transport| view.works(*transport) == Some(false))
}

/// Whether this is the name of a proxy that Edge Agent goes by, and not one of several ways.
fn on_the_way(view: &View<'_>, name: &str) -> bool {
    let Way::By(via) = view.way() else { return false };
    via.url.host().eq_ignore_ascii_case(name.trim_end_matches('.'))
}

/// The failures that a verdict has to account for, in the order of the run.
///
/// What was asked of a control host is evidence, not a need: a device may live well without
/// reaching it. The same goes for an address that only a resolver named which programs here do not
/// use, for IoT Hub's own wish for a client certificate, and for an engine that this user may not
/// ask.
pub(super) fn failures<'o>(evidence: &Evidence<'o>) -> Vec<&'o Observation> {
    let views = evidence.views();
    let direct_is_needless = evidence.needs_no_direct_way();
    let proxies: BTreeSet<IpAddr> = evidence.addresses_of_the_proxy().into_iter().collect();
    let of_view = |view| ViewNeeds::of(evidence, view, direct_is_needless, &proxies);
    let needs: BTreeMap<&Vantage, ViewNeeds<'_, 'o>> =
        views.iter().map(|view| (&view.vantage, of_view(view))).collect();
    let missed_by_parts = views.iter().flat_map(|view| evidence.missed_by_parts(view));
    let missed_by_parts: BTreeSet<&str> = missed_by_parts.map(|seen| seen.id.as_str()).collect();
    let failed = evidence.all().iter().filter(|seen| seen.failed());
    let is_needed = |seen: &&'o Observation| {
        let missed = missed_by_parts.contains(seen.id.as_str());
        needs.get(&seen.vantage).is_none_or(|needs| needs.include(evidence, seen, missed))
    };
    failed.filter(is_needed).collect()
}

/// What is needed of all that was asked from one vantage.
struct ViewNeeds<'v, 'o> {
    view: &'v View<'o>,
    /// The connections on Edge Agent's way that do not work, by id.
    lost: BTreeSet<&'o str>,
    /// Whether the hub has an address of IPv4's here.
    ipv4_is_there: bool,
    direct_is_needless: bool,
    /// Whether Edge Agent's proxy leads past what the kernel says of other ways.
    is_led_past: bool,
    /// The addresses of that proxy.
    proxies: &'v BTreeSet<IpAddr>,
}

impl<'v, 'o> ViewNeeds<'v, 'o> {
    fn of(
        evidence: &Evidence<'o>,
        view: &'v View<'o>,
        direct_is_needless: bool,
        proxies: &'v BTreeSet<IpAddr>,
    ) -> Self {
        let lost = view.on_the_way().into_iter().filter(|connection| !connection.works());
        Self {
            view,
            lost: lost.map(|connection| connection.observation.id.as_str()).collect(),
            ipv4_is_there: view.hub().iter().any(|connection| connection.facts.peer.is_ipv4()),
            direct_is_needless,
            is_led_past: direct_is_needless && evidence.opens_its_proxy(view),
            proxies,
        }
    }

    /// Whether a failure is one of something needed. `missed` says that a part of the runtime misses
    /// it by its own proxy.
    fn include(&self, evidence: &Evidence<'o>, seen: &'o Observation, missed: bool) -> bool {
        let service = is_of_a_service(seen);
        let connection = missed
            || (service && evidence.is_a_needed_service(seen))
            || (!service && seen.facts.endpoint().is_none())
            || self.lost.contains(seen.id.as_str());
        let unasked = seen.token() == Some(Token::EnginePermissionDenied)
            || matches!(&seen.facts, Facts::Ports(facts)
                if facts.has_edge_hub() || evidence.may_be_edge_hubs(facts));
        // A packet that is followed, and a control, only shed light on other failures.
        let sheds_light = seen.probe() == Probe::Trace
            || matches!(&seen.facts, Facts::Dns(facts)
                if matches!(facts.role, Role::Control | Role::Detour));
        connection
            && !unasked
            && !sheds_light
            && !self.is_of_absent_ipv6(seen)
            && !self.is_needless(seen, missed)
    }

    /// A device without IPv6 knows so at once, and goes on with IPv4.
    fn is_of_absent_ipv6(&self, seen: &Observation) -> bool {
        let peer = match &seen.facts {
            Facts::Route(facts) => Some(facts.destination),
            facts => facts.endpoint().map(|facts| facts.peer),
        };
        self.ipv4_is_there
            && peer.is_some_and(|peer| peer.is_ipv6())
            && matches!(
                seen.token(),
                Some(Token::NetworkUnreachable | Token::AddressNotAvailable | Token::NetworkDown)
            )
    }

    /// What only concerns a proxy that is not on the way, or a way that is not needed.
    fn is_needless(&self, seen: &'o Observation, missed: bool) -> bool {
        match &seen.facts {
            Facts::Dns(facts) if self.view.is_passed_over(&Answer { observation: seen, facts }) => {
                true
            }
            Facts::Dns(facts) => match facts.role {
                Role::Proxy => !missed && !on_the_way(self.view, &facts.name),
                Role::Provisioning => false,
                _ => self.direct_is_needless,
            },
            Facts::Route(facts) => self.is_led_past && !self.proxies.contains(&facts.destination),
            Facts::EdgeRoute(facts) => {
                self.is_led_past && !self.proxies.contains(&facts.destination)
            }
            _ => false,
        }
    }
}
