//! The container networks that a run has joined.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use edgeprobe_facts::Vantage;
use edgeprobe_probes::vantage::JoinedNetwork;

/// The joined networks of one run, by vantage. They are left when the last clone is dropped.
#[derive(Clone, Debug, Default)]
pub(super) struct JoinedNetworks(Arc<Mutex<BTreeMap<Vantage, Arc<JoinedNetwork>>>>);

impl JoinedNetworks {
    pub(super) fn keep(&self, vantage: Vantage, network: Option<JoinedNetwork>) {
        if let Some(network) = network {
            let mut joined = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            joined.insert(vantage, network.into());
        }
    }

    pub(super) fn get(&self, vantage: &Vantage) -> Option<Arc<JoinedNetwork>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(vantage).cloned()
    }
}
