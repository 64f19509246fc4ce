//! Where the named cause may be another than the injected one, and why an expert would agree.

use edgeprobe::verdict::CauseId;

use crate::examine::Case;
use crate::setting::{Ipv6, Resolver, Setting, Vpn};
use crate::world::{Middlebox, User, World};

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
        faults: &["https-dropped"],
        named: CauseId::EgressBlocked,
        when: |case| case.world().closes_every_port(),
        why: "to close every port that the runtime may use is `egress-blocked`, whichever rules \
              do it",
    },
    Exception {
        faults: &["preferred-uplink-dead"],
        named: CauseId::DnsHostFailure,
        when: |case| case.setting.resolver == Resolver::Router,
        why: "the router answers, and fails because its own way out is dead; without an address \
              of the hub there is nothing to try by the other uplink",
    },
    Exception {
        faults: &["preferred-uplink-dead", "bridge-led-to-dead-uplink"],
        named: CauseId::DnsHostFailure,
        when: |_| true,
        why: "both uplinks are dead behind routers that answer, so that silent resolvers are all \
              that shows",
    },
    Exception {
        faults: &["kill-switch-filter"],
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
        faults: &["portal"],
        named: CauseId::AmqpPortBlocked,
        when: |case| case.hides_what_answers(),
        why: "a portal drops every other port, and what hides its page leaves that alone to see",
    },
    Exception {
        faults: &["portal"],
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
        faults: &["portal"],
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
];

impl Case {
    fn has(&self, fault: &str) -> bool {
        self.faults.iter().any(|it| it.name == fault)
    }

    /// Whether a handshake ends before a certificate comes.
    fn hides_what_answers(&self) -> bool {
        let hiding = [
            "large-packets-lost",
            "name-filtered",
            "name-filtered-on-443",
            "intercepted",
            "https-intercepted",
        ];
        self.faults.iter().any(|fault| hiding.contains(&fault.name))
    }

    fn cuts_the_network_off(&self) -> bool {
        let slots = ["forward", "forwarding", "masquerade", "policy", "vpn"];
        self.faults.iter().any(|fault| slots.contains(&fault.slot))
    }

    /// Whether the modules' resolver says that there is no hub, while the host's own entry hides it.
    fn hides_its_absence(&self) -> bool {
        self.has("stale-hosts-entry") && self.has("no-such-hub")
    }

    fn stops_the_host_too(&self) -> bool {
        let slots = ["site-firewall", "site-443", "resolver", "hosts-file"];
        self.faults.iter().any(|fault| slots.contains(&fault.slot))
    }

    fn is_through_a_tunnel(&self) -> bool {
        self.setting.vpn == Vpn::Full || self.faults.iter().any(|fault| fault.slot == "vpn")
    }

    fn has_no_way_out(&self) -> bool {
        self.faults.iter().any(|fault| fault.slot == "uplink")
    }
}

impl World {
    /// Whether the site's firewall closes each port that the runtime may use.
    fn closes_every_port(&self) -> bool {
        let portal = self.site.middlebox == Some(Middlebox::Portal);
        let closed = |port: u16| {
            (portal && port != 443)
                || self.site.blocks.iter().any(|it| it.ports.is_empty() || it.ports.contains(&port))
        };
        self.protocols.iter().all(|transport| closed(transport.default_port()))
    }
}

/// Faults that hide each other, so that a run cannot see what is there.
pub(crate) struct Hidden {
    pub(crate) when: fn(&Case) -> bool,
    pub(crate) why: &'static str,
}

/// Where failures may be left unexplained, or without a cause; the verdict is then likely.
pub(crate) const UNEXPLAINED: &[Hidden] = &[
    Hidden {
        when: |case| case.has("large-packets-lost") && case.has("name-filtered"),
        why: "each takes away the control by which the other would be told",
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
pub(crate) const UNSEEN: &[Hidden] = &[Hidden {
    when: |case| case.has("clock-two-hours-behind") && case.has("https-intercepted"),
    why: "nobody whose certificate verifies says the date, so the clock cannot be compared",
}];

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
