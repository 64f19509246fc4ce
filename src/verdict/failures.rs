//! The failures that a verdict has to account for.
//!
//! What was asked of a control host is evidence, not a need: a device may live well without reaching
//! it. The same goes for an address that only a resolver named which programs here do not use, for IoT
//! Hub's own wish for a client certificate, and for an engine that this user may not ask.

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
    let places = views.iter().map(|view| (&view.vantage, Place::of(evidence, needs, view, &whole)));
    let places: BTreeMap<&Vantage, Place<'_, 'o>> = places.collect();
    let failed = evidence.all().iter().filter(|seen| seen.failed());
    let counts =
        |seen: &&'o Observation| places.get(&seen.vantage).is_none_or(|place| place.needs(seen));
    failed.filter(counts).collect()
}

/// What holds wherever something was asked from.
struct Whole<'o> {
    /// The failures by which needs are lost, by id.
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
    /// Whether Edge Agent's proxy leads past what the kernel says of other ways.
    is_led_past: bool,
}

impl<'p, 'o> Place<'p, 'o> {
    fn of(
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
            is_led_past: whole.direct_is_needless && evidence.opens_its_proxy(view),
        }
    }

    /// Whether a failure is one of something needed: a need that is lost by it, or what a need stands
    /// on: names, routes, the engine, the clock.
    fn needs(&self, seen: &'o Observation) -> bool {
        let is_lost = self.whole.lost.contains(seen.id.as_str());
        let supports_a_need = match &seen.facts {
            Facts::Registry(_) | Facts::Ports(_) => false,
            facts if facts.endpoint().is_some() => false,
            // A packet that is followed only sheds light on other failures.
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
            // A control, and a question by another way, only shed light on other failures. The
            // service is a need of its own.
            Role::Control | Role::Detour | Role::Provisioning => false,
            Role::Proxy => is_the_proxys(answer.facts),
            _ => !self.whole.direct_is_needless,
        }
    }

    fn needs_way_to(&self, destination: &IpAddr) -> bool {
        !self.is_led_past || self.whole.proxies.contains(destination)
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
}
