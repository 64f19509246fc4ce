//! An IoT Hub, its name server and its certificate authority, embedded: for demos and tests.
//!
//! [`Internet`] puts it all together on the addresses of a [`Plan`], with a [`Fault`] if one is
//! wanted; the other modules are what it is built from, each a small server of its own. Faults are
//! produced for real: a port whose packets the kernel drops, a certificate of another authority, a
//! listener on the port. Nothing here shares code with the probes that are run against it.

pub mod amqp;
pub mod authority;
pub mod dns;
pub mod http;
pub mod hub;
mod internet;
pub mod middlebox;
pub mod mqtt;
pub mod protocol;
pub mod service;
pub mod silence;
pub mod strangers;
pub mod tls;

pub use internet::{
    ControlHost, Fault, Internet, Layout, Plan, Ports, Scenario, StartError, UnknownFault,
};
