//! Which containers does the engine run, and what do they publish?

mod facts;

pub use facts::{Container, EngineFacts, PublishedPort};
