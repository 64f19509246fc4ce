//! A registry to ask: the question whose answer is an observation.

use super::{NamedBy, Reference};
use crate::runtime::ProxySetting;

/// A registry to ask, and who wants to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    pub reference: Reference,
    pub named_by: NamedBy,
    /// Whether the engine is configured not to verify the registry (`insecure-registries`).
    pub insecure: bool,
    /// The engine's proxy setting; for each host of the registry this says by which way it is
    /// reached.
    pub proxy: Option<ProxySetting>,
}
