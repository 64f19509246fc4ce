//! The verdict from observations alone: every cause, and what must not be mistaken for it.

mod causes;
mod device;
mod properties;
