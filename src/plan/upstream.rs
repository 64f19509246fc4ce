//! `UpstreamProtocol`: by which transports Edge Agent connects.

use edgeprobe_facts::endpoint::Transport;

/// What Edge Agent uses where it is told nothing: AMQP, and over WebSocket when that fails.
pub const DEFAULT_TRANSPORTS: [Transport; 2] = [Transport::Amqp, Transport::AmqpWs];

/// The transport that a value of `UpstreamProtocol` names, and beside which none is tried.
///
/// The spelling is taken as Edge Agent takes it, in upper and lower case alike. A word that it does
/// not know counts for nothing (Microsoft.Azure.Devices.Edge.Agent.Core, UpstreamProtocol.cs).
pub fn upstream_transport(value: &str) -> Option<Transport> {
    match value.trim().to_ascii_lowercase().as_str() {
        "amqp" => Some(Transport::Amqp),
        "amqpws" => Some(Transport::AmqpWs),
        "mqtt" => Some(Transport::Mqtt),
        "mqttws" => Some(Transport::MqttWs),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_that_edge_agent_takes_is_taken() {
        for value in ["AmqpWs", "amqpws", "AMQPWS", " AmqpWS "] {
            assert_eq!(upstream_transport(value), Some(Transport::AmqpWs));
        }
        assert_eq!(upstream_transport("MQTT"), Some(Transport::Mqtt));
        assert_eq!(upstream_transport("amqp-ws"), None, "Edge Agent does not know it");
        assert_eq!(upstream_transport(""), None);
    }
}
