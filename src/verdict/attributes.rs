//! The attributes that each cause declares. A rule has no default for any of them: a cause that
//! leaves one out does not compile.

use super::evidence::Evidence;

/// What a cause stops, and so which probes test it.
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
    /// Whether it is a service, whose rule itself decides what its loss does.
    pub(super) fn is_a_service(self) -> bool {
        matches!(self, Self::Provisioning | Self::Registry)
    }
}

/// What a cause does where Edge Agent goes by a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WithAProxy {
    /// It is on the direct way, beyond the container networks: it stops nothing that a proxy
    /// carries.
    OnTheDirectWay,
    /// The kernel routes packets for the hub elsewhere or nowhere: a proxy whose tunnel opens
    /// avoids it.
    OnTheHostsRoutes,
    /// It is the same with a proxy and without.
    TheSame,
}

/// What happens to Edge Agent while a cause blocks, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum KeptOut {
    /// The engine creates no container.
    NoContainer,
    /// The engine refuses to create the runtime's network.
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

    /// Whether the outlook names it before an unreachable hub, because it happens first.
    pub(super) fn comes_before_the_hub(self) -> bool {
        matches!(self, Self::NoContainer | Self::NoNetwork | Self::Unprovisioned)
    }

    /// Whether the evidence shows it.
    pub(super) fn is_seen(self, evidence: &Evidence<'_>) -> bool {
        let refused = || evidence.planned_network().and_then(|planned| planned.refused_for);
        self != Self::NoNetwork || refused().is_some()
    }
}

/// What a log's finding and a proof of one cause must both name, so that they are about the same
/// fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SameInALog {
    /// A device has one such fault, or the finding names no place.
    Cause,
    Port,
    Registry,
    /// The registry and the image.
    Image,
    /// The device's clock, behind or ahead. A device has one clock, and open connections last while
    /// it is off.
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

/// What a log may prove beyond the probes, which do not have the engine's credentials.
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
    /// The administrator of the device.
    Device,
    /// The administrator of the firewalls, proxies and links beyond the device.
    Network,
    /// The administrator of the VPN that the device uses.
    Vpn,
    /// The administrator of the hub, the registry and the private endpoints.
    Azure,
    /// The report does not say who.
    Unknown,
}
