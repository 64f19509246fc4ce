//! The local ports that Edge Hub maps.

use std::str::FromStr;

/// Ports of `--ports`: a list, or `none`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports(pub Vec<u16>);

impl Default for Ports {
    /// What the runtime's own deployment maps: HTTPS and WebSocket, AMQP, MQTT.
    fn default() -> Self {
        Self(vec![443, 5671, 8883])
    }
}

/// A part of the list is no port.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no port: expected numbers from 1 to 65535, with commas between them, or `none`")]
pub struct PortsError(String);

impl FromStr for Ports {
    type Err = PortsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().eq_ignore_ascii_case("none") {
            return Ok(Self(Vec::new()));
        }
        let mut ports = Vec::new();
        for part in text.split(',') {
            match part.trim().parse::<u16>() {
                Ok(port) if port > 0 && !ports.contains(&port) => ports.push(port),
                Ok(port) if port > 0 => {}
                _ => return Err(PortsError(shown(part))),
            }
        }
        Ok(Self(ports))
    }
}

/// A part that is no port. What is far longer than one may be a secret, and is not shown.
fn shown(part: &str) -> String {
    if part.len() > 12 { "…".to_owned() } else { edgeprobe_facts::clean::line(part, 12) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_none_are_read() {
        assert_eq!("443, 5671,443".parse(), Ok(Ports(vec![443, 5671])));
        assert_eq!("none".parse(), Ok(Ports(Vec::new())));
    }

    #[test]
    fn what_is_no_port_is_named() {
        for (text, part) in [("443,https", "https"), ("0", "0"), ("70000", "70000"), ("", "")] {
            assert_eq!(text.parse::<Ports>(), Err(PortsError(part.to_owned())));
        }
    }
}
