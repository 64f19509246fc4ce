//! What probes find, as plain values, and the reasoning about it that needs nothing else.
//!
//! An [`Observation`] is one question and what came back, with typed facts. This crate has the facts
//! of every probe, the questions that carry them, and pure reasoning about routes, rules, pools and
//! names. It does no input or output: it knows no socket, no file, no clock and no runtime for
//! asynchronous code. `edgeprobe-probes` fills the facts in; the verdict, the plan and the report
//! read them.

pub mod clean;
pub mod clock;
pub mod dns;
pub mod endpoint;
pub mod engine;
pub mod hostname;
pub mod logs;
pub mod mask;
pub mod observation;
pub mod ports;
pub mod proxy;
pub mod registry;
pub mod route;
pub mod ruleset;
pub mod runtime;
pub mod systemd;
pub mod trace;
pub mod tries;
pub mod vantage;
pub mod vocabulary;

pub use observation::{Facts, Failure, Observation, Outcome, Probe, StepRecord};
pub use tries::Tries;
pub use vocabulary::{Effect, Role, Step, Token, Vantage};
