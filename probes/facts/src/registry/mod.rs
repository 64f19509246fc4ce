//! Does a registry serve an image to this device: reached, allowed, and there?

mod facts;
mod query;
mod reference;

pub use facts::{
    AnswerFacts, Challenge, CredentialUse, Doubt, HostFacts, NamedBy, Part, RegistryFacts, Scheme,
    Withheld,
};
pub use query::Query;
pub use reference::{Image, Reference, ReferenceError, Version};
