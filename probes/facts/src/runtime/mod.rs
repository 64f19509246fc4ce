//! What is the installed runtime configured to do?

mod containers;
mod facts;
pub mod names;

pub use facts::{
    Flaw, Generation, ImageSetting, Part, PortBinding, Provisioning, ProxySetting, RuntimeFacts,
    Setting, Source, SourceState,
};
