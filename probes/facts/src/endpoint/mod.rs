//! How far does a connection to IoT Hub get: TCP, TLS, HTTP, AMQP, MQTT?

mod detour;
mod facts;
mod question;
mod trust;
mod via;

pub use detour::Detour;
pub use facts::{
    AmqpFacts, Certificate, EndpointFacts, HttpFacts, MqttFacts, RoundTrips, TlsFacts, Transport,
};
pub use question::Endpoint;
pub use trust::{Trust, TrustResult};
pub use via::{Via, ViaFacts};
