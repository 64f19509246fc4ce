//! How far does a connection to IoT Hub get: TCP, TLS, HTTP, AMQP, MQTT?

mod facts;
mod trust;

pub use facts::{AmqpFacts, Certificate, EndpointFacts, HttpFacts, MqttFacts, TlsFacts, Transport};
pub use trust::{Trust, TrustResult};
