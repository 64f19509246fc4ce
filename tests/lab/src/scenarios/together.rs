//! Which faults of the scenarios can stand together in one lab, and what they may amount to.
//!
//! A fault that is not here is not drawn: the nested ones put a parent in the hub's place, and the
//! installed ones tell the check nothing, so that the others' claims would be about a hub that
//! nobody asks for.

use super::named;
use crate::scenario::Scenario;

/// What a fault needs for itself. Two faults that need the same do not stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knob {
    /// The VPN's tunnel.
    Tunnel,
    /// The device's default route.
    DefaultRoute,
    /// What the device's firewall says of all that the bridge forwards.
    ForwardRules,
    /// The kernel's forwarding.
    Forwarding,
    /// Where the hub is, and who answers there.
    HubAddress,
    /// The name server of the host.
    HostNames,
    /// The name server of the containers.
    ContainerNames,
    /// What the site does with all TCP.
    SiteTcp,
    /// The direct way to the hub.
    DirectWay,
    /// What the site does with the AMQP port.
    AmqpPort,
    /// The module registry.
    Registry,
    /// The device's port 443.
    WebPort,
    /// The engine.
    Engine,
    /// The edge network: whether it exists, and what its subnet covers.
    EdgeNetwork,
}

impl Knob {
    /// Why two faults that need it do not stand together.
    pub const fn why(self) -> &'static str {
        match self {
            Self::Tunnel => "the lab's company has one gateway",
            Self::DefaultRoute => "each replaces the device's default route",
            Self::ForwardRules => "each decides on everything that the bridge forwards",
            Self::Forwarding => "each turns forwarding off",
            Self::HubAddress => "one leads to where the other's rule does not reach",
            Self::HostNames => "each replaces the host's name server",
            Self::ContainerNames => "each replaces the containers' name server",
            Self::SiteTcp => "each decides on all TCP, so that the other is never met",
            Self::DirectWay => "a proxy on the router leads past what is done to the direct way",
            Self::AmqpPort => "each closes the AMQP port",
            Self::Registry => "where nothing but a proxy leads out, no registry's refusal is met",
            Self::WebPort => "one port has one holder",
            Self::Engine => "what the one does takes an engine that works",
            Self::EdgeNetwork => "the one is a device without the network that the other breaks",
        }
    }
}

/// A fault that can be drawn: its scenario's name, and what it needs for itself.
pub type Ingredient = (&'static str, &'static [Knob]);

use Knob::{
    AmqpPort, ContainerNames, DefaultRoute, DirectWay, EdgeNetwork, Engine, ForwardRules,
    Forwarding, HostNames, HubAddress, Registry, SiteTcp, Tunnel, WebPort,
};

/// Every fault that can be drawn, in the order in which faults are applied: what takes a network
/// or an engine that works comes first, what ends one comes last.
pub const INGREDIENTS: &[Ingredient] = &[
    ("registry-wrong-password", &[Registry]),
    ("registry-repository-forbidden", &[Registry]),
    ("registry-address-firewall", &[Registry]),
    ("registry-wrong-tag", &[Registry]),
    ("registry-dropped", &[Registry]),
    ("registry-data-host-dropped", &[Registry]),
    ("registry-token-host-dropped", &[Registry]),
    ("provisioning-dropped", &[EdgeNetwork]),
    ("port-held-by-container", &[WebPort, Engine]),
    ("port-held-by-web-server", &[WebPort]),
    ("port-held-on-one-address", &[]),
    ("overlap-private-endpoint", &[EdgeNetwork, HubAddress]),
    ("overlap-resolver", &[EdgeNetwork, HostNames, ContainerNames]),
    ("overlap-proxy", &[EdgeNetwork, SiteTcp, Registry, DirectWay]),
    ("address-pool-covered-by-vpn", &[EdgeNetwork, Tunnel]),
    ("address-pool-used-up", &[EdgeNetwork]),
    ("private-endpoint-unreachable", &[HubAddress, DirectWay]),
    ("private-zone-not-linked", &[HubAddress, DirectWay]),
    ("private-zone-unknown-to-containers", &[HubAddress, HostNames, ContainerNames]),
    ("proxy-carries-no-amqp", &[EdgeNetwork, SiteTcp, Registry, DirectWay]),
    ("proxy-wants-credentials", &[SiteTcp, Registry, DirectWay]),
    ("proxy-forbids-hub", &[SiteTcp, Registry, DirectWay]),
    ("proxy-cannot-resolve", &[SiteTcp, Registry, DirectWay]),
    ("proxy-cannot-reach-hub", &[SiteTcp, Registry, DirectWay]),
    ("proxy-engine-alone", &[SiteTcp, Registry, DirectWay]),
    ("proxy-on-host-loopback", &[SiteTcp, Registry, DirectWay]),
    ("proxy-intercepts", &[SiteTcp, Registry, DirectWay]),
    ("proxy-tunnels-are-silent", &[SiteTcp, Registry, DirectWay]),
    ("proxy-cuts-the-hub-s-tunnel", &[SiteTcp, Registry, DirectWay]),
    ("tls-intercepted-on-443", &[HubAddress]),
    ("tls-intercepted-on-5671", &[HubAddress]),
    ("tls-intercepted-by-a-trusted-root", &[HubAddress]),
    ("tls-filtered-by-name", &[]),
    ("tls-filtered-by-version", &[]),
    ("captive-portal-on-the-web", &[SiteTcp]),
    ("captive-portal-on-plain-http-alone", &[SiteTcp]),
    ("ipv6-broken", &[]),
    ("dns-container-dead-server", &[ContainerNames]),
    ("dns-container-public-server", &[ContainerNames]),
    ("dns-host-port-dropped", &[HostNames]),
    ("dns-host-dead-server", &[HostNames]),
    ("dns-host-site-names-only", &[HostNames]),
    ("egress-hub-dropped", &[HubAddress, DirectWay]),
    ("egress-tcp-rejected", &[SiteTcp]),
    ("amqp-port-dropped", &[AmqpPort]),
    ("amqp-port-rejected", &[AmqpPort]),
    ("https-port-dropped", &[]),
    ("mtu-black-hole", &[DirectWay]),
    ("forward-policy-drop", &[ForwardRules]),
    ("forward-docker-user-drop", &[ForwardRules]),
    ("forward-nft-drop", &[ForwardRules]),
    ("forward-reject-admin", &[ForwardRules]),
    ("forward-reject-port", &[ForwardRules]),
    ("amqp-dropped-on-bridge", &[]),
    ("nat-flushed", &[]),
    ("ip-forward-off", &[Forwarding]),
    ("ip-forward-off-on-bridge", &[Forwarding]),
    ("bridge-unreachable-table", &[]),
    ("bridge-blackhole-rule", &[]),
    ("bridge-host-rule-only", &[DefaultRoute]),
    ("vpn-openvpn-def1", &[Tunnel]),
    ("vpn-openvpn-def1-dead", &[Tunnel]),
    ("vpn-wg-quick", &[Tunnel]),
    ("vpn-tailscale-exit-node", &[Tunnel]),
    ("vpn-route-inside-subnet", &[Tunnel]),
    ("vpn-route-same-prefix", &[Tunnel]),
    ("vpn-route-lower-metric", &[Tunnel]),
    ("vpn-kill-switch-unreachable", &[Tunnel]),
    ("vpn-kill-switch-forward", &[Tunnel]),
    ("vpn-source-rule-unreachable", &[Tunnel]),
    ("vpn-source-rule-blackhole", &[Tunnel]),
    ("vpn-source-rule-prohibit", &[Tunnel]),
    ("vpn-source-rule-dead-tunnel", &[Tunnel]),
    ("reverse-path-strict", &[DefaultRoute]),
    ("wrong-uplink", &[DefaultRoute, DirectWay]),
    ("host-no-default-route", &[DefaultRoute]),
    ("host-dead-gateway", &[DefaultRoute]),
    ("engine-dead", &[Engine]),
    ("engine-silent", &[Engine]),
];

/// What faults with the first causes amount to together: the second, and why.
pub const AMOUNTS: &[(&[&str], &str, &str)] = &[
    (
        &["amqp-port-blocked", "https-port-blocked"],
        "egress-blocked",
        "every port that the runtime may use is closed, whichever rules do it",
    ),
    (
        &["dns-hijack", "https-port-blocked"],
        "egress-blocked",
        "the hub's address is closed and every other host's port with it: nothing shows that another \
         address would do",
    ),
    (
        &["dns-hijack", "tls-filtered"],
        "registry-unreachable",
        "the hub's address is closed, so that what cuts every handshake shows at the registry alone",
    ),
    (
        &["amqp-port-blocked", "reverse-path-filter"],
        "forward-blocked",
        "nothing gets out of the network, so that the host's own rule for one port is told for what \
         it is",
    ),
];

/// What a fault's scenario may name as a mere warning beside its own cause, and why.
pub const COMPANIONS: &[(&[&str], &str, &str)] = &[(
    &[
        "overlap-proxy",
        "proxy-wants-credentials",
        "proxy-forbids-hub",
        "proxy-cannot-resolve",
        "proxy-cannot-reach-hub",
        "proxy-on-host-loopback",
        "proxy-intercepts",
    ],
    "registry-unreachable",
    "the check alone is told of the proxy there: the engine goes straight to the runtime's registry, \
     which is closed",
)];

/// The scenario of an ingredient.
pub(crate) fn scenario(ingredient: &Ingredient) -> Option<Scenario> {
    named(ingredient.0)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_ingredient_is_a_scenario_with_a_cause() {
        let mut names = HashSet::new();
        for ingredient in INGREDIENTS {
            let scenario = scenario(ingredient);
            let cause = scenario.and_then(|scenario| scenario.expected.cause);
            assert!(cause.is_some(), "{} is no scenario with a fault", ingredient.0);
            assert!(scenario.is_some_and(|it| it.names_hub), "{} tells no hub", ingredient.0);
            assert!(names.insert(ingredient.0), "{} is there twice", ingredient.0);
        }
    }
}
