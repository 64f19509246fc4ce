//! What can be wrong with an internet.

use std::fmt;
use std::str::FromStr;

/// A fault that is produced for real, under the id of the cause that it brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Packets to the AMQP port vanish.
    AmqpPortBlocked,
    /// Packets to the web port vanish, the hub's as well as the control host's.
    HttpsPortBlocked,
    /// Packets to the MQTT port vanish.
    MqttPortBlocked,
    /// The hub's MQTT port loses a CONNECT that comes with the end of the TLS handshake.
    EdgeHubMqttDefect,
    /// Packets to every port but the name server's vanish.
    EgressBlocked,
    /// Upgrades are refused while plain requests pass.
    WebsocketBlocked,
    /// The name server says nothing.
    DnsHostFailure,
    /// The hub's name leads to a filter's block page.
    DnsHijack,
    /// The name server knows no such hub.
    HubNameUnknown,
    /// A proxy shows another authority's certificate and relays to the hub.
    TlsIntercepted,
    /// The device's store lacks the hub's root.
    RootCaMissing,
    /// A middlebox resets handshakes that name the hub.
    TlsFiltered,
    /// Every server's time is ahead of the device's by days.
    ClockSkew,
    /// A broker and a website stand where the hub should.
    NotIotHub,
    /// A portal answers on every port.
    CaptivePortal,
    /// Another process listens on a port that Edge Hub maps.
    PortInUse,
    /// The hub's name also leads to an IPv6 address that does not answer.
    Ipv6Broken,
    /// Everything takes long.
    HighLatency,
}

impl Fault {
    /// Every fault, in the order in which a list should show them.
    pub const ALL: [Self; 18] = [
        Self::AmqpPortBlocked,
        Self::WebsocketBlocked,
        Self::HttpsPortBlocked,
        Self::MqttPortBlocked,
        Self::EdgeHubMqttDefect,
        Self::EgressBlocked,
        Self::DnsHostFailure,
        Self::DnsHijack,
        Self::HubNameUnknown,
        Self::TlsIntercepted,
        Self::RootCaMissing,
        Self::TlsFiltered,
        Self::ClockSkew,
        Self::NotIotHub,
        Self::CaptivePortal,
        Self::PortInUse,
        Self::Ipv6Broken,
        Self::HighLatency,
    ];

    /// The id of the cause that it brings about.
    pub fn id(self) -> &'static str {
        self.texts().0
    }

    /// What is really done, in a line.
    pub fn description(self) -> &'static str {
        self.texts().1
    }

    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::AmqpPortBlocked => {
                ("amqp-port-blocked", "the AMQP port never answers a connection attempt")
            }
            Self::HttpsPortBlocked => {
                ("https-port-blocked", "no web port ever answers a connection attempt")
            }
            Self::MqttPortBlocked => {
                ("mqtt-port-blocked", "the MQTT port never answers a connection attempt")
            }
            Self::EdgeHubMqttDefect => (
                "edge-hub-mqtt-defect",
                "an MQTT CONNECT that comes with the end of the handshake is lost",
            ),
            Self::EgressBlocked => {
                ("egress-blocked", "no port but the name server's answers a connection attempt")
            }
            Self::WebsocketBlocked => {
                ("websocket-blocked", "upgrades are answered with 403, plain requests pass")
            }
            Self::DnsHostFailure => {
                ("dns-host-failure", "the name server takes queries in silence")
            }
            Self::DnsHijack => ("dns-hijack", "the hub's name resolves to a filter's block page"),
            Self::HubNameUnknown => ("hub-name-unknown", "the name server answers NXDOMAIN"),
            Self::TlsIntercepted => (
                "tls-intercepted",
                "a proxy with another authority's certificate relays to the hub",
            ),
            Self::RootCaMissing => {
                ("root-ca-missing", "the device's trust store lacks the root of the hub's chain")
            }
            Self::TlsFiltered => {
                ("tls-filtered", "a middlebox resets every handshake that names the hub")
            }
            Self::ClockSkew => {
                ("clock-skew", "every server is three days ahead, with certificates to match")
            }
            Self::NotIotHub => {
                ("not-iot-hub", "a broker and a website answer, with a certificate for the name")
            }
            Self::CaptivePortal => {
                ("captive-portal", "a portal answers on every port with its own certificate")
            }
            Self::PortInUse => ("port-in-use", "a process listens on a port that Edge Hub maps"),
            Self::Ipv6Broken => {
                ("ipv6-broken", "the hub's name also has an IPv6 address that does not answer")
            }
            Self::HighLatency => {
                ("high-latency", "every byte takes 300 ms in each direction, once connected")
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|fault| fault.id() == word);
        known.ok_or_else(|| UnknownFault { given: word.to_owned() })
    }
}

/// The word is the id of no fault that can be produced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a fault that can be produced here; hint: one of {}", known())]
pub struct UnknownFault {
    given: String,
}

fn known() -> String {
    Fault::ALL.map(Fault::id).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_found_by_its_id() {
        for fault in Fault::ALL {
            assert_eq!(fault.to_string().parse(), Ok(fault));
        }
    }

    #[test]
    fn an_unknown_fault_says_which_there_are() {
        let error = "sunspots".parse::<Fault>().unwrap_err().to_string();
        assert!(error.contains("sunspots") && error.contains("amqp-port-blocked"));
    }
}
