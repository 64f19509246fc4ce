//! Probes of an Azure IoT Edge device's network.
//!
//! A probe asks one question from one `Vantage` and returns `Observation`s: steps, times, a failure
//! token and typed facts (crate `edgeprobe-facts`). It draws no conclusion. Every probe works without
//! an identity and sends nothing secret.
//!
//! | module | the question |
//! |---|---|
//! | [`dns`] | what does each resolver answer for a name? |
//! | [`route`] | by which way would this device send to an address? |
//! | [`endpoint`] | how far does a connection to IoT Hub get: TCP, TLS, HTTP, AMQP, MQTT? |
//! | [`ports`] | can the ports that Edge Hub maps be bound, and who holds them? |
//! | [`clock`] | how far is the device's clock from its peers'? |
//! | [`engine`] | which containers does the engine run, and what do they publish? |
//! | [`runtime`] | what is the installed runtime configured to do? |
//! | [`registry`] | does a registry serve an image to this device? |
//! | [`ruleset`] | which rules of the firewall drop, refuse and translate what is forwarded? |
//! | [`trace`] | where on this host does a container's packet, or the answer to it, vanish? |
//! | [`vantage`] | the places that these are asked from: the host, and its container networks |

mod blocking;
pub mod bounded;
pub mod clock;
pub mod dns;
pub mod endpoint;
pub mod engine;
pub mod hostname;
mod http;
mod interface;
pub mod memory;
mod own;
pub mod pauses;
pub mod ports;
pub mod privileges;
pub mod proxy;
pub mod random;
pub mod recorder;
pub mod registry;
pub mod route;
pub mod ruleset;
pub mod runtime;
pub mod tool;
pub mod trace;
pub mod vantage;
pub mod walls;

// What every probe fills in, and cleans foreign text with.
pub(crate) use edgeprobe_facts::{clean, mask};
pub use recorder::{Recorder, Timeline};
