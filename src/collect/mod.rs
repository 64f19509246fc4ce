//! What a support case needs from this device in addition to the report: everything at once, each
//! part bounded in size, masked, and given up when the time is up. A part that fails stops no
//! other.

mod configuration;
mod engine;
mod files;
mod kernel;
mod listings;
mod logs;
mod shared;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::bundle::{Item, Missing, Reason, What};
use shared::{Until, item};

pub(crate) use configuration::device_ids;

/// How long a part may take to notice that its time is up.
const GRACE: Duration = Duration::from_millis(400);

/// Takes a part, within its time.
type Take = Box<dyn FnOnce(&Until) -> Vec<Item> + Send>;

/// A part of what is collected: a place in the archive that stands for all of it where it never
/// answers, and how it is had.
pub(crate) struct Part {
    path: String,
    what: What,
    source: String,
    take: Take,
}

impl Part {
    fn new(
        path: impl Into<String>,
        what: What,
        source: impl Into<String>,
        take: impl FnOnce(&Until) -> Vec<Item> + Send + 'static,
    ) -> Self {
        Self { path: path.into(), what, source: source.into(), take: Box::new(take) }
    }
}

/// What is being collected.
pub struct Collecting {
    awaited: Vec<Item>,
    answers: Receiver<(usize, Vec<Item>)>,
    until: Until,
}

/// Starts to collect; `since` is where the logs' window begins, in milliseconds since 1970.
pub fn start(since: i64, limit: Duration) -> Collecting {
    let until = Until(Instant::now() + limit.saturating_sub(GRACE));
    let mut parts = listings::parts();
    parts.extend([files::part(), kernel::part(), configuration::part(), engine::part()]);
    parts.extend(logs::parts(since));
    let (tell, answers) = channel();
    let mut awaited = Vec::new();
    for (index, Part { path, what, source, take }) in parts.into_iter().enumerate() {
        let late = Missing::new(Reason::TimedOut, "");
        awaited.push(item(&path, what, &source, Err(late)));
        let (tell, until) = (tell.clone(), until.clone());
        let started = thread::Builder::new().name(path.clone()).spawn(move || {
            // A defect of one part is no reason to have nothing.
            let taken = catch_unwind(AssertUnwindSafe(|| take(&until))).unwrap_or_else(|_| {
                let broken = Missing::new(Reason::Failed, "edgeprobe itself failed");
                vec![item(&path, what, &source, Err(broken))]
            });
            // The receiver may have given up.
            let _ = tell.send((index, taken));
        });
        if let (Err(error), Some(item)) = (started, awaited.last_mut()) {
            item.content = Err(Missing::new(Reason::Failed, error.to_string()));
        }
    }
    Collecting { awaited, answers, until }
}

impl Collecting {
    /// All that there is when every part has answered, or the time is up.
    pub fn end(self) -> Vec<Item> {
        let mut awaited: Vec<Option<Item>> = self.awaited.into_iter().map(Some).collect();
        let mut items = Vec::new();
        // A part that never started has answered already.
        let is_open = |item: &Option<Item>| {
            item.as_ref().is_some_and(|item| {
                item.content.as_ref().is_err_and(|missing| missing.reason == Reason::TimedOut)
            })
        };
        while awaited.iter().any(is_open) {
            let Ok((index, taken)) = self.answers.recv_timeout(self.until.left() + GRACE) else {
                break;
            };
            if let Some(place) = awaited.get_mut(index) {
                *place = None;
            }
            items.extend(taken);
        }
        items.extend(awaited.into_iter().flatten());
        items
    }
}
