//! A private endpoint of the hub, as the names show it.

use edgeprobe_facts::Role;
use edgeprobe_facts::dns::AddressKind;

use super::{Answer, View};

/// The label that all zones of private endpoints have, in every cloud.
const ZONE: &str = "privatelink";

impl Answer<'_> {
    /// Whether the answer leads by way of the zone of private endpoints.
    pub(crate) fn is_by_private_link(&self) -> bool {
        let labels = |name: &String| name.split('.').any(|label| label.eq_ignore_ascii_case(ZONE));
        self.facts.canonical_names.iter().any(labels)
    }

    /// The zone of private endpoints that the answer is from and the record that it lacks, where the
    /// server knows the hub's name, follows it into that zone and denies what it leads to.
    ///
    /// The public zone leads on from there, so that only a private one can end so.
    pub(crate) fn lacking_record(&self) -> Option<(&str, &str)> {
        let last = self.facts.canonical_names.last()?;
        let (record, zone) = last.split_once('.')?;
        let (first, _) = zone.split_once('.')?;
        (self.denies() && first.eq_ignore_ascii_case(ZONE)).then_some((record, zone))
    }
}

impl View<'_> {
    /// Whether the hub has a private endpoint, as far as any answer shows it.
    pub(crate) fn hub_has_a_private_endpoint(&self) -> bool {
        self.answers(Role::Hub).any(|answer| answer.is_by_private_link())
    }

    /// Whether the hub has addresses here and all are of this kind.
    pub(crate) fn hub_addresses_are(&self, kind: AddressKind) -> bool {
        let addresses = self.hub_addresses();
        !addresses.is_empty()
            && addresses.into_iter().all(|it| AddressKind::from_address(it) == kind)
    }
}
