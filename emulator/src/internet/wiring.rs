//! How each port is reached under each fault.

use super::Fault;

/// What becomes of connections to one port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Path {
    /// They reach the service.
    Clear,
    /// Their packets vanish.
    Dropped,
    /// A proxy breaks them open and relays.
    Intercepted,
    /// A filter cuts those that name the hub and relays the others.
    Filtered,
    /// They reach the service late.
    Slow,
    /// A portal answers in the service's place.
    Portal,
}

/// The path to each port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wiring {
    pub(super) amqp: Path,
    pub(super) web: Path,
    pub(super) mqtt: Path,
    pub(super) control: Path,
}

impl Wiring {
    pub(super) fn from_fault(fault: Option<Fault>) -> Self {
        let clear = Self::same(Path::Clear);
        let Some(fault) = fault else { return clear };
        match fault {
            Fault::AmqpPortBlocked => Self { amqp: Path::Dropped, ..clear },
            Fault::MqttPortBlocked => Self { mqtt: Path::Dropped, ..clear },
            // The control host is reached at the same port.
            Fault::HttpsPortBlocked => Self { web: Path::Dropped, control: Path::Dropped, ..clear },
            Fault::EgressBlocked => Self::same(Path::Dropped),
            // Both look at whatever passes.
            Fault::TlsIntercepted => Self::same(Path::Intercepted),
            Fault::TlsFiltered => Self::same(Path::Filtered),
            Fault::HighLatency => Self::same(Path::Slow),
            Fault::CaptivePortal => Self::same(Path::Portal),
            Fault::WebsocketBlocked
            | Fault::EdgeHubMqttDefect
            | Fault::DnsHostFailure
            | Fault::DnsHijack
            | Fault::HubNameUnknown
            | Fault::RootCaMissing
            | Fault::ClockSkew
            | Fault::NotIotHub
            | Fault::PortInUse
            | Fault::Ipv6Broken => clear,
        }
    }

    fn same(path: Path) -> Self {
        Self { amqp: path, web: path, mqtt: path, control: path }
    }
}
