//! The places on container networks that a run has joined.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use edgeprobe_facts::Vantage;
use edgeprobe_probes::vantage::Foothold;

/// The footholds of one run, by vantage. They are given up with its last clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Footholds(Arc<Mutex<BTreeMap<Vantage, Arc<Foothold>>>>);

impl Footholds {
    pub(super) fn keep(&self, vantage: Vantage, foothold: Option<Foothold>) {
        if let Some(foothold) = foothold {
            let mut footholds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            footholds.insert(vantage, foothold.into());
        }
    }

    pub(super) fn of(&self, vantage: &Vantage) -> Option<Arc<Foothold>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(vantage).cloned()
    }
}
