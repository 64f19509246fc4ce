//! Which cause do the runtime's logs point to? Pure: it takes bytes, and neither reads nor waits.
//!
//! Signatures are data: the texts of every version of the runtime and the engine, with the causes
//! that they point to. A [`Scanner`] reads one log in pieces and constant memory; what it found is
//! folded into [`Finding`]s, and [`judge`] says what those mean together.

mod attempts;
mod chain;
mod clock;
mod facts;
mod finding;
mod fold;
mod hit;
mod judge;
mod line;
mod lines;
mod literal;
mod months;
mod scan;
mod set;
mod signature;
mod stamp;
mod tell;
mod time;
mod upstream;
mod words;
mod writer;

pub use facts::facts;
pub use finding::{Finding, Scanned, Source, State};
pub use judge::{LogCause, LogReport, LogVerdict, SCHEMA, judge};
pub use scan::{Origin, Scanner};
pub use set::{LARGEST_FILE, SignatureError, Signatures};
pub use signature::{Role, Signature};
pub use time::{DAY, Moment, parse as parse_moment, rfc3339};
pub use writer::Place;
