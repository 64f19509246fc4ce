//! What is the installed runtime configured to do?

mod facts;

pub use facts::{
    Generation, ImageSetting, Part, PortBinding, Provisioning, ProxySetting, RuntimeFacts, Setting,
    Source, SourceState,
};
