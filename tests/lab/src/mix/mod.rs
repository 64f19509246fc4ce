//! Faults of the scenarios, mixed at random: several in one lab, judged by properties.

mod draw;
mod examine;
mod properties;
mod stand;

pub use draw::{Combination, draw};
pub use examine::{Examined, examine_all};
