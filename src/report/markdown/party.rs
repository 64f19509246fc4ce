//! Who has to act on a cause, and what to write to them.

use crate::language::{Language, Text, Word};
use crate::report::Report;
use crate::report::words::say;
use crate::verdict::{Cause, CauseId};

/// Who can end a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Party {
    /// Whoever administers the device itself.
    Device,
    /// Whoever runs the firewalls, proxies and links beyond the device.
    Network,
    /// Whoever sets up the VPN that the device is in.
    Vpn,
    /// Whoever administers the hub, the registry and the private endpoints.
    Azure,
}

/// The sentence to the one who has to act; nothing where the report does not say who that is.
pub(super) fn asked(cause: &Cause, report: &Report, language: Language) -> Option<String> {
    let party = party(cause.id)?;
    let key = match party {
        Party::Device => "markdown.ask.device",
        Party::Network => "markdown.ask.network",
        Party::Vpn => "markdown.ask.vpn",
        Party::Azure => "markdown.ask.azure",
    };
    let target = &report.target;
    let hub = target.parent.as_ref().unwrap_or(&target.hub);
    let mut text = Text::new(key).with("summary", &cause.summary);
    if party == Party::Device {
        // What to do first is the request.
        text = text.with("remedy", &cause.remedy.first()?.text);
    } else if hub.is_empty() {
        return None;
    }
    let ports = target.protocols.iter().map(|transport| transport.default_port()).chain([443]);
    let ports: std::collections::BTreeSet<u16> = ports.collect();
    let ports = Word::listed(ports.into_iter().map(|port| port.to_string()));
    Some(say(&text.with("hub", hub).with("ports", ports), language))
}

/// Who has to act. Where the same cause may be one's or another's, nobody is named.
fn party(cause: CauseId) -> Option<Party> {
    Some(match cause {
        CauseId::HostnameInvalid
        | CauseId::EngineUnavailable
        | CauseId::AddressPoolExhausted
        | CauseId::IpForwardDisabled
        | CauseId::BridgeNoRoute
        | CauseId::SubnetOverlap
        | CauseId::ForwardBlocked
        | CauseId::NatMissing
        | CauseId::ReversePathFilter
        | CauseId::WrongUplink
        | CauseId::DnsContainerFailure
        | CauseId::ProxyRequired
        | CauseId::ClockSkew
        | CauseId::RootCaMissing
        | CauseId::PortInUse
        | CauseId::PortNotPermitted => Party::Device,
        CauseId::VpnOverride => Party::Vpn,
        CauseId::CaptivePortal
        | CauseId::ProxyRejects
        | CauseId::EgressBlocked
        | CauseId::AmqpPortBlocked
        | CauseId::HttpsPortBlocked
        | CauseId::MqttPortBlocked
        | CauseId::MtuBlackHole
        | CauseId::TlsFiltered
        | CauseId::TlsIntercepted
        | CauseId::WebsocketBlocked => Party::Network,
        CauseId::HubNameUnknown | CauseId::RegistryAccessDenied | CauseId::ImageNotFound => {
            Party::Azure
        }
        CauseId::HostOffline
        | CauseId::DnsHostFailure
        | CauseId::DnsHijack
        | CauseId::NotIotHub
        | CauseId::ParentUnreachable
        | CauseId::ProvisioningUnreachable
        | CauseId::RegistryUnreachable
        | CauseId::Ipv6Broken
        | CauseId::HighLatency => return None,
    })
}
