//! The places on container networks that a run has joined.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use edgeprobe_probes::Vantage;
use edgeprobe_probes::vantage::{Foothold, Place};

/// The footholds of one run, by vantage. They are given up with its last clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Footholds(Arc<Mutex<BTreeMap<Vantage, Foothold>>>);

impl Footholds {
    pub(super) fn keep(&self, vantage: Vantage, foothold: Option<Foothold>) {
        if let Some(foothold) = foothold {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(vantage, foothold);
        }
    }

    pub(super) fn place(&self, vantage: &Vantage) -> Option<Place> {
        let footholds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        footholds.get(vantage).map(|foothold| foothold.place().clone())
    }
}
