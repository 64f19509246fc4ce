//! The failures that a verdict has to account for.
//!
//! A control host is evidence, not a need: a device works without reaching it. The same holds for
//! an address from a resolver that programs here do not use, for IoT Hub's request for a client
//! certificate, and for an engine that this user may not ask.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use edgeprobe_facts::dns::DnsFacts;
use edgeprobe_facts::{Facts, Observation, Probe, Role, Token, Vantage};

use super::evidence::{Answer, Evidence, View};
use super::needs::Needs;

/// The failures that a verdict has to account for, in the order of the run.
pub(super) fn failures<'o>(evidence: &Evidence<'o>, needs: &Needs<'o>) -> Vec<&'o Observation> {
    let whole = Whole {
        lost: needs.lost(),
        direct_is_needless: evidence.needs_no_direct_way(),
        proxies: evidence.addresses_of_the_proxy().into_iter().collect(),
    };
    let views = evidence.views();
    let places =
        views.iter().map(|view| (&view.vantage, Place::from_view(evidence, needs, view, &whole)));
    let places: BTreeMap<&Vantage, Place<'_, 'o>> = places.collect();
    let failed = evidence.all().iter().filter(|seen| seen.failed());
    let counts =
        |seen: &&'o Observation| places.get(&seen.vantage).is_none_or(|place| place.needs(seen));
    failed.filter(counts).collect()
}

/// What holds wherever something was asked from.
struct Whole<'o> {
    /// The failures that lose needs, by id.
    lost: BTreeSet<&'o str>,
    /// Whether Edge Agent needs no direct way to the hub.
    direct_is_needless: bool,
    /// The addresses of the proxy on its way.
    proxies: BTreeSet<IpAddr>,
}

/// Where something was asked from.
struct Place<'p, 'o> {
    whole: &'p Whole<'o>,
    view: &'p View<'o>,
    /// The name of the proxy that Edge Agent goes by from here, where there is no other way.
    proxy: Option<&'p str>,
    /// Whether the hub has an address of IPv4's here.
    ipv4_is_there: bool,
    /// Whether Edge Agent's proxy avoids what the kernel says of other ways.
    is_avoided: bool,
}

impl<'p, 'o> Place<'p, 'o> {
    fn from_view(
        evidence: &Evidence<'o>,
        needs: &'p Needs<'o>,
        view: &'p View<'o>,
        whole: &'p Whole<'o>,
    ) -> Self {
        let way = needs.of_the_hub(&view.vantage).and_then(|need| need.way.as_ref());
        Self {
            whole,
            view,
            proxy: way.map(|via| via.url.host()),
            ipv4_is_there: view.hub().iter().any(|connection| connection.facts.peer.is_ipv4()),
            is_avoided: whole.direct_is_needless && evidence.opens_its_proxy(view),
        }
    }

    /// Whether a failure counts: it loses a need, or something that needs depend on (names, routes,
    /// the engine, the clock).
    fn needs(&self, seen: &'o Observation) -> bool {
        let is_lost = self.whole.lost.contains(seen.id.as_str());
        let supports_a_need = match &seen.facts {
            Facts::Registry(_) | Facts::Ports(_) => false,
            facts if facts.endpoint().is_some() => false,
            // A trace only explains other failures.
            _ if seen.probe() == Probe::Trace => false,
            _ if seen.token() == Some(Token::EnginePermissionDenied) => false,
            Facts::Dns(facts) => {
                let answer = Answer { observation: seen, facts };
                return (is_lost || self.needs_name(&answer)) && !self.view.is_passed_over(&answer);
            }
            Facts::Route(facts) => self.needs_way_to(&facts.destination),
            Facts::EdgeRoute(facts) => self.needs_way_to(&facts.destination),
            _ => true,
        };
        (is_lost || supports_a_need) && !self.is_of_absent_ipv6(seen)
    }

    fn needs_name(&self, answer: &Answer<'o>) -> bool {
        let is_the_proxys = |facts: &DnsFacts| {
            self.proxy.is_some_and(|own| own.eq_ignore_ascii_case(facts.name.trim_end_matches('.')))
        };
        match answer.facts.role {
            // Controls and questions by another way are no needs. The provisioning service is a
            // separate need.
            Role::Control | Role::Detour | Role::Provisioning => false,
            Role::Proxy => is_the_proxys(answer.facts),
            _ => !self.whole.direct_is_needless,
        }
    }

    fn needs_way_to(&self, destination: &IpAddr) -> bool {
        !self.is_avoided || self.whole.proxies.contains(destination)
    }

    /// Programs on a device without IPv6 go on with IPv4 at once.
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
}
