//! What a cause declares of itself beside its proof. A rule has no default for any of it, so that a
//! cause which does not say does not compile.

use super::evidence::Evidence;

/// What a cause keeps from working, and so which probes test it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// Edge Agent's or Edge Hub's way to the hub.
    Hub,
    Provisioning,
    Registry,
    Port,
    /// The device and its engine.
    Device,
}

impl Subject {
    /// Whether it is a service, whose rule weighs what its loss does.
    pub(super) fn is_a_service(self) -> bool {
        matches!(self, Self::Provisioning | Self::Registry)
    }
}

/// What remains of a cause where Edge Agent goes by a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BesideAProxy {
    /// It lies on the direct way beyond the container networks: it stops nothing that a proxy carries.
    OnTheDirectWay,
    /// The kernel leads packets for the hub elsewhere or nowhere: a proxy whose tunnel opens leads past
    /// it.
    OnTheHostsRoutes,
    /// It is the same with a proxy and without.
    TheSame,
}

/// What becomes of Edge Agent while a cause blocks, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum KeptOut {
    /// The engine makes no container.
    NoContainer,
    /// The engine refuses the network that it has still to make.
    NoNetwork,
    /// Its parent answers in part.
    HalfAParent,
    /// The device gets no identity from the provisioning service.
    Unprovisioned,
    /// The daemons on the host find no name.
    NamelessDaemons,
    /// The daemons on the host reach no address.
    StoppedDaemons,
    /// A daemon's proxy keeps it from giving identities.
    NoIdentity,
    /// Its container network is cut off.
    CutOff,
    /// Its images cannot be had.
    NoImage,
}

impl KeptOut {
    pub(super) const ALL: [Self; 9] = [
        Self::NoContainer,
        Self::NoNetwork,
        Self::HalfAParent,
        Self::Unprovisioned,
        Self::NamelessDaemons,
        Self::StoppedDaemons,
        Self::NoIdentity,
        Self::CutOff,
        Self::NoImage,
    ];

    /// The key of its sentence.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::NoContainer | Self::NoNetwork => "agent.no_container",
            Self::HalfAParent => "agent.half_a_parent",
            Self::Unprovisioned => "agent.unprovisioned",
            Self::NamelessDaemons => "agent.nameless_daemons",
            Self::StoppedDaemons => "agent.stopped_daemons",
            Self::NoIdentity => "agent.no_identity",
            Self::CutOff => "agent.cut_off",
            Self::NoImage => "agent.no_image",
        }
    }

    /// Whether it is told although the hub is not reached, since it comes before.
    pub(super) fn comes_before_the_hub(self) -> bool {
        matches!(self, Self::NoContainer | Self::NoNetwork | Self::Unprovisioned)
    }

    /// Whether the evidence has what it speaks of.
    pub(super) fn is_seen(self, evidence: &Evidence<'_>) -> bool {
        let refused = || evidence.planned_network().and_then(|planned| planned.refused_for);
        self != Self::NoNetwork || refused().is_some()
    }
}

/// What a log's finding and a proof of one cause must both name, to be of the same fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SameInALog {
    /// There is one such fault on a device, or the finding names no place.
    Cause,
    Port,
    Registry,
    /// The registry and the image.
    Image,
    /// The device's clock, behind or ahead. A device has one, and connections stand while it is off.
    Clock,
}

/// The peer that a log's finding must be about, to point to the cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerInALog {
    Any,
    /// IoT Hub; another host's failure is not the cause.
    Hub,
    /// The device's parent, whatever the finding shows of it.
    Parent,
}

/// What a log may prove beyond the probes, which have not the engine's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SeenByTheEngine {
    /// The same as the probes.
    TheSame,
    /// A graver fault than the probes can tell, by these two sentences of the cause's page.
    Graver { sentence: &'static str, consequence: &'static str },
}

/// Who can end a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The one who administers the device itself.
    Device,
    /// The one who runs the firewalls, proxies and links beyond the device.
    Network,
    /// The one who sets up the VPN that the device is in.
    Vpn,
    /// The one who administers the hub, the registry and the private endpoints.
    Azure,
    /// It may be one or another: a report does not say who.
    NotTold,
}
