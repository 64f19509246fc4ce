//! Where the named cause may be another than the injected one, and why an expert would agree.

use edgeprobe::verdict::CauseId;

use crate::examine::Case;
use crate::setting::{Ipv6, Needs, Resolver, Setting, Vpn};
use crate::world::User;

/// One cause that may be named in place of, or beside, the injected ones.
pub(crate) struct Exception {
    /// The faults that must all be there.
    pub(crate) faults: &'static [&'static str],
    pub(crate) named: CauseId,
    pub(crate) when: fn(&Case) -> bool,
    pub(crate) why: &'static str,
}

pub(crate) const EXCEPTIONS: &[Exception] = &[
    Exception {
        faults: &["https-port-dropped"],
        named: CauseId::EgressBlocked,
        when: |case| case.world().closes_every_port(),
        why: "to close every port that the runtime may use is `egress-blocked`, whichever rules \
              do it",
    },
    Exception {
        faults: &["wrong-uplink"],
        named: CauseId::DnsHostFailure,
        when: |case| case.setting.resolver == Resolver::Router,
        why: "the router answers, and fails because its own way out is dead; without an address \
              of the hub there is nothing to try by the other uplink",
    },
    Exception {
        faults: &["wrong-uplink", "bridge-led-to-dead-uplink"],
        named: CauseId::DnsHostFailure,
        when: |_| true,
        why: "both uplinks are dead behind routers that answer, so that silent resolvers are all \
              that shows",
    },
    Exception {
        faults: &["vpn-kill-switch-forward"],
        named: CauseId::ForwardBlocked,
        when: |case| !case.setting.readable_rules,
        why: "a filter drops what the bridge forwards; whose it is, only its rules tell",
    },
    Exception {
        faults: &["nat-flushed"],
        named: CauseId::VpnOverride,
        when: |case| case.setting.vpn == Vpn::Full && !case.setting.readable_rules,
        why: "a tunnel that is exempt from translation and a device that translates nothing look \
              the same on the wire; the verdict is then likely",
    },
    Exception {
        faults: &["answers-dropped"],
        named: CauseId::VpnOverride,
        when: |case| case.setting.vpn == Vpn::Full && case.setting.readable_rules,
        why: "the rule that drops names the tunnel's interface, so it is taken for the client's",
    },
    Exception {
        faults: &["stale-hosts-entry"],
        named: CauseId::EgressBlocked,
        when: |case| case.faults.iter().any(|it| it.slot == "resolver" || it.slot == "uplink"),
        why: "no name server says what is right, so the pinned address may be right and closed; \
              the verdict is then likely",
    },
    Exception {
        faults: &["captive-portal-on-the-web"],
        named: CauseId::AmqpPortBlocked,
        when: |case| case.hides_what_answers(),
        why: "a portal drops every other port, and what hides its page leaves that alone to see",
    },
    Exception {
        faults: &["captive-portal-on-the-web"],
        named: CauseId::MqttPortBlocked,
        when: |case| case.hides_what_answers(),
        why: "a portal drops every other port, and what hides its page leaves that alone to see",
    },
    Exception {
        faults: &["name-of-another-site"],
        named: CauseId::AmqpPortBlocked,
        when: |case| case.hides_what_answers(),
        why: "another site has no such port, and what hides its certificate leaves that alone",
    },
    Exception {
        faults: &["name-of-another-site"],
        named: CauseId::MqttPortBlocked,
        when: |case| case.hides_what_answers(),
        why: "another site has no such port, and what hides its certificate leaves that alone",
    },
    Exception {
        faults: &[],
        named: CauseId::DnsContainerFailure,
        when: |case| {
            case.cuts_the_network_off() && case.stops_the_host_too() || case.hides_its_absence()
        },
        why: "the host's own connections fail as well, and the module's packets leave the device \
              or are never sent, so that its silent resolver is all that is the network's own; \
              the verdict is then likely",
    },
    Exception {
        faults: &[],
        named: CauseId::Ipv6Broken,
        when: |case| case.setting.ipv6 == Ipv6::Works && case.is_through_a_tunnel(),
        why: "the tunnel hides the site from IPv4 alone, so that by IPv6 its fault shows, and \
              costs what `ipv6-broken` says",
    },
    Exception {
        faults: &["captive-portal-on-the-web"],
        named: CauseId::NotIotHub,
        when: |case| case.setting.ipv6 == Ipv6::Works && case.is_through_a_tunnel(),
        why: "the tunnel hides the portal from IPv4, so that only the IPv6 address answers with \
              another's certificate",
    },
    Exception {
        faults: &[],
        named: CauseId::EgressBlocked,
        when: |case| case.is_through_a_tunnel() && case.has_no_way_out(),
        why: "what carries the tunnel is dead, and nothing is asked but through the tunnel; the \
              verdict is then likely",
    },
    Exception {
        faults: &[],
        named: CauseId::DnsHostFailure,
        when: |case| case.is_through_a_tunnel() && case.has_no_way_out(),
        why: "what carries the tunnel is dead, and nothing is asked but through the tunnel; the \
              verdict is then likely",
    },
    Exception {
        faults: &[],
        named: CauseId::RegistryUnreachable,
        when: |case| case.stops_the_hub() && case.stops_everybody(),
        why: "the hub is stopped earlier, so that what stops every host shows at the registry alone",
    },
    Exception {
        faults: &[],
        named: CauseId::ProvisioningUnreachable,
        when: |case| case.stops_the_hub() && case.stops_everybody(),
        why: "the hub is stopped earlier, so that what stops every host shows at the provisioning \
              service alone",
    },
    Exception {
        faults: &["proxy-unknown-to-edge-agent"],
        named: CauseId::EgressBlocked,
        when: |case| case.faults.iter().any(|it| it.slot == "proxy"),
        why: "no proxy opens the way to the hub, and Edge Agent is told of none: the closed direct \
              way is all that shows",
    },
    Exception {
        faults: &["proxy-unknown-to-edge-agent"],
        named: CauseId::RegistryUnreachable,
        when: |case| case.faults.iter().any(|it| it.slot == "proxy"),
        why: "Edge Agent is told of no proxy, so that what is wrong with the engine's shows at the \
              registry",
    },
    Exception {
        faults: &["proxy-unknown-to-edge-agent"],
        named: CauseId::ProvisioningUnreachable,
        when: |case| case.faults.iter().any(|it| it.slot == "proxy"),
        why: "Edge Agent is told of no proxy, so that what is wrong with the identity service's \
              shows at the provisioning service",
    },
    Exception {
        faults: &["vpn-tailscale-exit-node"],
        named: CauseId::ProxyRejects,
        when: |case| case.setting.needs == Needs::Proxy,
        why: "the tunnel takes the way to the proxy on the device's own network as well, so that \
              the proxy is silent",
    },
    Exception {
        faults: &["vpn-tailscale-exit-node", "proxy-unknown-to-edge-agent"],
        named: CauseId::RegistryUnreachable,
        when: |_| true,
        why: "the tunnel takes the engine's way to the proxy as well",
    },
    Exception {
        faults: &["vpn-tailscale-exit-node", "proxy-unknown-to-edge-agent"],
        named: CauseId::ProvisioningUnreachable,
        when: |_| true,
        why: "the tunnel takes the identity service's way to the proxy as well",
    },
    Exception {
        faults: &[],
        named: CauseId::DnsContainerFailure,
        when: |case| {
            case.setting.needs == Needs::Proxy && case.faults.iter().any(|it| it.slot == "vpn")
        },
        why: "the tunnel takes the modules' way to their resolver alone: the proxy is on the \
              device's own network",
    },
    Exception {
        faults: &["another-server-in-place-of-parent"],
        named: CauseId::AmqpPortBlocked,
        when: |case| case.hides_what_answers(),
        why: "another server has no such port, and what hides its certificate leaves that alone",
    },
    Exception {
        faults: &["another-server-in-place-of-parent"],
        named: CauseId::MqttPortBlocked,
        when: |case| case.hides_what_answers(),
        why: "another server has no such port, and what hides its certificate leaves that alone",
    },
    Exception {
        faults: &[],
        named: CauseId::DnsHostFailure,
        when: |case| case.is_a_child_without_a_way_out(),
        why: "a child may have no way to the internet, so that none is looked for where no name \
              server answers: that they are silent is all that shows",
    },
    Exception {
        faults: &["proxy-unknown-to-daemons"],
        named: CauseId::ProvisioningUnreachable,
        when: |case| case.faults.iter().any(|it| it.slot == "proxy"),
        why: "the proxy opens nothing, so that it cannot be seen to be what the daemons want: what \
              they miss shows at the provisioning service",
    },
    Exception {
        faults: &["amqp-dropped-on-bridge", "nested-parent-web-dropped"],
        named: CauseId::ForwardBlocked,
        when: |_| true,
        why: "nothing of the network gets out, so that the host's rule is told for what it is",
    },
    Exception {
        faults: &["amqp-dropped-on-bridge", "https-port-dropped"],
        named: CauseId::ForwardBlocked,
        when: |_| true,
        why: "nothing of the network gets out, so that the host's rule is told for what it is",
    },
    Exception {
        faults: &["amqp-dropped-on-bridge", "reverse-path-strict"],
        named: CauseId::ForwardBlocked,
        when: |_| true,
        why: "no answer comes back to the network, so that the host's rule is told for what it is; \
              the strict check is named beside it",
    },
    Exception {
        faults: &["amqp-dropped-on-bridge", "nat-flushed"],
        named: CauseId::ForwardBlocked,
        when: |_| true,
        why: "nothing of the network gets out, so that the host's rule is told for what it is",
    },
    Exception {
        faults: &["sinkhole"],
        named: CauseId::VpnOverride,
        when: |case| {
            case.setting.vpn == Vpn::Full && case.faults.iter().any(|it| it.slot == "forward")
        },
        why: "the hub's name leads to no address that a packet could be followed to, so that the \
              tunnel may be what takes the network's way; the verdict is then likely",
    },
    Exception {
        faults: &["overlap-private-endpoint", "host-no-default-route"],
        named: CauseId::DnsHostFailure,
        when: |_| true,
        why: "a gateway is left, behind which the hub may be, so that the host is not called offline; its \
              name servers have no route",
    },
    Exception {
        faults: &["vpn-openvpn-def1-dead", "host-no-default-route"],
        named: CauseId::ParentUnreachable,
        when: |case| case.setting.is_a_child(),
        why: "without a default route the tunnel's routes override nothing, and the router answers for names: \
              the silence of the parent is all that shows",
    },
    Exception {
        faults: &["vpn-kill-switch-unreachable", "container-questions-dropped"],
        named: CauseId::DnsHostFailure,
        when: |_| true,
        why: "the kill switch keeps the host's questions from its name servers as well",
    },
    Exception {
        faults: &["private-lie", "answers-dropped"],
        named: CauseId::VpnOverride,
        when: |case| case.setting.vpn == Vpn::Full,
        why: "the name servers lie behind the tunnel and answer the host and not the containers, and the \
              false address hides what a packet to the hub would show; the verdict is then likely",
    },
    Exception {
        faults: &["stale-hosts-entry"],
        named: CauseId::DnsHostFailure,
        when: |case| {
            case.setting.needs == Needs::Proxy && case.faults.iter().any(|it| it.slot == "uplink")
        },
        why: "no name server is reached either, which costs nothing while the proxy looks for names",
    },
    Exception {
        faults: &["host-dead-gateway"],
        named: CauseId::ProxyRejects,
        when: |case| {
            case.setting.needs == Needs::Proxy && case.faults.iter().any(|it| it.slot == "vpn")
        },
        why: "the proxy is on the router that is dead, and all else is asked through the tunnel",
    },
];

/// Faults that hide each other, so that a run cannot see what is there.
pub(crate) struct Hidden {
    pub(crate) when: fn(&Case) -> bool,
    pub(crate) why: &'static str,
}

/// Where failures may be left unexplained, or without a cause; the verdict is then likely.
pub(crate) const UNEXPLAINED: &[Hidden] = &[
    Hidden {
        when: |case| {
            case.has("large-packets-lost")
                && (case.has("tls-filtered-by-name")
                    || case.has("name-filtered-on-443")
                    || case.has("tls-filtered-by-version"))
        },
        why: "each takes away the control by which the other would be told",
    },
    Hidden {
        when: |case| case.has("host-no-default-route") && case.setting.is_a_child(),
        why: "no way out is looked for on a child whose name servers do not answer, and so what the \
              kernel says of its networks' way to them is left open",
    },
    Hidden {
        when: |case| case.has("broker-in-place-of-hub") && case.has("proxy-unknown-to-edge-agent"),
        why: "what answers behind a proxy is judged once Edge Agent is told of it",
    },
    Hidden {
        when: |case| case.has("stale-hosts-entry"),
        why: "the host and the modules use different addresses, and what stops the modules at \
              theirs is judged once the host's entry is gone",
    },
    Hidden {
        when: |case| case.setting.ipv6 == Ipv6::Works && case.is_through_a_tunnel(),
        why: "the site's firewall shows by IPv6 alone, on single ports, while IPv4 goes through \
              the tunnel",
    },
];

/// Where the status may be better than the truth although every privilege is there.
pub(crate) const UNSEEN: &[Hidden] = &[
    Hidden {
        when: |case| case.has("clock-two-hours-behind") && case.has("tls-intercepted-on-443"),
        why: "nobody whose certificate verifies says the date, so the clock cannot be compared",
    },
    Hidden {
        when: |case| {
            case.has("broker-in-place-of-hub")
                && (case.has("https-port-dropped") || case.has("name-filtered-on-443"))
        },
        why: "another broker answers MQTT as IoT Hub does, and what would tell them apart is closed",
    },
    Hidden {
        when: |case| case.has("lossy") && case.has("mtu-black-hole"),
        why: "silence that packet loss alone may bring about proves nothing",
    },
];

/// Whether one of these is so.
pub(crate) fn is_hidden(by: &[Hidden], case: &Case) -> bool {
    by.iter().any(|hidden| (hidden.when)(case))
}

/// Whether an exception lets the cause be named.
pub(crate) fn excused(case: &Case, named: CauseId) -> bool {
    let injected = |name: &&str| case.faults.iter().any(|fault| fault.name == *name);
    EXCEPTIONS.iter().any(|exception| {
        exception.named == named && exception.faults.iter().all(&injected) && (exception.when)(case)
    })
}

/// Whether the user can see all that there is to see.
pub(crate) fn sees_all(setting: &Setting) -> bool {
    setting.user == User::Root
}
