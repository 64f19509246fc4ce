//! What kinds of faults a case has: which hide others, which stop the hub, and which stop everybody.

use crate::examine::Case;
use crate::faults::Fault;
use crate::setting::Vpn;
use crate::world::{Middlebox, World};

impl Case {
    pub(crate) fn has(&self, fault: &str) -> bool {
        self.faults.iter().any(|it| it.name == fault)
    }

    /// Whether a handshake ends before a certificate comes.
    pub(crate) fn hides_what_answers(&self) -> bool {
        let hiding = [
            "large-packets-lost",
            "tls-filtered-by-name",
            "name-filtered-on-443",
            "tls-filtered-by-version",
            "intercepted",
            "tls-intercepted-on-443",
        ];
        self.faults.iter().any(|fault| hiding.contains(&fault.name))
    }

    /// Whether the hub itself is stopped at its name, its address, its port or by the proxy.
    pub(crate) fn stops_the_hub(&self) -> bool {
        let names = [
            "https-port-dropped",
            "egress-hub-dropped",
            "hub-reset",
            "no-such-hub",
            "private-lie",
            "sinkhole",
            "stale-hosts-entry",
            "name-of-another-site",
            "overlap-private-endpoint",
            "proxy-forbids-hub",
            "proxy-unknown-to-edge-agent",
            "parent-silent",
            "parent-refuses",
            "nested-parent-web-dropped",
            "another-server-in-place-of-parent",
            "no-such-parent",
        ];
        self.faults.iter().any(|fault| names.contains(&fault.name))
    }

    /// Whether something stops connections to every host, or to each at TLS.
    pub(crate) fn stops_everybody(&self) -> bool {
        let slots = ["middlebox", "mtu", "trust", "uplink", "site-firewall", "vpn", "clock"];
        self.faults.iter().any(|fault| slots.contains(&fault.slot))
    }

    pub(crate) fn cuts_the_network_off(&self) -> bool {
        let slots = ["forward", "forwarding", "masquerade", "policy", "vpn"];
        self.faults.iter().any(|fault| slots.contains(&fault.slot))
    }

    /// Whether the modules' resolver says that there is no hub, while the host's own entry hides it.
    pub(crate) fn hides_its_absence(&self) -> bool {
        self.has("stale-hosts-entry") && self.has("no-such-hub")
    }

    pub(crate) fn stops_the_host_too(&self) -> bool {
        let slots =
            ["site-firewall", "site-443", "resolver", "hosts-file", "parent", "parent-peer"];
        self.faults.iter().any(|fault| slots.contains(&fault.slot))
            || self.has("overlap-private-endpoint")
    }

    pub(crate) fn is_through_a_tunnel(&self) -> bool {
        self.setting.vpn == Vpn::Full || self.faults.iter().any(|fault| fault.slot == "vpn")
    }

    /// Whether a child's own way out, or what a tunnel makes of it, is not to be had.
    pub(crate) fn is_a_child_without_a_way_out(&self) -> bool {
        let lost = |it: &Fault| {
            matches!(it.slot, "uplink" | "vpn") || it.name == "bridge-led-to-dead-uplink"
        };
        self.setting.is_a_child() && self.faults.iter().any(lost)
    }

    pub(crate) fn has_no_way_out(&self) -> bool {
        self.faults.iter().any(|fault| fault.slot == "uplink")
    }
}

impl World {
    /// Whether the site's firewall closes each port that the runtime may use.
    pub(crate) fn closes_every_port(&self) -> bool {
        let portal = self.site.middlebox == Some(Middlebox::Portal);
        let closed = |port: u16| {
            (portal && port != 443)
                || self.site.blocks.iter().any(|it| it.ports.is_empty() || it.ports.contains(&port))
        };
        self.protocols.iter().all(|transport| closed(transport.default_port()))
    }
}
